//! Collateral from servers that speak the vendors' protocols and misbehave on demand.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail loudly")]

use std::sync::Arc;
use std::time::Duration;

use attestry_evidence::dcap::{CertificationData, Staleness, Tee, VerifiedCollateral, VerifiedPck};
use attestry_evidence::time::UnixTime;
use attestry_evidence::x509::TrustAnchors;
use attestry_forge::Seed;
use attestry_forge::intel::{IntelForge, PckCa, PckSpec};
use attestry_forge::pccs::{Fault, PccsServer};
use attestry_service::collateral::{
    CollateralOptions, CollateralService, CollateralUnavailable, Source, SourceError,
};
use attestry_service::config::{SourceConfig, SourceKind};
use attestry_service::store::{Store, StoreOptions};
use attestry_service::telemetry::Metrics;
use tempfile::TempDir;
use tokio::net::TcpListener;

const NOW: UnixTime = UnixTime::new(1_780_000_000);

struct World {
    forge: IntelForge,
    server: PccsServer,
    directory: TempDir,
    pck: VerifiedPck,
}

impl World {
    async fn new() -> Self {
        let forge = IntelForge::new(Seed::default(), NOW.seconds());
        let pck = pck(&forge, &PckSpec::new(&forge.seed, PckCa::Platform));
        let server = PccsServer::start(forge.clone()).await.unwrap();
        Self {
            forge,
            server,
            directory: TempDir::new().unwrap(),
            pck,
        }
    }

    fn source(&self, kind: SourceKind, api_version: u8, attempts: u32) -> Source {
        source(&self.server.url(), kind, api_version, attempts)
    }

    async fn service(&self, sources: Vec<Source>, early: bool) -> CollateralService {
        self.service_with(CollateralOptions {
            sources,
            early,
            ..self.options()
        })
        .await
    }

    fn options(&self) -> CollateralOptions {
        CollateralOptions {
            anchors: anchors(&self.forge),
            staleness: Staleness::Strict,
            sources: vec![self.source(SourceKind::Pccs, 4, 1)],
            early: false,
            max_platforms: 8,
        }
    }

    async fn service_with(&self, options: CollateralOptions) -> CollateralService {
        let store = Store::open(&StoreOptions::in_dir(self.directory.path()))
            .await
            .unwrap();
        CollateralService::open(options, store, Arc::new(Metrics::new()), NOW)
            .await
            .unwrap()
    }

    /// A service with this world's server as its only source, asked once.
    async fn pccs_service(&self) -> CollateralService {
        self.service(vec![self.source(SourceKind::Pccs, 4, 1)], false)
            .await
    }

    async fn obtain(&self, service: &CollateralService, baseline: &str) -> Obtained {
        service
            .obtain(&self.pck, Tee::Sgx, &baseline.parse().unwrap(), NOW)
            .await
    }
}

type Obtained = Result<Arc<VerifiedCollateral>, CollateralUnavailable>;

fn anchors(forge: &IntelForge) -> Arc<TrustAnchors> {
    Arc::new(TrustAnchors::from_certificates(&[forge.root_certificate_der()]).unwrap())
}

fn pck(forge: &IntelForge, spec: &PckSpec) -> VerifiedPck {
    let chain = spec.chain_pem(forge);
    let data = CertificationData {
        kind: 5,
        data: chain.as_bytes(),
    };
    VerifiedPck::verify(&data, &anchors(forge), NOW).unwrap()
}

fn source(url: &str, kind: SourceKind, api_version: u8, attempts: u32) -> Source {
    let config = SourceConfig {
        url: url.to_owned(),
        api_version,
        ..SourceConfig::new(kind)
    };
    Source::from_config(&config, Duration::from_secs(2), attempts).unwrap()
}

#[tokio::test]
async fn every_dialect_gives_collateral_that_verifies() {
    for (kind, api_version, tee) in [
        (SourceKind::IntelPcs, 4, Tee::Sgx),
        (SourceKind::IntelPcs, 4, Tee::Tdx),
        (SourceKind::IntelPcs, 3, Tee::Sgx),
        (SourceKind::Pccs, 4, Tee::Sgx),
        (SourceKind::Pccs, 4, Tee::Tdx),
        (SourceKind::Pccs, 3, Tee::Sgx),
        (SourceKind::AzureThim, 4, Tee::Sgx),
        (SourceKind::AzureThim, 4, Tee::Tdx),
        (SourceKind::AzureThim, 3, Tee::Sgx),
    ] {
        let world = World::new().await;
        let service = world
            .service(vec![world.source(kind, api_version, 1)], false)
            .await;
        let obtained = service
            .obtain(&world.pck, tee, &"latest".parse().unwrap(), NOW)
            .await;
        let obtained = obtained.unwrap_or_else(|error| panic!("{kind:?} {api_version} {tee:?}: {error:?}"));
        assert_eq!(obtained.tee(), tee);
        assert_eq!(obtained.fmspc(), world.pck.fmspc());
    }
}

