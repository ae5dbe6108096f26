//! The words of every lint, as authors read them.

use super::*;

struct Row {
    code: &'static str,
    subject: Option<Subject>,
    /// In the authorization rules; without any, everything is permitted.
    authorization: &'static str,
    issuance: &'static str,
    message: &'static str,
}

/// A lint that rules for issuance cause.
const fn issued(
    code: &'static str,
    subject: Option<Subject>,
    issuance: &'static str,
    message: &'static str,
) -> Row {
    Row {
        code,
        subject,
        authorization: "=> permit();",
        issuance,
        message,
    }
}

/// A lint that rules for authorization cause.
const fn decided(
    code: &'static str,
    subject: Option<Subject>,
    authorization: &'static str,
    message: &'static str,
) -> Row {
    Row {
        code,
        subject,
        authorization,
        issuance: "",
        message,
    }
}

const TPM: Option<Subject> = Some(Subject::Tpm);

const MESSAGES: &[Row] = &[
    issued(
        "always-true",
        TPM,
        r#"[type=="tpmVersion", value>=0] => issue(type="a", value=1);"#,
        "the comparison is always true: `tpmVersion` is between 0 and 255",
    ),
    issued(
        "always-true",
        TPM,
        r#"![type=="tpmVersion", value==1, value==2] => issue(type="a", value=1);"#,
        "the negated condition always holds: no claim can meet this comparison and those before it",
    ),
    decided(
        "comment-hides-rule",
        None,
        "// Text[type==\"a\"] => permit();\n=> permit();",
        "the comment holds a rule, which is not evaluated",
    ),
    decided(
        "comment-hides-rule",
        None,
        "// Text[type==\"a\"] &&\n=> permit();",
        "the comment holds a condition of the next rule, which is not evaluated",
    ),
    issued(
        "deprecated-claim",
        SGX,
        r#"[type=="$is-debuggable", value==true] => issue(type="a", value=1);"#,
        "the claim `$is-debuggable` is deprecated",
    ),
    issued(
        "duplicate-rule",
        TPM,
        "=> issue(type=\"a\", value=1);\n=> issue(type=\"a\", value=1);",
        "the rule is the same as that in line 4, and adds nothing to it",
    ),
    issued(
        "json-query",
        TPM,
        r#"c:[type=="events"] => issue(type="a", value=JmesPath(c.value, "events[0]"));"#,
        "the query starts with `events`, and evidence has `Events`: JMESPath heeds case",
    ),
    issued(
        "json-query",
        TPM,
        r#"c:[type=="events"] => issue(type="a", value=JmesPath(c.value, "Events[?PcrIndex == '20']"));"#,
        "the query compares with the text `20`, which no number is equal to",
    ),
    issued(
        "json-query",
        TPM,
        r#"c:[type=="events"] => issue(type="a", value=JmesPath(c.value, "Events[?a == true]"));"#,
        "the query compares with a member named `true`, not with the value",
    ),
    issued(
        "never-fires",
        TPM,
        r#"[type=="a"] => issue(type="b", value=1); => add(type="a", value=1);"#,
        "the condition never holds: only a later rule makes the claim `a`",
    ),
    issued(
        "never-fires",
        TPM,
        r#"[type=="tpmVersion", value>255] => issue(type="b", value=1);"#,
        "the condition never holds: `tpmVersion` is between 0 and 255",
    ),
    issued(
        "never-fires",
        SGX,
        r#"[type=="a", issuer=="CustomClaim"] => issue(type="b", value=1);"#,
        "the condition never holds: requests for SgxEnclave bring no claims of their own",
    ),
    decided(
        "permits-debug",
        SGX,
        "=> permit();",
        "a debuggable enclave is permitted: no rule refuses the value true of `x-ms-sgx-is-debuggable`",
    ),
    decided(
        "permits-debug",
        Some(Subject::SevSnpVm),
        "=> permit();",
        "a debuggable virtual machine is permitted: no rule refuses the value true of `x-ms-sevsnpvm-is-debuggable`",
    ),
    decided(
        "permits-debug",
        Some(Subject::AzureGuest),
        "=> permit();",
        "a debuggable operating system is permitted: no rule refuses the value false of `x-ms-azurevm-debuggersdisabled`",
    ),
    issued(
        "read-only-claim",
        TPM,
        r#"c:[type=="pcrs"] => issue(type="a", value=c.value);"#,
        "the value comes from the read-only claim `pcrs`, which cannot be issued",
    ),
    decided(
        "redundant-permit",
        None,
        r#"[type=="aikValidated"] => permit(); => permit();"#,
        "another rule permits whatever the evidence says, so this makes no difference",
    ),
    issued(
        "reserved-claim",
        TPM,
        r#"=> issue(type="x-ms-sgx-mrsigner", value="00");"#,
        "the token's claim `x-ms-sgx-mrsigner` is the service's own; what a policy issues under that name is left out",
    ),
    issued(
        "setting-of-another-type",
        SGX,
        r#"=> issueproperty(type="omit_x5c", value=true);"#,
        "the token property `omit_x5c` has no effect for type SgxEnclave",
    ),
    issued(
        "type-comparison",
        TPM,
        r#"[type=="aikValidated", value=="true"] => issue(type="a", value=1);"#,
        "`aikValidated` has values of type Boolean, which are never in a relation with one of type String",
    ),
    decided(
        "unconditional-deny",
        None,
        r#"[type=="aikValidated"] => permit(); => deny();"#,
        "this denies whatever the evidence says, so the rules that permit are in vain",
    ),
    decided(
        "unknown-claim",
        SGX,
        r#"[type=="x-ms-sgx-mrsinger"] => permit();"#,
        "no evidence of type SgxEnclave gives the claim `x-ms-sgx-mrsinger`, and no earlier rule makes it",
    ),
    decided(
        "unreachable-deny",
        None,
        r#"[type=="aikValidated"] => deny(); => deny();"#,
        "another rule denies whatever the evidence says, so this makes no difference",
    ),
    decided(
        "unreachable-permit",
        None,
        r#"=> deny(); [type=="aikValidated"] => permit();"#,
        "an earlier rule denies whatever the evidence says, so this permits nothing",
    ),
    decided(
        "unused-identifier",
        None,
        r#"c:[type=="aikValidated"] => permit();"#,
        "the claims that `c` names are not used",
    ),
];

