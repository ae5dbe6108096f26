//! Policies and signers as old scripts ask for them.

use attestry_api::{
    b64, hex,
    jwt::{self, Validation},
    policy_envelope::{PolicyEnvelope, wrap_unsigned},
};
use attestry_service::provider::ProviderMode;
use attestry_service::token::SigningAlgorithm;
use aws_lc_rs::digest::{SHA256, digest};
use axum::body::Body;
use http::Method;
use serde_json::{Map, Value, json};

use crate::{
    signing::{Signer, certificate_payload, policy_payload},
    support::{Answer, NOW, ProviderSetup, Service, Setup, forge},
};

const VERSION: &str = "api-version=2018-09-01-preview";
const PERMIT: &str = "version=1.0; authorizationrules{=> permit();}; issuancerules{};";

async fn service() -> Service {
    Service::start(Setup::forged(&forge())).await
}

async fn ask(service: &Service, method: Method, path: &str, body: impl Into<Body>) -> Answer {
    let separator = if path.contains('?') { '&' } else { '?' };
    service
        .administer(
            method,
            &format!("/operations/policy/{path}{separator}{VERSION}"),
            body,
        )
        .await
}

/// The claims of a bare JWT that verifies.
async fn claims(service: &Service, answer: &Answer) -> Map<String, Value> {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let body = answer.json();
    jwt::validate(
        body.as_str().unwrap(),
        &service.keys().await,
        &Validation::default(),
        NOW,
    )
    .unwrap()
    .claims()
    .clone()
}

/// The policy as it stands in its JWS.
fn plain(text: &str) -> String {
    let payload = json!({ "AttestationPolicy": text }).to_string();
    format!("eyJhbGciOiJub25lIn0.{}.", b64::encode_url(payload.as_bytes()))
}

fn hash(text: &str) -> String {
    hex::encode(digest(&SHA256, b64::encode_url(text.as_bytes()).as_bytes()).as_ref())
}

