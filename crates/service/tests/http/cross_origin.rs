//! Which web pages may read answers.

use axum::body::Body;
use http::{Method, Request};

use crate::{
    attest::{SGX, sgx_request},
    support::{Answer, Service, Setup, forge},
};

const PAGE: &str = "https://page.example";
const ALLOW_ORIGIN: &str = "access-control-allow-origin";

async fn service(attest_origins: &[&str]) -> Service {
    let mut setup = Setup::forged(&forge());
    setup.cors.attest_origins = attest_origins.iter().map(|&origin| origin.to_owned()).collect();
    Service::start(setup).await
}

async fn from_page(service: &Service, origin: &str, method: Method, path: &str, body: String) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("origin", origin);
    service.send(request.body(Body::from(body)).unwrap()).await
}

/// What a browser asks before it sends JSON from a page.
async fn preflight(service: &Service, origin: &str, method: &str, path: &str) -> Answer {
    let request = Request::options(path)
        .header("origin", origin)
        .header("access-control-request-method", method)
        .header("access-control-request-headers", "content-type");
    service.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn every_page_may_read_what_tokens_are_verified_by_and_none_may_attest() {
    let service = service(&[]).await;
    for path in ["/certs", "/.well-known/openid-configuration"] {
        let answer = from_page(&service, PAGE, Method::GET, path, String::new()).await;
        assert_eq!((answer.status.as_u16(), answer.header(ALLOW_ORIGIN)), (200, "*"));
        let answer = preflight(&service, PAGE, "GET", path).await;
        assert_eq!((answer.status.as_u16(), answer.header(ALLOW_ORIGIN)), (200, "*"));
        assert_eq!(answer.header("access-control-allow-methods"), "GET");
    }
    // What is not a preflight is still no method of the path.
    let options = Request::options(SGX).body(Body::empty()).unwrap();
    assert_eq!(service.send(options).await.status, 405);
    assert_eq!(preflight(&service, PAGE, "POST", SGX).await.status, 405);
    let answer = from_page(&service, PAGE, Method::POST, SGX, sgx_request().to_string()).await;
    assert_eq!((answer.status.as_u16(), answer.header(ALLOW_ORIGIN)), (200, ""));
}

#[tokio::test]
async fn listed_pages_may_attest_and_nothing_else() {
    let service = service(&[PAGE]).await;
    let answer = preflight(&service, PAGE, "POST", SGX).await;
    assert_eq!((answer.status.as_u16(), answer.header(ALLOW_ORIGIN)), (200, PAGE));
    assert_eq!(answer.header("access-control-allow-headers"), "content-type");
    assert_eq!(answer.header("access-control-allow-credentials"), "");
    let answer = from_page(&service, PAGE, Method::POST, SGX, sgx_request().to_string()).await;
    assert_eq!((answer.status.as_u16(), answer.header(ALLOW_ORIGIN)), (200, PAGE));
    // A page must be able to read refusals, too.
    let answer = from_page(&service, PAGE, Method::POST, SGX, "{}".to_owned()).await;
    assert_eq!((answer.status.as_u16(), answer.header(ALLOW_ORIGIN)), (400, PAGE));
    for other in ["https://other.example", "http://page.example", "null"] {
        assert_eq!(
            preflight(&service, other, "POST", SGX).await.header(ALLOW_ORIGIN),
            ""
        );
    }
    for path in [
        "/policies/SgxEnclave?api-version=2020-10-01",
        "/certificates:add?api-version=2020-10-01",
    ] {
        let answer = preflight(&service, PAGE, "PUT", path).await;
        assert_eq!((answer.status.as_u16(), answer.header(ALLOW_ORIGIN)), (405, ""));
    }
}
