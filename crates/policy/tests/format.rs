//! Published policies in canonical form.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::PathBuf;

use attestry_policy::{Policy, defaults, format};

/// What does not depend on the layout: the result of compiling, without places.
fn findings(text: &str) -> (bool, Vec<(&'static str, String)>) {
    /// Forms that are accepted and that formatting mends.
    const MENDED: [&str; 3] = ["single-equals", "positional-type", "unusual-case"];
    let compiled = Policy::compile(text);
    let is_accepted = compiled.is_ok();
    let findings = compiled.map_or_else(|findings| findings, |policy| policy.warnings().to_vec());
    let findings = findings
        .into_iter()
        .filter(|finding| !MENDED.contains(&finding.code))
        .map(|finding| (finding.code, finding.message))
        .collect();
    (is_accepted, findings)
}

#[test]
fn published_policies_keep_their_meaning_and_their_form_is_stable() {
    let mut count = 0;
    for (name, text) in published() {
        // Some published texts are not policies; the formatter says so as the compiler does.
        let Ok(once) = format(&text) else {
            assert!(Policy::compile(&text).is_err(), "{name}");
            continue;
        };
        assert_eq!(format(&once).unwrap(), once, "{name}");
        assert_eq!(findings(&once), findings(&text), "{name}");
        assert_eq!(
            once.matches("//").count(),
            text.matches("//").count(),
            "{name}: comments"
        );
        count += 1;
    }
    eprintln!("{count} published policies formatted");
}

#[test]
fn the_default_policy_reads_well_in_canonical_form() {
    assert_eq!(
        format(defaults::SNP).unwrap(),
        "version=1.0;\n\nauthorizationrules {\n    => permit();\n};\n"
    );
    assert_eq!(
        format(defaults::SGX).unwrap().lines().nth(10).unwrap(),
        "issuancerules {"
    );
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
            let text = std::fs::read_to_string(&path).unwrap();
            // A fragment is rules without the sections around them.
            let text = if name.contains(".fragment.") {
                format!("version=1.2;\nauthorizationrules{{ => permit(); }};\nissuancerules{{\n{text}\n}};\n")
            } else {
                text
            };
            policies.push((name, text));
        }
    }
    policies
}
