use attestry_forge::amd::ProductLine;
use attestry_forge::pki::{AnyKey, CrlSpec, Extension, Name, oid};

use super::*;
use crate::snp::world::{DAY, NOW, World, code, refused};
use crate::snp::{Settings, Warning};
use crate::x509::EncodingError;

/// The outcome of reading Milan's list after `change`.
fn verify(world: &World, change: impl FnOnce(&mut CrlSpec<AnyKey>)) -> Result<AmdCrl, SnpError> {
    let mut list = world.forge.crl(ProductLine::Milan);
    change(&mut list);
    AmdCrl::verify(&list.to_der(), &world.anchors, world.now)
}

fn revoke_ask(list: &mut CrlSpec<AnyKey>) {
    list.revoke(&[1, 0, 1]);
}

fn expire(list: &mut CrlSpec<AnyKey>) {
    list.next_update = Some(NOW - DAY);
}

fn required() -> Settings {
    Settings {
        revocation: RevocationPolicy::Required,
        ..Settings::default()
    }
}

#[test]
fn a_list_is_its_roots() {
    let world = World::milan();
    for (line, product) in [
        (ProductLine::Milan, Product::Milan),
        (ProductLine::Genoa, Product::Genoa),
        (ProductLine::Turin, Product::Turin),
    ] {
        let der = world.forge.crl(line).to_der();
        let crl = AmdCrl::verify(&der, &world.anchors, world.now).unwrap();
        assert_eq!(crl.product(), product);
        assert_eq!(crl.list().der(), der);
        assert_eq!(crl.list().revoked_count(), 0);
        let text = attestry_forge::pki::pem("X509 CRL", &der);
        assert!(AmdCrl::verify(text.as_bytes(), &world.anchors, world.now).is_ok());
    }
}

#[test]
fn a_list_of_nobody_trusted_is_refused() {
    let world = World::milan();
    let unknown = refused(verify(&world, |list| {
        list.issuer = Name::forged_amd("ARK-Nobody");
    }));
    assert_eq!(
        unknown,
        SnpError::CrlIssuer {
            found: "ARK-Nobody".to_owned()
        }
    );
    assert_eq!(code(&unknown), "crl_issuer_untrusted");
    let by_the_authority = verify(&world, |list| {
        list.issuer = world.forge.milan.ask.subject.clone();
        list.issuer_key = world.forge.milan.ask.subject_key.clone();
    });
    assert_eq!(
        code(&refused(by_the_authority)),
        "crl_issuer_untrusted",
        "only roots revoke"
    );
}

#[test]
fn a_list_that_another_key_signed_is_refused() {
    let world = World::milan();
    let other_key = world.forge.genoa.ark.subject_key.clone();
    let error = refused(verify(&world, |list| list.issuer_key = other_key.clone()));
    assert_eq!(
        error,
        SnpError::Crl {
            product: Product::Milan,
            error: CrlError::Signature
        }
    );
    assert_eq!(code(&error), "crl_signature");
    let error = refused(verify(&world, |list| {
        *list.extensions.last_mut().unwrap() = Extension::authority_key_id(&other_key);
    }));
    assert_eq!(
        error,
        SnpError::Crl {
            product: Product::Milan,
            error: CrlError::AuthorityKeyIdentifier
        }
    );
    assert_eq!(code(&error), "crl_authority_key_identifier");
    let elsewhere = World::elsewhere(ProductLine::Milan);
    let der = elsewhere.forge.crl(ProductLine::Milan).to_der();
    let outcome = AmdCrl::verify(&der, &world.anchors, world.now);
    assert!(matches!(refused(outcome), SnpError::Crl { .. }));
}

/// With two roots of one name, each list finds its own.
#[test]
fn lists_of_two_roots_of_one_name_are_told_apart() {
    let mut world = World::milan();
    let mut elsewhere = World::elsewhere(ProductLine::Milan);
    for both in [
        world.anchors.clone().and(elsewhere.anchors.clone()),
        elsewhere.anchors.clone().and(world.anchors.clone()),
    ] {
        (world.anchors, elsewhere.anchors) = (both.clone(), both);
        elsewhere.crls = AmdCrls::none();
        elsewhere.use_crl(ProductLine::Milan, revoke_ask);
        world.crls = elsewhere.crls.clone();
        assert_eq!(code(&elsewhere.refusal()), "vek_authority_revoked");
        let appraisal = world.appraise().unwrap();
        assert_eq!(appraisal.revocation_list(), "none", "the other root's list");
    }
}

