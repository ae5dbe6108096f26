//! What may be debugged and is permitted.

use super::*;

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
        // What a function says is not known.
        "c:[type==\"x-ms-sgx-svn\"] && [type==\"x-ms-sgx-is-debuggable\", value==NegateBool(c.value)] => deny(); => permit();",
        "c:[type==\"x-ms-sgx-svn\"] && [type==\"x-ms-sgx-is-debuggable\", value==ContainsOnlyValue(c.value, 1)] => permit();",
        "c:[type==\"x-ms-sgx-svn\"] && [type==\"x-ms-sgx-is-debuggable\", value==c.value] => deny(); => permit();",
        "c:[type==\"x-ms-sgx-svn\"] => add(type=\"bad\", value=ContainsOnlyValue(c.value, 1)); [type==\"bad\", value==true] => deny(); => permit();",
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
        // A function's result that is known.
        "c:[type==\"x-ms-sgx-is-debuggable\"] => add(type=\"good\", value=NegateBool(c.value)); [type==\"good\", value==true] => permit();",
        "c:[type==\"x-ms-sgx-is-debuggable\"] => add(type=\"bad\", value=NegateBool(NegateBool(c.value))); [type==\"bad\", value==true] => deny(); => permit();",
        "c:[type==\"x-ms-sgx-is-debuggable\"] => add(type=\"bad\", value=c.value); ![type==\"bad\", value==true] => permit();",
        "c:[type==\"x-ms-sgx-is-debuggable\"] => add(claim=c); [type==\"x-ms-sgx-is-debuggable\", value==false] => permit();",
        // Whatever the function says, the literal refuses it.
        "c:[type==\"x-ms-sgx-svn\"] && [type==\"x-ms-sgx-is-debuggable\", value==false, value==NegateBool(c.value)] => permit();",
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
    assert_eq!(authorization("=> permit();", Some(Subject::Tpm)), NOTHING);
}

#[test]
fn the_help_against_debugging_is_a_rule_that_ends_it() {
    let text = |rule: &str| format!("version=1.0;\nauthorizationrules{{ {rule} => permit(); }};");
    for subject in [
        Subject::SgxEnclave,
        Subject::OpenEnclave,
        Subject::TdxVm,
        Subject::SevSnpVm,
        Subject::AzureGuest,
    ] {
        let found = lint(&text(""), Some(subject));
        let help = found[0].help.clone().unwrap();
        let rule = help.strip_prefix("add `").unwrap().strip_suffix('`').unwrap();
        assert_eq!(lint(&text(rule), Some(subject)), [], "{rule}");
    }
}

/// Each of its three kinds of debugging has a claim, and one claim says whether all are off.
#[test]
fn an_azure_guest_must_not_be_debuggable_in_any_way() {
    const GUEST: Option<Subject> = Some(Subject::AzureGuest);
    let off = |kind: &str| format!("[type==\"x-ms-azurevm-{kind}-enabled\", value==false]");
    let deny = |kind: &str| format!("[type==\"x-ms-azurevm-{kind}-enabled\", value==true] => deny();");
    let [boot, kernel, hypervisor] = ["bootdebug", "kerneldebug", "hypervisordebug"];
    for rules in [
        "[type==\"x-ms-azurevm-debuggersdisabled\", value==true] => permit();".to_owned(),
        "![type==\"x-ms-azurevm-debuggersdisabled\", value==false] => permit();".to_owned(),
        "[type==\"x-ms-azurevm-debuggersdisabled\", value==false] => deny(); => permit();".to_owned(),
        format!(
            "{} && {} && {} => permit();",
            off(boot),
            off(kernel),
            off(hypervisor)
        ),
        format!("{}{}{} => permit();", deny(boot), deny(kernel), deny(hypervisor)),
    ] {
        assert_eq!(authorization(&rules, GUEST), NOTHING, "{rules}");
    }
    for rules in [
        "=> permit();".to_owned(),
        // Who may sign what runs is another matter.
        "[type==\"x-ms-azurevm-signingdisabled\", value==true] => permit();".to_owned(),
        "[type==\"x-ms-azurevm-signingdisabled\", value==false] => deny(); => permit();".to_owned(),
        format!("{} && {} => permit();", off(boot), off(kernel)),
        format!("{}{} => permit();", deny(boot), deny(hypervisor)),
        "[type==\"secureboot\", value==true] => permit();".to_owned(),
    ] {
        let found = authorization(&rules, GUEST);
        assert!(
            matches!(found.as_slice(), [told] if told.starts_with("permits-debug ")),
            "{rules}: {found:?}"
        );
    }
}

/// The rules of a hostile text are each compared with what many earlier ones make.
#[test]
fn many_claims_of_the_policy_are_judged_in_time() {
    let rules: Vec<String> = (0..3500)
        .map(|number| format!("[type==\"a\",value=={number}]=>add(type=\"a\",value={number});"))
        .collect();
    let found = authorization(
        &format!("=> add(type=\"a\", value=0); {} => permit();", rules.concat()),
        Some(Subject::AzureGuest),
    );
    assert!(found.iter().any(|told| told.starts_with("permits-debug ")));
}
