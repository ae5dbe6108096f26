use attestry_evidence::dcap::{CollateralError, Document};
use attestry_forge::Seed;
use attestry_forge::intel::{CollateralSpec, IntelForge, PckCa as ForgeCa, PckSpec};

use super::super::fixture::{CRL_NUMBER, EARLY, NOW, STANDARD, World, days_later, documents};
use super::super::{Alarm, Regression};
use super::*;

mod numbered;

fn number(number: u64) -> u32 {
    u32::try_from(number).unwrap()
}

async fn latest(
    service: &CollateralService,
    world: &World,
    now: UnixTime,
) -> Result<Arc<VerifiedCollateral>, CollateralUnavailable> {
    service
        .obtain(&world.pck(), Tee::Sgx, &Baseline::Latest, now)
        .await
}

fn alarm(service: &CollateralService) -> Option<Alarm> {
    service.status(NOW).keys.into_iter().find_map(|key| key.alarm)
}

fn numbers_held(service: &CollateralService) -> Vec<(String, u32, u64)> {
    let sets = service.held_sets().into_iter();
    sets.map(|(key, held)| {
        let collateral = &held.collateral;
        (
            key.to_string(),
            collateral.evaluation_number(),
            collateral.pck_crl_number(),
        )
    })
    .collect()
}

/// Documents of a second platform, of the same authority.
fn of_another_platform(world: &World, change: impl FnOnce(&mut CollateralSpec)) -> CollateralDocuments {
    let mut spec = world.spec(STANDARD);
    spec.tcb_info.fmspc = vec![1, 2, 3, 4, 5, 6];
    change(&mut spec);
    documents(&spec)
}

#[tokio::test]
async fn imported_collateral_is_served_without_a_source_also_after_a_restart() {
    let world = World::new();
    let service = world.service(world.options(vec![]), NOW).await;
    let imported = documents(&world.spec(STANDARD));
    let key = service
        .import(Tee::Sgx, Edition::Standard, imported.clone(), "operator", NOW)
        .await
        .unwrap();
    assert_eq!(key, world.key());
    assert_eq!(
        latest(&service, &world, NOW).await.unwrap().documents(),
        &imported
    );
    drop(service);

    let service = world.service(world.options(vec![]), days_later(1)).await;

    let obtained = latest(&service, &world, days_later(1)).await.unwrap();
    assert_eq!(obtained.documents(), &imported);
    let status = &service.status(days_later(1)).keys[0];
    let held = status.held.as_ref().unwrap();
    assert_eq!(
        (held.source.as_str(), held.fetched_at, held.age_seconds),
        ("operator", NOW, 86_400)
    );
}

#[tokio::test]
async fn an_unknown_platform_is_said_to_be_unknown() {
    let world = World::new();
    let service = world
        .service(world.options(vec![world.directory_source()]), NOW)
        .await;
    let error = latest(&service, &world, NOW).await.unwrap_err();
    assert_eq!(error, CollateralUnavailable::UnknownPlatform { key: world.key() });
    assert!(!error.is_retryable());
}

#[tokio::test]
async fn a_failure_is_remembered_for_a_moment_but_not_over_a_success() {
    let world = World::new();
    let service = world
        .service(world.options(vec![world.directory_source()]), NOW)
        .await;
    latest(&service, &world, NOW).await.unwrap_err();
    world.publish(Edition::Standard, &world.spec(STANDARD));
    assert!(
        latest(&service, &world, NOW).await.is_err(),
        "answered from the failure"
    );

    let imported = documents(&world.spec(STANDARD));
    service
        .import(Tee::Sgx, Edition::Standard, imported, "operator", NOW)
        .await
        .unwrap();
    assert!(latest(&service, &world, NOW).await.is_ok());
    assert_eq!(service.status(NOW).keys[0].failure, None);
}

