use super::*;
use crate::defaults;

mod claims;
mod debug;
mod messages;

/// The lints of a text as `code line:column symbol`, without what compiling finds.
fn lints(text: &str, subject: Option<Subject>) -> Vec<String> {
    let found = lint(text, subject);
    assert!(
        found
            .iter()
            .all(|finding| finding.severity == crate::Severity::Warning),
        "{text}\n{found:?}"
    );
    found
        .iter()
        .filter(|finding| CODES.contains(&finding.code))
        .map(|finding| {
            format!(
                "{} {}:{} {}",
                finding.code, finding.line, finding.column, finding.symbol
            )
        })
        .collect()
}

/// The lints of issuance rules, the first of which stands in line 2.
fn issuance(rules: &str, subject: Option<Subject>) -> Vec<String> {
    lints(
        &format!("version=1.2; authorizationrules{{ => permit(); }}; issuancerules{{\n{rules}\n}};"),
        subject,
    )
}

/// The lints of authorization rules, the first of which stands in line 2.
fn authorization(rules: &str, subject: Option<Subject>) -> Vec<String> {
    lints(
        &format!("version=1.2; authorizationrules{{\n{rules}\n}};"),
        subject,
    )
}

fn tpm(rules: &str) -> Vec<String> {
    issuance(rules, Some(Subject::Tpm))
}

/// Checks that the only lint of a rule is `code` at the part between `«` and `»`.
fn check_marked(code: &str, marked: &str) {
    let rule: String = marked.replace(['«', '»'], "");
    let (before, rest) = marked.split_once('«').unwrap();
    let (symbol, _) = rest.split_once('»').unwrap();
    let column = before.chars().count().saturating_add(1);
    assert_eq!(tpm(&rule), [format!("{code} 2:{column} {symbol}")], "{marked}");
}

/// Message and help of the only lint.
fn words(rules: &str, subject: Option<Subject>) -> (String, Option<String>) {
    let text = format!("version=1.2; authorizationrules{{ => permit(); }}; issuancerules{{\n{rules}\n}};");
    let mut found = lint(&text, subject);
    found.retain(|finding| finding.code != "permits-debug");
    assert_eq!(found.len(), 1, "{found:?}");
    let finding = found.remove(0);
    (finding.message, finding.help)
}

const SGX: Option<Subject> = Some(Subject::SgxEnclave);
const NOTHING: [&str; 0] = [];

#[test]
fn rules_beside_an_unconditional_denial_are_in_vain() {
    let deny = "=> deny();";
    let permit = "=> permit();";
    let some_permit = "[type==\"aikValidated\"] => permit();";
    let some_deny = "[type==\"aikValidated\"] => deny();";
    for (rules, expected) in [
        (format!("{deny}\n{permit}"), vec!["unreachable-permit 3:4 permit"]),
        (
            format!("{deny}\n{some_permit}"),
            vec!["unreachable-permit 3:27 permit"],
        ),
        (format!("{permit}\n{deny}"), vec!["unconditional-deny 3:4 deny"]),
        (
            format!("{some_deny}\n{deny}\n{deny}"),
            vec![
                "unreachable-deny 2:27 deny",
                "unreachable-deny 4:4 deny",
                "duplicate-rule 4:1 => deny();",
            ],
        ),
        (deny.to_owned(), vec![]),
        (format!("{some_deny}\n{permit}"), vec![]),
        (format!("{permit}\n{some_deny}"), vec![]),
    ] {
        let mut found = authorization(&rules, None);
        found.sort();
        let mut expected = expected;
        expected.sort_unstable();
        assert_eq!(found, expected, "{rules}");
    }
}

#[test]
fn a_permission_beside_an_unconditional_one_is_redundant() {
    assert_eq!(
        authorization("[type==\"aikValidated\"] => permit();\n=> permit();", None),
        ["redundant-permit 2:27 permit"]
    );
    assert_eq!(
        authorization(
            "[type==\"aikValidated\"] => permit();\n[type==\"tpmVersion\"] => permit();",
            None
        ),
        NOTHING
    );
}

