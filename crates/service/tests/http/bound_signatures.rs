//! Signed changes presented where, or when, they were not meant for.

use attestry_api::{b64, policy_envelope::wrap_unsigned};
use attestry_service::provider::ProviderMode;
use http::Method;
use serde_json::{Value, json};

use crate::signing::{Signer, bound_policy_payload, certificate_payload, policy_payload};
use crate::support::{Answer, BASE_URL, NOW, ProviderSetup, Service, Setup, forge};

const PERMIT: &str = "version=1.0; authorizationrules{=> permit();}; issuancerules{};";

/// Isolated providers `alpha` and `beta` with the same signer, and `strict`, which demands that signatures name their
/// use.
async fn service(signer: &Signer) -> Service {
    let mut setup = Setup::forged(&forge());
    for (name, strict) in [("alpha", false), ("beta", false), ("strict", true)] {
        let mut provider = ProviderSetup::new(name, ProviderMode::Isolated);
        provider.signers = vec![signer.jwk()];
        provider.settings.bound_signatures = strict;
        setup.providers.push(provider);
    }
    Service::start(setup).await
}

fn url(provider: &str, operation: &str) -> String {
    format!("{BASE_URL}/p/{provider}/{operation}")
}

async fn send(service: &Service, method: Method, provider: &str, operation: &str, jws: &str) -> Answer {
    let path = format!("/p/{provider}/{operation}?api-version=2025-06-01");
    service.administer(method, &path, jws.to_owned()).await
}

async fn put(service: &Service, provider: &str, kind: &str, jws: &str) -> Answer {
    send(service, Method::PUT, provider, &format!("policies/{kind}"), jws).await
}

#[track_caller]
fn assert_refused(answer: &Answer, part: &str) {
    let (code, message) = answer.error();
    assert_eq!(
        (answer.status.as_u16(), code.as_str()),
        (400, "InvalidOperation"),
        "{message}"
    );
    assert!(message.contains(part), "{message}");
}

fn policy(signer: &Signer, members: &Value) -> String {
    signer.sign(&bound_policy_payload(PERMIT, members))
}

#[tokio::test]
async fn a_signature_for_one_provider_or_type_is_none_for_another() {
    let signer = Signer::rsa("signer");
    let service = service(&signer).await;
    let bound = policy(&signer, &json!({ "aud": url("alpha", "policies/SgxEnclave") }));
    for (provider, kind) in [
        ("beta", "SgxEnclave"),
        ("alpha", "OpenEnclave"),
        ("dev", "SgxEnclave"),
    ] {
        assert_refused(&put(&service, provider, kind, &bound).await, "the JWS is for");
    }
    put(&service, "alpha", "sgxenclave", &bound).await.token();
    for audience in [json!(["a"]), json!(1), json!(url("alpha", "policies"))] {
        let wrong = policy(&signer, &json!({ "aud": audience }));
        let answer = put(&service, "alpha", "SgxEnclave", &wrong).await;
        assert_eq!(answer.status, 400, "{audience}");
    }
}

#[tokio::test]
async fn a_signed_policy_cannot_be_presented_again_after_a_newer_one() {
    let signer = Signer::rsa("signer");
    let service = service(&signer).await;
    let at = |iat: Value| policy(&signer, &json!({ "iat": iat }));
    let (first, second) = (at(json!(NOW - 20)), at(json!(NOW - 10)));
    put(&service, "alpha", "SgxEnclave", &first).await.token();
    put(&service, "alpha", "SgxEnclave", &second).await.token();
    for outdated in [&first, &second] {
        assert_refused(
            &put(&service, "alpha", "SgxEnclave", outdated).await,
            "was accepted already",
        );
    }
    // Another type has an order of its own.
    put(&service, "alpha", "OpenEnclave", &first).await.token();
    let reset = signer.sign(&json!({ "iat": NOW - 15 }).to_string());
    let answer = send(
        &service,
        Method::POST,
        "alpha",
        "policies/SgxEnclave:reset",
        &reset,
    )
    .await;
    assert_refused(&answer, "was accepted already");
    for (members, part) in [
        (json!({ "iat": NOW + 600 }), "was issued at"),
        (json!({ "exp": NOW - 600 }), "expired"),
        (json!({ "iat": "now" }), "whole seconds"),
        (json!({ "iat": 1.5 }), "whole seconds"),
        (json!({ "exp": -1 }), "expired"),
        (json!({ "exp": 9_223_372_036_854_775_808_u64 }), "whole seconds"),
    ] {
        let answer = put(&service, "alpha", "TdxVm", &policy(&signer, &members)).await;
        assert_refused(&answer, part);
    }
}

