//! Administration against a service that answers what each test tells it to: answers must say that the very thing that
//! was sent was done.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test ends where something unexpected happens"
)]

mod support;

use std::sync::{Arc, Mutex};

use attestry_api::jwk::thumbprint;
use attestry_api::policy_token_hash;
use attestry_client::{
    AttestationType, Client, ClientError, JwkSet, NewProvider, Outcome, PolicySigner, Rollback, TokenError,
};
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use serde_json::{Value, json};
use support::{SigningKey, now};

const KIND: AttestationType = AttestationType::SgxEnclave;

/// What the fake service does; tests change it while it runs.
struct Service {
    key: Arc<SigningKey>,
    url: Mutex<String>,
    answer: Mutex<Answer>,
    request: Mutex<(String, Vec<u8>)>,
}

#[derive(Clone)]
enum Answer {
    /// A token with these claims.
    Token(Value),
    /// A token of another key.
    Forged(Value),
    /// This document, with this status.
    Document(StatusCode, Value),
}

impl Service {
    async fn start() -> (Arc<Self>, Client) {
        let service = Arc::new(Self {
            key: SigningKey::new("k"),
            url: Mutex::default(),
            answer: Mutex::new(Answer::Token(json!({}))),
            request: Mutex::default(),
        });
        let router = Router::new().fallback(answer).with_state(Arc::clone(&service));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        service.url.lock().unwrap().clone_from(&url);
        tokio::spawn(async move { axum::serve(listener, router).await });
        (service, Client::builder(url).build().unwrap())
    }

    fn answers(&self, answer: Answer) {
        *self.answer.lock().unwrap() = answer;
    }

    /// Method and target of the last request but for keys and metadata.
    fn request(&self) -> String {
        self.request.lock().unwrap().0.clone()
    }

    fn body(&self) -> String {
        String::from_utf8(self.request.lock().unwrap().1.clone()).unwrap()
    }

    fn claims(&self, more: &Value) -> Value {
        let now = now();
        let issuer = self.url.lock().unwrap().clone();
        let mut claims = json!({"iss": issuer, "iat": now, "nbf": now, "exp": now + 60});
        let more = more.as_object().unwrap().clone();
        claims.as_object_mut().unwrap().extend(more);
        claims
    }
}

async fn answer(State(service): State<Arc<Service>>, method: Method, uri: Uri, body: Bytes) -> Response {
    match uri.path() {
        "/certs" => {
            let keys = vec![service.key.jwk()];
            return Json(JwkSet { keys }).into_response();
        }
        "/.well-known/openid-configuration" => {
            let issuer = service.url.lock().unwrap().clone();
            return Json(json!({
                "response_types_supported": [], "id_token_signing_alg_values_supported": ["ES256"],
                "revocation_endpoint": "", "issuer": issuer, "jwks_uri": "", "claims_supported": [],
            }))
            .into_response();
        }
        _ => {}
    }
    *service.request.lock().unwrap() = (format!("{method} {uri}"), body.to_vec());
    let answer = service.answer.lock().unwrap().clone();
    match answer {
        Answer::Token(claims) => {
            Json(json!({"token": service.key.sign(&service.claims(&claims))})).into_response()
        }
        Answer::Forged(claims) => {
            let other = SigningKey::new("k");
            Json(json!({"token": other.sign(&service.claims(&claims))})).into_response()
        }
        Answer::Document(status, document) => (status, Json(document)).into_response(),
    }
}

fn signer() -> (PolicySigner, Vec<u8>) {
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(Vec::new())
        .unwrap()
        .self_signed(&key)
        .unwrap();
    let signer = PolicySigner::from_pem(key.serialize_pem().as_bytes(), certificate.pem().as_bytes());
    (signer.unwrap(), certificate.der().to_vec())
}

