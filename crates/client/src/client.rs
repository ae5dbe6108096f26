//! The client: one service, its metadata and keys fetched once, tokens asked for and validated.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use attestry_api::claim;
use attestry_api::jwk::JwkSet;
use attestry_api::jws::JwsError;
use attestry_api::jwt::{JwtError, ValidatedToken};
use attestry_api::openid::OpenIdMetadata;
use serde::Deserialize;
use tokio::sync::Mutex;

use crate::attestation::{Attestation, AttestationResult};
use crate::error::ClientError;
use crate::token::{TokenError, TokenRules, repeats};
use crate::transport::{Options, Transport};

/// The api-version that every operation of this client exists in.
pub(crate) const API_VERSION: &str = "2025-06-01";
/// Verification is milliseconds; the rest is for networks and a service that fetches collateral first.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// How to reach a service and what to demand of it. Made by [`Client::builder`].
#[derive(Clone)]
pub struct ClientBuilder {
    endpoint: String,
    options: Options,
    rules: TokenRules,
}

impl ClientBuilder {
    /// Trust exactly the certificate authorities in this PEM text for TLS, instead of the system's.
    #[must_use]
    pub fn ca_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.options.ca_pem = Some(pem.into());
        self
    }

    /// Present this certificate in TLS handshakes: the certificate, those that lead to its authority, and its private
    /// key (PKCS #8, PKCS #1 or SEC 1), all in one PEM text.
    #[must_use]
    pub fn identity_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.options.identity_pem = Some(pem.into());
        self
    }

    /// Send this bearer token with every request.
    #[must_use]
    pub fn bearer(mut self, token: impl Into<String>) -> Self {
        self.options.bearer = Some(token.into());
        self
    }

    /// Give up on a request after this time (30 seconds when not set).
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.options.timeout = timeout;
        self
    }

    /// What to demand of tokens. Without an issuer in the rules, tokens must name the issuer that the service's
    /// metadata names.
    #[must_use]
    pub fn token_rules(mut self, rules: TokenRules) -> Self {
        self.rules = rules;
        self
    }

    /// The client; nothing is sent yet.
    pub fn build(self) -> Result<Client, ClientError> {
        let transport = Transport::new(&self.endpoint, self.options)?;
        Ok(Client {
            transport,
            rules: self.rules,
            metadata: Arc::default(),
            keys: Arc::default(),
        })
    }
}

/// A client of one attestation service (or of one provider in it). Cheap to clone; clones share connections and what
/// was fetched.
#[derive(Clone)]
pub struct Client {
    pub(crate) transport: Transport,
    rules: TokenRules,
    metadata: Arc<Mutex<Option<Arc<OpenIdMetadata>>>>,
    keys: Arc<Mutex<Option<Arc<JwkSet>>>>,
}

/// The body of every answer that is a token.
#[derive(Deserialize)]
pub(crate) struct TokenAnswer {
    pub(crate) token: String,
}

impl Client {
    /// A client for the service at `endpoint`: its base URL, `https` (plain `http` only on loopback).
    pub fn builder(endpoint: impl Into<String>) -> ClientBuilder {
        ClientBuilder {
            endpoint: endpoint.into(),
            options: Options {
                ca_pem: None,
                identity_pem: None,
                bearer: None,
                timeout: DEFAULT_TIMEOUT,
            },
            rules: TokenRules::new(),
        }
    }

    /// The base URL, without a trailing slash.
    pub fn endpoint(&self) -> &str {
        self.transport.endpoint()
    }

    /// Asks for a token and validates the answer: signature, issuer, times, and that it answers this request.
    pub async fn attest(&self, attestation: &Attestation) -> Result<AttestationResult, ClientError> {
        let path = format!("attest/{}?api-version={API_VERSION}", attestation.kind().name());
        let answer: TokenAnswer = self.transport.post(&path, &attestation.to_json()?).await?;
        let rules = self.rules_for_answers(attestation.is_draft()).await?;
        let validated = self.validate_with(&answer.token, &rules, unix_now()).await?;
        repeats(&validated, claim::NONCE, attestation.expected_nonce())?;
        repeats(
            &validated,
            claim::ATTESTATION_TYPE,
            attestation.kind().claim_value(),
        )?;
        Ok(AttestationResult::new(answer.token, validated))
    }

