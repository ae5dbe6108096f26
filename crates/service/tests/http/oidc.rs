//! An OpenID Connect issuer of tests: its metadata and keys over HTTPS, whatever they are told to be, and its tokens.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use attestry_api::jwk::{Jwk, JwkSet};
use attestry_api::jws;
use attestry_service::config::{IssuerConfig, ServerConfig};
use attestry_service::http::listener::{self, ListenerLimits, TlsFiles, TlsIdentity};
use attestry_service::telemetry::Metrics;
use attestry_service::token::{SigningAlgorithm, SigningKey};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Router, routing::get};
use http::StatusCode;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::support::NOW;

pub const AUDIENCE: &str = "https://attest.azure.net";

/// The issuer.
pub struct Oidc {
    pub url: String,
    served: Arc<Served>,
    directory: TempDir,
    stop: CancellationToken,
}

/// What it answers: a status and a body for each of its documents.
struct Served {
    metadata: Mutex<(StatusCode, String)>,
    keys: Mutex<(StatusCode, String)>,
    metadata_requests: AtomicUsize,
    key_requests: AtomicUsize,
}

impl Oidc {
    /// An issuer that publishes `keys`.
    pub async fn start(keys: &[&SigningKey]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let (certificate, private_key) = (directory.path().join("c.pem"), directory.path().join("k.pem"));
        std::fs::write(&certificate, cert.pem()).unwrap();
        std::fs::write(&private_key, signing_key.serialize_pem()).unwrap();
        let tls = TlsIdentity::from_files(TlsFiles {
            certificate: &certificate,
            private_key: &private_key,
            client_authorities: None,
        });
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://localhost:{}", socket.local_addr().unwrap().port());
        let metadata = json!({"issuer": url, "jwks_uri": format!("{url}/keys")});
        let served = Arc::new(Served {
            metadata: Mutex::new((StatusCode::OK, metadata.to_string())),
            keys: Mutex::new((StatusCode::OK, key_set(keys))),
            metadata_requests: AtomicUsize::new(0),
            key_requests: AtomicUsize::new(0),
        });
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(metadata_document))
            .route("/keys", get(keys_document))
            .with_state(Arc::clone(&served));
        let stop = CancellationToken::new();
        tokio::spawn(listener::serve(
            socket,
            Some(tls.unwrap()),
            router,
            ListenerLimits::from(&ServerConfig::default()),
            Arc::new(Metrics::new()),
            stop.clone(),
        ));
        Self {
            url,
            served,
            directory,
            stop,
        }
    }

    /// A configuration that trusts it.
    pub fn config(&self) -> IssuerConfig {
        IssuerConfig {
            issuer: self.url.clone(),
            ca_file: self.certificate(),
            ..IssuerConfig::default()
        }
    }

    pub fn certificate(&self) -> PathBuf {
        self.directory.path().join("c.pem")
    }

    pub fn publish(&self, keys: &[&SigningKey]) {
        self.answer_keys(StatusCode::OK, key_set(keys));
    }

    pub fn answer_keys(&self, status: StatusCode, body: String) {
        *self.served.keys.lock().unwrap() = (status, body);
    }

    pub fn answer_metadata(&self, status: StatusCode, body: String) {
        *self.served.metadata.lock().unwrap() = (status, body);
    }

    /// How often its keys were asked for.
    pub fn key_requests(&self) -> usize {
        self.served.key_requests.load(Ordering::SeqCst)
    }

    /// How often its metadata were asked for.
    pub fn metadata_requests(&self) -> usize {
        self.served.metadata_requests.load(Ordering::SeqCst)
    }

    /// A token of its for an hour, with more claims, or others.
    pub fn token(&self, key: &SigningKey, more: &Value) -> String {
        token(&self.url, key, more)
    }
}

impl Drop for Oidc {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

pub fn new_key() -> SigningKey {
    SigningKey::generate(SigningAlgorithm::Es256).unwrap()
}

pub fn key_set(keys: &[&SigningKey]) -> String {
    let published = |key: &&SigningKey| Jwk {
        kid: Some(key.kid().to_owned()),
        key_use: Some("sig".to_owned()),
        ..Jwk::from_spki(key.spki()).unwrap()
    };
    let set = JwkSet {
        keys: keys.iter().map(published).collect(),
    };
    serde_json::to_string(&set).unwrap()
}

/// A token of `issuer` for an hour, with more claims, or others.
pub fn token(issuer: &str, key: &SigningKey, more: &Value) -> String {
    let mut claims = json!({
        "iss": issuer, "aud": AUDIENCE, "sub": "somebody",
        "iat": NOW, "nbf": NOW, "exp": NOW + 3_600,
    });
    for (name, value) in more.as_object().unwrap() {
        claims[name] = value.clone();
    }
    let header = json!({"alg": key.algorithm().as_str(), "kid": key.kid(), "typ": "JWT"});
    let input = jws::signing_input(&header, &claims);
    let signature = key.sign(input.as_bytes()).unwrap();
    jws::assemble(input, &signature)
}

async fn metadata_document(State(served): State<Arc<Served>>) -> Response {
    served.metadata_requests.fetch_add(1, Ordering::SeqCst);
    answer(&served.metadata)
}

async fn keys_document(State(served): State<Arc<Served>>) -> Response {
    served.key_requests.fetch_add(1, Ordering::SeqCst);
    answer(&served.keys)
}

/// Redirections lead to the keys.
fn answer(document: &Mutex<(StatusCode, String)>) -> Response {
    let (status, body) = document.lock().unwrap().clone();
    (status, [("location", "/keys")], body).into_response()
}
