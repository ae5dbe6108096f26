use attestry_forge::intel::{PckCa, PckSpec};

use super::super::fixture::{NOW, World, days_later};
use super::*;

fn chain(world: &World, spec: &PckSpec) -> String {
    spec.chain_pem(&world.forge)
}

fn platform(world: &World) -> PckSpec {
    PckSpec::new(&world.forge.seed, PckCa::Platform)
}

fn data(chain: &str) -> CertificationData<'_> {
    CertificationData {
        kind: 5,
        data: chain.as_bytes(),
    }
}

#[test]
fn the_same_chain_is_verified_once() {
    let world = World::new();
    let cache = PckCache::new(world.anchors());
    let chain = chain(&world, &platform(&world));
    let first = cache.verify(&data(&chain), NOW).unwrap();
    let again = cache.verify(&data(&chain), days_later(1)).unwrap();
    assert!(Arc::ptr_eq(&first, &again));
}

#[test]
fn another_byte_is_another_chain() {
    let world = World::new();
    let cache = PckCache::new(world.anchors());
    let chain = chain(&world, &platform(&world));
    let first = cache.verify(&data(&chain), NOW).unwrap();
    let padded = format!("{chain}\0");
    let other = cache.verify(&data(&padded), NOW).unwrap();
    assert!(!Arc::ptr_eq(&first, &other));
    let broken = chain.replacen("MII", "MIJ", 1);
    assert!(cache.verify(&data(&broken), NOW).is_err());
}

#[test]
fn a_cached_chain_of_another_kind_is_not_taken() {
    let world = World::new();
    let cache = PckCache::new(world.anchors());
    let chain = chain(&world, &platform(&world));
    cache.verify(&data(&chain), NOW).unwrap();
    let other_kind = CertificationData {
        kind: 4,
        ..data(&chain)
    };
    assert!(cache.verify(&other_kind, NOW).is_err());
}

#[test]
fn a_cached_chain_expires() {
    let world = World::new();
    let cache = PckCache::new(world.anchors());
    let mut spec = platform(&world);
    spec.not_after = days_later(10).seconds();
    let chain = chain(&world, &spec);
    cache.verify(&data(&chain), NOW).unwrap();
    assert!(cache.verify(&data(&chain), days_later(10)).is_ok());
    assert!(matches!(
        cache.verify(&data(&chain), days_later(11)),
        Err(CertificateError::Expired { .. }),
    ));
}
