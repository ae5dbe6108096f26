use super::*;

#[test]
fn names_are_kept_as_given_and_found_in_any_case() {
    let name = ProviderName::parse("My-Provider-1").unwrap();
    assert_eq!((name.given(), name.key()), ("My-Provider-1", "my-provider-1"));
    let group = GroupId::parse("0000-AB", "Gruppe_(Süd).1").unwrap();
    assert_eq!(group.group, "Gruppe_(Süd).1");
    let connection = ConnectionName::parse("Endpoint.0a-1").unwrap();
    assert_eq!(
        (connection.given(), connection.key()),
        ("Endpoint.0a-1", "endpoint.0a-1")
    );
}

#[test]
fn names_that_cannot_be_hosts_or_paths_are_refused() {
    for name in [
        "",
        "ab",
        "-abc",
        "abc-",
        "a_c",
        "a.bc",
        "a/c",
        "ünder",
        &"a".repeat(25),
    ] {
        let error = ProviderName::parse(name).unwrap_err();
        assert!(matches!(error, NameError::Provider(_)), "{name}");
    }
    for group in ["", "a/b", "a b", "dot.", &"g".repeat(91), "a\nb"] {
        assert!(
            matches!(GroupId::parse("s", group), Err(NameError::Group(_))),
            "{group}"
        );
    }
    for subscription in ["", "a b", "..", &"s".repeat(65)] {
        let parsed = GroupId::parse(subscription, "rg");
        assert!(
            matches!(parsed, Err(NameError::Subscription(_))),
            "{subscription}"
        );
    }
    for connection in ["", "a/b", &"c".repeat(129)] {
        let parsed = ConnectionName::parse(connection);
        assert!(matches!(parsed, Err(NameError::Connection(_))), "{connection}");
    }
}

#[test]
fn names_of_default_providers_are_reserved() {
    let name = ProviderName::parse("SharedEUS").unwrap();
    assert_eq!(
        name.check_free(),
        Err(NameError::Reserved("SharedEUS".to_owned()))
    );
    assert_eq!(ProviderName::parse("unshared").unwrap().check_free(), Ok(()));
}

#[test]
fn a_refused_name_is_shown_on_one_line_of_readable_length() {
    let error = ProviderName::parse(&"x\n".repeat(10_000))
        .unwrap_err()
        .to_string();
    assert!(!error.contains('\n') && error.len() < 400, "{error}");
}
