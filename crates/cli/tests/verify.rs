//! `attestry verify`: outcomes, JSON shape and exit status over minted evidence.

#![expect(
    clippy::unwrap_used,
    reason = "a test ends where something unexpected happens"
)]

mod common;

use common::{Forged, Run};
use serde_json::Value;

fn verify(forged: &Forged, args: &str) -> Run {
    let mut all = vec!["verify", "--json", "--root", "root.pem"];
    all.extend(args.split_whitespace());
    forged.attestry(&all)
}

#[test]
fn evidence_of_every_kind_is_appraised() {
    let forged = Forged::new();
    for (kind, file, collateral, claim) in [
        (
            "sgx-enclave",
            "quote.bin",
            "sgx-collateral.json",
            "x-ms-sgx-mrenclave",
        ),
        (
            "SgxEnclave",
            "quote.bin",
            "sgx-collateral.json",
            "x-ms-sgx-mrenclave",
        ),
        (
            "open-enclave",
            "report.bin",
            "sgx-collateral.json",
            "x-ms-sgx-mrenclave",
        ),
        (
            "open-enclave",
            "evidence.bin",
            "sgx-collateral.json",
            "x-ms-sgx-mrenclave",
        ),
        ("tdx-vm", "tdquote.bin", "tdx-collateral.json", "tdx_mrtd"),
    ] {
        let args = format!("--type {kind} {file} --collateral {collateral} --runtime-data runtime.json");
        let report = verify(&forged, &args).exits(0).json();
        assert_eq!(report["outcome"], "appraised", "{file}");
        assert_eq!(report["tcb_status"], "UpToDate", "{file}");
        assert_eq!(report["advisories"], serde_json::json!([]), "{file}");
        assert_eq!(report["error"], Value::Null, "{file}");
        assert!(
            report["warnings"].is_array() && report["claims"][claim].is_string(),
            "{file}: {report}"
        );
    }
}

#[test]
fn evidence_may_be_hexadecimal_or_base64_text() {
    let forged = Forged::new();
    let quote = forged.read("quote.bin");
    forged.write("quote.hex", attestry_api::hex::encode(&quote).as_bytes());
    forged.write("quote.b64", attestry_api::b64::encode_standard(&quote).as_bytes());
    for file in ["quote.hex", "quote.b64"] {
        verify(
            &forged,
            &format!("--type sgx-enclave {file} --collateral sgx-collateral.json"),
        )
        .exits(0);
    }
    let args = [
        "verify",
        "--type",
        "sgx-enclave",
        "-",
        "--collateral",
        "sgx-collateral.json",
        "--root",
        "root.pem",
    ];
    common::attestry_fed(forged.path(), &args, &quote).exits(0);
}

#[test]
fn a_bad_status_alone_is_appraised_and_accept_tcb_refuses_it() {
    let forged = Forged::new();
    forged
        .attestry(&[
            "forge",
            "sgx-quote",
            "--set",
            "pck.component_01=9",
            "--out",
            "old.bin",
        ])
        .exits(0);
    let case = "--type sgx-enclave old.bin --collateral sgx-collateral.json";
    let report = verify(&forged, case).exits(0).json();
    assert_eq!(
        (&report["outcome"], &report["tcb_status"]),
        (&"appraised".into(), &"OutOfDate".into())
    );
    assert_eq!(report["advisories"], serde_json::json!(["INTEL-SA-00657"]));

    let refused = verify(
        &forged,
        &format!("{case} --accept-tcb UpToDate,SWHardeningNeeded"),
    )
    .exits(1)
    .json();
    assert_eq!(
        (&refused["outcome"], &refused["tcb_status"]),
        (&"rejected".into(), &"OutOfDate".into())
    );
    assert_eq!(refused["error"]["code"], "tcb_status_not_accepted");
    assert_eq!(refused["error"]["found"], "OutOfDate");
    assert_eq!(refused["error"]["expected"], "UpToDate, SWHardeningNeeded");

    verify(&forged, &format!("{case} --accept-tcb UpToDate,outofdate")).exits(0);
    let unknown = verify(&forged, &format!("{case} --accept-tcb Fine")).exits(2);
    assert!(unknown.stderr.contains("SWHardeningNeeded"), "{}", unknown.stderr);
}

