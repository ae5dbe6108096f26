//! Who may do what, to which provider: every operation that needs a caller, as each role in each scope, and as nobody.

use std::{io::Write, sync::Arc};

use attestry_api::{
    jwk::{Jwk, JwkSet},
    jws,
    policy_envelope::wrap_unsigned,
};
use attestry_service::{
    authn::Authenticator,
    config::Config,
    token::{SigningAlgorithm, SigningKey},
};
use axum::body::Body;
use http::{Method, Request, header};
use serde_json::json;
use tempfile::NamedTempFile;

use crate::support::{Answer, NOW, ProviderSetup, Service, Setup, forge};
use attestry_service::provider::ProviderMode;

const ISSUER: &str = "https://issuer.example/tenant";
const PERMIT: &str = "version=1.0; authorizationrules{=> permit();};";

/// A service that trusts an issuer whose keys are in a file, with the providers `dev` (at the base URL), `tenant` and,
/// created as a resource of subscription `s` and group `rg`, `created`.
struct World {
    service: Service,
    key: SigningKey,
    _keys: NamedTempFile,
}

/// Somebody, by `oid`, with a role in a scope.
const ASSIGNED: &[(&str, &str, &str)] = &[
    ("reader", "reader", "tenant"),
    ("contributor", "contributor", "tenant"),
    ("owner", "owner", "tenant"),
    ("operator", "operator", "/"),
    ("everywhere", "owner", "/"),
    ("subscriber", "owner", "/subscriptions/s"),
    ("grouped", "owner", "/subscriptions/s/resourceGroups/rg"),
    ("elsewhere", "owner", "/subscriptions/other"),
];

impl World {
    async fn new() -> Self {
        let key = SigningKey::generate(SigningAlgorithm::Rs256).unwrap();
        let jwk = Jwk {
            kid: Some("one".to_owned()),
            alg: Some("RS256".to_owned()),
            ..Jwk::from_spki(key.spki()).unwrap()
        };
        let mut keys = NamedTempFile::new().unwrap();
        let set = serde_json::to_vec(&JwkSet { keys: vec![jwk] }).unwrap();
        keys.write_all(&set).unwrap();
        let mut assignments = String::new();
        for (oid, role, scope) in ASSIGNED {
            let assignment = [
                "[[authorization.assignment]]".to_owned(),
                format!("role = \"{role}\""),
                format!("scopes = [\"{scope}\"]"),
                "claim = \"oid\"".to_owned(),
                format!("value = \"{oid}\"\n"),
            ];
            assignments += &assignment.join("\n");
        }
        let text = format!(
            "[[authentication.issuer]]\nissuer = \"{ISSUER}\"\njwks_file = \"{}\"\n{assignments}",
            keys.path().display()
        );
        let config: Config = toml::from_str(&text).unwrap();
        let authenticator = Authenticator::new(&config.authentication, &config.authorization).unwrap();
        let mut setup = Setup::forged(&forge());
        setup
            .providers
            .push(ProviderSetup::new("tenant", ProviderMode::Aad));
        setup.authenticator = Arc::new(authenticator);
        let world = Self {
            service: Service::start(setup).await,
            key,
            _keys: keys,
        };
        let created = world
            .ask(
                "operator",
                &Method::PUT,
                CREATED,
                &json!({ "location": "eastus" }).to_string(),
            )
            .await;
        assert_eq!(created.status, 201, "{}", created.text());
        world
    }

    fn token(&self, oid: &str) -> String {
        let header = json!({ "alg": "RS256", "kid": "one", "typ": "JWT" });
        let claims = json!({
            "iss": ISSUER, "aud": "https://attest.azure.net", "oid": oid, "exp": NOW + 600, "nbf": NOW, "iat": NOW,
        });
        let input = jws::signing_input(&header, &claims);
        let signature = self.key.sign(input.as_bytes()).unwrap();
        jws::assemble(input, &signature)
    }

    async fn ask(&self, who: &str, method: &Method, path: &str, body: &str) -> Answer {
        let request = Request::builder()
            .method(method.clone())
            .uri(path)
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token(who)));
        self.service
            .send(request.body(Body::from(body.to_owned())).unwrap())
            .await
    }
}

const CREATED: &str = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Attestation/attestationProviders/created?api-version=2021-06-01";

