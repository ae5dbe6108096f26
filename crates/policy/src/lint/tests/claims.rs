//! Conditions and the claims that they ask for.

use super::*;

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
