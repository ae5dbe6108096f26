//! An evaluation for people and for scripts: what each rule did, and what would have to change.

use std::fmt::Write as _;

use attestry_policy::{
    CallTrace, Claim, Decision, DenyReason, Miss, Outcome, RuleEffect, RuleLocation, RuleTrace, Trace, Value,
    values_by_type,
};
use serde_json::{Value as Json, json};

use crate::output::{BAD, BOLD, FAINT, GOOD, cut, facts, paint, plain};

/// Longest value shown whole; `--json` has everything.
const MAX_VALUE: usize = 100;
/// Longest sentence shown whole; the library cuts the values in it.
const MAX_SENTENCE: usize = 500;
/// Claims that are shown for a rule that fired.
const MATCHED_SHOWN: usize = 6;

/// Claims as members that scripts rely on.
pub fn claim_documents(claims: &[Claim]) -> Vec<Json> {
    claims
        .iter()
        .map(|claim| {
            json!({
                "type": &*claim.claim_type,
                "value": value_document(&claim.value),
                "valueType": claim.value.value_type().name(),
                "issuer": claim.issuer.name(),
            })
        })
        .collect()
}

/// The value as JSON has it.
pub fn value_document(value: &Value) -> Json {
    match value {
        Value::Boolean(value) => json!(value),
        Value::Integer(value) => json!(value),
        Value::String(value) => json!(&**value),
    }
}

/// The rules for scripts, in the order of evaluation.
pub fn trace_documents(trace: &Trace) -> Vec<Json> {
    trace.rules.iter().map(rule_document).collect()
}

/// The reason for scripts; null for a permission.
pub fn reason_document(decision: &Decision) -> Json {
    match decision {
        Decision::Permit => Json::Null,
        Decision::Deny(reason) => {
            let (rule, misses) = match reason {
                DenyReason::DenyRule { rule, .. } => (Some(*rule), Vec::new()),
                DenyReason::NoPermit { nearest } => (
                    nearest.as_ref().map(|near| near.rule),
                    nearest
                        .iter()
                        .flat_map(|near| &near.misses)
                        .map(miss_document)
                        .collect(),
                ),
                _ => (None, Vec::new()),
            };
            json!({
                "message": reason.to_string(),
                "rule": rule.map(location_document),
                "misses": misses,
                "to_permit": reason.changes(),
            })
        }
    }
}

/// The whole evaluation for people.
pub fn text(outcome: &Outcome) -> String {
    let mut text = match &outcome.decision {
        Decision::Permit => format!("{}\n", paint(GOOD, "permitted")),
        Decision::Deny(reason) => denial(reason),
    };
    for (heading, claims) in [
        ("Issued claims", &outcome.outgoing),
        ("Properties", &outcome.properties),
    ] {
        if !claims.is_empty() {
            let _ = write!(text, "{}\n{}", paint(BOLD, heading), claim_rows(claims));
        }
    }
    if let Some(trace) = &outcome.trace {
        text.push_str(&trace_text(trace));
    }
    text
}

/// Claims by type, several values as a list.
pub fn claim_rows(claims: &[Claim]) -> String {
    facts(values_by_type(claims).into_iter().map(|(name, values)| {
        let shown: Vec<String> = values.iter().map(ToString::to_string).collect();
        let shown = match shown.as_slice() {
            [one] => one.clone(),
            several => format!("[{}]", several.join(", ")),
        };
        (plain(name), cut(&plain(&shown), MAX_VALUE))
    }))
}

fn denial(reason: &DenyReason) -> String {
    let mut text = format!("{} {}\n", paint(BAD, "denied:"), plain(&reason.to_string()));
    let changes = reason.changes();
    if !changes.is_empty() {
        let _ = writeln!(text, "{}", paint(BOLD, "What would have to change"));
        for change in changes {
            let _ = writeln!(text, "  {}", cut(&plain(&change), MAX_SENTENCE));
        }
    }
    text
}

fn trace_text(trace: &Trace) -> String {
    let mut text = format!("{}\n", paint(BOLD, "Rules"));
    let mut section = None;
    for traced in &trace.rules {
        if section != Some(traced.rule.section) {
            section = Some(traced.rule.section);
            let _ = writeln!(text, "  {}", traced.rule.section);
        }
        rule_text(&mut text, traced);
    }
    if trace.truncated {
        let _ = writeln!(
            text,
            "  {}",
            paint(
                FAINT,
                "the explanation met its own limit of steps; later rules lack theirs"
            )
        );
    }
    text
}

