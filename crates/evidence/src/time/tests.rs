use proptest::prelude::*;

use super::*;

#[test]
fn reads_and_writes_the_same_moment() {
    for (text, seconds) in [
        ("1970-01-01T00:00:00Z", 0),
        ("2000-02-29T23:59:59Z", 951_868_799),
        ("2025-06-23T02:57:13Z", 1_750_647_433),
        ("2049-12-31T23:59:59Z", 2_524_607_999),
        ("1969-12-31T23:59:59Z", -1),
    ] {
        assert_eq!(
            UnixTime::parse_rfc3339_z(text),
            Some(UnixTime::new(seconds)),
            "{text}"
        );
        assert_eq!(UnixTime::new(seconds).to_string(), text);
    }
}

#[test]
fn refuses_every_other_form() {
    for text in [
        "2025-06-23T02:57:13+00:00",
        "2025-06-23T02:57:13.0Z",
        "2025-06-23t02:57:13z",
        "2025-06-23 02:57:13Z",
        "2025-02-29T00:00:00Z",
        "2100-02-29T00:00:00Z",
        "2025-13-01T00:00:00Z",
        "2025-00-01T00:00:00Z",
        "2025-01-00T00:00:00Z",
        "2025-04-31T00:00:00Z",
        "2025-01-01T24:00:00Z",
        "2025-01-01T00:60:00Z",
        "2025-01-01T00:00:60Z",
        "+025-01-01T00:00:00Z",
        "20250101000000Z",
        "",
    ] {
        assert_eq!(UnixTime::parse_rfc3339_z(text), None, "{text}");
    }
}

#[test]
fn addition_stops_at_the_end_of_time() {
    assert_eq!(UnixTime::new(1).add_seconds(-2), Some(UnixTime::new(-1)));
    assert_eq!(UnixTime::new(i64::MAX).add_seconds(1), None);
}

proptest! {
    #[test]
    fn every_moment_of_four_digit_years_survives_the_round_trip(seconds in -62_167_219_200_i64..253_402_300_800) {
        let moment = UnixTime::new(seconds);
        prop_assert_eq!(UnixTime::parse_rfc3339_z(&moment.to_string()), Some(moment));
    }

    #[test]
    fn every_moment_can_be_shown(seconds: i64) {
        let _ = UnixTime::new(seconds).to_string();
    }
}
