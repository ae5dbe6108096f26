//! Providers from configuration and store: their keys, policies and settings, as one snapshot.

use std::collections::BTreeMap;
use std::sync::Arc;

use attestry_api::{b64, jwk::Jwk};
use attestry_evidence::dcap::TcbStatus;
use attestry_evidence::snp::UnknownClaimProfile;
use attestry_evidence::time::UnixTime;
use rustls_pki_types::{CertificateDer, pem::PemObject};
use tracing::error;

use super::{Mode, StartError};
use crate::config::{Config, ConfigError, ProviderConfig, ProviderMode};
use crate::control;
use crate::location::Location;
use crate::provider::{
    Addressing, Assembly, Blueprint, NetworkRules, PolicySigners, PolicyTests, Provider, Providers,
    SIGNING_ALGORITHM, Settings,
};
use crate::reference::References;
use crate::store::{
    ConnectionRecord, NewSigner, NewSigningKey, PolicyRecord, ProviderRecord, SignerRecord, SigningKeyState,
    Store, StoreError,
};
use crate::telemetry::one_line;
use crate::token::{KeyRing, SigningKey, TokenError};

/// What every provider is made with.
pub(super) struct Loading<'a> {
    pub(super) config: &'a Config,
    pub(super) addressing: &'a Addressing,
    pub(super) store: &'a Store,
    pub(super) mode: &'a Mode,
    pub(super) references: &'a References,
    pub(super) now: UnixTime,
}

/// All providers, and what further ones are put together with.
pub(super) struct Loaded {
    pub(super) providers: Providers,
    pub(super) assembly: Assembly,
}

/// What the store holds of all providers.
struct Stored {
    policies: BTreeMap<String, Vec<PolicyRecord>>,
    signers: BTreeMap<String, Vec<SignerRecord>>,
    connections: BTreeMap<String, Vec<ConnectionRecord>>,
    created: Vec<ProviderRecord>,
}

impl Stored {
    async fn read(store: &Store) -> Result<Self, StartError> {
        let mut policies: BTreeMap<String, Vec<PolicyRecord>> = BTreeMap::new();
        for record in store.policy_current(None).await? {
            policies.entry(record.provider.clone()).or_default().push(record);
        }
        let mut signers: BTreeMap<String, Vec<SignerRecord>> = BTreeMap::new();
        for record in store.signer_list(None).await? {
            signers.entry(record.provider.clone()).or_default().push(record);
        }
        let mut connections: BTreeMap<String, Vec<ConnectionRecord>> = BTreeMap::new();
        for record in store.connection_list(None).await? {
            connections
                .entry(record.provider.clone())
                .or_default()
                .push(record);
        }
        Ok(Self {
            policies,
            signers,
            connections,
            created: store.provider_list(None, None).await?,
        })
    }
}

/// All providers: those of the configuration, or one shared one at the base URL, and those that requests created.
pub(super) async fn load(loading: &Loading<'_>) -> Result<Loaded, StartError> {
    let ring = key_ring(loading.store, loading.now).await?;
    let settings = settings(&ProviderConfig::default(), loading)?;
    let assembly = Assembly::new(loading.addressing.clone(), ring, settings)
        .map_err(|error| refused("of the defaults", &error))?;
    let mut stored = Stored::read(loading.store).await?;
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
    let mut providers = Vec::with_capacity(configured.len().saturating_add(stored.created.len()));
    for provider in configured {
        check_free(&provider.name, &stored.created)?;
        providers.push(Arc::new(
            load_configured(provider, loading, &assembly, &mut stored).await?,
        ));
    }
    load_created(loading, &assembly, &mut stored, &mut providers)?;
    let default = configured
        .iter()
        .find(|provider| provider.default)
        .map(|provider| provider.name.as_str());
    let providers = Providers::new(loading.addressing, providers, default).map_err(|error| {
        StartError::Config(ConfigError::Key {
            key: "provider".to_owned(),
            reason: error.to_string(),
        })
    })?;
    Ok(Loaded { providers, assembly })
}

fn refused(name: &str, reason: &dyn std::fmt::Display) -> StartError {
    StartError::Provider {
        name: name.to_owned(),
        reason: reason.to_string(),
    }
}

/// A name stands for one provider: the policies in the store belong to it.
fn check_free(name: &str, created: &[ProviderRecord]) -> Result<(), StartError> {
    match created.iter().find(|record| record.name == name) {
        Some(_) => Err(refused(
            name,
            &"a provider of this name was created by a request; choose another name, or purge that one first",
        )),
        None => Ok(()),
    }
}

