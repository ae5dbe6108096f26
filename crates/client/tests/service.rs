//! The client against a service that answers on loopback what each test tells it to.
#![expect(
    clippy::unwrap_used,
    reason = "a test ends where something unexpected happens"
)]

mod support;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use attestry_api::jws;
use attestry_client::{
    Attestation, AttestationType, Client, ClientError, Data, JwkSet, JwtError, TokenError,
};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use support::{SigningKey, now};

/// What the fake service does; tests change it while it runs.
struct Service {
    issuer: Mutex<String>,
    signs_with: Mutex<Arc<SigningKey>>,
    publishes: Mutex<Vec<Arc<SigningKey>>>,
    certs_fetched: AtomicUsize,
    metadata_fetched: AtomicUsize,
    answer: Mutex<Answer>,
    request: Mutex<Value>,
}

#[derive(Clone)]
enum Answer {
    Token { nonce: &'static str, kind: &'static str },
    Draft,
    Refusal,
    NotOurs,
}

impl Service {
    async fn start() -> (Arc<Self>, Client) {
        let key = SigningKey::new("first");
        let service = Arc::new(Self {
            issuer: Mutex::default(),
            signs_with: Mutex::new(Arc::clone(&key)),
            publishes: Mutex::new(vec![key]),
            certs_fetched: AtomicUsize::default(),
            metadata_fetched: AtomicUsize::default(),
            answer: Mutex::new(Answer::Token {
                nonce: "",
                kind: "sgx",
            }),
            request: Mutex::default(),
        });
        let router = Router::new()
            .route("/attest/{kind}", post(attest))
            .route("/certs", get(certs))
            .route("/.well-known/openid-configuration", get(metadata))
            .with_state(Arc::clone(&service));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        service.issuer.lock().unwrap().clone_from(&url);
        tokio::spawn(async move { axum::serve(listener, router).await });
        let client = Client::builder(url).build().unwrap();
        (service, client)
    }

    fn answers(&self, answer: Answer) {
        *self.answer.lock().unwrap() = answer;
    }

    fn token(&self, nonce: &str, kind: &str) -> String {
        self.signs_with.lock().unwrap().sign(&self.claims(nonce, kind))
    }

    fn claims(&self, nonce: &str, kind: &str) -> Value {
        let now = now();
        let issuer = self.issuer.lock().unwrap().clone();
        json!({"iss": issuer, "iat": now, "nbf": now, "exp": now + 60, "nonce": nonce, "x-ms-attestation-type": kind})
    }
}

async fn attest(
    State(service): State<Arc<Service>>,
    Path(kind): Path<String>,
    Json(body): Json<Value>,
) -> Response {
    *service.request.lock().unwrap() = json!({"kind": kind, "body": body});
    let answer = service.answer.lock().unwrap().clone();
    match answer {
        Answer::Token { nonce, kind } => Json(json!({"token": service.token(nonce, kind)})).into_response(),
        Answer::Draft => {
            let input = jws::signing_input(&json!({"alg": "none"}), &service.claims("", "sgx"));
            Json(json!({"token": jws::assemble(input, &[])})).into_response()
        }
        Answer::Refusal => {
            let inner = json!({"code": "tcb_status_not_accepted", "message": "m", "found": "OutOfDate"});
            let error =
                json!({"code": "InvalidParameter", "message": "the TCB is out of date", "innererror": inner});
            (
                StatusCode::BAD_REQUEST,
                [("x-ms-request-id", "00-1-2-00")],
                Json(json!({"error": error})),
            )
                .into_response()
        }
        Answer::NotOurs => (StatusCode::OK, "<html>").into_response(),
    }
}

async fn certs(State(service): State<Arc<Service>>) -> Json<JwkSet> {
    service.certs_fetched.fetch_add(1, Ordering::Relaxed);
    Json(JwkSet {
        keys: service
            .publishes
            .lock()
            .unwrap()
            .iter()
            .map(|key| key.jwk())
            .collect(),
    })
}

async fn metadata(State(service): State<Arc<Service>>) -> Json<Value> {
    service.metadata_fetched.fetch_add(1, Ordering::Relaxed);
    let issuer = service.issuer.lock().unwrap().clone();
    Json(json!({
        "response_types_supported": [], "id_token_signing_alg_values_supported": ["ES256"],
        "revocation_endpoint": "", "issuer": issuer, "jwks_uri": "", "claims_supported": [],
    }))
}

