//! Recorded policy and certificate operations of the real service: the same requests in the same bytes get answers
//! with the same claims, but for issuer and times.

use std::{fs, path::Path};

use attestry_api::{
    AttestationType,
    jwk::JwkSet,
    jwt::{self, Validation},
};
use attestry_service::provider::ProviderMode;
use http::{Method, Request};
use serde_json::{Map, Value};

use crate::recorded_exchanges::{read_json, vectors};
use crate::support::{BASE_URL, NOW, ProviderSetup, Service, Setup, forge};

/// Claims that cannot equal the recorded ones.
const DIFFERENT: [&str; 4] = ["iss", "iat", "nbf", "exp"];

/// Recorded operations on policies and certificates, by file name.
fn exchanges(root: &Path) -> Vec<(String, Value)> {
    let mut found: Vec<_> = fs::read_dir(root.join("maa/exchanges"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("policies_") || name.contains("certificates"))
        .map(|name| (name.clone(), read_json(&root.join("maa/exchanges").join(name))))
        .collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

/// A service whose providers stand as the recorded ones stood before `exchange`.
async fn service(root: &Path, exchange: &Value) -> Service {
    let instance = exchange["instance"].as_str().unwrap();
    let mode = match instance {
        "aad" => ProviderMode::Aad,
        "iso" => ProviderMode::Isolated,
        _ => ProviderMode::Shared,
    };
    let mut provider = ProviderSetup::new("recorded", mode);
    if mode == ProviderMode::Isolated {
        let listed = read_json(&root.join("maa/exchanges/get-certificates-iso.json"));
        let set = &listed["decoded"]["token_body"]["x-ms-policy-certificates"];
        provider.signers = serde_json::from_value::<JwkSet>(set.clone()).unwrap().keys;
    }
    // What a query answered is what had been set, or the default one that shows.
    let stored = &exchange["decoded"]["token_body"]["x-ms-policy"];
    if let Some(stored) = stored.as_str().filter(|stored| !stored.contains("..")) {
        let path = exchange["request"]["path_and_query"].as_str().unwrap();
        let kind = path.trim_start_matches("/policies/").split('?').next().unwrap();
        provider.policies = vec![(kind.parse::<AttestationType>().unwrap(), stored.to_owned())];
    }
    let mut setup = Setup::forged(&forge());
    setup.providers = vec![provider];
    Service::start(setup).await
}

async fn claims(service: &Service, exchange: &Value, name: &str) -> Map<String, Value> {
    let request = &exchange["request"];
    let body = request["body_raw"].as_str().unwrap_or_default().to_owned();
    let content_type = request["headers"]["Content-Type"][0]
        .as_str()
        .unwrap_or("text/plain");
    let sent = Request::builder()
        .method(request["method"].as_str().unwrap().parse::<Method>().unwrap())
        .uri(request["path_and_query"].as_str().unwrap())
        .header("authorization", "Bearer recorded")
        .header("content-type", content_type)
        .body(axum::body::Body::from(body));
    let token = service.send(sent.unwrap()).await.token();
    let validation = Validation {
        issuer: Some(BASE_URL.to_owned()),
        ..Validation::default()
    };
    let valid = jwt::validate(&token, &service.keys().await, &validation, NOW).unwrap();
    let recorded_header = exchange["decoded"]["token_header"].as_object().unwrap();
    assert!(valid.header().keys().eq(recorded_header.keys()), "{name}");
    valid.claims().clone()
}

fn comparable(mut claims: Map<String, Value>, name: &str) -> Value {
    let life = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
    assert_eq!(life, 3_600, "{name}");
    for claim in DIFFERENT {
        assert!(claims.remove(claim).is_some(), "{name}: no {claim}");
    }
    Value::Object(claims)
}

#[tokio::test]
async fn recorded_operations_get_the_recorded_answers() {
    let Some(root) = vectors() else { return };
    let exchanges = exchanges(&root);
    assert_eq!(exchanges.len(), 30, "recordings are missing");
    for (name, exchange) in exchanges {
        let service = service(&root, &exchange).await;
        let found = claims(&service, &exchange, &name).await;
        let recorded = exchange["decoded"]["token_body"].as_object().unwrap().clone();
        assert_eq!(comparable(found, &name), comparable(recorded, &name), "{name}");
    }
}

#[tokio::test]
async fn recorded_refusals_have_the_recorded_status_and_code() {
    let Some(root) = vectors() else { return };
    let errors = root.join("maa/errors");
    let exchange = |name: &str| read_json(&root.join("maa/exchanges").join(name));
    let cases = [
        (
            "certificates-add-on-aad-2023.json",
            "aad",
            "post-certificates_add-iso-signed.json",
        ),
        (
            "policy-put-unsigned-on-isolated-2021.json",
            "iso",
            "put-policies_SgxEnclave-aad-unsigned.json",
        ),
    ];
    for (error, instance, request) in cases {
        let recorded = read_json(&errors.join(error));
        let mut exchange = exchange(request);
        exchange["instance"] = instance.into();
        let service = service(&root, &exchange).await;
        let request = &exchange["request"];
        let answer = service
            .administer(
                request["method"].as_str().unwrap().parse().unwrap(),
                request["path_and_query"].as_str().unwrap(),
                request["body_raw"].as_str().unwrap().to_owned(),
            )
            .await;
        assert_eq!(
            u64::from(answer.status.as_u16()),
            recorded["status"].as_u64().unwrap(),
            "{error}"
        );
        assert_eq!(
            answer.json()["error"]["code"],
            recorded["body"]["error"]["code"],
            "{error}"
        );
    }
}
