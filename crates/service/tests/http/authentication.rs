//! Callers and their rights as clients meet them: who is let in, who is told how to come in, and who is not.

use std::sync::Arc;

use attestry_api::policy_envelope::wrap_unsigned;
use attestry_service::authn::Authenticator;
use attestry_service::config::{
    AssignmentConfig, AuthenticationConfig, AuthorizationConfig, ClientCertificatesConfig, IssuerConfig,
};
use attestry_service::http::listener::ClientCertificate;
use attestry_service::token::{SigningAlgorithm, SigningKey};
use axum::body::Body;
use http::{Method, Request, StatusCode, header};
use serde_json::{Value, json};

use super::limits::Silence;
use super::oidc::{Oidc, new_key, token};
use super::signing::{Dialect, Signer, certificate_payload, policy_payload};
use super::support::{Answer, BASE_URL, Service, Setup, forge};

const POLICY: &str = "/policies/SgxEnclave?api-version=2020-10-01";
const RESET: &str = "/policies/SgxEnclave:reset?api-version=2020-10-01";
const EMPTY: &str = "eyJhbGciOiJub25lIn0..";
const ISSUER: &str = "https://login.example/tenant/v2.0";

/// A service that trusts one issuer, whose keys are in a file, and client certificates.
struct Guarded {
    service: Service,
    key: SigningKey,
    _directory: tempfile::TempDir,
}

fn assignment(role: &str, scope: &str, claim: &str, value: &str) -> AssignmentConfig {
    AssignmentConfig {
        role: role.to_owned(),
        scopes: vec![scope.to_owned()],
        claim: claim.to_owned(),
        value: value.to_owned(),
        issuer: String::new(),
    }
}

impl Guarded {
    async fn start(missing_role_is_401: bool) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let key = new_key();
        let file = directory.path().join("keys.json");
        std::fs::write(&file, super::oidc::key_set(&[&key])).unwrap();
        let authentication = AuthenticationConfig {
            issuer: vec![IssuerConfig {
                issuer: ISSUER.to_owned(),
                jwks_file: file,
                ..IssuerConfig::default()
            }],
            client_certificates: ClientCertificatesConfig {
                ca_file: "the listener's".into(),
            },
        };
        let authorization = AuthorizationConfig {
            missing_role_is_401,
            assignment: vec![
                assignment("reader", "/", "roles", "readers"),
                assignment("contributor", "dev", "roles", "editors"),
                assignment("contributor", "other", "roles", "other-editors"),
                assignment("contributor", "/", "certificate_name", "client.example"),
            ],
        };
        let authenticator = Authenticator::new(&authentication, &authorization).unwrap();
        let service = Service::start(Setup {
            authenticator: Arc::new(authenticator),
            missing_role_is_401,
            ..Setup::forged(&forge())
        })
        .await;
        Self {
            service,
            key,
            _directory: directory,
        }
    }

    fn token(&self, more: &Value) -> String {
        token(ISSUER, &self.key, more)
    }

    async fn read(&self, bearer: &str) -> Answer {
        self.send(Method::GET, POLICY, &format!("Bearer {bearer}"), None)
            .await
    }

    async fn reset(&self, bearer: &str) -> Answer {
        self.send(Method::POST, RESET, &format!("Bearer {bearer}"), None)
            .await
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        authorization: &str,
        certificate: Option<&[u8]>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if !authorization.is_empty() {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        if let Some(certificate) = certificate {
            request = request.extension(ClientCertificate(Arc::from(certificate)));
        }
        self.service.send(request.body(Body::from(EMPTY)).unwrap()).await
    }
}

