//! A `|` in a text is the cursor.

use proptest::prelude::*;

use super::*;

fn at_cursor(marked: &str) -> (String, usize) {
    let offset = marked.find('|').expect("a cursor");
    (marked.replacen('|', "", 1), offset)
}

fn offers(marked: &str, subject: Option<Subject>) -> Vec<Completion> {
    let (text, offset) = at_cursor(marked);
    complete(&text, offset, subject)
}

fn labels(marked: &str) -> Vec<String> {
    labels_for(marked, Some(Subject::SgxEnclave))
}

fn labels_for(marked: &str, subject: Option<Subject>) -> Vec<String> {
    let offers = offers(marked, subject);
    offers.into_iter().map(|offer| offer.label).collect()
}

/// The text after the offer called `label` is taken.
fn taken(marked: &str, label: &str) -> String {
    let (mut text, offset) = at_cursor(marked);
    let offers = complete(&text, offset, Some(Subject::SgxEnclave));
    let offer = offers
        .iter()
        .find(|offer| offer.label == label)
        .unwrap_or_else(|| panic!("{marked}: {offers:#?}"));
    text.replace_range(range(offer.replaced), &offer.insert);
    text
}

fn range(span: Span) -> std::ops::Range<usize> {
    usize::try_from(span.start).unwrap()..usize::try_from(span.end).unwrap()
}

/// Title and text of what is at the cursor.
fn shown(marked: &str) -> Option<(String, String)> {
    let (text, offset) = at_cursor(marked);
    hover(&text, offset, Some(Subject::SgxEnclave)).map(|hover| (hover.title, hover.text))
}

const START: &str = "version=1.2; authorizationrules { ";
const ISSUE: &str = "version=1.2; issuancerules { ";

#[test]
fn the_outline_is_offered() {
    assert_eq!(labels("|"), ["version"]);
    assert_eq!(labels("ver|"), ["version"]);
    assert_eq!(taken("ver|", "version"), "version=1.2;");
    assert_eq!(
        labels("version=1.2; |"),
        ["configurationrules", "authorizationrules", "issuancerules"]
    );
    assert_eq!(
        taken("version=1.2; auth|", "authorizationrules"),
        "version=1.2; authorizationrules {\n    \n};"
    );
    assert_eq!(labels("version=|"), [""; 0]);
}

#[test]
fn rules_are_offered_piece_by_piece() {
    assert_eq!(labels(&format!("{START}|")), ["=>", "[ ]", "c:[ ]"]);
    assert_eq!(labels(&format!("{START}=> permit(); |")), ["=>", "[ ]", "c:[ ]"]);
    assert_eq!(labels(&format!("{START}[type==\"a\"] |")), ["&&", "=>"]);
    assert_eq!(
        labels(&format!("{START}[type==\"a\"] && |")),
        ["[ ]", "c:[ ]", "![ ]"]
    );
    assert_eq!(labels(&format!("{START}=> |")), ["permit", "deny", "add"]);
    assert_eq!(labels(&format!("{START}=> per|")), ["permit", "deny", "add"]);
    assert_eq!(labels(&format!("{ISSUE}=> |")), ["add", "issue", "issueproperty"]);
    assert_eq!(
        labels("version=1.1; configurationrules { => |"),
        ["issueproperty"]
    );
    assert_eq!(
        taken(&format!("{START}=> pe|"), "permit"),
        format!("{START}=> permit();")
    );
}

#[test]
fn conditions_offer_properties_not_yet_named() {
    assert_eq!(
        labels(&format!("{START}[|")),
        ["type", "value", "valueType", "issuer"]
    );
    assert_eq!(
        labels(&format!("{START}[type==\"a\", |")),
        ["value", "valueType", "issuer"]
    );
    assert_eq!(
        labels(&format!("{START}[type==\"a\", v|")),
        ["value", "valueType", "issuer"]
    );
    assert_eq!(
        labels(&format!("{START}[type==\"a\", issuer==\"|\"")),
        ["AttestationService", "AttestationPolicy", "CustomClaim"]
    );
    assert_eq!(
        labels(&format!("{START}[valueType==\"|\"")),
        ["Boolean", "Integer", "String"]
    );
    assert_eq!(
        taken(&format!("{START}[issuer==|"), "CustomClaim"),
        format!("{START}[issuer==\"CustomClaim\"")
    );
}

