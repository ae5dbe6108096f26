use super::*;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn turns_are_evenly_spaced_and_come_soon_or_not_at_all() {
    let (pace, start) = (Pace::new(6), Instant::now());
    assert_eq!(pace.turn(start, 15 * SECOND), Ok(start));
    assert_eq!(pace.turn(start, 15 * SECOND), Ok(start + 10 * SECOND));
    // The third would have to wait 20 s, five more than it wants to.
    assert_eq!(pace.turn(start, 15 * SECOND), Err(5 * SECOND));
    let later = start + 6 * SECOND;
    assert_eq!(pace.turn(later, 15 * SECOND), Ok(start + 20 * SECOND));
    // After a pause nothing has been saved up.
    let much_later = start + 600 * SECOND;
    assert_eq!(pace.turn(much_later, Duration::ZERO), Ok(much_later));
    assert_eq!(pace.turn(much_later, Duration::ZERO), Err(10 * SECOND));
}

#[test]
fn strangers_get_no_more_than_the_bound_however_many_they_are() {
    let (pace, start) = (Pace::new(6), Instant::now());
    let mut turns = 0;
    for tick in 0..6_000 {
        let now = start + tick * SECOND / 100;
        turns += u32::from(pace.turn(now, 15 * SECOND).is_ok());
    }
    // A minute's worth, and what is taken ahead within the patience.
    assert!((6..=8).contains(&turns), "{turns}");
}

#[test]
fn a_source_rests_as_long_as_it_asks_to() {
    let (pace, start) = (Pace::new(60), Instant::now());
    let taken = pace.turn(start, SECOND).unwrap();
    pace.failed(start, Some(90 * SECOND));
    assert_eq!(pace.check(taken), Err(90 * SECOND));
    assert_eq!(pace.turn(start, 15 * SECOND), Err(75 * SECOND));
    assert_eq!(pace.check(start + 90 * SECOND), Ok(()));
    let after = start + 90 * SECOND;
    assert_eq!(pace.turn(after, Duration::ZERO), Ok(after));
    pace.failed(after, Some(Duration::from_hours(240)));
    assert_eq!(pace.check(after), Err(MAX_ASKED_REST));
}

#[test]
fn rests_double_up_to_a_minute_and_end_with_an_answer() {
    let (pace, mut now) = (Pace::new(6), Instant::now());
    for rest in [10, 20, 40, 60, 60] {
        pace.failed(now, None);
        assert_eq!(pace.check(now), Err(rest * SECOND));
        now += rest * SECOND;
        assert_eq!(pace.check(now), Ok(()));
    }
    pace.answered();
    pace.failed(now, None);
    assert_eq!(pace.check(now), Err(10 * SECOND));
}

#[test]
fn a_short_rest_does_not_end_a_long_one() {
    let (pace, start) = (Pace::new(6), Instant::now());
    pace.failed(start, Some(300 * SECOND));
    pace.failed(start + SECOND, None);
    assert_eq!(pace.check(start + 2 * SECOND), Err(298 * SECOND));
}