#[tokio::test]
async fn roles_open_what_they_are_for_where_they_are_held() {
    let guarded = Guarded::start(false).await;
    for (roles, read, reset) in [
        (json!(["readers"]), 200, 403),
        (json!(["editors"]), 200, 200),
        (json!(["other-editors"]), 403, 403),
        (json!(["readers", "other-editors"]), 200, 403),
        (json!([]), 403, 403),
        (json!("editors"), 200, 200),
    ] {
        let bearer = guarded.token(&json!({"roles": roles}));
        assert_eq!(guarded.read(&bearer).await.status.as_u16(), read, "{roles}");
        assert_eq!(guarded.reset(&bearer).await.status.as_u16(), reset, "{roles}");
    }
    let refused = guarded
        .reset(&guarded.token(&json!({"roles": ["readers"]})))
        .await;
    let (code, message) = refused.error();
    assert_eq!(code, "Forbidden");
    assert!(message.contains("contributor, owner"), "{message}");
    assert_eq!(refused.header("www-authenticate"), "");
}

#[tokio::test]
async fn a_missing_role_is_401_as_from_maa_where_that_is_wanted() {
    let guarded = Guarded::start(true).await;
    let refused = guarded
        .reset(&guarded.token(&json!({"roles": ["readers"]})))
        .await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    assert_eq!(refused.error().0, "Unauthorized");
    assert!(
        refused
            .header("www-authenticate")
            .starts_with("Bearer authorization=")
    );
    assert!(!refused.header("www-authenticate").contains("invalid_token"));
}

