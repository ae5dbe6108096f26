//! Access tokens that callers bring (RFC 7519, RFC 9068): parsed without believing, then verified against the keys of
//! the issuer that they name and the rules agreed with it (RFC 8725).
//!
//! It owns the checks that need nothing but the token, the keys, the rules and the time. Where keys come from, and
//! what a caller may do, is decided elsewhere.

mod issuer_keys;

use serde_json::{Map, Value};

pub use self::issuer_keys::IssuerKeys;
use crate::{
    claim, json,
    jws::{Algorithm, CompactJws, Conformance, JwsError},
};

/// Bytes of the longest access token read. Entra ID keeps its tokens below 8 KiB by leaving out long lists of groups
/// ("Configure group claims"); others may list them.
pub const MAX_ACCESS_TOKEN_BYTES: usize = 32 * 1024;

/// What an issuer's tokens are held to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The exact claim `iss`.
    pub issuer: String,
    /// What the tokens may be for: one of them must be in `aud`. A slash at the end makes no difference.
    pub audiences: Vec<String>,
    /// Algorithms that the issuer signs with.
    pub algorithms: Vec<Algorithm>,
    /// Seconds that the clocks may differ.
    pub skew_seconds: u32,
    /// The longest time from `iat` to `exp` in seconds, when it matters.
    pub max_life_seconds: Option<i64>,
}

/// A token taken apart, of which nothing is believed.
#[derive(Clone, Debug)]
pub struct AccessToken<'a> {
    jws: CompactJws<'a>,
    claims: Map<String, Value>,
    issuer: String,
}

/// A token that passed [`AccessToken::verify`].
#[derive(Clone, Debug, PartialEq)]
pub struct VerifiedAccessToken {
    claims: Map<String, Value>,
}

