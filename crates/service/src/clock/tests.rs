use super::*;

#[test]
fn the_clock_does_not_follow_a_jump_backwards() {
    let guard = Guard::new(1_000);
    assert_eq!(guard.observe(1_010, 10), 1_010);
    assert_eq!(
        guard.observe(400, 11),
        1_011,
        "ten minutes back: goes on at monotonic speed"
    );
    assert_eq!(
        guard.observe(1_020, 20),
        1_020,
        "the system clock was put right again"
    );
}

#[test]
fn the_clock_follows_a_jump_forwards() {
    let guard = Guard::new(1_000);
    assert_eq!(guard.observe(90_000, 10), 90_000);
    assert_eq!(guard.observe(1_020, 20), 90_010, "and does not come back from it");
}

#[test]
fn a_fixed_clock_shows_its_instant() {
    let at = UnixTime::new(1_625_140_800);
    let clock = Clock::fixed(at);
    assert_eq!(clock.now(), at);
    assert!(clock.is_fixed());
    assert!(!Clock::live().is_fixed());
}
