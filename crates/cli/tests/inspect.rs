//! `attestry inspect`: every kind of file is recognised and decoded.

#![expect(clippy::panic, reason = "a test ends where something unexpected happens")]

mod common;

use common::{Forged, attestry_fed};
use serde_json::Value;

/// The node at a path of names.
fn find<'a>(node: &'a Value, path: &str) -> &'a Value {
    path.split('/').fold(node, |node, name| {
        let children = node["children"]
            .as_array()
            .unwrap_or_else(|| panic!("no children above `{name}` in {path}"));
        children
            .iter()
            .find(|child| child["name"] == name)
            .unwrap_or_else(|| panic!("no `{name}` of {path}"))
    })
}

#[test]
fn the_kind_of_a_file_is_recognised() {
    let forged = Forged::new();
    let collateral: Value = serde_json::from_slice(&forged.read("sgx-collateral.json")).unwrap();
    let text = |name: &str| collateral[name].as_str().unwrap().to_owned();
    forged.write("chain.pem", text("tcb_info_issuer_chain").as_bytes());
    forged.write(
        "root.crl",
        &attestry_api::hex::decode(&text("root_ca_crl")).unwrap(),
    );
    forged.write("root.crl.hex", text("root_ca_crl").as_bytes());
    forged.write(
        "tcb.json",
        format!(r#"{{"tcbInfo":{},"signature":"00"}}"#, text("tcb_info")).as_bytes(),
    );
    forged.write(
        "qe.json",
        format!(
            r#"{{"enclaveIdentity":{},"signature":"00"}}"#,
            text("qe_identity")
        )
        .as_bytes(),
    );
    forged.write("token.jwt", b"eyJhbGciOiJub25lIn0.eyJpc3MiOiJodHRwczovL2EifQ.");
    forged.write(
        "answer.json",
        br#"{"token":"eyJhbGciOiJub25lIn0.eyJpc3MiOiJodHRwczovL2EifQ."}"#,
    );
    forged.write(
        "quote.b64",
        attestry_api::b64::encode_url(&forged.read("quote.bin")).as_bytes(),
    );
    for (file, kind) in [
        ("quote.bin", "quote"),
        ("quote.b64", "quote"),
        ("tdquote.bin", "quote"),
        ("report.bin", "open-enclave"),
        ("evidence.bin", "open-enclave"),
        ("root.pem", "certificate"),
        ("chain.pem", "certificate"),
        ("root.crl", "crl"),
        ("root.crl.hex", "crl"),
        ("tcb.json", "tcb-info"),
        ("qe.json", "qe-identity"),
        ("sgx-collateral.json", "collateral"),
        ("token.jwt", "token"),
        ("answer.json", "token"),
    ] {
        let json = forged.attestry(&["inspect", file, "--json"]).exits(0).json();
        assert_eq!(json["type"], kind, "{file}");
        let text = forged.attestry(&["inspect", file]).exits(0).stdout;
        assert!(text.lines().count() > 3, "{file}: {text}");
    }
}

#[test]
fn a_quote_is_a_tree_with_offsets_sizes_and_values() {
    let forged = Forged::new();
    forged
        .attestry(&[
            "forge",
            "sgx-quote",
            "--set",
            "report.isvsvn=7",
            "--out",
            "seven.bin",
        ])
        .exits(0);
    let tree = forged
        .attestry(&["inspect", "seven.bin", "--json"])
        .exits(0)
        .json()["tree"]
        .clone();
    // Intel SGX ECDSA quote: the report body is at 48, its ISVSVN at 258.
    let svn = find(&tree, "body/isv_svn");
    assert_eq!(
        (&svn["offset"], &svn["length"], &svn["value"]),
        (&306.into(), &2.into(), &"7".into())
    );
    let text = forged.attestry(&["inspect", "seven.bin"]).exits(0).stdout;
    let line = text.lines().find(|line| line.contains("isv_svn")).unwrap();
    assert_eq!(
        line.split_whitespace().collect::<Vec<_>>(),
        ["000132", "2", "│", "├─", "isv_svn", "7"]
    );
}

#[test]
fn long_values_are_cut_unless_all_is_asked_for() {
    let forged = Forged::new();
    let zeros = "0".repeat(128);
    assert!(
        !forged
            .attestry(&["inspect", "quote.bin"])
            .exits(0)
            .stdout
            .contains(&zeros)
    );
    assert!(
        forged
            .attestry(&["inspect", "quote.bin", "--full"])
            .exits(0)
            .stdout
            .contains(&zeros)
    );
}

#[test]
fn a_broken_file_is_refused_and_an_unknown_one_is_unreadable() {
    let forged = Forged::new();
    forged.write("cut.bin", &forged.read("quote.bin")[..600]);
    let broken = forged.attestry(&["inspect", "cut.bin"]).exits(1);
    assert!(broken.stderr.contains("`cut.bin`"), "{}", broken.stderr);
    forged.write("notes.txt", b"just some words");
    let unknown = forged.attestry(&["inspect", "notes.txt"]).exits(2);
    assert!(unknown.stderr.contains("--type"), "{}", unknown.stderr);
    forged.attestry(&["inspect", "missing.bin"]).exits(2);
}

#[test]
fn standard_input_is_read_and_a_closed_reader_is_no_failure() {
    let forged = Forged::new();
    let run = attestry_fed(
        forged.path(),
        &["inspect", "-", "--json"],
        &forged.read("quote.bin"),
    )
    .exits(0);
    assert_eq!(run.json()["type"], "quote");
}
