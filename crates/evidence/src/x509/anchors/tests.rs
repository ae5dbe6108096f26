use std::slice::from_ref;

use attestry_forge::pki::oid;

use super::*;
use crate::dcap::world::World;

#[test]
fn intels_root_is_built_in() {
    let anchors = TrustAnchors::intel();
    assert_eq!(anchors.keys().count(), 1);
    // SHA-384 of the point is the root key identifier that Intel's verification library states.
    let key = anchors.keys().next().unwrap();
    let id = digest::digest(&digest::SHA384, key.point());
    assert!(crate::hex::encode(id.as_ref()).starts_with("46e403bd34f05a3f"));
}

#[test]
fn a_trust_anchor_is_the_self_signed_certificate_of_an_authority() {
    let world = World::sgx();
    let root = world.forge.root_certificate_der();
    let anchors = |certificates: &[Vec<u8>]| TrustAnchors::from_certificates(certificates);
    assert!(
        anchors(from_ref(&root)).is_ok()
            && anchors(&[world.forge.root_certificate_pem().into_bytes()]).is_ok()
    );
    assert_eq!(anchors(&[]).unwrap_err(), AnchorError::None);
    assert_eq!(
        anchors(&vec![root.clone(); 17]).unwrap_err(),
        AnchorError::TooMany { found: 17, limit: 16 }
    );
    assert!(matches!(
        anchors(&[root.clone(), vec![0x30]]),
        Err(AnchorError::Encoding { index: 1, .. })
    ));
    let not_a_root = AnchorError::NotARoot { index: 0 };
    assert_eq!(
        anchors(&[world.forge.platform_ca.to_der()]).unwrap_err(),
        not_a_root
    );
    let mut forged = world.forge.root.clone();
    forged.issuer_key = world.other_key();
    assert_eq!(anchors(&[forged.to_der()]).unwrap_err(), not_a_root);
    let mut leaf = world.forge.root.clone();
    leaf.remove_extension(oid::BASIC_CONSTRAINTS);
    assert_eq!(anchors(&[leaf.to_der()]).unwrap_err(), not_a_root);
}

#[test]
fn a_fingerprint_depends_on_the_keys_and_nothing_else() {
    let (world, other) = (World::sgx(), World::elsewhere());
    let (one, two) = (
        world.forge.root_certificate_der(),
        other.forge.root_certificate_der(),
    );
    let mut renewed = world.forge.root.clone();
    renewed.serial = vec![0x44; 19];
    let fingerprint = |certificates: &[Vec<u8>]| {
        TrustAnchors::from_certificates(certificates)
            .unwrap()
            .fingerprint()
    };
    assert_eq!(
        fingerprint(&[one.clone(), two.clone()]),
        fingerprint(&[two.clone(), one.clone()])
    );
    assert_eq!(
        fingerprint(&[one.clone(), renewed.to_der()]),
        fingerprint(from_ref(&one))
    );
    assert_ne!(fingerprint(from_ref(&one)), fingerprint(&[two]));
    assert_ne!(fingerprint(&[one]), TrustAnchors::intel().fingerprint());
}
