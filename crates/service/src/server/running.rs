//! A running server: its addresses, its end, and what can be changed without one.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{error, info};

use super::{Mode, StartError, amd, development, providers, tls_files};
use crate::administration::Administration;
use crate::attest::{Attestor, WorkPool};
use crate::authn::Authenticator;
use crate::clock::Clock;
use crate::collateral::{AmdCollateral, CollateralService};
use crate::config::Config;
use crate::control::ControlPlane;
use crate::decisions::Decisions;
use crate::diagnostics::DiagnosticLog;
use crate::http::listener::{self, ListenerLimits, TlsIdentity};
use crate::http::{self, App};
use crate::jobs;
use crate::provider::{Addressing, Assembly, Directory};
use crate::reference::References;
use crate::store::Store;
use crate::telemetry::Metrics;
use crate::throttle::Throttle;

/// Everything that was assembled.
pub(super) struct Parts {
    pub(super) config: Config,
    pub(super) mode: Mode,
    pub(super) clock: Clock,
    pub(super) metrics: Arc<Metrics>,
    pub(super) store: Store,
    pub(super) collateral: CollateralService,
    pub(super) amd: AmdCollateral,
    pub(super) attestor: Attestor,
    pub(super) addressing: Addressing,
    pub(super) authenticator: Arc<Authenticator>,
    pub(super) directory: Arc<Directory>,
    pub(super) assembly: Assembly,
    pub(super) listener: TcpListener,
    pub(super) address: SocketAddr,
    pub(super) tls: Option<TlsIdentity>,
    pub(super) diagnostics: Option<DiagnosticLog>,
}

/// A server that answers. Dropping it stops it abruptly; [`RunningServer::shutdown`] drains it.
pub struct RunningServer {
    config: Config,
    mode: Mode,
    clock: Clock,
    metrics: Arc<Metrics>,
    store: Store,
    collateral: CollateralService,
    amd: AmdCollateral,
    addressing: Addressing,
    authenticator: Arc<Authenticator>,
    directory: Arc<Directory>,
    control: ControlPlane,
    address: SocketAddr,
    tls: Option<TlsIdentity>,
    diagnostics: Option<DiagnosticLog>,
    stop: CancellationToken,
    jobs: TaskTracker,
    changes: TaskTracker,
    serving: JoinHandle<bool>,
}

pub(super) fn start(parts: Parts) -> RunningServer {
    let stop = CancellationToken::new();
    let administration = Administration::new(
        parts.store.clone(),
        Arc::clone(&parts.directory),
        Clock::live(),
        WorkPool::new(1, ADMINISTRATION_QUEUE),
    )
    .with_history_bytes(parts.config.limits.policy_history_bytes);
    let control = ControlPlane::new(
        parts.store.clone(),
        Arc::clone(&parts.directory),
        parts.assembly,
        parts.config.control_plane.clone(),
        Clock::live(),
    );
    let jobs = TaskTracker::new();
    jobs::start(
        &jobs,
        parts.clock.clone(),
        parts.collateral.clone(),
        parts.amd.clone(),
        control.clone(),
        stop.child_token(),
    );
    let decisions = Decisions::start(
        parts.store.clone(),
        Clock::live(),
        Arc::clone(&parts.metrics),
        &jobs,
        stop.child_token(),
    );
    jobs.close();
    let changes = TaskTracker::new();
    let router = http::router(App {
        attestor: parts.attestor,
        administration,
        decisions,
        control: control.clone(),
        authenticator: Arc::clone(&parts.authenticator),
        unauthorized_for_missing_role: parts.config.authorization.missing_role_is_401,
        token_clock: Clock::live(),
        directory: Arc::clone(&parts.directory),
        store: parts.store.clone(),
        metrics: Arc::clone(&parts.metrics),
        max_body_bytes: parts.config.server.max_body_bytes,
        cors: parts.config.cors.clone(),
        throttle: Arc::new(Throttle::new(parts.config.limits.options())),
        diagnostics: parts.diagnostics.clone(),
        changes: changes.clone(),
        draining: stop.clone(),
    });
    let serving = tokio::spawn(listener::serve(
        parts.listener,
        parts.tls.clone(),
        router,
        ListenerLimits::from(&parts.config.server),
        Arc::clone(&parts.metrics),
        stop.child_token(),
    ));
    RunningServer {
        config: parts.config,
        mode: parts.mode,
        clock: parts.clock,
        metrics: parts.metrics,
        store: parts.store,
        collateral: parts.collateral,
        amd: parts.amd,
        addressing: parts.addressing,
        authenticator: parts.authenticator,
        directory: parts.directory,
        control,
        address: parts.address,
        tls: parts.tls,
        diagnostics: parts.diagnostics,
        stop,
        jobs,
        changes,
        serving,
    }
}

