//! The policy's part: which baseline evidence is judged by, and whether a token is issued.

use attestry_api::claim;
use attestry_policy::{Claim, ClaimSet, Decision, Policy, Value};

use super::{AttestError, Denial};
use crate::{
    collateral::Baseline,
    provider::{DEFAULT_TCB_IDENTIFIER, ExplainLevel, Settings, StoredPolicy},
};

/// Configuration rules run before anything is verified (MAA documentation, "Custom TCB baseline enforcement").
pub(super) fn baseline(policy: &StoredPolicy, settings: &Settings) -> Result<Baseline, AttestError> {
    let identifier = identifier(policy, settings)?;
    settings
        .baseline(&identifier)
        .ok_or(AttestError::UnknownBaseline { identifier })
}

/// The identifier of the baseline that the policy names, or the default one.
pub(super) fn identifier(policy: &StoredPolicy, settings: &Settings) -> Result<String, AttestError> {
    let configuration = program(policy)?.configuration(&settings.policy_limits)?;
    let named = configuration.iter().rev().find_map(tcb_identifier);
    Ok(named.unwrap_or(DEFAULT_TCB_IDENTIFIER).to_owned())
}

/// The compiled policy; one that was stored and cannot be used any more refuses everything.
pub(super) fn program(policy: &StoredPolicy) -> Result<&Policy, AttestError> {
    policy
        .program()
        .map_err(|reason| AttestError::UnusablePolicy(Box::new(reason.clone())))
}

fn tcb_identifier(setting: &Claim) -> Option<&str> {
    match &setting.value {
        Value::String(identifier) if &*setting.claim_type == claim::SGX_TCB_IDENTIFIER => Some(identifier),
        _ => None,
    }
}

/// The claims that the policy issues, if it permits.
pub(super) fn decide(
    policy: &StoredPolicy,
    incoming: ClaimSet,
    settings: &Settings,
) -> Result<Vec<Claim>, AttestError> {
    let program = program(policy)?;
    let limits = &settings.policy_limits;
    let outcome = match settings.explain {
        ExplainLevel::Full => program.evaluate_traced(incoming, limits)?,
        ExplainLevel::None | ExplainLevel::Reason => program.evaluate(incoming, limits)?,
    };
    match outcome.decision {
        Decision::Permit => Ok(outcome.outgoing),
        Decision::Deny(reason) => {
            let denial = Denial {
                reason,
                incoming: outcome.incoming,
                trace: outcome.trace,
            };
            Err(AttestError::Denied(Box::new(denial)))
        }
    }
}
