use super::UtcDateTime;

fn text(unix: i64) -> String {
    UtcDateTime::from_unix(unix).to_string()
}

#[test]
fn known_moments() {
    // Checked against `date -u -d @N`.
    assert_eq!(text(0), "1970-01-01T00:00:00Z");
    assert_eq!(text(-1), "1969-12-31T23:59:59Z");
    assert_eq!(text(951_782_400), "2000-02-29T00:00:00Z");
    assert_eq!(text(1_709_251_199), "2024-02-29T23:59:59Z");
    assert_eq!(text(1_709_251_200), "2024-03-01T00:00:00Z");
    assert_eq!(text(1_768_435_200), "2026-01-15T00:00:00Z");
    assert_eq!(text(4_107_542_400), "2100-03-01T00:00:00Z");
    assert_eq!(text(2_524_607_999), "2049-12-31T23:59:59Z");
}

#[test]
fn clamps_to_four_digit_years() {
    assert_eq!(text(i64::MIN), "0000-01-01T00:00:00Z");
    assert_eq!(text(i64::MAX), "9999-12-31T23:59:59Z");
}

#[test]
fn every_day_of_eight_centuries_follows_the_one_before() {
    let month_length = |year: u16, month: u8| match month {
        2 if year.is_multiple_of(400) || (year.is_multiple_of(4) && !year.is_multiple_of(100)) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    let (mut year, mut month, mut day) = (1970, 1, 1);
    for days in 0..292_194_i64 {
        let date = UtcDateTime::from_unix(days * 86_400);
        assert_eq!((date.year, date.month, date.day), (year, month, day));
        day += 1;
        if day > month_length(year, month) {
            (day, month) = (1, month + 1);
        }
        if month > 12 {
            (month, year) = (1, year + 1);
        }
    }
}
