//! Whole servers, started and stopped as the command line does.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail loudly")]

use std::net::TcpListener;
use std::path::Path;

use attestry_api::policy_envelope::wrap_unsigned;
use attestry_evidence::dcap::{CollateralDocuments, Tee};
use attestry_evidence::time::UnixTime;
use attestry_forge::Seed;
use attestry_forge::amd::{AmdForge, ProductLine};
use attestry_forge::intel::{self, IntelForge};
use attestry_forge::pki::CertificateSpec;
use attestry_service::config::{
    AssignmentConfig, Config, ConfigError, ProviderConfig, ProviderMode, ServerConfig, SourceConfig,
    SourceKind,
};
use attestry_service::server::{DevFixtures, Mode, RunningServer, Server, StartError};
use attestry_service::store::{NewPolicy, PolicyOperation, StoreError};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use reqwest::{Certificate, Client, Identity};
use serde_json::{Value, json};
use tempfile::TempDir;

fn config(directory: &Path) -> Config {
    let mut config = Config::default();
    config.server.listen = "127.0.0.1:0".parse().unwrap();
    config.store.data_dir = directory.join("data");
    config.collateral.sources.clear();
    config
}

fn fixtures(now: i64) -> DevFixtures {
    let forge = IntelForge::new(Seed::default(), now);
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
    DevFixtures {
        as_of: Some(UnixTime::new(now)),
        trust_roots: vec![forge.root_certificate_der()],
        collateral: vec![(Tee::Sgx, documents)],
        ..DevFixtures::default()
    }
}

const AS_OF: i64 = 1_780_000_000;

async fn development(directory: &Path) -> RunningServer {
    Server::start(config(directory), Mode::Dev(fixtures(AS_OF)))
        .await
        .unwrap()
}

/// A client that trusts the development authority and nobody else.
fn client(server: &RunningServer) -> Client {
    let pem = std::fs::read(server.development_ca().unwrap()).unwrap();
    let certificate = Certificate::from_pem(&pem).unwrap();
    Client::builder()
        .tls_certs_only([certificate])
        .no_proxy()
        .build()
        .unwrap()
}

async fn get(client: &Client, url: String) -> Value {
    let response = client.get(url).bearer_auth("test").send().await.unwrap();
    assert_eq!(response.status(), 200);
    response.json().await.unwrap()
}

fn set<'a>(provider: &'a str, envelope: &'a str) -> NewPolicy<'a> {
    NewPolicy::new(provider, "SgxEnclave", PolicyOperation::Set(envelope), "operator")
}

#[tokio::test]
async fn a_development_server_attests_minted_evidence_over_https() {
    let directory = TempDir::new().unwrap();
    let server = development(directory.path()).await;
    let client = client(&server);
    assert_eq!(
        server.base_url(),
        format!("https://localhost:{}", server.addr().port())
    );
    assert_eq!(server.clock().now(), UnixTime::new(AS_OF));

    let forge = IntelForge::new(Seed::default(), AS_OF);
    let quote = forge.sgx_quote_spec().mint(&forge);
    for provider in ["", "/p/isolated", "/p/shared"] {
        let issuer = format!("{}{provider}", server.base_url());
        let metadata = get(&client, format!("{issuer}/.well-known/openid-configuration")).await;
        assert_eq!(metadata["issuer"], issuer.as_str());
        let response = client
            .post(format!("{issuer}/attest/SgxEnclave?api-version=2022-08-01"))
            .json(&json!({ "quote": URL_SAFE_NO_PAD.encode(&quote) }))
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 200);
        let body: Value = response.json().await.unwrap();
        let token = body["token"].as_str().unwrap();
        let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
        let claims: Value = serde_json::from_slice(&claims).unwrap();
        assert_eq!(claims["iss"], issuer.as_str());
        assert_eq!(claims["x-attestry-dev"], true);
    }
    assert_eq!(
        get(&client, format!("{}/readyz", server.base_url())).await["ready"],
        true
    );
    assert!(server.shutdown().await);
}

