//! Versions never go back, and only the operator's signature opens a file.

use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ED25519};
use std::path::PathBuf;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::config::ProviderConfig;
use crate::store::StoreOptions;

/// 2026-01-15T00:00:00Z.
const NOW: UnixTime = UnixTime::new(1_768_435_200);

fn document(version: u64, description: &str) -> Vec<u8> {
    json!({
        "version": version,
        "issued": "2026-01-01T00:00:00Z",
        "expires": "2026-04-01T00:00:00Z",
        "description": description,
    })
    .to_string()
    .into_bytes()
}

fn file(version: u64) -> ReferenceFile {
    ReferenceFile::read(&document(version, ""), None).unwrap()
}

async fn store() -> (TempDir, Store) {
    let directory = TempDir::new().unwrap();
    let store = Store::open(&StoreOptions::in_dir(directory.path()))
        .await
        .unwrap();
    (directory, store)
}

fn operator(algorithm: &'static rcgen::SignatureAlgorithm) -> (OperatorSigner, OperatorKey, String) {
    let pair = KeyPair::generate_for(algorithm).unwrap();
    let signer = OperatorSigner::from_pem(pair.serialize_pem().as_bytes()).unwrap();
    let key = OperatorKey::from_pem(pair.public_key_pem().as_bytes()).unwrap();
    (signer, key, pair.public_key_pem())
}

#[test]
fn a_signed_file_opens_with_the_operators_key_alone() {
    for algorithm in [&PKCS_ED25519, &PKCS_ECDSA_P256_SHA256] {
        let (signer, key, _) = operator(algorithm);
        let (_, other, _) = operator(algorithm);
        let plain = file(7);
        let sealed = plain.seal(&signer).unwrap();
        let opened = ReferenceFile::read(&sealed, Some(&key)).unwrap();
        assert_eq!(opened.values(), plain.values());
        assert_eq!(opened.digest(), plain.digest());
        assert_eq!(
            ReferenceFile::read(&sealed, Some(&other)),
            Err(ReferenceFileError::Envelope(SignedFileError::Signature))
        );
        assert_eq!(
            ReferenceFile::read(&sealed, None),
            Err(ReferenceFileError::KeyMissing)
        );
        assert_eq!(
            ReferenceFile::read(&document(7, ""), Some(&key)),
            Err(ReferenceFileError::Unsigned)
        );
    }
}

#[test]
fn a_signed_file_with_any_bit_flipped_is_refused() {
    let (signer, key, _) = operator(&PKCS_ED25519);
    let sealed: Value = serde_json::from_slice(&file(7).seal(&signer).unwrap()).unwrap();
    let sealed = sealed.to_string().into_bytes();
    let plain = ReferenceFile::read(&sealed, Some(&key)).unwrap();
    for bit in 0..sealed.len() * 8 {
        let mut flipped = sealed.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        match ReferenceFile::read(&flipped, Some(&key)) {
            Err(_) => {}
            // A blank between members means nothing.
            Ok(opened) => assert_eq!(opened.document, plain.document, "bit {bit}"),
        }
    }
}

#[test]
fn a_signed_file_of_another_type_is_no_reference_values() {
    let (signer, key, _) = operator(&PKCS_ED25519);
    let bundle = signer
        .seal(
            "application/vnd.attestry.collateral-bundle.v1+json",
            &document(7, ""),
        )
        .unwrap();
    assert_eq!(
        ReferenceFile::read(&bundle, Some(&key)),
        Err(ReferenceFileError::Envelope(SignedFileError::PayloadType {
            expected: vec![PAYLOAD_TYPE]
        }))
    );
}

#[tokio::test]
async fn versions_never_go_back() {
    let (_directory, store) = store().await;
    let outcome = async |file: &ReferenceFile| take(&store, "", file, "test", NOW).await;
    assert_eq!(outcome(&file(5)).await.unwrap(), Taken::New);
    assert_eq!(outcome(&file(5)).await.unwrap(), Taken::Known);
    assert_eq!(outcome(&file(9)).await.unwrap(), Taken::New);
    for older in [1, 5, 8] {
        let refused = outcome(&file(older)).await.unwrap_err();
        assert_eq!(
            refused.to_string(),
            format!("version {older} is older than version 9, which was taken in before")
        );
    }
    let changed = ReferenceFile::read(&document(9, "changed"), None).unwrap();
    assert!(matches!(
        outcome(&changed).await,
        Err(TakeError::Changed { version: 9 })
    ));
    let history = store.reference_history("", 10).await.unwrap();
    let kept: Vec<_> = history
        .iter()
        .map(|record| (record.version, record.document.is_some()))
        .collect();
    assert_eq!(kept, [(9, true), (5, false)]);
    assert_eq!(history[0].digest, file(9).digest());
    // Each scope counts for itself.
    let own = take(&store, "contoso", &file(1), "test", NOW).await;
    assert_eq!(own.unwrap(), Taken::New);
}

