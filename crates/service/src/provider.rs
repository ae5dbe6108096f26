//! Providers: immutable snapshots of tenants, found by host name or path.
//!
//! It owns what a provider is (address, mode, settings, compiled policies, token issuer) and how a request
//! finds its provider. Snapshots are never changed, only replaced as a whole; loading them from configuration
//! and store is the assembly's work.

mod acceptance;
mod assembly;
mod directory;
mod network;
mod own_settings;
mod policy;
mod signers;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use attestry_api::{AttestationType, claim};
use attestry_evidence::{
    dcap::{Staleness, TcbStatus},
    reference::ReferenceValues,
    snp::{self, ClaimProfile},
    time::UnixTime,
};
use attestry_policy::Limits;
use serde_json::{Map, Value};

pub use self::acceptance::{NotAccepted, PolicyTests, PolicyTestsError, subject};
pub use self::assembly::{Assembly, AssemblyError, Blueprint, SIGNING_ALGORITHM};
pub use self::directory::{Addressing, Changing, Directory, Providers, ProvidersError, Restructuring};
pub use self::network::NetworkRules;
pub use self::own_settings::{OwnSettings, OwnSettingsError};
pub use self::policy::{PolicyError, StoredPolicy, default_text};
pub use self::signers::{
    MAX_POLICY_SIGNERS, PolicyCertificate, PolicyCertificateError, PolicySigners, UntrustedSigner,
};
pub use crate::config::{ExplainLevel, ProviderMode};
use crate::{
    authz::Target,
    collateral::Baseline,
    location::Location,
    token::{TokenError, TokenIssuer},
};

/// A tenant's own attestation service, as it is at one moment.
#[derive(Debug, Clone)]
pub struct Provider {
    /// 3 to 24 letters, digits and hyphens, in lower case.
    pub name: String,
    /// What stands before the base domain in the host: the name, or name and location.
    pub label: String,
    /// Where it is, if anywhere in particular.
    pub location: Option<Location>,
    /// Who may set policies.
    pub mode: ProviderMode,
    /// How evidence is judged and refusals are told.
    pub settings: Settings,
    /// What every policy must pass.
    pub tests: Arc<PolicyTests>,
    /// Where the provider belongs as a resource, if it was created as one.
    pub resource: Option<Arc<Placement>>,
    /// From where it may be reached.
    pub network: Arc<NetworkRules>,
    /// Keys and tokens; its URL is the provider's attest URI.
    pub tokens: Arc<TokenIssuer>,
    policies: BTreeMap<AttestationType, Arc<StoredPolicy>>,
    signers: Arc<PolicySigners>,
    /// Policies whose signer is not trusted (any more).
    untrusted: BTreeMap<AttestationType, UntrustedSigner>,
}

