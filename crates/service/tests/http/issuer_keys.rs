//! The keys of an issuer: found, cached, rotated, and used on while the issuer is down, but not for ever.

use std::sync::Arc;

use attestry_api::access_token::AccessTokenError;
use attestry_evidence::time::UnixTime;
use attestry_service::authn::{Authenticator, AuthnError, Credentials};
use attestry_service::config::{AuthenticationConfig, AuthorizationConfig, IssuerConfig};
use attestry_service::token::SigningKey;
use http::StatusCode;
use serde_json::json;

use super::oidc::{Oidc, key_set, new_key};
use super::support::NOW;

fn trusting(issuer: IssuerConfig) -> Arc<Authenticator> {
    let authentication = AuthenticationConfig {
        issuer: vec![issuer],
        ..AuthenticationConfig::default()
    };
    Arc::new(Authenticator::new(&authentication, &AuthorizationConfig::default()).unwrap())
}

/// What becomes of a token, `later` seconds after it was issued.
async fn check(authenticator: &Authenticator, token: &str, later: i64) -> Result<(), AuthnError> {
    let credentials = Credentials {
        bearer: Some(token),
        client_certificate: None,
    };
    authenticator
        .authenticate(credentials, UnixTime::new(NOW + later))
        .await
        .map(drop)
}

fn long_lived(issuer: &Oidc, key: &SigningKey) -> String {
    issuer.token(key, &json!({"exp": NOW + 10_000_000}))
}

fn unknown_key() -> Result<(), AuthnError> {
    Err(AccessTokenError::UnknownKey.into())
}

const UNAVAILABLE: Result<(), AuthnError> = Err(AuthnError::IssuerUnavailable);

#[tokio::test]
async fn keys_are_found_by_the_metadata_and_asked_for_once() {
    let key = new_key();
    let issuer = Oidc::start(&[&key]).await;
    let authenticator = trusting(issuer.config());
    assert_eq!(
        issuer.key_requests(),
        0,
        "nothing is asked for before it is needed"
    );
    let token: Arc<str> = issuer.token(&key, &json!({})).into();
    let requests: Vec<_> = (0..64)
        .map(|_| {
            let (authenticator, token) = (Arc::clone(&authenticator), Arc::clone(&token));
            tokio::spawn(async move { check(&authenticator, &token, 0).await })
        })
        .collect();
    for request in requests {
        assert_eq!(request.await.unwrap(), Ok(()));
    }
    assert_eq!((issuer.metadata_requests(), issuer.key_requests()), (1, 1));
}

#[tokio::test]
async fn an_address_of_keys_needs_no_metadata() {
    let key = new_key();
    let issuer = Oidc::start(&[&key]).await;
    let authenticator = trusting(IssuerConfig {
        jwks_uri: format!("{}/keys", issuer.url),
        ..issuer.config()
    });
    let token = issuer.token(&key, &json!({}));
    assert_eq!(check(&authenticator, &token, 0).await, Ok(()));
    assert_eq!(issuer.metadata_requests(), 0);
}

#[tokio::test]
async fn a_new_key_is_fetched_when_a_token_names_it_and_an_old_one_is_forgotten() {
    let (old, new) = (new_key(), new_key());
    let issuer = Oidc::start(&[&old]).await;
    let authenticator = trusting(issuer.config());
    let (by_old, by_new) = (long_lived(&issuer, &old), long_lived(&issuer, &new));
    assert_eq!(check(&authenticator, &by_old, 0).await, Ok(()));

    issuer.publish(&[&new]);
    // Not at once: whoever makes up names of keys must not set off a request each time.
    assert_eq!(check(&authenticator, &by_new, 29).await, unknown_key());
    assert_eq!(issuer.key_requests(), 1);
    assert_eq!(check(&authenticator, &by_new, 30).await, Ok(()));
    assert_eq!(check(&authenticator, &by_old, 31).await, unknown_key());
    assert_eq!(issuer.key_requests(), 2);
}

#[tokio::test]
async fn made_up_names_of_keys_do_not_bother_the_issuer() {
    let key = new_key();
    let issuer = Oidc::start(&[&key]).await;
    let authenticator = trusting(issuer.config());
    for _ in 0..20 {
        let stranger = issuer.token(&new_key(), &json!({}));
        assert_eq!(check(&authenticator, &stranger, 0).await, unknown_key());
    }
    assert_eq!(issuer.key_requests(), 1);
    assert_eq!(
        check(&authenticator, &issuer.token(&key, &json!({})), 0).await,
        Ok(())
    );
}

#[tokio::test]
async fn keys_are_renewed_beside_the_requests_once_they_are_old() {
    let (key, next) = (new_key(), new_key());
    let issuer = Oidc::start(&[&key]).await;
    let authenticator = trusting(issuer.config());
    let token = long_lived(&issuer, &key);
    assert_eq!(check(&authenticator, &token, 0).await, Ok(()));
    assert_eq!(check(&authenticator, &token, 3_600).await, Ok(()));
    issuer.publish(&[&key, &next]);
    assert_eq!(check(&authenticator, &token, 3_601).await, Ok(()));
    // A token that names the new key waits for the attempt that is under way, and needs none of its own.
    assert_eq!(
        check(&authenticator, &long_lived(&issuer, &next), 3_602).await,
        Ok(())
    );
    assert_eq!(issuer.key_requests(), 2);
}

