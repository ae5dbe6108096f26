use attestry_forge::amd::{AmdForge, ProductLine};
use attestry_forge::pki::{AnyKey, CertificateSpec, Extension, Name, oid, pem};

use super::*;
use crate::hex;
use crate::snp::world::{World, certificates};

/// The outcome of trusting Milan's hierarchy after `change`.
fn trust(change: impl FnOnce(&mut AmdForge)) -> Result<AmdAnchors, AnchorError> {
    let mut forge = World::milan().forge;
    change(&mut forge);
    let line = &forge.milan;
    AmdAnchors::from_certificates(&[&line.ark, &line.ask, &line.asvk].map(CertificateSpec::to_der))
}

fn name(found: &str) -> String {
    found.to_owned()
}

/// SHA-256 of AMD's certificates, as its key server hands them out.
const AMD: [(Product, &str, &str, &str); 9] = [
    (
        Product::Milan,
        "ARK-Milan",
        "010000",
        "69d063b45344d26a2e94e1f4210de49ef555308287d4c174445c95639a540bcd",
    ),
    (
        Product::Milan,
        "SEV-Milan",
        "010001",
        "67d303bd3905fd38db8b20e0793699870e7fa612eaad5dec358293fd8c0bac1b",
    ),
    (
        Product::Milan,
        "SEV-VLEK-Milan",
        "010101",
        "c5e081f59b7efab1fe2f8b505e159704e72f29cab7ef7cf628a05a42439082f5",
    ),
    (
        Product::Genoa,
        "ARK-Genoa",
        "020000",
        "4c6598d19c18719c5dfd4a7d335f674e5bfe1d8f800cea2cf270c10d103db2f1",
    ),
    (
        Product::Genoa,
        "SEV-Genoa",
        "020002",
        "5464738c1546aed5f2cecf1dc98c5c960a92e8913238a61711bc90ec6e828521",
    ),
    (
        Product::Genoa,
        "SEV-VLEK-Genoa",
        "020101",
        "197e610743a917d6b9bb982a5a9226ccc0a15b611be0619e626aca9151457372",
    ),
    (
        Product::Turin,
        "ARK-Turin",
        "030000",
        "1f084161a44bb6d93778a904877d4819cafa5d05ef4193b2ded9dd9c73dd3f6a",
    ),
    (
        Product::Turin,
        "SEV-Turin",
        "030001",
        "5b77ef5fe7a7a004fd9032668fba9d0fda22f88c4442069a479636a6ae3b3185",
    ),
    (
        Product::Turin,
        "SEV-VLEK-Turin",
        "030101",
        "104e10a8bd060a3c20a434261a57d0588fd65a88915b4f65b08bdecaf8df1a3c",
    ),
];

#[test]
fn amds_own_authorities_are_the_published_ones() {
    let anchors = AmdAnchors::amd();
    let roots = anchors.roots().map(|(product, root)| (product, root.clone()));
    let issuers = anchors
        .authorities()
        .iter()
        .map(|authority| (authority.product(), authority.certificate().clone()));
    let found: Vec<_> = roots.chain(issuers).collect();
    assert_eq!(found.len(), AMD.len());
    for (product, common_name, serial, sha256) in AMD {
        let (_, certificate) = found
            .iter()
            .find(|(line, certificate)| *line == product && certificate.common_name() == common_name)
            .unwrap();
        assert_eq!(
            certificate
                .serial()
                .to_string()
                .to_lowercase()
                .trim_start_matches("00"),
            serial
        );
        let digest = digest::digest(&digest::SHA256, certificate.der());
        assert_eq!(hex::encode(digest.as_ref()), sha256, "{common_name}");
    }
    for authority in anchors.authorities() {
        let expected = if authority.certificate().common_name().contains("VLEK") {
            VekKind::Vlek
        } else {
            VekKind::Vcek
        };
        assert_eq!(authority.issues(), expected);
        assert_eq!(
            authority.root().common_name(),
            format!("ARK-{}", authority.product())
        );
    }
}

#[test]
fn authorities_are_taken_in_any_order_and_form() {
    let forge = World::milan().forge;
    let mut chain = certificates(&forge);
    let usual = AmdAnchors::from_certificates(&chain).unwrap();
    assert_eq!((usual.roots().count(), usual.authorities().len()), (3, 6));
    chain.reverse();
    assert_eq!(
        AmdAnchors::from_certificates(&chain).unwrap().fingerprint(),
        usual.fingerprint()
    );
    let text: Vec<Vec<u8>> = chain
        .iter()
        .map(|der| pem("CERTIFICATE", der).into_bytes())
        .collect();
    let from_text = AmdAnchors::from_certificates(&text).unwrap();
    assert_eq!(from_text.fingerprint(), usual.fingerprint());
}

#[test]
fn sets_of_authorities_are_told_apart_by_their_fingerprint() {
    let (ours, others) = (World::milan(), World::elsewhere(ProductLine::Milan));
    let usual = ours.anchors.clone();
    assert_ne!(usual.fingerprint(), others.anchors.fingerprint());
    let both = usual.clone().and(others.anchors.clone());
    assert_ne!(both.fingerprint(), usual.fingerprint());
    assert_eq!(
        both.fingerprint(),
        others.anchors.clone().and(usual.clone()).fingerprint()
    );
    assert_eq!(
        usual.clone().and(usual.clone()).fingerprint(),
        usual.fingerprint(),
        "the same twice is the same"
    );
    let root_alone = AmdAnchors::from_certificates(&[ours.forge.milan.ark.to_der()]).unwrap();
    assert_ne!(root_alone.fingerprint(), usual.fingerprint());
}

