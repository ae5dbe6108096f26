use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::*;
use crate::http::{dev_issuer, routes};

fn description() -> Value {
    serde_json::from_str(DESCRIPTION).unwrap()
}

/// The operations of the description by path and method.
fn operations(description: &Value) -> Vec<(String, String, &Value)> {
    let paths = description["paths"].as_object().unwrap();
    paths
        .iter()
        .flat_map(|(path, methods)| {
            let methods = methods.as_object().unwrap();
            methods
                .iter()
                .map(|(method, operation)| (path.clone(), method.to_ascii_uppercase(), operation))
        })
        .collect()
}

/// As the router matches it: in lower case, an action belongs to the segment before it.
fn pattern(path: &str) -> String {
    let path = path.to_ascii_lowercase();
    match path.rsplit_once("}:") {
        Some((start, _)) => format!("{start}}}"),
        None => path,
    }
}

#[test]
fn every_route_is_described_and_nothing_else() {
    let served: BTreeSet<(String, String)> = routes::all()
        .chain(dev_issuer::ROUTES)
        .flat_map(|route| {
            let operations = route.operations.iter();
            operations.map(|operation| (route.pattern.to_owned(), operation.method.to_string()))
        })
        .collect();
    let description = description();
    let described: BTreeSet<(String, String)> = operations(&description)
        .into_iter()
        .map(|(path, method, _)| (pattern(&path), method))
        .collect();
    let missing: Vec<_> = served.difference(&described).collect();
    let invented: Vec<_> = described.difference(&served).collect();
    assert!(missing.is_empty(), "not described: {missing:?}");
    assert!(invented.is_empty(), "not served: {invented:?}");
}

#[test]
fn it_is_of_this_version_and_every_operation_has_a_name_of_its_own() {
    let description = description();
    assert_eq!(description["info"]["version"], env!("CARGO_PKG_VERSION"));
    let mut names = BTreeMap::new();
    for (path, method, operation) in operations(&description) {
        let name = operation["operationId"].as_str().unwrap().to_owned();
        assert_eq!(names.insert(name, (path, method)), None);
    }
}

#[test]
fn every_reference_leads_somewhere() {
    fn check(description: &Value, value: &Value) {
        match value {
            Value::Object(members) => {
                if let Some(Value::String(reference)) = members.get("$ref") {
                    let found = description.pointer(reference.trim_start_matches('#'));
                    assert!(found.is_some(), "{reference}");
                }
                members.values().for_each(|member| check(description, member));
            }
            Value::Array(items) => items.iter().for_each(|item| check(description, item)),
            _ => {}
        }
    }
    let description = description();
    check(&description, &description);
}

#[test]
fn every_parameter_in_a_path_is_declared() {
    let description = description();
    for (path, method, operation) in operations(&description) {
        let declared: BTreeSet<_> = operation["parameters"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default()
            .iter()
            .map(|parameter| {
                let reference = parameter["$ref"].as_str().unwrap().trim_start_matches('#');
                description.pointer(reference).unwrap()
            })
            .filter(|parameter| parameter["in"] == "path")
            .map(|parameter| parameter["name"].as_str().unwrap())
            .collect();
        let named: BTreeSet<_> = path
            .split('{')
            .skip(1)
            .map(|rest| rest.split('}').next().unwrap())
            .collect();
        assert_eq!(declared, named, "{method} {path}");
    }
}
