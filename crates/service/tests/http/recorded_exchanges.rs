//! Recorded exchanges with the real service: the same request, with the policy that its provider had, gives a
//! token with the same claims.
//!
//! The recordings are of July 2021; the quote's platform has been out of date since. The collateral is of June
//! 2025, as the day's own is lost, so the provider here accepts `OutOfDate` as the real one's baseline did.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::support::{BASE_URL, NOW, ProviderSetup, Service, Setup};
use attestry_api::{
    AttestationType,
    jwt::{self, UnsignedTokens, Validation},
};
use attestry_evidence::{
    dcap::{CollateralDocuments, TcbStatus, Tee},
    time::UnixTime,
    x509::TrustAnchors,
};
use attestry_forge::{Seed, intel::IntelForge};
use attestry_service::provider::ProviderMode;
use serde_json::{Map, Value};

/// Claims that cannot equal the recorded ones, each with its reason.
const DIFFERENT: [(&str, &str); 5] = [
    ("iss", "another provider answers"),
    ("iat", "another time"),
    ("nbf", "another time"),
    ("exp", "another time"),
    ("jti", "random for every token"),
];

/// Members of the two collateral claims that depend on the documents of the day, each with its reason. The
/// others, `quotehash` above all, must be equal.
const DIFFERENT_COLLATERAL: [(&str, &str); 6] = [
    ("qeidcertshash", "the TCB signing certificate was renewed in 2025"),
    ("qeidcrlhash", "a root CRL is issued every year"),
    ("qeidhash", "the QE identity is issued every month"),
    (
        "tcbinfocertshash",
        "the TCB signing certificate was renewed in 2025",
    ),
    ("tcbinfocrlhash", "a root CRL is issued every year"),
    ("tcbinfohash", "the TCB info is issued every month"),
];

pub fn vectors() -> Option<PathBuf> {
    let root = std::env::var_os("ATTESTRY_VECTORS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors"),
        PathBuf::from,
    );
    if root.join("maa/exchanges").is_dir() {
        return Some(root);
    }
    eprintln!("SKIPPED: no recordings at {}", root.display());
    None
}

