use attestry_api::jws;
use serde_json::json;

use super::*;
use crate::config::Config;
use crate::token::{SigningAlgorithm, SigningKey};

const NOW: UnixTime = UnixTime::new(1_800_000_000);
const ISSUER: &str = "https://login.example";

/// An issuer whose keys are in a file.
struct Offline {
    key: SigningKey,
    directory: tempfile::TempDir,
}

impl Offline {
    fn new() -> Self {
        let offline = Self {
            key: SigningKey::generate(SigningAlgorithm::Es256).unwrap(),
            directory: tempfile::tempdir().unwrap(),
        };
        offline.publish(&offline.key);
        offline
    }

    fn publish(&self, key: &SigningKey) {
        let mut jwk = attestry_api::jwk::Jwk::from_spki(key.spki()).unwrap();
        jwk.kid = Some(key.kid().to_owned());
        let set = serde_json::to_string(&attestry_api::jwk::JwkSet { keys: vec![jwk] }).unwrap();
        std::fs::write(self.directory.path().join("keys.json"), set).unwrap();
    }

    fn config(&self, more: &str) -> Config {
        let file = self.directory.path().join("keys.json");
        let text = format!(
            "[[authentication.issuer]]\nissuer = \"{ISSUER}\"\njwks_file = \"{}\"\n{more}",
            file.display()
        );
        Config::from_layers(&text, []).unwrap()
    }

    fn authenticator(&self, more: &str) -> Authenticator {
        let config = self.config(more);
        Authenticator::new(&config.authentication, &config.authorization).unwrap()
    }

    fn token(&self, more: &Value) -> String {
        signed(&self.key, more)
    }
}

fn signed(key: &SigningKey, more: &Value) -> String {
    let mut claims = json!({
        "iss": ISSUER, "aud": "https://attest.azure.net", "sub": "somebody", "exp": NOW.seconds() + 600,
    });
    for (name, value) in more.as_object().unwrap() {
        claims[name] = value.clone();
    }
    let header = json!({"alg": key.algorithm().as_str(), "kid": key.kid(), "typ": "JWT"});
    let input = jws::signing_input(&header, &claims);
    let signature = key.sign(input.as_bytes()).unwrap();
    jws::assemble(input, &signature)
}

async fn who(authenticator: &Authenticator, bearer: &str) -> Result<Principal, AuthnError> {
    with(authenticator, bearer, None).await
}

async fn with(
    authenticator: &Authenticator,
    bearer: &str,
    client_certificate: Option<&[u8]>,
) -> Result<Principal, AuthnError> {
    let credentials = Credentials {
        bearer: Some(bearer),
        client_certificate,
    };
    authenticator.authenticate(credentials, NOW).await
}

#[tokio::test]
async fn a_token_names_its_holder_and_gives_the_assigned_roles() {
    let offline = Offline::new();
    let authenticator = offline.authenticator(
        "[[authorization.assignment]]\nrole = \"contributor\"\nscopes = [\"tenant1\"]\nclaim = \"roles\"\nvalue = \"editors\"\n",
    );
    let token = offline.token(&json!({
        "oid": "o", "appid": "a", "tid": "t", "upn": "a@example.com", "roles": ["editors"],
    }));
    let principal = who(&authenticator, &token).await.unwrap();
    assert_eq!(principal.id(), "https://login.example#o");
    assert_eq!(principal.application_id.as_deref(), Some("a"));
    assert_eq!(principal.tenant_id.as_deref(), Some("t"));
    assert_eq!(principal.display_name.as_deref(), Some("a@example.com"));
    assert_eq!(principal.grants.len(), 1);
    assert_eq!(principal.grants[0].role, Role::Contributor);

    let stranger = who(&authenticator, &offline.token(&json!({}))).await.unwrap();
    assert_eq!(stranger.id(), "https://login.example#somebody");
    assert_eq!(stranger.grants, []);
}

#[tokio::test]
async fn tokens_of_others_are_refused() {
    let offline = Offline::new();
    let authenticator = offline.authenticator("");
    for (token, error) in [
        (
            offline.token(&json!({"iss": "https://other.example"})),
            AuthnError::UnknownIssuer,
        ),
        (offline.token(&json!({"sub": ""})), AuthnError::NoSubject),
        (offline.token(&json!({"sub": 7})), AuthnError::NoSubject),
        (
            signed(
                &SigningKey::generate(SigningAlgorithm::Es256).unwrap(),
                &json!({}),
            ),
            AccessTokenError::UnknownKey.into(),
        ),
        (
            offline.token(&json!({"aud": "https://vault.azure.net"})),
            AccessTokenError::Audience.into(),
        ),
    ] {
        assert_eq!(who(&authenticator, &token).await, Err(error));
    }
    assert!(matches!(
        who(&authenticator, "dev-token").await,
        Err(AuthnError::Token(_))
    ));
    assert_eq!(
        authenticator.authenticate(Credentials::default(), NOW).await,
        Err(AuthnError::Missing)
    );
    assert_eq!(
        who(&Authenticator::closed(), &offline.token(&json!({}))).await,
        Err(AuthnError::NotConfigured)
    );
}

