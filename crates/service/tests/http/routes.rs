//! Paths, headers, versions, errors and the small resources, as clients see them.

use crate::support::{Answer, BASE_URL, NOW, Service, Setup, forge};
use attestry_api::{
    API_VERSIONS, AttestationType, b64,
    jwk::JwkSet,
    jwt,
    jwt::Validation,
    policy_envelope::{EMPTY_ENVELOPE, wrap_unsigned},
};
use axum::body::Body;
use http::{Method, Request};
use serde_json::{Value, json};

async fn service() -> Service {
    Service::start(Setup::forged(&forge())).await
}

fn sgx_request() -> Value {
    let forge = forge();
    json!({ "quote": b64::encode_url(&forge.sgx_quote(&forge.sgx_quote_spec())) })
}

fn status_and_code(answer: &Answer) -> (u16, String) {
    (answer.status.as_u16(), answer.error().0)
}

#[tokio::test]
async fn every_known_version_is_served_and_others_are_refused() {
    let service = service().await;
    let request = sgx_request();
    for version in API_VERSIONS
        .into_iter()
        .filter(|version| !version.starts_with("2018"))
    {
        service
            .post(&format!("/attest/SgxEnclave?api-version={version}"), &request)
            .await
            .token();
        service
            .read_policy(&format!("/policies/SgxEnclave?api-version={version}"))
            .await
            .token();
        assert_eq!(
            service.get(&format!("/certs?api-version={version}")).await.status,
            200
        );
    }
    for query in [
        "",
        "?api-version=",
        "?api-version=2020-10-02",
        "?api-version=2020-10-01&API-VERSION=2022-08-01",
    ] {
        let answer = service
            .post(&format!("/attest/SgxEnclave{query}"), &request)
            .await;
        assert_eq!(
            status_and_code(&answer),
            (400, "InvalidParameter".to_owned()),
            "{query}"
        );
        assert_eq!(answer.inner()["field"], "api-version", "{query}");
    }
    let answer = service
        .post("/attest/SgxEnclave?api-version=1999-01-01", &request)
        .await;
    assert_eq!(answer.inner()["expected"], API_VERSIONS.join(", "));
    // Samples and relying parties leave it away here.
    assert_eq!(service.get("/certs").await.status, 200);
    assert_eq!(service.get("/.well-known/openid-configuration").await.status, 200);
    assert_eq!(service.get("/certs?api-version=nonsense").await.status, 400);
}

#[tokio::test]
async fn paths_are_matched_without_case_and_with_stray_slashes() {
    let service = service().await;
    for path in [
        "/certs",
        "/CERTS",
        "//certs",
        "/certs/",
        "/p/shared/certs",
        "/P/Shared//Certs",
    ] {
        assert_eq!(service.get(path).await.status, 200, "{path}");
    }
    let request = sgx_request();
    for path in [
        "/attest/sgxenclave",
        "//attest//SGXENCLAVE",
        "/Attest/SgxEnclave/",
    ] {
        service
            .post(&format!("{path}?API-Version=2020-10-01"), &request)
            .await
            .token();
    }
    let policies = "/policies/azureguest?api-version=2020-10-01";
    assert_eq!(service.read_policy(policies).await.status, 200);
}

#[tokio::test]
async fn providers_are_found_by_host_name() {
    let mut setup = Setup::forged(&forge());
    setup.base_domain = "attest.test";
    let service = Service::start(setup).await;
    let issuer = async |host: &str| {
        let request = Request::get("/.well-known/openid-configuration").header("host", host);
        let answer = service.send(request.body(Body::empty()).unwrap()).await;
        answer.json()["issuer"].as_str().map(str::to_owned)
    };
    assert_eq!(
        issuer("SHARED.attest.test:8443").await.as_deref(),
        Some("https://shared.attest.test:8443")
    );
    assert_eq!(issuer("localhost:8443").await.as_deref(), Some(BASE_URL));
    assert_eq!(issuer("nobody.attest.test").await, None);
}

