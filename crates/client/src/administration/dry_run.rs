//! A policy tried out: whether it would be taken, and what it would have changed.

use attestry_api::AttestationType;
use attestry_api::error::ErrorDetail;
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::client::Client;
use crate::error::ClientError;
use crate::transport::Content;

/// What would become of a policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DryRun {
    /// Whether the provider would take it.
    pub accepted: bool,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<ErrorDetail>,
    /// `x-ms-policy-hash` that tokens would carry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_hash: Option<String>,
    /// Whether it would wait for a second person.
    #[serde(default)]
    pub needs_approval: bool,
    /// Whether the provider records decisions at all.
    #[serde(default)]
    pub recording: bool,
    /// What the linter says.
    #[serde(default)]
    pub diagnostics: Vec<Finding>,
    /// How recorded decisions would have come out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay: Option<Replay>,
}

/// Something in a policy that is probably not meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Stable code.
    pub code: String,
    /// `warning` or `error`.
    pub severity: String,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// Recorded decisions made again: by the policy that counts now and by the one tried.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Replay {
    /// How many were made again.
    pub decisions: usize,
    /// Of them, how many came out the same, claims included.
    pub unchanged: usize,
    /// The others, newest first.
    pub changed: Vec<ChangedDecision>,
    /// Those that could not be made again.
    pub skipped: Vec<SkippedDecision>,
}

/// A decision that would have been another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChangedDecision {
    /// Number of the recorded decision.
    pub decision: i64,
    /// When it was made, unix seconds.
    pub at: i64,
    /// What was decided then.
    pub recorded: String,
    /// What the policy that counts now decides.
    pub current: String,
    /// What the policy tried decides.
    pub candidate: String,
    /// Claims that only the policy tried issues, or with another value.
    #[serde(default)]
    pub added: Map<String, Value>,
    /// Claims that only the current policy issues, or with another value.
    #[serde(default)]
    pub removed: Map<String, Value>,
}

/// A decision that could not be made again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkippedDecision {
    /// Number of the recorded decision.
    pub decision: i64,
    /// Why.
    pub reason: String,
}

impl Client {
    /// Tries the policy in a JWS on a provider, and on its last recorded decisions (`decisions` of them; the service
    /// chooses when it is `None`). Nothing changes. A policy that would be refused is no error here.
    pub async fn dry_run(
        &self,
        kind: AttestationType,
        jws: &str,
        decisions: Option<u32>,
    ) -> Result<DryRun, ClientError> {
        let mut path = format!("attestry/v1/policies/{kind}:dryRun");
        path.extend(decisions.map(|number| format!("?decisions={number}")));
        let answer = self
            .transport
            .send(Method::POST, &path, Content::Text(jws))
            .await?;
        answer.json()
    }
}
