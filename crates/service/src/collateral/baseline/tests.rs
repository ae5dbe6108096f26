use super::*;

#[test]
fn baselines_are_read_and_written() {
    let day = UnixTime::parse_rfc3339_z("2024-03-13T00:00:00Z").unwrap();
    for (text, baseline) in [
        ("latest", Baseline::Latest),
        ("early", Baseline::Early),
        ("number=17", Baseline::Number(17)),
        ("number>=17", Baseline::AtLeast(17)),
        ("date>=2024-03-13", Baseline::Since(day)),
    ] {
        assert_eq!(text.parse(), Ok(baseline));
        assert_eq!(baseline.to_string(), text);
    }
}

#[test]
fn other_texts_are_not_baselines() {
    for text in [
        "",
        "Latest",
        "number",
        "number=",
        "number=-1",
        "number=+1",
        "number>17",
        "date>=2024-02-30",
        "date>=2024",
    ] {
        assert_eq!(
            text.parse::<Baseline>(),
            Err(BaselineError {
                text: text.to_owned()
            })
        );
    }
}

#[test]
fn editions_are_read_as_written() {
    for edition in [Edition::Standard, Edition::Early, Edition::Number(19)] {
        assert_eq!(edition.to_string().parse(), Ok(edition));
    }
    assert!("late".parse::<Edition>().is_err());
}
