//! The one place where a provider is put together, whether at the start, on a reload, or when it is created.

use std::{collections::BTreeMap, sync::Arc};

use attestry_api::AttestationType;
use thiserror::Error;

use super::{
    Addressing, NetworkRules, Placement, PolicyError, PolicySigners, PolicyTests, Provider, ProviderMode,
    Settings, StoredPolicy,
};
use crate::{
    location::Location,
    store::PolicyRecord,
    token::{KeyRing, SigningAlgorithm, TokenError, TokenIssuer},
};

/// What MAA signs with, and what its clients expect.
pub const SIGNING_ALGORITHM: SigningAlgorithm = SigningAlgorithm::Rs256;

/// Puts providers together. What all of them have in common is made once.
#[derive(Debug)]
pub struct Assembly {
    addressing: Addressing,
    ring: KeyRing,
    settings: Settings,
    defaults: BTreeMap<(ProviderMode, AttestationType), Arc<StoredPolicy>>,
}

/// What distinguishes one provider.
#[derive(Debug)]
pub struct Blueprint {
    /// Its name, in lower case.
    pub name: String,
    /// Where it is, if anywhere.
    pub location: Option<Location>,
    /// Whether the base URL is its own.
    pub default: bool,
    /// Who may set policies.
    pub mode: ProviderMode,
    /// How evidence is judged.
    pub settings: Settings,
    /// What its policies must pass.
    pub tests: PolicyTests,
    /// Where it belongs as a resource.
    pub resource: Option<Placement>,
    /// From where it is reached.
    pub network: NetworkRules,
}

/// A provider cannot be put together.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum AssemblyError {
    /// A default policy does not compile within the limits, or fails the provider's tests.
    #[error("policy for {kind}: {reason}")]
    DefaultPolicy {
        /// Its type.
        kind: AttestationType,
        /// What is wrong with it.
        reason: PolicyError,
    },
    /// There is no key to sign with.
    #[error(transparent)]
    Token(#[from] TokenError),
}

impl Assembly {
    /// An assembly of providers that are reached at `addressing`, sign with the active key of `ring`, and, unless
    /// they have their own, are set up by `settings`.
    pub fn new(addressing: Addressing, ring: KeyRing, settings: Settings) -> Result<Self, AssemblyError> {
        let mut defaults = BTreeMap::new();
        for mode in [ProviderMode::Aad, ProviderMode::Isolated, ProviderMode::Shared] {
            for kind in AttestationType::ALL {
                let policy = StoredPolicy::default_for(kind, mode, &settings.policy_limits).transpose();
                let policy = policy.map_err(|reason| AssemblyError::DefaultPolicy { kind, reason })?;
                defaults.extend(policy.map(|policy| ((mode, kind), Arc::new(policy))));
            }
        }
        Ok(Self {
            addressing,
            ring,
            settings,
            defaults,
        })
    }

    /// The settings of providers without their own.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Where providers are reached.
    pub fn addressing(&self) -> &Addressing {
        &self.addressing
    }

    /// The attest URI of a provider that is not at the base URL.
    pub fn attest_uri(&self, name: &str, location: Option<&Location>) -> String {
        self.addressing.issuer_url(name, &label(name, location), false)
    }

    /// Puts a provider together with its stored policies, the newest record of each type.
    pub fn build(
        &self,
        blueprint: Blueprint,
        records: &[PolicyRecord],
        signers: PolicySigners,
    ) -> Result<Provider, AssemblyError> {
        let policies = self.policies(&blueprint, records)?;
        let name = &blueprint.name;
        let label = label(name, blueprint.location.as_ref());
        let url = self.addressing.issuer_url(name, &label, blueprint.default);
        let tokens = TokenIssuer::new(&url, &self.ring, SIGNING_ALGORITHM)?;
        let mut provider = Provider::new(name, blueprint.mode, blueprint.settings, tokens);
        provider.label = label;
        provider.location = blueprint.location;
        provider.tests = Arc::new(blueprint.tests);
        provider.resource = blueprint.resource.map(Arc::new);
        provider.network = Arc::new(blueprint.network);
        Ok(provider.with_policies(policies, Arc::new(signers)))
    }

    /// The stored policies, and the default one for each type without. No policy that fails the provider's tests is
    /// used.
    fn policies(
        &self,
        blueprint: &Blueprint,
        records: &[PolicyRecord],
    ) -> Result<BTreeMap<AttestationType, Arc<StoredPolicy>>, AssemblyError> {
        let (tests, limits) = (&blueprint.tests, &blueprint.settings.policy_limits);
        let mut policies = BTreeMap::new();
        for kind in AttestationType::ALL {
            // What was set before a provider became shared counts no more: nobody could take it back.
            let stored = records
                .iter()
                .filter(|_| blueprint.mode != ProviderMode::Shared)
                .find(|record| record.attestation_type == kind.name());
            let policy = if let Some(envelope) = stored.and_then(|record| record.token.as_deref()) {
                Some(Arc::new(StoredPolicy::from_store(envelope, kind, tests, limits)))
            } else {
                self.default_policy(kind, blueprint)?
            };
            policies.extend(policy.map(|policy| (kind, policy)));
        }
        Ok(policies)
    }

    /// The default policy of a type. What nobody has set is the operator's to mend, before anything is served.
    fn default_policy(
        &self,
        kind: AttestationType,
        blueprint: &Blueprint,
    ) -> Result<Option<Arc<StoredPolicy>>, AssemblyError> {
        let Some(default) = self.defaults.get(&(blueprint.mode, kind)) else {
            return Ok(None);
        };
        let limits = &blueprint.settings.policy_limits;
        match default.check(kind, &blueprint.tests, limits) {
            Ok(()) => Ok(Some(Arc::clone(default))),
            Err(reason) => Err(AssemblyError::DefaultPolicy { kind, reason }),
        }
    }
}

/// What stands before the base domain: name and short code of the location, or the name alone.
fn label(name: &str, location: Option<&Location>) -> String {
    location.map_or_else(
        || name.to_owned(),
        |location| format!("{name}.{}", location.short()),
    )
}
