//! Policies as published by MAA's documentation and SDKs, read from the vector directory.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::PathBuf;

use attestry_policy::Policy;

#[test]
fn published_policies_of_the_first_versions_compile() {
    for (name, text) in published().iter().filter(|(_, text)| !is_version_1_2(text)) {
        if let Err(findings) = Policy::compile(text) {
            let rendered: Vec<String> = findings
                .iter()
                .map(|finding| finding.render(name, text))
                .collect();
            panic!("{}", rendered.join("\n"));
        }
    }
}

/// Everything in them is read: apart from the version only what is wrong in them is reported.
#[test]
fn published_policies_of_version_1_2_are_refused_for_their_version() {
    for (name, text) in published().iter().filter(|(_, text)| is_version_1_2(text)) {
        let findings = Policy::compile(text).expect_err(name);
        let codes: Vec<&str> = findings.iter().map(|finding| finding.code).collect();
        assert_eq!(codes[0], "version-not-supported", "{name}");
        let rest = &codes[1..];
        match name.split('-').next().zip(name.split('-').nth(1)) {
            // `issue` among the authorization rules.
            Some(("sample", "10")) => assert_eq!(rest, ["misplaced-action"; 2], "{name}"),
            // `issue("PlatformAttested", ...)`
            Some(("v12", "01")) => assert_eq!(rest, ["positional-type"], "{name}"),
            // A lost condition, and brackets escaped as the documentation's markup does.
            Some(("v12", "recipes")) => {
                assert_eq!(rest[0], "unknown-identifier", "{name}");
                assert_eq!(rest[1..], ["unknown-escape"; 6], "{name}");
            }
            _ => assert!(rest.is_empty(), "{name}: {rest:?}"),
        }
    }
}

fn is_version_1_2(text: &str) -> bool {
    text.replace(' ', "").contains("version=1.2")
}

fn published() -> Vec<(String, String)> {
    let vectors = std::env::var_os("ATTESTRY_VECTORS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors"),
        PathBuf::from,
    );
    let mut policies = Vec::new();
    for directory in ["maa/policies", "tpm/maa/policies"].map(|directory| vectors.join(directory)) {
        let Ok(entries) = std::fs::read_dir(&directory) else {
            eprintln!("SKIPPED: no published policies in {}", directory.display());
            continue;
        };
        for path in entries.map(|entry| entry.unwrap().path()) {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if !name.contains(".fragment.") {
                policies.push((name, std::fs::read_to_string(path).unwrap()));
            }
        }
    }
    policies.sort();
    policies
}
