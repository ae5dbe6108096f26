//! The query parameter `api-version`: required by MAA's specification, and every version gets the same
//! service. `/certs` and the metadata are also asked for without it.

use attestry_api::{API_VERSIONS, ApiVersion, error::ErrorCode};
use axum::extract::{FromRequestParts, Query};
use http::request::Parts;

use super::ApiError;

/// The version of a request that must name one.
pub(super) struct Version(pub(super) ApiVersion);

/// The version of a request that may name one; only a wrong one is refused.
pub(super) struct OptionalVersion;

impl<S: Sync> FromRequestParts<S> for Version {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let version = in_query(parts)?;
        version.map(Self).ok_or_else(|| {
            ApiError::parameter(
                "missing_api_version",
                "api-version",
                "the query parameter `api-version` is missing",
            )
        })
    }
}

impl<S: Sync> FromRequestParts<S> for OptionalVersion {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        in_query(parts).map(|_| Self)
    }
}

fn in_query(parts: &Parts) -> Result<Option<ApiVersion>, ApiError> {
    let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri)
        .map_err(|_| ApiError::new(ErrorCode::InvalidParameter, "the query is malformed"))?;
    let mut found = pairs
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("api-version"));
    let Some((_, version)) = found.next() else {
        return Ok(None);
    };
    if found.any(|(_, other)| other != version) {
        let message = "the query parameter `api-version` is given twice";
        return Err(ApiError::parameter(
            "duplicate_api_version",
            "api-version",
            message,
        ));
    }
    version.parse().map(Some).map_err(|error| {
        ApiError::parameter("unknown_api_version", "api-version", error)
            .with_expected(API_VERSIONS.join(", "))
    })
}