#[tokio::test]
async fn a_removal_is_not_an_addition() {
    let (signer, other) = (Signer::rsa("signer"), Signer::rsa("other"));
    let service = service(&signer).await;
    let bound = |operation: &str, iat: i64| {
        let mut payload: Value = serde_json::from_str(&certificate_payload(&other.jwk())).unwrap();
        payload["aud"] = url("strict", operation).into();
        payload["iat"] = iat.into();
        signer.sign(&payload.to_string())
    };
    let (add, remove) = (
        bound("certificates:add", NOW - 9),
        bound("certificates:remove", NOW - 8),
    );
    let post =
        async |operation: &str, jws: &str| send(&service, Method::POST, "strict", operation, jws).await;
    assert_refused(&post("certificates:add", &remove).await, "the JWS is for");
    post("certificates:add", &add).await.token();
    post("certificates:remove", &remove).await.token();
    // The same addition again would undo the removal.
    assert_refused(&post("certificates:add", &add).await, "was accepted already");
}

#[tokio::test]
async fn a_strict_provider_demands_that_signatures_name_their_use() {
    let signer = Signer::rsa("signer");
    let service = service(&signer).await;
    let aud = url("strict", "policies/SgxEnclave");
    for members in [json!({}), json!({ "aud": aud }), json!({ "iat": NOW })] {
        let answer = put(&service, "strict", "SgxEnclave", &policy(&signer, &members)).await;
        assert_refused(
            &answer,
            "must be `https://localhost:8443/p/strict/policies/SgxEnclave`",
        );
    }
    let whole = policy(&signer, &json!({ "aud": aud, "iat": NOW }));
    put(&service, "strict", "SgxEnclave", &whole).await.token();
}

/// Each kind of JWS that this service knows, presented to every operation that takes one: only its own takes it.
#[tokio::test]
async fn no_token_is_good_for_another_purpose() {
    let signer = Signer::rsa("signer");
    let service = service(&signer).await;
    let forge = forge();
    let body = json!({ "quote": b64::encode_url(&forge.sgx_quote(&forge.sgx_quote_spec())) });
    let attestation = service
        .post("/attest/SgxEnclave?api-version=2020-10-01", &body)
        .await
        .token();
    let management = service
        .read_policy("/policies/SgxEnclave?api-version=2020-10-01")
        .await
        .token();
    let draft = {
        let mut body = body.clone();
        body["draftPolicyForAttestation"] = PERMIT.into();
        service
            .post("/attest/SgxEnclave?api-version=2020-10-01", &body)
            .await
            .token()
    };
    let policy = signer.sign(&policy_payload(PERMIT));
    let certificate = signer.sign(&certificate_payload(&signer.jwk()));
    let reset = signer.sign("");
    let kinds = [
        ("attestation", &attestation),
        ("management", &management),
        ("draft", &draft),
        ("unsigned policy", &wrap_unsigned(PERMIT)),
        ("policy", &policy),
        ("certificate", &certificate),
        ("reset", &reset),
    ];
    let operations = [
        (Method::PUT, "policies/SgxEnclave", "policy"),
        (Method::POST, "policies/SgxEnclave:reset", "reset"),
        (Method::POST, "certificates:add", "certificate"),
        (Method::POST, "certificates:remove", "none: the last one stays"),
    ];
    for (method, operation, own) in operations {
        for (kind, jws) in kinds {
            let answer = send(&service, method.clone(), "alpha", operation, jws).await;
            let expected = if kind == own { 200 } else { 400 };
            assert_eq!(
                answer.status,
                expected,
                "{kind} to {operation}: {}",
                answer.text()
            );
        }
    }
}
