use serde_json::json;

use super::*;
use crate::config::{Config, ConfigError};

const FIRST: &str = "https://first.example";
const SECOND: &str = "https://second.example";

fn config(text: &str) -> Result<Config, ConfigError> {
    let issuers = format!(
        "[[authentication.issuer]]\nissuer = \"{FIRST}\"\n[[authentication.issuer]]\nissuer = \"{SECOND}\"\n"
    );
    Config::from_layers(&format!("{issuers}{text}"), [])
}

fn assignments(text: &str) -> Assignments {
    let config = config(text).unwrap();
    Assignments::from_config(&config.authorization.assignment, &config.authentication).unwrap()
}

fn roles(assignments: &Assignments, issuer: &str, claims: &Value) -> Vec<Role> {
    let grants = assignments.of_token(issuer, claims.as_object().unwrap());
    grants.into_iter().map(|grant| grant.role).collect()
}

fn one(claim: &str, value: &str) -> Assignments {
    assignments(&format!(
        "[[authorization.assignment]]\nrole = \"reader\"\nscopes = [\"/\"]\nissuer = \"{FIRST}\"\nclaim = \"{claim}\"\nvalue = \"{value}\"\n"
    ))
}

#[test]
fn a_claim_has_a_value_as_text_or_in_a_list() {
    let held = one("groups", "admins");
    for (claims, expected) in [
        (json!({"groups": "admins"}), true),
        (json!({"groups": ["users", "admins"]}), true),
        (json!({"groups": ["Admins"]}), false),
        (json!({"groups": ["admins2"]}), false),
        (json!({"groups": [["admins"]]}), false),
        (json!({"groups": {"admins": true}}), false),
        (json!({"groups": "users admins"}), false),
        (json!({"roles": ["admins"]}), false),
        (json!({}), false),
    ] {
        assert_eq!(
            roles(&held, FIRST, &claims) == [Role::Reader],
            expected,
            "{claims}"
        );
    }
}

#[test]
fn what_one_issuer_says_does_not_count_for_another() {
    let held = one("sub", "alice");
    assert_eq!(roles(&held, FIRST, &json!({"sub": "alice"})), [Role::Reader]);
    assert_eq!(roles(&held, SECOND, &json!({"sub": "alice"})), []);
    assert_eq!(roles(&held, "", &json!({"sub": "alice"})), []);
}

#[test]
fn the_application_has_three_names_of_which_the_first_counts() {
    for name in ["appid", "azp", "client_id"] {
        let held = one(name, "app");
        assert_eq!(roles(&held, FIRST, &json!({"appid": "app"})), [Role::Reader]);
        assert_eq!(roles(&held, FIRST, &json!({"azp": "app"})), [Role::Reader]);
        assert_eq!(roles(&held, FIRST, &json!({"client_id": "app"})), [Role::Reader]);
        let other_first = json!({"appid": "other", "azp": "app"});
        assert_eq!(roles(&held, FIRST, &other_first), []);
    }
}

#[test]
fn an_applications_role_is_not_that_of_the_users_signed_in_to_it() {
    let held = one("appid", "app");
    for (more, expected) in [
        (json!({"idtyp": "app"}), true),
        (json!({"idtyp": "app", "scp": "x"}), true),
        (json!({"scope": "openid", "roles": ["r"]}), true),
        (json!({"idtyp": "user"}), false),
        (json!({"idtyp": null}), false),
        (json!({"scp": "user_impersonation"}), false),
        (json!({"scp": ""}), false),
        (json!({"sid": "s", "scope": "openid"}), false),
        (json!({"session_state": "s"}), false),
    ] {
        let mut claims = json!({"appid": "app"});
        for (name, value) in more.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let granted = roles(&held, FIRST, &claims) == [Role::Reader];
        assert_eq!(granted, expected, "{claims}");
    }
    // What says who the user is counts all the same.
    let user = json!({"appid": "app", "oid": "o", "scp": "x"});
    assert_eq!(roles(&one("oid", "o"), FIRST, &user), [Role::Reader]);
}

#[test]
fn a_scope_names_a_provider_as_providers_are_named() {
    for name in ["tenant1", "my-tenant", "Contoso-EU"] {
        assert_eq!(name.parse(), Ok(Scope::Provider(name.to_owned())));
    }
    for name in ["", "ab", "-ab", "ab-", "a_b", "a.b", "a b c", &"a".repeat(25)] {
        let refused: Result<Scope, _> = name.parse();
        assert_eq!(refused, Err(AssignmentError::Scope(name.to_owned())));
    }
}

