//! What policies and policy signing certificates were, and who changed them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One revision of a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicyRevision {
    /// Its number; grows with every change to any policy of the service.
    pub revision: i64,
    /// The revision before it.
    pub previous: Option<i64>,
    /// `set`, `reset` or `rollback`.
    pub operation: String,
    /// The revision that a roll-back brought back.
    pub restored: Option<i64>,
    /// Who made the change.
    pub actor: String,
    /// The second person, where two were needed.
    pub approver: Option<String>,
    /// When, RFC 3339.
    pub created_at: String,
    /// `x-ms-policy-hash` of tokens issued under it; `None` for a reset.
    pub policy_hash: Option<String>,
    /// Hash of its JWS; `None` for a reset.
    pub token_hash: Option<String>,
    /// Thumbprint of the certificate that signed it.
    pub signer: Option<String>,
    /// The JWS; only in the answer about one revision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// The JWS that asked for a reset or a roll-back; only in the answer about one revision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// The policy's text; only in the answer about one revision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
}

/// How the text of one revision differs from that of another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyDifference {
    /// The older revision; 0 is the default policy.
    pub from: i64,
    /// The newer revision.
    pub to: i64,
    /// A unified diff; empty when the texts are the same.
    pub diff: String,
}

/// A roll-back that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RolledBack {
    /// The revision that was brought back.
    pub restored: i64,
    /// The new revision.
    pub revision: i64,
}

/// One change of the policy signing certificates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignerChange {
    /// Its number.
    pub revision: i64,
    /// `add` or `remove`.
    pub operation: String,
    /// Thumbprint of the certificate.
    pub thumbprint: String,
    /// The certificate, a JWK.
    pub certificate: Value,
    /// The JWS that asked.
    pub request: Option<String>,
    /// Who made the change.
    pub actor: String,
    /// The second person, where two were needed.
    pub approver: Option<String>,
    /// When, RFC 3339.
    pub created_at: String,
}

#[derive(Deserialize)]
pub(super) struct Revisions {
    pub(super) revisions: Vec<PolicyRevision>,
}

#[derive(Deserialize)]
pub(super) struct SignerChanges {
    pub(super) changes: Vec<SignerChange>,
}
