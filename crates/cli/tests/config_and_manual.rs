//! `attestry config check`, shell completions and manual pages.

mod common;

use std::process::Command;

use common::{attestry, attestry_in};

#[test]
fn a_good_configuration_is_printed_as_it_takes_effect() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("attestry.toml");
    std::fs::write(
        &file,
        "[server]\nlisten = \"127.0.0.1:9443\"\n\n[collateral]\nsources = []\n",
    )
    .unwrap();
    let text = attestry_in(directory.path(), &["config", "check", "attestry.toml"]).exits(0);
    assert!(
        text.stdout.contains("listen = \"127.0.0.1:9443\"") && text.stdout.contains("max_connections"),
        "{}",
        text.stdout
    );

    let output = Command::new(env!("CARGO_BIN_EXE_attestry"))
        .args(["config", "check", "attestry.toml", "--json"])
        .env("ATTESTRY_SERVER__LISTEN", "127.0.0.1:1234")
        .env("ATTESTRY_STORE__KEY_ENCRYPTION_KEY", "00".repeat(32))
        .current_dir(directory.path())
        .output()
        .unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["config"]["server"]["listen"], "127.0.0.1:1234");
    assert_eq!(report["overrides"][0], "ATTESTRY_SERVER__LISTEN");
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(
        !printed.contains(&"00".repeat(32)),
        "a key must not be printed: {printed}"
    );
}

#[test]
fn a_bad_configuration_names_the_key() {
    let directory = tempfile::tempdir().unwrap();
    for (text, key) in [
        ("[server]\nlisten_on = \"127.0.0.1:1\"\n", "server"),
        ("[server]\nmax_connections = 0\n", "server.max_connections"),
        ("[[provider]]\nname = \"x\"\n", "provider[0].name"),
    ] {
        std::fs::write(directory.path().join("bad.toml"), text).unwrap();
        let report = attestry_in(directory.path(), &["config", "check", "bad.toml", "--json"])
            .exits(1)
            .json();
        assert_eq!(report["valid"], false, "{text}");
        assert!(
            report["error"]["message"].as_str().unwrap().contains(key),
            "{text}: {report}"
        );
    }
    attestry_in(directory.path(), &["config", "check", "missing.toml"]).exits(2);
}

#[test]
fn completions_are_generated_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = attestry(&["completions", shell]).exits(0).stdout;
        assert!(
            script.contains("verify") && script.contains("collateral"),
            "{shell}"
        );
    }
    attestry(&["completions", "tcsh"]).exits(2);
}

#[test]
fn manual_pages_are_generated_for_every_command() {
    let directory = tempfile::tempdir().unwrap();
    attestry_in(directory.path(), &["man", "pages"]).exits(0);
    for page in [
        "attestry.1",
        "attestry-demo.1",
        "attestry-verify.1",
        "attestry-token-verify.1",
        "attestry-forge-sgx-quote.1",
    ] {
        let text = std::fs::read_to_string(directory.path().join("pages").join(page)).unwrap();
        assert!(text.contains(".TH"), "{page}");
    }
}
