//! What a JWS may say about its own use: `aud`, the one URL it may be sent to, and `iat` and `exp` (RFC 7519). MAA's
//! clients write none of them; whoever does is protected from having the JWS presented elsewhere or again.

use attestry_api::{claim, json};
use attestry_evidence::time::UnixTime;
use serde_json::Value;
use thiserror::Error;

use crate::provider::Provider;

/// Member that names the URL of the one operation a JWS is for (RFC 7519, 4.1.3).
const AUDIENCE: &str = "aud";
/// Seconds by which the clocks of signer and service may differ.
const CLOCK_SKEW_SECONDS: i64 = 300;

/// What a JWS says about its own use, checked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Binding {
    /// When it was issued, unix seconds, if it says so.
    pub issued_at: Option<i64>,
}

/// A JWS that says that it is for something else, or that its time is over.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BindingError {
    /// It names another operation, type or provider.
    #[error("the JWS is for `{found}` (`aud`), this is `{expected}`")]
    OtherUse {
        /// URL of this operation.
        expected: String,
        /// What it names.
        found: String,
    },
    /// A member is of the wrong type.
    #[error("the member `{member}` of the JWS must be {expected}")]
    Malformed {
        /// Its name.
        member: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// Past its end.
    #[error("the JWS expired at {exp}, it is {now}")]
    Expired {
        /// `exp`, unix seconds.
        exp: i64,
        /// The time, unix seconds.
        now: i64,
    },
    /// Not issued yet.
    #[error("the JWS was issued at {iat}, it is {now}")]
    IssuedInFuture {
        /// `iat`, unix seconds.
        iat: i64,
        /// The time, unix seconds.
        now: i64,
    },
    /// Something newer was accepted already.
    #[error("the JWS was issued at {iat}, a change issued at {latest} was accepted already; sign it again")]
    Outdated {
        /// `iat`, unix seconds.
        iat: i64,
        /// `iat` of the latest accepted one.
        latest: i64,
    },
    /// The provider demands what this JWS does not say.
    #[error(
        "this provider accepts only a JWS that names its use: `aud` must be `{expected}`, with `iat`; sign it with `attestry policy sign --for`"
    )]
    Unbound {
        /// URL of this operation.
        expected: String,
    },
}

impl Binding {
    /// Checks what `payload` says against the operation at `path` of the provider. An unsigned JWS says nothing that
    /// could be believed, but what it says must not be wrong either.
    pub fn check(
        payload: &[u8],
        signed: bool,
        provider: &Provider,
        path: &str,
        now: UnixTime,
    ) -> Result<Self, BindingError> {
        let expected = format!("{}/{path}", provider.url());
        let value = json::parse_strict(payload).unwrap_or(Value::Null);
        let audience = value.get(AUDIENCE);
        let issued_at = seconds(&value, claim::IAT)?;
        if signed && provider.settings.bound_signatures && (audience.is_none() || issued_at.is_none()) {
            return Err(BindingError::Unbound { expected });
        }
        if let Some(audience) = audience {
            let found = audience.as_str().ok_or(BindingError::Malformed {
                member: AUDIENCE,
                expected: "a string",
            })?;
            if !found.eq_ignore_ascii_case(&expected) {
                return Err(BindingError::OtherUse {
                    expected,
                    found: found.to_owned(),
                });
            }
        }
        let now = now.seconds();
        if let Some(exp) = seconds(&value, claim::EXP)?
            && now >= exp.saturating_add(CLOCK_SKEW_SECONDS)
        {
            return Err(BindingError::Expired { exp, now });
        }
        if let Some(iat) = issued_at
            && iat > now.saturating_add(CLOCK_SKEW_SECONDS)
        {
            return Err(BindingError::IssuedInFuture { iat, now });
        }
        Ok(Self { issued_at })
    }
}

/// Refuses what was issued before the latest that was accepted, or with it.
pub(super) fn check_order(iat: i64, latest: Option<i64>) -> Result<(), BindingError> {
    match latest {
        Some(latest) if iat <= latest => Err(BindingError::Outdated { iat, latest }),
        _ => Ok(()),
    }
}

fn seconds(value: &Value, member: &'static str) -> Result<Option<i64>, BindingError> {
    let Some(found) = value.get(member) else {
        return Ok(None);
    };
    found.as_i64().map(Some).ok_or(BindingError::Malformed {
        member,
        expected: "whole seconds",
    })
}
