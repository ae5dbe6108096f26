//! `attestry forge`: fields, mistakes, determinism.

mod common;

use common::{Forged, attestry, attestry_in};

#[test]
fn a_field_is_set_by_name_and_listed() {
    let fields = attestry(&["forge", "fields", "--json"]).exits(0).json();
    let names: Vec<_> = fields["sgx_quote"]
        .as_array()
        .unwrap()
        .iter()
        .map(|field| field["name"].as_str().unwrap())
        .collect();
    assert!(
        names.contains(&"report.isvsvn") && names.contains(&"pck.component_01"),
        "{names:?}"
    );

    let forged = Forged::new();
    let set = ["--set", "report.isvsvn=9", "--set", "report.debug=true"];
    forged
        .attestry(&[&["forge", "sgx-quote", "--out", "set.bin"], &set[..]].concat())
        .exits(0);
    let args = [
        "verify",
        "--json",
        "--type",
        "sgx-enclave",
        "set.bin",
        "--collateral",
        "sgx-collateral.json",
        "--root",
        "root.pem",
    ];
    let claims = forged.attestry(&args).exits(0).json()["claims"].clone();
    assert_eq!(
        (&claims["x-ms-sgx-svn"], &claims["x-ms-sgx-is-debuggable"]),
        (&9.into(), &true.into())
    );
}

#[test]
fn a_mistake_in_a_field_is_told_and_exits_2() {
    let directory = tempfile::tempdir().unwrap();
    for (set, said) in [
        ("report.nonsense=1", "forge fields"),
        ("report.isvsvn=70000", "65535"),
        ("report.mrenclave=00", "32 bytes"),
        ("report.isvsvn", "FIELD=VALUE"),
    ] {
        let run = attestry_in(
            directory.path(),
            &["forge", "sgx-quote", "--set", set, "--out", "q.bin"],
        )
        .exits(2);
        assert!(run.stderr.contains(said), "{set}: {}", run.stderr);
    }
    attestry_in(
        directory.path(),
        &[
            "forge",
            "tdx-quote",
            "--version",
            "4",
            "--body",
            "td15",
            "--out",
            "q.bin",
        ],
    )
    .exits(2);
    attestry_in(
        directory.path(),
        &["forge", "sgx-quote", "--out", "no/such/directory"],
    )
    .exits(3);
}

#[test]
fn every_version_and_body_verifies_under_both_authorities() {
    let forged = Forged::new();
    for ca in ["processor", "platform"] {
        for tee in ["sgx", "tdx"] {
            let out = format!("{tee}.json");
            forged
                .attestry(&["forge", "collateral", "--tee", tee, "--ca", ca, "--out", &out])
                .exits(0);
        }
        let sgx = [["--version", "3"], ["--version", "4"], ["--version", "5"]];
        let tdx = [
            ["--body", "td10"],
            ["--version", "5"],
            ["--body", "td15"],
            ["--body", "td15-extended"],
        ];
        let cases = sgx.iter().map(|more| ("sgx", "sgx-enclave", more));
        for (tee, kind, more) in cases.chain(tdx.iter().map(|more| ("tdx", "tdx-vm", more))) {
            let quote = format!("{tee}-quote");
            forged
                .attestry(&["forge", &quote, "--ca", ca, more[0], more[1], "--out", "q.bin"])
                .exits(0);
            let collateral = format!("{tee}.json");
            let args = [
                "verify",
                "--type",
                kind,
                "q.bin",
                "--collateral",
                &collateral,
                "--root",
                "root.pem",
            ];
            let run = forged.attestry(&args).exits(0);
            assert!(
                run.stdout.contains("UpToDate"),
                "{tee} {more:?} {ca}: {}",
                run.stdout
            );
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_root_and_another_seed_another() {
    let key = |seed: &[&str]| {
        let pem = attestry(&[&["forge", "root", "--out", "-"], seed].concat())
            .exits(0)
            .stdout;
        let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        let der = attestry_api::b64::decode_lenient(&body).unwrap();
        attestry_api::spki::spki_of_certificate(&der).unwrap().to_vec()
    };
    assert_eq!(key(&[]), key(&[]));
    assert_eq!(key(&["--seed", "other"]), key(&["--seed", "other"]));
    assert_ne!(key(&["--seed", "other"]), key(&[]));
}

#[test]
fn a_windows_boot_is_claims_for_a_policy() {
    let directory = tempfile::tempdir().unwrap();
    let policy = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../cookbook/tpm/windows-health.policy.txt"
    );
    let evaluate = |set: &[&str]| {
        let mint = [&["forge", "windows-events", "--out", "claims.json"], set].concat();
        attestry_in(directory.path(), &mint).exits(0);
        let eval = ["policy", "eval", policy, "--claims", "claims.json", "--json"];
        let answer = attestry_in(directory.path(), &eval).exits(0).json();
        let issued = answer["outgoing"].as_array().unwrap();
        let find = |name: &str| issued.iter().find(|claim| claim["type"] == name).unwrap()["value"].clone();
        (find("secureBootEnabled"), find("iommuEnabled"))
    };
    assert_eq!(evaluate(&[]), (true.into(), true.into()));
    let set = ["--set", "secure_boot=false", "--set", "iommu=none"];
    assert_eq!(evaluate(&set), (false.into(), false.into()));

    let wrong = [
        "forge",
        "windows-events",
        "--set",
        "iommu=maybe",
        "--out",
        "claims.json",
    ];
    let run = attestry_in(directory.path(), &wrong).exits(2);
    assert!(run.stderr.contains("true or false"), "{}", run.stderr);
}
