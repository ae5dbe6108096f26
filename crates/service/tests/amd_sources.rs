//! Certificates of chips' keys and revocation lists from servers that speak AMD's and Azure's protocols and misbehave
//! on demand.

#![cfg(test)]

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use attestry_evidence::snp::{AmdAnchors, VerifiedVek};
use attestry_evidence::time::UnixTime;
use attestry_forge::Seed;
use attestry_forge::amd::{AmdForge, ProductLine, SnpEvidence, Tcb, VekSpec};
use attestry_forge::pki::CertificateSpec;
use attestry_service::collateral::{AmdCollateral, AmdImportError, AmdSource, VekId, VekUnavailable};
use attestry_service::config::{AmdSourceConfig, AmdSourceKind, Config};
use attestry_service::server::{DevFixtures, Mode, RunningServer, Server};
use attestry_service::store::{Store, StoreOptions};
use attestry_service::telemetry::Metrics;
use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

const NOW: i64 = 1_780_000_000;
const DAY: i64 = 86_400;

fn now() -> UnixTime {
    UnixTime::new(NOW)
}

fn forge() -> AmdForge {
    AmdForge::new(Seed::default(), NOW)
}

/// The forge's authorities, DER.
fn authorities(forge: &AmdForge) -> Vec<Vec<u8>> {
    let of = |line| {
        let line = forge.line(line);
        [&line.ark, &line.ask, &line.asvk].map(CertificateSpec::to_der)
    };
    ProductLine::ALL.into_iter().flat_map(of).collect()
}

/// How a server answers for certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// As AMD's service: DER.
    Der,
    /// As Azure's cache: the whole chain, PEM.
    Pem,
    /// As Azure's instance metadata service.
    Thim,
    /// The certificate of another chip.
    OtherChip,
    /// The certificate of another TCB version.
    OtherTcb,
    /// The right certificate with a bit flipped.
    Damaged,
    /// 404.
    Unknown,
    /// 429 with a wish for a pause of ten minutes.
    TooMany,
    /// 500.
    Broken,
}

/// A server in the manner of AMD's Key Distribution Service and Azure's cache.
struct Kds {
    url: String,
    state: Arc<KdsState>,
}

struct KdsState {
    forge: AmdForge,
    manner: Mutex<Manner>,
    paths: Mutex<Vec<String>>,
    /// Dates and entries of the lists.
    list: Mutex<List>,
    /// One permit for each answer about certificates.
    answers: Semaphore,
}

#[derive(Clone, Default)]
struct List {
    issued_at: i64,
    revokes_authorities: bool,
    damaged: bool,
}

impl Kds {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(KdsState {
            forge: forge(),
            manner: Mutex::new(Manner::Der),
            paths: Mutex::default(),
            list: Mutex::new(List {
                issued_at: NOW - DAY,
                ..List::default()
            }),
            answers: Semaphore::new(Semaphore::MAX_PERMITS),
        });
        let router = Router::new().fallback(answer).with_state(Arc::clone(&state));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, state }
    }

    fn behave(&self, manner: Manner) {
        *self.state.manner.lock().unwrap() = manner;
    }

    fn set_list(&self, list: List) {
        *self.state.list.lock().unwrap() = list;
    }

    /// Requests for certificates so far.
    fn asked(&self) -> usize {
        let paths = self.state.paths.lock().unwrap();
        paths.iter().filter(|path| !path.ends_with("/crl")).count()
    }

    fn config(&self, kind: AmdSourceKind, requests_per_minute: u32) -> AmdSourceConfig {
        AmdSourceConfig {
            url: self.url.clone(),
            requests_per_minute,
            ..AmdSourceConfig::new(kind)
        }
    }

    fn source(&self, kind: AmdSourceKind) -> AmdSource {
        self.source_at(kind, 600)
    }

    fn source_at(&self, kind: AmdSourceKind, requests_per_minute: u32) -> AmdSource {
        AmdSource::from_config(&self.config(kind, requests_per_minute), Duration::from_secs(5)).unwrap()
    }
}

