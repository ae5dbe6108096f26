//! Providers from configuration and store: their keys, policies and settings, as one snapshot.

use std::collections::BTreeMap;
use std::sync::Arc;

use attestry_api::{AttestationType, b64, jwk::Jwk};
use attestry_evidence::dcap::TcbStatus;
use attestry_evidence::time::UnixTime;
use rustls_pki_types::{CertificateDer, pem::PemObject};
use tracing::error;

use super::{Mode, StartError};
use crate::config::{Config, ConfigError, ProviderConfig, ProviderMode};
use crate::provider::{Addressing, PolicySigners, PolicyTests, Provider, Providers, Settings, StoredPolicy};
use crate::store::{
    NewSigner, NewSigningKey, PolicyRecord, SignerOperation, SignerRecord, SigningKeyState, Store, StoreError,
};
use crate::telemetry::one_line;
use crate::token::{KeyRing, SigningAlgorithm, SigningKey, TokenError, TokenIssuer};

/// What every provider is made with.
pub(super) struct Loading<'a> {
    pub(super) config: &'a Config,
    pub(super) addressing: &'a Addressing,
    pub(super) store: &'a Store,
    pub(super) mode: &'a Mode,
    pub(super) now: UnixTime,
}

/// What the store holds of all providers.
struct Stored {
    ring: KeyRing,
    policies: BTreeMap<String, Vec<PolicyRecord>>,
    signers: BTreeMap<String, Vec<SignerRecord>>,
}

impl Stored {
    async fn read(loading: &Loading<'_>) -> Result<Self, StartError> {
        let ring = key_ring(loading.store, loading.now).await?;
        let mut policies: BTreeMap<String, Vec<PolicyRecord>> = BTreeMap::new();
        for record in loading.store.policy_current(None).await? {
            policies.entry(record.provider.clone()).or_default().push(record);
        }
        let mut signers: BTreeMap<String, Vec<SignerRecord>> = BTreeMap::new();
        for record in loading.store.signer_list(None).await? {
            signers.entry(record.provider.clone()).or_default().push(record);
        }
        Ok(Self {
            ring,
            policies,
            signers,
        })
    }
}

/// All providers: those of the configuration, or one shared one at the base URL.
pub(super) async fn load(loading: &Loading<'_>) -> Result<Providers, StartError> {
    let mut stored = Stored::read(loading).await?;
    let shared = [ProviderConfig {
        name: "shared".to_owned(),
        default: true,
        mode: ProviderMode::Shared,
        ..ProviderConfig::default()
    }];
    let configured = if loading.config.provider.is_empty() {
        shared.as_slice()
    } else {
        &loading.config.provider
    };
    let mut providers = Vec::with_capacity(configured.len());
    for provider in configured {
        providers.push(Arc::new(load_one(provider, loading, &mut stored).await?));
    }
    let default = configured
        .iter()
        .find(|provider| provider.default)
        .map(|provider| provider.name.as_str());
    Providers::new(loading.addressing, providers, default).map_err(|error| {
        StartError::Config(ConfigError::Key {
            key: "provider".to_owned(),
            reason: error.to_string(),
        })
    })
}

async fn load_one(
    configured: &ProviderConfig,
    loading: &Loading<'_>,
    stored: &mut Stored,
) -> Result<Provider, StartError> {
    let refused = |reason: String| StartError::Provider {
        name: configured.name.clone(),
        reason,
    };
    let name = &configured.name;
    let url = loading.addressing.issuer_url(name, name, configured.default);
    let settings = settings(configured, loading.config, loading.mode)?;
    let tokens =
        TokenIssuer::new(&url, &stored.ring, ALGORITHM).map_err(|error| refused(error.to_string()))?;
    let tests = PolicyTests::load(&configured.policy_tests, configured.require_policy_tests)
        .map_err(|error| refused(error.to_string()))?;
    let mut provider = Provider::new(name, configured.mode, settings, tokens);
    provider.tests = Arc::new(tests);
    let records = stored.policies.remove(name).unwrap_or_default();
    let policies = policies(&provider, &records).map_err(refused)?;
    let signers = match configured.mode {
        ProviderMode::Isolated => {
            signers(
                configured,
                loading,
                stored.signers.remove(name).unwrap_or_default(),
            )
            .await?
        }
        ProviderMode::Aad | ProviderMode::Shared => PolicySigners::default(),
    };
    let provider = provider.with_policies(policies, Arc::new(signers));
    report_unusable(&provider);
    Ok(provider)
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
        bound_signatures: provider.require_bound_signatures,
        two_person: provider.two_person_changes,
        recorded_decisions: provider.record_decisions,
        development: matches!(mode, Mode::Dev(_)),
    })
}