#[test]
fn a_list_of_the_future_is_refused() {
    let world = World::milan();
    assert!(
        verify(&world, |list| list.this_update = NOW + 300).is_ok(),
        "clock skew"
    );
    let error = refused(verify(&world, |list| list.this_update = NOW + 301));
    assert!(
        matches!(
            error,
            SnpError::Crl {
                error: CrlError::NotYetValid { .. },
                ..
            }
        ),
        "{error:?}"
    );
    assert_eq!(code(&error), "crl_not_yet_valid");
}

#[test]
fn a_list_that_cannot_be_read_is_refused() {
    let world = World::milan();
    let unreadable = |change: fn(&mut CrlSpec<AnyKey>)| match refused(verify(&world, change)) {
        SnpError::CrlUnreadable { error } => error,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        unreadable(|list| list.next_update = None),
        EncodingError::Malformed { field: "nextUpdate" }.into()
    );
    assert_eq!(
        unreadable(|list| {
            list.extensions
                .push(Extension::new(&[2, 5, 29, 27], true, vec![2, 1, 1]));
        }),
        CrlError::Partial {
            extension: "deltaCRLIndicator"
        }
    );
    assert_eq!(
        unreadable(|list| {
            list.extensions
                .push(Extension::new(&[2, 5, 29, 28], true, vec![0x30, 0]));
        }),
        CrlError::Partial {
            extension: "issuingDistributionPoint"
        }
    );
    assert!(
        verify(&world, |list| list.extensions.clear()).is_ok(),
        "AMD's lists need neither number nor key identifier"
    );
    assert!(
        verify(&world, |list| list.set_number(u64::MAX)).is_ok(),
        "a number is no reason"
    );
    let twice = refused(verify(&world, |list| {
        let number = list.extensions.first().unwrap().clone();
        assert_eq!(number.oid, oid::CRL_NUMBER);
        list.extensions.push(number);
    }));
    assert_eq!(code(&twice), "x509_duplicate_extension");
}

#[test]
fn a_cut_list_is_refused_at_every_length() {
    let world = World::milan();
    let mut list = world.forge.crl(ProductLine::Milan);
    revoke_ask(&mut list);
    let der = list.to_der();
    for size in 0..der.len() {
        let error = refused(AmdCrl::verify(&der[..size], &world.anchors, world.now));
        assert!(matches!(error, SnpError::CrlUnreadable { .. }), "{size} bytes");
    }
}

#[test]
fn every_flipped_bit_of_a_list_is_refused() {
    let world = World::milan();
    let mut list = world.forge.crl(ProductLine::Milan);
    revoke_ask(&mut list);
    let der = list.to_der();
    AmdCrl::verify(&der, &world.anchors, world.now).unwrap();
    for bit in 0..der.len() * 8 {
        let mut flipped = der.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(
            AmdCrl::verify(&flipped, &world.anchors, world.now).is_err(),
            "byte {:#x}, bit {}",
            bit / 8,
            bit % 8
        );
    }
}

// What a list does to an appraisal.

#[test]
fn a_revoked_authority_vouches_for_nothing() {
    let mut world = World::milan();
    world.use_crl(ProductLine::Milan, revoke_ask);
    let error = world.refusal();
    assert!(
        matches!(&error, SnpError::Revoked { subject, .. } if subject == "SEV-Milan"),
        "{error:?}"
    );
    assert_eq!(code(&error), "vek_authority_revoked");
    let mut world = World::milan();
    world.use_crl(ProductLine::Milan, |list| list.revoke(&[1, 0, 0]));
    let error = world.refusal();
    assert!(
        matches!(&error, SnpError::Revoked { subject, .. } if subject == "ARK-Milan"),
        "{error:?}"
    );
    let mut vlek = World::vlek(ProductLine::Milan);
    vlek.use_crl(ProductLine::Milan, |list| list.revoke(&[1, 1, 1]));
    assert_eq!(code(&vlek.refusal()), "vek_authority_revoked");
}

