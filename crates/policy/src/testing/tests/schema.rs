//! The schema that editors use says what the model reads: every key of the one is in the other.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::super::*;

fn schema() -> Value {
    let path =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/policy-test.schema.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The keys that a table of the model has: its refusal of another one lists them.
fn keys<T: DeserializeOwned>(text: &str) -> Vec<String> {
    let Err(error) = toml::from_str::<T>(text) else {
        panic!("an unknown key is accepted: {text}")
    };
    let message = error.message().to_owned();
    let (_, list) = message
        .split_once("expected one of ")
        .unwrap_or_else(|| panic!("{message}"));
    let mut keys: Vec<String> = list
        .split(", ")
        .map(|key| key.trim_matches('`').to_owned())
        .collect();
    keys.sort();
    keys
}

fn schema_keys(schema: &Value, pointer: &str) -> Vec<String> {
    let object = schema.pointer(pointer).unwrap();
    assert_eq!(object["additionalProperties"], false, "{pointer}");
    let mut keys: Vec<String> = object["properties"]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect();
    keys.sort();
    keys
}

#[test]
fn the_schema_has_the_keys_of_the_model() {
    let schema = schema();
    let case = "[[case]]\nname = 'a'\nexpect = 'deny'\n";
    let tables = [
        ("", "zz = 1".to_owned()),
        ("/definitions/evidence", "evidence = { zz = 1 }".to_owned()),
        ("/definitions/case", format!("{case}zz = 1")),
        ("/definitions/denial", format!("{case}denied-by = {{ zz = 1 }}")),
        ("/definitions/claim", "claims = [{ zz = 1 }]".to_owned()),
    ];
    for (pointer, text) in tables {
        assert_eq!(schema_keys(&schema, pointer), keys::<Suite>(&text), "{pointer}");
    }
}

#[test]
fn the_schema_has_the_names_of_the_model() {
    let schema = schema();
    let names = |pointer: &str| -> Vec<String> {
        serde_json::from_value(schema.pointer(pointer).unwrap().clone()).unwrap()
    };
    let issuers = crate::Issuer::ALL.map(crate::Issuer::name);
    assert_eq!(names("/definitions/claim/properties/issuer/enum"), issuers);
    let mut types = names("/definitions/claim/properties/valueType/enum");
    types.sort();
    assert_eq!(types, crate::ValueType::ALL.map(crate::ValueType::name));
    let decisions = [Decided::Permit, Decided::Deny, Decided::Error].map(Decided::name);
    assert_eq!(names("/definitions/case/properties/expect/enum"), decisions);
    assert_eq!(schema.pointer("/properties/case/maxItems").unwrap(), CASES);
    let subjects = crate::catalog::Subject::ALL.map(crate::catalog::Subject::command_line_name);
    assert_eq!(names("/properties/type/examples"), subjects);
}
