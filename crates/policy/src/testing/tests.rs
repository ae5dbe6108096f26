//! Test files are read strictly, and every way to fail an expectation is found.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;
use crate::claim::{Claim, ClaimSet, Issuer, Value};
use crate::limits::Limits;

mod schema;

const POLICY: &str = r#"version=1.1;
configurationrules { => issueproperty(type="x-ms-sgx-tcbidentifier", value="azuredefault"); };
authorizationrules {
  [type=="debuggable", value==true] => deny();
  [type=="svn", value>=2] && [type=="signer", value=="ab"] => permit();
};
issuancerules {
  c:[type=="svn"] => issue(type="svn", value=c.value);
  c:[type=="id"] => issue(type="id", value=c.value);
  => issueproperty(type="omit_x5c", value=true);
};
"#;

const SHARED: &str = "[claims]\ndebuggable = false\nsvn = 3\nsigner = \"ab\"\n";

fn suite(text: &str) -> Suite {
    toml::from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn refusal(text: &str) -> String {
    toml::from_str::<Suite>(text).unwrap_err().message().to_owned()
}

/// The differences of one case that starts from sound claims.
fn differences(case: &str) -> Vec<String> {
    let report = run(
        POLICY,
        &suite(&format!("{SHARED}[[case]]\nname = \"a\"\n{case}")),
        &Limits::default(),
        &NoEvidence,
    )
    .unwrap();
    let case = &report.cases[0];
    assert_eq!(case.passed(), case.differences.is_empty());
    assert_eq!(report.passed(), case.passed());
    case.differences.iter().map(ToString::to_string).collect()
}

fn passes(case: &str) {
    assert_eq!(differences(case), [""; 0], "{case}");
}

fn fails(case: &str, expected: &[&str]) {
    assert_eq!(differences(case), expected, "{case}");
}

#[test]
fn decisions_are_compared() {
    passes("expect = 'permit'");
    fails("expect = 'deny'", &["expected deny, found permit"]);
    fails("expect = 'error'", &["expected error, found permit"]);
    let denied = "claims = { debuggable = true }\n";
    passes(&format!("{denied}expect = 'deny'"));
    let because = "rule 1 of `authorizationrules` (line 4) denies because of `debuggable` = true";
    fails(
        &format!("{denied}expect = 'permit'"),
        &[&format!("expected permit, found deny: {because}")],
    );
    fails(
        &format!("{denied}expect = 'error'"),
        &[&format!("expected error, found deny: {because}")],
    );
}

#[test]
fn issued_claims_are_compared_as_sets_of_values() {
    let ids = "claims = { id = ['x', 'y'] }\nexpect = 'permit'\n";
    passes(&format!("{ids}issued = {{ svn = 3 }}"));
    passes(&format!("{ids}issued = {{ id = ['y', 'x'] }}"));
    passes(&format!("{ids}issued-exactly = {{ id = ['x', 'y'], svn = 3 }}"));
    passes(&format!("{ids}not-issued = ['signer']"));
    passes(&format!("{ids}properties = {{ omit_x5c = true }}"));
    fails(
        &format!("{ids}issued = {{ id = 'x' }}"),
        &[r#"issued claim `id`: expected "x", found ["x", "y"]"#],
    );
    fails(
        &format!("{ids}issued = {{ id = ['x', 'x'] }}"),
        &[r#"issued claim `id`: expected ["x", "x"], found ["x", "y"]"#],
    );
    fails(
        &format!("{ids}issued = {{ svn = '3' }}"),
        &[r#"issued claim `svn`: expected "3", found 3"#],
    );
    fails(
        &format!("{ids}issued = {{ other = 1 }}"),
        &["issued claim `other`: expected 1, found none"],
    );
    fails(
        &format!("{ids}issued-exactly = {{ svn = 3 }}"),
        &[r#"issued claim `id`: expected none, found ["x", "y"]"#],
    );
    fails(
        &format!("{ids}not-issued = ['svn', 'other']"),
        &["issued claim `svn`: expected none, found 3"],
    );
    fails(
        &format!("{ids}properties = {{}}"),
        &["property `omit_x5c`: expected none, found true"],
    );
    fails(
        &format!("{ids}properties = {{ omit_x5c = false }}"),
        &["property `omit_x5c`: expected false, found true"],
    );
}

#[test]
fn reasons_for_denials_are_compared() {
    let rule = "claims = { debuggable = true }\nexpect = 'deny'\n";
    passes(&format!(
        "{rule}denied-by = {{ rule = 1, line = 4, reason = '`debuggable` = true' }}"
    ));
    let found = "rule 1 of `authorizationrules` (line 4)";
    fails(
        &format!("{rule}denied-by = {{ rule = 2 }}"),
        &[&format!("expected a denial by rule 2, found {found}")],
    );
    fails(
        &format!("{rule}denied-by = {{ line = 5 }}"),
        &[&format!("expected a denial by the rule on line 5, found {found}")],
    );
    fails(
        &format!("{rule}denied-by = {{ reason = 'no rule permits' }}"),
        &[&format!(
            "expected a reason with `no rule permits`, found: {found} denies because of `debuggable` = true"
        )],
    );
    assert_eq!(
        differences(&format!("{rule}denied-by = {{ missing = 'signer' }}")).len(),
        1
    );

    let missing = "without = ['signer']\nexpect = 'deny'\n";
    passes(&format!(
        "{missing}denied-by = {{ rule = 2, line = 5, missing = 'signer' }}"
    ));
    // There, with a value that does not do, is not missing.
    let other = "claims = { svn = 1 }\nexpect = 'deny'\ndenied-by = { missing = 'svn' }";
    assert_eq!(differences(other).len(), 1);
}

#[test]
fn errors_are_compared() {
    let limits = Limits {
        claims: 3,
        ..Limits::default()
    };
    let run_one = |case: &str| {
        let suite = suite(&format!("{SHARED}[[case]]\nname = \"a\"\n{case}"));
        let report = run(POLICY, &suite, &limits, &NoEvidence).unwrap();
        report.cases[0]
            .differences
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    };
    let many = "claims = { more = 1 }\n";
    assert_eq!(run_one(&format!("{many}expect = 'error'")), [""; 0]);
    assert_eq!(
        run_one(&format!("{many}expect = 'error'\nerror = '4 claims'")),
        [""; 0]
    );
    let message = "the evaluation needs 4 claims, at most 3 are allowed";
    assert_eq!(
        run_one(&format!("{many}expect = 'error'\nerror = 'steps'")),
        [format!("expected an error with `steps`, found: {message}")]
    );
    assert_eq!(
        run_one(&format!("{many}expect = 'permit'")),
        [format!("expected permit, found error: {message}")]
    );
}

#[test]
fn settings_are_compared() {
    let configuration = |expected: &str| {
        let text = format!("configuration = {expected}\n{SHARED}[[case]]\nname = 'a'\nexpect = 'permit'\n");
        let report = run(POLICY, &suite(&text), &Limits::default(), &NoEvidence).unwrap();
        assert_eq!(report.passed(), report.configuration.is_empty());
        report
            .configuration
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        configuration("{ x-ms-sgx-tcbidentifier = 'azuredefault' }"),
        [""; 0]
    );
    assert_eq!(
        configuration("{}"),
        [r#"setting `x-ms-sgx-tcbidentifier`: expected none, found "azuredefault""#]
    );
    assert_eq!(
        configuration("{ x-ms-sgx-tcbidentifier = '11' }"),
        [r#"setting `x-ms-sgx-tcbidentifier`: expected "11", found "azuredefault""#]
    );
}

#[test]
fn claims_of_a_case_replace_those_of_the_same_type() {
    struct Quote;
    impl EvidenceClaims for Quote {
        fn claims(&self, files: &EvidenceFiles) -> Result<ClaimSet, String> {
            assert_eq!(files.collateral.as_deref(), Some("shared.json"));
            match files.file.as_deref() {
                Some("bad.bin") => Err("broken".to_owned()),
                _ => Ok(ClaimSet::from_iter([
                    Claim::from_service("a", 1),
                    Claim::from_service("b", 1),
                    Claim::from_service("c", 1),
                    Claim::from_service("d", 1),
                ])),
            }
        }
    }
    let suite = suite(
        "type = 'SgxEnclave'\nevidence = { collateral = 'shared.json' }\nclaims = { b = [2, 3] }\n\
         [[case]]\nname = 'one'\nevidence = { file = 'q.bin' }\nexpect = 'deny'\nwithout = ['d']\n\
         claims = [{ type = 'c', value = 4, issuer = 'CustomClaim' }]\n\
         [[case]]\nname = 'two'\nevidence = { file = 'bad.bin' }\nexpect = 'deny'\n",
    );
    let claims = incoming(&suite, &suite.cases[0], &Quote).unwrap();
    let expected = [
        Claim::from_service("a", 1),
        Claim::from_service("b", 2),
        Claim::from_service("b", 3),
        Claim::new("c", 4, Issuer::CustomClaim),
    ];
    assert_eq!(claims.as_slice(), expected);

    let report = run(POLICY, &suite, &Limits::default(), &Quote).unwrap();
    assert!(report.cases[0].passed());
    assert_eq!(
        report.cases[1].differences[0].to_string(),
        "the evidence gives no claims: broken"
    );
    assert_eq!(report.cases[1].outcome, None);
    let without_files = run(POLICY, &suite, &Limits::default(), &NoEvidence).unwrap();
    assert_eq!(without_files.failures(), 2);
}

#[test]
fn rules_and_conditions_are_counted() {
    let two = suite(&format!(
        "{SHARED}[[case]]\nname = 'a'\nexpect = 'permit'\n\
         [[case]]\nname = 'b'\nclaims = {{ signer = 'cd' }}\nexpect = 'deny'\n"
    ));
    let coverage = run(POLICY, &two, &Limits::default(), &NoEvidence)
        .unwrap()
        .coverage;
    let fired: Vec<_> = coverage
        .rules
        .iter()
        .map(|rule| (rule.rule.position.line, rule.evaluated, rule.fired))
        .collect();
    assert_eq!(fired, [(4, 2, 0), (5, 2, 1), (8, 1, 1), (9, 1, 0), (10, 1, 1)]);
    assert_eq!(coverage.percent(), 60);
    let uncovered: Vec<_> = coverage.uncovered().map(|rule| rule.rule.position.line).collect();
    assert_eq!(uncovered, [4, 9]);
    let permit: Vec<_> = coverage.rules[1]
        .conditions
        .iter()
        .map(|seen| (seen.held, seen.failed))
        .collect();
    assert_eq!(permit, [(2, 0), (1, 1)]);

    let debug = suite(&format!(
        "{SHARED}[[case]]\nname = 'a'\nclaims = {{ debuggable = true }}\nexpect = 'deny'\n"
    ));
    let mut both = run(POLICY, &debug, &Limits::default(), &NoEvidence)
        .unwrap()
        .coverage;
    assert_eq!(both.percent(), 40);
    both.add(&coverage);
    assert_eq!(both.percent(), 80);
    assert_eq!(both.rules[0].evaluated, 3);
}

#[test]
fn a_broken_policy_is_not_run() {
    let one = suite("[[case]]\nname = 'a'\nexpect = 'deny'\n");
    let broken = "version=1.0; authorizationrules { => premit(); };";
    let findings = run(broken, &one, &Limits::default(), &NoEvidence).unwrap_err();
    assert_eq!(findings[0].message, "unknown action `premit`");
}

#[test]
fn json_claims_are_compared_by_meaning() {
    let policy = r#"version=1.0; authorizationrules { => permit(); };
        issuancerules { c:[type=="events"] => issue(type="log", value=c.value); };"#;
    let run_one = |expected: &str| {
        let text = format!(
            "[[case]]\nname = 'a'\nclaims = {{ events = {{ Events = [{{ a = 1, b = 2.5 }}] }} }}\n\
             expect = 'permit'\nissued = {{ log = {expected} }}\n"
        );
        run(policy, &suite(&text), &Limits::default(), &NoEvidence)
            .unwrap()
            .passed()
    };
    assert!(run_one("{ Events = [{ b = 2.5, a = 1 }] }"));
    assert!(!run_one("{ Events = [{ b = 2.5, a = 2 }] }"));
    assert!(!run_one("1"));
}

#[test]
fn contradictory_test_files_are_refused() {
    let case = "[[case]]\nname = 'a'\n";
    let cases = [
        ("", "the test file has no `[[case]]`"),
        (
            "[[case]]\nname = ''\nexpect = 'deny'",
            "the name of a case is empty",
        ),
        (
            "[[case]]\nname = 'a'\nexpect = 'deny'\n[[case]]\nname = 'a'\nexpect = 'deny'",
            "two cases are named `a`",
        ),
        (
            "[[case]]\nname = 'a'\nexpect = 'permit'\nissued = {}\nissued-exactly = {}",
            "case `a`: give `issued` or `issued-exactly`, not both",
        ),
        (
            "[[case]]\nname = 'a'\nexpect = 'permit'\nevidence = { file = 'q' }",
            "the test file has evidence, so it must have a `type`",
        ),
        (
            "type = 'tpm'\n[[case]]\nname = 'a'\nexpect = 'permit'\nevidence = {}",
            "case `a`: its evidence has no `file`",
        ),
        (
            "type = 'sgx'\n[[case]]\nname = 'a'\nexpect = 'permit'",
            "`sgx` is not an attestation type",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(refusal(text), expected, "{text}");
    }
    let misplaced = [
        ("issued = {}", "issued", "permit", "deny"),
        ("issued-exactly = {}", "issued-exactly", "permit", "error"),
        ("not-issued = ['a']", "not-issued", "permit", "deny"),
        ("properties = {}", "properties", "permit", "deny"),
        ("denied-by = {}", "denied-by", "deny", "permit"),
        ("error = ''", "error", "error", "deny"),
    ];
    for (key, name, needs, found) in misplaced {
        assert_eq!(
            refusal(&format!("{case}expect = '{found}'\n{key}\n")),
            format!("case `a`: `{name}` needs `expect = \"{needs}\"`, found `expect = \"{found}\"`")
        );
    }
    assert!(refusal(&format!("{case}expect = 'deny'\nisued = {{}}")).contains("unknown field `isued`"));
}

#[test]
fn test_files_and_lists_are_bounded() {
    let mut many = String::new();
    for number in 0..=CASES {
        writeln!(many, "[[case]]\nname = '{number}'\nexpect = 'deny'").unwrap();
    }
    assert_eq!(refusal(&many), "a test file has at most 1024 cases");

    let table = |length: usize| {
        let members: Vec<String> = (0..length).map(|number| format!("\"{number}\":1")).collect();
        serde_json::from_str::<ClaimList>(&format!("{{{}}}", members.join(",")))
    };
    assert_eq!(table(1024).unwrap().as_slice().len(), 1024);
    assert!(
        table(1025)
            .unwrap_err()
            .to_string()
            .starts_with("a list has at most 1024 claims")
    );
    let values = format!("{{\"a\":[{}1]}}", "1,".repeat(1024));
    assert!(
        serde_json::from_str::<ClaimList>(&values)
            .unwrap_err()
            .to_string()
            .contains("at most 1024")
    );
    let list = format!(
        "[{}{{\"type\":\"a\",\"value\":1}}]",
        "{\"type\":\"a\",\"value\":1},".repeat(1024)
    );
    assert!(
        serde_json::from_str::<ClaimList>(&list)
            .unwrap_err()
            .to_string()
            .contains("at most 1024")
    );
    let deep = format!("{{\"a\":{}1{}}}", "{\"b\":".repeat(100_000), "}".repeat(100_000));
    assert!(serde_json::from_str::<ClaimList>(&deep).is_err());
}

#[test]
fn wrong_claims_are_refused_with_their_mistake() {
    let cases = [
        (
            r#"{"a": 1, "a": 2}"#,
            "claim `a` stands there twice; write its values as a list",
        ),
        (r#"{"": 1}"#, "the type of a claim is empty"),
        (r#"{"a": 1.5}"#, "`1.5` is not a 64-bit integer"),
        (
            r#"{"a": 9223372036854775808}"#,
            "`9223372036854775808` is not a 64-bit integer",
        ),
        (
            r#"{"a": null}"#,
            "invalid type: null, expected a boolean, an integer, text",
        ),
        (
            r#"{"a": [[1]]}"#,
            "invalid type: sequence, expected a boolean, an integer, text",
        ),
        (r#"[{"type": "a"}]"#, "missing field `value`"),
        (
            r#"[{"type": "a", "value": 1, "kind": 1}]"#,
            "unknown field `kind`",
        ),
        (
            r#"[{"type": "a", "value": 1, "issuer": "me"}]"#,
            "unknown issuer `me`, expected `AttestationService`, `AttestationPolicy` or `CustomClaim`",
        ),
        (
            r#"[{"type": "a", "value": 1, "valueType": "Number"}]"#,
            "unknown value type `Number`, expected `Boolean`, `Integer` or `String`",
        ),
        (
            r#"[{"type": "a", "value": "1", "valueType": "Integer"}]"#,
            "claim `a` has a value of type String, its `valueType` says Integer",
        ),
        ("3", "invalid type: integer `3`, expected claims as a table"),
    ];
    for (text, expected) in cases {
        let error = serde_json::from_str::<ClaimList>(text).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{text}: {error}");
    }
    assert_eq!(
        toml::from_str::<Suite>("claims = { a = 2026-03-01 }")
            .unwrap_err()
            .message(),
        "a date is no value of a claim; write it as text"
    );
}

#[test]
fn an_object_stands_for_its_json_text() {
    let list: ClaimList = serde_json::from_str(r#"{"events": {"Events": [1.5, null]}}"#).unwrap();
    assert_eq!(list.as_slice()[0].value, Value::from(r#"{"Events":[1.5,null]}"#));
}

const WHOLE: &str = "policy = 'p.txt'\ntype = 'tpm'\nconfiguration = { a = 1 }\n[evidence]\nfile = 'x'\nroot = ['r']\n\
    [claims]\na = [1, true, 'x', { b = 2 }]\n[[case]]\nname = 'a'\nexpect = 'permit'\nissued = { a = 1 }\n\
    claims = [{ type = 'a', value = 1, issuer = 'CustomClaim', valueType = 'Integer' }]\n\
    [[case]]\nname = 'b'\nexpect = 'deny'\ndenied-by = { rule = 1, line = 1, reason = '', missing = '' }\n";

#[test]
fn every_beginning_of_a_test_file_is_read_or_refused() {
    suite(WHOLE);
    for (end, _) in WHOLE.char_indices() {
        let _ = toml::from_str::<Suite>(WHOLE.split_at(end).0);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_text_makes_reading_panic(garbage in "\\PC{0,200}", at in 0..WHOLE.len(), replaced in any::<char>()) {
        let _ = toml::from_str::<Suite>(&garbage);
        let _ = serde_json::from_str::<ClaimList>(&garbage);
        let mut damaged = WHOLE.to_owned();
        damaged.replace_range(at..=at, &replaced.to_string());
        if let Ok(suite) = toml::from_str::<Suite>(&damaged) {
            let _ = run(POLICY, &suite, &Limits::default(), &NoEvidence);
        }
    }

    #[test]
    fn no_json_makes_reading_claims_panic(garbage in r#"[\[\]{}:,"a-c0-9.\\eE+ tfn-]{0,60}"#) {
        let _ = serde_json::from_str::<ClaimList>(&garbage);
        let _ = serde_json::from_str::<ExpectedClaims>(&garbage);
    }
}
