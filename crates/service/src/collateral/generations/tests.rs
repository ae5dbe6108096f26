use super::*;

fn date(text: &str) -> UnixTime {
    UnixTime::parse_rfc3339_z(text).unwrap()
}

fn generations() -> Generations {
    Generations {
        by_number: BTreeMap::from([
            (15, Some(date("2023-02-15T00:00:00Z"))),
            (16, Some(date("2023-08-09T00:00:00Z"))),
            (17, Some(date("2024-03-13T00:00:00Z"))),
            (18, None),
        ]),
        standard: Some(16),
        early: Some(17),
    }
}

#[test]
fn each_baseline_stands_for_the_number_that_evidence_is_judged_by() {
    let generations = generations();
    for (baseline, number) in [
        ("latest", Some(16)),
        ("early", Some(17)),
        ("number=15", Some(15)),
        ("number=99", Some(99)),
        ("number>=15", Some(16)),
        ("number>=17", Some(17)),
        ("number>=18", None),
        ("date>=2023-01-01", Some(16)),
        ("date>=2024-03-13", Some(17)),
        ("date>=2024-03-14", None),
    ] {
        assert_eq!(
            generations.in_force(baseline.parse().unwrap()),
            number,
            "{baseline}"
        );
    }
    assert_eq!(Generations::default().in_force(Baseline::Latest), None);
}

#[test]
fn dates_are_those_of_the_list() {
    let generations = generations();
    assert_eq!(generations.date_of(17), Some(date("2024-03-13T00:00:00Z")));
    assert_eq!((generations.date_of(18), generations.date_of(3)), (None, None));
}