#[tokio::test]
async fn errors_of_every_kind_have_the_envelope_and_its_header() {
    let mut setup = Setup::forged(&forge());
    setup.max_body_bytes = 65_536;
    let service = Service::start(setup).await;
    let attest = "/attest/SgxEnclave?api-version=2020-10-01";
    let large = json!({ "quote": "A".repeat(70_000) });
    let cases = [
        (service.get("/nothing").await, 404, "NotFound"),
        (service.get("/").await, 404, "NotFound"),
        (service.get("/p/nobody/certs").await, 404, "NotFound"),
        (service.get(attest).await, 405, "MethodNotAllowed"),
        (service.post("/certs", &json!({})).await, 405, "MethodNotAllowed"),
        (
            service
                .read_policy("/policies/SgxEnclave:reset?api-version=2020-10-01")
                .await,
            405,
            "MethodNotAllowed",
        ),
        (
            service
                .administer(
                    Method::POST,
                    "/policies/SgxEnclave?api-version=2020-10-01",
                    "a.b.c",
                )
                .await,
            405,
            "MethodNotAllowed",
        ),
        (
            service
                .read_policy("/policies/Unheard?api-version=2020-10-01")
                .await,
            400,
            "InvalidParameter",
        ),
        (service.post(attest, &large).await, 413, "PayloadTooLarge"),
        (service.post(attest, &json!([])).await, 400, "InvalidParameter"),
    ];
    for (answer, status, code) in cases {
        assert_eq!(
            status_and_code(&answer),
            (status, code.to_owned()),
            "{}",
            answer.text()
        );
        assert_eq!(answer.header("x-ms-error-code"), code);
        assert_eq!(answer.header("content-type"), "application/json; charset=utf-8");
        assert!(answer.inner()["message"].is_string());
        assert_eq!(answer.header("x-ms-request-id").len(), 55);
    }
    assert_eq!(service.get(attest).await.header("allow"), "POST");
}

#[tokio::test]
async fn a_body_that_lies_about_its_length_is_cut_off_too() {
    let mut setup = Setup::forged(&forge());
    setup.max_body_bytes = 65_536;
    let service = Service::start(setup).await;
    let body = Body::new(Chunks(20));
    let request = Request::post("/attest/SgxEnclave?api-version=2020-10-01")
        .body(body)
        .unwrap();
    assert_eq!(
        status_and_code(&service.send(request).await),
        (413, "PayloadTooLarge".to_owned())
    );
}

/// A body of so many chunks of 8 KiB that announces no length.
struct Chunks(usize);

impl hyper::body::Body for Chunks {
    type Data = bytes::Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<bytes::Bytes>, Self::Error>>> {
        let left = self.0.checked_sub(1);
        self.0 = left.unwrap_or_default();
        let chunk = left.map(|_| {
            Ok(hyper::body::Frame::data(bytes::Bytes::from_static(
                &[b' '; 8_192],
            )))
        });
        std::task::Poll::Ready(chunk)
    }
}

#[tokio::test]
async fn any_content_type_and_any_bearer_token_are_tolerated_where_no_caller_is_needed() {
    let service = service().await;
    for content_type in [
        "application/json",
        "application/json; charset=utf-8",
        "text/plain",
        "nonsense",
    ] {
        let request = Request::post("/attest/SgxEnclave?api-version=2020-10-01")
            .header("content-type", content_type)
            .header("authorization", "Bearer not-a-token")
            .body(Body::from(sgx_request().to_string()));
        service.send(request.unwrap()).await.token();
    }
}

#[tokio::test]
async fn answers_carry_the_services_headers_and_the_callers_identifiers() {
    let service = service().await;
    let request = Request::get("/certs")
        .header(
            "traceparent",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        )
        .header("x-ms-client-request-id", "c-1")
        .header("x-ms-return-client-request-id", "true")
        .body(Body::empty());
    let answer = service.send(request.unwrap()).await;
    assert!(
        answer
            .header("x-ms-request-id")
            .starts_with("00-0af7651916cd43dd8448eb211c80319c-")
    );
    assert!(answer.header("x-ms-request-id").ends_with("-00"));
    assert_eq!(answer.header("x-ms-client-request-id"), "c-1");
    assert_eq!(answer.header("content-type"), "application/json; charset=utf-8");
    assert!(!answer.header("x-ms-maa-service-version").is_empty());
    assert_eq!(service.get("/certs").await.header("x-ms-client-request-id"), "");
}

