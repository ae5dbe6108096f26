use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn rate(per_minute: u32, burst: u32) -> Rate {
    Rate { per_minute, burst }
}

fn throttle(caller: Rate, provider: Rate) -> Throttle {
    Throttle::new(ThrottleOptions {
        attest: Rates { caller, provider },
        administration: Rates::default(),
    })
}

fn at(address: &str) -> Asker<'static> {
    Asker::At(address.parse().unwrap())
}

#[test]
fn a_burst_is_taken_and_then_the_rate_counts() {
    let throttle = throttle(rate(60, 3), Rate::default());
    let take = |now| throttle.take_at(Demand::Attest, Some("dev"), Asker::Known("ada"), now);
    for _ in 0..3 {
        take(SECOND).unwrap();
    }
    let refused = take(SECOND).unwrap_err();
    assert_eq!((refused.wait, refused.by_provider), (SECOND, false));
    // Being refused costs nothing.
    assert_eq!(take(SECOND * 3 / 2).unwrap_err().wait, SECOND / 2);
    assert_eq!(take(SECOND * 3 / 2).unwrap_err().seconds(), 1);
    take(SECOND * 2).unwrap();
    take(SECOND * 2).unwrap_err();
    // A long pause gives no more than the burst.
    for _ in 0..3 {
        take(SECOND * 1_000).unwrap();
    }
    take(SECOND * 1_000).unwrap_err();
}

#[test]
fn callers_providers_and_demands_have_buckets_of_their_own() {
    let throttle = throttle(rate(1, 1), Rate::default());
    let take = |demand, provider, asker| throttle.take_at(demand, Some(provider), asker, SECOND);
    take(Demand::Attest, "dev", Asker::Known("ada")).unwrap();
    take(Demand::Attest, "dev", Asker::Known("ada")).unwrap_err();
    take(Demand::Attest, "dev", Asker::Known("bob")).unwrap();
    take(Demand::Attest, "other", Asker::Known("ada")).unwrap();
    take(Demand::Attest, "dev", at("192.0.2.1")).unwrap();
    // No rate, no limit.
    for _ in 0..100 {
        take(Demand::Administration, "dev", Asker::Known("ada")).unwrap();
    }
}

#[test]
fn a_machine_cannot_multiply_itself_by_its_addresses() {
    let throttle = throttle(rate(1, 1), Rate::default());
    let take = |address| throttle.take_at(Demand::Attest, Some("dev"), at(address), SECOND);
    take("2001:db8:0:1::1").unwrap();
    take("2001:db8:0:1:ffff::2").unwrap_err();
    take("2001:db8:0:2::1").unwrap();
    take("192.0.2.1").unwrap();
    take("::ffff:192.0.2.1").unwrap_err();
    take("::ffff:192.0.2.2").unwrap();
}

#[test]
fn a_provider_is_bounded_whoever_asks_and_only_by_what_its_callers_were_given() {
    let throttle = throttle(rate(60, 2), rate(60, 4));
    let take = |who| throttle.take_at(Demand::Attest, Some("dev"), Asker::Known(who), SECOND);
    for _ in 0..10 {
        let _ = take("greedy");
    }
    take("ada").unwrap();
    take("ada").unwrap();
    let refused = take("bob").unwrap_err();
    assert!(refused.by_provider);
    throttle
        .take_at(Demand::Attest, Some("other"), Asker::Known("bob"), SECOND)
        .unwrap();
    // What is for no provider has no such bound.
    throttle
        .take_at(Demand::Attest, None, Asker::Known("bob"), SECOND)
        .unwrap();
}

#[test]
fn the_number_of_buckets_is_bounded_and_strangers_are_still_counted() {
    let throttle = throttle(rate(1, 1), Rate::default());
    for number in 0..u32::try_from(MAX_BUCKETS).unwrap() * 2 {
        let stranger = Asker::At(IpAddr::from(number.to_be_bytes()));
        throttle
            .take_at(Demand::Attest, Some("dev"), stranger, SECOND)
            .unwrap();
    }
    throttle.buckets.run_pending_tasks();
    assert!(throttle.buckets.entry_count() <= MAX_BUCKETS);
    let take = || throttle.take_at(Demand::Attest, Some("dev"), at("203.0.113.1"), SECOND);
    take().unwrap();
    throttle.buckets.run_pending_tasks();
    take().unwrap_err();
}

#[test]
fn many_at_once_get_no_more_than_the_burst() {
    let throttle = throttle(rate(1, 100), Rate::default());
    let taken: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    (0..100)
                        .filter(|_| {
                            throttle
                                .take_at(Demand::Attest, Some("dev"), Asker::Known("ada"), SECOND)
                                .is_ok()
                        })
                        .count()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(taken, 100);
}