#[tokio::test]
async fn worse_documents_are_refused_with_an_alarm_and_the_good_ones_stay() {
    type Change = fn(&mut CollateralSpec);
    let cases: [(Change, &str); 5] = [
        (
            |spec| spec.tcb_info.tcb_evaluation_data_number = STANDARD - 1,
            "tcb_info.tcbEvaluationDataNumber 19 after 20",
        ),
        (
            |spec| spec.qe_identity.tcb_evaluation_data_number = STANDARD - 1,
            "qe_identity.tcbEvaluationDataNumber 19 after 20",
        ),
        (
            |spec| spec.pck_crl.set_number(CRL_NUMBER - 1),
            "pck_crl.crlNumber 6 after 7",
        ),
        (
            |spec| spec.root_crl.set_number(CRL_NUMBER - 1),
            "root_ca_crl.crlNumber 6 after 7",
        ),
        (
            |spec| spec.tcb_info_key = Seed::default().key("somebody else"),
            "signature of the TCB info",
        ),
    ];
    for (worse, reason) in cases {
        let world = World::new();
        world.publish(Edition::Standard, &world.spec(STANDARD));
        let service = world
            .service(world.options(vec![world.directory_source()]), NOW)
            .await;
        let good = latest(&service, &world, NOW).await.unwrap();
        let mut spec = world.spec(STANDARD);
        worse(&mut spec);
        world.publish(Edition::Standard, &spec);

        let due = service.status(NOW).keys[0].held.as_ref().unwrap().refresh_at;
        assert_eq!(service.refresh_step(due).await, 0);

        let raised = alarm(&service).unwrap();
        assert!(raised.reason.contains(reason), "{}", raised.reason);
        assert_eq!(raised.raised_at, due);
        assert!(Arc::ptr_eq(&latest(&service, &world, due).await.unwrap(), &good));
        assert_eq!(
            service
                .0
                .metrics
                .collateral_alarms
                .get_or_create(&world.key().labels())
                .get(),
            1
        );
        assert_eq!(
            service.0.store.collateral_list().await.unwrap()[0].fetched_at,
            NOW
        );
    }
}

#[tokio::test]
async fn good_documents_clear_the_alarm() {
    let world = World::new();
    world.publish(Edition::Standard, &world.spec(STANDARD));
    let service = world
        .service(world.options(vec![world.directory_source()]), NOW)
        .await;
    latest(&service, &world, NOW).await.unwrap();
    world.publish(Edition::Standard, &world.spec(STANDARD - 1));
    service.refresh_step(days_later(20)).await;
    assert!(alarm(&service).is_some());

    world.publish(Edition::Standard, &world.spec(STANDARD + 1));
    assert_eq!(service.refresh_step(days_later(21)).await, 1);

    assert_eq!(alarm(&service), None);
    let obtained = latest(&service, &world, days_later(21)).await.unwrap();
    assert_eq!(obtained.evaluation_number(), number(STANDARD + 1));
}

#[tokio::test]
async fn an_operator_cannot_import_worse_documents_either() {
    let world = World::new();
    let service = world.service(world.options(vec![]), NOW).await;
    let import = async |spec| {
        service
            .import(Tee::Sgx, Edition::Standard, documents(&spec), "operator", NOW)
            .await
    };
    import(world.spec(STANDARD)).await.unwrap();
    let regression = Regression {
        field: "tcb_info.tcbEvaluationDataNumber",
        held: STANDARD.to_string(),
        offered: (STANDARD - 1).to_string(),
    };
    match import(world.spec(STANDARD - 1)).await {
        Err(ImportError::Regressed {
            key,
            regression: found,
        }) => {
            assert_eq!((key, found), (world.key(), regression));
        }
        other => panic!("{other:?}"),
    }
    let mut unsigned = world.spec(STANDARD);
    unsigned.qe_identity_key = world.forge.seed.key("somebody else");
    assert!(matches!(
        import(unsigned).await,
        Err(ImportError::Refused(CollateralError::Signature {
            document: Document::QeIdentity
        })),
    ));
}