/// Where a provider belongs in Azure Resource Manager's order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement {
    /// The subscription's id.
    pub subscription: String,
    /// The resource group's name.
    pub resource_group: String,
    /// Whose it is ([`crate::authn::Principal::id`]); `None`: nobody's.
    pub owner: Option<String>,
    /// Which of all providers that ever had its name it is.
    pub creation: String,
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
    /// How SNP reports are judged.
    pub snp: snp::Settings,
    /// Which claims of SNP reports tokens carry.
    pub snp_claims: ClaimProfile,
    /// What confidential virtual machines are compared with, if anything.
    pub reference: Option<Arc<ReferenceValues>>,
    /// Whether tokens carry this service's own claims beside MAA's.
    pub token_extensions: bool,
    /// How much a refusal explains.
    pub explain: ExplainLevel,
    /// How much a policy may cost.
    pub policy_limits: Limits,
    /// Whether signed changes must name the operation they are for and when they were issued.
    pub bound_signatures: bool,
    /// Whether changes to policies and signers need a second person.
    pub two_person: bool,
    /// How many decisions of each type are recorded for dry runs; 0: none.
    pub recorded_decisions: u32,
    /// Whether TPM attestation needs a caller with a role.
    pub tpm_authentication: bool,
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
            snp: snp::Settings::default(),
            snp_claims: ClaimProfile::default(),
            reference: None,
            token_extensions: false,
            explain: ExplainLevel::Reason,
            policy_limits: Limits::default(),
            bound_signatures: false,
            two_person: false,
            recorded_decisions: 0,
            // MAA's default providers show it as enabled.
            tpm_authentication: true,
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
    /// A provider without policies.
    pub fn new(name: &str, mode: ProviderMode, settings: Settings, tokens: TokenIssuer) -> Self {
        Self {
            name: name.to_owned(),
            label: name.to_owned(),
            location: None,
            mode,
            settings,
            tests: Arc::default(),
            resource: None,
            network: Arc::default(),
            tokens: Arc::new(tokens),
            policies: BTreeMap::new(),
            signers: Arc::default(),
            untrusted: BTreeMap::new(),
        }
    }

    /// The same provider with these policies and signers. Whether each policy's signer is trusted is judged here,
    /// so that no snapshot of a provider has a policy beside signers that it was not judged by.
    #[must_use]
    pub fn with_policies(
        self,
        policies: BTreeMap<AttestationType, Arc<StoredPolicy>>,
        signers: Arc<PolicySigners>,
    ) -> Self {
        let untrusted = policies
            .iter()
            .filter(|(_, policy)| self.mode == ProviderMode::Isolated && !policy.is_default())
            .filter_map(|(kind, policy)| Some((*kind, policy.check_signer(&signers).err()?)))
            .collect();
        Self {
            policies,
            signers,
            untrusted,
            ..self
        }
    }

    /// The same provider with another policy for a type, or none.
    #[must_use]
    pub fn with_policy(self, kind: AttestationType, policy: Option<Arc<StoredPolicy>>) -> Self {
        let mut policies = self.policies.clone();
        match policy {
            Some(policy) => policies.insert(kind, policy),
            None => policies.remove(&kind),
        };
        let signers = Arc::clone(&self.signers);
        self.with_policies(policies, signers)
    }

    /// The same provider with other signers: policies of those who are trusted no more stop counting.
    #[must_use]
    pub fn with_signers(self, signers: PolicySigners) -> Self {
        let policies = self.policies.clone();
        self.with_policies(policies, Arc::new(signers))
    }

    /// The policy of each type that has one, whether it counts or not.
    pub fn policies(&self) -> &BTreeMap<AttestationType, Arc<StoredPolicy>> {
        &self.policies
    }

    /// The policy by which evidence of this type is judged: none, one that counts, or one whose signer is not
    /// trusted.
    pub fn policy(&self, kind: AttestationType) -> Result<Option<&StoredPolicy>, &UntrustedSigner> {
        match self.untrusted.get(&kind) {
            Some(untrusted) => Err(untrusted),
            None => Ok(self.policies.get(&kind).map(Arc::as_ref)),
        }
    }

    /// Policy signing certificates; only an isolated provider has any.
    pub fn signers(&self) -> &PolicySigners {
        &self.signers
    }

    /// What authorization is asked about.
    pub fn target(&self) -> Target<'_> {
        let resource = self.resource.as_deref();
        Target {
            provider: Some(&self.name),
            subscription: resource.map(|placement| placement.subscription.as_str()),
            resource_group: resource.map(|placement| placement.resource_group.as_str()),
            owner: resource.and_then(|placement| placement.owner.as_deref()),
        }
    }

    /// Whether both are the same provider at two moments. Another one may have the name by now: when the first was
    /// deleted for good, the name was free.
    pub fn is_same(&self, other: &Self) -> bool {
        self.name == other.name && self.creation() == other.creation()
    }

    /// Which of all providers that ever had its name it is; `None` for those of the configuration.
    pub fn creation(&self) -> Option<&str> {
        let placement = self.resource.as_deref()?;
        Some(&placement.creation)
    }

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