#[tokio::test]
async fn who_is_not_known_is_told_how_to_become_so() {
    const INVITATION: &str =
        r#"Bearer authorization="https://login.example/tenant", resource="https://attest.azure.net""#;
    let guarded = Guarded::start(false).await;
    let nobody = guarded.send(Method::GET, POLICY, "", None).await;
    assert_eq!(nobody.status, StatusCode::UNAUTHORIZED);
    assert_eq!(nobody.header("www-authenticate"), INVITATION);

    for (authorization, description) in [
        (
            "Basic dXNlcjpwYXNz",
            "the `Authorization` header is not `Bearer <token>`",
        ),
        ("Bearer", "the `Authorization` header is not `Bearer <token>`"),
        ("Bearer dev-token", "a compact JWS has 3 parts, this has 1"),
        ("Bearer a b", "a compact JWS has 3 parts, this has 1"),
    ] {
        let refused = guarded.send(Method::GET, POLICY, authorization, None).await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{authorization}");
        assert_eq!(
            refused.header("www-authenticate"),
            format!(r#"{INVITATION}, error="invalid_token", error_description="{description}""#)
        );
    }
    let expired = guarded.read(&guarded.token(&json!({"exp": 1_000}))).await;
    assert!(expired.error().1.starts_with("the token expired at 1000"));
    assert_eq!(
        guarded.send(Method::GET, POLICY, "bEaReR dev", None).await.status,
        StatusCode::UNAUTHORIZED
    );
    let request = Request::get(POLICY)
        .header(
            header::AUTHORIZATION,
            format!("Bearer {}", guarded.token(&json!({"roles": "editors"}))),
        )
        .header(header::AUTHORIZATION, "Bearer other");
    let twice = guarded.service.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(twice.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn tokens_of_every_other_kind_open_nothing() {
    let guarded = Guarded::start(false).await;
    let service = &guarded.service;
    let editor = guarded.token(&json!({"roles": ["editors"]}));
    // What the service itself signs: the answers to policy operations ...
    let management = guarded.read(&editor).await.token();
    assert_eq!(guarded.read(&management).await.status, StatusCode::UNAUTHORIZED);
    // ... and attestation tokens.
    let attestation = service
        .post(
            "/attest/SgxEnclave?api-version=2022-08-01",
            &super::attest::sgx_request(),
        )
        .await
        .token();
    assert_eq!(guarded.read(&attestation).await.status, StatusCode::UNAUTHORIZED);
    // What administrators sign, also with the issuer's own key, and with claims like a token's.
    let signer = Signer::rsa("signer");
    for jws in [
        wrap_unsigned("version=1.0;"),
        EMPTY.to_owned(),
        signer.sign(&policy_payload("version=1.0;")),
        signer.sign_as(Dialect::Python, &certificate_payload(&signer.jwk())),
        signer.sign(&payload_of(&editor)),
    ] {
        assert_eq!(
            guarded.read(&jws).await.status,
            StatusCode::UNAUTHORIZED,
            "{jws:.60}"
        );
    }
    assert_eq!(guarded.read(&editor).await.status, StatusCode::OK);
}

fn payload_of(token: &str) -> String {
    let payload = token.split('.').nth(1).unwrap();
    String::from_utf8(attestry_api::b64::decode_url(payload).unwrap()).unwrap()
}

#[tokio::test]
async fn forged_tokens_open_nothing() {
    let guarded = Guarded::start(false).await;
    let editor = json!({"roles": ["editors"]});
    let good = guarded.token(&editor);
    let (input, _) = good.rsplit_once('.').unwrap();
    let stranger = SigningKey::generate(SigningAlgorithm::Es256).unwrap();
    let header = json!({"alg": "none", "kid": guarded.key.kid(), "typ": "JWT"});
    let unsigned = format!(
        "{}.{}.",
        attestry_api::b64::encode_url(header.to_string().as_bytes()),
        input.split_once('.').unwrap().1
    );
    for forged in [
        format!("{input}."),
        format!("{input}.{}", "A".repeat(86)),
        unsigned,
        token(ISSUER, &stranger, &editor),
        token("https://login.example/other/v2.0", &guarded.key, &editor),
        guarded.token(&json!({"roles": ["editors"], "aud": "https://vault.azure.net"})),
        guarded.token(&json!({"roles": ["editors"], "exp": "9999999999"})),
        guarded.token(&json!({"roles": ["editors"], "cnf": {"jkt": "A"}})),
        format!("{good}{}", "A".repeat(40_000)),
    ] {
        let refused = guarded.read(&forged).await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{forged:.80}");
        assert!(
            refused
                .header("www-authenticate")
                .contains("error=\"invalid_token\"")
        );
    }
}

#[tokio::test]
async fn what_is_for_anybody_does_not_mind_a_bad_token() {
    let guarded = Guarded::start(false).await;
    for path in [
        "/certs",
        "/.well-known/openid-configuration",
        "/p/shared/policies/SgxEnclave?api-version=2020-10-01",
    ] {
        for authorization in ["Bearer nonsense", "Basic x", ""] {
            let answer = guarded.send(Method::GET, path, authorization, None).await;
            assert_eq!(answer.status, StatusCode::OK, "{path} {authorization}");
        }
    }
}

#[tokio::test]
async fn a_client_certificate_is_a_second_way_and_a_token_counts_more() {
    let guarded = Guarded::start(false).await;
    let known = certificate("client.example");
    let with = async |certificate: &[u8], authorization: &str| {
        let answer = guarded
            .send(Method::POST, RESET, authorization, Some(certificate))
            .await;
        answer.status.as_u16()
    };
    assert_eq!(with(&known, "").await, 200);
    assert_eq!(with(&certificate("other.example"), "").await, 403);
    assert_eq!(with(b"not a certificate", "").await, 401);
    assert_eq!(with(&known, "Bearer nonsense").await, 401);
    let reader = format!("Bearer {}", guarded.token(&json!({"roles": ["readers"]})));
    assert_eq!(with(&known, &reader).await, 403);
}

/// A browser shows its certificate to whatever a page makes it ask, and says whose page it was.
#[tokio::test]
async fn other_sites_pages_cannot_use_a_visitors_client_certificate() {
    let guarded = Guarded::start(false).await;
    let with = async |path: &str, headers: &[(&str, &str)], bearer: Option<&str>| {
        let mut request = Request::post(path)
            .header(header::CONTENT_TYPE, "text/plain")
            .extension(ClientCertificate(Arc::from(certificate("client.example"))));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(bearer) = bearer {
            request = request.header(header::AUTHORIZATION, format!("Bearer {bearer}"));
        }
        guarded
            .service
            .send(request.body(Body::from(EMPTY)).unwrap())
            .await
    };
    for good in [
        &[][..],
        &[("sec-fetch-site", "same-origin"), ("origin", BASE_URL)],
        &[("sec-fetch-site", "none")],
    ] {
        assert_eq!(with(RESET, good, None).await.status, StatusCode::OK, "{good:?}");
    }
    let editor = guarded.token(&json!({"roles": "editors"}));
    for other in [
        &[("sec-fetch-site", "cross-site")][..],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "none"), ("sec-fetch-site", "cross-site")],
        &[("origin", "https://evil.example")],
        &[("origin", "https://localhost")],
        &[("origin", "http://localhost:8443")],
        &[("origin", "null")],
        &[("origin", "")],
        &[("origin", BASE_URL), ("origin", "https://evil.example")],
    ] {
        let refused = with(RESET, other, None).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{other:?}");
        assert_eq!(refused.error().0, "Forbidden");
        // A token is nothing that a browser adds by itself.
        let token = with(RESET, other, Some(&editor)).await;
        assert_eq!(token.status, StatusCode::OK, "{other:?}");
    }
}

fn certificate(name: &str) -> Vec<u8> {
    let certified = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
    certified.cert.der().to_vec()
}

#[tokio::test]
async fn an_issuer_that_is_down_is_503_and_not_the_callers_fault() {
    let key = new_key();
    let issuer = Oidc::start(&[&key]).await;
    issuer.answer_metadata(StatusCode::SERVICE_UNAVAILABLE, String::new());
    let authentication = AuthenticationConfig {
        issuer: vec![issuer.config()],
        ..AuthenticationConfig::default()
    };
    let authenticator = Authenticator::new(&authentication, &AuthorizationConfig::default()).unwrap();
    let service = Service::start(Setup {
        authenticator: Arc::new(authenticator),
        ..Setup::forged(&forge())
    })
    .await;
    let bearer = format!("Bearer {}", issuer.token(&key, &json!({})));
    let request = Request::get(POLICY).header(header::AUTHORIZATION, bearer);
    let answer = service.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.error().0, "ServiceUnavailable");
    assert_eq!(answer.header("retry-after"), "5");
    assert_eq!(answer.header("www-authenticate"), "");
}

