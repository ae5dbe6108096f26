//! Published policies in canonical form.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod samples;

use attestry_policy::{Policy, defaults, format};
use samples::published;

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