#[tokio::test]
async fn an_outage_is_bridged_with_the_keys_at_hand_for_a_time() {
    let (key, next) = (new_key(), new_key());
    let issuer = Oidc::start(&[&key]).await;
    let authenticator = trusting(issuer.config());
    let (token, by_next) = (long_lived(&issuer, &key), long_lived(&issuer, &next));
    assert_eq!(check(&authenticator, &token, 0).await, Ok(()));

    issuer.answer_keys(StatusCode::INTERNAL_SERVER_ERROR, String::new());
    assert_eq!(check(&authenticator, &token, 3_601).await, Ok(()));
    // The key may be new: that cannot be known now, and is no fault of the token.
    assert_eq!(check(&authenticator, &by_next, 3_700).await, UNAVAILABLE);
    assert_eq!(check(&authenticator, &token, 86_400).await, Ok(()));
    assert_eq!(check(&authenticator, &token, 86_401).await, UNAVAILABLE);

    // Attempts keep a distance also while nothing works.
    let before = issuer.key_requests();
    assert_eq!(check(&authenticator, &token, 86_402).await, UNAVAILABLE);
    assert_eq!(issuer.key_requests(), before);
    issuer.publish(&[&key, &next]);
    assert_eq!(check(&authenticator, &token, 86_500).await, Ok(()));
    assert_eq!(check(&authenticator, &by_next, 86_500).await, Ok(()));
}

#[tokio::test]
async fn an_issuer_that_is_not_there_is_no_fault_of_the_token() {
    let key = new_key();
    let issuer = Oidc::start(&[&key]).await;
    let config = issuer.config();
    let token = issuer.token(&key, &json!({}));
    // Another authority: whoever answers there is not the issuer.
    let other = Oidc::start(&[&key]).await;
    let mistrusting = trusting(IssuerConfig {
        ca_file: other.certificate(),
        ..config.clone()
    });
    assert_eq!(check(&mistrusting, &token, 0).await, UNAVAILABLE);
    assert_eq!(issuer.metadata_requests(), 0);

    let nobody = trusting(IssuerConfig {
        issuer: "https://localhost:1".to_owned(),
        ca_file: other.certificate(),
        ..IssuerConfig::default()
    });
    let token = super::oidc::token("https://localhost:1", &key, &json!({}));
    assert_eq!(check(&nobody, &token, 0).await, UNAVAILABLE);
}

#[tokio::test]
async fn documents_that_do_not_hold_give_no_keys() {
    let key = new_key();
    let issuer = Oidc::start(&[&key]).await;
    let good = json!({"issuer": issuer.url, "jwks_uri": format!("{}/keys", issuer.url)});
    let token = issuer.token(&key, &json!({}));
    let with = |member: &str, value: &str| {
        let mut changed = good.clone();
        changed[member] = value.into();
        changed.to_string()
    };
    let plain = issuer.url.replace("https", "http");
    let twice = good
        .to_string()
        .replace('{', r#"{"issuer":"https://other.example","#);
    for (status, body) in [
        (StatusCode::OK, with("issuer", &format!("{}/", issuer.url))),
        (StatusCode::OK, with("issuer", "https://other.example")),
        (StatusCode::OK, with("jwks_uri", &format!("{plain}/keys"))),
        (StatusCode::OK, with("jwks_uri", "file:///etc/passwd")),
        (StatusCode::OK, with("jwks_uri", "/keys")),
        (StatusCode::OK, twice),
        (StatusCode::OK, "not JSON".to_owned()),
        (StatusCode::OK, " ".repeat(300_000)),
        (StatusCode::NOT_FOUND, good.to_string()),
        // A redirection is not followed, wherever it leads.
        (StatusCode::FOUND, good.to_string()),
    ] {
        issuer.answer_metadata(status, body.clone());
        let authenticator = trusting(issuer.config());
        assert_eq!(check(&authenticator, &token, 0).await, UNAVAILABLE, "{body:.100}");
    }
    assert_eq!(issuer.key_requests(), 0);

    issuer.answer_metadata(StatusCode::OK, good.to_string());
    let encryption = key_set(&[&key]).replace("\"sig\"", "\"enc\"");
    for (status, body) in [
        (StatusCode::OK, "{}".to_owned()),
        (StatusCode::OK, r#"{"keys":[]}"#.to_owned()),
        (StatusCode::OK, encryption),
        (
            StatusCode::OK,
            format!("{}{}", key_set(&[&key]), " ".repeat(300_000)),
        ),
        (StatusCode::BAD_GATEWAY, key_set(&[&key])),
    ] {
        issuer.answer_keys(status, body.clone());
        let authenticator = trusting(issuer.config());
        assert_eq!(check(&authenticator, &token, 0).await, UNAVAILABLE, "{body:.100}");
    }
    issuer.publish(&[&key]);
    assert_eq!(check(&trusting(issuer.config()), &token, 0).await, Ok(()));
}
