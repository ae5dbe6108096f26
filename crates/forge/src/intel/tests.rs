//! Documents against their published form, and certificates and lists against OpenSSL's reading of them.

use std::process::Command;

use super::*;
use crate::{Seed, openssl::openssl, pki};

const NOW: i64 = 1_768_435_200;

fn forge() -> IntelForge {
    IntelForge::new(Seed::default(), NOW)
}

#[test]
fn openssl_reads_the_root() {
    let root = forge().root_certificate_der();
    let Some(text) = openssl(&["x509", "-inform", "DER", "-noout", "-text"], &root) else {
        return;
    };
    assert!(
        text.contains("Subject: CN = Intel SGX Root CA, O = \"Attestry Forge - test only, trust nothing\"")
    );
    assert!(text.contains("NIST CURVE: P-256"));
    assert!(text.contains("CA:TRUE, pathlen:1"));
    assert!(text.contains("Certificate Sign, CRL Sign"));
    assert!(text.contains("Not After : Dec 31 23:59:59 2049 GMT"));
    assert!(text.contains("URI:https://forge.invalid/IntelSGXRootCA.crl"));
}

#[test]
fn openssl_verifies_the_chain_and_notices_revocation() {
    let forge = forge();
    let directory = std::env::temp_dir().join(format!("attestry-forge-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    for ca in [PckCa::Processor, PckCa::Platform] {
        let pck = PckSpec::new(&forge.seed, ca);
        let mut list = forge.pck_crl(ca);
        let trusted = |list: &pki::CrlSpec| {
            forge.root_certificate_pem()
                + &forge.pck_ca(ca).to_pem()
                + &pki::pem("X509 CRL", &forge.root_crl().to_der())
                + &pki::pem("X509 CRL", &list.to_der())
        };
        let file = directory.join(ca.parameter());
        let verify = |list: &pki::CrlSpec| {
            std::fs::write(&file, trusted(list)).unwrap();
            Command::new("openssl")
                .args(["verify", "-crl_check_all", "-attime", &NOW.to_string(), "-CAfile"])
                .arg(&file)
                .arg(leaf_file(&directory, &pck, &forge))
                .output()
        };
        let Ok(good) = verify(&list) else {
            eprintln!("SKIPPED: openssl is not installed");
            return;
        };
        assert!(good.status.success(), "{}", String::from_utf8_lossy(&good.stderr));
        list.revoke(&pck.serial);
        let revoked = verify(&list).unwrap();
        assert!(!revoked.status.success());
        assert!(String::from_utf8_lossy(&revoked.stderr).contains("certificate revoked"));
    }
    std::fs::remove_dir_all(&directory).unwrap();
}

fn leaf_file(directory: &std::path::Path, pck: &PckSpec, forge: &IntelForge) -> std::path::PathBuf {
    let file = directory.join("leaf.pem");
    std::fs::write(&file, pck.certificate(forge).to_pem()).unwrap();
    file
}

#[test]
fn openssl_reads_the_revocation_list() {
    let mut list = forge().pck_crl(PckCa::Platform);
    list.set_number(300);
    list.revoke(&[0xAB, 0xCD]);
    let Some(text) = openssl(&["crl", "-inform", "DER", "-noout", "-text"], &list.to_der()) else {
        return;
    };
    assert!(text.contains("Version 2"));
    assert!(text.contains("CN = Intel SGX PCK Platform CA"));
    assert!(text.contains("Serial Number: ABCD"));
    assert!(text.contains("X509v3 CRL Number: \n                300"));
    assert!(text.contains("Last Update: Jan 14 00:00:00 2026 GMT"));
    assert!(text.contains("Next Update: Feb 13 00:00:00 2026 GMT"));
}

#[test]
fn openssl_reads_the_sgx_extension() {
    let forge = forge();
    let count = |ca| {
        let extension = PckSpec::new(&forge.seed, ca).sgx_extension();
        let text = openssl(&["asn1parse", "-inform", "DER"], &extension)?;
        let entries = text
            .lines()
            .filter(|line| line.contains("d=2") && line.contains("OBJECT"));
        Some((entries.count(), text))
    };
    let Some((platform, text)) = count(PckCa::Platform) else {
        return;
    };
    assert_eq!(platform, 7);
    assert!(text.contains("1.2.840.113741.1.13.1.2.18"));
    assert!(text.contains("1.2.840.113741.1.13.1.7.3"));
    assert!(text.contains("ENUMERATED        :01"));
    assert_eq!(count(PckCa::Processor).unwrap().0, 5);
}

#[test]
fn tcb_info_has_intels_members_in_intels_order() {
    let text = forge()
        .tcb_info_spec(Tee::Tdx, &[0, 0x90, 0x6E, 0xA1, 0, 0], 20)
        .to_json();
    assert!(text.starts_with(
        r#"{"id":"TDX","version":3,"issueDate":"2026-01-14T00:00:00Z","nextUpdate":"2026-02-13T00:00:00Z","fmspc":"00906EA10000","pceId":"0000","tcbType":0,"tcbEvaluationDataNumber":20,"tdxModule":{"mrsigner":"000000"#
    ), "{text}");
    assert!(text.contains(r#""attributes":"0000000000000000","attributesMask":"FFFFFFFFFFFFFFFF"},"tdxModuleIdentities":[{"id":"TDX_01","mrsigner":"#));
    assert!(text.contains(
        r#""tcbLevels":[{"tcb":{"isvsvn":5},"tcbDate":"2024-11-13T00:00:00Z","tcbStatus":"UpToDate"},"#
    ));
    assert!(text.contains(r#""tcbLevels":[{"tcb":{"sgxtcbcomponents":[{"svn":11,"category":"BIOS","type":"Early Microcode Update"},{"svn":11,"category":"OS/VMM","type":"SGX Late Microcode Update"},"#));
    assert!(text.contains(r#"{"svn":0}],"pcesvn":13,"tdxtcbcomponents":[{"svn":5,"category":"OS/VMM","type":"TDX Module"},{"svn":0,"category":"OS/VMM","type":"TDX Module"},{"svn":2,"category":"OS/VMM","type":"TDX Late Microcode Update"},{"svn":0},"#));
    assert!(text.contains(r#""tcbStatus":"SWHardeningNeeded","advisoryIDs":["INTEL-SA-00615"]}"#));
}

#[test]
fn tcb_info_version_2_names_every_component() {
    let text = forge()
        .tcb_info_spec(Tee::Sgx, &[0; 6], 20)
        .into_version_2()
        .to_json();
    assert!(text.starts_with(r#"{"version":2,"issueDate":"#));
    assert!(text.contains(r#"{"tcb":{"sgxtcbcomp01svn":11,"sgxtcbcomp02svn":11,"#));
    assert!(text.contains(r#""sgxtcbcomp16svn":0,"pcesvn":13},"tcbDate""#));
}

#[test]
fn levels_come_highest_first() {
    for (tee, number) in [(Tee::Sgx, 20), (Tee::Sgx, 21), (Tee::Tdx, 20), (Tee::Tdx, 21)] {
        let levels = forge().tcb_info_spec(tee, &[0; 6], number).tcb_levels;
        let keys: Vec<_> = levels
            .iter()
            .map(|l| (l.tcb.sgx_components.clone(), l.tcb.pce_svn))
            .collect();
        assert!(
            keys.is_sorted_by(|above, below| above > below),
            "{tee:?} {number}"
        );
        let statuses: Vec<_> = levels.iter().map(|level| level.tcb_status.as_str()).collect();
        assert!(statuses.contains(&"UpToDate") && statuses.contains(&"Revoked"));
    }
}

#[test]
fn envelopes_split_into_what_they_were_made_of() {
    let forge = forge();
    let envelope = forge
        .enclave_identity_spec("QE", 20)
        .mint(&forge.tcb_signing.subject_key);
    assert!(envelope.starts_with(r#"{"enclaveIdentity":{"id":"QE","version":2,"#));
    let (text, signature) = split_envelope(envelope.as_bytes());
    assert_eq!(text, forge.enclave_identity_spec("QE", 20).to_json());
    assert_eq!(signature.len(), 128);
}

#[test]
fn the_nine_strings_hold_every_document() {
    let collateral = forge().collateral(Tee::Sgx);
    let json: serde_json::Value = serde_json::from_str(&collateral.to_json()).unwrap();
    assert_eq!(json.as_object().unwrap().len(), 9);
    assert_eq!(
        json["root_ca_crl"],
        attestry_api::hex::encode(&collateral.root_ca_crl)
    );
    let rebuilt = format!(
        r#"{{"tcbInfo":{},"signature":"{}"}}"#,
        json["tcb_info"].as_str().unwrap(),
        json["tcb_info_signature"].as_str().unwrap()
    );
    assert_eq!(rebuilt.as_bytes(), collateral.tcb_info);
}
