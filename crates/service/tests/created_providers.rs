//! Providers that requests created, over real connections and across restarts.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail loudly")]

use std::path::Path;

use attestry_service::config::{Config, ProviderConfig};
use attestry_service::server::{DevFixtures, Mode, RunningServer, Server, StartError};
use http::{Method, StatusCode};
use reqwest::{Certificate, Client, Response};
use serde_json::{Value, json};
use tempfile::TempDir;

const GROUP: &str = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Attestation/attestationProviders";

fn config(directory: &Path) -> Config {
    let mut config = Config::default();
    config.server.listen = "127.0.0.1:0".parse().unwrap();
    config.store.data_dir = directory.join("data");
    config.collateral.sources.clear();
    config
}

struct Running {
    server: RunningServer,
    client: Client,
}

impl Running {
    async fn start(directory: &Path) -> Self {
        let mode = Mode::Dev(DevFixtures::default());
        let server = Server::start(config(directory), mode).await.unwrap();
        let pem = std::fs::read(server.development_ca().unwrap()).unwrap();
        let client = Client::builder()
            .tls_certs_only([Certificate::from_pem(&pem).unwrap()])
            .no_proxy()
            .build()
            .unwrap();
        Self { server, client }
    }

    async fn ask(&self, method: Method, path: &str, body: Value) -> Response {
        let url = format!("{}{path}?api-version=2021-06-01", self.server.base_url());
        let request = self.client.request(method, url).bearer_auth("test");
        request.json(&body).send().await.unwrap()
    }

    /// The status of a provider's keys, asked for with a header that claims another address.
    async fn certs(&self, provider: &str) -> StatusCode {
        let url = format!("{}/p/{provider}/certs", self.server.base_url());
        let request = self.client.get(url).header("x-forwarded-for", "10.9.8.7");
        request.send().await.unwrap().status()
    }
}

#[tokio::test]
async fn created_providers_are_there_after_a_restart_as_they_were() {
    let directory = TempDir::new().unwrap();
    let running = Running::start(directory.path()).await;
    let provider = format!("{GROUP}/Contoso");
    let open = json!({ "location": "East US", "tags": { "team": "payments" } });
    assert_eq!(running.ask(Method::PUT, &provider, open).await.status(), 201);
    let private = json!({ "location": "eastus", "properties": { "publicNetworkAccess": "Disabled" } });
    let closed = format!("{GROUP}/closed");
    assert_eq!(running.ask(Method::PUT, &closed, private).await.status(), 201);
    let gone = format!("{GROUP}/gone");
    let east = json!({ "location": "eastus" });
    running.ask(Method::PUT, &gone, east).await;
    assert_eq!(
        running.ask(Method::DELETE, &gone, Value::Null).await.status(),
        200
    );
    let shown: Value = running
        .ask(Method::GET, &provider, Value::Null)
        .await
        .json()
        .await
        .unwrap();
    assert!(running.server.shutdown().await);

    let running = Running::start(directory.path()).await;
    let again: Value = running
        .ask(Method::GET, &provider, Value::Null)
        .await
        .json()
        .await
        .unwrap();
    // The port is another one.
    assert_eq!(again["systemData"], shown["systemData"]);
    assert_eq!(again["tags"], shown["tags"]);
    assert_eq!(running.certs("contoso").await, 200);
    assert_eq!(running.certs("closed").await, 403);
    assert_eq!(running.certs("gone").await, 404);
    let connection = format!("{closed}/privateEndpointConnections/here");
    let elsewhere = json!({ "properties": { "x-attestry-networks": ["10.0.0.0/8"],
        "privateLinkServiceConnectionState": { "status": "Approved" } } });
    running.ask(Method::PUT, &connection, elsewhere).await;
    assert_eq!(
        running.certs("closed").await,
        403,
        "what a header claims does not count"
    );
    let here = json!({ "properties": { "x-attestry-networks": ["127.0.0.0/8"] } });
    running.ask(Method::PUT, &connection, here).await;
    assert_eq!(running.certs("closed").await, 200);
    running.server.reload().await.unwrap();
    assert_eq!(running.certs("closed").await, 200);
    assert!(running.server.shutdown().await);

    let running = Running::start(directory.path()).await;
    assert_eq!(running.certs("closed").await, 200);
    let restore = "/attestry/v1/deleted-providers/gone:restore";
    assert_eq!(
        running.ask(Method::POST, restore, Value::Null).await.status(),
        200
    );
    assert_eq!(running.certs("gone").await, 200);
    assert!(running.server.shutdown().await);
}

#[tokio::test]
async fn providers_are_created_after_a_reload_too() {
    let directory = TempDir::new().unwrap();
    let running = Running::start(directory.path()).await;
    running.server.reload().await.unwrap();
    let provider = format!("{GROUP}/contoso");
    let east = json!({ "location": "eastus" });
    assert_eq!(running.ask(Method::PUT, &provider, east).await.status(), 201);
    assert_eq!(running.certs("contoso").await, 200);
    assert!(running.server.shutdown().await);
}

#[tokio::test]
async fn a_configured_provider_does_not_take_the_place_of_a_created_one() {
    let directory = TempDir::new().unwrap();
    let running = Running::start(directory.path()).await;
    let east = json!({ "location": "eastus" });
    running.ask(Method::PUT, &format!("{GROUP}/contoso"), east).await;
    assert!(running.server.shutdown().await);

    let mut config = config(directory.path());
    config.provider = vec![ProviderConfig {
        name: "contoso".to_owned(),
        ..ProviderConfig::default()
    }];
    let refused = Server::start(config, Mode::Dev(DevFixtures::default()))
        .await
        .err();
    assert!(
        matches!(&refused, Some(StartError::Provider { name, reason })
            if name == "contoso" && reason.contains("created by a request")),
        "{refused:?}"
    );
}
