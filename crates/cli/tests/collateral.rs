//! `attestry collateral` against the forge's collateral server, and files.

mod common;

use common::{CollateralServer, Forged};

#[test]
fn what_is_fetched_verifies_evidence_from_a_file_and_a_directory() {
    let forged = Forged::new();
    let server = CollateralServer::start();
    for (kind, evidence) in [
        ("sgx-enclave", "quote.bin"),
        ("open-enclave", "report.bin"),
        ("tdx-vm", "tdquote.bin"),
    ] {
        for out in ["fetched.json", "fetched/"] {
            let fetch = [
                "collateral",
                "fetch",
                "--for",
                evidence,
                "--from",
                &server.url,
                "--root",
                "root.pem",
                "--out",
                out,
            ];
            forged.attestry(&fetch).exits(0);
            let verify = [
                "verify",
                "--type",
                kind,
                evidence,
                "--collateral",
                out,
                "--root",
                "root.pem",
            ];
            forged.attestry(&verify).exits(0);
        }
    }
}

#[test]
fn early_collateral_is_fetched_when_it_is_asked_for() {
    let forged = Forged::new();
    let server = CollateralServer::start();
    let early = [
        "collateral",
        "fetch",
        "--for",
        "quote.bin",
        "--from",
        &server.url,
        "--root",
        "root.pem",
    ];
    let early = forged
        .attestry(&[&early[..], &["--update", "early", "--out", "-"]].concat())
        .exits(0);
    forged.write("early.json", early.stdout.as_bytes());
    let verify = [
        "verify",
        "--json",
        "--type",
        "sgx-enclave",
        "quote.bin",
        "--collateral",
        "early.json",
        "--root",
        "root.pem",
    ];
    assert_eq!(
        forged.attestry(&verify).exits(0).json()["tcb_status"],
        "OutOfDate"
    );
}

#[test]
fn fetching_fails_with_the_reason() {
    let forged = Forged::new();
    let nobody = {
        let free = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        format!("http://{free}")
    };
    let fetch = |from: &str, root: &[&str]| {
        let args = [
            "collateral",
            "fetch",
            "--for",
            "quote.bin",
            "--from",
            from,
            "--out",
            "c.json",
        ];
        forged.attestry(&[&args[..], root].concat())
    };
    let run = fetch(&nobody, &["--root", "root.pem"]).exits(3);
    assert!(run.stderr.contains("could not be reached"), "{}", run.stderr);
    // Nobody is asked about a platform whose certificate is not genuine.
    fetch(&nobody, &[]).exits(1);
}

#[test]
fn the_status_tells_age_and_expiry_and_exits_1_when_something_is_unusable() {
    let forged = Forged::new();
    let status =
        |args: &[&str]| forged.attestry(&[&["collateral", "status", "--root", "root.pem"], args].concat());
    let file = status(&["sgx-collateral.json", "--json"]).exits(0).json();
    assert_eq!(file["keys"][0]["key"], "sgx-f006e0000000-platform-standard");
    assert_eq!(file["keys"][0]["usable"], true);
    let late = status(&["sgx-collateral.json", "--json", "--at", "2049-01-01T00:00:00Z"])
        .exits(1)
        .json();
    assert_eq!(late["keys"][0]["usable"], false);

    let import = [
        "collateral",
        "import",
        "sgx-collateral.json",
        "--data",
        "store",
        "--root",
        "root.pem",
        "--json",
    ];
    let imported = forged.attestry(&import).exits(0).json();
    assert_eq!(
        imported["imported"][0]["key"],
        "sgx-f006e0000000-platform-standard"
    );
    let held = status(&["--data", "store", "--json"]).exits(0).json();
    assert_eq!(held["keys"][0]["fmspc"], "f006e0000000");
    assert!(held["keys"][0]["held"]["expires_in_seconds"].as_i64().unwrap() > 0);
    let text = status(&["--data", "store"]).exits(0).stdout;
    assert!(
        text.contains("sgx-f006e0000000-platform-standard") && text.contains('✓'),
        "{text}"
    );
}

#[test]
fn collateral_under_another_root_or_older_than_what_is_held_is_not_imported() {
    let forged = Forged::new();
    let import = |file: &str, root: &[&str]| {
        let args = ["collateral", "import", file, "--data", "store"];
        forged.attestry(&[&args[..], root].concat())
    };
    import("sgx-collateral.json", &[]).exits(1);
    import("sgx-collateral.json", &["--root", "root.pem"]).exits(0);
}
