use attestry_evidence::dcap::Tee;

use super::super::fixture::{EARLY, NOW, STANDARD, World, days_later, documents};
use super::super::{Baseline, CollateralOptions};
use super::*;

#[test]
fn a_refresh_is_due_around_half_of_the_life() {
    let valid_until = days_later(30);
    for _ in 0..200 {
        let at = seconds_between(NOW, refresh_at(NOW, valid_until));
        assert!((12 * 86_400..=18 * 86_400).contains(&at), "{at}");
    }
    let spread: std::collections::BTreeSet<_> =
        (0..20).map(|_| refresh_at(NOW, valid_until).seconds()).collect();
    assert!(spread.len() > 1, "nodes must not ask together");
}

#[test]
fn a_set_that_came_stale_is_not_asked_for_at_every_step() {
    assert!(refresh_at(NOW, days_later(-3)) >= NOW.add_seconds(MIN_REFRESH_SECONDS).unwrap());
}

#[tokio::test]
async fn a_step_replaces_what_is_due_once() {
    let world = World::new();
    world.publish(Edition::Standard, &world.spec(STANDARD));
    let service = world
        .service(world.options(vec![world.directory_source()]), NOW)
        .await;
    service
        .obtain(&world.pck(), Tee::Sgx, &Baseline::Latest, NOW)
        .await
        .unwrap();
    assert_eq!(service.refresh_step(days_later(1)).await, 0, "nothing is due");
    world.publish(Edition::Standard, &world.spec(STANDARD + 1));

    assert_eq!(service.refresh_step(days_later(20)).await, 1);

    let held = service.status(days_later(20)).keys[0].held.clone().unwrap();
    assert_eq!(u64::from(held.tcb_info_evaluation_number), STANDARD + 1);
    assert_eq!(held.fetched_at, days_later(20));
    assert_eq!(
        service.refresh_step(days_later(20)).await,
        0,
        "the step is idempotent"
    );
}

#[tokio::test]
async fn a_failed_refresh_is_tried_again_after_a_pause() {
    let world = World::new();
    let service = world
        .service(world.options(vec![world.directory_source()]), NOW)
        .await;
    let imported = documents(&world.spec(STANDARD));
    service
        .import(Tee::Sgx, Edition::Standard, imported, "operator", NOW)
        .await
        .unwrap();
    let due = days_later(20);
    assert_eq!(service.refresh_step(due).await, 0);
    world.publish(Edition::Standard, &world.spec(STANDARD));

    assert_eq!(
        service
            .refresh_step(due.add_seconds(RETRY_SECONDS / 2).unwrap())
            .await,
        0
    );
    assert_eq!(
        service
            .refresh_step(due.add_seconds(RETRY_SECONDS * 2).unwrap())
            .await,
        1
    );
}

#[tokio::test]
async fn the_early_edition_is_kept_beside_the_standard_one() {
    let world = World::new();
    world.publish(Edition::Standard, &world.spec(STANDARD));
    world.publish(Edition::Early, &world.spec(EARLY));
    let options = CollateralOptions {
        early: true,
        ..world.options(vec![world.directory_source()])
    };
    let service = world.service(options, NOW).await;
    service
        .obtain(&world.pck(), Tee::Sgx, &Baseline::Latest, NOW)
        .await
        .unwrap();

    assert_eq!(service.refresh_step(NOW).await, 1);

    let held: Vec<_> = service
        .status(NOW)
        .keys
        .into_iter()
        .map(|key| (key.edition, key.held.is_some()))
        .collect();
    assert_eq!(held, [("early".to_owned(), true), ("standard".to_owned(), true)]);
}

#[tokio::test]
async fn what_expired_while_the_service_was_down_is_obtained_again() {
    let mut world = World::new();
    let service = world.service(world.options(vec![]), NOW).await;
    let imported = documents(&world.spec(STANDARD));
    service
        .import(Tee::Sgx, Edition::Standard, imported, "operator", NOW)
        .await
        .unwrap();
    drop(service);
    let later = days_later(60);
    world.forge.now = later.seconds();
    world.publish(Edition::Standard, &world.spec(STANDARD));

    let service = world
        .service(world.options(vec![world.directory_source()]), later)
        .await;
    assert_eq!(service.refresh_step(later).await, 1);

    assert!(
        service
            .obtain(&world.pck(), Tee::Sgx, &Baseline::Latest, later)
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn gauges_show_age_and_expiry() {
    let world = World::new();
    let service = world.service(world.options(vec![]), NOW).await;
    let imported = documents(&world.spec(STANDARD));
    service
        .import(Tee::Sgx, Edition::Standard, imported, "operator", NOW)
        .await
        .unwrap();
    let now = days_later(2);

    service.refresh_step(now).await;

    let held = service.status(now).keys[0].held.clone().unwrap();
    let text = service.0.metrics.render();
    let gauge = |name: &str, value: i64| {
        let fmspc = world.key().fmspc_hex();
        let line = format!(
            "attestry_{name}{{tee=\"sgx\",fmspc=\"{fmspc}\",ca=\"platform\",edition=\"standard\"}} {value}\n"
        );
        assert!(text.contains(&line), "{line}{text}");
    };
    gauge("collateral_age_seconds", 2 * 86_400);
    gauge("collateral_expires_in_seconds", held.expires_in_seconds);
    assert_eq!(held.expires_in_seconds, seconds_between(now, held.valid_until));
}