/// The stored policies, and the default one for each type without. No policy that fails the provider's tests is
/// used.
fn policies(
    provider: &Provider,
    records: &[PolicyRecord],
) -> Result<BTreeMap<AttestationType, Arc<StoredPolicy>>, String> {
    let (tests, limits) = (&provider.tests, &provider.settings.policy_limits);
    let mut policies = BTreeMap::new();
    for kind in AttestationType::ALL {
        let stored = records
            .iter()
            .find(|record| record.attestation_type == kind.name());
        let policy = match stored.and_then(|record| record.token.as_deref()) {
            Some(envelope) => Some(StoredPolicy::from_store(envelope, kind, tests, limits)),
            // What nobody has set is the operator's to mend, before anything is served.
            None => StoredPolicy::default_for(kind, provider.mode, limits)
                .map(|policy| policy.and_then(|policy| policy.accepted(kind, tests, limits)))
                .transpose()
                .map_err(|error| format!("policy for {kind}: {error}"))?,
        };
        if let Some(policy) = policy {
            policies.insert(kind, Arc::new(policy));
        }
    }
    Ok(policies)
}

/// The trusted certificates of an isolated provider: what the store's history adds up to, or, where it has none yet,
/// those of the configuration.
async fn signers(
    configured: &ProviderConfig,
    loading: &Loading<'_>,
    history: Vec<SignerRecord>,
) -> Result<PolicySigners, StartError> {
    let refused = |reason: String| StartError::Provider {
        name: configured.name.clone(),
        reason,
    };
    if !history.is_empty() {
        return PolicySigners::from_history(&history).map_err(|error| refused(error.to_string()));
    }
    let mut keys = Vec::new();
    for file in &configured.policy_signers {
        let text = std::fs::read(file)
            .map_err(|error| refused(format!("policy_signers: `{file}`: {}", error.kind())))?;
        keys.extend(
            certificates_in(&text)
                .map_err(|reason| refused(format!("policy_signers: `{file}`: {reason}")))?,
        );
    }
    let signers = PolicySigners::from_jwks(&keys).map_err(|error| refused(error.to_string()))?;
    record_signers(
        loading.store,
        &configured.name,
        &signers,
        "configuration",
        loading.now,
    )
    .await?;
    Ok(signers)
}

/// Begins the history of a provider's signers.
async fn record_signers(
    store: &Store,
    provider: &str,
    signers: &PolicySigners,
    actor: &str,
    now: UnixTime,
) -> Result<(), StoreError> {
    let texts: Vec<_> = signers
        .iter()
        .map(|signer| (signer.thumbprint(), signer.to_json()))
        .collect();
    let new: Vec<_> = texts
        .iter()
        .map(|(thumbprint, certificate)| NewSigner {
            provider,
            operation: SignerOperation::Add,
            thumbprint,
            certificate,
            request: None,
            issued_at: None,
            actor,
            approver: None,
        })
        .collect();
    if !new.is_empty() {
        store.signer_put(&new, now).await?;
    }
    Ok(())
}

/// The certificates of a file, PEM or one in DER.
fn certificates_in(bytes: &[u8]) -> Result<Vec<Jwk>, String> {
    let ders = if bytes.starts_with(b"-----") || !bytes.starts_with(&[0x30]) {
        let all = CertificateDer::pem_slice_iter(bytes).collect::<Result<Vec<_>, _>>();
        all.map_err(|error| error.to_string())?
    } else {
        vec![CertificateDer::from(bytes.to_vec())]
    };
    let jwk = |der: &CertificateDer<'_>| Jwk {
        x5c: vec![b64::encode_standard(der)],
        ..Jwk::default()
    };
    Ok(ders.iter().map(jwk).collect())
}

/// Says in the log which stored policies do not count, and why.
fn report_unusable(provider: &Provider) {
    for (kind, policy) in provider.policies() {
        let reason = match (provider.policy(*kind), policy.program()) {
            (Err(untrusted), _) => untrusted.to_string(),
            (Ok(_), Err(unusable)) => unusable.to_string(),
            (Ok(_), Ok(_)) => continue,
        };
        error!(
            provider.name = provider.name,
            attest.type = kind.name(),
            policy.reason = %one_line(&reason),
            "a stored policy cannot be used, so its evidence is refused"
        );
    }
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
