//! Evidence of platforms whose collateral is not at hand.

use std::time::Duration;

use attestry_api::b64;
use attestry_evidence::dcap::Tee;
use attestry_forge::{pccs::PccsServer, quote::TdBody};
use attestry_service::{
    attest::AttestLimits,
    collateral::Source,
    config::{SourceConfig, SourceKind},
};
use serde_json::json;

use crate::{
    attest::{DATA, SGX, TDX, sgx_quote, sgx_request},
    support::{Service, Setup, forge},
};

/// A service that holds no collateral and asks this server for it.
fn setup_with(url: String) -> Setup {
    let config = SourceConfig {
        url,
        ..SourceConfig::new(SourceKind::Pccs)
    };
    let mut setup = Setup::forged(&forge());
    setup.collateral.clear();
    setup.sources = vec![Source::from_config(&config, Duration::from_secs(10), 1).unwrap()];
    setup
}

#[tokio::test]
async fn evidence_of_a_platform_without_collateral_says_so() {
    let mut setup = Setup::forged(&forge());
    setup.collateral.clear();
    let service = Service::start(setup).await;
    let answer = service.post(SGX, &sgx_request()).await;
    let inner = answer.inner();
    assert_eq!(
        (&inner["stage"], &inner["code"]),
        (&json!("collateral"), &json!("platform_unknown"))
    );
    assert_eq!(
        (answer.status.as_u16(), answer.error().0.as_str()),
        (400, "InvalidParameter")
    );
}

#[tokio::test]
async fn collateral_is_fetched_once_and_then_at_hand() {
    let server = PccsServer::start(forge()).await.unwrap();
    let service = Service::start(setup_with(server.url())).await;
    service.post(SGX, &sgx_request()).await.token();
    let asked = server.controls().requests_by_path();
    assert!(!asked.is_empty());
    service.post(SGX, &sgx_request()).await.token();
    assert_eq!(server.controls().requests_by_path(), asked);
}

#[tokio::test]
async fn a_source_is_asked_only_for_platforms_that_signed_the_evidence() {
    let server = PccsServer::start(forge()).await.unwrap();
    let service = Service::start(setup_with(server.url())).await;
    // The chain of a genuine platform is public; what it never signed must not make us fetch.
    let mut quote = sgx_quote(DATA);
    quote[48 + 64] ^= 1;
    let answer = service
        .post(SGX, &json!({ "quote": b64::encode_url(&quote) }))
        .await;
    assert_eq!(answer.status, 400, "{}", answer.text());
    assert_eq!(answer.inner()["stage"], "appraisal");
    assert!(server.controls().requests_by_path().is_empty());
}

#[tokio::test]
async fn a_source_that_keeps_silent_is_waited_for_only_so_long() {
    // Connections are taken by the system and never answered.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut setup = setup_with(format!("http://{}", silent.local_addr().unwrap()));
    setup.limits = AttestLimits {
        collateral_wait: Duration::ZERO,
        ..AttestLimits::default()
    };
    let service = Service::start(setup).await;
    let answer = service.post(SGX, &sgx_request()).await;
    assert_eq!(
        (answer.status.as_u16(), answer.error().0.as_str()),
        (503, "ServiceUnavailable")
    );
    assert_eq!(answer.header("retry-after"), "10");
    assert_eq!(
        (&answer.inner()["stage"], &answer.inner()["code"]),
        (&json!("collateral"), &json!("collateral_late"))
    );
}

#[tokio::test]
async fn those_who_wait_leave_room_for_known_platforms() {
    let mut setup = Setup::forged(&forge());
    setup.collateral.retain(|(tee, _)| *tee == Tee::Tdx);
    setup.limits = AttestLimits {
        waiting: 0,
        ..AttestLimits::default()
    };
    let service = Service::start(setup).await;
    let answer = service.post(SGX, &sgx_request()).await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (429, "1"));
    let quote = forge().tdx_quote(&forge().tdx_quote_spec(TdBody::Td10));
    let known = json!({ "quote": b64::encode_url(&quote) });
    service.post(TDX, &known).await.token();
}
