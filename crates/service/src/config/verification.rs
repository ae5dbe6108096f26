//! `[verification]`: trust roots, staleness and baselines.

use std::collections::BTreeMap;

use attestry_evidence::dcap::Staleness;
use serde::{Deserialize, Serialize};

use super::{ConfigError, check_range};
use crate::collateral::Baseline;

/// `[verification]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VerificationConfig {
    /// Trusted roots of Intel evidence: `intel` for the built-in root, or files in PEM or DER.
    pub trust_roots: Vec<String>,
    /// What happens when collateral is past its next update.
    pub staleness: StalenessMode,
    /// With `staleness = "grace"`: for how long collateral is still used.
    pub grace_seconds: u32,
    /// What the values of the policy property `x-ms-sgx-tcbidentifier` mean: a baseline for each. An identifier
    /// of digits that is not listed stands for that evaluation number. `azuredefault` is also what applies
    /// without the property.
    pub tcb_identifiers: BTreeMap<String, String>,
}

/// What happens when collateral is past its next update.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StalenessMode {
    /// Evidence is refused.
    Strict,
    /// It is used for `grace_seconds` more, with a warning in the token.
    Grace,
    /// As MAA does, the next update of TCB info and enclave identity is not looked at; certificates and CRLs
    /// are held to their dates nevertheless.
    MaaCompat,
}

impl Default for VerificationConfig {
    fn default() -> Self {
        Self {
            trust_roots: vec![INTEL_ROOT.to_owned()],
            staleness: StalenessMode::Strict,
            grace_seconds: 86_400,
            tcb_identifiers: BTreeMap::from([("azuredefault".to_owned(), "latest".to_owned())]),
        }
    }
}

/// In `trust_roots`: the built-in Intel SGX Root CA.
pub(crate) const INTEL_ROOT: &str = "intel";

/// The longest grace: documents have a life of 30 days, and beyond another one they say nothing.
const MAX_GRACE_SECONDS: u32 = 30 * 86_400;

impl VerificationConfig {
    /// The staleness rule as the verifier takes it.
    pub fn staleness(&self) -> Staleness {
        match self.staleness {
            StalenessMode::Strict => Staleness::Strict,
            StalenessMode::Grace => Staleness::Grace {
                seconds: self.grace_seconds,
            },
            StalenessMode::MaaCompat => Staleness::MaaCompat,
        }
    }

    /// The baseline of each listed identifier.
    pub fn baselines(&self) -> Result<BTreeMap<String, Baseline>, ConfigError> {
        self.tcb_identifiers
            .iter()
            .map(|(identifier, baseline)| match baseline.parse() {
                Ok(baseline) => Ok((identifier.clone(), baseline)),
                Err(error) => Err(ConfigError::key(
                    format!("verification.tcb_identifiers.{identifier}"),
                    format!("{error}"),
                )),
            })
            .collect()
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        if self.trust_roots.is_empty() {
            return Err(ConfigError::key(
                "verification.trust_roots",
                "at least one root is needed",
            ));
        }
        check_range(
            "verification.grace_seconds",
            self.grace_seconds,
            1..=MAX_GRACE_SECONDS,
        )?;
        self.baselines().map(drop)
    }
}
