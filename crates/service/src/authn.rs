//! Who is calling: from a bearer token or a client certificate to a [`Principal`].
//!
//! It owns the verification of callers' credentials. What a principal may do is [`crate::authz`]'s.

use attestry_evidence::time::UnixTime;
use thiserror::Error;

use crate::authz::{Grant, Role, Scope};

/// A caller whose credentials were verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// Who vouches for the caller: the token's issuer, `client certificate`, or `development`.
    pub issuer: String,
    /// The caller's name there that is never given to another: `oid`, else `sub`, or a certificate's fingerprint.
    pub subject: String,
    /// Object id, of tokens that have one.
    pub object_id: Option<String>,
    /// The application that acts, of tokens that have one.
    pub application_id: Option<String>,
    /// A name for people (`upn`, `preferred_username`, `name`), which proves nothing.
    pub display_name: Option<String>,
    /// The directory the caller belongs to (`tid`), of tokens that have one.
    pub tenant_id: Option<String>,
    /// What the caller may do, and where.
    pub grants: Vec<Grant>,
}

/// What a request brought to say who is calling.
#[derive(Debug, Clone, Copy, Default)]
pub struct Credentials<'a> {
    /// The bearer token of the header `Authorization`.
    pub bearer: Option<&'a str>,
    /// DER of the client's certificate, which the listener verified against its authorities.
    pub client_certificate: Option<&'a [u8]>,
}

/// Why a caller is not known.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AuthnError {
    /// The request has no credentials.
    #[error("the request has no bearer token")]
    Missing,
    /// No issuer is configured, so nobody can be known.
    #[error("this service is not configured to authenticate anybody")]
    NotConfigured,
}

/// Verifies credentials.
#[derive(Debug)]
pub struct Authenticator {
    development: bool,
}

impl Principal {
    /// The caller as histories and logs name it: issuer and subject, which together are unique.
    pub fn id(&self) -> String {
        format!("{}#{}", self.issuer, self.subject)
    }
}

impl Authenticator {
    /// One that knows nobody.
    pub fn closed() -> Self {
        Self { development: false }
    }

    /// Development mode: whoever sends any bearer token has every right.
    pub fn development() -> Self {
        Self { development: true }
    }

    /// Who is calling.
    pub async fn authenticate(
        &self,
        credentials: Credentials<'_>,
        _now: UnixTime,
    ) -> Result<Principal, AuthnError> {
        if credentials.bearer.is_none() {
            return Err(AuthnError::Missing);
        }
        if !self.development {
            return Err(AuthnError::NotConfigured);
        }
        let grants = Role::ALL.map(|role| Grant {
            role,
            scope: Scope::Everything,
        });
        Ok(Principal {
            issuer: "development".to_owned(),
            subject: "anybody".to_owned(),
            object_id: None,
            application_id: None,
            display_name: None,
            tenant_id: None,
            grants: grants.to_vec(),
        })
    }
}
