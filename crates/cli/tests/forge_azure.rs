//! `attestry forge` for AMD and Azure: SEV-SNP reports, certificates, HCL reports, UVM endorsements.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod common;

use std::path::Path;

use attestry_api::{b64, hex};
use aws_lc_rs::digest::{SHA256, digest};
use common::attestry_in;

fn directory() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("runtime.json"), br#"{"key":"value"}"#).unwrap();
    directory
}

fn minted(directory: &Path, args: &[&str], out: &str) -> Vec<u8> {
    attestry_in(directory, &[&["forge"], args, &["--out", out]].concat()).exits(0);
    std::fs::read(directory.join(out)).unwrap()
}

fn sha256(bytes: &[u8]) -> Vec<u8> {
    digest(&SHA256, bytes).as_ref().to_vec()
}

#[test]
fn a_report_says_what_was_asked_for() {
    let directory = directory();
    let args = [
        "snp-report",
        "--product",
        "genoa",
        "--report-version",
        "5",
        "--tcb",
        "5417000000000a0b",
        "--runtime-data",
        "runtime.json",
        "--init-time-data",
        "runtime.json",
        "--set",
        "report.vmpl=1",
        "--vek-out",
        "vek.pem",
    ];
    let report = minted(directory.path(), &args, "report.bin");
    assert_eq!(report.len(), 1184);
    assert_eq!(report[0], 5);
    assert_eq!(report[0x30], 1);
    assert_eq!(hex::encode(&report[0x180..0x188]), "0b0a000000001754");
    assert_eq!(report[0x188..0x18A], [0x19, 0x11]);
    let hash = sha256(br#"{"key":"value"}"#);
    assert_eq!(report[0x50..0x70], hash);
    assert_eq!(report[0xC0..0xE0], hash);
    let chain = std::fs::read_to_string(directory.path().join("vek.pem")).unwrap();
    assert_eq!(chain.matches("BEGIN CERTIFICATE").count(), 3);
}

#[test]
fn chips_and_providers_sign() {
    let directory = directory();
    let chip = [
        "snp-report",
        "--product",
        "turin",
        "--chip-id",
        "0102030405060708",
    ];
    let report = minted(directory.path(), &chip, "chip.bin");
    assert_eq!(hex::encode(&report[0x1A0..0x1AA]), "01020304050607080000");
    let provider = ["snp-report", "--vlek", "cloud.example"];
    let report = minted(directory.path(), &provider, "provider.bin");
    assert_eq!(report[0x1A0..0x1E0], [0; 64]);
    assert_eq!(report[0x48], 4);
}

#[test]
fn mistakes_are_told_and_exit_2() {
    let directory = directory();
    for (args, said) in [
        (&["snp-report", "--chip-id", "0102"][..], "64 bytes"),
        (&["snp-report", "--tcb", "12"][..], "16 hexadecimal digits"),
        (&["snp-report", "--set", "report.nonsense=1"][..], "forge fields"),
        (&["snp-report", "--product", "rome"][..], "milan"),
        (&["hcl-report", "--set", "data.hash_type=x"][..], "number"),
        (&["uvm-endorsement", "--measurement", "xyz"][..], "hexadecimal"),
    ] {
        let run = attestry_in(directory.path(), &[&["forge"], args, &["--out", "x"]].concat()).exits(2);
        assert!(run.stderr.contains(said), "{args:?}: {}", run.stderr);
    }
}

#[test]
fn evidence_carries_report_certificates_and_endorsements() {
    let directory = directory();
    let measurement = "ab".repeat(48);
    let endorsement = minted(
        directory.path(),
        &[
            "uvm-endorsement",
            "--measurement",
            &measurement,
            "--root-out",
            "root.pem",
        ],
        "uvm.cose",
    );
    assert_eq!(endorsement[..2], [0xD2, 0x84]);
    assert!(directory.path().join("root.pem").exists());
    let set = format!("report.measurement={measurement}");
    let args = ["snp-evidence", "--crlf", "--uvm", "uvm.cose", "--set", &set];
    let evidence: serde_json::Value =
        serde_json::from_slice(&minted(directory.path(), &args, "snp.json")).unwrap();
    let member = |name: &str| b64::decode_url(evidence[name].as_str().unwrap()).unwrap();
    assert_eq!(hex::encode(&member("SnpReport")[0x90..0xC0]), measurement);
    assert!(member("VcekCertChain").starts_with(b"-----BEGIN CERTIFICATE-----\r\n"));
    let endorsements: serde_json::Value = serde_json::from_slice(&member("Endorsements")).unwrap();
    let carried = b64::decode_url(endorsements["Uvm"][0].as_str().unwrap()).unwrap();
    assert_eq!(carried, endorsement);
}

#[test]
fn an_hcl_report_goes_with_its_evidence_and_claims() {
    let directory = directory();
    let read = |name: &str| std::fs::read(directory.path().join(name)).unwrap();
    let args = [
        "hcl-report",
        "--evidence-out",
        "evidence",
        "--claims-out",
        "claims.json",
    ];
    let hcl = minted(directory.path(), &args, "hcl.bin");
    let evidence: serde_json::Value = serde_json::from_slice(&read("evidence")).unwrap();
    let report = b64::decode_url(evidence["SnpReport"].as_str().unwrap()).unwrap();
    assert_eq!(hcl[32..1216], report);
    let claims = read("claims.json");
    assert_eq!(hcl[1236..1236 + claims.len()], claims);
    assert_eq!(report[0x50..0x70], sha256(&claims));

    let hcl = minted(
        directory.path(),
        &[&args[..], &["--tee", "tdx"]].concat(),
        "tdx.bin",
    );
    let quote = read("evidence");
    // REPORTDATA of the quote (48 + 520) and of the TDREPORT (32 + 128).
    assert_eq!(quote[568..632], hcl[160..224]);
    assert_eq!(hcl[160..192], sha256(&read("claims.json")));

    let own = ["hcl-report", "--runtime-data", "runtime.json"];
    let hcl = minted(directory.path(), &own, "own.bin");
    assert_eq!(hcl[1236..1251], *br#"{"key":"value"}"#);
    assert_eq!(hcl[32 + 0x50..32 + 0x70], sha256(br#"{"key":"value"}"#));
}

#[test]
fn an_endorsement_takes_its_form() {
    let directory = directory();
    let args = [
        "uvm-endorsement",
        "--measurement",
        &"ab".repeat(48),
        "--form",
        "cwt",
        "--set",
        "feed=ConfAKS-AMD-UVM",
    ];
    let stamped = minted(directory.path(), &args, "stamped.cose");
    let bare = minted(
        directory.path(),
        &[&args[..], &["--no-time-stamp"]].concat(),
        "bare.cose",
    );
    let contains = |bytes: &[u8], text: &[u8]| bytes.windows(text.len()).any(|window| window == text);
    for endorsement in [&stamped, &bare] {
        assert!(contains(endorsement, b"application/octet-stream"));
        assert!(contains(endorsement, b"ConfAKS-AMD-UVM"));
    }
    assert!(contains(&stamped, b"timestamp"));
    assert!(!contains(&bare, b"timestamp"));
}

#[test]
fn certificates_and_lists_are_written_for_every_line() {
    let directory = directory();
    let args = ["forge", "amd-certificates", "--json", "--out", "amd"];
    let answer = attestry_in(directory.path(), &args).exits(0).json();
    let files = answer["files"].as_array().unwrap();
    assert_eq!(files.len(), 12);
    for line in ["milan", "genoa", "turin"] {
        for name in ["ark.pem", "ask.pem", "asvk.pem", "crl.der"] {
            let path = directory.path().join("amd").join(format!("{line}-{name}"));
            assert!(path.exists(), "{}", path.display());
        }
    }
    let args = [
        "forge",
        "amd-certificates",
        "--json",
        "--product",
        "siena",
        "--revoke",
        "020002",
        "--out",
        "genoa",
    ];
    let answer = attestry_in(directory.path(), &args).exits(0).json();
    assert_eq!(answer["files"].as_array().unwrap().len(), 4);
    let list = std::fs::read(directory.path().join("genoa/genoa-crl.der")).unwrap();
    assert!(list.windows(5).any(|window| window == [2, 3, 2, 0, 2]));
}
