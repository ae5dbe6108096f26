//! A certificate that can be read, verified: what came with it, who issued it, when it counts.

use attestry_forge::amd::ProductLine;
use attestry_forge::pki::{AnyKey, CertificateSpec, Name, pem, pem_chain};

use super::super::*;
use crate::snp::world::{DAY, NOW, World, code, refused};

// What is handed over with a certificate.

/// The PEM text of these certificates verified.
fn verify_chain(world: &World, certificates: &[Vec<u8>]) -> Result<VerifiedVek, SnpError> {
    let chain = SuppliedChain::parse(pem_chain(certificates).as_bytes())?;
    VerifiedVek::verify(&chain, &world.anchors)
}

#[test]
fn a_chain_comes_in_any_order_whole_or_in_part() {
    let world = World::milan();
    let line = &world.forge.milan;
    let [vek, ask, ark, asvk] = [&world.vek(), &line.ask, &line.ark, &line.asvk].map(CertificateSpec::to_der);
    for chain in [
        vec![vek.clone()],
        vec![vek.clone(), ask.clone(), ark.clone()],
        vec![ark.clone(), ask.clone(), vek.clone()],
        vec![ask.clone(), vek.clone()],
        vec![vek.clone(), ark.clone()],
        vec![vek.clone(), ask.clone(), asvk, ark.clone()],
        vec![vek.clone(), ask.clone(), ask, ark],
    ] {
        let verified = verify_chain(&world, &chain).unwrap();
        assert_eq!(verified.authority().certificate().common_name(), "SEV-Milan");
    }
    let bare = SuppliedChain::parse(&vek).unwrap();
    assert!(bare.others().is_empty());
    let text = pem("CERTIFICATE", &vek).replace('\n', "\r\n");
    assert_eq!(SuppliedChain::parse(text.as_bytes()).unwrap(), bare);
}

#[test]
fn a_chain_has_one_vek() {
    let world = World::milan();
    let (vek, ask) = (world.vek().to_der(), world.forge.milan.ask.to_der());
    let other = World::vlek(ProductLine::Milan).vek().to_der();
    for (chain, found) in [
        (vec![ask.clone()], 0),
        (vec![vek.clone(), vek.clone()], 2),
        (vec![vek.clone(), ask.clone(), other], 2),
        (vec![vek.clone(); 4], 4),
    ] {
        let error = refused(verify_chain(&world, &chain));
        assert_eq!(error, SnpError::VekCount { found });
        assert_eq!(code(&error), "vek_count");
    }
    let five = [vec![vek], vec![ask; 4]].concat();
    assert_eq!(
        code(&refused(verify_chain(&world, &five))),
        "x509_too_many_certificates"
    );
    for text in [&b""[..], b"\0\0", b"no certificate at all"] {
        assert_eq!(code(&refused(SuppliedChain::parse(text))), "x509_pem");
    }
}

/// A certificate that comes along is one of those trusted anyway, or the chain is refused: it can never add trust.
#[test]
fn foreign_certificates_are_refused() {
    let world = World::milan();
    let elsewhere = World::elsewhere(ProductLine::Milan);
    let mut retired = world.forge.milan.ask.clone();
    retired.subject_key = elsewhere.forge.milan.ask.subject_key.clone();
    let mut renamed = world.forge.milan.ask.clone();
    renamed.subject = Name::forged_amd("SEV-Milan-2");
    for (why, foreign) in [
        ("another product line's", world.forge.genoa.ask.clone()),
        (
            "another line's root beside its own",
            world.forge.turin.ark.clone(),
        ),
        (
            "an authority of the same name and other keys",
            elsewhere.forge.milan.ask.clone(),
        ),
        ("a self-made root", elsewhere.forge.milan.ark.clone()),
        ("a retired authority of the same name and root", retired),
        ("the same key under another name", renamed),
    ] {
        let chain = [
            world.vek(),
            world.forge.milan.ask.clone(),
            world.forge.milan.ark.clone(),
            foreign,
        ];
        let chain = chain.map(|certificate| certificate.to_der());
        let error = refused(verify_chain(&world, &chain));
        assert_eq!(code(&error), "vek_foreign_certificate", "{why}");
    }
    let mut reissued = world.forge.milan.ark.clone();
    reissued.serial = vec![9];
    let chain = [world.vek().to_der(), reissued.to_der()];
    assert!(
        verify_chain(&world, &chain).is_ok(),
        "the trusted key counts, not the certificate"
    );
}

