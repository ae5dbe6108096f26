//! Who asks too often waits, and who has kept too much can keep no more.

use std::net::SocketAddr;

use attestry_api::policy_envelope::wrap_unsigned;
use attestry_service::throttle::{Rate, Rates, ThrottleOptions};
use axum::{body::Body, extract::ConnectInfo};
use http::{Method, Request};

use crate::{
    attest::{SGX, sgx_request},
    limits::{Silence, poll_once},
    support::{Answer, Service, Setup, forge},
};

const POLICY: &str = "/policies/SgxEnclave?api-version=2020-10-01";
/// One a minute after this many at once.
const BURST: Rate = Rate {
    per_minute: 1,
    burst: 2,
};

async fn service(attest: Rates, administration: Rates) -> Service {
    let mut setup = Setup::forged(&forge());
    setup.throttle = ThrottleOptions {
        attest,
        administration,
    };
    Service::start(setup).await
}

fn of_callers() -> Rates {
    Rates {
        caller: BURST,
        ..Rates::default()
    }
}

async fn send(service: &Service, method: Method, path: &str, bearer: &str, from: &str, body: Body) -> Answer {
    let mut request = Request::builder().method(method).uri(path).body(body).unwrap();
    if !bearer.is_empty() {
        let value = format!("Bearer {bearer}").parse().unwrap();
        request.headers_mut().insert("authorization", value);
    }
    let peer: SocketAddr = from.parse().unwrap();
    request.extensions_mut().insert(ConnectInfo(peer));
    service.send(request).await
}

async fn attest(service: &Service, path: &str, from: &str) -> Answer {
    let body = Body::from(sgx_request().to_string());
    send(service, Method::POST, path, "", from, body).await
}

fn assert_throttled(answer: &Answer) {
    assert_eq!(
        (answer.status.as_u16(), answer.error().0.as_str()),
        (429, "TooManyRequests"),
        "{}",
        answer.text()
    );
    let wait: u64 = answer.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
}

#[tokio::test]
async fn those_who_attest_are_told_apart_by_address() {
    let service = service(of_callers(), Rates::default()).await;
    for port in 1..=2 {
        attest(&service, SGX, &format!("192.0.2.1:{port}")).await.token();
    }
    assert_throttled(&attest(&service, SGX, "192.0.2.1:3").await);
    assert_throttled(
        &attest(
            &service,
            "/attest/tee/SgxEnclave?api-version=2018-09-01-preview",
            "192.0.2.1:4",
        )
        .await,
    );
    attest(&service, SGX, "192.0.2.2:1").await.token();
    // Another provider, other buckets; keys are for everybody.
    attest(&service, &format!("/p/shared{SGX}"), "192.0.2.1:5")
        .await
        .token();
    for _ in 0..5 {
        let answer = send(&service, Method::GET, "/certs", "", "192.0.2.1:6", Body::empty()).await;
        assert_eq!(answer.status, 200);
    }
    let metrics = service.metrics.render();
    let expected = "attestry_requests_throttled_total{demand=\"attest\",bound=\"caller\"} 2";
    assert!(metrics.contains(expected), "{metrics}");
}

#[tokio::test]
async fn a_request_that_is_refused_is_not_read() {
    let service = service(of_callers(), Rates::default()).await;
    for _ in 0..2 {
        attest(&service, SGX, "192.0.2.1:1").await.token();
    }
    let mut endless = Request::post(SGX).body(Body::new(Silence)).unwrap();
    let peer: SocketAddr = "192.0.2.1:1".parse().unwrap();
    endless.extensions_mut().insert(ConnectInfo(peer));
    let mut endless = Box::pin(service.send(endless));
    assert_throttled(&poll_once(endless.as_mut()).await.unwrap());
}

