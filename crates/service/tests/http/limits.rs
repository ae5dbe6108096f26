//! What is turned away because it would take too much.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use attestry_api::json::MAX_VALUES;
use attestry_service::attest::{AttestLimits, WorkPool};
use axum::body::Body;
use http::Request;
use hyper::body::Frame;
use serde_json::json;

use crate::{
    attest::{SGX, data, sgx_quote, sgx_request},
    support::{Answer, Service, Setup, forge},
};

fn assert_busy(service: &Service, answer: &Answer) {
    assert_eq!(
        (answer.status.as_u16(), answer.error().0.as_str()),
        (429, "TooManyRequests")
    );
    assert_eq!(answer.header("retry-after"), "1");
    assert_eq!(service.metrics.shed.get(), 1);
}

#[tokio::test]
async fn work_beyond_capacity_is_turned_away_with_a_time_to_come_back() {
    let mut setup = Setup::forged(&forge());
    setup.pool = WorkPool::new(0, 0);
    let service = Service::start(setup).await;
    let answer = service.post(SGX, &sgx_request()).await;
    assert_busy(&service, &answer);
}

#[tokio::test]
async fn requests_whose_bodies_are_still_arriving_count_as_in_flight() {
    let mut setup = Setup::forged(&forge());
    setup.limits = AttestLimits {
        in_flight: 1,
        ..AttestLimits::default()
    };
    let service = Service::start(setup).await;
    let slow = Request::post(SGX).body(Body::new(Silence)).unwrap();
    let mut slow = Box::pin(service.send(slow));
    assert!(poll_once(slow.as_mut()).await.is_none());
    assert_busy(&service, &service.post(SGX, &sgx_request()).await);
    // Nothing else is held up, and the place comes back when the client goes away.
    assert_eq!(service.get("/certs").await.status, 200);
    drop(slow);
    service.post(SGX, &sgx_request()).await.token();
}

/// A body of which nothing arrives.
pub struct Silence;

impl hyper::body::Body for Silence {
    type Data = bytes::Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        Poll::Pending
    }
}

/// Polls a future once; `None` when it is not ready.
pub async fn poll_once<F: Future>(mut future: Pin<&mut F>) -> Option<F::Output> {
    std::future::poll_fn(|context| {
        Poll::Ready(match future.as_mut().poll(context) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        })
    })
    .await
}

#[tokio::test]
async fn runtime_data_of_too_many_values_is_refused() {
    let service = Service::start(Setup::forged(&forge())).await;
    let values = usize::try_from(MAX_VALUES).unwrap();
    for (count, status) in [(values - 2, 200), (values - 1, 400)] {
        let runtime = format!("{{\"a\":[{}0]}}", "0,".repeat(count - 1));
        let quote = attestry_api::b64::encode_url(&sgx_quote(runtime.as_bytes()));
        let request = json!({ "quote": quote, "runtimeData": data(runtime.as_bytes(), "JSON") });
        let answer = service.post(SGX, &request).await;
        assert_eq!(answer.status, status, "{count}: {}", answer.text());
    }
}

#[tokio::test]
async fn runtime_data_with_a_number_that_a_token_would_rewrite_is_refused() {
    let service = Service::start(Setup::forged(&forge())).await;
    let runtime = br#"{"serial":18446744073709551616}"#;
    let quote = attestry_api::b64::encode_url(&sgx_quote(runtime));
    let request = json!({ "quote": quote, "runtimeData": data(runtime, "JSON") });
    let answer = service.post(SGX, &request).await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.inner()["field"], "runtimeData.data");
    let (_, message) = answer.error();
    assert!(
        message.contains("an integer does not fit into 64 bits"),
        "{message}"
    );
}