#[tokio::test]
async fn a_restarted_server_has_the_same_authority_and_keys() {
    let directory = TempDir::new().unwrap();
    let server = development(directory.path()).await;
    let old_client = client(&server);
    let keys = get(&old_client, format!("{}/certs", server.base_url())).await;
    assert!(server.shutdown().await);

    let server = development(directory.path()).await;

    let kids = |keys: &Value| keys["keys"][0]["kid"].as_str().unwrap().to_owned();
    let again = get(&old_client, format!("{}/certs", server.base_url())).await;
    assert_eq!(kids(&again), kids(&keys));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_whose_caller_went_away_is_recorded_before_the_server_stops() {
    let directory = TempDir::new().unwrap();
    let server = development(directory.path()).await;
    let text = "version=1.0; authorizationrules{=> permit();}; issuancerules{};";
    let put = client(&server)
        .put(format!(
            "{}/policies/SgxEnclave?api-version=2022-08-01",
            server.base_url()
        ))
        .bearer_auth("test")
        .body(wrap_unsigned(text));
    let put = tokio::spawn(put.send());
    while server.metrics().in_flight.get() == 0 && !put.is_finished() {
        tokio::task::yield_now().await;
    }
    put.abort();
    let _ = put.await;
    server.shutdown().await;
    let audit = std::fs::read_to_string(directory.path().join("data/audit.jsonl")).unwrap();
    let made = audit
        .lines()
        .filter(|line| line.contains("AuditEvent") && line.contains("Succeeded"));

    let server = development(directory.path()).await;
    let history = format!("{}/attestry/v1/policies/SgxEnclave/history", server.base_url());
    let history = get(&client(&server), history).await;
    assert_eq!(
        history["revisions"].as_array().unwrap().len(),
        made.count(),
        "{audit}"
    );
}

#[tokio::test]
async fn a_stopped_server_is_gone() {
    let directory = TempDir::new().unwrap();
    let server = development(directory.path()).await;
    let address = server.addr();
    assert!(server.shutdown().await);
    assert!(TcpListener::bind(address).is_ok(), "the port is free");
}

#[tokio::test]
async fn development_mode_stays_on_loopback() {
    let directory = TempDir::new().unwrap();
    let mut config = config(directory.path());
    config.server.listen = "0.0.0.0:0".parse().unwrap();
    let refused = Server::start(config, Mode::Dev(DevFixtures::default())).await;
    assert!(
        matches!(&refused, Err(StartError::Config(ConfigError::Key { key, .. })) if key == "server.listen"),
        "{refused:?}"
    );
}

#[tokio::test]
async fn development_mode_has_only_names_of_this_machine() {
    type Change = fn(&mut ServerConfig, &str);
    let base_url: Change = |server, value| value.clone_into(&mut server.base_url);
    let base_domain: Change = |server, value| value.clone_into(&mut server.base_domain);
    let start = async |change: Change, value: &str| {
        let directory = TempDir::new().unwrap();
        let mut config = config(directory.path());
        change(&mut config.server, value);
        Server::start(config, Mode::Dev(DevFixtures::default())).await
    };
    for (change, value, refused) in [
        (base_url, "https://attest.example", "server.base_url"),
        (base_url, "https://localhost.example", "server.base_url"),
        (base_url, "https://192.0.2.1", "server.base_url"),
        (base_domain, "attest.example", "server.base_domain"),
    ] {
        let refusal = start(change, value).await;
        assert!(
            matches!(&refusal, Err(StartError::Config(ConfigError::Key { key, .. })) if key == refused),
            "{value}: {refusal:?}"
        );
    }
    for (change, value) in [
        (base_url, "https://localhost:8443"),
        (base_url, "https://attest.localhost"),
        (base_url, "https://127.0.0.2"),
        (base_url, "https://[::1]:8443"),
        (base_domain, "localhost"),
        (base_domain, "attest.localhost"),
    ] {
        assert!(start(change, value).await.unwrap().shutdown().await, "{value}");
    }
}

#[tokio::test]
async fn development_and_production_do_not_share_a_data_directory() {
    let directory = TempDir::new().unwrap();
    let modes = || [Mode::Normal, Mode::Dev(DevFixtures::default())];
    for (index, first) in modes().into_iter().enumerate() {
        let directory = directory.path().join(index.to_string());
        let server = Server::start(config(&directory), first).await.unwrap();
        assert!(server.shutdown().await);
        let other = modes().into_iter().rev().nth(index).unwrap();

        let refused = Server::start(config(&directory), other).await;

        let data = directory.join("data");
        assert!(
            matches!(&refused, Err(StartError::Store(StoreError::OtherMode { path, .. })) if *path == data),
            "{refused:?}"
        );
        // Nothing of development mode is left behind in a directory of production.
        assert_eq!(data.join("tls").exists(), index == 1);
    }
}

#[tokio::test]
async fn without_providers_there_is_a_shared_one_at_the_base_url() {
    let directory = TempDir::new().unwrap();
    let server = Server::start(config(directory.path()), Mode::Normal)
        .await
        .unwrap();
    let client = Client::builder().no_proxy().build().unwrap();
    // Without certificates it is plain HTTP, on loopback.
    let metadata = get(
        &client,
        format!("{}/.well-known/openid-configuration", server.base_url()),
    )
    .await;
    assert_eq!(
        metadata["issuer"],
        format!("http://localhost:{}", server.addr().port())
    );
    assert_eq!(server.development_ca(), None);
    assert!(server.shutdown().await);
}

#[tokio::test]
async fn a_reload_takes_in_policies_that_were_stored_meanwhile() {
    let directory = TempDir::new().unwrap();
    let mut config = config(directory.path());
    config.provider = vec![ProviderConfig {
        name: "tenant".to_owned(),
        default: true,
        mode: ProviderMode::Aad,
        ..ProviderConfig::default()
    }];
    let server = Server::start(config, Mode::Dev(DevFixtures::default()))
        .await
        .unwrap();
    let client = client(&server);
    let url = format!("{}/policies/SgxEnclave?api-version=2022-08-01", server.base_url());
    // The policy is a claim of a token, of which everything else changes with every answer.
    let policy = async || {
        let body = get(&client, url.clone()).await;
        let token = body["token"].as_str().unwrap().to_owned();
        let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
        let claims: Value = serde_json::from_slice(&claims).unwrap();
        claims["x-ms-policy"].clone()
    };
    let before = policy().await;
    let envelope = wrap_unsigned("version= 1.0; authorizationrules { => deny(); }; issuancerules { };");
    server
        .store()
        .policy_put(&set("tenant", &envelope), UnixTime::new(AS_OF))
        .await
        .unwrap();
    assert_eq!(policy().await, before);

    server.reload().await.unwrap();

    assert_eq!(policy().await, envelope.as_str());
    assert_ne!(before, envelope.as_str());
}

#[tokio::test]
async fn a_reload_takes_in_reference_values_and_stays_as_it_was_when_it_cannot() {
    let directory = TempDir::new().unwrap();
    let forge = AmdForge::new(Seed::default(), AS_OF);
    let evidence = forge.snp_evidence(ProductLine::Milan);
    let file = directory.path().join("reference.json");
    let write = |version: u64, expires: &str| {
        let values = json!({ "version": version, "issued": "2026-01-01T00:00:00Z", "expires": expires });
        std::fs::write(&file, values.to_string()).unwrap();
    };
    write(1, "2027-01-01T00:00:00Z");
    let mut config = config(directory.path());
    config.reference_values.file = file.clone();
    config.provider = vec![ProviderConfig {
        name: "tenant".to_owned(),
        default: true,
        token_extensions: true,
        ..ProviderConfig::default()
    }];
    let line = forge.line(ProductLine::Milan);
    let fixtures = DevFixtures {
        amd_anchors: [&line.ark, &line.ask, &line.asvk]
            .map(CertificateSpec::to_der)
            .into(),
        ..fixtures(AS_OF)
    };
    let server = Server::start(config, Mode::Dev(fixtures)).await.unwrap();
    let client = client(&server);
    let url = format!("{}/attest/SevSnpVm?api-version=2022-08-01", server.base_url());
    let report = URL_SAFE_NO_PAD.encode(evidence.to_json(&forge));
    let version = async || {
        let body = json!({ "report": report });
        let response = client.post(&url).json(&body).send().await.unwrap();
        let body: Value = response.json().await.unwrap();
        let token = body["token"].as_str().unwrap();
        let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
        let claims: Value = serde_json::from_slice(&claims).unwrap();
        claims["x-attestry-reference-version"].as_u64()
    };
    assert_eq!(version().await, Some(1));
    write(2, "2027-01-01T00:00:00Z");
    assert_eq!(version().await, Some(1));
    server.reload().await.unwrap();
    assert_eq!(version().await, Some(2));

    // The same version with other values: somebody made a mistake.
    write(2, "2028-01-01T00:00:00Z");
    let refused = server.reload().await.unwrap_err();
    assert!(matches!(refused, StartError::ReferenceValues(_)), "{refused}");
    assert_eq!(version().await, Some(2));
    // An older file is passed over.
    write(1, "2027-01-01T00:00:00Z");
    server.reload().await.unwrap();
    assert_eq!(version().await, Some(2));
}

#[tokio::test]
async fn a_stored_policy_that_cannot_be_used_refuses_its_tenant_and_nobody_else() {
    let directory = TempDir::new().unwrap();
    let mut config = config(directory.path());
    config.provider = ["broken", "sound"]
        .map(|name| ProviderConfig {
            name: name.to_owned(),
            mode: ProviderMode::Aad,
            ..ProviderConfig::default()
        })
        .into();
    let server = Server::start(config, Mode::Dev(fixtures(AS_OF))).await.unwrap();
    let client = client(&server);
    let envelope = wrap_unsigned("version= 1.0; authorizationrules { => premit(); };");
    server
        .store()
        .policy_put(&set("broken", &envelope), UnixTime::new(AS_OF))
        .await
        .unwrap();
    server.reload().await.unwrap();

    let forge = IntelForge::new(Seed::default(), AS_OF);
    let quote = forge.sgx_quote_spec().mint(&forge);
    let attest = async |provider: &str| {
        let url = format!(
            "{}/p/{provider}/attest/SgxEnclave?api-version=2022-08-01",
            server.base_url()
        );
        let body = json!({ "quote": URL_SAFE_NO_PAD.encode(&quote) });
        let response = client.post(url).json(&body).send().await.unwrap();
        (
            response.status().as_u16(),
            response.json::<Value>().await.unwrap(),
        )
    };
    let (status, body) = attest("broken").await;
    assert_eq!(
        (status, &body["error"]["code"]),
        (400, &"PolicyEvaluationError".into()),
        "{body}"
    );
    assert_eq!(
        body["error"]["innererror"]["diagnostics"][0]["code"], "unknown-action",
        "{body}"
    );
    assert_eq!(attest("sound").await.0, 200);
}

/// A configuration with a certificate for `localhost`, and an authority whose clients' certificates it takes.
fn with_client_authority(directory: &Path) -> (Config, CertificateParams, KeyPair) {
    let file = |name: &str| directory.join(name);
    let server = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    std::fs::write(file("server.pem"), server.cert.pem()).unwrap();
    std::fs::write(file("server.key"), server.signing_key.serialize_pem()).unwrap();
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    std::fs::write(file("clients.pem"), authority.self_signed(&key).unwrap().pem()).unwrap();

    let mut config = config(directory);
    config.server.tls_certificate = file("server.pem");
    config.server.tls_private_key = file("server.key");
    config.authentication.client_certificates.ca_file = file("clients.pem");
    config.provider = vec![ProviderConfig {
        name: "tenant".to_owned(),
        default: true,
        mode: ProviderMode::Aad,
        ..ProviderConfig::default()
    }];
    (config, authority, key)
}

#[tokio::test]
async fn a_client_certificate_of_the_authority_gives_the_roles_assigned_to_its_name() {
    let directory = TempDir::new().unwrap();
    let (mut config, authority, authority_key) = with_client_authority(directory.path());
    config.authorization.assignment = vec![AssignmentConfig {
        role: "reader".to_owned(),
        scopes: vec!["tenant".to_owned()],
        claim: "certificate_name".to_owned(),
        value: "reader.example".to_owned(),
        issuer: String::new(),
    }];
    let trusted = std::fs::read(&config.server.tls_certificate).unwrap();
    let server = Server::start(config, Mode::Normal).await.unwrap();
    let certified = |name: &str| {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate().unwrap();
        let issuer = Issuer::from_params(&authority, &authority_key);
        let certificate = params.signed_by(&key, &issuer).unwrap();
        Identity::from_pem(format!("{}{}", key.serialize_pem(), certificate.pem()).as_bytes()).unwrap()
    };
    let policy = format!("{}/policies/SgxEnclave?api-version=2020-10-01", server.base_url());
    for (identity, read, written) in [
        (Some(certified("reader.example")), 200, 403),
        (Some(certified("other.example")), 403, 403),
        (None, 401, 401),
    ] {
        let mut client = Client::builder()
            .tls_certs_only([Certificate::from_pem(&trusted).unwrap()])
            .no_proxy();
        if let Some(identity) = identity {
            client = client.identity(identity);
        }
        let client = client.build().unwrap();
        let answer = client.get(&policy).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), read);
        let envelope = wrap_unsigned("version=1.0; authorizationrules{=> permit();}; issuancerules{};");
        let answer = client.put(&policy).body(envelope).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), written);
    }
    server.shutdown().await;
}

