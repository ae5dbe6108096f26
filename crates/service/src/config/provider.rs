//! `[[provider]]`: the tenants that the file defines.

use std::collections::BTreeSet;
use std::path::PathBuf;

use attestry_evidence::snp::ClaimProfile;
use serde::{Deserialize, Serialize};

use super::{ConfigError, check_range};
use crate::location::Location;

/// One `[[provider]]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProviderConfig {
    /// Name: 3 to 24 lower-case letters, digits and hyphens. Part of the provider's URL.
    pub name: String,
    /// Where it is, as Azure names its regions; its short code is a part of the host then. Empty: nowhere in particular.
    pub location: String,
    /// Whether the bare base URL is this provider's. Of several without it, none is.
    pub default: bool,
    /// Who may set policies.
    pub mode: ProviderMode,
    /// TCB statuses with which evidence is accepted, as Intel names them.
    pub accepted_tcb_statuses: Vec<String>,
    /// How much a refusal explains to the client.
    pub explain: ExplainLevel,
    /// Whether tokens carry this service's own claims beside MAA's.
    pub token_extensions: bool,
    /// Which claims of SEV-SNP reports tokens carry: those of MAA in `2022`, `2025` or `2026`.
    pub snp_claims: String,
    /// A file of reference values for this provider alone, instead of the common ones. Empty: none.
    pub reference_values: PathBuf,
    /// Test files that every policy of their attestation type must pass before it is used.
    pub policy_tests: Vec<String>,
    /// Whether a policy of a type without any test is refused.
    pub require_policy_tests: bool,
    /// Certificates (PEM or DER files) of those who may sign policies and certificate changes of an isolated provider,
    /// taken in the first time the provider is loaded; later changes are made by requests.
    pub policy_signers: Vec<String>,
    /// Whether signed changes must say which operation they are for (`aud`) and when they were issued (`iat`), so that
    /// none can be presented elsewhere or again.
    pub require_bound_signatures: bool,
    /// Whether a change to policies or signers waits until a second person approves it.
    pub two_person_changes: bool,
    /// How many attestations of each type are recorded, evidence and all, so that a dry run can tell what another policy
    /// would have decided; encrypted at rest. 0: none.
    pub record_decisions: u32,
}

/// Who may set a provider's policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProviderMode {
    /// Callers with the right role.
    Aad,
    /// Holders of a registered policy signing certificate.
    Isolated,
    /// Nobody: the default policies apply.
    Shared,
}

/// How much a refusal explains to the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExplainLevel {
    /// The sentence only.
    None,
    /// Also the failed check.
    Reason,
    /// Also what the policy saw, rule by rule.
    Full,
}

impl Default for ProviderConfig {
    fn default() -> Self {
        Self {
            name: String::new(),
            location: String::new(),
            default: false,
            mode: ProviderMode::Shared,
            accepted_tcb_statuses: DEFAULT_TCB_STATUSES
                .iter()
                .map(|&status| status.to_owned())
                .collect(),
            explain: ExplainLevel::Reason,
            token_extensions: false,
            snp_claims: ClaimProfile::default().name().to_owned(),
            reference_values: PathBuf::new(),
            policy_tests: Vec::new(),
            require_policy_tests: false,
            policy_signers: Vec::new(),
            require_bound_signatures: false,
            two_person_changes: false,
            record_decisions: 0,
        }
    }
}

/// Statuses that say that the platform's microcode is current: what is left to do concerns configuration or
/// the software of the enclave.
const DEFAULT_TCB_STATUSES: [&str; 4] = [
    "UpToDate",
    "SWHardeningNeeded",
    "ConfigurationNeeded",
    "ConfigurationAndSWHardeningNeeded",
];

/// Every status a quote may be appraised to.
const TCB_STATUSES: [&str; 9] = [
    "UpToDate",
    "SWHardeningNeeded",
    "ConfigurationNeeded",
    "ConfigurationAndSWHardeningNeeded",
    "OutOfDate",
    "OutOfDateConfigurationNeeded",
    "TDRelaunchAdvised",
    "TDRelaunchAdvisedConfigurationNeeded",
    "Revoked",
];

pub(super) fn validate(providers: &[ProviderConfig]) -> Result<(), ConfigError> {
    let mut names = BTreeSet::new();
    for (index, provider) in providers.iter().enumerate() {
        let key = |field: &str| format!("provider[{index}].{field}");
        if !is_provider_name(&provider.name) {
            return Err(ConfigError::key(
                key("name"),
                format!(
                    "`{}` is not 3 to 24 lower-case letters, digits and hyphens",
                    provider.name
                ),
            ));
        }
        if !provider.location.is_empty() {
            Location::parse(&provider.location)
                .map_err(|error| ConfigError::key(key("location"), error.to_string()))?;
        }
        if !names.insert(&provider.name) {
            return Err(ConfigError::key(
                key("name"),
                format!("`{}` is given twice", provider.name),
            ));
        }
        check_range(
            &key("record_decisions"),
            provider.record_decisions,
            0..=MAX_RECORDED_DECISIONS,
        )?;
        if let Err(error) = provider.snp_claims.parse::<ClaimProfile>() {
            return Err(ConfigError::key(key("snp_claims"), error.to_string()));
        }
        for status in &provider.accepted_tcb_statuses {
            if !TCB_STATUSES.contains(&status.as_str()) {
                return Err(ConfigError::key(
                    key("accepted_tcb_statuses"),
                    format!("`{status}` is not one of {}", TCB_STATUSES.join(", ")),
                ));
            }
        }
    }
    if providers.iter().filter(|provider| provider.default).count() > 1 {
        return Err(ConfigError::key(
            "provider.default",
            "only one provider can be at the base URL",
        ));
    }
    Ok(())
}

/// A dry run evaluates them one after the other, a millisecond each, and holds them in memory.
pub(crate) const MAX_RECORDED_DECISIONS: u32 = 1_000;

/// Attestation provider names as Azure Resource Manager takes them, in lower case. A host label neither begins nor ends
/// with a hyphen (RFC 1123, 2.1).
pub(crate) fn is_provider_name(name: &str) -> bool {
    (3..=24).contains(&name.len())
        && name
            .bytes()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-')
        && !name.starts_with('-')
        && !name.ends_with('-')
}
