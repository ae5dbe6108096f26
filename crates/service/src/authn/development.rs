//! The token issuer embedded for development: client credentials for anybody, in tokens that are verified like those of
//! a real issuer and carry the roles that the client's name asks for.
//!
//! Its key lives as long as the process. How its documents are asked for over HTTP is the routes' business.

use attestry_api::{
    access_token::{AccessToken, IssuerKeys, Rules, VerifiedAccessToken},
    hex,
    jwk::{Jwk, JwkSet},
    jws::{self, Algorithm},
};
use attestry_evidence::time::UnixTime;
use aws_lc_rs::digest;
use serde_json::{Map, Value, json};

use super::AuthnError;
use crate::authz::{Grant, Role, Scope};
use crate::config::DEFAULT_AUDIENCES;
use crate::token::{SigningAlgorithm, SigningKey, TokenError};

/// The issuer.
#[derive(Debug)]
pub struct DevelopmentIssuer {
    base_url: String,
    key: SigningKey,
    key_set: JwkSet,
    keys: IssuerKeys,
}

impl DevelopmentIssuer {
    /// An issuer below `base_url` (without a slash at the end), with a new key.
    pub fn new(base_url: &str) -> Result<Self, TokenError> {
        let key = SigningKey::generate(SigningAlgorithm::Rs256)?;
        let bare = Jwk::from_spki(key.spki()).map_err(|_| TokenError::Crypto { operation: "encode" })?;
        let key_set = JwkSet {
            keys: vec![Jwk {
                kid: Some(key.kid().to_owned()),
                alg: Some(key.algorithm().to_string()),
                key_use: Some("sig".to_owned()),
                ..bare
            }],
        };
        Ok(Self {
            base_url: base_url.to_owned(),
            keys: IssuerKeys::from_set(&key_set),
            key_set,
            key,
        })
    }

    /// The claim `iss` of a tenant's tokens, in the form of Entra ID's.
    pub fn issuer_of(&self, tenant: &str) -> String {
        format!("{}/{tenant}/v2.0", self.base_url)
    }

    /// Where the issuer is reached, without a slash at the end.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The public key.
    pub fn key_set(&self) -> &JwkSet {
        &self.key_set
    }

    /// A token for `client` to use at `resource`, good for [`TOKEN_SECONDS`].
    pub fn token(
        &self,
        tenant: &str,
        client: &str,
        resource: &str,
        now: UnixTime,
    ) -> Result<String, TokenError> {
        let now = now.seconds();
        let object_id = stable_id(&["object", tenant, client]);
        let header = json!({"alg": "RS256", "kid": self.key.kid(), "typ": "JWT"});
        let claims = json!({
            "aud": resource,
            "iss": self.issuer_of(tenant),
            "iat": now,
            "nbf": now,
            "exp": now.saturating_add(TOKEN_SECONDS),
            "appid": client,
            "azp": client,
            "idtyp": "app",
            "oid": object_id,
            "sub": object_id,
            "tid": tenant,
            "roles": roles_of(client).map(Role::name).collect::<Vec<_>>(),
            "ver": "2.0",
        });
        let input = jws::signing_input(&header, &claims);
        let signature = self.key.sign(input.as_bytes())?;
        Ok(jws::assemble(input, &signature))
    }

    /// Whether a token says that it is of this issuer.
    pub(super) fn issued(&self, token: &AccessToken<'_>) -> bool {
        let tenant = token
            .issuer()
            .strip_prefix(&self.base_url)
            .and_then(|rest| rest.strip_prefix('/'))
            .and_then(|rest| rest.strip_suffix("/v2.0"));
        tenant.is_some_and(|tenant| !tenant.is_empty() && !tenant.contains('/'))
    }

    /// Verifies a token that says so.
    pub(super) fn verify(
        &self,
        token: AccessToken<'_>,
        now: UnixTime,
    ) -> Result<VerifiedAccessToken, AuthnError> {
        let mut audiences = DEFAULT_AUDIENCES.map(str::to_owned).to_vec();
        // What the JavaScript client for Azure Resource Manager asks for.
        audiences.push(self.base_url.clone());
        let rules = Rules {
            issuer: token.issuer().to_owned(),
            audiences,
            algorithms: vec![Algorithm::Rs256],
            skew_seconds: 0,
            max_life_seconds: Some(TOKEN_SECONDS),
        };
        Ok(token.verify(&self.keys, &rules, now.seconds())?)
    }
}

/// What the claim `roles` of the issuer's tokens gives: the roles of these names, everywhere.
pub(super) fn grants(claims: &Map<String, Value>) -> Vec<Grant> {
    let named = claims.get("roles").and_then(Value::as_array);
    let roles = Role::ALL
        .into_iter()
        .filter(|role| named.is_some_and(|named| named.iter().any(|name| name == role.name())));
    everywhere(roles)
}

/// These roles, in every scope.
pub(super) fn everywhere(roles: impl IntoIterator<Item = Role>) -> Vec<Grant> {
    let grant = |role| Grant {
        role,
        scope: Scope::Everything,
    };
    roles.into_iter().map(grant).collect()
}

/// A client named as a role has that role alone, any other has all.
fn roles_of(client: &str) -> impl Iterator<Item = Role> {
    let named = Role::ALL.into_iter().find(|role| role.name() == client);
    Role::ALL
        .into_iter()
        .filter(move |&role| named.is_none_or(|named| named == role))
}

/// An identifier in the form of RFC 9562, 5.8, that is always the same for the same names.
fn stable_id(names: &[&str]) -> String {
    let text = names.join("\n");
    let digest = hex::encode(digest::digest(&digest::SHA256, text.as_bytes()).as_ref());
    let part = |range: std::ops::Range<usize>| digest.get(range).unwrap_or_default();
    format!(
        "{}-{}-8{}-8{}-{}",
        part(0..8),
        part(8..12),
        part(12..15),
        part(15..18),
        part(18..30)
    )
}

/// Life of a token in seconds, as of Entra ID's shortest.
pub const TOKEN_SECONDS: i64 = 3_600;

#[cfg(test)]
mod tests;