#[tokio::test]
async fn expired_documents_are_not_served_and_still_bar_older_ones() {
    let world = World::new();
    let service = world.service(world.options(vec![]), NOW).await;
    let imported = documents(&world.spec(STANDARD));
    service
        .import(Tee::Sgx, Edition::Standard, imported, "operator", NOW)
        .await
        .unwrap();
    let valid_until = latest(&service, &world, NOW).await.unwrap().valid_until();

    let before = UnixTime::new(valid_until.seconds() - 1);
    assert!(latest(&service, &world, before).await.is_ok());
    let error = latest(&service, &world, valid_until).await.unwrap_err();
    assert_eq!(
        error,
        CollateralUnavailable::Expired {
            key: world.key(),
            valid_until
        }
    );
    assert!(error.is_retryable());
    drop(service);

    // After a restart the set is not usable any more, but its numbers are remembered.
    let later = days_later(60);
    let service = world.service(world.options(vec![]), later).await;
    let world_later = World {
        forge: IntelForge::new(world.forge.seed.clone(), later.seconds()),
        ..world
    };
    let older = documents(&world_later.spec(STANDARD - 1));
    let imported = service
        .import(Tee::Sgx, Edition::Standard, older, "operator", later)
        .await;
    assert!(
        matches!(imported, Err(ImportError::Regressed { .. })),
        "{imported:?}"
    );
    let newer = documents(&world_later.spec(STANDARD));
    service
        .import(Tee::Sgx, Edition::Standard, newer, "operator", later)
        .await
        .unwrap();
}

#[tokio::test]
async fn stale_documents_are_served_where_the_rule_tolerates_them() {
    let world = World::new();
    let options = CollateralOptions {
        staleness: Staleness::Grace { seconds: 3 * 86_400 },
        ..world.options(vec![world.directory_source()])
    };
    world.publish(Edition::Standard, &world.spec(STANDARD));
    let service = world.service(options, NOW).await;
    let obtained = latest(&service, &world, NOW).await.unwrap();
    std::fs::remove_dir_all(world.sources_dir()).unwrap();

    let stale = obtained.valid_until().add_seconds(2 * 86_400).unwrap();
    assert!(Arc::ptr_eq(
        &latest(&service, &world, stale).await.unwrap(),
        &obtained
    ));
    let too_stale = obtained.valid_until().add_seconds(4 * 86_400).unwrap();
    assert!(matches!(
        latest(&service, &world, too_stale).await,
        Err(CollateralUnavailable::Expired { .. }),
    ));
}

#[tokio::test]
async fn documents_for_another_platform_are_not_taken() {
    let world = World::new();
    let mut spec = world.spec(STANDARD);
    spec.tcb_info.fmspc = vec![1, 2, 3, 4, 5, 6];
    world.publish(Edition::Standard, &spec);
    let service = world
        .service(world.options(vec![world.directory_source()]), NOW)
        .await;
    assert!(latest(&service, &world, NOW).await.is_err());
    let labels = world.key().labels();
    let alarms = service.0.metrics.collateral_alarms.get_or_create(&labels);
    assert_eq!(alarms.get(), 1);
    assert!(service.status(NOW).keys.is_empty());
}

#[tokio::test]
async fn the_number_of_platforms_is_limited() {
    let world = World::new();
    let options = CollateralOptions {
        max_platforms: 1,
        ..world.options(vec![world.directory_source()])
    };
    world.publish(Edition::Standard, &world.spec(STANDARD));
    let service = world.service(options, NOW).await;
    latest(&service, &world, NOW).await.unwrap();

    let other = world.pck_of(&PckSpec::new(&world.forge.seed, ForgeCa::Processor));
    let error = service
        .obtain(&other, Tee::Sgx, &Baseline::Latest, NOW)
        .await
        .unwrap_err();
    assert_eq!(error, CollateralUnavailable::TooManyPlatforms { limit: 1 });
    // Another edition for a known platform is not another platform.
    let early = service
        .obtain(&world.pck(), Tee::Sgx, &Baseline::Early, NOW)
        .await
        .unwrap_err();
    assert!(
        matches!(early, CollateralUnavailable::UnknownPlatform { .. }),
        "{early:?}"
    );
}

