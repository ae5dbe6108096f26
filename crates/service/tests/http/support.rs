//! A service in one process, without sockets: the real router over a real store, with collateral taken in
//! before the first request.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use attestry_api::{
    AttestationType,
    jwk::{Jwk, JwkSet},
};
use attestry_evidence::{
    dcap::{CollateralDocuments, Staleness, Tee},
    snp::AmdAnchors,
    time::UnixTime,
    x509::TrustAnchors,
};
use attestry_forge::{
    Seed,
    amd::{AmdForge, ProductLine},
    intel::{self, IntelForge},
    pki::CertificateSpec,
};
use attestry_policy::Limits;
use attestry_service::{
    administration::{Administration, HISTORY_BYTES},
    attest::{AttestLimits, Attestor, WorkPool},
    authn::Authenticator,
    clock::Clock,
    collateral::{AmdCollateral, CollateralOptions, CollateralService, Edition, Source, UvmVerifier},
    config::{ControlPlaneConfig, CorsConfig},
    control::ControlPlane,
    decisions::Decisions,
    diagnostics::{DiagnosticLog, DiagnosticsOptions},
    http::{App, router},
    provider::{
        Addressing, Assembly, Directory, PolicySigners, Provider, ProviderMode, Providers, Settings,
        StoredPolicy,
    },
    store::{Store, StoreOptions},
    telemetry::Metrics,
    throttle::{Throttle, ThrottleOptions},
    token::{KeyRing, SigningAlgorithm, TokenIssuer},
};
use axum::{Router, body::Body};
use http::{HeaderMap, Method, Request, StatusCode, header};
use serde_json::Value;
use tempfile::TempDir;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt;

pub const BASE_URL: &str = "https://localhost:8443";
/// When forged evidence is judged, and when its tokens are issued.
pub const NOW: i64 = 1_800_000_000;

/// What a service is made of.
pub struct Setup {
    pub anchors: TrustAnchors,
    pub amd_anchors: AmdAnchors,
    /// Whose endorsements of utility VMs count.
    pub uvm: UvmVerifier,
    pub collateral: Vec<(Tee, CollateralDocuments)>,
    /// Where collateral that is missing comes from.
    pub sources: Vec<Source>,
    /// When evidence is judged.
    pub now: UnixTime,
    /// How old collateral may be to be taken in.
    pub staleness: Staleness,
    /// The first is the one at the base URL.
    pub providers: Vec<ProviderSetup>,
    pub base_domain: &'static str,
    pub pool: WorkPool,
    pub limits: AttestLimits,
    pub max_body_bytes: usize,
    pub authenticator: Arc<Authenticator>,
    /// A setting.
    pub missing_role_is_401: bool,
    pub cors: CorsConfig,
    pub throttle: ThrottleOptions,
    /// Bytes that the history of a provider's policies may take.
    pub history_bytes: u64,
    pub control_plane: ControlPlaneConfig,
    /// Where requests are recorded.
    pub diagnostics: Option<DiagnosticsOptions>,
}

/// A provider; types that are not listed have the default policy of its mode.
pub struct ProviderSetup {
    pub name: &'static str,
    pub mode: ProviderMode,
    pub settings: Settings,
    /// Envelopes by type.
    pub policies: Vec<(AttestationType, String)>,
    /// Policy signing certificates.
    pub signers: Vec<Jwk>,
}

impl ProviderSetup {
    pub fn new(name: &'static str, mode: ProviderMode) -> Self {
        Self {
            name,
            mode,
            settings: Settings::default(),
            policies: Vec::new(),
            signers: Vec::new(),
        }
    }
}

/// The forge's own AMD hierarchies.
pub fn forged_amd_anchors() -> AmdAnchors {
    let forge = AmdForge::new(Seed::default(), NOW);
    let ders = ProductLine::ALL.into_iter().flat_map(|line| {
        let line = forge.line(line);
        [&line.ark, &line.ask, &line.asvk].map(CertificateSpec::to_der)
    });
    AmdAnchors::from_certificates(&ders.collect::<Vec<_>>()).unwrap()
}

