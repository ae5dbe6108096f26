use attestry_evidence::dcap::Tee;
use attestry_evidence::snp::Product;
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ED25519};

use super::super::fixture::{self, NOW, World, days_later, documents};
use super::super::{Edition, VekId};
use super::*;

struct Operator {
    signer: OperatorSigner,
    verifier: OperatorKey,
}

fn operator(algorithm: &'static rcgen::SignatureAlgorithm) -> Operator {
    let key = KeyPair::generate_for(algorithm).unwrap();
    Operator {
        signer: OperatorSigner::from_pem(key.serialize_pem().as_bytes()).unwrap(),
        verifier: OperatorKey::from_pem(key.public_key_pem().as_bytes()).unwrap(),
    }
}

async fn exported(world: &World) -> Bundle {
    let service = world.service(world.options(vec![]), NOW).await;
    let imported = documents(&world.spec(fixture::STANDARD));
    service
        .import(Tee::Sgx, Edition::Standard, imported, "operator", NOW)
        .await
        .unwrap();
    service.export(NOW)
}

#[tokio::test]
async fn a_bundle_carries_everything_to_an_air_gapped_service() {
    for algorithm in [&PKCS_ED25519, &PKCS_ECDSA_P256_SHA256] {
        let Operator { signer, verifier } = operator(algorithm);
        let world = World::new();
        let original = exported(&world).await;
        let file = original.seal(&signer).unwrap();

        let elsewhere = World::new();
        let service = elsewhere.service(elsewhere.options(vec![]), days_later(1)).await;
        let bundle = Bundle::open(&file, &verifier).unwrap();
        assert_eq!(bundle.created_at, NOW);
        let outcomes = service.import_bundle(bundle, days_later(1)).await;

        assert!(
            matches!(outcomes.as_slice(), [(key, Ok(()))] if *key == world.key()),
            "{outcomes:?}"
        );
        let held = service.held_sets();
        let documents = held[0].1.collateral.documents();
        assert_eq!(documents, &original.entries[0].documents);
    }
}

#[tokio::test]
async fn a_bundle_must_be_signed_by_the_operator() {
    let Operator { signer, verifier } = operator(&PKCS_ED25519);
    let other = operator(&PKCS_ED25519);
    let world = World::new();
    let file = exported(&world).await.seal(&signer).unwrap();
    assert_eq!(
        Bundle::open(&file, &other.verifier).unwrap_err(),
        BundleError::Envelope(SignedFileError::Signature)
    );

    let mut changed: serde_json::Value = serde_json::from_slice(&file).unwrap();
    let payload = changed["payload"].as_str().unwrap();
    let payload = String::from_utf8(STANDARD.decode(payload).unwrap()).unwrap();
    changed["payload"] = STANDARD.encode(payload.replace("standard", "early")).into();
    let changed = serde_json::to_vec(&changed).unwrap();
    assert_eq!(
        Bundle::open(&changed, &verifier).unwrap_err(),
        BundleError::Envelope(SignedFileError::Signature)
    );

    let mut other_type: serde_json::Value = serde_json::from_slice(&file).unwrap();
    other_type["payloadType"] = "text/plain".into();
    let other_type = serde_json::to_vec(&other_type).unwrap();
    assert_eq!(
        Bundle::open(&other_type, &verifier).unwrap_err(),
        BundleError::Envelope(SignedFileError::PayloadType {
            expected: vec![PAYLOAD_TYPE, PAYLOAD_TYPE_WITH_AMD]
        }),
    );
    assert_eq!(
        Bundle::open(b"{}", &verifier).unwrap_err(),
        BundleError::Envelope(SignedFileError::Malformed { what: "envelope" })
    );
}

#[tokio::test]
async fn documents_in_a_bundle_are_verified_whoever_signed_it() {
    let world = World::new();
    let mut bundle = exported(&world).await;
    let mut spec = world.spec(fixture::STANDARD);
    spec.tcb_info_key = world.forge.seed.key("somebody else");
    bundle.entries[0].documents = documents(&spec);

    let elsewhere = World::new();
    let service = elsewhere.service(elsewhere.options(vec![]), NOW).await;
    let outcomes = service.import_bundle(bundle, NOW).await;

    assert!(
        matches!(outcomes.as_slice(), [(_, Err(ImportError::Refused(_)))]),
        "{outcomes:?}"
    );
    assert!(service.held_sets().is_empty());
}

#[tokio::test]
async fn an_entry_is_what_its_label_says() {
    let world = World::new();
    let mut bundle = exported(&world).await;
    let label = CollateralKey {
        fmspc: [9; 6],
        ..world.key()
    };
    bundle.entries[0].key = label;

    let elsewhere = World::new();
    let service = elsewhere.service(elsewhere.options(vec![]), NOW).await;
    let outcomes = service.import_bundle(bundle, NOW).await;

    assert!(
        matches!(&outcomes[0].1, Err(ImportError::Mislabelled { expected, found })
            if *expected == label && *found == world.key()),
        "{outcomes:?}",
    );
    assert!(
        service.held_sets().is_empty(),
        "it is not used under another label either"
    );
}

#[test]
fn amds_endorsements_make_a_bundle_of_another_version() {
    let Operator { signer, verifier } = operator(&PKCS_ED25519);
    let id = VekId::new(Product::Milan, &[7; 64], [1, 2, 0, 0, 0, 0, 3, 4]).unwrap();
    let amd = AmdEntries {
        veks: vec![AmdVekEntry {
            id,
            source: "kds".to_owned(),
            fetched_at: NOW,
            certificate: b"certificate".to_vec(),
        }],
        crls: vec![AmdCrlEntry {
            product: Product::Turin,
            source: "kds".to_owned(),
            fetched_at: NOW,
            crl: b"list".to_vec(),
        }],
    };
    let type_of = |file: &[u8]| {
        let envelope: serde_json::Value = serde_json::from_slice(file).unwrap();
        envelope["payloadType"].as_str().unwrap().to_owned()
    };
    let without = Bundle {
        created_at: NOW,
        entries: Vec::new(),
        amd: AmdEntries::default(),
    };
    let file = without.seal(&signer).unwrap();
    // What releases before this one read.
    assert_eq!(
        type_of(&file),
        "application/vnd.attestry.collateral-bundle.v1+json"
    );
    assert!(Bundle::open(&file, &verifier).unwrap().amd.is_empty());
    let with = Bundle {
        amd: amd.clone(),
        ..without
    };
    let file = with.seal(&signer).unwrap();
    assert_eq!(
        type_of(&file),
        "application/vnd.attestry.collateral-bundle.v2+json"
    );
    assert_eq!(Bundle::open(&file, &verifier).unwrap().amd, amd);
    // The type is signed: one cannot be passed off as the other.
    let renamed = String::from_utf8(file).unwrap().replace("bundle.v2", "bundle.v1");
    assert_eq!(
        Bundle::open(renamed.as_bytes(), &verifier).unwrap_err(),
        BundleError::Envelope(SignedFileError::Signature)
    );
}
