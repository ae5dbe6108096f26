//! `attestry collateral` for AMD: against the forge's collateral server, and files.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test ends where something unexpected happens"
)]

mod common;

use std::path::Path;

use attestry_api::hex;
use common::{CollateralServer, Run, attestry_in};
use serde_json::{Value, json};
use tempfile::TempDir;

const ROOTS: [&str; 6] = [
    "--root",
    "amd/milan-ark.pem",
    "--root",
    "amd/milan-ask.pem",
    "--root",
    "amd/milan-asvk.pem",
];

/// A directory with a minted report, its certificates and the authorities above.
struct Amd(TempDir);

impl Amd {
    fn new() -> Self {
        let amd = Self(TempDir::new().unwrap());
        let report = [
            "forge",
            "snp-report",
            "--vek-out",
            "chain.pem",
            "--out",
            "report.bin",
        ];
        amd.attestry(&report).exits(0);
        let authorities = ["forge", "amd-certificates", "--product", "milan", "--out", "amd"];
        amd.attestry(&authorities).exits(0);
        amd
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn attestry(&self, args: &[&str]) -> Run {
        attestry_in(self.path(), args)
    }

    fn collateral(&self, args: &[&str]) -> Run {
        self.attestry(&[&["collateral"], args, &ROOTS].concat())
    }

    fn verify(&self, vek: &str) -> Run {
        let verify = [
            "verify",
            "--json",
            "--type",
            "sev-snp-vm",
            "report.bin",
            "--vek",
            vek,
        ];
        self.attestry(
            &[
                &verify[..],
                &["--root", "amd/milan-ark.pem"],
                &["--intermediate", "amd/milan-ask.pem"],
            ]
            .concat(),
        )
    }

    /// CHIP_ID and REPORTED_TCB of the report, as the command line takes them.
    fn key(&self) -> (String, String) {
        let report = std::fs::read(self.path().join("report.bin")).unwrap();
        let tcb = report[0x180..0x188].iter().rev().copied().collect::<Vec<_>>();
        (hex::encode(&report[0x1A0..0x1E0]), hex::encode(&tcb))
    }

    /// The certificates as Azure's metadata service gives them.
    fn write_thim(&self, tcbm: &str) {
        let chain = std::fs::read_to_string(self.path().join("chain.pem")).unwrap();
        let end = "-----END CERTIFICATE-----\n";
        let (vcek, issuers) = chain.split_at(chain.find(end).unwrap() + end.len());
        let thim =
            json!({"vcekCert": vcek, "tcbm": tcbm, "certificateChain": issuers, "cacheControl": "86400"});
        std::fs::write(self.path().join("thim.json"), thim.to_string()).unwrap();
    }
}

#[test]
fn a_fetched_certificate_verifies_the_report_it_is_for() {
    let (amd, server) = (Amd::new(), CollateralServer::start());
    let (chip_id, tcb) = amd.key();
    let from = ["--from", &server.url, "--out", "vcek.pem"];
    let by_key = [
        "fetch",
        "--vcek",
        "--product",
        "milan",
        "--chip-id",
        &chip_id,
        "--tcb",
        &tcb,
    ];
    for what in [&["fetch", "--vcek", "--report", "report.bin"][..], &by_key] {
        amd.collateral(&[what, &from].concat()).exits(0);
        assert_eq!(amd.verify("vcek.pem").exits(0).json()["outcome"], "appraised");
    }
    // AMD's own authorities did not issue it.
    let foreign = ["collateral", "fetch", "--vcek", "--report", "report.bin"];
    amd.attestry(&[&foreign[..], &from].concat()).exits(1);
}

#[test]
fn what_is_to_be_fetched_must_be_said() {
    let amd = Amd::new();
    for wrong in [
        &["fetch", "--out", "-"][..],
        &["fetch", "--vcek", "--out", "-"],
        &["fetch", "--crl", "--out", "-"],
        &["fetch", "--vcek", "--crl", "--product", "milan", "--out", "-"],
        &[
            "fetch",
            "--vcek",
            "--product",
            "milan",
            "--chip-id",
            "0101",
            "--tcb",
            "3",
            "--out",
            "-",
        ],
        &["fetch", "--crl", "--product", "rome", "--out", "-"],
    ] {
        let run = amd.collateral(wrong).exits(2);
        assert!(!run.stderr.is_empty(), "{wrong:?}");
    }
}

#[test]
fn endorsements_travel_in_files_and_bundles_and_are_listed() {
    let (amd, server) = (Amd::new(), CollateralServer::start());
    let crl = ["fetch", "--crl", "--product", "milan", "--from", &server.url];
    amd.collateral(&[&crl[..], &["--out", "milan.crl"]].concat())
        .exits(0);
    let (chip_id, tcb) = amd.key();
    let (vek, crl) = (format!("vcek-milan-{chip_id}-{tcb}"), "crl-milan");
    for (file, key) in [("milan.crl", crl), ("chain.pem", &vek)] {
        let listed = amd.collateral(&["status", file, "--json"]).exits(0).json();
        assert_eq!(
            (&listed["keys"][0]["key"], &listed["keys"][0]["usable"]),
            (&key.into(), &true.into())
        );
        let imported = amd
            .collateral(&["import", file, "--data", "one", "--json"])
            .exits(0)
            .json();
        assert_eq!(imported["imported"][0]["key"], key);
    }
    let status = amd
        .collateral(&["status", "--data", "one", "--json"])
        .exits(0)
        .json();
    assert_eq!(status["amd"]["crls"][0]["product"], "Milan");
    assert!(status["amd"]["crls"][0]["expires_in_seconds"].as_i64().unwrap() > 0);
    assert_eq!(status["amd"]["veks"][0]["chip_id"], chip_id.as_str());
    assert_eq!(status["amd"]["veks"][0]["imported"], true);
    let text = amd.collateral(&["status", "--data", "one"]).exits(0).stdout;
    assert!(
        text.contains(crl) && text.contains(&vek) && text.contains('✓'),
        "{text}"
    );
    // Lists expire within weeks.
    let late = ["status", "--data", "one", "--at", "2049-01-01T00:00:00Z"];
    amd.collateral(&late).exits(1);

    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    std::fs::write(amd.path().join("operator.pem"), key.serialize_pem()).unwrap();
    std::fs::write(amd.path().join("operator.pub"), key.public_key_pem()).unwrap();
    let export = [
        "export",
        "--data",
        "one",
        "--key",
        "operator.pem",
        "--out",
        "bundle.json",
    ];
    amd.collateral(&export).exits(0);
    let import = [
        "import",
        "bundle.json",
        "--bundle-key",
        "operator.pub",
        "--data",
        "two",
    ];
    amd.collateral(&import).exits(0);
    let there = amd
        .collateral(&["status", "--data", "two", "--json"])
        .exits(0)
        .json();
    let of = |status: &Value| {
        (
            status["amd"]["crls"][0]["this_update"].clone(),
            status["amd"]["veks"][0]["tcb"].clone(),
        )
    };
    assert_eq!(of(&there), of(&status));
}

#[test]
fn what_other_authorities_signed_is_not_imported() {
    let amd = Amd::new();
    for file in ["chain.pem", "amd/milan-crl.der"] {
        let run = amd
            .attestry(&["collateral", "import", file, "--data", "store"])
            .exits(1);
        assert!(run.stdout.contains("does not verify"), "{run:?}");
    }
}

#[test]
fn azures_json_serves_as_the_certificate_of_the_version_that_it_names() {
    let amd = Amd::new();
    let (_, tcb) = amd.key();
    amd.write_thim(&tcb.to_ascii_uppercase());
    assert_eq!(amd.verify("thim.json").exits(0).json()["outcome"], "appraised");
    amd.collateral(&["import", "thim.json", "--data", "store"])
        .exits(0);
    amd.write_thim("db18000000000005");
    let run = amd.verify("thim.json").exits(1);
    assert!(run.stderr.contains("db18000000000005"), "{run:?}");
    amd.collateral(&["import", "thim.json", "--data", "store"])
        .exits(1);
}