#[tokio::test]
async fn nothing_is_read_from_those_who_may_not_change_what_they_ask_to_change() {
    let guarded = Guarded::start(false).await;
    let bearer = format!("Bearer {}", guarded.token(&json!({"roles": ["readers"]})));
    let group = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Attestation/attestationProviders/one";
    for (method, path) in [
        (Method::PUT, POLICY),
        (Method::POST, RESET),
        (Method::POST, "/certificates:add?api-version=2020-10-01"),
        (Method::POST, "/certificates:remove?api-version=2020-10-01"),
        (Method::POST, "/attestry/v1/policies/SgxEnclave:rollback"),
        (Method::POST, "/attestry/v1/policies/SgxEnclave:dryrun"),
        (Method::PUT, "/attestry/v1/settings"),
        (
            Method::PUT,
            "/operations/policy/current?api-version=2018-09-01-preview&tee=SgxEnclave",
        ),
        (
            Method::PUT,
            "/operations/policy/certificates?api-version=2018-09-01-preview",
        ),
        (Method::PUT, &format!("{group}?api-version=2021-06-01")),
        (Method::PATCH, &format!("{group}?api-version=2021-06-01")),
        (
            Method::PUT,
            &format!("{group}/privateEndpointConnections/c?api-version=2021-06-01"),
        ),
    ] {
        let request = Request::builder().method(method.clone()).uri(path);
        let request = request.header(header::AUTHORIZATION, &bearer);
        let answer = guarded.service.send(request.body(Body::new(Silence)).unwrap());
        let answer = tokio::time::timeout(std::time::Duration::from_secs(20), answer).await;
        let answer = answer.unwrap_or_else(|_| panic!("{method} {path} waits for its body"));
        assert_eq!(answer.status, 403, "{method} {path}: {}", answer.text());
    }
}
