//! Settings of providers that were created by requests.

use attestry_api::{b64, policy_envelope::wrap_unsigned};
use http::{Method, Request, header};
use serde_json::{Value, json};

use crate::signing::Signer;
use crate::support::{Answer, Service, Setup, forge};

const CREATE: &str =
    "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Attestation/attestationProviders";

/// A service with the created providers `tenant` (AAD) and `guarded` (isolated).
async fn service(signer: &Signer) -> Service {
    let service = Service::start(Setup::forged(&forge())).await;
    let keys = json!({ "policySigningCertificates": { "keys": [signer.jwk()] } });
    for (name, properties) in [("tenant", json!({})), ("guarded", keys)] {
        let path = format!("{CREATE}/{name}?api-version=2021-06-01");
        let body = json!({ "location": "eastus", "properties": properties }).to_string();
        let answer = service.administer(Method::PUT, &path, body).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
    }
    service
}

impl Service {
    async fn settings(&self, provider: &str) -> Value {
        let path = format!("/p/{provider}/attestry/v1/settings");
        self.administer(Method::GET, &path, "").await.json()["settings"].clone()
    }

    async fn put_settings(&self, provider: &str, body: impl ToString) -> Answer {
        let path = format!("/p/{provider}/attestry/v1/settings");
        self.administer(Method::PUT, &path, body.to_string()).await
    }

    async fn attest_at(&self, provider: &str) -> Answer {
        let forge = forge();
        let body = json!({ "quote": b64::encode_url(&forge.sgx_quote(&forge.sgx_quote_spec())) });
        let path = format!("/p/{provider}/attest/SgxEnclave?api-version=2020-10-01");
        self.post(&path, &body).await
    }
}

#[tokio::test]
async fn settings_count_at_once_and_what_is_left_out_is_the_default() {
    let service = service(&Signer::rsa("signer")).await;
    let default = service.settings("tenant").await;
    service.attest_at("tenant").await.token();
    let strict = json!({ "settings": { "acceptedTcbStatuses": ["Revoked"], "explain": "none" } });
    let answer = service.put_settings("tenant", &strict).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(
        service.settings("tenant").await["acceptedTcbStatuses"],
        json!(["Revoked"])
    );
    let refused = service.attest_at("tenant").await;
    assert_eq!(refused.status, 400);
    assert!(
        refused.error().1.contains("does not accept"),
        "{}",
        refused.text()
    );
    assert_eq!(refused.inner().get("stage"), None, "`explain` is none");
    assert_eq!(
        service
            .put_settings("tenant", json!({ "settings": {} }))
            .await
            .status,
        200
    );
    assert_eq!(service.settings("tenant").await, default);
    service.attest_at("tenant").await.token();
}

#[tokio::test]
async fn settings_that_mean_nothing_are_refused() {
    let service = service(&Signer::rsa("signer")).await;
    let before = service.settings("tenant").await;
    for (settings, part) in [
        (
            json!({ "acceptedTcbStatuses": ["UpToDate", "Perfect"] }),
            "`Perfect` is not a TCB status",
        ),
        (json!({ "recordDecisions": 1_001 }), "at most 1000"),
        (json!({ "explain": "everything" }), "malformed"),
        (json!({ "acceptedTcbStatus": [] }), "malformed"),
        (json!([]), "must be"),
    ] {
        let answer = service
            .put_settings("tenant", json!({ "settings": settings }))
            .await;
        assert_eq!(answer.status, 400, "{settings}");
        assert!(answer.error().1.contains(part), "{}", answer.text());
    }
    for body in ["", "{}", "\"x\"", "a.b.c"] {
        assert_eq!(service.put_settings("tenant", body).await.status, 400, "{body}");
    }
    assert_eq!(service.settings("tenant").await, before);
    // Those of the configuration's providers are the operator's.
    let answer = service
        .administer(
            Method::PUT,
            "/attestry/v1/settings",
            json!({ "settings": {} }).to_string(),
        )
        .await;
    assert_eq!(answer.error().0, "InvalidOperation");
}

#[tokio::test]
async fn an_isolated_provider_wants_its_signers_for_settings_too() {
    let (signer, stranger) = (Signer::rsa("signer"), Signer::rsa("stranger"));
    let service = service(&signer).await;
    let payload = json!({ "settings": { "acceptedTcbStatuses": ["OutOfDate"] } }).to_string();
    for (body, part) in [
        (payload.clone(), "Unsigned JWS"),
        (wrap_unsigned("x"), "settings"),
        (stranger.sign(&payload), "Unable to find issuer"),
    ] {
        let answer = service.put_settings("guarded", &body).await;
        assert_eq!(answer.status, 400, "{body}");
        assert!(answer.error().1.contains(part), "{}", answer.text());
    }
    assert_eq!(
        service
            .put_settings("guarded", signer.sign(&payload))
            .await
            .status,
        200
    );
    assert_eq!(
        service.settings("guarded").await["acceptedTcbStatuses"],
        json!(["OutOfDate"])
    );
    // What is signed as settings is not a reset.
    let path = "/p/guarded/policies/SgxEnclave:reset?api-version=2020-10-01";
    let reset = service
        .administer(Method::POST, path, signer.sign(&payload))
        .await;
    assert_eq!(reset.error().0, "InvalidOperation");
}

#[tokio::test]
async fn to_need_one_person_only_needs_two() {
    let service = service(&Signer::rsa("signer")).await;
    let two = |needed: bool| json!({ "settings": { "twoPersonChanges": needed } });
    assert_eq!(service.put_settings("tenant", two(true)).await.status, 200);
    let waiting = service.put_settings("tenant", two(false)).await;
    assert_eq!(waiting.status, 202);
    assert_eq!(service.settings("tenant").await["twoPersonChanges"], true);
    let id = waiting.json()["change"]["id"].as_str().unwrap().to_owned();
    let approve = Request::post(format!("/p/tenant/attestry/v1/changes/{id}:approve"))
        .header(header::AUTHORIZATION, "Bearer another");
    let answer = service.send(approve.body("".into()).unwrap()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(service.settings("tenant").await["twoPersonChanges"], false);
}
