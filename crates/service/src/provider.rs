//! Providers: immutable snapshots of tenants, found by host name or path.
//!
//! It owns what a provider is (address, mode, settings, compiled policies, token issuer) and how a request
//! finds its provider. Snapshots are never changed, only replaced as a whole; loading them from configuration
//! and store is the assembly's work.

mod acceptance;
mod directory;
mod policy;

use std::collections::{BTreeMap, BTreeSet};

use attestry_api::{AttestationType, claim};
use attestry_evidence::{
    dcap::{Staleness, TcbStatus},
    time::UnixTime,
};
use attestry_policy::Limits;
use serde_json::{Map, Value};

pub use self::acceptance::{NotAccepted, PolicyTests, PolicyTestsError, subject};
pub use self::directory::{Addressing, Directory, Providers, ProvidersError};
pub use self::policy::{PolicyError, StoredPolicy, default_text};
pub use crate::config::{ExplainLevel, ProviderMode};
use crate::{
    collateral::Baseline,
    token::{TokenError, TokenIssuer},
};

/// A tenant's own attestation service.
#[derive(Debug)]
pub struct Provider {
    /// 3 to 24 lower-case letters and digits.
    pub name: String,
    /// Who may set policies.
    pub mode: ProviderMode,
    /// How evidence is judged and refusals are told.
    pub settings: Settings,
    /// The policy of each supported type; a type without one cannot be attested.
    pub policies: BTreeMap<AttestationType, StoredPolicy>,
    /// Keys and tokens; its URL is the provider's attest URI.
    pub tokens: TokenIssuer,
}

/// Settings of a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// TCB statuses with which evidence is accepted at all; the policy may refuse more.
    pub accepted_tcb_statuses: BTreeSet<TcbStatus>,
    /// What happens to collateral past its next update.
    pub staleness: Staleness,
    /// Meaning of the values of `x-ms-sgx-tcbidentifier`.
    pub baselines: BTreeMap<String, Baseline>,
    /// Whether tokens carry this service's own claims beside MAA's.
    pub token_extensions: bool,
    /// How much a refusal explains.
    pub explain: ExplainLevel,
    /// How much a policy may cost.
    pub policy_limits: Limits,
    /// Development mode: tokens say so.
    pub development: bool,
}

/// Value of `x-ms-sgx-tcbidentifier` when a policy names none (MAA documentation, "Custom TCB baseline
/// enforcement").
pub const DEFAULT_TCB_IDENTIFIER: &str = "azuredefault";

impl Default for Settings {
    fn default() -> Self {
        Self {
            // Levels at which the platform itself is up to date; what is left concerns its configuration and
            // the enclave's software, which a policy can judge.
            accepted_tcb_statuses: BTreeSet::from([
                TcbStatus::UpToDate,
                TcbStatus::SwHardeningNeeded,
                TcbStatus::ConfigurationNeeded,
                TcbStatus::ConfigurationAndSwHardeningNeeded,
            ]),
            staleness: Staleness::Strict,
            baselines: BTreeMap::new(),
            token_extensions: false,
            explain: ExplainLevel::Reason,
            policy_limits: Limits::default(),
            development: false,
        }
    }
}

impl Settings {
    /// The baseline that a policy's identifier stands for: as configured, else digits are an evaluation
    /// number, else only the default identifier means anything.
    pub fn baseline(&self, identifier: &str) -> Option<Baseline> {
        if let Some(baseline) = self.baselines.get(identifier) {
            return Some(*baseline);
        }
        if identifier == DEFAULT_TCB_IDENTIFIER {
            return Some(Baseline::Latest);
        }
        let digits = !identifier.is_empty() && identifier.bytes().all(|byte| byte.is_ascii_digit());
        digits
            .then(|| identifier.parse().ok())
            .flatten()
            .map(Baseline::Number)
    }
}

impl Provider {
    /// The attest URI, without a trailing slash.
    pub fn url(&self) -> &str {
        self.tokens.url()
    }

    /// A signed answer to a policy or certificate operation, which says so in development mode.
    pub fn management_token(
        &self,
        mut claims: Map<String, Value>,
        now: UnixTime,
    ) -> Result<String, TokenError> {
        if self.settings.development {
            claims.insert(claim::DEVELOPMENT.to_owned(), true.into());
        }
        self.tokens.management(claims, now)
    }
}

#[cfg(test)]
mod tests;