#[tokio::test]
async fn a_providers_own_values_replace_the_common_ones() {
    let (directory, store) = store().await;
    let write = |name: &str, version| {
        let path = directory.path().join(name);
        std::fs::write(&path, document(version, "")).unwrap();
        path
    };
    let mut config = Config::default();
    assert!(
        References::load(&config, &store, NOW)
            .await
            .unwrap()
            .of("contoso")
            .is_none()
    );

    config.reference_values.file = write("common.json", 3);
    config.provider = ["contoso", "fabrikam"]
        .map(|name| ProviderConfig {
            name: name.to_owned(),
            ..ProviderConfig::default()
        })
        .to_vec();
    config.provider[0].reference_values = write("contoso.json", 40);
    let versions = async |config: &Config| {
        let references = References::load(config, &store, NOW).await.unwrap();
        ["contoso", "fabrikam", ""].map(|name| references.of(name).map(|values| values.version()))
    };
    assert_eq!(versions(&config).await, [Some(40), Some(3), Some(3)]);

    // An older file does not undo what was imported since; a newer one is taken.
    write("common.json", 2);
    assert_eq!(versions(&config).await, [Some(40), Some(3), Some(3)]);
    write("common.json", 4);
    assert_eq!(versions(&config).await, [Some(40), Some(4), Some(4)]);

    // What was imported stays without its file.
    config.reference_values.file = PathBuf::new();
    assert_eq!(versions(&config).await, [Some(40), Some(4), Some(4)]);
}

#[tokio::test]
async fn with_a_signer_configured_files_have_to_be_signed() {
    let (directory, store) = store().await;
    let (signer, _, pem) = operator(&PKCS_ED25519);
    let path = |name: &str| directory.path().join(name);
    std::fs::write(path("operator.pub"), pem).unwrap();
    std::fs::write(path("values.json"), document(1, "")).unwrap();
    let mut config = Config::default();
    config.reference_values.signer = path("operator.pub");
    config.reference_values.file = path("values.json");
    let refused = References::load(&config, &store, NOW).await.unwrap_err();
    assert!(
        matches!(
            refused,
            LoadError::Refused {
                error: ReferenceFileError::Unsigned,
                ..
            }
        ),
        "{refused}"
    );
    std::fs::write(path("values.json"), file(1).seal(&signer).unwrap()).unwrap();
    let references = References::load(&config, &store, NOW).await.unwrap();
    assert_eq!(references.of("").unwrap().version(), 1);
    config.reference_values.file = path("missing.json");
    assert!(matches!(
        References::load(&config, &store, NOW).await,
        Err(LoadError::File { .. })
    ));
}

/// Whoever can write to the store cannot put values there that the operator never signed.
#[tokio::test]
async fn with_a_signer_configured_what_the_store_holds_has_to_be_signed() {
    let (directory, store) = store().await;
    let (signer, key, pem) = operator(&PKCS_ED25519);
    let (stranger, strangers_key, _) = operator(&PKCS_ED25519);
    let signer_path = directory.path().join("operator.pub");
    std::fs::write(&signer_path, pem).unwrap();
    let mut config = Config::default();
    config.reference_values.signer = signer_path;
    let refused = async || {
        References::load(&config, &store, NOW)
            .await
            .map(|references| references.of("").map(|values| values.version()))
            .map_err(|error| error.to_string())
    };

    take(&store, "", &file(1), "import", NOW).await.unwrap();
    assert_eq!(
        refused().await,
        Err(
            "the stored reference values of version 1 do not count: the reference values are not signed, and have to \
             be by the operator's key; take in their signed file again, or a newer one"
                .to_owned()
        )
    );

    let sealed = |version, signer: &OperatorSigner, key: &OperatorKey| {
        ReferenceFile::read(&file(version).seal(signer).unwrap(), Some(key)).unwrap()
    };
    let other = sealed(2, &stranger, &strangers_key);
    take(&store, "", &other, "import", NOW).await.unwrap();
    let told = refused().await.unwrap_err();
    assert!(
        told.starts_with("the stored reference values of version 2 do not count: "),
        "{told}"
    );

    take(&store, "", &sealed(3, &signer, &key), "import", NOW)
        .await
        .unwrap();
    assert_eq!(refused().await, Ok(Some(3)));

    // What was unsigned is signed since: the same version counts.
    take(&store, "", &file(4), "import", NOW).await.unwrap();
    assert!(refused().await.is_err());
    let signed_since = take(&store, "", &sealed(4, &signer, &key), "import", NOW).await;
    assert_eq!(signed_since.unwrap(), Taken::Known);
    assert_eq!(refused().await, Ok(Some(4)));

    // Without a key the service trusts its store, also for what was signed when it was imported.
    let trusting = References::load(&Config::default(), &store, NOW).await.unwrap();
    assert_eq!(trusting.of("").unwrap().version(), 4);
}
