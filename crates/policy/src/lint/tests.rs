use super::*;
use crate::defaults;

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
fn a_claim_that_nothing_gives_is_unknown() {
    let rule = "[type==\"secureBootEnabeld\", value==true] => issue(type=\"a\", value=1);";
    assert_eq!(tpm(rule), ["unknown-claim 2:8 \"secureBootEnabeld\""]);
    assert_eq!(issuance(rule, None), tpm(rule));
    assert_eq!(
        words(rule, Some(Subject::Tpm)),
        (
            "no evidence of type Tpm gives the claim `secureBootEnabeld`, and no earlier rule makes it"
                .to_owned(),
            Some("did you mean `secureBootEnabled`?".to_owned())
        )
    );
    let (_, help) = words(
        "![type==\"tdx_mrtd\"] => issue(type=\"a\", value=1);",
        Some(Subject::Tpm),
    );
    assert_eq!(help.as_deref(), Some("evidence of type TdxVm gives it"));
}

#[test]
fn a_claim_that_something_may_give_is_not_unknown() {
    for rule in [
        "[type==\"secureBootEnabled\"] => issue(type=\"a\", value=1);",
        // Made by an earlier rule; by one that makes what other claims say.
        "=> add(type=\"mine\", value=1); [type==\"mine\"] => issue(type=\"a\", value=1);",
        "c:[type==\"aikPubHash\"] => add(type=c.value, value=1); [type==\"mine\"] => issue(type=\"a\", value=1);",
        // Sent by the client.
        "[type==\"mine\", issuer==\"CustomClaim\"] => issue(type=\"a\", value=1);",
        "[type==\"serialNumber\"] => issue(type=\"a\", value=1);",
        "[value==true] => issue(type=\"a\", value=1);",
    ] {
        assert_eq!(tpm(rule), NOTHING, "{rule}");
    }
    let custom = "[type==\"https://a.example/custom/mine\"] => issue(type=\"a\", value=1);";
    assert_eq!(issuance(custom, None), NOTHING);
    assert_eq!(
        issuance("[type==\"mine\"] => issue(type=\"a\", value=1);", None),
        ["unknown-claim 2:8 \"mine\""]
    );
}

#[test]
fn comparisons_that_contradict_each_other_never_hold() {
    for (tests, at) in [
        ("value==1, value==2", "value==2"),
        ("value>5, value<3", "value<3"),
        ("value>1, value!=2, value<3", "value<3"),
        ("value==true, value!=true", "value!=true"),
        ("value==\"a\", value==\"b\"", "value==\"b\""),
        ("value==\"a\", value!=\"a\"", "value!=\"a\""),
        ("value==1, value==\"1\"", "value==\"1\""),
        ("value==1, valueType==\"String\"", "valueType==\"String\""),
        ("value<-9223372036854775808", "value<-9223372036854775808"),
        ("type==\"events\", type==\"pcrs\"", "type==\"pcrs\""),
        ("type==\"events\", type!=\"events\"", "type!=\"events\""),
        (
            "issuer==\"CustomClaim\", issuer==\"AttestationPolicy\"",
            "issuer==\"AttestationPolicy\"",
        ),
    ] {
        let found = tpm(&format!("[{tests}] => issue(type=\"a\", value=1);"));
        assert_eq!(found.len(), 1, "{tests}");
        assert!(
            found[0].starts_with("never-fires 2:") && found[0].ends_with(&format!(" {at}")),
            "{tests}: {found:?}"
        );
        let negated = tpm(&format!("![{tests}] => issue(type=\"a\", value=1);"));
        assert_eq!(negated.len(), 1, "{tests}");
        assert!(negated[0].starts_with("always-true 2:"), "{tests}: {negated:?}");
    }
}

#[test]
fn comparisons_that_can_hold_together_are_not_told() {
    for tests in [
        "value>1, value<3",
        "value>=1, value<=1",
        "value!=1, value!=2",
        "value!=\"a\", value!=\"b\"",
        "value==1, valueType==\"Integer\"",
        "value!=true",
        "type==\"aikPubHash\", type!=\"pcrs\"",
        "issuer!=\"AttestationService\", issuer!=\"AttestationPolicy\"",
        "type==\"tpmVersion\", value==1, value!=2, valueType!=\"String\"",
    ] {
        let found = tpm(&format!("[{tests}] => issue(type=\"a\", value=1);"));
        assert_eq!(found, NOTHING, "{tests}");
    }
}

#[test]
fn a_claim_of_the_policy_that_no_earlier_rule_makes_is_never_there() {
    let rule = "[type==\"mine\", issuer==\"AttestationPolicy\"] => issue(type=\"a\", value=1);";
    assert_eq!(tpm(rule), ["never-fires 2:8 \"mine\""]);
    assert_eq!(
        words(rule, None).0,
        "the condition never holds: no earlier rule makes the claim `mine`"
    );
    let (message, help) = words(&format!("{rule} => add(type=\"mine\", value=1);"), None);
    assert_eq!(
        message,
        "the condition never holds: only a later rule makes the claim `mine`"
    );
    assert_eq!(help.as_deref(), Some("move the rule that makes it up"));
    assert_eq!(tpm(&format!("=> add(type=\"mine\", value=1); {rule}")), NOTHING);
    assert_eq!(
        tpm(&format!("!{rule}")),
        ["always-true 2:9 \"mine\""],
        "a fallback without the rule it is for"
    );
}