#[test]
fn a_self_made_hierarchy_is_not_trusted() {
    let world = World::milan();
    let elsewhere = World::elsewhere(ProductLine::Milan);
    let line = &elsewhere.forge.milan;
    let chain = [&elsewhere.vek(), &line.ask, &line.ark].map(CertificateSpec::to_der);
    let error = refused(verify_chain(&world, &chain));
    assert_eq!(
        code(&error),
        "vek_signature",
        "the names are those of the trusted one"
    );
    let amd = VerifiedVek::verify(
        &SuppliedChain::parse(&elsewhere.vek().to_der()).unwrap(),
        &AmdAnchors::amd(),
    );
    let error = refused(amd);
    assert_eq!(
        error,
        SnpError::UntrustedIssuer {
            found: "SEV-Milan".to_owned()
        }
    );
    assert_eq!(code(&error), "vek_untrusted_issuer");
}

// Who issued it.

/// The outcome for a VCEK of Milan that this authority signed under the name of that one.
fn issued(world: &World, name: &CertificateSpec<AnyKey>, key: &CertificateSpec<AnyKey>) -> SnpError {
    let mut vek = world.vek();
    vek.issuer = name.subject.clone();
    vek.issuer_key = key.subject_key.clone();
    refused(world.verify(&vek.to_der()))
}

#[test]
fn a_vcek_is_issued_by_the_authority_for_vceks_of_its_line() {
    let world = World::milan();
    let (milan, genoa) = (&world.forge.milan, &world.forge.genoa);
    let other_line = issued(&world, &genoa.ask, &genoa.ask);
    assert_eq!(
        other_line,
        SnpError::OtherProduct {
            expected: Product::Genoa,
            found: "Milan-B0".to_owned()
        }
    );
    assert_eq!(code(&other_line), "vek_other_product");
    let other_kind = issued(&world, &milan.asvk, &milan.asvk);
    assert_eq!(
        other_kind,
        SnpError::OtherAuthority {
            kind: VekKind::Vcek,
            issuer: "SEV-VLEK-Milan".to_owned()
        }
    );
    assert_eq!(code(&other_kind), "vek_other_authority");
    for (why, key) in [
        ("the other line's authority", &genoa.ask),
        ("the authority for VLEKs", &milan.asvk),
        ("the root", &milan.ark),
    ] {
        let error = issued(&world, &milan.ask, key);
        assert_eq!(
            error,
            SnpError::VekSignature {
                issuer: "SEV-Milan".to_owned()
            },
            "{why}"
        );
        assert_eq!(code(&error), "vek_signature");
    }
    let by_the_root = issued(&world, &milan.ark, &milan.ark);
    assert_eq!(code(&by_the_root), "vek_untrusted_issuer", "a root issues no VEK");
}

#[test]
fn a_vlek_is_issued_by_the_authority_for_vleks() {
    let world = World::vlek(ProductLine::Genoa);
    let genoa = &world.forge.genoa;
    world.verified_vek().unwrap();
    assert_eq!(
        issued(&world, &genoa.ask, &genoa.ask),
        SnpError::OtherAuthority {
            kind: VekKind::Vlek,
            issuer: "SEV-Genoa".to_owned()
        }
    );
    assert_eq!(code(&issued(&world, &genoa.asvk, &genoa.ask)), "vek_signature");
}