/// What is asked of the provider at a path, and the role that is enough.
fn operations() -> Vec<(Method, &'static str, String, &'static [&'static str])> {
    const ALL: &[&str] = &["reader", "contributor", "owner", "operator"];
    const CHANGE: &[&str] = &["contributor", "owner"];
    let policy = wrap_unsigned(PERMIT);
    let read = |path| (Method::GET, path, String::new(), ALL);
    vec![
        read("/policies/SgxEnclave?api-version=2020-10-01"),
        read("/certificates?api-version=2020-10-01"),
        read("/attestry/v1/policies/SgxEnclave/history"),
        read("/attestry/v1/policies/SgxEnclave/diff"),
        read("/attestry/v1/certificates/history"),
        read("/attestry/v1/changes"),
        read("/attestry/v1/settings"),
        (
            Method::PUT,
            "/policies/SgxEnclave?api-version=2020-10-01",
            policy.clone(),
            CHANGE,
        ),
        (
            Method::POST,
            "/policies/SgxEnclave:reset?api-version=2020-10-01",
            "eyJhbGciOiJub25lIn0..".to_owned(),
            CHANGE,
        ),
        (
            Method::POST,
            "/certificates:add?api-version=2020-10-01",
            policy.clone(),
            CHANGE,
        ),
        (
            Method::POST,
            "/certificates:remove?api-version=2020-10-01",
            policy.clone(),
            CHANGE,
        ),
        (
            Method::POST,
            "/attestry/v1/policies/SgxEnclave:dryRun",
            policy.clone(),
            CHANGE,
        ),
        (
            Method::POST,
            "/attestry/v1/policies/SgxEnclave:rollback",
            "{\"revision\":1}".to_owned(),
            CHANGE,
        ),
        (
            Method::POST,
            "/attestry/v1/changes/00:approve",
            String::new(),
            CHANGE,
        ),
        (
            Method::POST,
            "/attestry/v1/changes/00:reject",
            String::new(),
            CHANGE,
        ),
        (
            Method::PUT,
            "/attestry/v1/settings",
            "{\"settings\":{}}".to_owned(),
            CHANGE,
        ),
    ]
}

#[tokio::test]
async fn each_role_may_do_what_it_says_at_its_own_provider_and_nothing_elsewhere() {
    let world = World::new().await;
    for (method, path, body, enough) in operations() {
        for (oid, role, _) in ASSIGNED
            .iter()
            .filter(|(_, role, scope)| *scope == "tenant" || *role == "operator")
        {
            let own = world.ask(oid, &method, &format!("/p/tenant{path}"), &body).await;
            let allowed = enough.contains(role);
            assert_eq!(
                own.status == 403,
                !allowed,
                "{oid}: {method} {path}: {}",
                own.text()
            );
            assert!(
                own.status != 401 && own.status.as_u16() < 500,
                "{oid}: {method} {path}: {}",
                own.text()
            );
            if !allowed {
                let (code, message) = own.error();
                assert_eq!(code, "Forbidden");
                assert!(message.contains("one of these roles is needed"), "{message}");
            }
            // The role in one provider is none in another, which shares the host.
            if *role != "operator" {
                for other in ["", "/p/created"] {
                    let elsewhere = world.ask(oid, &method, &format!("{other}{path}"), &body).await;
                    assert_eq!(elsewhere.status, 403, "{oid}: {method} {other}{path}");
                }
            }
        }
        let anonymous = Request::builder()
            .method(method.clone())
            .uri(format!("/p/tenant{path}"));
        let answer = world
            .service
            .send(anonymous.body(Body::from(body.clone())).unwrap())
            .await;
        assert_eq!(answer.status, 401, "{method} {path}");
        assert!(
            answer.header("www-authenticate").starts_with("Bearer "),
            "{method} {path}"
        );
        let nobody = world
            .ask("stranger", &method, &format!("/p/tenant{path}"), &body)
            .await;
        assert_eq!(nobody.status, 403, "{method} {path}");
    }
}

#[tokio::test]
async fn scopes_of_resources_reach_the_providers_in_them() {
    let world = World::new().await;
    let path = "/p/created/policies/SgxEnclave?api-version=2020-10-01";
    for (who, allowed) in [
        ("subscriber", true),
        ("grouped", true),
        ("everywhere", true),
        ("elsewhere", false),
        ("owner", false),
    ] {
        for (method, body) in [(Method::GET, String::new()), (Method::PUT, wrap_unsigned(PERMIT))] {
            let answer = world.ask(who, &method, path, &body).await;
            assert_eq!(answer.status == 200, allowed, "{who}: {}", answer.text());
        }
        let resource = world.ask(who, &Method::GET, CREATED, "").await;
        assert_eq!(resource.status == 200, allowed, "{who}: {}", resource.text());
    }
    // An operator changes nobody's policies, also those of the provider that they created.
    let other = "/p/tenant/policies/SgxEnclave?api-version=2020-10-01";
    for path in [path, other] {
        let answer = world
            .ask("operator", &Method::PUT, path, &wrap_unsigned(PERMIT))
            .await;
        assert_eq!(answer.status, 403, "{path}");
    }
}

#[tokio::test]
async fn a_token_at_an_anonymous_operation_may_be_anything() {
    let world = World::new().await;
    for token in ["x", "a.b.c", "", &world.token("reader")] {
        let request =
            Request::get("/p/tenant/certs").header(header::AUTHORIZATION, format!("Bearer {token}"));
        let answer = world.service.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, 200, "{token}");
    }
}

/// One request is for one provider: the one whose host or path it names, whatever other headers say.
#[tokio::test]
async fn headers_do_not_choose_the_provider() {
    let world = World::new().await;
    let token = world.token("contributor");
    for (name, value) in [
        ("tenantName", "tenant"),
        ("x-forwarded-host", "tenant.attest.test"),
        ("forwarded", "host=tenant.attest.test"),
        ("x-original-url", "/p/tenant/policies/SgxEnclave"),
        ("x-rewrite-url", "/p/tenant/policies/SgxEnclave"),
        ("host", "tenant"),
    ] {
        let request = Request::put("/p/created/policies/SgxEnclave?api-version=2020-10-01")
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .header(name, value);
        let answer = world
            .service
            .send(request.body(Body::from(wrap_unsigned(PERMIT))).unwrap())
            .await;
        assert_eq!(answer.status, 403, "{name}");
    }
    for path in [
        "/p/created/p/tenant/policies/SgxEnclave",
        "/p/created/../tenant/policies/SgxEnclave",
        "/p/created%2f..%2ftenant/policies/SgxEnclave",
        "/p/tenant%00/policies/SgxEnclave",
    ] {
        let request = Request::put(format!("{path}?api-version=2020-10-01"))
            .header(header::AUTHORIZATION, format!("Bearer {token}"));
        let answer = world
            .service
            .send(request.body(Body::from(wrap_unsigned(PERMIT))).unwrap())
            .await;
        assert!(
            [403, 404].contains(&answer.status.as_u16()),
            "{path}: {}",
            answer.status
        );
    }
}