async fn answer(State(state): State<Arc<KdsState>>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let query = request.uri().query().unwrap_or_default().to_owned();
    state.paths.lock().unwrap().push(path.clone());
    let segments: Vec<_> = path.trim_start_matches('/').split('/').collect();
    if let ["vcek", "v1", line, "crl"] = segments[..] {
        return state.crl(line_named(line)).into_response();
    }
    let Ok(permit) = state.answers.acquire().await else {
        return StatusCode::GONE.into_response();
    };
    permit.forget();
    let (line, chip, tcb) = match segments[..] {
        ["vcek", "v1", line, chip] => (line_named(line), chip, tcb_of_query(&query)),
        ["SevSnpVM", "certificates", chip, tcb] => {
            assert_eq!(query, "api-version=2020-10-15-preview");
            let line = ProductLine::Milan;
            (
                line,
                chip,
                Tcb::from_raw(u64::from_str_radix(tcb, 16).unwrap(), line),
            )
        }
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    state.vek(line, &unhex(chip), tcb)
}

fn line_named(name: &str) -> ProductLine {
    *ProductLine::ALL.iter().find(|line| line.name() == name).unwrap()
}

fn unhex(text: &str) -> Vec<u8> {
    attestry_api::hex::decode(text).unwrap()
}

fn tcb_of_query(query: &str) -> Tcb {
    let mut tcb = Tcb::default();
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').unwrap();
        let value = value.parse().unwrap();
        match name {
            "fmcSPL" => tcb.fmc = value,
            "blSPL" => tcb.bootloader = value,
            "teeSPL" => tcb.tee = value,
            "snpSPL" => tcb.snp = value,
            "ucodeSPL" => tcb.microcode = value,
            _ => panic!("{name}"),
        }
    }
    tcb
}

impl KdsState {
    fn vek(&self, line: ProductLine, chip: &[u8], tcb: Tcb) -> Response {
        let manner = *self.manner.lock().unwrap();
        let spec = match manner {
            Manner::OtherChip => VekSpec::vcek(&self.forge, line, &vec![0x77; chip.len()], tcb),
            Manner::OtherTcb => VekSpec::vcek(&self.forge, line, chip, Tcb { snp: 1, ..tcb }),
            _ => VekSpec::vcek(&self.forge, line, chip, tcb),
        };
        let mut der = spec.certificate(&self.forge).to_der();
        let mut evidence = self.forge.snp_evidence(line);
        evidence.use_chip(&self.forge, chip, tcb);
        let chain = evidence.chain_pem(&self.forge);
        let end = "-----END CERTIFICATE-----\n";
        let (vcek, issuers) = chain.split_at(chain.find(end).unwrap() + end.len());
        match manner {
            Manner::Der | Manner::OtherChip | Manner::OtherTcb => der.into_response(),
            Manner::Damaged => {
                *der.last_mut().unwrap() ^= 1;
                der.into_response()
            }
            Manner::Pem => chain.into_response(),
            Manner::Thim => json!({
                "vcekCert": vcek, "certificateChain": issuers,
                "tcbm": format!("{:016X}", tcb.raw(line)), "cacheControl": "86400",
            })
            .to_string()
            .into_response(),
            Manner::Unknown => StatusCode::NOT_FOUND.into_response(),
            Manner::TooMany => (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "600")]).into_response(),
            Manner::Broken => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        }
    }

    fn crl(&self, line: ProductLine) -> Vec<u8> {
        let list = self.list.lock().unwrap().clone();
        crl(&self.forge, line, &list)
    }
}

fn crl(forge: &AmdForge, line: ProductLine, list: &List) -> Vec<u8> {
    let mut crl = forge.crl(line);
    crl.this_update = list.issued_at;
    crl.next_update = Some(list.issued_at + 46 * DAY);
    if list.revokes_authorities {
        crl.revoke(&forge.line(line).ask.serial);
    }
    let mut der = crl.to_der();
    if list.damaged {
        *der.last_mut().unwrap() ^= 1;
    }
    der
}