#[test]
fn every_lint_says_what_it_found() {
    for row in MESSAGES {
        let text = format!(
            "version=1.2;\nauthorizationrules{{ {} }};\nissuancerules{{\n{}\n}};",
            row.authorization, row.issuance
        );
        let found = lint(&text, row.subject);
        let told: Vec<&str> = found
            .iter()
            .filter(|finding| finding.code == row.code)
            .map(|finding| &*finding.message)
            .collect();
        assert_eq!(told, [row.message], "{text}");
    }
    // What only policies of another version or another section can cause.
    let text = "version=1.0;\nauthorizationrules{ [type==\"pcrs\"] => permit(); };";
    assert_eq!(
        lint(text, TPM)[0].message,
        "policies see the claim `pcrs` from version 1.2 on only"
    );
    let text = "version=1.1;\nconfigurationrules{ => issueproperty(type=\"required_pcr_mask\", value=1); };\n\
                authorizationrules{ [type==\"x-ms-sgx-is-debuggable\", value==false] => permit(); };";
    let found = lint(text, SGX);
    assert_eq!(
        found[0].message,
        "the setting `required_pcr_mask` has no effect for type SgxEnclave"
    );
    assert_eq!(found[0].help.as_deref(), Some("leave it out; it is for Tpm"));

    let codes: std::collections::BTreeSet<&str> =
        MESSAGES.iter().map(|row| row.code).chain(["needs-1.2"]).collect();
    assert_eq!(codes.into_iter().collect::<Vec<_>>(), CODES);
}