/// A list that is too old to show that nothing is revoked still shows what is.
#[test]
fn a_revocation_counts_however_old_the_list_is() {
    let mut world = World::milan();
    world.use_crl(ProductLine::Milan, |list| {
        revoke_ask(list);
        expire(list);
    });
    assert_eq!(code(&world.refusal()), "vek_authority_revoked");
}

#[test]
fn serial_numbers_of_others_are_no_reason() {
    let mut world = World::milan();
    world.settings = required();
    world.use_crl(ProductLine::Milan, |list| {
        // The authority for VLEKs, the retired number of another line, and the number of every VEK.
        for serial in [&[1, 1, 1][..], &[2, 0, 1], &[0], &[1, 0]] {
            list.revoke(serial);
        }
    });
    let appraisal = world.appraise().unwrap();
    assert_eq!(appraisal.revocation_list(), "current");
    assert!(appraisal.warnings().is_empty());
}

#[test]
fn a_list_covers_its_own_line_only() {
    let mut world = World::milan();
    world.use_crl(ProductLine::Genoa, |list| list.revoke(&[1, 0, 1]));
    assert_eq!(world.appraise().unwrap().revocation_list(), "none");
    world.settings = required();
    let error = world.refusal();
    assert_eq!(
        error,
        SnpError::CrlMissing {
            product: Product::Milan
        }
    );
    assert_eq!(code(&error), "crl_missing");
}

#[test]
fn a_missing_list_is_a_warning_unless_the_setting_demands_one() {
    let mut world = World::milan();
    let appraisal = world.appraise().unwrap();
    assert_eq!(appraisal.revocation_list(), "none");
    assert_eq!(
        appraisal.warnings(),
        [Warning::NoCrl {
            product: Product::Milan
        }]
    );
    world.settings = required();
    assert_eq!(code(&world.refusal()), "crl_missing");
    world.use_crl(ProductLine::Milan, |_| ());
    let appraisal = world.appraise().unwrap();
    assert_eq!(
        (appraisal.revocation_list(), appraisal.warnings()),
        ("current", &[][..])
    );
}

#[test]
fn an_outdated_list_is_a_warning_unless_the_setting_demands_a_current_one() {
    let mut world = World::milan();
    world.use_crl(ProductLine::Milan, |list| list.next_update = Some(NOW));
    let appraisal = world.appraise().unwrap();
    assert_eq!(appraisal.revocation_list(), "current", "to its last second");
    world.now = UnixTime::new(NOW + 1);
    let appraisal = world.appraise().unwrap();
    assert_eq!(appraisal.revocation_list(), "outdated");
    let next_update = UnixTime::new(NOW);
    assert_eq!(
        appraisal.warnings(),
        [Warning::OutdatedCrl {
            product: Product::Milan,
            next_update
        }]
    );
    world.settings = required();
    let error = world.refusal();
    assert_eq!(
        error,
        SnpError::Crl {
            product: Product::Milan,
            error: CrlError::Expired {
                next_update,
                now: world.now
            }
        }
    );
    assert_eq!(code(&error), "crl_expired");
}

#[test]
fn the_newest_list_of_a_root_counts_whichever_came_last() {
    let mut world = World::milan();
    let older = |list: &mut CrlSpec<AnyKey>| list.this_update -= DAY;
    world.use_crl(ProductLine::Milan, revoke_ask);
    world.use_crl(ProductLine::Milan, older);
    assert_eq!(world.crls.iter().count(), 1);
    assert_eq!(code(&world.refusal()), "vek_authority_revoked");
    let mut world = World::milan();
    world.use_crl(ProductLine::Milan, older);
    world.use_crl(ProductLine::Genoa, |_| ());
    world.use_crl(ProductLine::Milan, revoke_ask);
    assert_eq!(world.crls.iter().count(), 2, "one a root");
    assert_eq!(code(&world.refusal()), "vek_authority_revoked");
}