#[tokio::test]
async fn the_old_interface_has_neither_trust_domains_nor_editions() {
    let world = World::new().await;
    let service = world
        .service(vec![world.source(SourceKind::Pccs, 3, 1)], false)
        .await;
    let tdx = service
        .obtain(&world.pck, Tee::Tdx, &"latest".parse().unwrap(), NOW)
        .await;
    assert!(
        matches!(tdx, Err(CollateralUnavailable::UnknownPlatform { .. })),
        "{tdx:?}"
    );
    let early = world.obtain(&service, "early").await;
    assert!(
        matches!(early, Err(CollateralUnavailable::UnknownPlatform { .. })),
        "{early:?}"
    );
    assert_eq!(world.server.controls().requests(""), 0);
}

#[tokio::test]
async fn many_requests_for_a_new_platform_are_one_flight() {
    let world = World::new().await;
    let service = world.pccs_service().await;
    let controls = world.server.controls();
    controls.hold();
    let pck = Arc::new(pck(
        &world.forge,
        &PckSpec::new(&world.forge.seed, PckCa::Platform),
    ));
    let waiting: Vec<_> = (0..32)
        .map(|_| {
            let (service, pck) = (service.clone(), Arc::clone(&pck));
            tokio::spawn(async move {
                service
                    .obtain(&pck, Tee::Sgx, &"latest".parse().unwrap(), NOW)
                    .await
            })
        })
        .collect();
    controls.wait_for_requests(1).await;
    // The one who came first goes away; the others must not notice.
    waiting[0].abort();
    controls.release();

    for waiting in waiting.into_iter().skip(1) {
        waiting.await.unwrap().unwrap();
    }
    assert_eq!(controls.requests("/tcb"), 1);
    assert_eq!(controls.requests(""), 4, "{:?}", controls.requests_by_path());
}

#[tokio::test]
async fn after_a_restart_no_network_is_needed() {
    let world = World::new().await;
    let first = world.obtain(&world.pccs_service().await, "latest").await.unwrap();
    let asked = world.server.controls().requests("");

    let service = world.pccs_service().await;
    let second = world.obtain(&service, "latest").await.unwrap();

    assert_eq!(first.documents(), second.documents());
    assert_eq!(world.server.controls().requests(""), asked);
}

#[tokio::test]
async fn a_busy_source_is_asked_again() {
    let world = World::new().await;
    let service = world
        .service(vec![world.source(SourceKind::Pccs, 4, 3)], false)
        .await;
    let fault = |status| Fault::Status {
        status,
        retry_after: Some(0),
    };
    world.server.controls().fail_next(1, "/tcb", fault(503));
    world.server.controls().fail_next(1, "/qe/identity", fault(429));
    world.server.controls().fail_next(2, "/rootcacrl", fault(500));

    world.obtain(&service, "latest").await.unwrap();

    let controls = world.server.controls();
    let asked = ["/tcb", "/qe/identity", "/pckcrl", "/rootcacrl"].map(|path| controls.requests(path));
    assert_eq!(asked, [2, 2, 1, 3]);
}

#[tokio::test]
async fn a_source_that_stays_broken_is_given_up_and_the_next_one_asked() {
    let (world, other) = (World::new().await, World::new().await);
    let fault = Fault::Status {
        status: 500,
        retry_after: Some(0),
    };
    world.server.controls().fail_next(100, "", fault);
    let sources = vec![
        world.source(SourceKind::Pccs, 4, 2),
        other.source(SourceKind::Pccs, 4, 1),
    ];
    let service = world.service(sources, false).await;

    world.obtain(&service, "latest").await.unwrap();

    assert_eq!(world.server.controls().requests(""), 2);
    assert_eq!(other.server.controls().requests(""), 4);
}

#[tokio::test]
async fn a_source_that_hangs_is_unreachable_within_its_time() {
    let world = World::new().await;
    world.server.controls().fail_next(1, "/tcb", Fault::Hang);
    let service = world.pccs_service().await;
    let error = world.obtain(&service, "latest").await.unwrap_err();
    assert!(
        matches!(error, CollateralUnavailable::Unreachable { .. }),
        "{error:?}"
    );
    assert!(error.is_retryable());
}

