use super::*;
use crate::provider::{PolicyError, ProviderMode, StoredPolicy};

const NO_DEBUG: &str = r#"
type = "sgx-enclave"

[[case]]
name = "a debug enclave"
claims = { x-ms-sgx-is-debuggable = true }
expect = "deny"

[[case]]
name = "a release enclave"
claims = { x-ms-sgx-is-debuggable = false }
expect = "permit"
"#;

const STRICT: &str =
    "version=1.0; authorizationrules{ [type==\"x-ms-sgx-is-debuggable\", value==false] => permit(); };";

fn tests(text: &str, required: bool) -> Result<PolicyTests, PolicyTestsError> {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("no-debug.test.toml");
    std::fs::write(&file, text).unwrap();
    PolicyTests::load(&[file.to_string_lossy().into_owned()], required)
}

fn accept(text: &str, kind: AttestationType, tests: &PolicyTests) -> Result<(), PolicyError> {
    let limits = Limits::default();
    let policy = StoredPolicy::from_text(text, &limits).unwrap();
    policy.accepted(kind, tests, &limits).map(drop)
}

#[test]
fn a_policy_that_passes_the_tests_of_its_type_is_accepted() {
    let tests = tests(NO_DEBUG, true).unwrap();
    accept(STRICT, AttestationType::SgxEnclave, &tests).unwrap();
}

#[test]
fn a_policy_that_fails_a_test_is_not_and_the_reason_names_it() {
    let tests = tests(NO_DEBUG, false).unwrap();
    let text = default_text();
    let Err(PolicyError::NotAccepted(NotAccepted::Failed {
        failures: 1,
        cases: 2,
        case,
        file,
        ..
    })) = accept(text, AttestationType::SgxEnclave, &tests)
    else {
        panic!("the default permits debug enclaves")
    };
    assert_eq!(case, "a debug enclave");
    assert!(file.ends_with("no-debug.test.toml"), "{file}");
}

fn default_text() -> &'static str {
    crate::provider::default_text(AttestationType::SgxEnclave, ProviderMode::Aad).unwrap()
}

#[test]
fn tests_of_another_type_say_nothing() {
    let optional = tests(NO_DEBUG, false).unwrap();
    accept(default_text(), AttestationType::OpenEnclave, &optional).unwrap();
    let required = tests(NO_DEBUG, true).unwrap();
    let refused = accept(default_text(), AttestationType::OpenEnclave, &required);
    let kind = AttestationType::OpenEnclave;
    assert_eq!(
        refused,
        Err(PolicyError::NotAccepted(NotAccepted::NoTests { kind }))
    );
}

#[test]
fn test_files_that_cannot_be_used_are_named() {
    let no_type = NO_DEBUG.replace("type = \"sgx-enclave\"", "");
    let evidence = NO_DEBUG.replace(
        "claims = { x-ms-sgx-is-debuggable = true }",
        "evidence = { file = \"quote.bin\" }",
    );
    for (text, reason) in [
        (no_type.as_str(), "it has no `type`"),
        (&evidence, "a case has evidence; give it claims"),
        ("", "the test file has no `[[case]]`"),
    ] {
        let error = tests(text, false).unwrap_err();
        assert_eq!(error.reason, reason);
        assert!(error.file.ends_with("no-debug.test.toml"));
    }
    let missing = PolicyTests::load(&["nowhere.test.toml".to_owned()], false).unwrap_err();
    assert_eq!(
        missing.to_string(),
        "the policy tests `nowhere.test.toml` cannot be used: entity not found"
    );
}
