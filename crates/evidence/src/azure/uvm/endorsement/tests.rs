use attestry_forge::Seed;
use attestry_forge::azure::{Cbor, TimeStamp, UvmAuthority, UvmEndorsement as Forged};
use attestry_forge::pki::{AnyKey, Extension, Name};

use super::*;
use crate::azure::uvm::DidError;
use crate::azure::uvm::fixture::{ISSUER, NOW, authority, trust};
use crate::x509::PathError;

const DAY: i64 = 86_400;

fn at(seconds: i64) -> UnixTime {
    UnixTime::new(seconds)
}

fn verify_at(forged: &Forged, now: i64, tolerance: u32) -> Result<UvmEndorsement, UvmError> {
    UvmEndorsement::verify(&forged.mint(), trust(), at(now), tolerance)
}

fn verify(forged: &Forged) -> Result<UvmEndorsement, UvmError> {
    verify_at(forged, NOW, 0)
}

fn good() -> Forged {
    Forged::new(&authority(), &[0xAB; 48])
}

fn refused(change: impl FnOnce(&mut Forged)) -> UvmError {
    let mut forged = good();
    change(&mut forged);
    verify(&forged).unwrap_err()
}

/// An endorsement whose signer's certificate is changed before it is issued.
fn by(change: impl FnOnce(&mut UvmAuthority)) -> Forged {
    let mut authority = authority();
    change(&mut authority);
    Forged::new(&authority, &[0xAB; 48])
}

#[test]
fn both_forms_and_both_kinds_of_issuer_are_accepted() {
    let mut later = good();
    later.use_cwt_claims();
    let mut early = good();
    early.issuer = authority().did_by_subject();
    "2021-02-01".clone_into(&mut early.maa_api_version);
    for forged in [good(), later, early] {
        let verified = verify(&forged).unwrap();
        assert_eq!(verified.measurement(), &[0xAB; 48]);
        assert_eq!((verified.feed(), verified.svn()), ("ContainerPlat-AMD-UVM", 104));
        assert_eq!(verified.issuer().as_str(), forged.issuer);
        let stamped = SigningTime::Stamped(at(forged.signing_time));
        assert_eq!(*verified.signing_time(), stamped);
        assert_eq!(verified.signing_time().warning(), None);
        let version = verified.maa_api_version().unwrap_or_default();
        assert_eq!(version, forged.maa_api_version);
    }
}

#[test]
fn every_accepted_algorithm_verifies() {
    for algorithm in [-37, -38, -39] {
        let mut forged = good();
        forged.algorithm = algorithm;
        assert!(verify(&forged).is_ok(), "{algorithm}");
    }
    let seed = Seed::default();
    for (algorithm, key) in [
        (-7, AnyKey::from(seed.key("signer"))),
        (-35, AnyKey::from(seed.p384_key("signer"))),
    ] {
        let mut forged = by(|authority| authority.leaf.subject_key = key);
        forged.algorithm = algorithm;
        assert!(verify(&forged).is_ok(), "{algorithm}");
        // The other curve's algorithm.
        forged.algorithm = -42 - algorithm;
        assert_eq!(verify(&forged), Err(UvmError::Signature), "{algorithm}");
    }
}

#[test]
fn an_altered_statement_or_another_key_is_refused() {
    let signature = UvmError::Signature;
    let own = good().mint();
    let mut altered = own.clone();
    let position = own.windows(6).position(|bytes| bytes == b"ababab").unwrap();
    altered[position] = b'c';
    let verified = UvmEndorsement::verify(&altered, trust(), at(NOW), 0);
    assert_eq!(verified, Err(signature.clone()));
    let other = authority().issuer.subject_key;
    assert_eq!(refused(|forged| forged.signer = other), signature);
    assert_eq!(refused(|forged| forged.signature = Some(vec![7; 384])), signature);
}

