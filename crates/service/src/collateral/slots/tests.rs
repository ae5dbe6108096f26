use attestry_evidence::dcap::{PckCa, Tee};

use super::*;

fn key(platform: u8, edition: Edition) -> CollateralKey {
    CollateralKey {
        tee: Tee::Sgx,
        fmspc: [platform; 6],
        ca: PckCa::Platform,
        edition,
    }
}

#[test]
fn platforms_are_limited_and_none_is_displaced() {
    let slots = Slots::new(2);
    for platform in 0..2 {
        slots.get_or_add(key(platform, Edition::Standard)).unwrap();
    }
    let refused = slots.get_or_add(key(2, Edition::Standard)).err();
    assert_eq!(refused, Some(Full::Platforms(2)));
    assert_eq!(slots.room(&key(2, Edition::Early)), Err(Full::Platforms(2)));
    slots.get_or_add(key(1, Edition::Early)).unwrap();
    assert_eq!(slots.all().len(), 3);
}

#[test]
fn numbered_editions_are_limited_for_each_platform() {
    let slots = Slots::new(2);
    let limit = u32::try_from(MAX_NUMBERED_EDITIONS).unwrap();
    for number in 0..limit {
        slots.get_or_add(key(0, Edition::Number(number))).unwrap();
    }
    let refused = slots.get_or_add(key(0, Edition::Number(limit))).err();
    assert_eq!(refused, Some(Full::Editions(MAX_NUMBERED_EDITIONS)));
    for edition in [Edition::Number(0), Edition::Standard, Edition::Early] {
        slots.get_or_add(key(0, edition)).unwrap();
    }
    slots.get_or_add(key(1, Edition::Number(limit))).unwrap();
}

#[test]
fn many_at_once_do_not_exceed_the_limit() {
    let slots = Slots::new(4);
    std::thread::scope(|scope| {
        for platform in 0..32 {
            let slots = &slots;
            scope.spawn(move || drop(slots.get_or_add(key(platform, Edition::Standard))));
        }
    });
    assert_eq!(slots.all().len(), 4);
}