#[tokio::test]
async fn client_certificates_need_tls() {
    let directory = TempDir::new().unwrap();
    let (mut config, ..) = with_client_authority(directory.path());
    config.server.tls_certificate = std::path::PathBuf::new();
    config.server.tls_private_key = std::path::PathBuf::new();
    let refused = Server::start(config, Mode::Normal).await.unwrap_err();
    assert!(
        matches!(&refused, StartError::Config(ConfigError::Key { key, .. }) if key == "authentication.client_certificates.ca_file"),
        "{refused}"
    );
}

#[tokio::test]
async fn what_cannot_work_is_named_before_anything_is_served() {
    let directory = TempDir::new().unwrap();
    let start = |change: &dyn Fn(&mut Config)| {
        let mut config = config(directory.path());
        change(&mut config);
        async move { Server::start(config, Mode::Normal).await.err() }
    };
    let missing = directory.path().join("missing.pem");

    let error = start(&|config| {
        config.verification.trust_roots = vec![missing.display().to_string()];
    });
    assert!(matches!(error.await, Some(StartError::TrustRoot { root, .. }) if root.ends_with("missing.pem")));

    let error = start(&|config| {
        let mut source = SourceConfig::new(SourceKind::IntelPcs);
        source.ca_file.clone_from(&missing);
        config.collateral.sources = vec![source];
    });
    assert!(matches!(error.await, Some(StartError::Source { index: 0, .. })));

    let error = start(&|config| {
        config.server.tls_certificate.clone_from(&missing);
        config.server.tls_private_key.clone_from(&missing);
    });
    assert!(matches!(error.await, Some(StartError::Tls(_))));

    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let error = start(&|config| config.server.listen = address);
    assert!(matches!(error.await, Some(StartError::Listen { address: refused, .. }) if refused == address));

    let file = directory.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = start(&|config| config.store.data_dir = file.join("data"));
    assert!(matches!(error.await, Some(StartError::Store(_))));

    let tests = directory.path().join("never-debug.test.toml");
    let case = "name = \"debug\"\nclaims = { x-ms-sgx-is-debuggable = true }\nexpect = \"deny\"";
    std::fs::write(&tests, format!("type = \"sgx-enclave\"\n[[case]]\n{case}\n")).unwrap();
    let error = start(&|config| {
        config.provider = vec![ProviderConfig {
            name: "tenant".to_owned(),
            policy_tests: vec![tests.display().to_string()],
            ..ProviderConfig::default()
        }];
    });
    let Some(StartError::Provider { name, reason }) = error.await else {
        panic!("the default policy permits debug enclaves")
    };
    assert_eq!(name, "tenant");
    assert!(
        reason.contains("SgxEnclave")
            && reason.contains("`debug`")
            && reason.contains("never-debug.test.toml"),
        "{reason}"
    );
}

