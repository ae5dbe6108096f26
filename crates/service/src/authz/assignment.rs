//! Assignments: who holds which role, told by the claims of their tokens or by their certificates.
//!
//! Only what an issuer or an authority vouches for counts here: the token and the certificate were verified before.

use std::str::FromStr;

use serde_json::{Map, Value};
use thiserror::Error;

use super::{Grant, Role, Scope};
use crate::authn::CertificateIdentity;
use crate::config::{AssignmentConfig, AuthenticationConfig, is_provider_name};

/// All assignments of a service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Assignments(Vec<Assignment>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Assignment {
    holder: Holder,
    grants: Vec<Grant>,
}

/// Whom an assignment is about.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Holder {
    Token {
        issuer: String,
        claim: String,
        value: String,
    },
    Certificate {
        attribute: CertificateAttribute,
        value: String,
    },
}

/// What a client certificate is recognised by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateAttribute {
    /// SHA-256 of the certificate, hexadecimal; colons and case make no difference.
    Fingerprint,
    /// The subject in the form of RFC 4514, `CN=build,O=Example`.
    Subject,
    /// A subject alternative name: DNS name, URI or mail address.
    AlternativeName,
}

/// The name of a claim is none of those that mean a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not an attribute of certificates")]
pub struct NotAnAttribute;

/// An assignment names a role or a scope that there is not.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AssignmentError {
    /// The role.
    #[error(
        "`{0}` is none of the roles reader, contributor, owner, operator, nor the name or identifier of an Azure role"
    )]
    Role(String),
    /// The scope.
    #[error(
        "`{0}` is neither `/`, nor `/subscriptions/<id>`, nor `/subscriptions/<id>/resourceGroups/<name>`, nor a provider's name"
    )]
    Scope(String),
}

impl Assignments {
    /// Those of the configuration. An assignment without an issuer is about the only one that there is.
    pub fn from_config(
        assignments: &[AssignmentConfig],
        authentication: &AuthenticationConfig,
    ) -> Result<Self, AssignmentError> {
        let only_issuer = authentication
            .issuer
            .first()
            .map_or("", |issuer| issuer.issuer.as_str());
        let read = |config| Assignment::from_config(config, only_issuer);
        assignments.iter().map(read).collect::<Result<_, _>>().map(Self)
    }

    /// The roles of whoever has a verified token of `issuer` with these claims.
    pub fn of_token(&self, issuer: &str, claims: &Map<String, Value>) -> Vec<Grant> {
        self.granted(|holder| match holder {
            Holder::Token {
                issuer: of,
                claim,
                value,
            } => {
                let by_application = APPLICATION_CLAIMS.contains(&claim.as_str());
                of == issuer && claim_has(claims, claim, value) && (!by_application || is_app_only(claims))
            }
            Holder::Certificate { .. } => false,
        })
    }

    /// The roles of whoever proved to hold the key of this certificate.
    pub fn of_certificate(&self, identity: &CertificateIdentity) -> Vec<Grant> {
        self.granted(|holder| match holder {
            Holder::Certificate { attribute, value } => identity.has(*attribute, value),
            Holder::Token { .. } => false,
        })
    }

    fn granted(&self, holds: impl Fn(&Holder) -> bool) -> Vec<Grant> {
        let held = self.0.iter().filter(|assignment| holds(&assignment.holder));
        held.flat_map(|assignment| assignment.grants.iter().cloned())
            .collect()
    }
}

impl Assignment {
    fn from_config(config: &AssignmentConfig, only_issuer: &str) -> Result<Self, AssignmentError> {
        let role: Role = config.role.parse()?;
        let grant = |scope: &String| scope.parse().map(|scope| Grant { role, scope });
        let issuer = if config.issuer.is_empty() {
            only_issuer
        } else {
            &config.issuer
        };
        let holder = match config.claim.parse() {
            Ok(attribute) => Holder::Certificate {
                attribute,
                value: config.value.clone(),
            },
            Err(NotAnAttribute) => Holder::Token {
                issuer: issuer.to_owned(),
                claim: config.claim.clone(),
                value: config.value.clone(),
            },
        };
        Ok(Self {
            holder,
            grants: config.scopes.iter().map(grant).collect::<Result<_, _>>()?,
        })
    }
}

impl FromStr for CertificateAttribute {
    type Err = NotAnAttribute;