#[test]
fn a_claim_of_an_issuer_that_does_not_state_it_is_never_there() {
    assert_eq!(
        issuance(
            "[type==\"a\", issuer==\"CustomClaim\"] => issue(type=\"b\", value=1);",
            SGX
        ),
        ["permits-debug 1:37 permit", "never-fires 2:8 \"a\""]
    );
    let made = "=> add(type=\"mine\", value=1); [type==\"mine\", issuer==\"AttestationService\"] => issue(type=\"a\", value=1);";
    assert_eq!(tpm(made), ["never-fires 2:38 \"mine\""]);
    assert_eq!(
        words(made, None).0,
        "the condition never holds: the claim `mine` is made by a rule, not given by evidence"
    );
}

#[test]
fn configuration_rules_see_no_claims_of_evidence() {
    let policy = |condition: &str| {
        format!(
            "version=1.1; configurationrules{{ {condition} => issueproperty(type=\"required_pcr_mask\", value=15); }};\n\
             authorizationrules{{ => permit(); }};"
        )
    };
    assert_eq!(
        lints(&policy("[type==\"aikValidated\"]"), Some(Subject::Tpm)),
        ["never-fires 1:41 \"aikValidated\""]
    );
    assert_eq!(lints(&policy(""), Some(Subject::Tpm)), NOTHING);
}

#[test]
fn a_value_outside_the_range_of_a_claim_is_never_there() {
    assert_eq!(
        tpm("[type==\"enclaveSvn\", value<0] => issue(type=\"a\", value=1);"),
        ["never-fires 2:22 value<0"]
    );
    assert_eq!(
        words(
            "[type==\"tpmVersion\", value==256] => issue(type=\"a\", value=1);",
            None
        )
        .0,
        "the condition never holds: `tpmVersion` is between 0 and 255"
    );
    assert_eq!(
        tpm("[type==\"enclaveSvn\", valueType==\"String\"] => issue(type=\"a\", value=1);"),
        ["never-fires 2:22 valueType==\"String\""]
    );
    for fits in ["value==255", "value<1", "value>254"] {
        let rule = format!("[type==\"tpmVersion\", {fits}] => issue(type=\"a\", value=1);");
        assert_eq!(tpm(&rule), NOTHING, "{fits}");
    }
}

#[test]
fn a_comparison_that_every_value_of_a_claim_meets_is_always_true() {
    for test in [
        "value>=0",
        "value>-1",
        "value<=255",
        "value<256",
        "value!=256",
        "value!=-1",
    ] {
        assert_eq!(
            tpm(&format!(
                "[type==\"tpmVersion\", {test}] => issue(type=\"a\", value=1);"
            )),
            [format!("always-true 2:22 {test}")]
        );
    }
    for rule in [
        "[type==\"tpmVersion\", value>=1] => issue(type=\"a\", value=1);",
        "[type==\"tpmVersion\", value!=0] => issue(type=\"a\", value=1);",
        // A rule may have made others.
        "=> add(type=\"tpmVersion\", value=-1); [type==\"tpmVersion\", value>=0] => issue(type=\"a\", value=1);",
    ] {
        assert_eq!(tpm(rule), NOTHING, "{rule}");
    }
}

#[test]
fn a_value_of_another_type_is_in_no_relation() {
    let rule = "[type==\"x-ms-sgx-svn\", value==\"2\"] => issue(type=\"a\", value=1);";
    assert_eq!(issuance(rule, None), ["type-comparison 2:31 \"2\""]);
    assert_eq!(
        words(rule, None),
        (
            "`x-ms-sgx-svn` has values of type Integer, which are never in a relation with one of type String"
                .to_owned(),
            Some("write the number without quotes".to_owned())
        )
    );
    for marked in [
        "![type==\"aikValidated\", value!=«\"true\"»] => issue(type=\"a\", value=1);",
        "=> add(type=\"mine\", value=true); [type==\"mine\", value==«1»] => issue(type=\"a\", value=1);",
        "c:[type==\"events\"] => add(type=\"mine\", value=JmesPath(c.value, \"a\")); [type==\"mine\", value==«1»] => issue(type=\"a\", value=1);",
    ] {
        check_marked("type-comparison", marked);
    }
    for rule in [
        "[type==\"aikValidated\", value==true] => issue(type=\"a\", value=1);",
        // The value may be of any type.
        "c:[type==\"events\"] => add(type=\"mine\", value=JsonToClaimValue(c.value)); [type==\"mine\", value==1] => issue(type=\"a\", value=1);",
        "=> add(type=\"mine\", value=true); => add(type=\"mine\", value=1); [type==\"mine\", value==1] => issue(type=\"a\", value=1);",
    ] {
        assert_eq!(tpm(rule), NOTHING, "{rule}");
    }
}

