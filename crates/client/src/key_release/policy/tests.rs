use std::path::Path;

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn read(policy: &Value) -> Result<ReleasePolicy, ReleasePolicyError> {
    ReleasePolicy::from_json(policy.to_string().as_bytes())
}

fn with_conditions(conditions: &Value) -> Value {
    json!({"version": "1.0.0", "anyOf": [{"authority": "https://a", "allOf": conditions}]})
}

fn message(policy: &Value) -> String {
    read(policy).unwrap_err().to_string()
}

#[test]
fn every_form_of_the_grammar_is_read() {
    let policy = read(&json!({
        "version": "0.2",
        "anyOf": [
            {"authority": "https://a", "allOf": [{"claim": "x-ms-a.b", "equals": "false"}]},
            {"authority": "b", "anyOf": [
                {"claim": "a", "notEquals": 1.5}, {"claim": "a", "less": 1}, {"claim": "a", "lessOrEquals": -1},
                {"claim": "a", "greater": 1}, {"claim": "a", "greaterOrEquals": 1}, {"claim": "a", "exists": true},
                {"allOf": [{"claim": "a", "equals": true}]},
            ]},
        ],
    }))
    .unwrap();
    assert_eq!(policy.issuers().collect::<Vec<_>>(), ["https://a", "b"]);
    assert!(!policy.is_immutable());
}

#[test]
fn the_wire_form_carries_the_very_bytes() {
    let text = with_conditions(&json!([{"claim": "a", "equals": 1}])).to_string() + "\n";
    let policy = ReleasePolicy::from_json(text.as_bytes()).unwrap();
    let wire = policy.to_wire();
    assert_eq!(
        wire,
        json!({"contentType": "application/json; charset=utf-8", "data": b64::encode_url(text.as_bytes())})
    );
    assert_eq!(read(&wire).unwrap(), policy);
    for (member, value) in [
        ("immutable", json!(true)),
        ("contentType", json!("application/json;charset=UTF-8")),
    ] {
        let mut wire = wire.clone();
        wire[member] = value;
        let read = read(&wire).unwrap();
        assert_eq!(read.is_immutable(), member == "immutable");
        assert_eq!(
            read.to_wire()["immutable"],
            if read.is_immutable() {
                json!(true)
            } else {
                Value::Null
            }
        );
    }
}