/// The claim in which an answer speaks of something else.
fn unrelated<T: std::fmt::Debug>(result: Result<T, ClientError>) -> &'static str {
    match result.unwrap_err() {
        ClientError::Token(TokenError::Unrelated { claim, .. }) => claim,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_answer_must_repeat_the_hash_of_the_policy_that_was_sent() {
    let (service, client) = Service::start().await;
    let jws = Client::unsigned_policy("version=1.0;");
    let good = json!({"x-ms-policy-result": "Updated", "x-ms-policy-token-hash": policy_token_hash(&jws)});
    service.answers(Answer::Token(good.clone()));
    let Outcome::Done(token) = client.set_policy(KIND, &jws).await.unwrap() else {
        panic!("it was made")
    };
    assert_eq!(token.claims()["x-ms-policy-result"], "Updated");
    assert!(
        service
            .request()
            .starts_with("PUT /policies/SgxEnclave?api-version=")
    );
    assert_eq!(service.body(), jws);

    for (claim, value) in [
        ("x-ms-policy-token-hash", policy_token_hash("another")),
        ("x-ms-policy-result", "Removed".to_owned()),
    ] {
        let mut claims = good.clone();
        claims[claim] = value.into();
        service.answers(Answer::Token(claims));
        assert_eq!(unrelated(client.set_policy(KIND, &jws).await), claim);
    }
    service.answers(Answer::Forged(good));
    let forged = client.set_policy(KIND, &jws).await.unwrap_err();
    assert!(
        matches!(forged, ClientError::Token(TokenError::Jwt(_))),
        "{forged:?}"
    );

    service.answers(Answer::Token(json!({"x-ms-policy-result": "Updated"})));
    assert_eq!(
        unrelated(client.reset_policy(KIND, None).await),
        "x-ms-policy-result"
    );
    assert_eq!(service.body(), "eyJhbGciOiJub25lIn0..");
}

#[tokio::test]
async fn an_answer_must_name_the_certificate_that_was_sent() {
    let (service, client) = Service::start().await;
    let (signer, certificate) = signer();
    let jws = signer.sign_certificate(&certificate, None).unwrap();
    let claims = |thumbprint: &str, result: &str| {
        Answer::Token(json!({
            "x-ms-certificate-thumbprint": thumbprint, "x-ms-policycertificates-result": result,
        }))
    };
    let thumbprint = thumbprint(&certificate);
    service.answers(claims(&thumbprint, "IsPresent"));
    client.add_policy_certificate(&jws).await.unwrap();
    assert_eq!(service.body(), format!("\"{jws}\""));
    assert_eq!(
        unrelated(client.remove_policy_certificate(&jws).await),
        "x-ms-policycertificates-result"
    );
    service.answers(claims(&"0".repeat(40), "IsPresent"));
    assert_eq!(
        unrelated(client.add_policy_certificate(&jws).await),
        "x-ms-certificate-thumbprint"
    );

    let nonsense = client.add_policy_certificate("nonsense").await.unwrap_err();
    assert!(matches!(nonsense, ClientError::Envelope { .. }), "{nonsense:?}");
}

#[tokio::test]
async fn a_policy_is_read_with_its_signer_and_a_tampered_one_is_not() {
    let (service, client) = Service::start().await;
    let (signer, certificate) = signer();
    let jws = signer.sign_policy("version=1.0;", None).unwrap();
    service.answers(Answer::Token(json!({"x-ms-policy": jws})));
    let policy = client.policy(KIND).await.unwrap();
    assert_eq!(
        (policy.text(), policy.envelope()),
        (Some("version=1.0;"), jws.as_str())
    );
    assert_eq!(policy.signer(), Some(thumbprint(&certificate)));

    let other = signer.sign_policy("version=1.1;", None).unwrap();
    let payload = other.split('.').nth(1).unwrap();
    let mut parts: Vec<_> = jws.split('.').collect();
    parts[1] = payload;
    service.answers(Answer::Token(json!({"x-ms-policy": parts.join(".")})));
    let tampered = client.policy(KIND).await.unwrap_err();
    assert!(matches!(tampered, ClientError::Malformed { .. }), "{tampered:?}");

    service.answers(Answer::Token(json!({"x-ms-policy": "eyJhbGciOiJub25lIn0.."})));
    assert_eq!(client.policy(KIND).await.unwrap().text(), None);
}

#[tokio::test]
async fn a_change_that_waits_is_not_taken_for_one_that_was_made() {
    let (service, client) = Service::start().await;
    let change = json!({
        "id": "17", "state": "pending", "change": {"operation": "setPolicy"}, "base": 3, "actor": "a",
        "createdAt": "2026-01-01T00:00:00Z", "decidedBy": null, "decidedAt": null,
    });
    service.answers(Answer::Document(
        StatusCode::ACCEPTED,
        json!({ "change": change }),
    ));
    let waiting = client
        .set_policy(KIND, &Client::unsigned_policy("p"))
        .await
        .unwrap();
    assert!(
        matches!(&waiting, Outcome::Waiting(change) if change.id == "17"),
        "{waiting:?}"
    );
    let waiting = client
        .roll_back_policy(KIND, &Rollback::Revision(2))
        .await
        .unwrap();
    assert!(matches!(waiting, Outcome::Waiting(_)));
    assert_eq!(service.body(), r#"{"revision":2}"#);

    service.answers(Answer::Document(StatusCode::OK, json!({ "change": change })));
    client.approve_change("17").await.unwrap();
    assert_eq!(service.request(), "POST /attestry/v1/changes/17:approve");
}

#[tokio::test]
async fn names_stay_within_their_segment_of_a_path() {
    let (service, client) = Service::start().await;
    let provider = json!({
        "id": "/i", "name": "n", "location": "eastus", "type": "t",
        "properties": {"trustModel": "AAD", "status": "Ready", "attestUri": "https://a", "publicNetworkAccess": null},
    });
    service.answers(Answer::Document(StatusCode::CREATED, provider));
    let control = client.control_plane("sub/../x");
    let new = NewProvider {
        location: "eastus".to_owned(),
        ..NewProvider::default()
    };
    let made = control.create("r g", "n?x", &new).await.unwrap();
    assert_eq!(made.properties.trust_model, "AAD");
    assert_eq!(made.properties.public_network_access, None);
    assert_eq!(
        service.request(),
        "PUT /subscriptions/sub%2F..%2Fx/resourceGroups/r%20g/providers/Microsoft.Attestation/attestationProviders/\
         n%3Fx?api-version=2021-06-01"
    );

    service.answers(Answer::Document(
        StatusCode::NOT_FOUND,
        json!({"error": {"code": "ResourceNotFound", "message": "the resource was not found"}}),
    ));
    let missing = control.get("g", "n").await.unwrap_err();
    assert!(
        matches!(&missing, ClientError::Service { code, status: 404, .. } if code == "ResourceNotFound"),
        "{missing:?}"
    );
}
