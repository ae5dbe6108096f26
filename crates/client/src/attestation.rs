//! One attestation as the caller states it, and its result. Owns the JSON form of the request
//! (MAA REST interface, `POST /attest/{type}`); it must not know HTTP.

use attestry_api::jwt::ValidatedToken;
use attestry_api::{AttestationType, b64};
use serde_json::{Map, Value, json};

use crate::error::ClientError;

/// Data that evidence vouches for, and the form in which the token repeats it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    /// A UTF-8 JSON object, repeated as the object claim `x-ms-runtime` (or `x-ms-inittime`). The evidence binds
    /// these bytes, not the object, so they are sent as they are.
    Json(Vec<u8>),
    /// Any bytes, repeated as base64url text.
    Binary(Vec<u8>),
}

/// What to attest: evidence and what goes with it.
///
/// ```
/// use attestry_client::{Attestation, AttestationType, Data};
///
/// let quote = vec![3, 0, 2, 0];
/// let attestation = Attestation::new(AttestationType::SgxEnclave, quote)
///     .runtime_data(Data::Json(br#"{"key": "..."}"#.to_vec()))
///     .nonce("4711");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attestation {
    kind: AttestationType,
    evidence: Vec<u8>,
    runtime_data: Option<Data>,
    init_time_data: Option<Data>,
    draft_policy: Option<String>,
    nonce: Option<String>,
}

impl Attestation {
    /// An attestation of `evidence` alone.
    pub fn new(kind: AttestationType, evidence: Vec<u8>) -> Self {
        Self {
            kind,
            evidence,
            runtime_data: None,
            init_time_data: None,
            draft_policy: None,
            nonce: None,
        }
    }

    /// Data whose SHA-256 is in the first half of the evidence's report data.
    #[must_use]
    pub fn runtime_data(mut self, data: Data) -> Self {
        self.runtime_data = Some(data);
        self
    }

    /// Data that was bound to the enclave or guest when it was made.
    #[must_use]
    pub fn init_time_data(mut self, data: Data) -> Self {
        self.init_time_data = Some(data);
        self
    }

    /// Evaluate this policy text instead of the provider's. The service answers with an **unsigned** token, which
    /// shows what the policy would do and proves nothing.
    #[must_use]
    pub fn draft_policy(mut self, text: impl Into<String>) -> Self {
        self.draft_policy = Some(text.into());
        self
    }

    /// A text that the token repeats in its claim `nonce`.
    #[must_use]
    pub fn nonce(mut self, nonce: impl Into<String>) -> Self {
        self.nonce = Some(nonce.into());
        self
    }

    /// What kind of evidence it is.
    pub fn kind(&self) -> AttestationType {
        self.kind
    }

    /// The text the token must repeat.
    pub(crate) fn expected_nonce(&self) -> Option<&str> {
        self.nonce.as_deref()
    }

    /// Whether the answer will be an unsigned draft token.
    pub(crate) fn is_draft(&self) -> bool {
        self.draft_policy.is_some()
    }

    /// The request body.
    pub(crate) fn to_json(&self) -> Result<Value, ClientError> {
        let evidence_member = match self.kind {
            AttestationType::OpenEnclave | AttestationType::SevSnpVm => "report",
            AttestationType::AzureGuest => "attestationInfo",
            AttestationType::Tpm => "data",
            AttestationType::SgxEnclave | AttestationType::TdxVm => "quote",
        };
        let mut body = Map::new();
        body.insert(evidence_member.to_owned(), b64::encode_url(&self.evidence).into());
        if let Some(data) = &self.runtime_data {
            body.insert("runtimeData".to_owned(), data_member(data, "runtime data")?);
        }
        if let Some(data) = &self.init_time_data {
            body.insert("initTimeData".to_owned(), data_member(data, "init-time data")?);
        }
        if let Some(text) = &self.draft_policy {
            body.insert("draftPolicyForAttestation".to_owned(), text.clone().into());
        }
        if let Some(nonce) = &self.nonce {
            body.insert("nonce".to_owned(), nonce.clone().into());
        }
        Ok(Value::Object(body))
    }
}

/// The service's answer to an attestation, validated.
#[derive(Clone, Debug, PartialEq)]
pub struct AttestationResult {
    token: String,
    validated: ValidatedToken,
}

impl AttestationResult {
    pub(crate) fn new(token: String, validated: ValidatedToken) -> Self {
        Self { token, validated }
    }

    /// The token as received: hand this to relying parties.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The token's header.
    pub fn header(&self) -> &Map<String, Value> {
        self.validated.header()
    }

    /// The token's claims.
    pub fn claims(&self) -> &Map<String, Value> {
        self.validated.claims()
    }

    /// Whether the token carries a verified signature; `false` only for a draft token that was asked for.
    pub fn is_signed(&self) -> bool {
        self.validated.is_signed()
    }
}

fn data_member(data: &Data, what: &'static str) -> Result<Value, ClientError> {
    let (bytes, kind) = match data {
        Data::Binary(bytes) => (bytes, "Binary"),
        Data::Json(bytes) => {
            if !matches!(serde_json::from_slice(bytes), Ok(Value::Object(_))) {
                return Err(ClientError::NotAJsonObject { what });
            }
            (bytes, "JSON")
        }
    };
    Ok(json!({"data": b64::encode_url(bytes), "dataType": kind}))
}

#[cfg(test)]
mod tests;
