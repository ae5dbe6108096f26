//! Attestation tokens as a relying party validates them (RFC 7519): signature by the issuer's published
//! keys, then the times and the issuer.

use serde_json::{Map, Value};

use crate::{
    claim, json,
    jwk::{JwkError, JwkSet},
    jws::{CompactJws, Conformance, JwsError, VerificationKey},
};

/// Whether tokens without a signature pass. MAA answers draft policies with such tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum UnsignedTokens {
    /// Refuse them.
    #[default]
    Refuse,
    /// Accept them; times and issuer are checked all the same.
    Accept,
}

/// What a token must satisfy beyond its signature.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Validation {
    /// The exact issuer, when it matters.
    pub issuer: Option<String>,
    /// Seconds that clocks may differ.
    pub skew_seconds: u32,
    /// What to do with unsigned tokens.
    pub unsigned: UnsignedTokens,
}

/// A token that passed [`validate`].
#[derive(Clone, Debug, PartialEq)]
pub struct ValidatedToken {
    header: Map<String, Value>,
    claims: Map<String, Value>,
    signed: bool,
}

/// Why a token is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JwtError {
    /// The JWS under the token is malformed or does not verify.
    #[error(transparent)]
    Jws(#[from] JwsError),
    /// The issuer publishes no key of this name.
    #[error("no key of the issuer has the kid `{kid}`")]
    UnknownKey {
        /// `kid` of the token's header.
        kid: String,
    },
    /// The published key is malformed.
    #[error("the issuer's key cannot be used: {0}")]
    Key(#[from] JwkError),
    /// The payload is not a JSON object.
    #[error("the claims are malformed: {0}")]
    Claims(String),
    /// A claim is absent or not of its type.
    #[error("the claim `{claim}` is missing or not {expected}")]
    Claim {
        /// Its name.
        claim: &'static str,
        /// The type it must have.
        expected: &'static str,
    },
    /// The token is past its life.
    #[error("the token expired at {exp}, it is {now}")]
    Expired {
        /// Claim `exp`, unix seconds.
        exp: i64,
        /// The time of validation, unix seconds.
        now: i64,
    },
    /// The token's life has not begun.
    #[error("the token is not valid before {nbf}, it is {now}")]
    NotYetValid {
        /// Claim `nbf`, unix seconds.
        nbf: i64,
        /// The time of validation, unix seconds.
        now: i64,
    },
    /// The token says it was issued later than now.
    #[error("the token was issued at {iat}, it is {now}")]
    IssuedInFuture {
        /// Claim `iat`, unix seconds.
        iat: i64,
        /// The time of validation, unix seconds.
        now: i64,
    },
    /// Another issuer than expected.
    #[error("the issuer is `{found}`, `{expected}` is expected")]
    Issuer {
        /// The issuer asked for.
        expected: String,
        /// Claim `iss`.
        found: String,
    },
}

impl ValidatedToken {
    /// Members of the JOSE header.
    pub fn header(&self) -> &Map<String, Value> {
        &self.header
    }

    /// The claims.
    pub fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// False for a token without a signature that was accepted on request.
    pub fn is_signed(&self) -> bool {
        self.signed
    }
}

/// Checks signature, `nbf`, `iat`, `exp` and, when asked, `iss` at the time `now` (unix seconds).
///
/// The key is the published one whose `kid` equals the header's; a header without `kid` may be by any of
/// the keys.
pub fn validate(
    token: &str,
    keys: &JwkSet,
    validation: &Validation,
    now: i64,
) -> Result<ValidatedToken, JwtError> {
    let jws = CompactJws::parse(token)?;
    let payload = if jws.is_unsigned() && validation.unsigned == UnsignedTokens::Accept {
        jws.unsigned_payload()?
    } else {
        verify_with_any(&jws, keys)?
    };
    let claims = match json::parse_strict(payload) {
        Ok(Value::Object(claims)) => claims,
        Ok(_) => return Err(JwtError::Claims("not an object".to_owned())),
        Err(error) => return Err(JwtError::Claims(error.to_string())),
    };
    check_times(&claims, validation.skew_seconds.into(), now)?;
    check_issuer(&claims, validation.issuer.as_deref())?;
    Ok(ValidatedToken {
        header: jws.header_members().clone(),
        claims,
        signed: !jws.is_unsigned(),
    })
}

fn verify_with_any<'a>(jws: &'a CompactJws<'_>, keys: &JwkSet) -> Result<&'a [u8], JwtError> {
    if jws.is_unsigned() {
        return Err(JwsError::Unsigned.into());
    }
    let wanted = jws.header().kid.as_deref();
    let mut failure = JwtError::UnknownKey {
        kid: wanted.unwrap_or_default().to_owned(),
    };
    for jwk in keys
        .keys
        .iter()
        .filter(|jwk| wanted.is_none() || jwk.kid.as_deref() == wanted)
    {
        let outcome = VerificationKey::from_jwk(jwk)
            .map_err(JwtError::from)
            .and_then(|key| jws.verify(&key, Conformance::Strict).map_err(JwtError::from));
        match outcome {
            Ok(payload) => return Ok(payload),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

fn check_times(claims: &Map<String, Value>, skew: i64, now: i64) -> Result<(), JwtError> {
    let time = |claim| {
        let value = claims.get(claim).and_then(Value::as_i64);
        value.ok_or(JwtError::Claim {
            claim,
            expected: "an integer",
        })
    };
    let (exp, nbf, iat) = (time(claim::EXP)?, time(claim::NBF)?, time(claim::IAT)?);
    // RFC 7519, 4.1.4: expired on its last second already.
    if now >= exp.saturating_add(skew) {
        return Err(JwtError::Expired { exp, now });
    }
    if now.saturating_add(skew) < nbf {
        return Err(JwtError::NotYetValid { nbf, now });
    }
    if now.saturating_add(skew) < iat {
        return Err(JwtError::IssuedInFuture { iat, now });
    }
    Ok(())
}

fn check_issuer(claims: &Map<String, Value>, expected: Option<&str>) -> Result<(), JwtError> {
    let Some(expected) = expected else { return Ok(()) };
    let found = claims.get(claim::ISS).and_then(Value::as_str);
    let found = found.ok_or(JwtError::Claim {
        claim: claim::ISS,
        expected: "a string",
    })?;
    if found == expected {
        Ok(())
    } else {
        Err(JwtError::Issuer {
            expected: expected.to_owned(),
            found: found.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests;