#[tokio::test]
async fn the_probe_of_maa_says_whether_the_service_is_ready() {
    let service = service().await;
    for path in [
        "/servicehealth?api-version=2026-03-11-preview",
        "/ServiceHealth",
        "/p/shared/servicehealth",
    ] {
        let answer = service.get(path).await;
        assert_eq!((answer.status.as_u16(), answer.bytes.len()), (204, 0), "{path}");
    }
    assert_eq!(
        service.get("/servicehealth?api-version=nonsense").await.status,
        400
    );
    service.draining.cancel();
    let answer = service.get("/servicehealth").await;
    assert_eq!(status_and_code(&answer), (503, "ServiceUnavailable".to_owned()));
}

#[tokio::test]
async fn keys_are_published_with_a_certificate_in_the_providers_name() {
    let service = service().await;
    for (prefix, url) in [
        ("", BASE_URL.to_owned()),
        ("/p/shared", format!("{BASE_URL}/p/shared")),
    ] {
        let answer = service.get(&format!("{prefix}/certs")).await;
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        let keys = JwkSet::from_json(&answer.bytes).unwrap().keys;
        assert_eq!(keys.len(), 1);
        let spki = keys[0].spki().unwrap();
        assert_eq!(keys[0].kid, Some(attestry_api::kid_of_spki(&spki)));
        let certificate = keys[0].certificates().unwrap().remove(0);
        let count = certificate
            .windows(url.len())
            .filter(|window| *window == url.as_bytes())
            .count();
        assert!(count >= 2, "subject and issuer name {url}");
    }
}

#[tokio::test]
async fn the_metadata_points_at_this_provider() {
    let metadata = service()
        .await
        .get("/p/shared/.well-known/openid-configuration")
        .await
        .json();
    assert_eq!(metadata["issuer"], format!("{BASE_URL}/p/shared"));
    assert_eq!(metadata["jwks_uri"], format!("{BASE_URL}/p/shared/certs"));
    assert_eq!(
        metadata["id_token_signing_alg_values_supported"],
        json!(["RS256"])
    );
}

#[tokio::test]
async fn a_policy_comes_back_byte_for_byte_in_a_short_lived_token() {
    let envelope = "eyJhbGciOiJub25lIn0.eyJBdHRlc3RhdGlvblBvbGljeSI6ICJkbVZ5YzJsdmJqMHhMakE3SUdGMWRHaHZjbWw2WVhScGIyNXlkV3hsYzNzOVBpQndaWEp0YVhRb0tUdDlPeUJwYzNOMVlXNWpaWEoxYkdWemUzMDcifQ.";
    let mut setup = Setup::forged(&forge());
    setup.main_provider().policies = vec![(AttestationType::SgxEnclave, envelope.to_owned())];
    let service = Service::start(setup).await;
    let policy = async |kind: &str| {
        let token = service
            .read_policy(&format!("/policies/{kind}?api-version=2020-10-01"))
            .await
            .token();
        let valid = jwt::validate(&token, &service.keys().await, &Validation::default(), NOW).unwrap();
        assert_eq!(valid.claims()["exp"].as_i64(), Some(NOW + 3_600));
        assert!(!valid.claims().contains_key("jti"));
        valid.claims()["x-ms-policy"].as_str().unwrap().to_owned()
    };
    assert_eq!(policy("SgxEnclave").await, envelope);
    assert_eq!(policy("Tpm").await, EMPTY_ENVELOPE);
    assert_ne!(policy("OpenEnclave").await, EMPTY_ENVELOPE);
    assert_eq!(
        policy("SevSnpVm").await,
        wrap_unsigned(attestry_policy::defaults::SNP)
    );
}

