//! Providers from configuration and store: their keys, policies and settings, as one snapshot.

use std::collections::BTreeMap;
use std::sync::Arc;

use attestry_api::AttestationType;
use attestry_evidence::dcap::TcbStatus;
use attestry_evidence::time::UnixTime;
use tracing::error;

use super::{Mode, StartError};
use crate::config::{Config, ConfigError, ProviderConfig, ProviderMode};
use crate::provider::{Addressing, PolicyTests, Provider, Providers, Settings, StoredPolicy};
use crate::store::{NewSigningKey, SigningKeyState, Store};
use crate::telemetry::one_line;
use crate::token::{KeyRing, SigningAlgorithm, SigningKey, TokenError, TokenIssuer};

/// All providers: those of the configuration, or one shared one at the base URL.
pub(super) async fn load(
    config: &Config,
    addressing: &Addressing,
    store: &Store,
    mode: &Mode,
    now: UnixTime,
) -> Result<Providers, StartError> {
    let ring = key_ring(store, now).await?;
    let shared = [ProviderConfig {
        name: "shared".to_owned(),
        default: true,
        mode: ProviderMode::Shared,
        ..ProviderConfig::default()
    }];
    let configured = if config.provider.is_empty() {
        shared.as_slice()
    } else {
        &config.provider
    };
    let mut providers = Vec::with_capacity(configured.len());
    for provider in configured {
        providers.push(Arc::new(
            load_one(provider, config, addressing, store, mode, &ring).await?,
        ));
    }
    let default = configured
        .iter()
        .find(|provider| provider.default)
        .map(|provider| provider.name.as_str());
    Providers::new(addressing, providers, default).map_err(|error| {
        StartError::Config(ConfigError::Key {
            key: "provider".to_owned(),
            reason: error.to_string(),
        })
    })
}

async fn load_one(
    provider: &ProviderConfig,
    config: &Config,
    addressing: &Addressing,
    store: &Store,
    mode: &Mode,
    ring: &KeyRing,
) -> Result<Provider, StartError> {
    let refused = |reason: String| StartError::Provider {
        name: provider.name.clone(),
        reason,
    };
    let url = addressing.issuer_url(&provider.name, provider.default);
    let settings = settings(provider, config, mode)?;
    Ok(Provider {
        name: provider.name.clone(),
        mode: provider.mode,
        policies: policies(provider, store, &settings).await?,
        settings,
        tokens: TokenIssuer::new(&url, ring, ALGORITHM).map_err(|error| refused(error.to_string()))?,
    })
}

fn settings(provider: &ProviderConfig, config: &Config, mode: &Mode) -> Result<Settings, StartError> {
    let status = |name: &String| {
        name.parse::<TcbStatus>().map_err(|_| StartError::Provider {
            name: provider.name.clone(),
            reason: format!("`{name}` is not a TCB status"),
        })
    };
    Ok(Settings {
        accepted_tcb_statuses: provider
            .accepted_tcb_statuses
            .iter()
            .map(status)
            .collect::<Result<_, _>>()?,
        staleness: config.verification.staleness(),
        baselines: config.verification.baselines()?,
        token_extensions: provider.token_extensions,
        explain: provider.explain,
        policy_limits: config.policy.limits(),
        development: matches!(mode, Mode::Dev(_)),
    })
}

/// The stored policies, and the default one for each type without. No policy that fails the provider's tests is
/// used.
async fn policies(
    provider: &ProviderConfig,
    store: &Store,
    settings: &Settings,
) -> Result<BTreeMap<AttestationType, StoredPolicy>, StartError> {
    let refused = |reason: String| StartError::Provider {
        name: provider.name.clone(),
        reason,
    };
    let tests = PolicyTests::load(&provider.policy_tests, provider.require_policy_tests)
        .map_err(|error| refused(error.to_string()))?;
    let limits = &settings.policy_limits;
    let mut policies = BTreeMap::new();
    let current = store.policy_current(&provider.name).await?;
    for kind in AttestationType::ALL {
        let stored = current
            .iter()
            .find(|record| record.attestation_type == kind.to_string());
        let policy = match stored.and_then(|record| record.token.as_deref()) {
            Some(envelope) => Some(StoredPolicy::from_store(envelope, kind, &tests, limits)),
            // What nobody has set is the operator's to mend, before anything is served.
            None => StoredPolicy::default_for(kind, provider.mode, limits)
                .map(|policy| policy.and_then(|policy| policy.accepted(kind, &tests, limits)))
                .transpose()
                .map_err(|error| refused(format!("policy for {kind}: {error}")))?,
        };
        if let Some(policy) = policy {
            if let Err(reason) = policy.program() {
                error!(
                    provider.name = provider.name,
                    attest.type = kind.name(),
                    policy.reason = %one_line(&reason.to_string()),
                    "a stored policy cannot be used, so its evidence is refused"
                );
            }
            policies.insert(kind, policy);
        }
    }
    Ok(policies)
}

/// The stored keys; the first start makes and stores one before anything is signed with it.
async fn key_ring(store: &Store, now: UnixTime) -> Result<KeyRing, StartError> {
    let keys = |error: TokenError| StartError::Provider {
        name: "signing key".to_owned(),
        reason: error.to_string(),
    };
    let records = store.signing_key_list().await?;
    let ring = KeyRing::from_records(&records).map_err(keys)?;
    if ring.active(ALGORITHM).is_ok() {
        return Ok(ring);
    }
    let key = SigningKey::generate(ALGORITHM).map_err(keys)?;
    let new = NewSigningKey {
        kid: key.kid(),
        algorithm: ALGORITHM.as_str(),
        state: SigningKeyState::Active,
        pkcs8: &key.pkcs8().map_err(keys)?,
    };
    store.signing_key_put(&new, now).await?;
    KeyRing::from_records(&store.signing_key_list().await?).map_err(keys)
}

/// What MAA signs with, and what its clients expect.
const ALGORITHM: SigningAlgorithm = SigningAlgorithm::Rs256;