async fn load_configured(
    configured: &ProviderConfig,
    loading: &Loading<'_>,
    assembly: &Assembly,
    stored: &mut Stored,
) -> Result<Provider, StartError> {
    let name = &configured.name;
    let location = (!configured.location.is_empty())
        .then(|| Location::parse(&configured.location))
        .transpose()
        .map_err(|error| refused(name, &error))?;
    let tests = PolicyTests::load(&configured.policy_tests, configured.require_policy_tests)
        .map_err(|error| refused(name, &error))?;
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
    let blueprint = Blueprint {
        name: name.clone(),
        location,
        default: configured.default,
        mode: configured.mode,
        settings: settings(configured, loading)?,
        tests,
        resource: None,
        network: NetworkRules::default(),
    };
    let records = stored.policies.remove(name).unwrap_or_default();
    let provider = assembly
        .build(blueprint, &records, signers)
        .map_err(|error| refused(name, &error))?;
    report_unusable(&provider);
    Ok(provider)
}

/// Adds the providers that requests created and did not delete.
fn load_created(
    loading: &Loading<'_>,
    assembly: &Assembly,
    stored: &mut Stored,
    providers: &mut Vec<Arc<Provider>>,
) -> Result<(), StartError> {
    let endpoints = &loading.config.control_plane.private_endpoint;
    for record in stored.created.iter().filter(|record| record.deleted_at.is_none()) {
        let name = &record.name;
        let connections = stored.connections.remove(name).unwrap_or_default();
        let policies = stored.policies.remove(name).unwrap_or_default();
        let signers = stored.signers.remove(name).unwrap_or_default();
        let provider = control::assemble(
            assembly,
            record,
            &control::Belongings {
                policies,
                signers,
                connections,
            },
            endpoints,
        )
        .map_err(|error| refused(name, &error))?;
        report_unusable(&provider);
        providers.push(Arc::new(provider));
    }
    Ok(())
}

fn settings(provider: &ProviderConfig, loading: &Loading<'_>) -> Result<Settings, StartError> {
    let config = loading.config;
    let status = |name: &String| {
        name.parse::<TcbStatus>()
            .map_err(|_| refused(&provider.name, &format!("`{name}` is not a TCB status")))
    };
    Ok(Settings {
        accepted_tcb_statuses: provider
            .accepted_tcb_statuses
            .iter()
            .map(status)
            .collect::<Result<_, _>>()?,
        staleness: config.verification.staleness(),
        baselines: config.verification.baselines()?,
        snp: config.snp.settings(),
        snp_claims: provider
            .snp_claims
            .parse()
            .map_err(|error: UnknownClaimProfile| refused(&provider.name, &error))?,
        reference: loading.references.of(&provider.name),
        token_extensions: provider.token_extensions,
        explain: provider.explain,
        policy_limits: config.policy.limits(),
        bound_signatures: provider.require_bound_signatures,
        two_person: provider.two_person_changes,
        recorded_decisions: provider.record_decisions,
        tpm_authentication: true,
        development: matches!(loading.mode, Mode::Dev(_)),
    })
}

/// The trusted certificates of an isolated provider: what the store's history adds up to, or, where it has none yet,
/// those of the configuration.
async fn signers(
    configured: &ProviderConfig,
    loading: &Loading<'_>,
    history: Vec<SignerRecord>,
) -> Result<PolicySigners, StartError> {
    let refused = |reason: String| refused(&configured.name, &reason);
    let known = PolicySigners::from_history(&history).map_err(|error| refused(error.to_string()))?;
    if !known.is_empty() {
        return Ok(known);
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
        .map(|(thumbprint, certificate)| NewSigner::given(provider, thumbprint, certificate, actor))
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
    let keys = |error: TokenError| refused("signing key", &error);
    let records = store.signing_key_list().await?;
    let ring = KeyRing::from_records(&records).map_err(keys)?;
    if ring.active(SIGNING_ALGORITHM).is_ok() {
        return Ok(ring);
    }
    let key = SigningKey::generate(SIGNING_ALGORITHM).map_err(keys)?;
    let new = NewSigningKey {
        kid: key.kid(),
        algorithm: SIGNING_ALGORITHM.as_str(),
        state: SigningKeyState::Active,
        pkcs8: &key.pkcs8().map_err(keys)?,
    };
    store.signing_key_put(&new, now).await?;
    KeyRing::from_records(&store.signing_key_list().await?).map_err(keys)
}
