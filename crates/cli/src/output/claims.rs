//! Claims for people: one a line, times readable, long values cut.

use serde_json::{Map, Value};

use super::{FAINT, cut, facts, paint, plain};

/// Longest value shown whole; `--json` has everything.
const MAX_VALUE: usize = 100;

/// The claims, one a line, in the order they stand.
pub fn claims(claims: &Map<String, Value>) -> String {
    facts(
        claims
            .iter()
            .map(|(name, value)| (plain(name), describe(name, value))),
    )
}

fn describe(name: &str, value: &Value) -> String {
    match value {
        Value::Number(number) if matches!(name, "exp" | "iat" | "nbf") => {
            let time = number
                .as_i64()
                .and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
            time.map_or_else(
                || number.to_string(),
                |time| format!("{number}  {}", paint(FAINT, time)),
            )
        }
        Value::String(text) => cut(&plain(text), MAX_VALUE),
        other => cut(&other.to_string(), MAX_VALUE),
    }
}