#[test]
fn the_signer_has_to_hang_under_a_trusted_root() {
    let verified = UvmEndorsement::verify(&good().mint(), &UvmTrust::microsoft(), at(NOW), 0);
    assert!(matches!(
        verified,
        Err(UvmError::Path(PathError::UntrustedRoot { .. }))
    ));
    assert!(matches!(
        refused(|forged| drop(forged.chain.pop())),
        UvmError::Path(PathError::UntrustedRoot { .. })
    ));
    assert!(matches!(
        refused(|forged| drop(forged.chain.remove(1))),
        UvmError::Path(PathError::Issuer { index: 1 })
    ));
    assert_eq!(
        refused(|forged| forged.chain.clear()),
        UvmError::Path(PathError::Empty)
    );
    assert!(matches!(
        refused(|forged| {
            let root = forged.chain.last().unwrap().clone();
            forged.chain.extend(vec![root; 4]);
        }),
        UvmError::Path(PathError::TooLong { found: 7, limit: 6 })
    ));
    let key = authority().root.subject_key;
    let forged = by(|authority| authority.leaf.issuer_key = key);
    assert_eq!(
        verify(&forged),
        Err(UvmError::Path(PathError::Signature { index: 0 }))
    );
}

#[test]
fn a_certificate_that_cannot_be_read_is_refused() {
    assert!(matches!(
        refused(|forged| forged.chain[1].push(0)),
        UvmError::Certificate(_)
    ));
}

#[test]
fn the_issuer_has_to_be_the_signer() {
    let other_root = ISSUER.to_owned();
    assert!(matches!(
        refused(|forged| forged.issuer = other_root),
        UvmError::Did(DidError::Root { .. })
    ));
    assert!(matches!(
        refused(|forged| forged.issuer = forged.issuer.replace("59.1.2", "59.1.5")),
        UvmError::Did(DidError::Eku { .. })
    ));
    let subject = authority().did_by_subject();
    assert!(matches!(
        refused(|forged| forged.issuer = subject.replace("ContainerPlat", "AKSKataConfUvm")),
        UvmError::Did(DidError::Subject { .. })
    ));
    assert!(matches!(
        refused(|forged| forged.issuer = format!("{subject}::san:dns:example.com")),
        UvmError::Did(DidError::Policy { .. })
    ));
    let renamed = by(|authority| authority.leaf.subject = Name::forged_microsoft("ContainerPlat2"));
    let mut renamed = renamed;
    renamed.issuer = subject;
    assert!(matches!(
        verify(&renamed),
        Err(UvmError::Did(DidError::Subject { .. }))
    ));
    let without_purpose = by(|authority| authority.leaf.remove_extension(&[2, 5, 29, 37]));
    assert!(matches!(
        verify(&without_purpose),
        Err(UvmError::Did(DidError::Eku { .. }))
    ));
}

#[test]
fn every_condition_of_the_issuer_counts() {
    let mut forged = good();
    forged.issuer = format!("{}::subject:CN:ContainerPlat:C:US", forged.issuer);
    assert!(verify(&forged).is_ok());
    forged.issuer = forged.issuer.replace("C:US", "C:DE");
    assert!(matches!(
        verify(&forged),
        Err(UvmError::Did(DidError::Subject { .. }))
    ));
}

#[test]
fn the_certificate_is_the_one_named_by_its_hash() {
    let with_thumbprint = |hash: Vec<u8>| {
        let mut forged = good();
        let mut header = forged.protected_header();
        for (label, value) in &mut header {
            if *label == Cbor::Int(34) {
                *value = Cbor::Array(vec![Cbor::Int(-16), Cbor::Bytes(hash.clone())]);
            }
        }
        forged.protected = Some(header);
        verify(&forged)
    };
    assert_eq!(with_thumbprint(vec![7; 32]), Err(UvmError::Thumbprint));
    assert_eq!(with_thumbprint(Vec::new()), Err(UvmError::Thumbprint));
}

#[test]
fn a_time_stamp_keeps_an_endorsement_good_after_its_signer_has_expired() {
    let much_later = NOW + 3 * 365 * DAY;
    let verified = verify_at(&good(), much_later, 0).unwrap();
    assert_eq!(*verified.signing_time(), SigningTime::Stamped(at(NOW - 7 * DAY)));
}

