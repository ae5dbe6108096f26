//! `attestry reference`: files of reference values checked, signed, imported, and compared with minted evidence.

#![expect(
    clippy::unwrap_used,
    reason = "a test ends where something unexpected happens"
)]

mod common;

use std::path::Path;

use attestry_api::hex;
use common::{Run, attestry_in};
use serde_json::{Value, json};
use tempfile::TempDir;

/// When the minted evidence is good.
const AT: &str = "2026-01-15T00:00:00Z";

/// A directory with a minted guest, and reference values for it.
struct Operator(TempDir);

impl Operator {
    fn new() -> Self {
        let operator = Self(TempDir::new().unwrap());
        operator.write("runtime.json", br#"{"keys": []}"#);
        let report = [
            "forge",
            "snp-report",
            "--at",
            AT,
            "--runtime-data",
            "runtime.json",
            "--vek-out",
            "chain.pem",
            "--out",
            "report.bin",
        ];
        operator.attestry(&report).exits(0);
        let authorities = ["forge", "amd-certificates", "--product", "milan", "--out", "amd"];
        operator.attestry(&authorities).exits(0);
        operator.write_values(&operator.values(1));
        operator
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn attestry(&self, args: &[&str]) -> Run {
        attestry_in(self.path(), args)
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.path().join(name), bytes).unwrap();
    }

    /// Values that the minted guest meets.
    fn values(&self, version: u64) -> Value {
        let report = std::fs::read(self.path().join("report.bin")).unwrap();
        json!({
            "version": version,
            "issued": "2026-01-01T00:00:00Z",
            "expires": "2026-04-01T00:00:00Z",
            "hcl": { "snp": [{ "name": "hcl", "id_key_digest": hex::encode(report.get(0xE0..0x110).unwrap()) }] },
            "tcb_floors": { "Milan": { "snp": 1 } },
        })
    }

    fn write_values(&self, values: &Value) {
        self.write("reference.json", values.to_string().as_bytes());
    }

    /// A key pair of the operator's, `operator.pem` and `operator.pub`.
    fn make_key(&self) {
        let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
        self.write("operator.pem", pair.serialize_pem().as_bytes());
        self.write("operator.pub", pair.public_key_pem().as_bytes());
    }

    fn sign(&self) -> Run {
        self.attestry(&[
            "reference",
            "sign",
            "reference.json",
            "--key",
            "operator.pem",
            "--out",
            "signed.json",
        ])
    }

    fn import(&self) -> Run {
        self.attestry(&[
            "reference",
            "import",
            "signed.json",
            "--operator-key",
            "operator.pub",
            "--data",
            "data",
        ])
    }

    fn compare(&self, more: &[&str]) -> Run {
        let compare = [
            "reference",
            "match",
            "--type",
            "sev-snp-vm",
            "report.bin",
            "--vek",
            "chain.pem",
            "--root",
            "amd/milan-ark.pem",
            "--intermediate",
            "amd/milan-ask.pem",
            "--at",
            AT,
            "--reference",
            "reference.json",
        ];
        self.attestry(&[&compare[..], more].concat())
    }
}

#[test]
fn a_match_is_told_field_by_field() {
    let operator = Operator::new();
    let runtime = ["--runtime-data", "runtime.json"];
    let text = operator.compare(&runtime).exits(0).stdout;
    assert!(text.starts_with("azure-compliant-cvm\n"), "{text}");

    let mut values = operator.values(1);
    values["tcb_floors"]["Milan"]["snp"] = json!(255);
    operator.write_values(&values);
    let text = operator.compare(&runtime).exits(1).stdout;
    assert!(text.starts_with("no compliance status\n"), "{text}");
    for line in [
        "✗ tcb_floors Milan",
        "expected at least 255",
        "found    24",
        "✓ hcl hcl",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }

    let json = operator.compare(&["--json"]).exits(1).json();
    assert_eq!(json["compliance"], Value::Null);
    assert_eq!(json["matched"], json!(["hcl"]));
    let comparisons = json["comparisons"].as_array().unwrap();
    let missed: Vec<_> = comparisons
        .iter()
        .filter(|comparison| comparison["matched"] == false)
        .map(|comparison| &comparison["name"])
        .collect();
    assert_eq!(missed, ["runtime-data", "Milan"]);
}

#[test]
fn evidence_that_is_refused_is_compared_with_nothing() {
    let operator = Operator::new();
    let mut report = std::fs::read(operator.path().join("report.bin")).unwrap();
    report[0x90] ^= 1;
    operator.write("report.bin", &report);
    let refused = operator.compare(&[]).exits(1);
    assert!(refused.stdout.is_empty());
    assert!(
        refused.stderr.contains("the evidence is refused"),
        "{}",
        refused.stderr
    );
}

#[test]
fn signed_values_are_imported_and_never_go_back() {
    let operator = Operator::new();
    operator.make_key();
    for version in [3, 5] {
        operator.write_values(&operator.values(version));
        operator.sign().exits(0);
        operator.import().exits(0);
    }
    operator.write_values(&operator.values(4));
    operator.sign().exits(0);
    let refused = operator.import().exits(1);
    assert!(
        refused.stderr.contains("version 4 is older than version 5"),
        "{}",
        refused.stderr
    );
    let shown = operator
        .attestry(&["reference", "show", "--data", "data", "--at", AT, "--json"])
        .exits(0)
        .json();
    assert_eq!(shown["version"], 5);
    assert_eq!(shown["current"], true);
    let versions: Vec<_> = shown["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| &entry["version"])
        .collect();
    assert_eq!(versions, [5, 3]);
    let none = ["reference", "show", "--data", "data", "--provider", "contoso"];
    operator.attestry(&none).exits(1);
}

#[test]
fn only_what_the_operator_signed_is_imported() {
    let operator = Operator::new();
    operator.make_key();
    operator.write("signed.json", operator.values(1).to_string().as_bytes());
    let unsigned = operator.import().exits(1);
    assert!(unsigned.stderr.contains("not signed"), "{}", unsigned.stderr);

    operator.sign().exits(0);
    operator.make_key();
    let other = operator.import().exits(1);
    assert!(other.stderr.contains("operator's key"), "{}", other.stderr);
}

#[test]
fn a_file_is_checked_with_its_place_and_its_time() {
    let operator = Operator::new();
    let check = |at: &str| operator.attestry(&["reference", "check", "reference.json", "--at", at]);
    let good = check(AT).exits(0).stdout;
    assert!(good.contains("current") && good.contains("hcl"), "{good}");
    let expired = check("2026-04-01T00:00:00Z").exits(1).stdout;
    assert!(expired.contains("expired"), "{expired}");

    let mut values = operator.values(1);
    values["hcl"]["snp"][0]["idkeydigest"] = json!("00");
    operator.write_values(&values);
    let refused = check(AT).exits(1);
    assert!(
        refused
            .stderr
            .contains("`hcl.snp[0].idkeydigest` is not known here"),
        "{}",
        refused.stderr
    );
    // Nothing that is refused is signed.
    operator.make_key();
    operator.sign().exits(1);
}