#[test]
fn full_stops_lead_into_objects() {
    let held = one("realm_access.roles", "att");
    assert_eq!(
        roles(&held, FIRST, &json!({"realm_access": {"roles": ["att"]}})),
        [Role::Reader]
    );
    assert_eq!(
        roles(&held, FIRST, &json!({"realm_access.roles": ["att"]})),
        [Role::Reader]
    );
    assert_eq!(roles(&held, FIRST, &json!({"realm_access": ["att"]})), []);
}

#[test]
fn a_holder_has_the_role_in_each_scope() {
    let held = assignments(&format!(
        r#"
        [[authorization.assignment]]
        role = "bbf86eb8-f7b4-4cce-96e4-18cddf81d86e"
        scopes = ["tenant1", "/subscriptions/S/resourceGroups/G", "/SUBSCRIPTIONS/T"]
        issuer = "{FIRST}"
        claim = "oid"
        value = "o"
        "#
    ));
    let grants = held.of_token(FIRST, json!({"oid": "o"}).as_object().unwrap());
    let scopes: Vec<_> = grants.iter().map(|grant| grant.scope.clone()).collect();
    assert!(grants.iter().all(|grant| grant.role == Role::Contributor));
    assert_eq!(
        scopes,
        [
            Scope::Provider("tenant1".to_owned()),
            Scope::ResourceGroup {
                subscription: "S".to_owned(),
                group: "G".to_owned()
            },
            Scope::Subscription("T".to_owned()),
        ]
    );
}

#[test]
fn roles_go_by_our_names_and_azures() {
    for (name, role) in [
        ("Attestation Reader", Role::Reader),
        ("attestation contributor", Role::Contributor),
        ("FD1BD22B-8476-40BC-A0BC-69B95687B9F3", Role::Reader),
        ("8e3af657-a8ff-443c-a75c-2fe8c4bcb635", Role::Owner),
        ("operator", Role::Operator),
    ] {
        assert_eq!(name.parse(), Ok(role));
    }
    assert_eq!(
        "admin".parse::<Role>(),
        Err(AssignmentError::Role("admin".to_owned()))
    );
}

#[test]
fn malformed_scopes_are_refused() {
    for text in [
        "",
        "//",
        "/subscriptions",
        "/subscriptions/",
        "/subscriptions/S/resourceGroups",
        "/subscriptions/S/resourceGroups/",
        "/subscriptions/S/providers/P",
        "/subscriptions/S/resourceGroups/G/x",
        "ten/ant",
        "*",
    ] {
        assert_eq!(
            text.parse::<Scope>(),
            Err(AssignmentError::Scope(text.to_owned())),
            "{text}"
        );
    }
}

#[test]
fn an_assignment_that_is_not_clear_is_refused_at_the_start() {
    let refused = |text: &str| match config(&format!("[[authorization.assignment]]\n{text}")) {
        Err(ConfigError::Key { key, reason }) => (key, reason),
        other => panic!("{other:?}"),
    };
    let key = |name: &str| format!("authorization.assignment[0].{name}");
    let whole = "role = \"reader\"\nscopes = [\"/\"]\nclaim = \"sub\"\nvalue = \"a\"\n";
    for (text, name, reason) in [
        (whole.to_owned(), "issuer", "several"),
        (
            format!("{whole}issuer = \"https://third.example\"\n"),
            "issuer",
            "third.example",
        ),
        (whole.replace("reader", "king"), "role", "`king`"),
        (whole.replace("\"/\"", ""), "scopes", "at least one"),
        (whole.replace("\"/\"", "\"/x\""), "scopes", "`/x`"),
        (whole.replace("\"sub\"", "\"\""), "claim", "needed"),
        (whole.replace("\"a\"", "\"\""), "value", "needed"),
        (
            format!(
                "{}issuer = \"{FIRST}\"\n",
                whole.replace("\"sub\"", "\"certificate_name\"")
            ),
            "issuer",
            "client certificate",
        ),
    ] {
        let (named, given) = refused(&text);
        assert_eq!(named, key(name));
        assert!(given.contains(reason), "{given}");
    }
    let without_issuers = Config::from_layers(&format!("[[authorization.assignment]]\n{whole}"), []);
    assert!(matches!(without_issuers, Err(ConfigError::Key { key: named, .. }) if named == key("issuer")));
}