#[tokio::test]
async fn an_unknown_platform_is_not_asked_for_over_and_over() {
    let world = World::new().await;
    world.server.controls().change(|content| content.fmspcs.clear());
    let service = world.pccs_service().await;
    for _ in 0..5 {
        let error = world.obtain(&service, "latest").await.unwrap_err();
        assert!(
            matches!(error, CollateralUnavailable::UnknownPlatform { .. }),
            "{error:?}"
        );
    }
    assert_eq!(world.server.controls().requests(""), 1);
}

#[tokio::test]
async fn a_retired_number_is_not_offered() {
    let world = World::new().await;
    let service = world.pccs_service().await;
    assert_eq!(
        world.obtain(&service, "number=5").await.unwrap_err(),
        CollateralUnavailable::BaselineNotOffered {
            baseline: "number=5".parse().unwrap()
        },
    );
    let obtained = world.obtain(&service, "number=19").await.unwrap();
    assert_eq!(obtained.evaluation_number(), 19);
}

#[tokio::test]
async fn numbers_on_no_signed_list_are_not_asked_for() {
    let world = World::new().await;
    let service = world.pccs_service().await;
    for number in 100..150 {
        let baseline = format!("number={number}");
        assert!(matches!(
            world.obtain(&service, &baseline).await,
            Err(CollateralUnavailable::BaselineNotOffered { .. }),
        ));
    }
    let controls = world.server.controls();
    assert_eq!(controls.requests("tcbevaluationdatanumbers"), 1);
    // Four documents of the standard set, and the list.
    assert_eq!(controls.requests(""), 5, "{:?}", controls.requests_by_path());
    assert_eq!(service.status(NOW).keys.len(), 1);
}

#[tokio::test]
async fn a_list_that_cannot_be_had_is_not_asked_for_over_and_over() {
    let world = World::new().await;
    let controls = world.server.controls();
    let fault = Fault::Status {
        status: 500,
        retry_after: None,
    };
    controls.fail_next(u64::MAX, "tcbevaluationdatanumbers", fault);
    let service = world.pccs_service().await;
    for number in 100..120 {
        let refused = world.obtain(&service, &format!("number={number}")).await;
        assert!(refused.is_err());
        assert!(world.obtain(&service, "date>=2024-11-13").await.is_err());
    }
    assert_eq!(controls.requests("tcbevaluationdatanumbers"), 1);
    // Without a list the source itself says what it offers.
    let obtained = world.obtain(&service, "number=19").await.unwrap();
    assert_eq!(obtained.evaluation_number(), 19);
}

#[tokio::test]
async fn ever_new_numbers_do_not_flood_a_source() {
    let world = World::new().await;
    let controls = world.server.controls();
    let fault = Fault::Status {
        status: 404,
        retry_after: None,
    };
    controls.fail_next(u64::MAX, "tcbevaluationdatanumbers", fault);
    let service = world.pccs_service().await;
    assert!(world.obtain(&service, "number=100").await.is_err());
    let asked = controls.requests("");
    controls.hold();
    let pck = Arc::new(pck(
        &world.forge,
        &PckSpec::new(&world.forge.seed, PckCa::Platform),
    ));
    let waiting: Vec<_> = (200..260)
        .map(|number| {
            let (service, pck) = (service.clone(), Arc::clone(&pck));
            let baseline = format!("number={number}").parse().unwrap();
            tokio::spawn(async move { service.obtain(&pck, Tee::Sgx, &baseline, NOW).await })
        })
        .collect();
    controls.wait_for_requests(asked + 8).await;
    // Room enough for any further request to arrive.
    for _ in 0..10_000 {
        tokio::task::yield_now().await;
    }
    assert_eq!(controls.requests(""), asked + 8);
    controls.release();
    for waiting in waiting {
        assert!(waiting.await.unwrap().is_err());
    }
}