/// Why a token is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AccessTokenError {
    /// Longer than [`MAX_ACCESS_TOKEN_BYTES`].
    #[error("the token has {found} bytes, {MAX_ACCESS_TOKEN_BYTES} at most are read")]
    TooLong {
        /// Its length.
        found: usize,
    },
    /// The JWS under the token is malformed or does not verify.
    #[error(transparent)]
    Jws(#[from] JwsError),
    /// The payload is not a JSON object.
    #[error("the claims are malformed: {0}")]
    Claims(String),
    /// A claim is absent or not of its type.
    #[error("the claim `{claim}` is missing or not {expected}")]
    Claim {
        /// Its name.
        claim: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// The header says that this is something else than an access token.
    #[error("the token's `typ` is not that of an access token")]
    Type,
    /// The issuer does not sign with this algorithm.
    #[error("the token's algorithm is not one that its issuer signs with")]
    Algorithm,
    /// The issuer has no key of this name for this algorithm.
    #[error("the token is signed with a key that its issuer does not publish")]
    UnknownKey,
    /// The header names no key, and the issuer has several.
    #[error("the token does not say which of its issuer's keys it is signed with")]
    NoKeyId,
    /// Another issuer than the keys are of.
    #[error("the token is of another issuer")]
    Issuer,
    /// The token is for somebody else.
    #[error("the token is for another audience")]
    Audience,
    /// The token is past its life.
    #[error("the token expired at {exp}, it is {now}")]
    Expired {
        /// Claim `exp`, unix seconds.
        exp: i64,
        /// The time of verification, unix seconds.
        now: i64,
    },
    /// The token's life has not begun.
    #[error("the token is not valid before {nbf}, it is {now}")]
    NotYetValid {
        /// Claim `nbf`, unix seconds.
        nbf: i64,
        /// The time of verification, unix seconds.
        now: i64,
    },
    /// The token says it was issued later than now.
    #[error("the token was issued at {iat}, it is {now}")]
    IssuedInFuture {
        /// Claim `iat`, unix seconds.
        iat: i64,
        /// The time of verification, unix seconds.
        now: i64,
    },
    /// The token lives longer than agreed.
    #[error("the token lives for {life} seconds, {limit} at most are accepted")]
    TooLongLived {
        /// From `iat` to `exp`, in seconds.
        life: i64,
        /// The most accepted.
        limit: i64,
    },
}

impl<'a> AccessToken<'a> {
    /// Takes the text apart; believes nothing of it.
    pub fn parse(text: &'a str) -> Result<Self, AccessTokenError> {
        if text.len() > MAX_ACCESS_TOKEN_BYTES {
            return Err(AccessTokenError::TooLong { found: text.len() });
        }
        let jws = CompactJws::parse(text)?;
        let claims = match json::parse_strict(jws.unverified_payload()) {
            Ok(Value::Object(claims)) => claims,
            Ok(_) => return Err(AccessTokenError::Claims("not an object".to_owned())),
            Err(error) => return Err(AccessTokenError::Claims(error.to_string())),
        };
        let issuer = claims.get(claim::ISS).and_then(Value::as_str);
        let issuer = issuer.ok_or(AccessTokenError::Claim {
            claim: claim::ISS,
            expected: "a string",
        })?;
        Ok(Self {
            issuer: issuer.to_owned(),
            jws,
            claims,
        })
    }

    /// The claim `iss`, unverified: good for choosing whose keys and rules apply, and for nothing else.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The name of the key in the header, unverified: good for finding the key, and for nothing else.
    pub fn key_id(&self) -> Option<&str> {
        self.jws.header().kid.as_deref()
    }

    /// Checks type, algorithm, signature, issuer, audience and times at `now` (unix seconds). Keys that the header
    /// brings along (`jwk`, `x5c`) or points to (`jku`, `x5u`) are never used.
    pub fn verify(
        self,
        keys: &IssuerKeys,
        rules: &Rules,
        now: i64,
    ) -> Result<VerifiedAccessToken, AccessTokenError> {
        check_type(self.jws.header().typ.as_deref())?;
        keys.check_signature(&self.jws, algorithm(&self.jws, rules)?)?;
        if self.issuer != rules.issuer {
            return Err(AccessTokenError::Issuer);
        }
        check_audience(&self.claims, &rules.audiences)?;
        check_times(&self.claims, rules, now)?;
        Ok(VerifiedAccessToken { claims: self.claims })
    }
}

impl VerifiedAccessToken {
    /// The claims.
    pub fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// A claim that is a string, and not an empty one.
    pub fn text(&self, claim: &str) -> Option<&str> {
        let text = self.claims.get(claim).and_then(Value::as_str);
        text.filter(|text| !text.is_empty())
    }
}

/// RFC 9068, 2.1, and RFC 7519, 5.1; Entra ID writes `JWT`. Anything else is a token of another kind (RFC 8725, 3.11).
fn check_type(typ: Option<&str>) -> Result<(), AccessTokenError> {
    const TYPES: [&str; 4] = ["JWT", "at+jwt", "application/jwt", "application/at+jwt"];
    match typ {
        Some(typ) if !TYPES.iter().any(|known| known.eq_ignore_ascii_case(typ)) => {
            Err(AccessTokenError::Type)
        }
        _ => Ok(()),
    }
}

fn algorithm(jws: &CompactJws<'_>, rules: &Rules) -> Result<Algorithm, AccessTokenError> {
    if jws.is_unsigned() {
        return Err(JwsError::Unsigned.into());
    }
    Algorithm::from_header(&jws.header().alg, Conformance::Strict)
        .filter(|algorithm| rules.algorithms.contains(algorithm))
        .ok_or(AccessTokenError::Algorithm)
}

/// RFC 7519, 4.1.3: one audience, or several of which one is meant.
fn check_audience(claims: &Map<String, Value>, accepted: &[String]) -> Result<(), AccessTokenError> {
    const MALFORMED: AccessTokenError = AccessTokenError::Claim {
        claim: AUDIENCE,
        expected: "a string or a list of strings",
    };
    let named = match claims.get(AUDIENCE) {
        Some(one @ Value::String(_)) => std::slice::from_ref(one),
        Some(Value::Array(several)) => several,
        _ => return Err(MALFORMED),
    };
    let named: Option<Vec<&str>> = named.iter().map(Value::as_str).collect();
    let named = named.ok_or(MALFORMED)?;
    let meant = |name: &&str| {
        accepted
            .iter()
            .any(|accepted| without_slash(accepted) == without_slash(name))
    };
    if named.iter().any(meant) {
        Ok(())
    } else {
        Err(AccessTokenError::Audience)
    }
}

/// Azure's own audiences come with and without a slash at the end, by the scope that was asked for.
fn without_slash(audience: &str) -> &str {
    audience.strip_suffix('/').unwrap_or(audience)
}

fn check_times(claims: &Map<String, Value>, rules: &Rules, now: i64) -> Result<(), AccessTokenError> {
    let skew = i64::from(rules.skew_seconds);
    let exp = time(claims, claim::EXP)?.ok_or(AccessTokenError::Claim {
        claim: claim::EXP,
        expected: SECONDS,
    })?;
    // RFC 7519, 4.1.4: expired on its last second already.
    if now >= exp.saturating_add(skew) {
        return Err(AccessTokenError::Expired { exp, now });
    }
    let latest = now.saturating_add(skew);
    if let Some(nbf) = time(claims, claim::NBF)?.filter(|&nbf| nbf > latest) {
        return Err(AccessTokenError::NotYetValid { nbf, now });
    }
    let iat = time(claims, claim::IAT)?;
    if let Some(iat) = iat.filter(|&iat| iat > latest) {
        return Err(AccessTokenError::IssuedInFuture { iat, now });
    }
    let Some(limit) = rules.max_life_seconds else {
        return Ok(());
    };
    let iat = iat.ok_or(AccessTokenError::Claim {
        claim: claim::IAT,
        expected: SECONDS,
    })?;
    let life = exp.saturating_sub(iat);
    if life > limit {
        return Err(AccessTokenError::TooLongLived { life, limit });
    }
    Ok(())
}

/// A time in whole seconds. RFC 7519 allows fractions, but no issuer needs them, and readers differ over them.
fn time(claims: &Map<String, Value>, claim: &'static str) -> Result<Option<i64>, AccessTokenError> {
    let Some(value) = claims.get(claim) else {
        return Ok(None);
    };
    value
        .as_i64()
        .filter(|&seconds| seconds >= 0)
        .map(Some)
        .ok_or(AccessTokenError::Claim {
            claim,
            expected: SECONDS,
        })
}

/// RFC 7519, 4.1.3.
const AUDIENCE: &str = "aud";

const SECONDS: &str = "a whole number of seconds since 1970";

#[cfg(test)]
mod tests;