impl Setup {
    /// A service that trusts the forge and holds its collateral, with the provider `dev` at the base URL and
    /// `shared` beside it.
    pub fn forged(forge: &IntelForge) -> Self {
        Self {
            anchors: TrustAnchors::from_certificates(&[forge.root_certificate_der()]).unwrap(),
            amd_anchors: AmdAnchors::amd().and(forged_amd_anchors()),
            uvm: UvmVerifier::default(),
            collateral: vec![
                (Tee::Sgx, documents(forge.collateral(intel::Tee::Sgx))),
                (Tee::Tdx, documents(forge.collateral(intel::Tee::Tdx))),
            ],
            sources: Vec::new(),
            now: UnixTime::new(NOW),
            staleness: Staleness::Strict,
            providers: vec![
                ProviderSetup::new("dev", ProviderMode::Aad),
                ProviderSetup::new("shared", ProviderMode::Shared),
            ],
            base_domain: "",
            pool: WorkPool::for_this_machine(),
            limits: AttestLimits::default(),
            max_body_bytes: 1024 * 1024,
            authenticator: Arc::new(Authenticator::development()),
            missing_role_is_401: false,
            cors: CorsConfig::default(),
            throttle: ThrottleOptions::default(),
            history_bytes: HISTORY_BYTES,
            control_plane: ControlPlaneConfig::default(),
            diagnostics: None,
        }
    }

    /// The provider at the base URL.
    pub fn main_provider(&mut self) -> &mut ProviderSetup {
        &mut self.providers[0]
    }
}

pub fn forge() -> IntelForge {
    IntelForge::new(Seed::default(), NOW)
}

pub fn documents(minted: intel::Collateral) -> CollateralDocuments {
    CollateralDocuments {
        tcb_info: minted.tcb_info,
        tcb_info_issuer_chain: minted.tcb_info_issuer_chain,
        qe_identity: minted.qe_identity,
        qe_identity_issuer_chain: minted.qe_identity_issuer_chain,
        root_ca_crl: minted.root_ca_crl,
        pck_crl: minted.pck_crl,
        pck_crl_issuer_chain: minted.pck_crl_issuer_chain,
    }
}

/// A service that answers requests.
pub struct Service {
    router: Router,
    pub draining: CancellationToken,
    pub metrics: Arc<Metrics>,
    pub decisions: Decisions,
    pub store: Store,
    /// Where requests are recorded, if they are.
    pub diagnostics: Option<DiagnosticLog>,
    _data: TempDir,
}

/// An answer, read whole.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub bytes: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// `error.code` and `error.message`.
    pub fn error(&self) -> (String, String) {
        let body = self.json();
        let text = |name: &str| body["error"][name].as_str().unwrap_or_default().to_owned();
        (text("code"), text("message"))
    }

    /// `error.innererror`.
    pub fn inner(&self) -> Value {
        self.json()["error"]["innererror"].clone()
    }

    /// The token of a good answer.
    pub fn token(&self) -> String {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text());
        self.json()["token"].as_str().unwrap().to_owned()
    }
}