#[test]
fn a_rule_glued_to_a_comment_is_told() {
    for (comment, at) in [
        (
            "//Flight Signingc:[type==\"a\"] => add(type=\"b\", value=1);",
            "2:31 =>",
        ),
        ("// Find ita:[type==\"a\"]=>issue (claim=a);", "2:24 =>"),
        (
            "// a => b// [type==\"a\"] && c:[type==\"b\"]  =>  permit();",
            "2:43 =>",
        ),
        ("// Only thesec:[type==\"aikValidated\"] && ", "2:39 &&"),
    ] {
        assert_eq!(
            tpm(&format!(
                "{comment}\n[type==\"aikValidated\"] => issue(type=\"a\", value=1);"
            )),
            [format!("comment-hides-rule {at}")],
            "{comment}"
        );
    }
}

#[test]
fn a_rule_that_is_switched_off_and_prose_are_not_told() {
    for comment in [
        "// c:[type==\"a\"] => add(type=\"b\", value=1);",
        "//![type==\"a\"] => permit();",
        "// c : [type==\"a\"] => permit();",
        "//    && [type==\"b\"] => permit();",
        "// => permit();",
        "//// [type==\"a\"] =>",
        "// version 1.1 => version 1.2",
        "// a list [1, 2] => the first",
        "// first && second",
        "// see [1]",
    ] {
        assert_eq!(tpm(comment), NOTHING, "{comment}");
    }
    assert_eq!(
        tpm("[value==\"// x [a] => permit();\"] => issue(type=\"a\", value=1);"),
        NOTHING,
        "no comment at all"
    );
}

#[test]
fn comments_of_a_text_that_is_no_policy_are_told_too() {
    let found = lint("version=1.0\n// Text[type==\"a\"] => permit();\n", None);
    let codes: Vec<&str> = found.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, ["comment-hides-rule", "unexpected-symbol"]);
}

#[test]
fn names_of_the_service_are_not_issued() {
    assert_eq!(
        tpm("=> issue(type=\"x-ms-sgx-mrsigner\", value=\"00\");"),
        ["reserved-claim 2:15 \"x-ms-sgx-mrsigner\""]
    );
    assert_eq!(
        issuance("c:[type==\"x-attestry-tcb-status\"] => issue(claim=c);", None),
        ["reserved-claim 2:50 c"]
    );
    assert_eq!(
        issuance(
            "c:[type==\"tdx_mrtd\"] => issue(type=c.type, value=c.value);",
            None
        ),
        ["reserved-claim 2:36 c.type"]
    );
    assert_eq!(
        tpm("=> issue(type=\"mrsigner\", value=\"00\"); => add(type=\"exp\", value=1);"),
        NOTHING
    );
}

#[test]
fn read_only_values_are_not_issued() {
    for (claim, marked) in [
        (
            "pcrs",
            "c:[type==\"pcrs\"] => issue(type=\"a\", value=«c.value»);",
        ),
        (
            "pcrs",
            "c:[type==\"pcrs\"] => issue(type=\"a\", value=«JmesPath(c.value, \"PCRs\")»);",
        ),
        (
            "mine",
            "c:[type==\"pcrs\"] => add(type=\"mine\", value=JmesPath(c.value, \"PCRs\")); d:[type==\"mine\"] => issue(type=\"a\", value=«d.value»);",
        ),
    ] {
        check_marked("read-only-claim", marked);
        assert_eq!(
            words(&marked.replace(['«', '»'], ""), None).0,
            format!("the value comes from the read-only claim `{claim}`, which cannot be issued")
        );
    }
    assert_eq!(
        tpm("c:[type==\"x-ms-tpm-request-key\"] => issue(claim=c);"),
        ["reserved-claim 2:49 c", "read-only-claim 2:49 c"]
    );
    for rule in [
        "c:[type==\"pcrs\"] => add(type=\"a\", value=c.value);",
        "c:[type==\"events\"] => issue(type=\"a\", value=c.value);",
        "c:[type==\"pcrs\"] => issue(type=\"a\", value=ContainsOnlyValue(c.value, \"x\"));",
        "c:[type==\"pcrs\"] => issue(type=\"a\", value=c.valueType);",
        "=> add(type=\"pcrs\", value=1); c:[type==\"pcrs\", issuer==\"AttestationPolicy\"] => issue(type=\"a\", value=c.value);",
    ] {
        assert_eq!(tpm(rule), NOTHING, "{rule}");
    }
}

