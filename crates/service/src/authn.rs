//! Who is calling: from a bearer token or a client certificate to a [`Principal`].
//!
//! It owns the verification of callers' credentials, and the keys of the issuers that it is done with. What a principal
//! may do is [`crate::authz`]'s.

mod certificate;
mod development;
mod issuer;
mod key_cache;
mod published_keys;

use attestry_api::{
    access_token::{AccessToken, AccessTokenError, VerifiedAccessToken},
    b64, hex,
};
use attestry_evidence::time::UnixTime;
use aws_lc_rs::digest;
use serde_json::Value;
use thiserror::Error;

pub use self::certificate::{CertificateIdentity, UnreadableCertificate};
pub use self::development::{DevelopmentIssuer, TOKEN_SECONDS as DEVELOPMENT_TOKEN_SECONDS};
use self::issuer::TrustedIssuer;
pub use self::published_keys::{FetchError, IssuerError};
use crate::authz::{APPLICATION_CLAIMS, AssignmentError, Assignments, Grant, Role};
use crate::config::{AuthenticationConfig, AuthorizationConfig, DEFAULT_AUDIENCES};

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
    /// Neither issuers nor authorities are configured, so nobody can be known.
    #[error("this service is not configured to authenticate anybody")]
    NotConfigured,
    /// The token is of an issuer that is not trusted here.
    #[error("the token is of an issuer that is not trusted here")]
    UnknownIssuer,
    /// The token does not hold.
    #[error(transparent)]
    Token(#[from] AccessTokenError),
    /// The token has neither `oid` nor `sub`, so it is about nobody.
    #[error("the token does not say whom it is about")]
    NoSubject,
    /// The token may be used only together with a key (RFC 7800), which was not shown.
    #[error("the token is bound to a key that this request does not prove to hold")]
    Bound,
    /// The client certificate cannot be read.
    #[error(transparent)]
    Certificate(#[from] UnreadableCertificate),
    /// The client certificate is not good yet, or not any more; the handshake may have been long ago.
    #[error("the client certificate is good from {not_before} to {not_after}")]
    CertificateTime {
        /// From when.
        not_before: UnixTime,
        /// To when.
        not_after: UnixTime,
    },
    /// The issuer's keys cannot be had: whether the token holds is not known.
    #[error("the keys of the token's issuer cannot be had at present")]
    IssuerUnavailable,
}

/// Why callers cannot be authenticated as configured.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AuthnSetupError {
    /// An issuer cannot be used.
    #[error("the issuer `{issuer}` cannot be used: {error}")]
    Issuer {
        /// Its name.
        issuer: String,
        /// What is wrong.
        error: IssuerError,
    },
    /// An assignment of roles cannot be used.
    #[error(transparent)]
    Assignment(#[from] AssignmentError),
}

/// Verifies credentials.
#[derive(Debug)]
pub struct Authenticator {
    /// The first is the one that callers without a token are told of.
    issuers: Vec<TrustedIssuer>,
    takes_certificates: bool,
    assignments: Assignments,
    development: Development,
}

/// What development mode allows beside what is configured.
#[derive(Debug)]
enum Development {
    Off,
    /// Whoever sends any bearer token has every right, unless the token says that it is of an issuer that is known:
    /// then it must hold, and gives its own rights.
    Anybody(Option<Box<DevelopmentIssuer>>),
}

impl Principal {
    /// The caller as histories and logs name it: issuer and subject, which together are unique.
    pub fn id(&self) -> String {
        format!("{}#{}", self.issuer, self.subject)
    }
}

impl Authenticator {
    /// One for the issuers, the client certificates and the assignments of a configuration.
    pub fn new(
        authentication: &AuthenticationConfig,
        authorization: &AuthorizationConfig,
    ) -> Result<Self, AuthnSetupError> {
        Self::with(authentication, authorization, Development::Off)
    }

    /// The same for development mode: any bearer token is as good as all roles, but for those of known issuers, the
    /// embedded one among them. Issuers on this machine may do without TLS.
    pub fn new_for_development(
        authentication: &AuthenticationConfig,
        authorization: &AuthorizationConfig,
        embedded: DevelopmentIssuer,
    ) -> Result<Self, AuthnSetupError> {
        let development = Development::Anybody(Some(Box::new(embedded)));
        Self::with(authentication, authorization, development)
    }

    /// One that knows nobody.
    pub fn closed() -> Self {
        Self {
            issuers: Vec::new(),
            takes_certificates: false,
            assignments: Assignments::default(),
            development: Development::Off,
        }
    }

    /// One for which whoever sends any bearer token has every right.
    pub fn development() -> Self {
        Self {
            development: Development::Anybody(None),
            ..Self::closed()
        }
    }

    fn with(
        authentication: &AuthenticationConfig,
        authorization: &AuthorizationConfig,
        development: Development,
    ) -> Result<Self, AuthnSetupError> {
        let plain_http = matches!(development, Development::Anybody(_));
        let issuer = |config| {
            TrustedIssuer::new(config, plain_http).map_err(|error| AuthnSetupError::Issuer {
                issuer: config.issuer.clone(),
                error,
            })
        };
        let ca_file = &authentication.client_certificates.ca_file;
        Ok(Self {
            issuers: authentication
                .issuer
                .iter()
                .map(issuer)
                .collect::<Result<_, _>>()?,
            takes_certificates: !ca_file.as_os_str().is_empty(),
            assignments: Assignments::from_config(&authorization.assignment, authentication)?,
            development,
        })
    }

    /// The issuer embedded for development, when there is one.
    pub fn embedded_issuer(&self) -> Option<&DevelopmentIssuer> {
        match &self.development {
            Development::Anybody(embedded) => embedded.as_deref(),
            Development::Off => None,
        }
    }

    /// Where callers get a token, and for what: the address of an issuer, and an audience.
    pub fn invitation(&self) -> (Option<&str>, &str) {
        let first = self.issuers.first().map(TrustedIssuer::rules);
        let audience = first.and_then(|rules| rules.audiences.first());
        (
            first.map(|rules| rules.issuer.as_str()),
            audience.map_or(DEFAULT_AUDIENCE, String::as_str),
        )
    }

    /// Reads the files of keys again. Where one cannot be read, the keys stay as they were.
    pub fn reload(&self) -> Result<(), AuthnSetupError> {
        for issuer in &self.issuers {
            issuer.reload().map_err(|error| AuthnSetupError::Issuer {
                issuer: issuer.rules().issuer.clone(),
                error,
            })?;
        }
        Ok(())
    }

    /// Who is calling. Of a token and a certificate, the token counts.
    pub async fn authenticate(
        &self,
        credentials: Credentials<'_>,
        now: UnixTime,
    ) -> Result<Principal, AuthnError> {
        match credentials {
            Credentials {
                bearer: Some(token),
                client_certificate,
            } => self.by_token(token, client_certificate, now).await,
            Credentials {
                client_certificate: Some(certificate),
                ..
            } if self.takes_certificates => self.by_certificate(certificate, now),
            _ => Err(AuthnError::Missing),
        }
    }

    async fn by_token(
        &self,
        bearer: &str,
        certificate: Option<&[u8]>,
        now: UnixTime,
    ) -> Result<Principal, AuthnError> {
        let token = match (AccessToken::parse(bearer), &self.development) {
            (Ok(token), _) => token,
            (Err(_), Development::Anybody(_)) => return Ok(anybody(bearer)),
            (Err(_), Development::Off) if self.knows_nobody() => return Err(AuthnError::NotConfigured),
            (Err(error), Development::Off) => return Err(error.into()),
        };
        let named = |issuer: &&TrustedIssuer| issuer.rules().issuer == token.issuer();
        let (verified, grants) = if let Some(issuer) = self.issuers.iter().find(named) {
            let verified = issuer.verify(token, now).await?;
            let grants = self
                .assignments
                .of_token(&issuer.rules().issuer, verified.claims());
            (verified, grants)
        } else {
            match &self.development {
                Development::Anybody(Some(embedded)) if embedded.issued(&token) => {
                    let verified = embedded.verify(token, now)?;
                    let grants = development::grants(verified.claims());
                    (verified, grants)
                }
                Development::Anybody(_) => return Ok(anybody(bearer)),
                Development::Off if self.knows_nobody() => return Err(AuthnError::NotConfigured),
                Development::Off => return Err(AuthnError::UnknownIssuer),
            }
        };
        check_binding(&verified, certificate)?;
        principal(&verified, grants)
    }

    fn by_certificate(&self, certificate: &[u8], now: UnixTime) -> Result<Principal, AuthnError> {
        let identity = CertificateIdentity::from_der(certificate)?;
        let (not_before, not_after) = identity.validity();
        if now < not_before || now > not_after {
            return Err(AuthnError::CertificateTime {
                not_before,
                not_after,
            });
        }
        Ok(Principal {
            issuer: "client certificate".to_owned(),
            subject: identity.fingerprint().to_owned(),
            object_id: None,
            application_id: None,
            display_name: Some(identity.subject().to_owned()),
            tenant_id: None,
            grants: self.assignments.of_certificate(&identity),
        })
    }

    fn knows_nobody(&self) -> bool {
        self.issuers.is_empty() && !self.takes_certificates
    }
}

fn principal(token: &VerifiedAccessToken, grants: Vec<Grant>) -> Result<Principal, AuthnError> {
    let owned = |claim: &str| token.text(claim).map(str::to_owned);
    let first = |claims: &[&str]| claims.iter().find_map(|claim| owned(claim));
    Ok(Principal {
        issuer: owned("iss").unwrap_or_default(),
        subject: first(&["oid", "sub"]).ok_or(AuthnError::NoSubject)?,
        object_id: owned("oid"),
        application_id: first(&APPLICATION_CLAIMS),
        display_name: first(&["upn", "preferred_username", "name"]),
        tenant_id: owned("tid"),
        grants,
    })
}

/// A token with `cnf` is good only for the holder of a key (RFC 7800): of a client certificate (RFC 8705, 3.1), or of a
/// key that is shown in ways that are not taken here.
fn check_binding(token: &VerifiedAccessToken, certificate: Option<&[u8]>) -> Result<(), AuthnError> {
    let Some(confirmation) = token.claims().get("cnf") else {
        return Ok(());
    };
    let bound_to = confirmation.get("x5t#S256").and_then(Value::as_str);
    let shown = certificate.map(|der| b64::encode_url(&certificate::sha256(der)));
    if bound_to.is_some() && bound_to == shown.as_deref() {
        Ok(())
    } else {
        Err(AuthnError::Bound)
    }
}

/// The caller of development mode. Who sends another token is another person, so that what needs two can be tried.
fn anybody(bearer: &str) -> Principal {
    let hash = digest::digest(&digest::SHA256, bearer.as_bytes());
    let mut subject = hex::encode(hash.as_ref());
    subject.truncate(DEVELOPMENT_SUBJECT_DIGITS);
    Principal {
        issuer: "development".to_owned(),
        subject,
        object_id: None,
        application_id: None,
        display_name: None,
        tenant_id: None,
        grants: development::everywhere(Role::ALL),
    }
}

/// What callers are told to ask a token for where no issuer is configured.
const DEFAULT_AUDIENCE: &str = {
    let [first, _] = DEFAULT_AUDIENCES;
    first
};

/// Digits that tell one person of development mode from another.
const DEVELOPMENT_SUBJECT_DIGITS: usize = 16;

#[cfg(test)]
mod tests;