#[test]
fn two_hierarchies_of_the_same_names_are_both_heeded() {
    let (mut ours, mut others) = (World::milan(), World::elsewhere(ProductLine::Milan));
    assert!(others.verify(&ours.vek().to_der()).is_err());
    for both in [
        ours.anchors.clone().and(others.anchors.clone()),
        others.anchors.clone().and(ours.anchors.clone()),
    ] {
        (ours.anchors, others.anchors) = (both.clone(), both);
        ours.appraise().unwrap();
        others.appraise().unwrap();
    }
}

#[test]
fn without_a_root_there_is_no_trust() {
    assert_eq!(
        AmdAnchors::from_certificates(&[]).unwrap_err(),
        AnchorError::NoRoot
    );
    let ask = World::milan().forge.milan.ask.to_der();
    assert_eq!(
        AmdAnchors::from_certificates(&[ask]).unwrap_err(),
        AnchorError::NoRoot
    );
}

#[test]
fn there_are_no_more_than_24_certificates() {
    let ark = World::milan().forge.milan.ark.to_der();
    assert!(AmdAnchors::from_certificates(&vec![ark.clone(); 24]).is_ok());
    assert_eq!(
        AmdAnchors::from_certificates(&vec![ark; 25]).unwrap_err(),
        AnchorError::TooMany { found: 25, limit: 24 }
    );
}

#[test]
fn what_cannot_be_read_is_told_by_its_place() {
    let ark = World::milan().forge.milan.ark.to_der();
    let error = AmdAnchors::from_certificates(&[ark, vec![0x30, 0]]).unwrap_err();
    assert!(
        matches!(error, AnchorError::Encoding { index: 1, .. }),
        "{error:?}"
    );
}

#[test]
fn names_say_which_place_is_meant() {
    for other in ["SEV-VCEK", "ARK-Rome", "SEV-", "SEV-VLEK-", "Milan", ""] {
        let error = trust(|forge| forge.milan.ask.subject = Name::forged_amd(other)).unwrap_err();
        assert_eq!(error, AnchorError::Name { found: name(other) });
    }
    let venice = World::venice();
    assert_eq!(venice.anchors.roots().count(), 3);
    venice.appraise().unwrap();
}

#[test]
fn a_root_and_an_authority_say_that_they_are_authorities() {
    type Place = fn(&mut AmdForge) -> &mut CertificateSpec<AnyKey>;
    let places: [(Place, &str); 3] = [
        (|forge| &mut forge.milan.ark, "ARK-Milan"),
        (|forge| &mut forge.milan.ask, "SEV-Milan"),
        (|forge| &mut forge.milan.asvk, "SEV-VLEK-Milan"),
    ];
    for (place, found) in places {
        let refusal = AnchorError::NotAnAuthority { found: name(found) };
        for missing in [oid::BASIC_CONSTRAINTS, oid::KEY_USAGE] {
            let outcome = trust(|forge| place(forge).remove_extension(missing));
            assert_eq!(outcome.unwrap_err(), refusal);
        }
        for other in [Extension::basic_constraints(None), Extension::key_usage(&[0, 6])] {
            let outcome = trust(|forge| {
                let own = place(forge).extension_mut(&other.oid).unwrap();
                *own = other;
            });
            assert_eq!(outcome.unwrap_err(), refusal);
        }
    }
}

#[test]
fn a_root_is_signed_by_its_own_key() {
    let refusal = AnchorError::NotARoot {
        found: name("ARK-Milan"),
    };
    let by_another = trust(|forge| forge.milan.ark.issuer_key = forge.genoa.ark.issuer_key.clone());
    assert_eq!(by_another.unwrap_err(), refusal);
    let under_another_name = trust(|forge| forge.milan.ark.issuer = Name::forged_amd("ARK-Genoa"));
    assert_eq!(under_another_name.unwrap_err(), refusal);
}

#[test]
fn an_authority_is_signed_by_the_root_of_its_line() {
    let orphan = |outcome: Result<AmdAnchors, AnchorError>| match outcome.unwrap_err() {
        AnchorError::Orphan { found } => found,
        other => panic!("{other:?}"),
    };
    let by_another = trust(|forge| forge.milan.ask.issuer_key = forge.genoa.ark.issuer_key.clone());
    assert_eq!(orphan(by_another), "SEV-Milan");
    let under_another_name = trust(|forge| forge.milan.asvk.issuer = Name::forged_amd("ARK-Genoa"));
    assert_eq!(orphan(under_another_name), "SEV-VLEK-Milan");
    let below_the_other = trust(|forge| {
        forge.milan.asvk.issuer = forge.milan.ask.subject.clone();
        forge.milan.asvk.issuer_key = forge.milan.ask.subject_key.clone();
    });
    assert_eq!(
        orphan(below_the_other),
        "SEV-VLEK-Milan",
        "both stand below the root"
    );
    // The root of Genoa vouches for an authority that calls itself Milan's.
    let mut forge = World::milan().forge;
    forge.milan.ask.issuer = forge.genoa.ark.subject.clone();
    forge.milan.ask.issuer_key = forge.genoa.ark.subject_key.clone();
    let outcome = AmdAnchors::from_certificates(&certificates(&forge));
    assert_eq!(orphan(outcome), "SEV-Milan");
}