#[test]
fn a_rejection_says_stage_code_field_expected_and_found() {
    let forged = Forged::new();
    let mut flipped = forged.read("quote.bin");
    flipped[400] ^= 1;
    forged.write("flipped.bin", &flipped);
    forged.write("short.bin", &flipped[..500]);
    forged.write("other.json", br#"{"key":"other"}"#);
    let cases = [
        (
            "--type sgx-enclave flipped.bin --collateral sgx-collateral.json",
            "appraisal",
        ),
        (
            "--type sgx-enclave short.bin --collateral sgx-collateral.json",
            "parse",
        ),
        (
            "--type sgx-enclave quote.bin --collateral sgx-collateral.json --runtime-data other.json",
            "binding",
        ),
        (
            "--type sgx-enclave quote.bin --collateral tdx-collateral.json",
            "collateral",
        ),
        (
            "--type tdx-vm quote.bin --collateral tdx-collateral.json",
            "parse",
        ),
        (
            "--type open-enclave tdquote.bin --collateral tdx-collateral.json",
            "parse",
        ),
        (
            "--type sgx-enclave quote.bin --collateral sgx-collateral.json --at 2010-01-01T00:00:00Z",
            "platform",
        ),
        (
            "--type sgx-enclave quote.bin --collateral sgx-collateral.json --at 4070908800",
            "platform",
        ),
    ];
    for (args, stage) in cases {
        let report = verify(&forged, args).exits(1).json();
        assert_eq!(
            (&report["outcome"], &report["tcb_status"]),
            (&"rejected".into(), &Value::Null),
            "{args}"
        );
        for member in ["stage", "code", "field", "expected", "found", "hint"] {
            assert!(
                report["error"][member].is_string(),
                "{args}: no `{member}` in {report}"
            );
        }
        assert_eq!(report["error"]["stage"], stage, "{args}: {report}");
    }
}

#[test]
fn intels_root_is_the_default_and_forged_evidence_does_not_end_in_it() {
    let forged = Forged::new();
    let args = [
        "verify",
        "--json",
        "--type",
        "sgx-enclave",
        "quote.bin",
        "--collateral",
        "sgx-collateral.json",
    ];
    let report = forged.attestry(&args).exits(1).json();
    assert_eq!(report["error"]["stage"], "platform", "{report}");
}

#[test]
fn collateral_comes_from_a_file_a_directory_or_a_signed_bundle() {
    let forged = Forged::new();
    let root = ["--root", "root.pem"];
    let import = ["collateral", "import", "sgx-collateral.json", "--data", "store"];
    forged.attestry(&[&import[..], &root].concat()).exits(0);
    let key = aws_lc_rs::signature::Ed25519KeyPair::generate().unwrap();
    forged.write("operator.pem", pem("PRIVATE KEY", &pkcs8(&key)).as_bytes());
    forged.write("operator.pub", pem("PUBLIC KEY", &spki(&key)).as_bytes());
    let export = [
        "collateral",
        "export",
        "--data",
        "store",
        "--key",
        "operator.pem",
        "--out",
        "bundle.json",
    ];
    forged.attestry(&[&export[..], &root].concat()).exits(0);

    let case = "--type sgx-enclave quote.bin --collateral bundle.json";
    let unsigned = verify(&forged, case).exits(2);
    assert!(unsigned.stderr.contains("--bundle-key"), "{}", unsigned.stderr);
    verify(&forged, &format!("{case} --bundle-key operator.pub")).exits(0);

    let tampered = String::from_utf8(forged.read("bundle.json")).unwrap().replacen(
        "\"payload\": \"ey",
        "\"payload\": \"eX",
        1,
    );
    forged.write("tampered.json", tampered.as_bytes());
    let tampered = "--type sgx-enclave quote.bin --collateral tampered.json --bundle-key operator.pub";
    verify(&forged, tampered).exits(1);
}

fn pkcs8(key: &aws_lc_rs::signature::Ed25519KeyPair) -> Vec<u8> {
    use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
    let der: Pkcs8V1Der<'_> = key.as_der().unwrap();
    der.as_ref().to_vec()
}

fn spki(key: &aws_lc_rs::signature::Ed25519KeyPair) -> Vec<u8> {
    use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
    use aws_lc_rs::signature::KeyPair;
    let der: PublicKeyX509Der<'_> = key.public_key().as_der().unwrap();
    der.as_ref().to_vec()
}

fn pem(label: &str, der: &[u8]) -> String {
    attestry_api::spki::pem(label, der)
}

#[test]
fn unreadable_input_exits_2_and_says_what_to_do() {
    let forged = Forged::new();
    forged.write("broken.json", b"{\"tcb_info\": ");
    forged.write("empty.bin", b"");
    for (args, said) in [
        ("--type sgx-enclave missing.bin", "`missing.bin`: no such file"),
        ("--type sgx-enclave empty.bin", "`empty.bin` is empty"),
        ("--type sgx-enclave quote.bin", "--collateral"),
        (
            "--type sgx-enclave quote.bin --collateral broken.json",
            "`broken.json` is not a collateral file",
        ),
        (
            "--type sgx-enclave quote.bin --collateral .",
            "no collateral in `.`",
        ),
        (
            "--type sgx-enclave quote.bin --collateral sgx-collateral.json --root runtime.json",
            "--root",
        ),
        (
            "--type sgx-enclave quote.bin --collateral sgx-collateral.json --at yesterday",
            "RFC 3339",
        ),
        (
            "--type sev-snp-vm quote.bin --collateral sgx-collateral.json",
            "--collateral is for quotes",
        ),
        ("--type sev-snp-vm quote.bin", "this is no SNP report: it has"),
        (
            "--type sev-snp-vm quote.bin --accept-tcb UpToDate",
            "--accept-tcb is for quotes",
        ),
        (
            "--type sgx-enclave quote.bin --collateral sgx-collateral.json --crl runtime.json",
            "--crl is for SNP reports",
        ),
        ("--type azure-guest quote.bin", "azure-guest"),
        ("--type toaster quote.bin", "sgx-enclave"),
    ] {
        let run = verify(&forged, args).exits(2);
        assert!(run.stderr.contains(said), "{args}: {}", run.stderr);
        assert!(
            !run.stderr.contains("Error {") && !run.stderr.contains("panicked"),
            "{args}: {}",
            run.stderr
        );
    }
}

#[test]
fn the_text_is_for_people() {
    let forged = Forged::new();
    let args = [
        "verify",
        "--type",
        "sgx-enclave",
        "quote.bin",
        "--collateral",
        "sgx-collateral.json",
        "--root",
        "root.pem",
    ];
    let text = forged.attestry(&args).exits(0).stdout;
    assert!(text.starts_with("appraised: TCB status UpToDate\n"), "{text}");
    assert!(text.contains("x-ms-sgx-mrenclave"), "{text}");
}
