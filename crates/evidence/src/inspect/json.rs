//! The tree of a JSON document of collateral: a signed response of a provisioning service, or the documents gathered
//! in one object. Texts inside that are documents themselves are opened.

use serde_json::Value;

use super::Node;
use super::fields::{leaf, parent};
use super::x509::{certificate_chain, crl};

/// The members of a JSON document; `None` when it is none. Positions are not known.
pub fn json(name: &str, bytes: &[u8]) -> Option<Node> {
    let bytes = bytes.strip_suffix(&[0]).unwrap_or(bytes);
    let value = serde_json::from_slice(bytes).ok()?;
    Some(Node {
        length: bytes.len(),
        ..node(name, &value)
    })
}

/// Recursion is bounded by serde_json, which refuses documents nested more than 128 deep, and by the opening of
/// texts, each of which is shorter than the one around it.
fn node(name: &str, value: &Value) -> Node {
    match value {
        Value::Object(members) => parent(
            name,
            0,
            members.iter().map(|(name, value)| node(name, value)).collect(),
        ),
        Value::Array(values) if values.iter().any(|value| value.is_object() || value.is_array()) => {
            let children = values
                .iter()
                .enumerate()
                .map(|(index, value)| node(&index.to_string(), value));
            parent(name, 0, children.collect())
        }
        Value::Array(values) => leaf(name, 0, 0, values.iter().map(text).collect::<Vec<_>>().join(", ")),
        Value::String(document) => opened(name, document).unwrap_or_else(|| leaf(name, 0, 0, text(value))),
        Value::Null | Value::Bool(_) | Value::Number(_) => leaf(name, 0, 0, text(value)),
    }
}

fn opened(name: &str, document: &str) -> Option<Node> {
    let opened = match document.trim_start() {
        text if text.starts_with('{') => json(name, document.as_bytes()),
        text if text.starts_with("-----BEGIN CERT") => certificate_chain(document.as_bytes()).ok(),
        _ if name.ends_with("_crl") => crl(document.as_bytes()).ok(),
        _ => None,
    }?;
    Some(Node {
        name: name.to_owned(),
        ..opened
    })
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