async fn current(service: &Service, tee: &str) -> String {
    let answer = ask(service, Method::GET, &format!("current?tee={tee}"), Body::empty()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["Policy"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_policy_is_prepared_set_read_and_reset() {
    let service = service().await;
    let before = current(&service, "SgxEnclave").await;
    let sent = plain(PERMIT);
    let prepared = ask(
        &service,
        Method::POST,
        "updatepolicy?tee=SgxEnclave",
        sent.clone(),
    )
    .await;
    assert_eq!(claims(&service, &prepared).await["maa-policyHash"], hash(PERMIT));
    assert_eq!(current(&service, "SgxEnclave").await, before, "nothing was set");

    let set = ask(&service, Method::PUT, "current?tee=SgxEnclave", sent.clone()).await;
    let set = claims(&service, &set).await;
    assert_eq!(
        (&set["maa-policyHash"], &set["x-ms-policy-result"]),
        (&json!(hash(PERMIT)), &json!("Updated"))
    );
    assert_eq!(current(&service, "sgxenclave").await, sent, "byte for byte");
    // The operations of later versions see the same.
    let later = service
        .read_policy("/policies/SgxEnclave?api-version=2020-10-01")
        .await;
    assert_eq!(later.status, 200);

    let reset = ask(
        &service,
        Method::POST,
        "current?tee=SgxEnclave",
        "eyJhbGciOiJub25lIn0..",
    )
    .await;
    assert_eq!(claims(&service, &reset).await["x-ms-policy-result"], "Removed");
    let default = PolicyEnvelope::open(&current(&service, "SgxEnclave").await).unwrap();
    assert_eq!(default.policy(), Some(attestry_policy::defaults::SGX));
}

#[tokio::test]
async fn policies_of_later_versions_are_taken_as_well() {
    let service = service().await;
    let set = ask(
        &service,
        Method::PUT,
        "current?tee=OpenEnclave",
        wrap_unsigned(PERMIT),
    )
    .await;
    assert_eq!(claims(&service, &set).await["maa-policyHash"], hash(PERMIT));
}

#[tokio::test]
async fn what_cannot_be_set_is_not_prepared_either() {
    let service = service().await;
    for (path, method) in [
        ("updatepolicy?tee=SgxEnclave", Method::POST),
        ("current?tee=SgxEnclave", Method::PUT),
    ] {
        let answer = ask(&service, method, path, plain("version=1.0; nonsense;")).await;
        assert_eq!(
            (answer.status.as_u16(), answer.error().0.as_str()),
            (400, "PolicyParsingError"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn types_have_older_names_and_must_be_named() {
    let service = service().await;
    for tee in ["VSMEnclave", "vbsenclave", "CyResComponent"] {
        assert_eq!(
            current(&service, tee).await,
            current(&service, "Tpm").await,
            "{tee}"
        );
    }
    current(&service, "AzureGuest").await;
    for path in ["current", "current?tee=Nonsense", "current?tee=a&tee=b"] {
        let answer = ask(&service, Method::GET, path, Body::empty()).await;
        assert_eq!(answer.status, 400, "{path}");
        assert_eq!(answer.inner()["field"], "tee");
    }
}

#[tokio::test]
async fn callers_are_asked_who_they_are() {
    let service = service().await;
    for path in ["current?tee=SgxEnclave&", "certificates?"] {
        let path = format!("/operations/policy/{path}{VERSION}");
        assert_eq!(service.get(&path).await.status, 401, "{path}");
        assert_eq!(
            service.get(&format!("/p/shared{path}")).await.status,
            200,
            "{path}"
        );
    }
    let request = http::Request::post(format!(
        "/operations/policy/updatepolicy?tee=SgxEnclave&{VERSION}"
    ));
    let answer = service
        .send(request.body(Body::from(plain(PERMIT))).unwrap())
        .await;
    assert_eq!(answer.status, 401);
}

#[tokio::test]
async fn certificates_are_listed_added_and_removed() {
    let (first, second) = (
        Signer::new(SigningAlgorithm::Es256, "first"),
        Signer::new(SigningAlgorithm::Es256, "second"),
    );
    let mut setup = Setup::forged(&forge());
    setup.providers[0] = ProviderSetup {
        signers: vec![first.jwk()],
        ..ProviderSetup::new("isolated", ProviderMode::Isolated)
    };
    let service = Service::start(setup).await;
    let count = async |answer: Answer| {
        let claims = claims(&service, &answer).await;
        assert_eq!(claims["aas-policyCertificates"], claims["maa-policyCertificates"]);
        claims["maa-policyCertificates"]["keys"].as_array().unwrap().len()
    };
    let envelope = first.sign(&certificate_payload(&second.jwk()));
    assert_eq!(
        count(ask(&service, Method::GET, "certificates", Body::empty()).await).await,
        1
    );
    assert_eq!(
        count(ask(&service, Method::PUT, "certificates", envelope.clone()).await).await,
        2
    );
    assert_eq!(
        count(ask(&service, Method::POST, "certificates", envelope).await).await,
        1
    );

    // Only those who are trusted sign policies, here as elsewhere.
    let by = |signer: &Signer| signer.sign(&policy_payload(PERMIT));
    let answer = ask(&service, Method::PUT, "current?tee=SgxEnclave", by(&second)).await;
    assert_eq!(answer.status, 400);
    let answer = ask(&service, Method::PUT, "current?tee=SgxEnclave", by(&first)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

#[tokio::test]
async fn policies_in_plain_text_are_taken_under_the_previews_own_version_alone() {
    let service = service().await;
    for (version, status) in [("2018-09-01-preview", 200), ("2020-10-01", 400)] {
        for (method, path) in [
            (Method::POST, "/operations/policy/updatepolicy"),
            (Method::PUT, "/operations/policy/current"),
        ] {
            let path = format!("{path}?api-version={version}&tee=SgxEnclave");
            let answer = service.administer(method, &path, plain(PERMIT)).await;
            assert_eq!(answer.status, status, "{path}: {}", answer.text());
            if status == 400 {
                assert_eq!(answer.error().0, "PolicyParsingError");
            }
        }
    }
}