#[test]
fn types_from_read_only_values_are_not_issued() {
    for marked in [
        "c:[type==\"pcrs\"] => issue(type=«c.value», value=1);",
        "c:[type==\"pcrs\"] => issueproperty(type=«c.value», value=1);",
        "c:[type==\"pcrs\"] => issue(type=«AppendString(\"a\", c.value)», value=1);",
    ] {
        check_marked("read-only-claim", marked);
        assert_eq!(
            words(&marked.replace(['«', '»'], ""), None).0,
            "the type comes from the read-only claim `pcrs`, which cannot be issued"
        );
    }
    assert_eq!(
        tpm("c:[type==\"pcrs\"] => issue(type=c.value, value=c.value);"),
        ["read-only-claim 2:32 c.value", "read-only-claim 2:47 c.value"]
    );
    for rule in [
        "c:[type==\"pcrs\"] => add(type=c.value, value=1);",
        "c:[type==\"pcrs\"] => issue(type=c.issuer, value=1);",
        "c:[type==\"events\"] => issue(type=c.value, value=1);",
    ] {
        assert_eq!(tpm(rule), NOTHING, "{rule}");
    }
}

#[test]
fn settings_without_effect_on_the_type_are_told() {
    let settings = |rules: &str, subject: Option<Subject>| {
        let mut found = lints(
            &format!("version=1.1; configurationrules{{\n{rules}\n}}; authorizationrules{{ => permit(); }};"),
            subject,
        );
        found.retain(|finding| !finding.starts_with("permits-debug "));
        found
    };
    let properties = |rules: &str, subject: Option<Subject>| {
        let mut found = issuance(rules, subject);
        found.retain(|finding| !finding.starts_with("permits-debug "));
        found
    };
    let tcb = "=> issueproperty(type=\"x-ms-sgx-tcbidentifier\", value=\"11\");";
    let aik = "=> issueproperty(type=\"require_valid_aik_cert\", value=false);";
    let mask = "=> issueproperty(type=\"required_pcr_mask\", value=15);";
    let validity = "=> issueproperty(type=\"report_validity_in_minutes\", value=60);";
    let header = "=> issueproperty(type=\"omit_x5c\", value=true);";
    for subject in Subject::ALL {
        let is_sgx = matches!(subject, Subject::SgxEnclave | Subject::OpenEnclave);
        let is_tpm = subject == Subject::Tpm;
        for (rule, is_honoured) in [(tcb, is_sgx), (aik, is_tpm), (mask, is_tpm)] {
            let name = rule.split('"').nth(1).unwrap();
            let told = format!("setting-of-another-type 2:23 \"{name}\"");
            let expected = if is_honoured { vec![] } else { vec![told] };
            assert_eq!(settings(rule, Some(subject)), expected, "{subject}: {rule}");
            assert_eq!(settings(rule, None), NOTHING);
        }
        for rule in [validity, header] {
            let name = rule.split('"').nth(1).unwrap();
            let told = format!("setting-of-another-type 2:23 \"{name}\"");
            let expected = if is_tpm { vec![] } else { vec![told] };
            assert_eq!(properties(rule, Some(subject)), expected, "{subject}: {rule}");
            assert_eq!(properties(rule, None), NOTHING);
        }
    }
    // A claim of that name is no property, and other properties are told of elsewhere.
    for rule in [
        "=> issue(type=\"omit_x5c\", value=true);",
        "=> add(type=\"omit_x5c\", value=true);",
        "=> issueproperty(type=\"x-ms-sgx-tcbidentifier\", value=\"11\");",
    ] {
        assert_eq!(properties(rule, Some(Subject::TdxVm)), NOTHING, "{rule}");
    }
}

