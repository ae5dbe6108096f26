//! What goes into a token, and what a policy gets to see.
//!
//! The claims of the service and those the policy issues stand side by side at the top level of the token, as
//! in MAA's. What the service vouches for cannot be said by a policy.

use attestry_api::{
    AttestationType, b64, canonical_json, claim,
    request::{AttestRequest, DataContent},
};
use attestry_evidence::claims::Claims;
use attestry_policy::{Claim, ClaimSet, Value as PolicyValue, Version, catalog::is_reserved, values_by_type};
use serde_json::{Map, Value, json};

use super::Findings;
use crate::provider::{Settings, StoredPolicy};

/// What a policy gets to see of appraised evidence: for tools that evaluate policies without a service.
pub fn policy_claims(findings: &Findings) -> ClaimSet {
    incoming(&findings.claims, &findings.facts, Version::V1_2)
}

/// The incoming claims of a policy of that version. Arrays become several claims of one type; objects have a form
/// from version 1.2 on, a claim that holds their JSON.
pub(super) fn incoming(service: &Map<String, Value>, facts: &Claims, version: Version) -> ClaimSet {
    let all = service.iter().chain(facts.iter());
    all.flat_map(|(name, value)| match value {
        Value::Array(values) => values
            .iter()
            .filter_map(|value| incoming_claim(name, value, version))
            .collect(),
        value => Vec::from_iter(incoming_claim(name, value, version)),
    })
    .collect()
}

fn incoming_claim(name: &str, value: &Value, version: Version) -> Option<Claim> {
    let value = match value {
        Value::Bool(value) => PolicyValue::Boolean(*value),
        Value::Number(value) => PolicyValue::Integer(value.as_i64()?),
        Value::String(value) => PolicyValue::from(value.as_str()),
        Value::Object(_) if version >= Version::V1_2 => PolicyValue::from(canonical_json(value)),
        Value::Null | Value::Array(_) | Value::Object(_) => return None,
    };
    Some(Claim::from_service(name, value))
}

/// What the policy issued: a claim of several values is an array.
pub(super) fn issued_by_policy(outgoing: &[Claim]) -> Map<String, Value> {
    values_by_type(outgoing)
        .into_iter()
        .filter(|(name, _)| !is_reserved(name))
        .map(|(name, values)| {
            let mut values: Vec<Value> = values.into_iter().map(outgoing_value).collect();
            let value = if values.len() == 1 {
                values.remove(0)
            } else {
                Value::Array(values)
            };
            (name.to_owned(), value)
        })
        .collect()
}

fn outgoing_value(value: &PolicyValue) -> Value {
    match value {
        PolicyValue::Boolean(value) => json!(value),
        PolicyValue::Integer(value) => json!(value),
        PolicyValue::String(value) => json!(&**value),
    }
}

/// What the request brought along and the evidence vouches for, and the nonce.
pub(super) fn of_request(request: &AttestRequest, kind: AttestationType) -> Map<String, Value> {
    let mut claims = Map::new();
    if let Some(data) = &request.runtime_data {
        match &data.content {
            DataContent::Json(object) => {
                claims.insert(claim::RUNTIME.to_owned(), Value::Object(object.clone()));
            }
            DataContent::Binary if has_held_data(kind) => {
                let text = Value::from(b64::encode_url(&data.bytes));
                let names = [claim::SGX_EHD].into_iter().chain(claim::SGX_EHD_DEPRECATED);
                claims.extend(names.map(|name| (name.to_owned(), text.clone())));
            }
            // MAA has no claim for it: the report data says all that can be said.
            DataContent::Binary => {}
        }
    }
    // Of init-time data, too, MAA has a claim for JSON only.
    if let Some(DataContent::Json(object)) = request.init_time_data.as_ref().map(|data| &data.content) {
        claims.insert(claim::INIT_TIME.to_owned(), Value::Object(object.clone()));
    }
    if let Some(nonce) = &request.nonce {
        claims.insert(claim::NONCE.to_owned(), nonce.as_str().into());
    }
    claims
}

/// Only enclaves have a claim for data that is not JSON.
const fn has_held_data(kind: AttestationType) -> bool {
    matches!(kind, AttestationType::SgxEnclave | AttestationType::OpenEnclave)
}

/// Which policy was evaluated, and who signed it. MAA shows the signer as `kty` and `x5c` only.
pub(super) fn of_policy(policy: &StoredPolicy) -> Map<String, Value> {
    let mut claims = Map::from_iter([(claim::POLICY_HASH.to_owned(), policy.hash().into())]);
    if let Some(signer) = policy
        .signer()
        .and_then(|signer| serde_json::to_value(signer.jwk()).ok())
    {
        claims.insert(claim::POLICY_SIGNER.to_owned(), signer);
    }
    claims
}

/// What this service adds to MAA's claims: always what was relaxed, and that it is in development mode; with
/// the setting, also the facts its policies can see.
pub(super) fn of_service(settings: &Settings, findings: Findings) -> Map<String, Value> {
    let Findings {
        mut facts,
        relaxed: mut warnings,
        remarks,
        ..
    } = findings;
    let mut claims = Map::new();
    facts.remove(claim::WARNINGS);
    if settings.token_extensions {
        claims.extend(
            facts
                .into_iter()
                .filter(|(name, _)| name.starts_with(EXTENSION_PREFIX)),
        );
        warnings.extend(remarks);
    }
    if !warnings.is_empty() {
        claims.insert(claim::WARNINGS.to_owned(), warnings.into());
    }
    if settings.development {
        claims.insert(claim::DEVELOPMENT.to_owned(), true.into());
    }
    claims
}

const EXTENSION_PREFIX: &str = "x-attestry-";

#[cfg(test)]
mod tests;