    /// Validates a token that came from elsewhere, now, as a relying party: by this service's published keys and
    /// this client's rules. Unsigned tokens are refused unless the rules accept them.
    pub async fn validate(&self, token: &str) -> Result<ValidatedToken, ClientError> {
        self.validate_at(token, unix_now()).await
    }

    /// Like [`Client::validate`], as of a time in unix seconds.
    pub async fn validate_at(&self, token: &str, now: i64) -> Result<ValidatedToken, ClientError> {
        let rules = self.rules_for_answers(false).await?;
        self.validate_with(token, &rules, now).await
    }

    /// What the service says of itself (`/.well-known/openid-configuration`); fetched once.
    pub async fn metadata(&self) -> Result<Arc<OpenIdMetadata>, ClientError> {
        let mut cached = self.metadata.lock().await;
        if let Some(metadata) = &*cached {
            return Ok(Arc::clone(metadata));
        }
        let metadata = Arc::new(self.transport.get(".well-known/openid-configuration").await?);
        *cached = Some(Arc::clone(&metadata));
        Ok(metadata)
    }

    /// The keys the service signs tokens with (`/certs`); fetched once, and again when a token names a key that is
    /// not among them.
    pub async fn signing_keys(&self) -> Result<Arc<JwkSet>, ClientError> {
        let mut cached = self.keys.lock().await;
        if let Some(keys) = &*cached {
            return Ok(Arc::clone(keys));
        }
        let keys = Arc::new(self.fetch_keys().await?);
        *cached = Some(Arc::clone(&keys));
        Ok(keys)
    }

    /// Fetches the signing keys again. `known` is the set that turned out to be too old: when another task has
    /// replaced it meanwhile, nothing is fetched.
    async fn newer_keys(&self, known: &Arc<JwkSet>) -> Result<Arc<JwkSet>, ClientError> {
        let mut cached = self.keys.lock().await;
        match &*cached {
            Some(keys) if !Arc::ptr_eq(keys, known) => Ok(Arc::clone(keys)),
            _ => {
                let keys = Arc::new(self.fetch_keys().await?);
                *cached = Some(Arc::clone(&keys));
                Ok(keys)
            }
        }
    }

    async fn fetch_keys(&self) -> Result<JwkSet, ClientError> {
        let value: serde_json::Value = self.transport.get("certs").await?;
        JwkSet::from_json(value.to_string().as_bytes()).map_err(|error| ClientError::Malformed {
            url: format!("{}/certs", self.endpoint()),
            reason: error.to_string(),
        })
    }

    async fn rules_for_answers(&self, draft: bool) -> Result<TokenRules, ClientError> {
        let mut rules = self.rules.clone();
        if rules.expected_issuer().is_none() {
            rules = rules.issuer(self.metadata().await?.issuer.clone());
        }
        Ok(if draft {
            rules.accept_unsigned_draft()
        } else {
            rules
        })
    }

    async fn validate_with(
        &self,
        token: &str,
        rules: &TokenRules,
        now: i64,
    ) -> Result<ValidatedToken, ClientError> {
        let keys = self.signing_keys().await?;
        match rules.validate(token, &keys, now) {
            Err(error) if may_be_a_new_key(&error) => {
                let keys = self.newer_keys(&keys).await?;
                Ok(rules.validate(token, &keys, now)?)
            }
            other => Ok(other?),
        }
    }
}

/// The service may have rotated its key since the keys were fetched.
fn may_be_a_new_key(error: &TokenError) -> bool {
    matches!(
        error,
        TokenError::Jwt(JwtError::UnknownKey { .. } | JwtError::Jws(JwsError::Signature))
    )
}

pub(crate) fn unix_now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
