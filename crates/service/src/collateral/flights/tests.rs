use attestry_evidence::dcap::{PckCa, Tee};

use super::super::{CollateralKey, CollateralUnavailable, Edition};
use super::*;

fn key(number: u32) -> CollateralKey {
    CollateralKey {
        tee: Tee::Sgx,
        fmspc: [0; 6],
        ca: PckCa::Platform,
        edition: Edition::Number(number),
    }
}

#[test]
fn a_flight_is_shared_while_anybody_has_it() {
    let flights = Flights::<_, CollateralUnavailable>::default();
    let one = flights.of(key(1));
    assert!(Arc::ptr_eq(&one, &flights.of(key(1))));
    assert!(!Arc::ptr_eq(&one, &flights.of(key(2))));
}

#[test]
fn flights_that_are_over_leave_nothing_behind() {
    let flights = Flights::default();
    let kept = flights.of(key(0));
    for number in 1..10_000 {
        drop(flights.of(key(number)));
        flights.failed(key(number), CollateralUnavailable::Stopping);
    }
    assert!(flights.by_key.lock().unwrap().len() < 100);
    assert!(Arc::ptr_eq(&kept, &flights.of(key(0))));
    flights.failures.run_pending_tasks();
    assert!(flights.failures.entry_count() <= MAX_FAILURES);
}