#[test]
fn claims_are_those_of_the_type_and_of_the_policy() {
    let claims = labels(&format!("{START}[type==\"|\"] => permit(); }};"));
    assert!(claims.iter().any(|name| name == "x-ms-sgx-mrenclave"));
    assert!(
        !claims
            .iter()
            .any(|name| name == "tdx_mrtd" || name == "secureBootEnabled")
    );
    let all = offers(&format!("{START}[type==\"|"), None);
    assert!(all.iter().any(|offer| offer.label == "tdx_mrtd"));
    let old = offers("version=1.0; authorizationrules { [type==\"|", Some(Subject::Tpm));
    let new = offers(&format!("{START}[type==\"|"), Some(Subject::Tpm));
    assert!(new.iter().any(|offer| offer.label == "events"));
    assert!(!old.iter().any(|offer| offer.label == "events"));

    let made = labels(&format!("{START}=> add(type=\"mine\", value=1); [type==\"|\"]"));
    assert_eq!(made.last().map(String::as_str), Some("mine"));
    let later = labels(&format!("{START}[type==\"|\"] => add(type=\"mine\", value=1);"));
    assert!(!later.iter().any(|name| name == "mine"));

    let debuggable = offers(&format!("{START}[type==\"|"), Some(Subject::SgxEnclave))
        .into_iter()
        .find(|offer| offer.label == "$is-debuggable")
        .unwrap();
    assert!(debuggable.deprecated);
    assert!(
        debuggable.documentation.contains("`x-ms-sgx-is-debuggable`"),
        "{}",
        debuggable.documentation
    );
}

#[test]
fn an_offer_replaces_what_is_typed_and_no_more() {
    let expected = format!("{START}[type==\"x-ms-sgx-svn\", value==1] => permit(); }};");
    for marked in [
        "[type==\"|\", value==1] => permit(); };",
        "[type==\"x-ms|\", value==1] => permit(); };",
        "[type==\"x-ms|-sgx\", value==1] => permit(); };",
        "[type==|, value==1] => permit(); };",
    ] {
        assert_eq!(
            taken(&format!("{START}{marked}"), "x-ms-sgx-svn"),
            expected,
            "{marked}"
        );
    }
    // Without a closing quote, what follows on the line is kept.
    assert_eq!(
        taken(
            &format!("{START}[type==\"x-|ms, value==1] => permit();\n}};"),
            "x-ms-sgx-svn"
        ),
        format!("{START}[type==\"x-ms-sgx-svn, value==1] => permit();\n}};")
    );
}

#[test]
fn values_are_those_the_claim_can_have() {
    let flag = labels(&format!("{START}[type==\"x-ms-sgx-is-debuggable\", value==|"));
    assert_eq!(flag[..2], ["true", "false"]);
    let number = labels(&format!(
        "{START}c:[type==\"x\"] && [type==\"x-ms-sgx-svn\", value>=|"
    ));
    assert_eq!(number[..2], ["c.value", "JmesPath"]);
    let old = labels("version=1.0; authorizationrules { [type==\"x-ms-sgx-svn\", value>=|");
    assert_eq!(old, [""; 0]);
    assert_eq!(
        labels(&format!("{START}c:[type==\"x\"] => add(type=\"y\", value=c.|")),
        ["type", "value", "valueType", "issuer"]
    );
    assert_eq!(labels(&format!("{START}c:[type==\"x\"] => add(claim=|")), ["c"]);
    assert_eq!(
        labels(&format!("{START}c:[type==\"x\"] => add(|")),
        ["type", "value", "claim"]
    );
    assert_eq!(
        labels(&format!("{START}c:[type==\"x\"] => add(type=\"y\", |")),
        ["value"]
    );
    let argument = labels(&format!(
        "{START}c:[type==\"x\"] => add(type=\"y\", value=JmesPath(|"
    ));
    assert!(argument.contains(&"c.value".to_owned()) && argument.contains(&"AppendString".to_owned()));
    // A binding ends with its rule.
    assert_eq!(
        labels(&format!("{START}c:[type==\"x\"] => permit(); => add(claim=|")),
        [""; 0]
    );
}

