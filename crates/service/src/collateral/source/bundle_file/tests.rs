use std::path::Path;

use attestry_evidence::dcap::PckCa;
use attestry_evidence::dcap::Tee;
use attestry_evidence::time::UnixTime;
use rcgen::KeyPair;
use tempfile::TempDir;

use super::*;
use crate::collateral::{AmdEntries, BundleEntry, Edition};
use crate::operator::OperatorSigner;

fn key(number: u32) -> CollateralKey {
    CollateralKey {
        tee: Tee::Sgx,
        fmspc: [0; 6],
        ca: PckCa::Platform,
        edition: Edition::Number(number),
    }
}

fn documents(text: &str) -> CollateralDocuments {
    CollateralDocuments {
        tcb_info: text.into(),
        tcb_info_issuer_chain: Vec::new(),
        qe_identity: Vec::new(),
        qe_identity_issuer_chain: Vec::new(),
        root_ca_crl: Vec::new(),
        pck_crl: Vec::new(),
        pck_crl_issuer_chain: Vec::new(),
    }
}

fn write(path: &Path, operator: &KeyPair, text: &str) {
    let bundle = Bundle {
        created_at: UnixTime::new(1_780_000_000),
        entries: vec![BundleEntry {
            key: key(1),
            source: "operator".to_owned(),
            fetched_at: UnixTime::new(1_780_000_000),
            documents: documents(text),
        }],
        amd: AmdEntries::default(),
    };
    let signer = OperatorSigner::from_pem(operator.serialize_pem().as_bytes()).unwrap();
    std::fs::write(path, bundle.seal(&signer).unwrap()).unwrap();
}

fn set_modified(path: &Path, at: SystemTime) {
    File::options()
        .write(true)
        .open(path)
        .unwrap()
        .set_modified(at)
        .unwrap();
}

#[test]
fn the_file_is_read_once_until_it_changes() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("bundle.json");
    let operator = KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    let verifier = OperatorKey::from_pem(operator.public_key_pem().as_bytes()).unwrap();
    let source = BundleFile::new(path.clone(), verifier);
    assert_eq!(source.documents(&key(1)), Err(SourceError::Unreachable));
    write(&path, &operator, "one");
    let written = std::fs::metadata(&path).unwrap();
    let at = written.modified().unwrap();
    assert_eq!(source.documents(&key(1)), Ok(documents("one")));

    // Only a second reading would notice.
    let garbage = vec![b' '; usize::try_from(written.len()).unwrap()];
    std::fs::write(&path, garbage).unwrap();
    set_modified(&path, at);
    assert_eq!(source.documents(&key(1)), Ok(documents("one")));
    assert_eq!(source.documents(&key(2)), Err(SourceError::Unknown));

    set_modified(&path, at + std::time::Duration::from_secs(1));
    let malformed = SourceError::Malformed {
        what: "signed bundle",
    };
    assert_eq!(source.documents(&key(1)), Err(malformed));

    write(&path, &operator, "another");
    set_modified(&path, at + std::time::Duration::from_secs(2));
    assert_eq!(source.documents(&key(1)), Ok(documents("another")));
}