fn evidence() -> Attestation {
    Attestation::new(AttestationType::SgxEnclave, vec![3, 0])
}

#[tokio::test]
async fn an_attestation_gives_a_validated_token_and_fetches_the_keys_once() {
    let (service, client) = Service::start().await;
    service.answers(Answer::Token {
        nonce: "n",
        kind: "sgx",
    });
    let attestation = evidence().runtime_data(Data::Binary(b"key".to_vec())).nonce("n");
    for _ in 0..3 {
        let result = client.attest(&attestation).await.unwrap();
        assert!(result.is_signed());
        assert_eq!(result.claims()["nonce"], "n");
    }
    assert_eq!(service.request.lock().unwrap()["kind"], "SgxEnclave");
    assert_eq!(service.request.lock().unwrap()["body"]["quote"], "AwA");
    assert_eq!(service.certs_fetched.load(Ordering::Relaxed), 1);
    assert_eq!(service.metadata_fetched.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_new_signing_key_is_found_and_a_foreign_one_is_refused() {
    let (service, client) = Service::start().await;
    client.attest(&evidence()).await.unwrap();

    let next = SigningKey::new("second");
    *service.signs_with.lock().unwrap() = Arc::clone(&next);
    let refused = client.attest(&evidence()).await;
    let unknown = JwtError::UnknownKey {
        kid: "second".to_owned(),
    };
    assert_eq!(refused.unwrap_err(), ClientError::Token(TokenError::Jwt(unknown)));

    service.publishes.lock().unwrap().push(next);
    client.attest(&evidence()).await.unwrap();
}

#[tokio::test]
async fn a_token_for_another_nonce_type_or_issuer_is_refused() {
    let (service, client) = Service::start().await;
    service.answers(Answer::Token {
        nonce: "other",
        kind: "sgx",
    });
    let refused = client.attest(&evidence().nonce("mine")).await.unwrap_err();
    assert!(
        matches!(
            refused,
            ClientError::Token(TokenError::Unrelated { claim: "nonce", .. })
        ),
        "{refused:?}"
    );

    service.answers(Answer::Token {
        nonce: "",
        kind: "tdxvm",
    });
    let refused = client.attest(&evidence()).await.unwrap_err();
    assert!(
        matches!(refused, ClientError::Token(TokenError::Unrelated { .. })),
        "{refused:?}"
    );

    service.answers(Answer::Token {
        nonce: "",
        kind: "sgx",
    });
    client.metadata().await.unwrap();
    *service.issuer.lock().unwrap() = "https://elsewhere".to_owned();
    let refused = client.attest(&evidence()).await.unwrap_err();
    assert!(
        matches!(
            refused,
            ClientError::Token(TokenError::Jwt(JwtError::Issuer { .. }))
        ),
        "{refused:?}"
    );
}

#[tokio::test]
async fn an_unsigned_token_is_taken_for_a_draft_only() {
    let (service, client) = Service::start().await;
    service.answers(Answer::Draft);
    assert!(client.attest(&evidence()).await.unwrap_err().is_refusal());
    let draft = client
        .attest(&evidence().draft_policy("version= 1.0;"))
        .await
        .unwrap();
    assert!(!draft.is_signed());
}

#[tokio::test]
async fn a_refusal_brings_code_explanation_and_request_id() {
    let (service, client) = Service::start().await;
    service.answers(Answer::Refusal);
    let refused = client.attest(&evidence()).await.unwrap_err();
    assert!(refused.is_refusal());
    let ClientError::Service {
        status,
        code,
        inner,
        request_id,
        ..
    } = refused
    else {
        panic!("{refused:?}")
    };
    assert_eq!(
        (status, code.as_str(), request_id.as_deref()),
        (400, "InvalidParameter", Some("00-1-2-00"))
    );
    assert_eq!(inner.unwrap().found.as_deref(), Some("OutOfDate"));
}

#[tokio::test]
async fn no_service_and_no_sense_are_failures_of_the_environment() {
    let (service, client) = Service::start().await;
    service.answers(Answer::NotOurs);
    let error = client.attest(&evidence()).await.unwrap_err();
    assert!(
        matches!(error, ClientError::Malformed { .. }) && !error.is_refusal(),
        "{error:?}"
    );

    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let nobody = Client::builder(format!("http://{free}")).build().unwrap();
    let error = nobody.attest(&evidence()).await.unwrap_err();
    assert!(
        matches!(error, ClientError::Unreachable { .. }) && !error.is_refusal(),
        "{error:?}"
    );
}
