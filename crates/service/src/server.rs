//! Assembly: from a configuration to a running server.
//!
//! It owns the order of the start (store, keys, collateral, providers, listener) and of the end. Nothing is
//! decided here that a module below decides.

mod amd;
mod development;
mod providers;
mod running;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use attestry_evidence::dcap::{CollateralDocuments, Tee};
use attestry_evidence::time::UnixTime;
use attestry_evidence::x509::TrustAnchors;
use thiserror::Error;
use tokio::net::TcpListener;
use tracing::{info, warn};

pub use self::running::RunningServer;
use crate::attest::{Attestor, WorkPool};
use crate::authn::{Authenticator, AuthnSetupError, DevelopmentIssuer};
use crate::clock::Clock;
use crate::collateral::{
    CollateralOptions, CollateralService, Edition, ImportError, Source, SourceBuildError,
};
use crate::config::{Config, ConfigError, INTEL_ROOT};
use crate::diagnostics::{DiagnosticLog, DiagnosticsError};
use crate::http::listener::{TlsError, TlsFiles, TlsIdentity};
use crate::provider::{Addressing, Directory, Providers};
use crate::reference::{LoadError, References};
use crate::store::{Store, StoreError, StoreMode};
use crate::telemetry::Metrics;
use crate::token::TokenError;

/// Starts servers.
#[derive(Debug)]
pub struct Server;

/// How a server runs.
#[derive(Debug, Clone)]
pub enum Mode {
    /// For real.
    Normal,
    /// For development: loopback only, a certificate authority of its own, three providers (`dev` at the base
    /// URL, `isolated`, `shared`), any bearer token accepted, and tokens that say so.
    Dev(DevFixtures),
}

/// What development mode is given beside the configuration.
#[derive(Debug, Clone, Default)]
pub struct DevFixtures {
    /// Judges everything as of this time instead of the present.
    pub as_of: Option<UnixTime>,
    /// Trusted besides the configured roots: certificates, PEM or DER.
    pub trust_roots: Vec<Vec<u8>>,
    /// Authorities of SNP evidence trusted besides the configured ones: certificates, PEM or DER.
    pub amd_anchors: Vec<Vec<u8>>,
    /// Roots of endorsers of utility VMs trusted besides the configured ones: certificates, PEM or DER.
    pub uvm_signer_roots: Vec<Vec<u8>>,
    /// Roots of time stamp authorities trusted besides the configured ones: certificates, PEM or DER.
    pub uvm_time_stamp_roots: Vec<Vec<u8>>,
    /// Collateral taken in at the start.
    pub collateral: Vec<(Tee, CollateralDocuments)>,
}