#[tokio::test]
async fn development_mode_shows_in_health_and_in_management_tokens() {
    for development in [false, true] {
        let mut setup = Setup::forged(&forge());
        setup.main_provider().settings.development = development;
        let service = Service::start(setup).await;
        let expected = if development {
            "ok\ndevelopment mode\n"
        } else {
            "ok\n"
        };
        assert_eq!(service.get("/healthz").await.text(), expected);
        let token = service
            .read_policy("/policies/SgxEnclave?api-version=2020-10-01")
            .await
            .token();
        let valid = jwt::validate(&token, &service.keys().await, &Validation::default(), NOW).unwrap();
        let marked = valid.claims().get("x-attestry-dev");
        assert_eq!(marked, development.then_some(&json!(true)));
    }
}

#[tokio::test]
async fn health_is_truthful_and_metrics_count() {
    let service = service().await;
    assert_eq!(
        (
            service.get("/healthz").await.status.as_u16(),
            service.get("/readyz").await.status.as_u16()
        ),
        (200, 200)
    );
    service
        .post("/attest/SgxEnclave?api-version=2020-10-01", &sgx_request())
        .await
        .token();
    let metrics = service.get("/metrics").await.text();
    assert!(
        metrics.contains(r#"attestry_requests_total{route="/attest/{kind}",status="200"} 1"#),
        "{metrics}"
    );
    assert!(
        metrics.contains(
            r#"attestry_attestations_total{attestation_type="SgxEnclave",outcome="token",tcb_status="UpToDate"} 1"#
        ),
        "{metrics}"
    );
    service.draining.cancel();
    let answer = service.get("/readyz").await;
    assert_eq!(
        (answer.status.as_u16(), &answer.json()["draining"]),
        (503, &json!(true))
    );
    assert_eq!(service.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn malformed_paths_and_queries_are_refused_in_the_form_of_all_errors() {
    let service = Service::start(Setup::forged(&forge())).await;
    for (method, path) in [
        (Method::POST, "/attest/%ff?api-version=2022-08-01"),
        (Method::POST, "/attest/tee/%ff?api-version=2018-09-01-preview"),
        (Method::GET, "/policies/%ff?api-version=2022-08-01"),
        (Method::PUT, "/policies/%ff?api-version=2022-08-01"),
        (Method::POST, "/policies/%ff?api-version=2022-08-01"),
        (Method::GET, "/tcbbaselines/%ff?api-version=2022-08-01"),
        (Method::GET, "/attestry/v1/policies/%ff/history"),
        (Method::GET, "/attestry/v1/policies/%ff/history/1"),
        (Method::GET, "/attestry/v1/policies/%ff/diff"),
        (Method::POST, "/attestry/v1/policies/%ff:dryrun"),
        (Method::GET, "/attestry/v1/changes/%ff"),
        (Method::POST, "/attestry/v1/changes/%ff:approve"),
        (Method::GET, "/attestry/v1/policies/SgxEnclave/history?limit=x"),
        (Method::GET, "/attestry/v1/policies/SgxEnclave/diff?from=x"),
        (
            Method::POST,
            "/attestry/v1/policies/SgxEnclave:dryrun?decisions=x",
        ),
    ] {
        let answer = service.administer(method.clone(), path, Body::empty()).await;
        assert_eq!(answer.status, 400, "{method} {path}: {}", answer.text());
        assert_eq!(answer.error().0, "InvalidParameter", "{method} {path}");
    }
}

#[tokio::test]
async fn what_is_missing_is_named_the_provider_or_the_path() {
    let service = service().await;
    let message = async |path: &str| service.get(path).await.error().1;
    assert_eq!(
        message("/p/nobody/policies/SgxEnclave").await,
        "no attestation provider is at this address"
    );
    assert_eq!(
        message("/p/shared/nothing").await,
        "nothing is served at this path"
    );
    assert_eq!(message("/nothing").await, "nothing is served at this path");
}
