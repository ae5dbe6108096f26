//! `GET /tcbbaselines/{type}`: what a policy can choose from, and what it chose.

use std::time::Duration;

use attestry_api::{AttestationType, policy_envelope::wrap_unsigned};
use attestry_forge::pccs::PccsServer;
use attestry_service::{
    collateral::Source,
    config::{SourceConfig, SourceKind},
};
use axum::body::Body;
use http::Method;
use serde_json::{Value, json};

use crate::support::{Service, Setup, forge};

const SGX: &str = "/tcbbaselines/SgxEnclave?api-version=2025-06-01";

fn policy(identifier: &str) -> String {
    wrap_unsigned(&format!(
        "version=1.1; configurationrules{{=> issueproperty(type=\"x-ms-sgx-tcbidentifier\", value=\"{identifier}\");}}; \
         authorizationrules{{=> permit();}}; issuancerules{{}};"
    ))
}

/// A service whose policy names this baseline, with a source for Intel's list.
async fn service(server: &PccsServer, identifier: Option<&str>) -> Service {
    let config = SourceConfig {
        url: server.url(),
        ..SourceConfig::new(SourceKind::Pccs)
    };
    let mut setup = Setup::forged(&forge());
    setup.sources = vec![Source::from_config(&config, Duration::from_secs(10), 1).unwrap()];
    let provider = setup.main_provider();
    provider.settings.baselines = [
        ("azuredefault".to_owned(), "latest".parse().unwrap()),
        ("cautious".to_owned(), "number>=20".parse().unwrap()),
        ("impossible".to_owned(), "number>=99".parse().unwrap()),
    ]
    .into();
    if let Some(identifier) = identifier {
        provider.policies = vec![(AttestationType::SgxEnclave, policy(identifier))];
    }
    Service::start(setup).await
}

async fn baselines(service: &Service, path: &str) -> Vec<Value> {
    let answer = service.administer(Method::GET, path, Body::empty()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["tcbBaselines"].as_array().unwrap().clone()
}

/// Identifier and number of each, and which is selected.
fn shown(baselines: &[Value]) -> (Vec<(&str, u64)>, Vec<&str>) {
    let all = baselines.iter().map(|baseline| {
        let number = baseline["tcbEvaluationDataNumber"].as_u64().unwrap();
        (baseline["tcbIdentifier"].as_str().unwrap(), number)
    });
    let selected = baselines
        .iter()
        .filter(|baseline| baseline["isSelectedTcb"] == true)
        .map(|baseline| baseline["tcbIdentifier"].as_str().unwrap());
    (all.collect(), selected.collect())
}

#[tokio::test]
async fn every_generation_on_intels_list_is_told_with_the_one_in_force() {
    let server = PccsServer::start(forge()).await.unwrap();
    let service = service(&server, None).await;
    let told = baselines(&service, SGX).await;
    let (all, selected) = shown(&told);
    let numbers: Vec<_> = all.iter().map(|(_, number)| *number).collect();
    assert!(numbers.contains(&20), "{numbers:?}");
    assert!(numbers.len() > 3, "offered ones, too: {numbers:?}");
    assert_eq!(selected, ["20"]);
    let held = told
        .iter()
        .find(|baseline| baseline["tcbIdentifier"] == "20")
        .unwrap();
    let mut names: Vec<_> = held.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "isSelectedTcb",
            "minimumPswLinuxVersion",
            "minimumPswWindowsVersion",
            "tcbEvaluationDataNumber",
            "tcbIdentifier",
            "tcbReleaseDate",
        ]
    );
    let date = held["tcbReleaseDate"].as_str().unwrap();
    assert_eq!((date.len(), date.get(10..)), (19, Some("T00:00:00")), "{date}");
    // The list came once.
    baselines(&service, SGX).await;
    assert_eq!(server.controls().requests("tcbevaluationdatanumbers"), 1);
}

#[tokio::test]
async fn the_policy_chooses() {
    let server = PccsServer::start(forge()).await.unwrap();
    for (identifier, expected) in [
        ("azuredefault", &["20"][..]),
        ("20", &["20"]),
        ("cautious", &["cautious"]),
        // Not known here.
        ("7", &[]),
        ("nonsense", &[]),
    ] {
        let service = service(&server, Some(identifier)).await;
        let baselines = baselines(&service, SGX).await;
        let (all, selected) = shown(&baselines);
        assert_eq!(selected, expected, "{identifier}");
        assert!(all.contains(&("cautious", 20)), "{all:?}");
        assert!(!all.iter().any(|(name, _)| *name == "impossible"), "{all:?}");
    }
}

#[tokio::test]
async fn types_without_intels_levels_have_none_and_readers_only_are_told() {
    let server = PccsServer::start(forge()).await.unwrap();
    let service = service(&server, None).await;
    for kind in ["SevSnpVm", "AzureGuest", "Tpm"] {
        let path = format!("/tcbbaselines/{kind}?api-version=2025-06-01");
        assert!(baselines(&service, &path).await.is_empty());
    }
    let tdx = baselines(&service, "/tcbbaselines/tdxvm?api-version=2025-06-01").await;
    assert!(!tdx.is_empty());
    assert!(
        tdx.iter()
            .all(|baseline| baseline["minimumPswLinuxVersion"].is_null())
    );
    for (path, status) in [
        (SGX, 401),
        ("/p/shared/tcbbaselines/SgxEnclave?api-version=2025-06-01", 200),
        ("/p/shared/tcbbaselines/Nonsense?api-version=2025-06-01", 400),
        ("/p/shared/tcbbaselines/SgxEnclave", 400),
        ("/p/nobody/tcbbaselines/SgxEnclave?api-version=2025-06-01", 404),
    ] {
        assert_eq!(service.get(path).await.status, status, "{path}");
    }
}

#[tokio::test]
async fn documented_versions_of_platform_software_are_told() {
    let mut setup = Setup::forged(&forge());
    setup.main_provider().settings.baselines = [("old".to_owned(), "number=11".parse().unwrap())].into();
    let service = Service::start(setup).await;
    let baselines = baselines(&service, SGX).await;
    // As MAA's specification shows it.
    assert_eq!(
        baselines.last().unwrap(),
        &json!({
            "tcbIdentifier": "old", "tcbEvaluationDataNumber": 11, "tcbReleaseDate": "2021-06-09T00:00:00",
            "minimumPswLinuxVersion": "2.13.3", "minimumPswWindowsVersion": "2.13.100.2", "isSelectedTcb": false,
        })
    );
}