fn rule_text(text: &mut String, traced: &RuleTrace) {
    let (mark, fired) = match traced.effect {
        RuleEffect::Fired { .. } => (paint(GOOD, "+"), "applied"),
        _ => (paint(FAINT, "-"), "did not apply"),
    };
    let line = format!("line {}", traced.rule.position.line);
    let made = traced
        .claim_type
        .as_ref()
        .map(|claim_type| format!(" `{}`", plain(claim_type)));
    let made = made.unwrap_or_default();
    let _ = write!(text, "  {mark} {line:<9} {}{made} {fired}", traced.action.name());
    match &traced.effect {
        RuleEffect::Fired { matched, .. } if matched.is_empty() => {
            let _ = writeln!(text, ", always");
        }
        RuleEffect::Fired { matched, .. } => {
            let _ = writeln!(text, ": {}", claim_list(matched));
        }
        RuleEffect::Missed { misses, unmet } => {
            let _ = writeln!(text);
            for miss in misses {
                let _ = writeln!(text, "      {}", cut(&plain(&miss.to_string()), MAX_SENTENCE));
            }
            if misses.is_empty() && *unmet > 0 {
                let _ = writeln!(text, "      {unmet} conditions did not hold");
            }
        }
        _ => {
            let _ = writeln!(text);
        }
    }
    for call in &traced.calls {
        let _ = writeln!(
            text,
            "      {}",
            paint(FAINT, cut(&plain(&call.to_string()), MAX_SENTENCE))
        );
    }
}

fn claim_list(claims: &[Claim]) -> String {
    let shown = claims.iter().take(MATCHED_SHOWN);
    let mut list: Vec<String> = shown
        .map(|claim| {
            format!(
                "`{}` = {}",
                claim.claim_type,
                cut(&plain(&claim.value.to_string()), MAX_VALUE)
            )
        })
        .collect();
    if claims.len() > MATCHED_SHOWN {
        list.push(format!("{} more", claims.len().saturating_sub(MATCHED_SHOWN)));
    }
    list.join(", ")
}

fn location_document(rule: RuleLocation) -> Json {
    json!({
        "section": rule.section.name(),
        "number": rule.number,
        "line": rule.position.line,
        "column": rule.position.column,
    })
}

fn rule_document(traced: &RuleTrace) -> Json {
    let mut document = location_document(traced.rule);
    let members = match &traced.effect {
        RuleEffect::Fired { matched, added } => json!({
            "fired": true, "matched": claim_documents(matched), "added": added, "misses": [], "unmet": 0,
        }),
        RuleEffect::Missed { misses, unmet } => json!({
            "fired": false,
            "matched": [],
            "added": 0,
            "misses": misses.iter().map(miss_document).collect::<Vec<_>>(),
            "unmet": unmet,
        }),
        _ => json!({}),
    };
    if let (Json::Object(document), Json::Object(members)) = (&mut document, members) {
        document.insert("action".to_owned(), json!(traced.action.name()));
        document.insert("type".to_owned(), json!(traced.claim_type.as_deref()));
        document.insert(
            "calls".to_owned(),
            traced.calls.iter().map(call_document).collect(),
        );
        document.extend(members);
    }
    document
}

fn miss_document(miss: &Miss) -> Json {
    json!({
        "condition": miss.condition,
        "negated": miss.negated,
        "line": miss.position.line,
        "column": miss.position.column,
        "type": miss.claim_type.as_deref(),
        "property": miss.property.name(),
        "relation": miss.relation.to_string(),
        "expected": miss.expected.iter().map(value_document).collect::<Vec<_>>(),
        "found": miss.found.iter().map(value_document).collect::<Vec<_>>(),
        "message": miss.to_string(),
    })
}

fn call_document(call: &CallTrace) -> Json {
    json!({
        "function": call.function.to_string(),
        "line": call.position.line,
        "column": call.position.column,
        "returned": call.returned.iter().map(value_document).collect::<Vec<_>>(),
    })
}