/// Evidence of a chip of a line, and its key.
fn chip(line: ProductLine, number: u8) -> (SnpEvidence, VekId) {
    let mut evidence = forge().snp_evidence(line);
    evidence.use_chip(&forge(), &vec![number; line.hw_id_size()], line.default_tcb());
    let report = &evidence.report;
    let tcb = line.default_tcb().raw(line).to_le_bytes();
    let id = VekId::new(line.name().parse().unwrap(), &report.chip_id, tcb).unwrap();
    (evidence, id)
}

fn anchors() -> AmdAnchors {
    AmdAnchors::from_certificates(&authorities(&forge())).unwrap()
}

struct World {
    kds: Kds,
    directory: TempDir,
}

impl World {
    async fn new() -> Self {
        Self {
            kds: Kds::start().await,
            directory: TempDir::new().unwrap(),
        }
    }

    async fn collateral(&self, sources: Vec<AmdSource>) -> AmdCollateral {
        let store = Store::open(&StoreOptions::in_dir(self.directory.path()))
            .await
            .unwrap();
        AmdCollateral::open(anchors(), sources, store, Arc::new(Metrics::new()), now())
            .await
            .unwrap()
    }

    async fn fetching(&self) -> AmdCollateral {
        self.collateral(vec![self.kds.source(AmdSourceKind::Kds)]).await
    }
}

type Obtained = Result<Arc<VerifiedVek>, VekUnavailable>;

#[tokio::test]
async fn a_certificate_is_fetched_once_and_kept_across_restarts() {
    let world = World::new().await;
    for (line, number) in ProductLine::ALL.into_iter().zip(1..) {
        let (_, id) = chip(line, number);
        let collateral = world.fetching().await;
        assert!(collateral.held(&id, now()).is_none());
        let vek = collateral.obtain(&id, now()).await.unwrap();
        assert_eq!(VekId::of_certificate(vek.vek()), Some(id), "{line:?}");
        assert!(collateral.held(&id, now()).is_some());
        collateral.obtain(&id, now()).await.unwrap();
        assert_eq!(world.kds.asked(), usize::from(number));
        // Another process with the same store.
        let restarted = world.fetching().await;
        restarted.obtain(&id, now()).await.unwrap();
        assert_eq!(world.kds.asked(), usize::from(number));
        // Without any source, too.
        let offline = world.collateral(Vec::new()).await;
        offline.obtain(&id, now()).await.unwrap();
    }
}