#[test]
fn without_a_time_stamp_the_signer_has_to_be_valid_now_or_within_the_tolerance() {
    let mut forged = good();
    forged.time_stamp = None;
    let verified = verify(&forged).unwrap();
    let SigningTime::Unproven {
        claimed,
        reason,
        within_tolerance: false,
    } = verified.signing_time()
    else {
        panic!("{verified:?}");
    };
    assert_eq!(*claimed, Some(at(forged.signing_time)));
    assert_eq!(*reason, TimeStampError::Missing);
    assert!(verified.signing_time().warning().is_some());
    let expiry = authority().leaf.not_after;
    assert!(verify_at(&forged, expiry, 0).is_ok());
    let refusal = verify_at(&forged, expiry + 1, 0).unwrap_err();
    assert!(matches!(
        &refusal,
        UvmError::Validity {
            error: PathError::Expired { index: 0, .. },
            reason: TimeStampError::Missing,
        }
    ));
    assert_eq!(refusal.explain().code, "certificate_expired");
    assert!(refusal.explain().hint.contains("there is no time stamp"));
    assert!(!verified.signing_time().is_relaxed());
    let tolerated = verify_at(&forged, expiry + 60, 60).unwrap();
    assert!(tolerated.signing_time().is_relaxed());
    let warning = tolerated.signing_time().warning().unwrap();
    assert!(warning.contains("has expired"), "{warning}");
    assert!(verify_at(&forged, expiry + 61, 60).is_err());
}

#[test]
fn a_time_stamp_that_proves_nothing_is_as_good_as_none() {
    let mut forged = good();
    forged.keeps_stamped_message = true;
    let verified = verify(&forged).unwrap();
    assert!(matches!(
        verified.signing_time(),
        SigningTime::Unproven {
            reason: TimeStampError::Imprint,
            ..
        }
    ));
    let expiry = authority().leaf.not_after;
    assert!(matches!(
        verify_at(&forged, expiry + 1, 0),
        Err(UvmError::Validity {
            reason: TimeStampError::Imprint,
            ..
        })
    ));
}

#[test]
fn a_signature_made_before_the_signer_was_certified_or_after_it_expired_is_refused() {
    let leaf = authority().leaf;
    for (time, expected) in [
        (leaf.not_before - 301, "certificate_not_yet_valid"),
        (leaf.not_after + 1, "certificate_expired"),
    ] {
        let mut forged = good();
        forged.time_stamp = Some(TimeStamp::new(&authority(), time, &[]));
        let refusal = verify_at(&forged, leaf.not_after + DAY, 0).unwrap_err();
        assert_eq!(refusal.explain().code, expected);
    }
}

#[test]
fn no_byte_of_an_endorsement_can_be_changed() {
    let mut later = good();
    later.use_cwt_claims();
    // After the signer has expired, so that the time stamp counts.
    let now = at(authority().leaf.not_after + DAY);
    for mut forged in [good(), later] {
        // The root may be left out of the stamp, so it may also be another.
        forged.time_stamp.as_mut().unwrap().certificates.pop();
        let mut bytes = forged.mint();
        assert!(UvmEndorsement::verify(&bytes, trust(), now, 0).is_ok());
        for position in 0..bytes.len() {
            // A different bit of each byte: all eight of a recorded endorsement are tried elsewhere.
            let bit = 1 << (position % 8);
            bytes[position] ^= bit;
            let verified = UvmEndorsement::verify(&bytes, trust(), now, 0);
            assert!(verified.is_err(), "byte {position}");
            bytes[position] ^= bit;
        }
    }
}

#[test]
fn an_endorsement_needs_an_end_certificate() {
    let forged = by(|authority| {
        *authority.leaf.extension_mut(&[2, 5, 29, 19]).unwrap() = Extension::unbounded_authority();
    });
    assert_eq!(verify(&forged), Err(UvmError::Path(PathError::LeafIsAuthority)));
}

#[test]
fn a_refusal_of_the_signer_names_the_certificate() {
    let told = refused(|forged| drop(forged.chain.remove(1))).explain();
    assert_eq!(told.code, "certificate_issuer_missing");
    assert_eq!(told.field, "uvm_endorsement.chain[1].subject");
}