/// Those that have an effect on what the policy judges.
#[test]
fn settings_are_offered_where_they_belong() {
    let settings = "version=1.1; configurationrules { => issueproperty(type=\"|\"";
    let properties = format!("{ISSUE}=> issueproperty(type=\"|\"");
    let sgx = ["x-ms-sgx-tcbidentifier"];
    let tpm = ["require_valid_aik_cert", "required_pcr_mask"];
    let token = ["report_validity_in_minutes", "omit_x5c"];
    for (subject, expected, expected_properties) in [
        (None, &[&sgx[..], &tpm].concat()[..], &token[..]),
        (Some(Subject::OpenEnclave), &sgx, &[]),
        (Some(Subject::Tpm), &tpm, &token),
        (Some(Subject::TdxVm), &[], &[]),
    ] {
        assert_eq!(labels_for(settings, subject), expected, "{subject:?}");
        assert_eq!(
            labels_for(&properties, subject),
            expected_properties,
            "{subject:?}"
        );
    }
    assert_eq!(labels_for(&format!("{ISSUE}=> issue(type=\"|\""), None), [""; 0]);
}

#[test]
fn nothing_is_offered_in_comments_numbers_and_other_texts() {
    for marked in [
        "// ver|",
        "version=1.2; // auth|\n",
        "version=1.2; authorizationrules { [value==1|",
        "version=1.2; authorizationrules { [value==\"|\"",
        "version=1.2; authorizationrules { [type==\"a\" \"|\"",
    ] {
        assert_eq!(labels(marked), [""; 0], "{marked}");
    }
    assert_eq!(labels("// auth\n|"), ["version"]);
    let long = format!("{}{START}[", " ".repeat(256 * 1024));
    assert_eq!(complete(&long, long.len(), None), []);
    assert_eq!(hover(&long, long.len() - 5, None), None);
}

#[test]
fn words_are_explained() {
    let title = |marked: &str| shown(marked).map(|(title, _)| title);
    assert_eq!(title("ver|sion=1.2;").as_deref(), Some("version=1.2;"));
    assert_eq!(
        title("version=1.2; Issuance|rules {").as_deref(),
        Some("issuancerules { ... };")
    );
    assert_eq!(
        title(&format!("{START}=> permit|();")).as_deref(),
        Some("permit()")
    );
    assert_eq!(
        title(&format!("{START}[iss|uer==\"a\"]")).as_deref(),
        Some("issuer: String")
    );
    assert_eq!(
        title(&format!("{START}=> add(type=\"a\", value=Neg|ateBool(true));")).as_deref(),
        Some("NegateBool(boolean)")
    );
    assert_eq!(
        title(&format!("{START}c:[] => add(cl|aim=c);")).as_deref(),
        Some("claim=identifier")
    );
    assert_eq!(title(&format!("{START}[ty|pe=")).as_deref(), Some("type: String"));
    assert_eq!(title(&format!("{START}// per|mit()")), None);
    assert_eq!(title(&format!("{START}=>| permit();")), None);
}

#[test]
fn claims_and_identifiers_are_explained() {
    let (title, text) = shown(&format!("{START}[type==\"x-ms-sgx-|svn\"]")).unwrap();
    assert_eq!(title, "x-ms-sgx-svn: Integer");
    assert!(!text.contains("does not give"), "{text}");
    let (_, text) = shown(&format!("{START}[type==\"tdx_|mrtd\"]")).unwrap();
    assert!(
        text.ends_with("Evidence of type SgxEnclave does not give it."),
        "{text}"
    );
    let (title, text) = shown(&format!("{START}c:[type==\"x-ms-sgx-svn\"] => add(claim=|c);")).unwrap();
    assert_eq!(title, "c");
    assert!(
        text.starts_with("The claims `x-ms-sgx-svn` that satisfy its condition."),
        "{text}"
    );
    let (_, text) = shown(&format!("{START}=> add(type=\"a\", value=1); [type==\"|a\"]")).unwrap();
    assert_eq!(text, "A claim that an earlier rule of this policy makes.");
    let (title, _) = shown(&format!(
        "{ISSUE}=> issueproperty(type=\"omit|_x5c\", value=true);"
    ))
    .unwrap();
    assert_eq!(title, "omit_x5c: Boolean");
    assert_eq!(shown(&format!("{START}[type==\"unkn|own\"]")), None);
    assert_eq!(shown(&format!("{START}[value==\"x-ms-sgx-|svn\"]")), None);
}

