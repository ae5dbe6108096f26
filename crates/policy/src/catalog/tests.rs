use std::collections::HashSet;

use super::*;

#[test]
fn subjects_are_found_by_either_name_in_any_case() {
    for subject in Subject::ALL {
        for name in [subject.name(), subject.command_line_name()] {
            assert_eq!(name.parse(), Ok(subject));
            assert_eq!(name.to_uppercase().parse(), Ok(subject));
        }
    }
    assert_eq!("sgx".parse::<Subject>(), Err(UnknownSubject("sgx".to_owned())));
}

#[test]
fn every_claim_stands_once_and_is_given_by_something() {
    let mut names = HashSet::new();
    for claim in all() {
        assert!(names.insert(claim.name), "{} stands twice", claim.name);
        assert!(!claim.subjects.is_empty(), "{}", claim.name);
    }
    assert!(
        Subject::ALL
            .into_iter()
            .all(|subject| claims(subject).count() > 15)
    );
}

/// Editors and messages show them in a line of their own.
#[test]
fn meanings_are_one_sentence_without_the_full_stop() {
    for claim in all() {
        assert!(
            claim.meaning.starts_with(char::is_uppercase) && !claim.meaning.ends_with('.'),
            "{}: {}",
            claim.name,
            claim.meaning
        );
    }
}

#[test]
fn a_deprecated_claim_has_the_type_and_the_subjects_of_its_successor() {
    for old in all() {
        let Some(name) = old.deprecated_by else { continue };
        let new = claim(name).unwrap();
        assert_eq!(new.value_type, old.value_type, "{}", old.name);
        assert_eq!(new.debuggable_when, old.debuggable_when, "{}", old.name);
        assert_eq!(new.deprecated_by, None, "{name}");
        assert!(
            old.subjects.iter().all(|subject| new.is_given_by(*subject)),
            "{}",
            old.name
        );
    }
}

#[test]
fn debug_values_have_the_type_of_their_claim() {
    let debug_claims: Vec<_> = all()
        .filter_map(|claim| Some((claim, claim.debuggable_when?)))
        .collect();
    assert!(debug_claims.len() > 4);
    for (claim, value) in debug_claims {
        assert_eq!(
            Value::from(value).value_type(),
            claim.value_type,
            "{}",
            claim.name
        );
    }
}

#[test]
fn json_and_read_only_claims_are_those_of_the_documentation() {
    let names = |wanted: fn(&ClaimEntry) -> bool| -> Vec<_> {
        all()
            .filter(|claim| wanted(claim))
            .map(|claim| claim.name)
            .collect()
    };
    let json = [
        "x-ms-sgx-collateral",
        "maa-attestationcollateral",
        "events",
        "bootEvents",
        "pcrs",
        "x-ms-tpm-request-key",
        "x-ms-tpm-other-keys",
    ];
    assert_eq!(names(|claim| claim.is_json), json);
    assert_eq!(names(|claim| claim.needs_1_2), json);
    assert_eq!(names(|claim| claim.read_only), json[4..]);
    assert_eq!(names(|claim| claim.read_only), crate::READ_ONLY);
}

#[test]
fn names_of_the_service_are_reserved_and_names_of_the_default_policy_are_not() {
    for claim in claims(Subject::SgxEnclave).chain(claims(Subject::TdxVm)) {
        // The policy language's own old names, which tokens never had.
        let is_old = claim.name.starts_with('$');
        assert_eq!(is_reserved(claim.name), !is_old, "{}", claim.name);
    }
    for name in ["is-debuggable", "product-id", "svn", "tee", "secureBootEnabled"] {
        assert!(!is_reserved(name), "{name}");
    }
}

#[test]
fn every_setting_of_the_language_has_an_effect_on_something() {
    for word in [
        "x-ms-sgx-tcbidentifier",
        "require_valid_aik_cert",
        "required_pcr_mask",
    ] {
        assert!(crate::configuration::check_key(word).is_ok());
        assert!(!setting(word).unwrap().subjects.is_empty(), "{word}");
        assert_eq!(token_property(word), None);
    }
    for word in crate::configuration::TOKEN_PROPERTIES {
        assert!(!token_property(word).unwrap().subjects.is_empty(), "{word}");
        assert_eq!(setting(word), None);
    }
}