/// Why a server did not start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StartError {
    /// The configuration cannot work.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A trust root cannot be used.
    #[error("the trust root `{root}` cannot be used: {reason}")]
    TrustRoot {
        /// As configured.
        root: String,
        /// What is wrong.
        reason: String,
    },
    /// A collateral source cannot be used.
    #[error("collateral source {index}: {error}")]
    Source {
        /// Its place in `collateral.sources`, from 0.
        index: usize,
        /// What is wrong.
        error: SourceBuildError,
    },
    /// A source of AMD's endorsements cannot be used.
    #[error("SNP source {index}: {error}")]
    AmdSource {
        /// Its place in `snp.sources`, from 0.
        index: usize,
        /// What is wrong.
        error: SourceBuildError,
    },
    /// A revocation list that the configuration names cannot be used.
    #[error("the revocation list `{file}` cannot be used: {reason}")]
    RevocationList {
        /// The file.
        file: String,
        /// What is wrong.
        reason: String,
    },
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Development collateral does not verify.
    #[error("the development collateral cannot be used")]
    Collateral(#[from] ImportError),
    /// The address cannot be listened on.
    #[error("cannot listen on `{address}` ({kind})")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What kind of failure the system reported.
        kind: std::io::ErrorKind,
    },
    /// The TLS certificate or key cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The development certificate authority cannot be set up.
    #[error("the development certificate authority in `{}` cannot be set up", path.display())]
    DevelopmentCa {
        /// Its directory.
        path: PathBuf,
    },
    /// Callers cannot be authenticated as configured.
    #[error(transparent)]
    Authentication(#[from] AuthnSetupError),
    /// The token issuer of development mode cannot be set up.
    #[error("the embedded token issuer cannot be set up")]
    EmbeddedIssuer(#[source] TokenError),
    /// Requests cannot be recorded.
    #[error(transparent)]
    Diagnostics(#[from] DiagnosticsError),
    /// Reference values cannot be taken in.
    #[error("reference values: {0}")]
    ReferenceValues(#[from] LoadError),
    /// A provider cannot be set up.
    #[error("the provider `{name}` cannot be set up: {reason}")]
    Provider {
        /// Its name.
        name: String,
        /// What is wrong.
        reason: String,
    },
}

impl Server {
    /// Starts a server and returns once it is ready for requests.
    pub async fn start(config: Config, mode: Mode) -> Result<RunningServer, StartError> {
        let (config, store) = open_store(config, &mode).await?;
        let clock = clock(&mode);
        let metrics = Arc::new(Metrics::new());
        let diagnostics = config.diagnostics.options(&config.store.data_dir);
        let diagnostics = diagnostics
            .map(|options| DiagnosticLog::start(&options, Arc::clone(&metrics)))
            .transpose()?;
        let collateral = collateral(&config, &mode, &clock, &store, &metrics).await?;
        let amd = amd::collateral(&config, &mode, &store, &metrics, clock.now()).await?;

        let listener = bind(config.server.listen).await?;
        let address = listener
            .local_addr()
            .map_err(|error| listen_error(config.server.listen, &error))?;
        let addressing = addressing(&config, address.port());
        let tls = tls(&config)?;
        let references = References::load(&config, &store, clock.now()).await?;
        let loaded = providers::load(&providers::Loading {
            config: &config,
            addressing: &addressing,
            store: &store,
            mode: &mode,
            references: &references,
            now: clock.now(),
        })
        .await?;

        let authenticator = authenticator(&config, &mode, &addressing)?;
        forget_unwanted(&store, &loaded.providers).await?;

        let attestor = Attestor::new(
            clock.clone(),
            Clock::live(),
            collateral.clone(),
            amd.clone(),
            WorkPool::for_this_machine(),
        )
        .with_uvm(amd::uvm(&config, &mode)?);
        info!(server.address = %address, server.base_url = addressing.base_url, "starting");
        if let Mode::Dev(_) = mode {
            warn!("development mode: insecure by intent, tokens carry `x-attestry-dev`");
        }
        Ok(running::start(running::Parts {
            config,
            mode,
            clock,
            metrics,
            store,
            collateral,
            amd,
            attestor,
            addressing,
            authenticator: Arc::new(authenticator),
            directory: Arc::new(Directory::new(loaded.providers)),
            assembly: loaded.assembly,
            listener,
            address,
            tls,
            diagnostics,
        }))
    }
}

/// Recorded decisions of providers that do not want any (any more) are nobody's business; those of deleted ones stay as
/// long as these can be restored.
async fn forget_unwanted(store: &Store, providers: &Providers) -> Result<(), StoreError> {
    let recording = providers
        .iter()
        .filter(|provider| provider.settings.recorded_decisions > 0)
        .map(|provider| provider.name.clone());
    let created = store.provider_list(None, None).await?;
    let deleted = created.into_iter().filter(|record| record.deleted_at.is_some());
    let kept: Vec<_> = recording.chain(deleted.map(|record| record.name)).collect();
    store.decision_retain(&kept).await
}

/// Opens the store for the mode, before the mode writes anything into the data directory.
async fn open_store(config: Config, mode: &Mode) -> Result<(Config, Store), StartError> {
    let store_mode = match mode {
        Mode::Normal => StoreMode::Production,
        Mode::Dev(_) => {
            development::check(&config)?;
            StoreMode::Development
        }
    };
    config.validate()?;
    let store = Store::open_for(&config.store.options(), store_mode).await?;
    let config = match mode {
        Mode::Normal => config,
        Mode::Dev(_) => development::config(config)?,
    };
    Ok((config, store))
}

fn clock(mode: &Mode) -> Clock {
    match mode {
        Mode::Dev(DevFixtures { as_of: Some(at), .. }) => Clock::fixed(*at),
        Mode::Dev(_) | Mode::Normal => Clock::live(),
    }
}

async fn collateral(
    config: &Config,
    mode: &Mode,
    clock: &Clock,
    store: &Store,
    metrics: &Arc<Metrics>,
) -> Result<CollateralService, StartError> {
    let now = clock.now();
    let options = collateral_options(config, mode)?;
    let service = CollateralService::open(options, store.clone(), Arc::clone(metrics), now).await?;
    if let Mode::Dev(fixtures) = mode {
        for (tee, documents) in &fixtures.collateral {
            let imported = service
                .import(
                    *tee,
                    Edition::Standard,
                    documents.clone(),
                    "development fixture",
                    now,
                )
                .await;
            match imported {
                // The directory was used before, at a later time: what it holds is better.
                Ok(_) | Err(ImportError::Regressed { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(service)
}

/// The options of the collateral service for a configuration, also for commands that run without a server.
pub fn collateral_options(config: &Config, mode: &Mode) -> Result<CollateralOptions, StartError> {
    let timeout = Duration::from_secs(config.collateral.request_timeout_seconds);
    let sources = config
        .collateral
        .sources
        .iter()
        .enumerate()
        .map(|(index, source)| {
            Source::from_config(source, timeout, config.collateral.attempts)
                .map_err(|error| StartError::Source { index, error })
        });
    Ok(CollateralOptions {
        anchors: Arc::new(trust_anchors(config, mode)?),
        staleness: config.verification.staleness(),
        sources: sources.collect::<Result<_, _>>()?,
        early: config.collateral.early,
        max_platforms: config.collateral.max_platforms,
    })
}

/// The trust anchors that a configuration names, and those of development mode.
pub fn trust_anchors(config: &Config, mode: &Mode) -> Result<TrustAnchors, StartError> {
    let roots = &config.verification.trust_roots;
    let mut certificates = Vec::new();
    for root in roots.iter().filter(|root| *root != INTEL_ROOT) {
        let certificate = std::fs::read(root).map_err(|error| StartError::TrustRoot {
            root: root.clone(),
            reason: error.kind().to_string(),
        })?;
        certificates.push(certificate);
    }
    if let Mode::Dev(fixtures) = mode {
        certificates.extend(fixtures.trust_roots.iter().cloned());
    }
    let refused = |error: &dyn std::error::Error| StartError::TrustRoot {
        root: roots.join("`, `"),
        reason: error.to_string(),
    };
    let own = TrustAnchors::from_certificates(&certificates);
    match (
        roots.iter().any(|root| root == INTEL_ROOT),
        certificates.is_empty(),
    ) {
        (true, true) => Ok(TrustAnchors::intel()),
        (true, false) => Ok(TrustAnchors::intel().and(own.map_err(|error| refused(&error))?)),
        (false, _) => own.map_err(|error| refused(&error)),
    }
}

async fn bind(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address)
        .await
        .map_err(|error| listen_error(address, &error))
}

fn listen_error(address: SocketAddr, error: &std::io::Error) -> StartError {
    StartError::Listen {
        address,
        kind: error.kind(),
    }
}

fn addressing(config: &Config, port: u16) -> Addressing {
    let base_url = if config.server.base_url.is_empty() {
        let scheme = if config.server.has_tls() { "https" } else { "http" };
        format!("{scheme}://localhost:{port}")
    } else {
        config.server.base_url.clone()
    };
    Addressing {
        base_url,
        base_domain: config.server.base_domain.clone(),
    }
}

fn authenticator(config: &Config, mode: &Mode, addressing: &Addressing) -> Result<Authenticator, StartError> {
    let (authentication, authorization) = (&config.authentication, &config.authorization);
    let authenticator = match mode {
        Mode::Normal => Authenticator::new(authentication, authorization),
        Mode::Dev(_) => {
            let embedded =
                DevelopmentIssuer::new(&addressing.base_url).map_err(StartError::EmbeddedIssuer)?;
            Authenticator::new_for_development(authentication, authorization, embedded)
        }
    };
    Ok(authenticator?)
}

fn tls(config: &Config) -> Result<Option<TlsIdentity>, StartError> {
    let files = tls_files(config);
    if config.server.has_tls() {
        return Ok(Some(TlsIdentity::from_files(files)?));
    }
    match files.client_authorities {
        None => Ok(None),
        Some(_) => Err(StartError::Config(ConfigError::Key {
            key: "authentication.client_certificates.ca_file".to_owned(),
            reason: "client certificates need TLS, and `server.tls_certificate` is empty".to_owned(),
        })),
    }
}

fn tls_files(config: &Config) -> TlsFiles<'_> {
    let client_authorities = config.authentication.client_certificates.ca_file.as_path();
    TlsFiles {
        certificate: &config.server.tls_certificate,
        private_key: &config.server.tls_private_key,
        client_authorities: Some(client_authorities).filter(|path| !path.as_os_str().is_empty()),
    }
}
