//! The JWS in a request's body, in every form that clients send it: bare, as a JSON string, or as a member of a JSON
//! object; whatever `Content-Type` says.

use attestry_api::{error::ErrorCode, json};
use axum::extract::{FromRequest, Request};
use serde_json::Value;

use super::{ApiError, App, body::Body};

/// Members that hold the JWS in the specification of 2025-06-01.
const MEMBERS: [&str; 3] = ["policyCertificateToAdd", "policyCertificateToRemove", "token"];

/// The JWS, as a text without white space around it.
pub(super) struct SignedBody(pub(super) String);

impl FromRequest<App> for SignedBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        let Body(bytes) = Body::from_request(request, app).await?;
        Ok(Self(jws_in(&bytes)?))
    }
}

/// The JWS in a body.
pub(super) fn jws_in(body: &[u8]) -> Result<String, ApiError> {
    let malformed = |message: &str| ApiError::new(ErrorCode::InvalidOperation, message);
    let text =
        std::str::from_utf8(body).map_err(|_| malformed("Malformed JWT: the body is not UTF-8 text."))?;
    // A byte order mark, as PowerShell writes it, is white space here.
    let text = text.trim_start_matches('\u{feff}').trim();
    if !text.starts_with(['"', '{']) {
        return Ok(text.to_owned());
    }
    let value = json::parse_strict(text.as_bytes()).map_err(|error| {
        malformed(&format!(
            "Malformed JWT: the body is not a JWS, and not JSON: {error}"
        ))
    })?;
    let jws = match value {
        Value::String(jws) => Some(jws),
        Value::Object(members) => {
            let mut given = members
                .into_iter()
                .filter(|(name, _)| MEMBERS.iter().any(|known| known.eq_ignore_ascii_case(name)));
            match (given.next(), given.next()) {
                (Some((_, Value::String(jws))), None) => Some(jws),
                _ => None,
            }
        }
        _ => None,
    };
    let jws =
        jws.ok_or_else(|| malformed("Malformed JWT: the body must be a JWS, or a JSON string that is one."))?;
    Ok(jws.trim().to_owned())
}

#[cfg(test)]
mod tests;