impl RunningServer {
    /// The URL under which clients reach the service, without a trailing slash.
    pub fn base_url(&self) -> &str {
        &self.addressing.base_url
    }

    /// The address it listens on.
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// In development mode, the certificate that clients must trust, PEM.
    pub fn development_ca(&self) -> Option<PathBuf> {
        let directory = self.config.store.data_dir.join("tls");
        matches!(self.mode, Mode::Dev(_)).then(|| directory.join(development::CA_CERTIFICATE))
    }

    /// The clock it judges by.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Its store.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Its collateral.
    pub fn collateral(&self) -> &CollateralService {
        &self.collateral
    }

    /// Its endorsements of AMD's.
    pub fn amd(&self) -> &AmdCollateral {
        &self.amd
    }

    /// Its metrics.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Reads again what may change under a running server: the TLS certificate, the authorities of client
    /// certificates, files of issuers' keys and of reference values, AMD's revocation lists, and the policies, keys and
    /// collateral in the store. What cannot be read stays as it is. The configuration is read at start only.
    pub async fn reload(&self) -> Result<(), StartError> {
        if let Some(tls) = &self.tls {
            tls.reload(tls_files(&self.config))?;
        }
        self.authenticator.reload()?;
        let now = self.clock.now();
        self.collateral.reload(now).await?;
        self.amd.reload(now).await?;
        amd::take_lists(&self.config, &self.amd, now)?;
        let references = References::load(&self.config, &self.store, now).await?;
        // Held while reading: a change in between would be lost to requests.
        let restructuring = self.directory.restructure().await;
        let loaded = providers::load(&providers::Loading {
            config: &self.config,
            addressing: &self.addressing,
            store: &self.store,
            mode: &self.mode,
            references: &references,
            now,
        })
        .await?;
        self.control.replace_assembly(loaded.assembly);
        restructuring.replace_all(loaded.providers);
        info!("reloaded");
        Ok(())
    }

    /// Stops accepting, answers what is in flight, ends the background work and closes the store. `false` when
    /// requests were cut off because they took longer than the drain timeout.
    pub async fn shutdown(self) -> bool {
        self.stop.cancel();
        let drained = self.serving.await.unwrap_or(false);
        // Their connections may be gone.
        self.changes.close();
        self.changes.wait().await;
        self.jobs.wait().await;
        if let Some(diagnostics) = &self.diagnostics
            && let Err(error) = diagnostics.flush().await
        {
            error!(error = %error, "the last records may be lost");
        }
        self.store.close().await;
        info!(server.drained = drained, "stopped");
        drained
    }
}

impl fmt::Debug for RunningServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunningServer")
            .field("base_url", &self.addressing.base_url)
            .field("addr", &self.address)
            .finish_non_exhaustive()
    }
}

/// Policies that may wait to be checked. Compiling and testing a policy can take half a second, so they have a thread
/// of their own beside those that attest.
const ADMINISTRATION_QUEUE: usize = 64;