#[test]
fn queries_that_cannot_find_what_they_look_for() {
    let rule = |claim: &str, query: &str| {
        format!("c:[type==\"{claim}\"] => add(type=\"a\", value=JmesPath(c.value, \"{query}\"));")
    };
    for query in [
        "«events»[0]",
        "Events[?PcrIndex == «'20'»]",
        "Events[?«'20'» != PcrIndex]",
        "Events[?a == `\\\"\\\\`\\\"` && b == «true»]",
        "Events[?a == 'it\\\\'s' && «null» != @]",
        "Events[?\\\"a == true\\\" == «false»]",
        "Events[?\\\"é\\\" == 'é' && «true» != b]",
    ] {
        check_marked("json-query", &rule("events", query));
    }
    check_marked("json-query", &rule("pcrs", "«pcrs»[0]"));
    assert_eq!(
        words(&rule("events", "Events[?PcrIndex == '20']"), None),
        (
            "the query compares with the text `20`, which no number is equal to".to_owned(),
            Some("in JMESPath the number is written `20`, backticks included".to_owned())
        )
    );
    for query in [
        "Events[?PcrIndex == `20` && a != `null` && b == 'AQ' && true]",
        "Events[?a == '' || b == 'true == null']",
        "Events[?a == \\\"true\\\" || `false` == b]",
        "Events[?a == '00000000000000000000']",
        "true.events | null",
    ] {
        assert_eq!(tpm(&rule("events", query)), NOTHING, "{query}");
    }
    assert_eq!(
        tpm(&rule("x-ms-tpm-request-key", "events[0]")),
        NOTHING,
        "not a document with events"
    );
}

#[test]
fn a_name_that_nothing_uses() {
    assert_eq!(
        tpm("c:[type==\"aikValidated\"] => issue(type=\"a\", value=1);"),
        ["unused-identifier 2:1 c"]
    );
    for rule in [
        "c:[type==\"aikValidated\"] => issue(claim=c);",
        "c:[type==\"events\"] => add(type=\"a\", value=AppendString(\"\", c.value));",
        "c:[type==\"tpmVersion\"] && [value==c.value] => issue(type=\"a\", value=1);",
    ] {
        assert_eq!(tpm(rule), NOTHING, "{rule}");
    }
}

#[test]
fn a_rule_that_stands_twice() {
    let rule = "[type==\"aikValidated\"] => add(type=\"a\", value=1);";
    assert_eq!(
        words(
            &format!("{rule}\n[ type == \"aikValidated\" ] // again\n=> add(type=\"a\", value=1);"),
            None
        )
        .0,
        "the rule is the same as that in line 2, and adds nothing to it"
    );
    let between = "=> add(type=\"aikValidated\", value=false);";
    assert_eq!(
        tpm(&format!("{rule} {between} {rule}")),
        NOTHING,
        "it may fire for the new claim only"
    );
    assert_eq!(tpm(&format!("{rule} => add(type=\"a\", value=1);")), NOTHING);
}

#[test]
fn the_defaults_have_only_the_finding_that_is_true_of_them() {
    for (text, subject) in [
        (defaults::SGX, Subject::SgxEnclave),
        (defaults::SGX, Subject::OpenEnclave),
        (defaults::SGX_SHARED, Subject::SgxEnclave),
        (defaults::SNP, Subject::SevSnpVm),
        (defaults::TDX, Subject::TdxVm),
    ] {
        let codes: Vec<_> = lint(text, Some(subject))
            .iter()
            .map(|finding| finding.code)
            .collect();
        assert_eq!(codes, ["permits-debug"], "{subject}");
    }
}

/// Names are compared with all others for suggestions, and conditions have thousands of comparisons.
#[test]
fn hostile_texts_are_linted_in_time() {
    let rules: Vec<String> = (0..3000)
        .map(|number| {
            format!("[type==\"secureBootEnable{number:02}\"] => add(type=\"iommuEnable{number}\", value=1);")
        })
        .collect();
    let found = tpm(&rules.concat());
    assert_eq!(found.len(), 100);
    let tests: Vec<String> = (0..15_000).map(|number| format!("value!={number}")).collect();
    assert_eq!(
        tpm(&format!(
            "[value>=0,{}] => issue(type=\"a\", value=1);",
            tests.join(",")
        )),
        NOTHING
    );
}

#[test]
fn codes_are_sorted_and_unlike_those_of_compiling() {
    assert!(CODES.is_sorted());
    let text = "version=1.0; authorizationrules{ [type=\"a\", issuer==\"x\"] => permit(); };";
    assert!(
        lint(text, SGX)
            .iter()
            .filter(|finding| ["single-equals", "unknown-name"].contains(&finding.code))
            .count()
            == 2
    );
}