#[tokio::test]
async fn a_baseline_chooses_among_the_editions() {
    let world = World::new();
    world.publish(Edition::Standard, &world.spec(STANDARD));
    world.publish(Edition::Early, &world.spec(EARLY));
    world.publish(Edition::Number(16), &world.spec(16));
    world.publish(Edition::Number(15), &world.spec(STANDARD));
    let service = world
        .service(world.options(vec![world.directory_source()]), NOW)
        .await;
    let pck = world.pck();
    let obtain = async |baseline: &str| {
        let obtained = service
            .obtain(&pck, Tee::Sgx, &baseline.parse().unwrap(), NOW)
            .await;
        obtained.map(|collateral| u64::from(collateral.evaluation_number()))
    };
    for (baseline, expected) in [
        ("latest", STANDARD),
        ("early", EARLY),
        ("number=20", STANDARD),
        ("number=21", EARLY),
        ("number=16", 16),
        ("number>=17", STANDARD),
        ("number>=20", STANDARD),
        ("number>=21", EARLY),
    ] {
        assert_eq!(obtain(baseline).await.unwrap(), expected, "{baseline}");
        let held = service.held(&pck, Tee::Sgx, &baseline.parse().unwrap(), NOW);
        assert_eq!(
            u64::from(held.unwrap().evaluation_number()),
            expected,
            "{baseline}"
        );
    }
    for baseline in ["number=15", "number=22", "number>=22"] {
        let expected = CollateralUnavailable::BaselineNotOffered {
            baseline: baseline.parse().unwrap(),
        };
        assert_eq!(obtain(baseline).await.unwrap_err(), expected);
        assert!(
            service
                .held(&pck, Tee::Sgx, &baseline.parse().unwrap(), NOW)
                .is_none()
        );
    }
    // A directory has no list that says which number a date stands for.
    assert!(matches!(
        obtain("date>=2024-01-01").await,
        Err(CollateralUnavailable::BaselineNotOffered { .. }),
    ));
}

#[tokio::test]
async fn what_another_process_imported_is_found_on_reload() {
    let world = World::new();
    let service = world.service(world.options(vec![]), NOW).await;
    let other = world.service(world.options(vec![]), NOW).await;
    let imported = documents(&world.spec(STANDARD));
    other
        .import(Tee::Sgx, Edition::Standard, imported, "operator", NOW)
        .await
        .unwrap();
    // Whoever asked too early remembers it for a moment; what comes in ends that.
    assert!(latest(&service, &world, NOW).await.is_err());

    service.reload(NOW).await.unwrap();

    assert!(latest(&service, &world, NOW).await.is_ok());
}

#[tokio::test]
async fn sets_that_were_stored_side_by_side_are_all_there_after_a_restart() {
    let world = World::new();
    let service = world.service(world.options(vec![]), NOW).await;
    let import = async |service: &CollateralService, offered| {
        service
            .import(Tee::Sgx, Edition::Standard, offered, "operator", NOW)
            .await
    };
    import(&service, documents(&world.spec(STANDARD))).await.unwrap();
    let newer = of_another_platform(&world, |spec| spec.pck_crl.set_number(CRL_NUMBER + 1));
    import(&service, newer).await.unwrap();
    let before = numbers_held(&service);
    assert_eq!(before.len(), 2);
    drop(service);

    let service = world.service(world.options(vec![]), NOW).await;

    assert_eq!(numbers_held(&service), before);
    let again = import(&service, documents(&world.spec(STANDARD))).await;
    assert!(matches!(again, Err(ImportError::Regressed { .. })), "{again:?}");
}