#[test]
fn a_bad_wire_form_is_refused() {
    let data = b64::encode_url(
        with_conditions(&json!([{"claim": "a", "equals": 1}]))
            .to_string()
            .as_bytes(),
    );
    for (wire, said) in [
        (
            json!({"data": data, "contentType": "text/plain"}),
            "content type is `text/plain`",
        ),
        (
            json!({"data": data, "contentType": 1}),
            "`contentType` is not a string",
        ),
        (
            json!({"data": data, "immutable": "true"}),
            "`immutable` is not true or false",
        ),
        (
            json!({"data": data, "version": "1.0.0"}),
            "unknown member `version`",
        ),
        (json!({"data": "e30="}), "not unpadded base64url"),
        (json!({"data": {}}), "`data` is not a string"),
        (json!({"data": b64::encode_url(b"{")}), "not usable JSON"),
        (
            json!({"data": b64::encode_url(br#"{"data":"e30"}"#)}),
            "unknown member `data`",
        ),
    ] {
        let found = message(&wire);
        assert!(found.contains(said), "{found}: {said}");
    }
}

#[test]
fn what_is_not_in_the_grammar_is_refused_with_its_place() {
    let condition = |condition: Value| with_conditions(&json!([{"claim": "a", "equals": 1}, condition]));
    let place = "anyOf[0].allOf[1]";
    for (policy, said) in [
        (json!([]), "the release policy is not a JSON object".to_owned()),
        (json!({}), "the release policy has no `version`".to_owned()),
        (
            json!({"version": "1.0.0"}),
            "the release policy has no `anyOf`".to_owned(),
        ),
        (
            json!({"version": 1, "anyOf": []}),
            "`version` is not a string".to_owned(),
        ),
        (
            json!({"version": "2.0", "anyOf": []}),
            "version is `2.0`".to_owned(),
        ),
        (
            json!({"version": "1.0.0", "allOf": []}),
            "unknown member `allOf`".to_owned(),
        ),
        (
            json!({"version": "1.0.0", "anyOf": []}),
            "`anyOf` is empty".to_owned(),
        ),
        (
            json!({"version": "1.0.0", "anyOf": {}}),
            "`anyOf` is not an array".to_owned(),
        ),
        (
            json!({"version": "1.0.0", "anyOf": [1]}),
            "anyOf[0] is not a JSON object".to_owned(),
        ),
        (
            json!({"version": "1.0.0", "anyOf": [{"allOf": []}]}),
            "anyOf[0] has no `authority`".to_owned(),
        ),
        (
            json!({"version": "1.0.0", "anyOf": [{"authority": ""}]}),
            "`authority` of anyOf[0] is empty".to_owned(),
        ),
        (
            json!({"version": "1.0.0", "anyOf": [{"authority": "a"}]}),
            "anyOf[0] needs `allOf` or `anyOf`".to_owned(),
        ),
        (
            json!({"version": "1.0.0", "anyOf": [{"authority": "a", "allOf": [], "anyOf": []}]}),
            "anyOf[0] needs `allOf` or `anyOf`, and not both".to_owned(),
        ),
        (
            json!({"version": "1.0.0", "anyOf": [{"authority": "a", "allof": []}]}),
            "anyOf[0] has the unknown member `allof`".to_owned(),
        ),
        (with_conditions(&json!([])), "anyOf[0].allOf is empty".to_owned()),
        (condition(json!({})), format!("{place} needs `allOf` or `anyOf`")),
        (condition(json!({"anyOf": []})), format!("{place}.anyOf is empty")),
        (
            condition(json!({"claim": "a"})),
            format!("{place} has 0 operators"),
        ),
        (
            condition(json!({"claim": "a", "equals": 1, "less": 2})),
            format!("{place} has 2 operators"),
        ),
        (
            condition(json!({"claim": "a", "equals": 1, "allOf": []})),
            format!("{place} has the unknown member `allOf`"),
        ),
        (
            condition(json!({"claim": "a", "Equals": 1})),
            format!("{place} has the unknown member `Equals`"),
        ),
        (condition(json!({"equals": 1})), format!("{place} has no `claim`")),
        (
            condition(json!({"authority": "a", "allOf": []})),
            format!("{place} has the unknown member `authority`"),
        ),
        (
            condition(json!({"claim": 1, "equals": 1})),
            format!("`claim` of {place} is not a string"),
        ),
        (
            condition(json!({"claim": "", "equals": 1})),
            "a name in it is empty".to_owned(),
        ),
        (
            condition(json!({"claim": "a..b", "equals": 1})),
            format!("the claim `a..b` of {place} is no path"),
        ),
        (
            condition(json!({"claim": "a.", "equals": 1})),
            "a name in it is empty".to_owned(),
        ),
        (
            condition(json!({"claim": "a".repeat(513), "equals": 1})),
            "it is too long".to_owned(),
        ),
        (
            condition(json!({"claim": "a", "equals": null})),
            format!("`equals` of {place} is not a string, a number"),
        ),
        (
            condition(json!({"claim": "a", "less": [1]})),
            format!("`less` of {place} is not a string, a number"),
        ),
        (
            condition(json!({"claim": "a", "equals": {}})),
            format!("`equals` of {place} is not a string, a number"),
        ),
        (
            condition(json!({"claim": "a", "exists": 1})),
            format!("`exists` of {place} is neither true nor false"),
        ),
        (
            condition(json!({"claim": "a", "exists": "yes"})),
            format!("`exists` of {place} is neither"),
        ),
    ] {
        let found = message(&policy);
        assert!(found.contains(&said), "{policy}: `{found}` without `{said}`");
    }
}

#[test]
fn json_that_reads_in_two_ways_is_refused() {
    let condition =
        |text: &str| format!(r#"{{"version":"1.0.0","anyOf":[{{"authority":"a","allOf":[{text}]}}]}}"#);
    for (text, said) in [
        (
            condition(r#"{"claim":"a","equals":1,"equals":2}"#),
            "`equals` occurs twice",
        ),
        (
            condition(r#"{"claim":"a","claim":"b","equals":2}"#),
            "`claim` occurs twice",
        ),
        (condition(r#"{"claim":"a","equals":NaN}"#), "expected value"),
        (condition(r#"{"claim":"a","equals":Infinity}"#), "expected value"),
        (
            condition(r#"{"claim":"a","equals":1e400}"#),
            "number out of range",
        ),
        (
            condition(r#"{"claim":"a","equals":18446744073709551616}"#),
            "does not fit into 64 bits",
        ),
        (
            condition(r#"{"claim":"a","equals":0.1000000000000000000001}"#),
            "more digits",
        ),
        (condition(r#"{"claim":"a","equals":01}"#), "invalid number"),
        (condition("") + "x", "trailing characters"),
        ("\u{feff}{}".to_owned(), "expected value"),
    ] {
        let found = ReleasePolicy::from_json(text.as_bytes()).unwrap_err().to_string();
        assert!(found.contains(said), "{text}: {found}");
    }
}

#[test]
fn size_count_and_depth_stop_at_their_limits() {
    let condition = json!({"claim": "a", "equals": 1});
    let padded = |length: usize| {
        let mut text = with_conditions(&json!([condition])).to_string();
        text.push_str(&" ".repeat(length - text.len()));
        ReleasePolicy::from_json(text.as_bytes())
    };
    assert!(padded(MAX_POLICY_BYTES).is_ok());
    let found = MAX_POLICY_BYTES + 1;
    assert_eq!(padded(found), Err(ReleasePolicyError::TooLarge { found }));

    let many = |count| read(&with_conditions(&json!(vec![&condition; count])));
    assert!(many(MAX_CONDITIONS).is_ok());
    let (what, most) = ("conditions", MAX_CONDITIONS);
    assert_eq!(many(most + 1), Err(ReleasePolicyError::TooMany { what, most }));

    let authority = json!({"authority": "a", "allOf": [condition]});
    let many = |count| read(&json!({"version": "1.0.0", "anyOf": vec![&authority; count]}));
    assert!(many(MAX_AUTHORITIES).is_ok());
    let (what, most) = ("authorities", MAX_AUTHORITIES);
    assert_eq!(many(most + 1), Err(ReleasePolicyError::TooMany { what, most }));

    let nested = |lists: usize| {
        let inner = (1..lists).fold(condition.clone(), |inner, _| json!({"anyOf": [inner]}));
        read(&with_conditions(&json!([inner])))
    };
    assert!(nested(MAX_NESTING).is_ok());
    assert!(matches!(
        nested(MAX_NESTING + 1),
        Err(ReleasePolicyError::TooDeep { .. })
    ));
    // Far deeper text must not exhaust the stack either.
    assert!(ReleasePolicy::from_json("[".repeat(MAX_POLICY_BYTES).as_bytes()).is_err());
    assert!(ReleasePolicy::from_json(r#"{"anyOf":["#.repeat(10_000).as_bytes()).is_err());
}

#[test]
fn the_published_policy_of_confidential_vms_is_read() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/vectors/snp/skr/datadisk-release-policy.json");
    let Ok(text) = std::fs::read(&path) else {
        eprintln!("SKIPPED: the published policy is not at {}", path.display());
        return;
    };
    let policy = ReleasePolicy::from_json(&text).unwrap();
    assert_eq!(policy.issuers().count(), 26);
    assert!(policy.names_issuer("https://sharedeus.eus.attest.azure.net"));
    assert!(policy.names_issuer("https://sharedcus.cus.attest.azure.net"));
    assert!(!policy.names_issuer("https://sharedeus.eus.attest.azure.net.example"));
}

fn condition() -> impl Strategy<Value = Value> {
    let value = prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from)
    ];
    let operator = prop::sample::select(&["equals", "notEquals", "less", "greaterOrEquals"][..]);
    let leaf = ("[a-z-]{1,8}([.][a-z-]{1,8}){0,2}", operator, value)
        .prop_map(|(claim, operator, value)| json!({"claim": claim, operator: value}));
    leaf.prop_recursive(4, 32, 4, |inner| {
        let list = prop::collection::vec(inner, 1..4);
        prop_oneof![
            list.clone().prop_map(|list| json!({"allOf": list})),
            list.prop_map(|list| json!({"anyOf": list}))
        ]
    })
}

proptest! {
    #[test]
    fn whatever_the_grammar_allows_is_read_and_comes_back_from_the_wire(condition in condition()) {
        let policy = read(&with_conditions(&json!([condition]))).unwrap();
        prop_assert_eq!(read(&policy.to_wire()).unwrap(), policy);
    }

    /// No text makes reading panic, and every refusal is one line.
    #[test]
    fn any_text_is_read_or_refused(text in r#"[{}\[\]":,a-zA-Z0-9. ]{0,200}"#) {
        if let Err(error) = ReleasePolicy::from_json(text.as_bytes()) {
            prop_assert!(!error.to_string().contains('\n'));
        }
    }
}