#[test]
fn json_claims_need_version_1_2() {
    let policy =
        |version: &str| format!("version={version}; authorizationrules{{ [type==\"pcrs\"] => permit(); }};");
    for version in ["1.0", "1.1"] {
        assert_eq!(lints(&policy(version), None), ["needs-1.2 1:41 \"pcrs\""]);
    }
    assert_eq!(lints(&policy("1.2"), None), NOTHING);
}

#[test]
fn old_names_have_successors() {
    let rule = |name: &str| format!("[type==\"{name}\", value==false] => issue(type=\"a\", value=1);");
    assert_eq!(
        issuance(&rule("$is-debuggable"), None),
        ["deprecated-claim 2:8 \"$is-debuggable\""]
    );
    let (_, help) = words(&rule("$is-debuggable"), None);
    assert_eq!(help.as_deref(), Some("write `x-ms-sgx-is-debuggable`"));
    assert_eq!(issuance(&rule("x-ms-sgx-is-debuggable"), None), NOTHING);
}

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
fn debuggable_evidence_is_permitted_unless_a_rule_refuses_it() {
    for rules in [
        "=> permit();",
        "[type==\"x-ms-sgx-is-debuggable\"] => permit();",
        "[type==\"x-ms-sgx-is-debuggable\", value==true] => permit();",
        "[type==\"x-ms-sgx-mrsigner\", value==\"00\"] => permit();",
        // Refused only together with something else.
        "[type==\"x-ms-sgx-is-debuggable\", value==true] && [type==\"x-ms-sgx-svn\", value==1] => deny(); => permit();",
        // One of two permissions is enough.
        "[type==\"x-ms-sgx-is-debuggable\", value==false] => permit(); [type==\"x-ms-sgx-svn\", value==1] => permit();",
        "[type==\"x-ms-sgx-svn\", value==1] => add(type=\"good\", value=true); [type==\"good\"] => permit();",
    ] {
        let found = authorization(rules, SGX);
        assert!(
            found.iter().any(|finding| finding.starts_with("permits-debug ")),
            "{rules}: {found:?}"
        );
        assert!(
            !authorization(rules, None)
                .iter()
                .any(|finding| finding.starts_with("permits-debug ")),
            "{rules}: without a type nobody knows"
        );
    }
    for rules in [
        "[type==\"x-ms-sgx-is-debuggable\", value==false] => permit();",
        "[type==\"x-ms-sgx-is-debuggable\", value!=true] && [type==\"x-ms-sgx-svn\", value==1] => permit();",
        "![type==\"x-ms-sgx-is-debuggable\", value==true] => permit();",
        "[type==\"x-ms-sgx-is-debuggable\", value==true] => deny(); => permit();",
        "=> permit(); ![type==\"x-ms-sgx-is-debuggable\", value==false] => deny();",
        "[value==true] => deny(); => permit();",
        "=> deny();",
        "[type==\"x-ms-sgx-is-debuggable\", value==false] => add(type=\"good\", value=true); [type==\"good\"] => permit();",
        "[type==\"x-ms-sgx-is-debuggable\", value==true] => add(type=\"bad\", value=true); [type==\"bad\", value==true] => deny(); => permit();",
        // Not to be judged here, so nothing is said.
        "c:[type==\"x-ms-sgx-svn\"] && [type==\"x-ms-sgx-is-debuggable\", value==NegateBool(c.value)] => permit();",
    ] {
        let found = authorization(rules, SGX);
        assert!(
            !found.iter().any(|finding| finding.starts_with("permits-debug ")),
            "{rules}: {found:?}"
        );
    }
}

#[test]
fn either_debug_claim_of_a_tdx_machine_refuses_debugging() {
    for rules in [
        "[type==\"dbgstat\", value==\"disabled\"] => permit();",
        "[type==\"tdx_td_attributes_debug\", value==false] => permit();",
    ] {
        assert_eq!(authorization(rules, Some(Subject::TdxVm)), NOTHING, "{rules}");
    }
    assert_eq!(
        authorization("=> permit();", Some(Subject::TdxVm)),
        ["permits-debug 2:4 permit"]
    );
    for subject in [Subject::Tpm, Subject::AzureGuest] {
        assert_eq!(authorization("=> permit();", Some(subject)), NOTHING);
    }
}

#[test]
fn the_help_against_debugging_is_a_rule_that_ends_it() {
    let text = |rule: &str| format!("version=1.0;\nauthorizationrules{{ {rule} => permit(); }};");
    for subject in [
        Subject::SgxEnclave,
        Subject::OpenEnclave,
        Subject::TdxVm,
        Subject::SevSnpVm,
    ] {
        let found = lint(&text(""), Some(subject));
        let help = found[0].help.clone().unwrap();
        let rule = help.strip_prefix("add `").unwrap().strip_suffix('`').unwrap();
        assert_eq!(lint(&text(rule), Some(subject)), [], "{rule}");
    }
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