pub fn read_json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// Recorded attest exchanges for SGX and Open Enclave, by file name.
fn attest_exchanges(root: &Path) -> Vec<(String, Value)> {
    let mut found: Vec<_> = fs::read_dir(root.join("maa/exchanges"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| {
            name.starts_with("post-attest_SgxEnclave") || name.starts_with("post-attest_OpenEnclave")
        })
        .map(|name| (name.clone(), read_json(&root.join("maa/exchanges").join(name))))
        .collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

/// The envelope that `GET /policies/{kind}` answered on that instance.
fn recorded_policy(root: &Path, kind: &str, instance: &str) -> String {
    let name = format!("get-policies_{kind}-{instance}-unsigned.json");
    let exchange = read_json(&root.join("maa/exchanges").join(name));
    exchange["decoded"]["token_body"]["x-ms-policy"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// Providers as the recorded ones were: `aad` with the policies its tests had set, `shared` with the default.
async fn service(root: &Path) -> Service {
    let set = root.join("dcap/sets/sgx-v3-00906ed50000-maa-2021-exchange");
    let verify_time = read_json(&set.join("expected.json"))["verify_time"]
        .as_i64()
        .unwrap();
    let collateral = CollateralDocuments::from_json(&fs::read(set.join("collateral.json")).unwrap()).unwrap();
    let providers = ["aad", "shared"].map(|instance| {
        let mode = if instance == "shared" {
            ProviderMode::Shared
        } else {
            ProviderMode::Aad
        };
        let mut provider = ProviderSetup::new(instance, mode);
        provider
            .settings
            .accepted_tcb_statuses
            .insert(TcbStatus::OutOfDate);
        provider.policies = [AttestationType::SgxEnclave, AttestationType::OpenEnclave]
            .map(|kind| (kind, recorded_policy(root, kind.name(), instance)))
            .into();
        provider
    });
    let mut setup = Setup::forged(&IntelForge::new(Seed::default(), NOW));
    setup.anchors = TrustAnchors::intel();
    setup.collateral = vec![(Tee::Sgx, collateral)];
    setup.now = UnixTime::new(verify_time);
    setup.providers = providers.into();
    Service::start(setup).await
}

/// Takes out what may differ, and fails when it is not there.
fn comparable(mut claims: Map<String, Value>, name: &str) -> Map<String, Value> {
    for (claim, _reason) in DIFFERENT {
        assert!(claims.remove(claim).is_some(), "{name}: no {claim}");
    }
    for claim in ["x-ms-sgx-collateral", "maa-attestationcollateral"] {
        let hashes = claims[claim].as_object_mut().unwrap();
        for (member, _reason) in DIFFERENT_COLLATERAL {
            let hash = hashes
                .remove(member)
                .unwrap_or_else(|| panic!("{name}: no {claim}.{member}"));
            assert_eq!(hash.as_str().map(str::len), Some(64), "{name}: {claim}.{member}");
        }
    }
    claims
}

#[tokio::test]
async fn recorded_requests_get_tokens_with_the_recorded_claims() {
    let Some(root) = vectors() else { return };
    let service = service(&root).await;
    let exchanges = attest_exchanges(&root);
    assert_eq!(exchanges.len(), 7, "recordings are missing");
    for (name, exchange) in exchanges {
        let prefix = if exchange["instance"] == "shared" {
            "/p/shared"
        } else {
            ""
        };
        let path = format!(
            "{prefix}{}",
            exchange["request"]["path_and_query"].as_str().unwrap()
        );
        let body = exchange["request"]["body_raw"].as_str().unwrap();
        let request = http::Request::post(path)
            .header("content-type", "application/json")
            .body(axum::body::Body::from(body.to_owned()));
        let token = service.send(request.unwrap()).await.token();

        let draft = name.contains("draft");
        let unsigned = if draft {
            UnsignedTokens::Accept
        } else {
            UnsignedTokens::Refuse
        };
        let validation = Validation {
            issuer: Some(format!("{BASE_URL}{prefix}")),
            unsigned,
            ..Validation::default()
        };
        let valid = jwt::validate(&token, &service.keys().await, &validation, NOW).unwrap();
        assert_eq!(valid.is_signed(), !draft, "{name}");

        let recorded_header = exchange["decoded"]["token_header"].as_object().unwrap();
        assert_eq!(
            valid.header().keys().collect::<Vec<_>>(),
            recorded_header.keys().collect::<Vec<_>>()
        );
        assert_eq!(valid.header()["alg"], recorded_header["alg"], "{name}");
        assert_eq!(valid.header()["typ"], recorded_header["typ"], "{name}");

        let recorded = exchange["decoded"]["token_body"].as_object().unwrap();
        let lifetime =
            |claims: &Map<String, Value>| claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
        assert_eq!(lifetime(valid.claims()), lifetime(recorded), "{name}");
        assert_eq!(
            Value::Object(comparable(valid.claims().clone(), &name)),
            Value::Object(comparable(recorded.clone(), &name)),
            "{name}"
        );
    }
}

#[tokio::test]
async fn the_default_setting_refuses_the_outdated_platform_and_says_why() {
    let Some(root) = vectors() else { return };
    let set = root.join("dcap/sets/sgx-v3-00906ed50000-maa-2021-exchange");
    let expected = read_json(&set.join("expected.json"));
    let mut setup = Setup::forged(&IntelForge::new(Seed::default(), NOW));
    setup.anchors = TrustAnchors::intel();
    let collateral = CollateralDocuments::from_json(&fs::read(set.join("collateral.json")).unwrap()).unwrap();
    setup.collateral = vec![(Tee::Sgx, collateral)];
    setup.now = UnixTime::new(expected["verify_time"].as_i64().unwrap());
    let service = Service::start(setup).await;
    let exchange = read_json(&root.join("maa/exchanges/post-attest_SgxEnclave-aad-rtjson.json"));
    let answer = service
        .post(
            "/attest/SgxEnclave?api-version=2020-10-01",
            &exchange["request"]["body_json"],
        )
        .await;
    assert_eq!(answer.status, 400);
    let (code, message) = answer.error();
    assert_eq!(code, "InvalidParameter");
    assert_eq!(
        message,
        "the platform's TCB status is `OutOfDate`, which this provider does not accept"
    );
    let inner = answer.inner();
    assert_eq!(inner["code"], "tcb_status_not_accepted");
    assert_eq!(
        (&inner["stage"], &inner["found"]),
        (&"appraisal".into(), &"OutOfDate".into())
    );
    let mut advisories: Vec<_> = expected["expected"]["dcap_qvl_0_7_1_default"]["advisory_ids"]
        .as_array()
        .unwrap()
        .clone();
    advisories.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
    assert_eq!(inner["advisories"], Value::Array(advisories));
    let shortfalls = inner["shortfalls"].as_array().unwrap();
    assert!(!shortfalls.is_empty());
    for shortfall in shortfalls {
        assert!(
            shortfall["found"].as_u64() < shortfall["needed"].as_u64(),
            "{shortfall}"
        );
    }
    assert!(inner["tcbDate"].as_str().unwrap().ends_with('Z'));
}