#[tokio::test]
async fn a_file_of_keys_is_read_again_when_asked_and_kept_when_it_is_bad() {
    let offline = Offline::new();
    let authenticator = offline.authenticator("");
    let next = SigningKey::generate(SigningAlgorithm::Es384).unwrap();
    offline.publish(&next);
    let (old, new) = (offline.token(&json!({})), signed(&next, &json!({})));
    assert!(who(&authenticator, &old).await.is_ok());
    assert!(who(&authenticator, &new).await.is_err());

    authenticator.reload().unwrap();
    assert!(who(&authenticator, &new).await.is_ok());
    assert_eq!(
        who(&authenticator, &old).await,
        Err(AccessTokenError::UnknownKey.into())
    );

    for bad in ["{\"keys\":[]}", "keys", ""] {
        std::fs::write(offline.directory.path().join("keys.json"), bad).unwrap();
        assert!(matches!(
            authenticator.reload(),
            Err(AuthnSetupError::Issuer {
                error: IssuerError::Keys { .. },
                ..
            })
        ));
        assert!(who(&authenticator, &new).await.is_ok());
        let config = offline.config("");
        assert!(Authenticator::new(&config.authentication, &config.authorization).is_err());
    }
}

#[tokio::test]
async fn a_token_bound_to_a_certificate_needs_it() {
    let offline = Offline::new();
    let authenticator = offline.authenticator("");
    let certificate = b"any bytes: the listener verified them";
    let hash = b64::encode_url(&certificate::sha256(certificate));
    let bound = offline.token(&json!({"cnf": {"x5t#S256": hash}}));
    assert!(with(&authenticator, &bound, Some(&certificate[..])).await.is_ok());
    assert_eq!(with(&authenticator, &bound, None).await, Err(AuthnError::Bound));
    assert_eq!(
        with(&authenticator, &bound, Some(b"other")).await,
        Err(AuthnError::Bound)
    );
    for confirmation in [json!({"jkt": "AAAA"}), json!({}), json!(null), json!("x")] {
        let token = offline.token(&json!({"cnf": confirmation}));
        assert_eq!(
            with(&authenticator, &token, Some(&certificate[..])).await,
            Err(AuthnError::Bound)
        );
    }
}

#[tokio::test]
async fn a_client_certificate_counts_within_its_time_however_old_the_connection() {
    let config =
        Config::from_layers("[authentication.client_certificates]\nca_file = \"ca.pem\"\n", []).unwrap();
    let authenticator = Authenticator::new(&config.authentication, &config.authorization).unwrap();
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(vec!["client.example".to_owned()]).unwrap();
    params.not_before = rcgen::date_time_ymd(2027, 1, 1);
    params.not_after = rcgen::date_time_ymd(2027, 1, 2);
    let certificate = params.self_signed(&key).unwrap();
    let at = async |now: i64| {
        let credentials = Credentials {
            bearer: None,
            client_certificate: Some(certificate.der()),
        };
        authenticator.authenticate(credentials, UnixTime::new(now)).await
    };
    let (not_before, not_after) = (1_798_761_600, 1_798_848_000);
    for now in [not_before, not_before + 1, not_after] {
        assert!(at(now).await.is_ok(), "{now}");
    }
    let refused = Err(AuthnError::CertificateTime {
        not_before: UnixTime::new(not_before),
        not_after: UnixTime::new(not_after),
    });
    for now in [not_before - 1, not_after + 1] {
        assert_eq!(at(now).await, refused, "{now}");
    }
}

#[tokio::test]
async fn plain_http_is_for_development_alone() {
    let config =
        Config::from_layers("[[authentication.issuer]]\nissuer = \"http://localhost:9\"\n", []).unwrap();
    let (authentication, authorization) = (&config.authentication, &config.authorization);
    assert!(matches!(
        Authenticator::new(authentication, authorization),
        Err(AuthnSetupError::Issuer {
            error: IssuerError::Address { .. },
            ..
        })
    ));
    let embedded = DevelopmentIssuer::new("https://localhost:8443").unwrap();
    assert!(Authenticator::new_for_development(authentication, authorization, embedded).is_ok());
}
