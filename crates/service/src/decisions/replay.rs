//! A candidate policy on recorded evidence: each decision is made again, once by the policy that counts now and once by
//! the candidate, both as of now, so that what differs is the policy's doing and nobody else's.

use std::sync::Arc;

use attestry_api::{AttestationType, claim};
use bytes::Bytes;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{Decision, Decisions};
use crate::{
    attest::{AttestError, Attestor, Judged},
    provider::Provider,
    store::StoreError,
};

/// What the candidate would have changed.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Replay {
    /// Decisions that were made again.
    pub decisions: usize,
    /// Of them, those that came out the same, claims included.
    pub unchanged: usize,
    /// The others, newest first.
    pub changed: Vec<Difference>,
    /// Decisions that could not be made again, because evidence or collateral does not stand any more.
    pub skipped: Vec<Skipped>,
}

/// A decision that would have been another.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Difference {
    /// Number of the recorded decision.
    pub decision: i64,
    /// When it was made, unix seconds.
    pub at: i64,
    /// What was decided then: `permit`, `deny` or `error`.
    pub recorded: String,
    /// What the policy that counts now decides: `permit`, `deny`, or the refusal.
    pub current: String,
    /// What the candidate decides.
    pub candidate: String,
    /// Claims of the token that only the candidate issues, or with another value.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub added: Map<String, Value>,
    /// Claims that only the current policy issues, or with another value.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub removed: Map<String, Value>,
}

/// A decision that could not be made again.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Skipped {
    /// Number of the recorded decision.
    pub decision: i64,
    /// Why.
    pub reason: String,
}

/// Makes the newest recorded decisions again, one at a time. `current` and `candidate` are the provider with the policy
/// that counts now and with the other one.
pub async fn replay(
    attestor: &Attestor,
    decisions: &Decisions,
    current: &Arc<Provider>,
    candidate: &Arc<Provider>,
    kind: AttestationType,
    limit: u32,
) -> Result<Replay, StoreError> {
    let mut result = Replay::default();
    for id in decisions.newest(&current.name, kind, limit).await? {
        let Some(decision) = decisions.get(&current.name, kind, id).await? else {
            continue;
        };
        let body = Bytes::from(decision.body.clone());
        let again = |provider: &Arc<Provider>| {
            attestor.judge(Arc::clone(provider), kind, decision.form, body.clone())
        };
        let (before, after) = (again(current).await, again(candidate).await);
        match (Verdict::of(before), Verdict::of(after)) {
            (Ok(before), Ok(after)) => {
                result.decisions = result.decisions.saturating_add(1);
                match difference(&decision, before, after) {
                    None => result.unchanged = result.unchanged.saturating_add(1),
                    Some(difference) => result.changed.push(difference),
                }
            }
            (Err(reason), _) | (_, Err(reason)) => result.skipped.push(Skipped {
                decision: decision.id,
                reason,
            }),
        }
    }
    Ok(result)
}

/// What a policy made of evidence that stands.
struct Verdict {
    outcome: String,
    claims: Map<String, Value>,
}

impl Verdict {
    /// `Err` when the policy was not what decided.
    fn of(judged: Result<Option<Judged>, AttestError>) -> Result<Self, String> {
        let refused = |outcome: String| Self {
            outcome,
            claims: Map::new(),
        };
        match judged {
            Ok(Some(judged)) => {
                let mut claims = judged.claims;
                // They differ by nature.
                claims.remove(claim::POLICY_HASH);
                claims.remove(claim::POLICY_SIGNER);
                Ok(Self {
                    outcome: "permit".to_owned(),
                    claims,
                })
            }
            Ok(None) => Err("the collateral for this platform is not held any more".to_owned()),
            Err(AttestError::Denied(_)) => Ok(refused("deny".to_owned())),
            Err(error) if error.stage() == "policy" => Ok(refused(error.to_string())),
            Err(error) => Err(error.to_string()),
        }
    }
}

fn difference(decision: &Decision, before: Verdict, after: Verdict) -> Option<Difference> {
    let only_in = |one: &Map<String, Value>, other: &Map<String, Value>| {
        let differing = one.iter().filter(|(name, value)| other.get(*name) != Some(value));
        differing
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect::<Map<_, _>>()
    };
    let (added, removed) = (
        only_in(&after.claims, &before.claims),
        only_in(&before.claims, &after.claims),
    );
    if before.outcome == after.outcome && added.is_empty() && removed.is_empty() {
        return None;
    }
    // Beside another outcome, claims say nothing.
    let same = before.outcome == after.outcome;
    Some(Difference {
        decision: decision.id,
        at: decision.at.seconds(),
        recorded: decision.outcome.clone(),
        current: before.outcome,
        candidate: after.outcome,
        added: if same { added } else { Map::new() },
        removed: if same { removed } else { Map::new() },
    })
}
