//! Ten thousand providers, each with a policy of its own: how long a start takes, how much memory they have, and what
//! an attestation costs beside one with a single provider. Without optimisation fewer are made, and nothing is held to
//! a time; `ATTESTRY_PROVIDERS` sets their number.
#![cfg(test)]

use std::{
    fmt::Write,
    path::Path,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use attestry_api::{AttestationType, policy_envelope::wrap_unsigned};
use attestry_evidence::{
    dcap::{CollateralDocuments, Tee},
    time::UnixTime,
};
use attestry_forge::{
    Seed,
    intel::{self, IntelForge},
};
use attestry_service::{
    collateral::Edition,
    config::{Config, ProviderMode},
    provider::default_text,
    server::{Mode, RunningServer, Server},
    store::{DATABASE_FILE, Store, StoreMode},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};
use tempfile::TempDir;

const OPTIMISED: bool = cfg!(not(debug_assertions));
/// Each is one request to either server.
const ROUNDS: usize = if OPTIMISED { 1_500 } else { 20 };

fn providers() -> usize {
    let set = std::env::var("ATTESTRY_PROVIDERS").ok();
    let default = if OPTIMISED { 10_000 } else { 200 };
    set.and_then(|number| number.parse().ok()).unwrap_or(default)
}

fn name(number: usize) -> String {
    format!("tenant{number:05}")
}

/// MAA's default policy and a claim that is this provider's alone.
fn policy(number: usize) -> String {
    let default = default_text(AttestationType::SgxEnclave, ProviderMode::Aad).unwrap();
    let end = default.rfind('}').unwrap();
    let (head, tail) = default.split_at(end);
    format!(
        "{head} => issue(type=\"tenant\", value=\"{}\"); {tail}",
        name(number)
    )
}

fn config(directory: &Path, forge: &IntelForge) -> Config {
    let root = directory.join("root.der");
    std::fs::write(&root, forge.root_certificate_der()).unwrap();
    let mut config = Config::default();
    config.server.listen = "127.0.0.1:0".parse().unwrap();
    config.store.data_dir = directory.join("data");
    config.collateral.sources.clear();
    config.verification.trust_roots = vec![root.to_str().unwrap().to_owned()];
    config
}

/// Writes providers as requests would have, but all in one transaction.
async fn fill(config: &Config, providers: usize) {
    let store = Store::open_for(&config.store.options(), StoreMode::Production)
        .await
        .unwrap();
    store.close().await;
    let file = config.store.data_dir.join(DATABASE_FILE);
    let pool = SqlitePool::connect_with(SqliteConnectOptions::new().filename(file))
        .await
        .unwrap();
    let mut all = pool.begin().await.unwrap();
    for number in 0..providers {
        let name = name(number);
        sqlx::query(
            "INSERT INTO provider (name, settings, given_name, subscription, resource_group, location, tags, \
             created_by, updated_by, created_at, updated_at) \
             VALUES (?1, '{}', ?1, 's', 'rg', 'eastus', '{}', 'somebody', 'somebody', 0, 0)",
        )
        .bind(&name)
        .execute(&mut *all)
        .await
        .unwrap();
        sqlx::query(
            "INSERT INTO policy (provider, attestation_type, token, operation, actor, created_at) \
             VALUES (?1, 'SgxEnclave', ?2, 'set', 'somebody', 0)",
        )
        .bind(&name)
        .bind(wrap_unsigned(&policy(number)))
        .execute(&mut *all)
        .await
        .unwrap();
    }
    all.commit().await.unwrap();
    pool.close().await;
}

async fn start(config: Config, forge: &IntelForge) -> (RunningServer, Duration) {
    let begin = Instant::now();
    let server = Server::start(config, Mode::Normal).await.unwrap();
    let taken = begin.elapsed();
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
    let now = server.clock().now();
    server
        .collateral()
        .import(Tee::Sgx, Edition::Standard, documents, "test", now)
        .await
        .unwrap();
    (server, taken)
}

/// Bytes of memory that are resident, as the kernel counts them; none where it does not say.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    kib.unwrap_or_default() * 1024
}

async fn attest(client: &reqwest::Client, server: &RunningServer, number: usize, body: &Value) -> Duration {
    let url = format!(
        "http://{}/p/{}/attest/SgxEnclave?api-version=2022-08-01",
        server.addr(),
        name(number)
    );
    let begin = Instant::now();
    let response = client.post(url).json(body).send().await.unwrap();
    let status = response.status();
    let answer = response.text().await.unwrap();
    let taken = begin.elapsed();
    assert_eq!(status, 200, "{answer}");
    let token: Value = serde_json::from_str(&answer).unwrap();
    let payload = token["token"].as_str().unwrap().split('.').nth(1).unwrap();
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
    assert_eq!(claims["tenant"], name(number), "each by its own policy");
    taken
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_providers_start_quickly_and_attest_like_one() {
    let number = providers();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let now = UnixTime::new(i64::try_from(now).unwrap());
    let forge = IntelForge::new(Seed::default(), now.seconds());
    let (few, many) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let (config_of_one, config_of_many) = (config(few.path(), &forge), config(many.path(), &forge));
    fill(&config_of_one, 1).await;
    fill(&config_of_many, number).await;
    let (one, _) = start(config_of_one, &forge).await;
    let before = resident();
    let (all, taken) = start(config_of_many, &forge).await;
    let memory = resident().saturating_sub(before);

    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let body = json!({ "quote": URL_SAFE_NO_PAD.encode(forge.sgx_quote_spec().mint(&forge)) });
    let (mut times_of_one, mut times_of_all) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        // In turn, so that whatever else the machine does slows both.
        times_of_one.push(attest(&client, &one, 0, &body).await);
        times_of_all.push(attest(&client, &all, round * 7 % number, &body).await);
    }
    let (of_one, of_all) = (median(times_of_one), median(times_of_all));
    let ratio = of_all.as_secs_f64() / of_one.as_secs_f64();
    let mut report = String::new();
    let _ = writeln!(
        report,
        "{number} providers: start {taken:?}, {} MiB of memory",
        memory >> 20
    );
    let _ = writeln!(
        report,
        "attestation, median: one provider {of_one:?}, all {of_all:?} ({ratio:.3})"
    );
    eprint!("{report}");
    if OPTIMISED {
        assert!(taken < Duration::from_secs(2), "{report}");
        assert!(ratio < 1.05, "{report}");
    }
    assert!(one.shutdown().await && all.shutdown().await);
}