impl Service {
    pub async fn start(setup: Setup) -> Self {
        let data = tempfile::tempdir().unwrap();
        let store = Store::open(&StoreOptions::in_dir(data.path())).await.unwrap();
        let metrics = Arc::new(Metrics::new());
        let clock = Clock::fixed(setup.now);
        let token_clock = Clock::fixed(UnixTime::new(NOW));
        let options = CollateralOptions {
            anchors: Arc::new(setup.anchors),
            staleness: setup.staleness,
            sources: setup.sources,
            early: false,
            max_platforms: 16,
        };
        let collateral = CollateralService::open(options, store.clone(), Arc::clone(&metrics), setup.now)
            .await
            .unwrap();
        for (tee, documents) in setup.collateral {
            collateral
                .import(tee, Edition::Standard, documents, "test", setup.now)
                .await
                .unwrap();
        }
        let addressing = Addressing {
            base_url: BASE_URL.to_owned(),
            base_domain: setup.base_domain.to_owned(),
        };
        let providers = providers(setup.providers, &addressing);
        let draining = CancellationToken::new();
        let directory = Arc::new(Directory::new(providers));
        let administration = Administration::new(
            store.clone(),
            Arc::clone(&directory),
            token_clock.clone(),
            WorkPool::new(1, 64),
        )
        .with_history_bytes(setup.history_bytes);
        let decisions = Decisions::start(
            store.clone(),
            token_clock.clone(),
            Arc::clone(&metrics),
            &TaskTracker::new(),
            CancellationToken::new(),
        );
        let ring = KeyRing::generate(SigningAlgorithm::Rs256).unwrap();
        let control = ControlPlane::new(
            store.clone(),
            Arc::clone(&directory),
            Assembly::new(addressing, ring, Settings::default()).unwrap(),
            setup.control_plane,
            token_clock.clone(),
        );
        let diagnostics = setup
            .diagnostics
            .map(|options| DiagnosticLog::start(&options, Arc::clone(&metrics)).unwrap());
        let app = App {
            directory,
            decisions: decisions.clone(),
            control,
            administration,
            authenticator: setup.authenticator,
            unauthorized_for_missing_role: setup.missing_role_is_401,
            attestor: Attestor::new(
                clock,
                token_clock.clone(),
                collateral,
                AmdCollateral::new(setup.amd_anchors),
                setup.pool,
            )
            .with_uvm(setup.uvm)
            .with_limits(setup.limits),
            token_clock,
            metrics: Arc::clone(&metrics),
            store: store.clone(),
            draining: draining.clone(),
            max_body_bytes: setup.max_body_bytes,
            cors: setup.cors,
            throttle: Arc::new(Throttle::new(setup.throttle)),
            diagnostics: diagnostics.clone(),
            changes: TaskTracker::new(),
        };
        Self {
            diagnostics,
            router: router(app),
            draining,
            metrics,
            decisions,
            store,
            _data: data,
        }
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap().to_vec();
        Answer {
            status: parts.status,
            headers: parts.headers,
            bytes,
        }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    /// A request of somebody whom development mode knows.
    pub async fn administer(&self, method: Method, path: &str, body: impl Into<Body>) -> Answer {
        let request = Request::builder().method(method).uri(path);
        let request = request.header(header::AUTHORIZATION, "Bearer test");
        self.send(request.body(body.into()).unwrap()).await
    }

    /// Waits until that many decisions of the provider at the base URL were recorded, whether or not all are kept.
    pub async fn recorded(&self, kind: AttestationType, count: i64) {
        let newest = async || self.decisions.newest("dev", kind, 1).await.unwrap();
        let written = async {
            while newest().await.first().is_none_or(|number| *number < count) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), written)
            .await
            .unwrap();
    }

    pub async fn read_policy(&self, path: &str) -> Answer {
        self.administer(Method::GET, path, Body::empty()).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Request::post(path).body(Body::from(body.to_string())).unwrap())
            .await
    }

    /// The keys of the provider at the base URL.
    pub async fn keys(&self) -> JwkSet {
        JwkSet::from_json(&self.get("/certs").await.bytes).unwrap()
    }
}

fn providers(setups: Vec<ProviderSetup>, addressing: &Addressing) -> Providers {
    let ring = KeyRing::generate(SigningAlgorithm::Rs256).unwrap();
    let default = setups[0].name;
    let build = |setup: ProviderSetup| {
        let mut policies: BTreeMap<_, _> = AttestationType::ALL
            .into_iter()
            .filter_map(|kind| {
                Some((
                    kind,
                    Arc::new(StoredPolicy::default_for(kind, setup.mode, &Limits::default())?.unwrap()),
                ))
            })
            .collect();
        for (kind, envelope) in setup.policies {
            policies.insert(
                kind,
                Arc::new(StoredPolicy::from_envelope(&envelope, &Limits::default()).unwrap()),
            );
        }
        let url = addressing.issuer_url(setup.name, setup.name, setup.name == default);
        let tokens = TokenIssuer::new(&url, &ring, SigningAlgorithm::Rs256).unwrap();
        let signers = PolicySigners::from_jwks(&setup.signers).unwrap();
        let provider = Provider::new(setup.name, setup.mode, setup.settings, tokens);
        Arc::new(provider.with_policies(policies, Arc::new(signers)))
    };
    Providers::new(addressing, setups.into_iter().map(build), Some(default)).unwrap()
}
