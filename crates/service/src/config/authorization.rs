//! `[authorization]`: which role somebody holds, and where.

use serde::{Deserialize, Serialize};

use super::{AuthenticationConfig, ConfigError};
use crate::authz::{CertificateAttribute, Role, Scope};

/// `[authorization]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuthorizationConfig {
    /// Whether a caller without the role that is needed gets 401, as from MAA, instead of 403.
    pub missing_role_is_401: bool,
    /// Who holds which role.
    pub assignment: Vec<AssignmentConfig>,
}

/// One `[[authorization.assignment]]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AssignmentConfig {
    /// `reader`, `contributor`, `owner` or `operator`, or the name or identifier of an Azure role.
    pub role: String,
    /// Where: `/`, `/subscriptions/<id>`, `/subscriptions/<id>/resourceGroups/<name>`, or names of providers.
    pub scopes: Vec<String>,
    /// The claim of the token that must have the value, or the attribute of the client certificate.
    pub claim: String,
    /// The value.
    pub value: String,
    /// The issuer whose tokens this is about; may be left out when there is only one.
    pub issuer: String,
}

impl AuthorizationConfig {
    pub(super) fn validate(&self, authentication: &AuthenticationConfig) -> Result<(), ConfigError> {
        for (index, assignment) in self.assignment.iter().enumerate() {
            assignment.validate(&format!("authorization.assignment[{index}]"), authentication)?;
        }
        Ok(())
    }
}

impl AssignmentConfig {
    fn validate(&self, key: &str, authentication: &AuthenticationConfig) -> Result<(), ConfigError> {
        let refused = |field: &str, reason: String| Err(ConfigError::key(format!("{key}.{field}"), reason));
        if let Err(unknown) = self.role.parse::<Role>() {
            return refused("role", unknown.to_string());
        }
        if self.scopes.is_empty() {
            return refused("scopes", "at least one is needed, `/` for everything".to_owned());
        }
        for scope in &self.scopes {
            if let Err(malformed) = scope.parse::<Scope>() {
                return refused("scopes", malformed.to_string());
            }
        }
        if self.claim.is_empty() {
            return refused("claim", "it is needed".to_owned());
        }
        if self.value.is_empty() {
            return refused("value", "it is needed".to_owned());
        }
        self.validate_issuer(key, authentication)
    }

    /// One issuer's `sub` is never another's, so it must be clear whose is meant.
    fn validate_issuer(&self, key: &str, authentication: &AuthenticationConfig) -> Result<(), ConfigError> {
        let key = format!("{key}.issuer");
        if self.claim.parse::<CertificateAttribute>().is_ok() {
            if self.issuer.is_empty() {
                return Ok(());
            }
            return Err(ConfigError::key(key, "a client certificate has no token issuer"));
        }
        let issuers = &authentication.issuer;
        match (self.issuer.as_str(), issuers.as_slice()) {
            ("", [_]) => Ok(()),
            ("", []) => Err(ConfigError::key(key, "no issuer is configured")),
            ("", _) => Err(ConfigError::key(key, "needed, because several are configured")),
            (named, _) if issuers.iter().any(|issuer| issuer.issuer == named) => Ok(()),
            (named, _) => Err(ConfigError::key(
                key,
                format!("`{named}` is none of `authentication.issuer`"),
            )),
        }
    }
}