#[tokio::test]
async fn every_form_of_answer_is_understood() {
    for (manner, kind) in [
        (Manner::Der, AmdSourceKind::Kds),
        (Manner::Pem, AmdSourceKind::Kds),
        (Manner::Thim, AmdSourceKind::Kds),
        (Manner::Pem, AmdSourceKind::AzureThim),
        (Manner::Thim, AmdSourceKind::AzureThim),
    ] {
        let world = World::new().await;
        world.kds.behave(manner);
        let collateral = world.collateral(vec![world.kds.source(kind)]).await;
        let (_, id) = chip(ProductLine::Milan, 1);
        let obtained = collateral.obtain(&id, now()).await;
        assert!(obtained.is_ok(), "{manner:?} {kind:?}: {obtained:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_who_want_the_same_certificate_are_one_request() {
    let world = World::new().await;
    world.kds.state.answers.forget_permits(Semaphore::MAX_PERMITS);
    let collateral = world.fetching().await;
    let (_, id) = chip(ProductLine::Milan, 1);
    let waiting: Vec<_> = (0..50)
        .map(|_| {
            let collateral = collateral.clone();
            tokio::spawn(async move { collateral.obtain(&id, now()).await })
        })
        .collect();
    // More permits than one request takes, so that more than one would be answered.
    world.kds.state.answers.add_permits(50);
    for one in waiting {
        one.await.unwrap().unwrap();
    }
    assert_eq!(world.kds.asked(), 1);
}

#[tokio::test]
async fn what_a_source_gives_must_be_the_certificate_that_was_asked_for() {
    for manner in [Manner::OtherChip, Manner::OtherTcb, Manner::Damaged] {
        let world = World::new().await;
        world.kds.behave(manner);
        let (_, id) = chip(ProductLine::Genoa, 1);
        let refused = world.fetching().await.obtain(&id, now()).await;
        match manner {
            Manner::Damaged => assert!(
                matches!(refused, Err(VekUnavailable::Refused { .. })),
                "{refused:?}"
            ),
            _ => assert_eq!(refused.err(), Some(VekUnavailable::OtherKey), "{manner:?}"),
        }
        // Nothing of it was kept.
        let offline = world.collateral(Vec::new()).await;
        assert_eq!(
            offline.obtain(&id, now()).await.err(),
            Some(VekUnavailable::NoSource)
        );
    }
}

#[tokio::test]
async fn the_next_source_is_asked_when_one_does_not_have_it() {
    let (empty, full) = (Kds::start().await, World::new().await);
    empty.behave(Manner::Unknown);
    let sources = vec![
        empty.source(AmdSourceKind::Kds),
        full.kds.source(AmdSourceKind::Kds),
    ];
    let collateral = full.collateral(sources).await;
    let (_, id) = chip(ProductLine::Turin, 1);
    assert!(collateral.obtain(&id, now()).await.is_ok());
    assert_eq!((empty.asked(), full.kds.asked()), (1, 1));
    full.kds.behave(Manner::Unknown);
    let (_, other) = chip(ProductLine::Turin, 2);
    assert_eq!(
        collateral.obtain(&other, now()).await.err(),
        Some(VekUnavailable::Unknown)
    );
    // Remembered for seconds: not asked again at once.
    assert_eq!(
        collateral.obtain(&other, now()).await.err(),
        Some(VekUnavailable::Unknown)
    );
    assert_eq!((empty.asked(), full.kds.asked()), (2, 2));
}

#[tokio::test]
async fn a_source_that_asks_for_a_pause_has_it() {
    let world = World::new().await;
    world.kds.behave(Manner::TooMany);
    let collateral = world.fetching().await;
    let obtain = async |number| -> Obtained {
        let (_, id) = chip(ProductLine::Milan, number);
        collateral.obtain(&id, now()).await
    };
    assert_eq!(obtain(1).await.err(), Some(VekUnavailable::Unreachable));
    world.kds.behave(Manner::Der);
    for number in 2..5 {
        let Err(VekUnavailable::Busy { wait }) = obtain(number).await else {
            panic!("it was asked to wait")
        };
        assert!((500..=600).contains(&wait.as_secs()), "{wait:?}");
    }
    assert_eq!(world.kds.asked(), 1);
}

#[tokio::test]
async fn a_source_that_fails_is_left_alone_for_a_while() {
    let world = World::new().await;
    world.kds.behave(Manner::Broken);
    // One request a minute, so that the pause is one, too.
    let collateral = world
        .collateral(vec![world.kds.source_at(AmdSourceKind::Kds, 1)])
        .await;
    let (_, id) = chip(ProductLine::Milan, 1);
    assert_eq!(
        collateral.obtain(&id, now()).await.err(),
        Some(VekUnavailable::Unreachable)
    );
    let (_, other) = chip(ProductLine::Milan, 2);
    let busy = collateral.obtain(&other, now()).await;
    assert!(matches!(busy, Err(VekUnavailable::Busy { .. })), "{busy:?}");
    assert_eq!(world.kds.asked(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_cannot_make_the_service_flood_a_source() {
    let world = World::new().await;
    world.kds.behave(Manner::Unknown);
    let collateral = world
        .collateral(vec![world.kds.source_at(AmdSourceKind::Kds, 1)])
        .await;
    let asking: Vec<_> = (1..=200)
        .map(|number| {
            let collateral = collateral.clone();
            let (_, id) = chip(ProductLine::Milan, number);
            tokio::spawn(async move { collateral.obtain(&id, now()).await })
        })
        .collect();
    let mut busy = 0;
    for one in asking {
        match one.await.unwrap() {
            Err(VekUnavailable::Busy { wait }) => {
                busy += 1;
                assert!(wait <= Duration::from_mins(1));
            }
            Err(VekUnavailable::Unknown) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((busy, world.kds.asked()), (199, 1));
}

#[tokio::test]
async fn a_certificate_that_has_expired_is_fetched_again() {
    let world = World::new().await;
    let (_, id) = chip(ProductLine::Milan, 1);
    let collateral = world.collateral(Vec::new()).await;
    let mut old = VekSpec::vcek(
        &forge(),
        ProductLine::Milan,
        &[1; 64],
        ProductLine::Milan.default_tcb(),
    );
    (old.not_before, old.not_after) = (NOW - 100 * DAY, NOW - DAY);
    let old = old.certificate(&forge()).to_der();
    collateral
        .import_vek(&old, Some(id), "test", now())
        .await
        .unwrap();
    assert!(collateral.held(&id, now()).is_none());
    // Nobody to ask: it is what there is, and may be granted some grace.
    let expired = collateral.obtain(&id, now()).await.unwrap();
    assert_eq!(expired.vek().certificate().not_after(), UnixTime::new(NOW - DAY));
    let fetching = world.fetching().await;
    let renewed = fetching.obtain(&id, now()).await.unwrap();
    assert!(renewed.vek().certificate().not_after() > now());
    // What is kept is not replaced by what was issued before it.
    fetching.import_vek(&old, None, "test", now()).await.unwrap();
    assert!(fetching.held(&id, now()).is_some());
    let restarted = world
        .collateral(Vec::new())
        .await
        .obtain(&id, now())
        .await
        .unwrap();
    assert_eq!(restarted.vek(), renewed.vek());
}

#[tokio::test]
async fn operators_hand_over_certificates_that_verify_and_are_what_they_say() {
    let world = World::new().await;
    let collateral = world.collateral(Vec::new()).await;
    let (evidence, id) = chip(ProductLine::Milan, 1);
    let (other, other_id) = chip(ProductLine::Milan, 2);
    let import = async |chain: &[u8], label| collateral.import_vek(chain, label, "file", now()).await;
    let chain = evidence.chain_pem(&forge());
    assert!(matches!(
        import(chain.as_bytes(), Some(other_id)).await,
        Err(AmdImportError::Mislabelled)
    ));
    let mut damaged = other.vek_der(&forge());
    *damaged.last_mut().unwrap() ^= 1;
    assert!(matches!(
        import(&damaged, None).await,
        Err(AmdImportError::Refused(_))
    ));
    let mut provider = evidence.clone();
    provider.use_vlek(&forge(), "cloud.example", ProductLine::Milan.default_tcb());
    assert!(matches!(
        import(&provider.vek_der(&forge()), None).await,
        Err(AmdImportError::ProviderKey)
    ));
    assert_eq!(import(chain.as_bytes(), None).await.unwrap(), id);
    assert!(collateral.held(&id, now()).is_some());
    let status = collateral.status(now()).await.unwrap();
    assert_eq!(status.vek_count, 1);
    assert_eq!(
        (status.veks[0].chip_id.as_str(), status.veks[0].imported),
        (id.chip_id_hex().as_str(), true)
    );
}

#[tokio::test]
async fn lists_are_fetched_when_due_and_never_go_back() {
    let world = World::new().await;
    let collateral = world.fetching().await;
    assert_eq!(collateral.refresh_step(now()).await, 3);
    assert_eq!(collateral.crls().iter().count(), 3);
    // Nothing is due for a day.
    let later = |days: i64| UnixTime::new(NOW + days * DAY);
    assert_eq!(collateral.refresh_step(UnixTime::new(NOW + 60)).await, 0);
    world.kds.set_list(List {
        issued_at: NOW,
        ..List::default()
    });
    assert_eq!(collateral.refresh_step(later(2)).await, 3);
    let issued = async |collateral: &AmdCollateral| -> Vec<i64> {
        let status = collateral.status(now()).await.unwrap();
        status.crls.iter().map(|crl| crl.this_update.seconds()).collect()
    };
    assert_eq!(issued(&collateral).await, [NOW; 3]);
    let bad = [
        List {
            issued_at: NOW - DAY,
            ..List::default()
        },
        List {
            issued_at: NOW + DAY,
            damaged: true,
            ..List::default()
        },
        List {
            issued_at: NOW + 30 * DAY,
            ..List::default()
        },
    ];
    for (bad, days) in bad.into_iter().zip(4..) {
        world.kds.set_list(bad);
        assert_eq!(collateral.refresh_step(later(days)).await, 0);
        assert_eq!(issued(&collateral).await, [NOW; 3]);
    }
    // Nor after a restart.
    let restarted = world.fetching().await;
    assert_eq!(issued(&restarted).await, [NOW; 3]);
    assert_eq!(restarted.refresh_step(later(4)).await, 0);
    let old = crl(
        &forge(),
        ProductLine::Milan,
        &List {
            issued_at: NOW - 3,
            ..List::default()
        },
    );
    assert!(matches!(
        restarted.import_crl(&old, None, "file", now()).await,
        Err(AmdImportError::Older { .. })
    ));
}

#[tokio::test]
async fn a_list_that_another_process_imported_is_taken_in_on_reload() {
    let world = World::new().await;
    let (running, importing) = (
        world.collateral(Vec::new()).await,
        world.collateral(Vec::new()).await,
    );
    let list = forge().crl(ProductLine::Turin).to_der();
    assert!(matches!(
        importing
            .import_crl(&list, Some("Milan".parse().unwrap()), "file", now())
            .await,
        Err(AmdImportError::Mislabelled)
    ));
    importing.import_crl(&list, None, "file", now()).await.unwrap();
    assert_eq!(running.crls().iter().count(), 0);
    running.reload(now()).await.unwrap();
    assert_eq!(running.crls().iter().count(), 1);
}

#[tokio::test]
async fn the_gauges_say_how_old_lists_are() {
    let world = World::new().await;
    let metrics = Arc::new(Metrics::new());
    let store = Store::open(&StoreOptions::in_dir(world.directory.path()))
        .await
        .unwrap();
    let collateral = AmdCollateral::open(anchors(), Vec::new(), store, Arc::clone(&metrics), now())
        .await
        .unwrap();
    let list = forge().crl(ProductLine::Turin).to_der();
    collateral.import_crl(&list, None, "file", now()).await.unwrap();
    collateral.refresh_step(now()).await;
    let text = metrics.render();
    let age = format!("attestry_amd_crl_age_seconds{{product=\"Turin\"}} {}", 7 * DAY);
    let left = format!(
        "attestry_amd_crl_expires_in_seconds{{product=\"Turin\"}} {}",
        39 * DAY
    );
    assert!(text.contains(&age) && text.contains(&left), "{text}");
}

fn server_config(directory: &Path, kds: &Kds) -> Config {
    let mut config = Config::default();
    config.server.listen = "127.0.0.1:0".parse().unwrap();
    config.store.data_dir = directory.join("data");
    config.collateral.sources.clear();
    config.snp.sources = vec![kds.config(AmdSourceKind::Kds, 600)];
    config
}

async fn server(config: Config) -> RunningServer {
    let fixtures = DevFixtures {
        as_of: Some(now()),
        amd_anchors: authorities(&forge()),
        ..DevFixtures::default()
    };
    Server::start(config, Mode::Dev(fixtures)).await.unwrap()
}

/// What a server answers to a report without certificates: status, code or nothing, `Retry-After`.
async fn attest(server: &RunningServer, evidence: &SnpEvidence) -> (u16, String, String) {
    let pem = std::fs::read(server.development_ca().unwrap()).unwrap();
    let client = reqwest::Client::builder()
        .tls_certs_only([reqwest::Certificate::from_pem(&pem).unwrap()])
        .no_proxy()
        .build()
        .unwrap();
    let report = json!({ "SnpReport": URL_SAFE_NO_PAD.encode(evidence.to_report_bytes()) });
    let response = client
        .post(format!(
            "{}/attest/SevSnpVm?api-version=2022-08-01",
            server.base_url()
        ))
        .json(&json!({ "report": URL_SAFE_NO_PAD.encode(report.to_string()) }))
        .send()
        .await
        .unwrap();
    let retry_after = response.headers().get("retry-after");
    let retry_after = retry_after.map_or_else(String::new, |value| value.to_str().unwrap().to_owned());
    let status = response.status().as_u16();
    let body: Value = response.json().await.unwrap();
    assert_eq!(status == 200, body["token"].is_string(), "{body}");
    let code = body["error"]["innererror"]["code"].as_str().unwrap_or_default();
    (status, code.to_owned(), retry_after)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_report_without_certificates_gets_a_token() {
    let world = World::new().await;
    let first = server(server_config(world.directory.path(), &world.kds)).await;
    let (evidence, _) = chip(ProductLine::Milan, 1);
    assert_eq!(attest(&first, &evidence).await.0, 200);
    assert_eq!(attest(&first, &evidence).await.0, 200);
    assert_eq!(world.kds.asked(), 1);
    world.kds.behave(Manner::Unknown);
    let (stranger, _) = chip(ProductLine::Genoa, 2);
    let (status, code, _) = attest(&first, &stranger).await;
    assert_eq!((status, code.as_str()), (400, "vek_unknown"));
    world.kds.behave(Manner::OtherChip);
    let (deceived, _) = chip(ProductLine::Turin, 3);
    let (status, code, retry_after) = attest(&first, &deceived).await;
    assert_eq!(
        (status, code.as_str(), retry_after.as_str()),
        (503, "vek_refused", "10")
    );
    assert!(first.shutdown().await);

    // After a restart it is still there.
    let second = server(server_config(world.directory.path(), &world.kds)).await;
    let asked = world.kds.asked();
    assert_eq!(attest(&second, &evidence).await.0, 200);
    assert_eq!(world.kds.asked(), asked);
    // Its authority is revoked: the next request is refused, although everything is in memory.
    world.kds.set_list(List {
        issued_at: NOW,
        revokes_authorities: true,
        damaged: false,
    });
    let amd = second.amd();
    assert!(amd.refresh_step(UnixTime::new(NOW + 2 * DAY)).await > 0);
    let (status, code, _) = attest(&second, &evidence).await;
    assert_eq!((status, code.as_str()), (400, "vek_authority_revoked"));
    assert!(second.shutdown().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_busy_source_is_told_with_a_time_to_come_back() {
    let world = World::new().await;
    world.kds.behave(Manner::TooMany);
    let server = server(server_config(world.directory.path(), &world.kds)).await;
    let (first, second) = (chip(ProductLine::Milan, 1).0, chip(ProductLine::Milan, 2).0);
    assert_eq!(attest(&server, &first).await.1, "source_unreachable");
    let (status, code, retry_after) = attest(&server, &second).await;
    assert_eq!((status, code.as_str()), (503, "source_busy"));
    assert!(
        (500..=600).contains(&retry_after.parse::<u32>().unwrap()),
        "{retry_after}"
    );
    assert!(server.shutdown().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_in_files_are_read_again_on_reload() {
    let world = World::new().await;
    let file = world.directory.path().join("milan.crl");
    let good = |issued_at, revokes_authorities| {
        let list = List {
            issued_at,
            revokes_authorities,
            damaged: false,
        };
        crl(&forge(), ProductLine::Milan, &list)
    };
    std::fs::write(&file, good(NOW - DAY, false)).unwrap();
    let mut config = server_config(world.directory.path(), &world.kds);
    config.snp.sources.clear();
    config.snp.revocation_lists = vec![file.clone()];
    config.snp.revocation = attestry_service::config::RevocationMode::Required;
    let server = server(config).await;
    let (evidence, id) = chip(ProductLine::Milan, 1);
    let chain = evidence.chain_pem(&forge());
    server
        .amd()
        .import_vek(chain.as_bytes(), Some(id), "test", now())
        .await
        .unwrap();
    assert_eq!(attest(&server, &evidence).await.0, 200);
    // A file that is no list changes nothing.
    std::fs::write(&file, b"no list").unwrap();
    assert!(server.reload().await.is_err());
    assert_eq!(attest(&server, &evidence).await.0, 200);
    std::fs::write(&file, good(NOW, true)).unwrap();
    server.reload().await.unwrap();
    assert_eq!(attest(&server, &evidence).await.1, "vek_authority_revoked");
    assert!(server.shutdown().await);
}