#[tokio::test]
async fn a_provider_that_becomes_shared_has_the_default_policies() {
    let directory = TempDir::new().unwrap();
    let envelope = wrap_unsigned("version= 1.0; authorizationrules { => deny(); };");
    for (mode, own) in [
        (ProviderMode::Aad, true),
        (ProviderMode::Shared, false),
        (ProviderMode::Aad, true),
    ] {
        let mut config = config(directory.path());
        config.provider = vec![ProviderConfig {
            name: "tenant".to_owned(),
            default: true,
            mode,
            ..ProviderConfig::default()
        }];
        let server = Server::start(config, Mode::Dev(DevFixtures::default()))
            .await
            .unwrap();
        if server
            .store()
            .policy_newest("tenant", "SgxEnclave")
            .await
            .unwrap()
            == 0
        {
            let new = set("tenant", &envelope);
            server
                .store()
                .policy_put(&new, UnixTime::new(AS_OF))
                .await
                .unwrap();
            server.reload().await.unwrap();
        }
        let url = format!("{}/policies/SgxEnclave?api-version=2022-08-01", server.base_url());
        let token = get(&client(&server), url).await["token"]
            .as_str()
            .unwrap()
            .to_owned();
        let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
        let claims: Value = serde_json::from_slice(&claims).unwrap();
        assert_eq!(claims["x-ms-policy"] == envelope.as_str(), own, "{mode:?}");
        assert!(server.shutdown().await);
    }
}