#[test]
fn every_word_of_the_language_is_explained() {
    use crate::program::{ActionKind, Function, Property, SectionKind};
    let words = SectionKind::ALL.map(words::section).to_vec();
    let words = words
        .into_iter()
        .chain(ActionKind::ALL.map(words::action))
        .chain(Property::ALL.map(words::property))
        .chain(Function::ALL.map(words::function))
        .chain(words::SETTINGS)
        .chain(words::TOKEN_PROPERTIES);
    for word in words {
        assert!(word.meaning.ends_with('.'), "{word:?}");
    }
    for function in Function::ALL {
        let signature = format!("{}({})", function.name(), function.parameters().join(", "));
        assert_eq!(words::function(function).signature, signature);
    }
    let settings: Vec<_> = words::TOKEN_PROPERTIES.iter().map(|word| word.name).collect();
    assert_eq!(settings, crate::configuration::TOKEN_PROPERTIES);
    for word in words::SETTINGS {
        assert!(
            crate::configuration::check_key(word.name)
                .is_ok_and(|(_, value_type)| value_type.name() == word.signature)
        );
    }
}

#[test]
fn actions_are_offered_where_the_checker_takes_them() {
    use crate::program::SectionKind;
    for section in SectionKind::ALL {
        let offered = labels(&format!("version=1.2; {section} {{ => |"));
        for action in crate::program::ActionKind::ALL {
            let arguments = match action.name() {
                "permit" | "deny" => "",
                _ => "type=\"omit_x5c\", value=true",
            };
            let text = format!("version=1.2; {section} {{ => {action}({arguments}); }};");
            let findings = crate::Policy::compile(&text).err().unwrap_or_default();
            let misplaced = findings.iter().any(|finding| finding.code == "misplaced-action");
            assert_eq!(
                offered.contains(&action.to_string()),
                !misplaced,
                "{text}: {findings:#?}"
            );
        }
    }
}

#[test]
fn the_type_is_read_from_a_comment() {
    for (text, expected) in [
        ("// attestry: type=sgx-enclave", Some(Subject::SgxEnclave)),
        ("version=1.0;\n  //attestry:type=Tpm\n", Some(Subject::Tpm)),
        ("// attestry: type=nothing", None),
        ("attestry: type=tpm", None),
        ("// about attestry: type=tpm", None),
    ] {
        assert_eq!(declared_subject(text), expected, "{text}");
    }
}

const WHOLE: &str = "version=1.2; // c\nconfigurationrules { => issueproperty(type=\"required_pcr_mask\", value=15); };\n\
    authorizationrules { c:[type==\"a\", value>=1] && ![issuer==\"x\\\"\"] => add(type=\"b\", value=JmesPath(c.value, \"d\")); };\n";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_text_makes_an_answer_panic(text in "\\PC{0,80}", offset in 0_usize..100) {
        complete(&text, offset, None);
        hover(&text, offset, None);
    }

    #[test]
    fn offers_replace_text_at_the_cursor(start in 0..WHOLE.len(), length in 0..WHOLE.len(), offset in 0..WHOLE.len()) {
        let mut text = WHOLE.to_owned();
        text.replace_range(start..start.saturating_add(length).min(WHOLE.len()), "");
        let offset = offset.min(text.len());
        for offer in complete(&text, offset, None) {
            let replaced = range(offer.replaced);
            prop_assert!(replaced.start <= offset && offset <= replaced.end && text.get(replaced).is_some());
        }
        if let Some(hover) = hover(&text, offset, None) {
            prop_assert!(text.get(range(hover.span)).is_some());
        }
    }
}