    fn from_str(text: &str) -> Result<Self, NotAnAttribute> {
        match text {
            "certificate_fingerprint" => Ok(Self::Fingerprint),
            "certificate_subject" => Ok(Self::Subject),
            "certificate_name" => Ok(Self::AlternativeName),
            _ => Err(NotAnAttribute),
        }
    }
}

impl FromStr for Role {
    type Err = AssignmentError;

    /// Our names, and those and the identifiers of the Azure roles that mean the same (Azure documentation, "Azure
    /// built-in roles").
    fn from_str(text: &str) -> Result<Self, AssignmentError> {
        match text.to_ascii_lowercase().as_str() {
            "reader" | "attestation reader" | "fd1bd22b-8476-40bc-a0bc-69b95687b9f3" => Ok(Self::Reader),
            "contributor" | "attestation contributor" | "bbf86eb8-f7b4-4cce-96e4-18cddf81d86e" => {
                Ok(Self::Contributor)
            }
            "owner" | "8e3af657-a8ff-443c-a75c-2fe8c4bcb635" => Ok(Self::Owner),
            "operator" => Ok(Self::Operator),
            _ => Err(AssignmentError::Role(text.to_owned())),
        }
    }
}

impl FromStr for Scope {
    type Err = AssignmentError;

    fn from_str(text: &str) -> Result<Self, AssignmentError> {
        let malformed = || AssignmentError::Scope(text.to_owned());
        if text == "/" {
            return Ok(Self::Everything);
        }
        let Some(path) = text.strip_prefix('/') else {
            // As the names of providers, which are the same in any case.
            return is_provider_name(&text.to_ascii_lowercase())
                .then(|| Self::Provider(text.to_owned()))
                .ok_or_else(malformed);
        };
        let is = |segment: &str, keyword: &str| segment.eq_ignore_ascii_case(keyword);
        match path.split('/').collect::<Vec<_>>().as_slice() {
            [_, ""] | [_, _, _, ""] => Err(malformed()),
            [first, id] if is(first, "subscriptions") => Ok(Self::Subscription((*id).to_owned())),
            [first, id, third, name] if is(first, "subscriptions") && is(third, "resourceGroups") => {
                Ok(Self::ResourceGroup {
                    subscription: (*id).to_owned(),
                    group: (*name).to_owned(),
                })
            }
            _ => Err(malformed()),
        }
    }
}

/// Whether a claim is `value`, or a list in which `value` is.
fn claim_has(claims: &Map<String, Value>, claim: &str, value: &str) -> bool {
    match lookup(claims, claim) {
        Some(Value::String(text)) => text == value,
        Some(Value::Array(several)) => several.iter().any(|one| one == value),
        _ => false,
    }
}

/// Whether the token speaks for the application itself. In a user's token the same claim names the application that the
/// user is signed in to: its rights are not the user's. Entra ID tells the two apart by `idtyp` where that is asked for,
/// and gives `scp` to users' tokens only (Microsoft identity platform documentation, "Access token claims reference");
/// a session of somebody who signed in has `sid` (OpenID Connect Front-Channel Logout, 3) or Keycloak's `session_state`.
fn is_app_only(claims: &Map<String, Value>) -> bool {
    match claims.get("idtyp") {
        Some(kind) => kind == "app",
        None => !USER_CLAIMS.iter().any(|claim| claims.contains_key(*claim)),
    }
}

/// The claim of this name. The application that acts has three names (Entra ID's two versions of tokens, RFC 9068):
/// each means whichever is there. Some issuers put roles into objects (Keycloak: `realm_access.roles`): full stops lead
/// into them.
fn lookup<'a>(claims: &'a Map<String, Value>, claim: &str) -> Option<&'a Value> {
    if APPLICATION_CLAIMS.contains(&claim) {
        return APPLICATION_CLAIMS.iter().find_map(|name| claims.get(*name));
    }
    if let Some(value) = claims.get(claim) {
        return Some(value);
    }
    let (first, rest) = claim.split_once('.')?;
    let mut value = claims.get(first)?;
    for name in rest.split('.') {
        value = value.get(name)?;
    }
    Some(value)
}

/// Names of the claim that says which application acts, the one that counts first.
pub(crate) const APPLICATION_CLAIMS: [&str; 3] = ["appid", "azp", "client_id"];

/// Claims that only tokens of users have.
const USER_CLAIMS: [&str; 3] = ["scp", "sid", "session_state"];

#[cfg(test)]
mod tests;
