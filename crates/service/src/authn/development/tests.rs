use super::*;
use crate::authn::{Authenticator, Credentials, Principal};
use crate::config::Config;

const NOW: UnixTime = UnixTime::new(1_800_000_000);
const RESOURCE: &str = "https://attest.azure.net";

fn authenticator() -> Authenticator {
    let config = Config::default();
    let embedded = DevelopmentIssuer::new("https://localhost:8443").unwrap();
    Authenticator::new_for_development(&config.authentication, &config.authorization, embedded).unwrap()
}

async fn who(authenticator: &Authenticator, token: &str, now: UnixTime) -> Result<Principal, AuthnError> {
    let credentials = Credentials {
        bearer: Some(token),
        client_certificate: None,
    };
    authenticator.authenticate(credentials, now).await
}

fn roles(principal: &Principal) -> Vec<Role> {
    principal.grants.iter().map(|grant| grant.role).collect()
}

#[tokio::test]
async fn a_client_named_as_a_role_has_that_role_alone() {
    let authenticator = authenticator();
    let issuer = authenticator.embedded_issuer().unwrap();
    for role in Role::ALL {
        let token = issuer.token("tenant", role.name(), RESOURCE, NOW).unwrap();
        let principal = who(&authenticator, &token, NOW).await.unwrap();
        assert_eq!(roles(&principal), [role]);
    }
    let token = issuer.token("tenant", "anything", RESOURCE, NOW).unwrap();
    let principal = who(&authenticator, &token, NOW).await.unwrap();
    assert_eq!(roles(&principal), Role::ALL);
    assert_eq!(principal.application_id.as_deref(), Some("anything"));
    assert_eq!(principal.issuer, "https://localhost:8443/tenant/v2.0");
}

#[tokio::test]
async fn its_tokens_must_hold_where_any_other_text_passes() {
    let authenticator = authenticator();
    let issuer = authenticator.embedded_issuer().unwrap();
    assert_eq!(
        roles(&who(&authenticator, "dev-token", NOW).await.unwrap()),
        Role::ALL
    );

    let token = issuer.token("tenant", "reader", RESOURCE, NOW).unwrap();
    let late = UnixTime::new(NOW.seconds() + TOKEN_SECONDS);
    assert!(who(&authenticator, &token, late).await.is_err());
    let elsewhere = issuer
        .token("tenant", "reader", "https://vault.azure.net", NOW)
        .unwrap();
    assert!(who(&authenticator, &elsewhere, NOW).await.is_err());
    // Another service's embedded issuer has another key.
    let other = DevelopmentIssuer::new("https://localhost:8443").unwrap();
    let forged = other.token("tenant", "owner", RESOURCE, NOW).unwrap();
    assert!(who(&authenticator, &forged, NOW).await.is_err());
    // Taking the roles out of a reader's token does not make it anybody's.
    let (input, _signature) = token.rsplit_once('.').unwrap();
    assert!(who(&authenticator, &format!("{input}."), NOW).await.is_err());
}

#[test]
fn identifiers_are_stable_and_well_formed() {
    let id = stable_id(&["object", "tenant", "reader"]);
    assert_eq!(id, stable_id(&["object", "tenant", "reader"]));
    assert_ne!(id, stable_id(&["object", "tenant", "owner"]));
    assert_ne!(id, stable_id(&["object", "other", "reader"]));
    let lengths: Vec<_> = id.split('-').map(str::len).collect();
    assert_eq!(lengths, [8, 4, 4, 4, 12]);
}