#[tokio::test]
async fn a_reload_takes_nothing_that_is_older_or_mislabelled() {
    let world = World::new();
    let service = world.service(world.options(vec![]), NOW).await;
    let good = documents(&world.spec(STANDARD));
    service
        .import(Tee::Sgx, Edition::Standard, good, "operator", NOW)
        .await
        .unwrap();
    let before = numbers_held(&service);
    let store = service.0.store.clone();
    let mut record = store.collateral_list().await.unwrap().remove(0);

    // As a store that was put back from a copy, or tampered with.
    record.documents = documents(&world.spec(STANDARD - 1));
    store.collateral_put(&record).await.unwrap();
    service.reload(NOW).await.unwrap();
    assert_eq!(numbers_held(&service), before);
    assert!(
        alarm(&service)
            .unwrap()
            .reason
            .starts_with("tcb_info.tcbEvaluationDataNumber 19 after 20")
    );

    record.documents = documents(&world.spec(STANDARD));
    "010203040506".clone_into(&mut record.fmspc);
    store.collateral_put(&record).await.unwrap();
    service.reload(NOW).await.unwrap();
    assert_eq!(numbers_held(&service), before);

    // The floor is where it was.
    let older = documents(&world.spec(STANDARD - 1));
    let refused = service
        .import(Tee::Sgx, Edition::Standard, older, "operator", NOW)
        .await;
    assert!(
        matches!(refused, Err(ImportError::Regressed { .. })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn what_another_process_has_stored_meanwhile_is_not_overwritten() {
    let world = World::new();
    let service = world.service(world.options(vec![]), NOW).await;
    let other = world.service(world.options(vec![]), NOW).await;
    let import = async |service: &CollateralService, number| {
        let offered = documents(&world.spec(number));
        service
            .import(Tee::Sgx, Edition::Standard, offered, "operator", NOW)
            .await
    };
    import(&other, EARLY).await.unwrap();

    let refused = import(&service, STANDARD).await;

    assert!(
        matches!(refused, Err(ImportError::Regressed { .. })),
        "{refused:?}"
    );
    assert_eq!(numbers_held(&service), numbers_held(&other));
    assert_eq!(
        u64::from(service.0.store.collateral_list().await.unwrap()[0].tcb_info_evaluation_number),
        EARLY
    );
}

#[tokio::test]
async fn documents_that_are_never_renewed_are_not_taken_in_with_every_request() {
    let world = World::new();
    let mut spec = world.spec(STANDARD);
    spec.tcb_info.next_update = days_later(-2).to_string();
    world.publish(Edition::Standard, &spec);
    let options = CollateralOptions {
        staleness: Staleness::MaaCompat,
        ..world.options(vec![world.directory_source()])
    };
    let service = world.service(options, NOW).await;
    let first = latest(&service, &world, NOW).await.unwrap();
    for _ in 0..100 {
        assert!(Arc::ptr_eq(&latest(&service, &world, NOW).await.unwrap(), &first));
    }
    // The background, not the requests, takes the same documents in again when they are due.
    let due = service.status(NOW).keys[0].held.as_ref().unwrap().refresh_at;
    assert_eq!(service.refresh_step(due).await, 1);
    assert_eq!(
        latest(&service, &world, due).await.unwrap().documents(),
        first.documents()
    );
}

/// Another hierarchy with the names of the first.
fn other_forge(world: &World) -> IntelForge {
    IntelForge::new(Seed::from_text("another"), world.forge.now)
}

#[tokio::test]
async fn one_root_neither_displaces_nor_bars_documents_of_another() {
    let world = World::new();
    let other = World {
        forge: other_forge(&world),
        directory: tempfile::TempDir::new().unwrap(),
    };
    let roots = [&world, &other].map(|world| world.forge.root_certificate_der());
    let options = CollateralOptions {
        anchors: Arc::new(TrustAnchors::from_certificates(&roots).unwrap()),
        ..world.options(vec![])
    };
    let service = world.service(options, NOW).await;
    let import = async |offered| {
        service
            .import(Tee::Sgx, Edition::Standard, offered, "operator", NOW)
            .await
    };
    import(documents(&world.spec(STANDARD))).await.unwrap();
    let before = numbers_held(&service);

    let displaced = import(documents(&other.spec(EARLY))).await;
    assert!(
        matches!(&displaced, Err(ImportError::Regressed { regression, .. }) if regression.field == "root_ca"),
        "{displaced:?}"
    );
    assert_eq!(numbers_held(&service), before);

    // Its numbers are its own.
    let lower = of_another_platform(&other, |spec| {
        spec.pck_crl.set_number(CRL_NUMBER - 1);
        spec.tcb_info.tcb_evaluation_data_number = STANDARD - 1;
    });
    import(lower).await.unwrap();
}
