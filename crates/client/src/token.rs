//! What a relying party demands of a token. Pure: keys and time are arguments.

use attestry_api::jwk::JwkSet;
use attestry_api::jws::Algorithm;
use attestry_api::jwt::{self, JwtError, UnsignedTokens, ValidatedToken, Validation};
use serde_json::Value;

/// Why a token is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// Signature, issuer, times or form.
    #[error(transparent)]
    Jwt(#[from] JwtError),
    /// The signature verifies, but with an algorithm that is not wanted.
    #[error("the token is signed with `{found}`, which is not accepted")]
    Algorithm {
        /// `alg` of the header.
        found: String,
    },
    /// The token answers another question than the one asked.
    #[error("the claim `{claim}` is `{found}`, `{expected}` was asked for")]
    Unrelated {
        /// Name of the claim.
        claim: &'static str,
        /// What the request said.
        expected: String,
        /// What the token says; empty when the claim is missing.
        found: String,
    },
}

/// The rules a token must satisfy beyond its signature.
///
/// ```
/// use attestry_client::{JwkSet, TokenRules};
///
/// let rules = TokenRules::new().issuer("https://attest.example").skew_seconds(30);
/// let keys = JwkSet::default();
/// assert!(rules.validate("not.a.token", &keys, 1_700_000_000).is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRules {
    validation: Validation,
    algorithms: Vec<Algorithm>,
}

impl Default for TokenRules {
    fn default() -> Self {
        Self::new()
    }
}

impl TokenRules {
    /// Any issuer, no clock skew, the signature algorithms attestation services use, never unsigned.
    pub fn new() -> Self {
        Self {
            validation: Validation::default(),
            algorithms: vec![
                Algorithm::Rs256,
                Algorithm::Ps256,
                Algorithm::Es256,
                Algorithm::Es384,
            ],
        }
    }

    /// The token's `iss` must be exactly this.
    #[must_use]
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.validation.issuer = Some(issuer.into());
        self
    }

    /// Seconds that the issuer's clock and ours may differ.
    #[must_use]
    pub fn skew_seconds(mut self, seconds: u32) -> Self {
        self.validation.skew_seconds = seconds;
        self
    }

    /// Accept only these signature algorithms.
    #[must_use]
    pub fn algorithms(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.algorithms = algorithms.into_iter().collect();
        self
    }

    /// Accept a token without a signature, as services answer to draft policies. Such a token proves nothing.
    #[must_use]
    pub fn accept_unsigned_draft(mut self) -> Self {
        self.validation.unsigned = UnsignedTokens::Accept;
        self
    }

    /// The issuer that is demanded, if one is.
    pub fn expected_issuer(&self) -> Option<&str> {
        self.validation.issuer.as_deref()
    }

    /// Checks a token at the time `now` (unix seconds) against an issuer's keys.
    pub fn validate(&self, token: &str, keys: &JwkSet, now: i64) -> Result<ValidatedToken, TokenError> {
        let validated = jwt::validate(token, keys, &self.validation, now)?;
        if validated.is_signed() {
            let found = validated
                .header()
                .get("alg")
                .and_then(Value::as_str)
                .unwrap_or_default();
            if !self
                .algorithms
                .iter()
                .any(|algorithm| algorithm.as_str() == found)
            {
                return Err(TokenError::Algorithm {
                    found: found.to_owned(),
                });
            }
        }
        Ok(validated)
    }
}

/// Checks that a claim of an answer repeats what the request said.
pub(crate) fn repeats(
    token: &ValidatedToken,
    claim: &'static str,
    expected: Option<&str>,
) -> Result<(), TokenError> {
    let Some(expected) = expected else { return Ok(()) };
    let found = token
        .claims()
        .get(claim)
        .and_then(Value::as_str)
        .unwrap_or_default();
    if found == expected {
        return Ok(());
    }
    Err(TokenError::Unrelated {
        claim,
        expected: expected.to_owned(),
        found: found.to_owned(),
    })
}

#[cfg(test)]
pub(crate) mod tests;