#[tokio::test]
async fn administrators_are_told_apart_by_who_they_are() {
    let service = service(Rates::default(), of_callers()).await;
    let read = async |bearer: &str, from: &str| {
        send(&service, Method::GET, POLICY, bearer, from, Body::empty()).await
    };
    read("ada", "192.0.2.1:1").await.token();
    read("ada", "192.0.2.2:1").await.token();
    assert_throttled(&read("ada", "192.0.2.3:1").await);
    read("bob", "192.0.2.1:1").await.token();
    // Changes count with reads, and a refused one changes nothing.
    let text = "version=1.0; authorizationrules{=> permit();}; issuancerules{};";
    let refused = send(
        &service,
        Method::PUT,
        POLICY,
        "ada",
        "192.0.2.1:1",
        Body::from(wrap_unsigned(text)),
    );
    assert_throttled(&refused.await);
    // Evidence is another matter.
    attest(&service, SGX, "192.0.2.1:1").await.token();
}

#[tokio::test]
async fn guesses_at_credentials_are_counted_by_address() {
    let service = service(Rates::default(), of_callers()).await;
    let guess =
        async |path: &str, from: &str| send(&service, Method::GET, path, "", from, Body::empty()).await;
    for _ in 0..2 {
        assert_eq!(guess(POLICY, "192.0.2.1:1").await.status, 401);
    }
    assert_throttled(&guess(POLICY, "192.0.2.1:1").await);
    assert_eq!(guess(POLICY, "192.0.2.2:1").await.status, 401);
    // What anybody may read is bounded all the same.
    let shared = format!("/p/shared{POLICY}");
    for _ in 0..2 {
        guess(&shared, "192.0.2.1:1").await.token();
    }
    assert_throttled(&guess(&shared, "192.0.2.1:1").await);
}

#[tokio::test]
async fn a_provider_is_bounded_whoever_asks() {
    let of_provider = Rates {
        provider: BURST,
        ..Rates::default()
    };
    let service = service(of_provider, Rates::default()).await;
    for host in 1..=2 {
        attest(&service, SGX, &format!("192.0.2.{host}:1")).await.token();
    }
    assert_throttled(&attest(&service, SGX, "192.0.2.3:1").await);
    attest(&service, &format!("/p/shared{SGX}"), "192.0.2.3:1")
        .await
        .token();
}

#[tokio::test]
async fn a_history_that_is_full_takes_no_policy_and_still_lets_the_policy_be_reset() {
    let text = |mark: u32| {
        wrap_unsigned(&format!(
            "version=1.0; authorizationrules{{=> permit();}}; issuancerules{{=> issue(type=\"mark\", value={mark});}};"
        ))
    };
    let mut setup = Setup::forged(&forge());
    setup.history_bytes = u64::try_from(text(0).len() * 2).unwrap();
    let service = Service::start(setup).await;
    let put = async |mark| service.administer(Method::PUT, POLICY, text(mark)).await;
    put(1).await.token();
    put(2).await.token();
    let full = put(3).await;
    assert_eq!(
        (full.status.as_u16(), full.error().0.as_str()),
        (409, "Conflict"),
        "{}",
        full.text()
    );
    let reset = "/policies/SgxEnclave:reset?api-version=2020-10-01";
    let reset = service.administer(Method::POST, reset, "eyJhbGciOiJub25lIn0..");
    reset.await.token();
    let history = service
        .administer(
            Method::GET,
            "/attestry/v1/policies/SgxEnclave/history",
            Body::empty(),
        )
        .await;
    assert_eq!(history.json()["revisions"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn strangers_take_no_administrators_turn() {
    let of_provider = Rates {
        provider: BURST,
        ..Rates::default()
    };
    let service = service(Rates::default(), of_provider).await;
    let read = async |bearer: &str, from: &str| {
        send(&service, Method::GET, POLICY, bearer, from, Body::empty()).await
    };
    for host in 1..=5 {
        assert_eq!(read("", &format!("192.0.2.{host}:1")).await.status, 401);
    }
    read("ada", "192.0.2.1:1").await.token();
    read("bob", "192.0.2.2:1").await.token();
    assert_throttled(&read("eve", "192.0.2.3:1").await);
}