#[tokio::test]
async fn stale_collateral_that_the_rule_tolerates_is_not_fetched_for_every_request() {
    let world = World::new().await;
    let controls = world.server.controls();
    controls.change(|content| content.age_seconds = 40 * 86_400);
    let options = CollateralOptions {
        staleness: Staleness::Grace { seconds: 30 * 86_400 },
        ..world.options()
    };
    let service = world.service_with(options).await;
    let first = world.obtain(&service, "latest").await.unwrap();
    assert!(first.valid_until() < NOW);
    let check = async |now: UnixTime| {
        let asked = controls.requests("");
        for _ in 0..100 {
            let baseline = "latest".parse().unwrap();
            assert!(service.held(&world.pck, Tee::Sgx, &baseline, now).is_some());
            let obtained = service.obtain(&world.pck, Tee::Sgx, &baseline, now).await;
            assert_eq!(obtained.unwrap().documents(), first.documents());
        }
        assert_eq!(controls.requests(""), asked);
    };
    check(NOW).await;

    // The source goes down, and the set becomes due: one attempt, then not before the next one is.
    let fault = Fault::Status {
        status: 500,
        retry_after: None,
    };
    controls.fail_next(u64::MAX, "", fault);
    let due = service.status(NOW).keys[0].held.as_ref().unwrap().refresh_at;
    let asked = controls.requests("");
    let baseline = "latest".parse().unwrap();
    let obtained = service.obtain(&world.pck, Tee::Sgx, &baseline, due).await;
    assert_eq!(obtained.unwrap().documents(), first.documents());
    assert_eq!(controls.requests(""), asked + 1);
    check(due).await;
}

#[tokio::test]
async fn a_date_stands_for_the_number_that_the_signed_list_gives() {
    let world = World::new().await;
    let service = world.pccs_service().await;
    for (date, number) in [
        ("2022-11-09", 20),
        ("2022-11-10", 20),
        ("2024-11-13", 20),
        ("2024-11-14", 21),
        ("2025-08-13", 21),
    ] {
        let obtained = world.obtain(&service, &format!("date>={date}")).await.unwrap();
        assert_eq!(obtained.evaluation_number(), number, "{date}");
    }
    assert_eq!(
        world.server.controls().requests("tcbevaluationdatanumbers"),
        1,
        "the list is kept"
    );
    assert!(matches!(
        world.obtain(&service, "date>=2025-08-14").await,
        Err(CollateralUnavailable::BaselineNotOffered { .. }),
    ));
}

#[tokio::test]
async fn a_source_that_goes_backwards_or_forges_raises_an_alarm() {
    let world = World::new().await;
    let controls = world.server.controls();
    controls.change(|content| content.pck_crl_number = 9);
    let service = world.pccs_service().await;
    let good = world.obtain(&service, "latest").await.unwrap();
    let due = service.status(NOW).keys[0].held.as_ref().unwrap().refresh_at;

    controls.change(|content| content.pck_crl_number = 8);
    assert_eq!(service.refresh_step(due).await, 0);

    let status = service.status(due);
    let alarm = status.keys[0].alarm.as_ref().unwrap();
    assert_eq!(alarm.reason, "pck_crl.crlNumber 8 after 9");
    let current = service
        .obtain(&world.pck, Tee::Sgx, &"latest".parse().unwrap(), due)
        .await;
    assert_eq!(current.unwrap().documents(), good.documents());

    controls.change(|content| {
        content.pck_crl_number = 10;
        content.bad_signatures = true;
    });
    let later = due.add_seconds(3_600).unwrap();
    assert_eq!(service.refresh_step(later).await, 0);
    let status = service.status(later);
    assert!(
        status.keys[0]
            .alarm
            .as_ref()
            .unwrap()
            .reason
            .contains("signature")
    );

    controls.change(|content| content.bad_signatures = false);
    let later = due.add_seconds(7_200).unwrap();
    assert_eq!(service.refresh_step(later).await, 1);
    assert_eq!(service.status(later).keys[0].alarm, None);
    assert_eq!(
        service.status(later).keys[0]
            .held
            .as_ref()
            .unwrap()
            .pck_crl_number,
        10
    );
}

#[tokio::test]
async fn both_sets_are_kept_side_by_side() {
    let world = World::new().await;
    let service = world
        .service(vec![world.source(SourceKind::IntelPcs, 4, 1)], true)
        .await;
    world.obtain(&service, "latest").await.unwrap();
    service.refresh_step(NOW).await;
    let asked = world.server.controls().requests("");

    let early = world.obtain(&service, "early").await.unwrap();
    let standard = world.obtain(&service, "latest").await.unwrap();

    assert_eq!(
        (standard.evaluation_number(), early.evaluation_number()),
        (20, 21)
    );
    assert_eq!(world.server.controls().requests(""), asked, "both were held");
}

#[tokio::test]
async fn a_document_of_any_length_takes_bounded_memory() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = axum::Router::new().fallback(async || vec![b' '; 3 * 1_048_576]);
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    let world = World::new().await;
    let source = source(&url, SourceKind::Pccs, 4, 3);
    let service = world.pccs_service().await;
    world.obtain(&service, "latest").await.unwrap();
    let key = service.export(NOW).entries[0].key;

    let refused = source.documents(&key).await;

    assert_eq!(refused.unwrap_err(), SourceError::TooLarge { limit: 1_048_576 });
    server.abort();
}