#[test]
fn a_key_that_signed_itself_is_not_trusted() {
    let world = World::milan();
    let mut vek = world.vek();
    vek.issuer_key = vek.subject_key.clone();
    assert_eq!(code(&refused(world.verify(&vek.to_der()))), "vek_signature");
}

// When it is valid.

/// The outcome at `now`, with `grace` seconds for the VEK.
fn at(world: &World, now: i64, grace: u32) -> Result<(), SnpError> {
    let outcome = world
        .verified_vek()
        .unwrap()
        .check_validity(UnixTime::new(now), grace);
    if let Err(error) = &outcome {
        code(error);
    }
    outcome
}

#[test]
fn a_vek_counts_from_its_first_to_its_last_second() {
    let mut world = World::milan();
    (world.evidence.vek.not_before, world.evidence.vek.not_after) = (NOW, NOW + DAY);
    assert_eq!(at(&world, NOW, 0), Ok(()));
    assert_eq!(at(&world, NOW - 300, 0), Ok(()), "five minutes of clock skew");
    assert_eq!(at(&world, NOW + DAY, 0), Ok(()));
    let early = at(&world, NOW - 301, 0).unwrap_err();
    assert_eq!(
        early,
        SnpError::NotYetValid {
            subject: "SEV-VCEK".to_owned(),
            not_before: UnixTime::new(NOW),
            now: UnixTime::new(NOW - 301)
        }
    );
    assert_eq!(code(&early), "vek_not_yet_valid");
    let late = at(&world, NOW + DAY + 1, 0).unwrap_err();
    assert_eq!(
        late,
        SnpError::Expired {
            subject: "SEV-VCEK".to_owned(),
            not_after: UnixTime::new(NOW + DAY),
            now: UnixTime::new(NOW + DAY + 1)
        }
    );
    assert_eq!(code(&late), "vek_expired");
}

#[test]
fn grace_is_granted_to_the_vek_after_its_end_and_to_nobody_else() {
    let mut world = World::milan();
    (world.evidence.vek.not_before, world.evidence.vek.not_after) = (NOW, NOW + DAY);
    assert_eq!(at(&world, NOW + DAY + 60, 60), Ok(()));
    assert_eq!(
        at(&world, NOW + DAY + 61, 60).unwrap_err().explain().code,
        "vek_expired"
    );
    assert_eq!(
        at(&world, NOW - 400, u32::MAX).unwrap_err().explain().code,
        "vek_not_yet_valid",
        "before its begin there is no grace"
    );
    for authority in ["ark", "ask"] {
        let mut world = World::milan();
        let line = &mut world.forge.milan;
        let certificate = if authority == "ark" {
            &mut line.ark
        } else {
            &mut line.ask
        };
        certificate.not_after = NOW;
        world.trust_forge();
        assert_eq!(at(&world, NOW, 0), Ok(()));
        let late = at(&world, NOW + 1, u32::MAX).unwrap_err();
        let name = if authority == "ark" {
            "ARK-Milan"
        } else {
            "SEV-Milan"
        };
        assert!(
            matches!(&late, SnpError::Expired { subject, .. } if subject == name),
            "{late:?}"
        );
    }
}

#[test]
fn an_authority_whose_time_has_not_come_vouches_for_nothing() {
    for authority in ["ARK-Milan", "SEV-Milan"] {
        let mut world = World::milan();
        let line = &mut world.forge.milan;
        let certificate = if authority == "ARK-Milan" {
            &mut line.ark
        } else {
            &mut line.ask
        };
        certificate.not_before = NOW + DAY;
        world.trust_forge();
        let early = at(&world, NOW, 0).unwrap_err();
        assert!(
            matches!(&early, SnpError::NotYetValid { subject, .. } if subject == authority),
            "{early:?}"
        );
        assert_eq!(code(&early), "vek_not_yet_valid");
    }
}
