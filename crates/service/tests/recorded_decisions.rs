//! Decisions that a provider wants recorded: kept across restarts, sealed, bounded, and forgotten when it does not want
//! them any more.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests may fail loudly"
)]

use std::path::Path;

use attestry_api::policy_envelope::wrap_unsigned;
use attestry_evidence::dcap::{CollateralDocuments, Tee};
use attestry_evidence::time::UnixTime;
use attestry_forge::Seed;
use attestry_forge::intel::{self, IntelForge};
use attestry_service::config::{Config, ProviderConfig, ProviderMode};
use attestry_service::server::{DevFixtures, Mode, RunningServer, Server};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::{Certificate, Client};
use serde_json::{Value, json};
use tempfile::TempDir;

const AS_OF: i64 = 1_780_000_000;

async fn start(directory: &Path, record_decisions: u32) -> (RunningServer, Client) {
    let forge = IntelForge::new(Seed::default(), AS_OF);
    let minted = forge.collateral(intel::Tee::Sgx);
    let documents = CollateralDocuments {
        tcb_info: minted.tcb_info,
        tcb_info_issuer_chain: minted.tcb_info_issuer_chain,
        qe_identity: minted.qe_identity,
        qe_identity_issuer_chain: minted.qe_identity_issuer_chain,
        root_ca_crl: minted.root_ca_crl,
        pck_crl: minted.pck_crl,
        pck_crl_issuer_chain: minted.pck_crl_issuer_chain,
    };
    let mut config = Config::default();
    config.server.listen = "127.0.0.1:0".parse().unwrap();
    config.store.data_dir = directory.join("data");
    config.collateral.sources.clear();
    config.provider = vec![ProviderConfig {
        name: "tenant".to_owned(),
        default: true,
        mode: ProviderMode::Aad,
        record_decisions,
        ..ProviderConfig::default()
    }];
    let fixtures = DevFixtures {
        as_of: Some(UnixTime::new(AS_OF)),
        trust_roots: vec![forge.root_certificate_der()],
        collateral: vec![(Tee::Sgx, documents)],
        ..DevFixtures::default()
    };
    let server = Server::start(config, Mode::Dev(fixtures)).await.unwrap();
    let pem = std::fs::read(server.development_ca().unwrap()).unwrap();
    let certificate = Certificate::from_pem(&pem).unwrap();
    let client = Client::builder()
        .tls_certs_only([certificate])
        .no_proxy()
        .build()
        .unwrap();
    (server, client)
}

async fn attest(server: &RunningServer, client: &Client) {
    let forge = IntelForge::new(Seed::default(), AS_OF);
    let body = json!({ "quote": URL_SAFE_NO_PAD.encode(forge.sgx_quote_spec().mint(&forge)) });
    let url = format!("{}/attest/SgxEnclave?api-version=2022-08-01", server.base_url());
    assert_eq!(client.post(url).json(&body).send().await.unwrap().status(), 200);
}

/// How many recorded decisions a dry run finds.
async fn replayed(server: &RunningServer, client: &Client) -> Value {
    let url = format!("{}/attestry/v1/policies/SgxEnclave:dryRun", server.base_url());
    let policy = wrap_unsigned("version=1.0; authorizationrules{=> deny();};");
    let answer = client
        .post(url)
        .bearer_auth("test")
        .body(policy)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    let report: Value = answer.json().await.unwrap();
    assert_eq!(
        report["replay"]["changed"].as_array().map(Vec::len),
        report["replay"]["decisions"]
            .as_u64()
            .map(|n| usize::try_from(n).unwrap())
    );
    report["replay"]["decisions"].clone()
}

#[tokio::test]
async fn recordings_survive_sealed_and_bounded_until_they_are_not_wanted() {
    let directory = TempDir::new().unwrap();
    let (server, client) = start(directory.path(), 3).await;
    for _ in 0..5 {
        attest(&server, &client).await;
    }
    // What waits to be written is written before the server ends.
    assert!(server.shutdown().await);
    let on_disk = std::fs::read(directory.path().join("data/attestry.db")).unwrap();
    let forge = IntelForge::new(Seed::default(), AS_OF);
    let quote = forge.sgx_quote_spec().mint(&forge);
    let encoded = URL_SAFE_NO_PAD.encode(&quote);
    for secret in [&quote[436..468], &encoded.as_bytes()[600..640], b"\"quote\""] {
        let found = on_disk.windows(secret.len()).any(|window| window == secret);
        assert!(!found, "a recorded quote is readable on disk");
    }

    let (server, client) = start(directory.path(), 3).await;
    assert_eq!(replayed(&server, &client).await, 3);
    assert!(server.shutdown().await);

    // Without recording nothing is kept, not even what was recorded before.
    let (server, client) = start(directory.path(), 0).await;
    attest(&server, &client).await;
    assert_eq!(replayed(&server, &client).await, 0);
    assert!(server.shutdown().await);
    let (server, client) = start(directory.path(), 3).await;
    assert_eq!(replayed(&server, &client).await, 0);
}
