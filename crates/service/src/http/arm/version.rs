//! The api-versions of the control plane, and what distinguishes them.

use axum::extract::{FromRequestParts, Query};
use http::{StatusCode, request::Parts};

use super::ArmError;

/// The versions, oldest first.
pub(super) const VERSIONS: [&str; 5] = [
    "2018-09-01-preview",
    "2018-09-01",
    "2020-10-01",
    "2021-06-01-preview",
    "2021-06-01",
];

/// A version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ArmVersion {
    /// Up to 2020-10-01: trust model, status and attest URI only.
    Early,
    /// 2021-06-01-preview: also the switches and connections.
    Preview2021,
    /// 2021-06-01: also who made the resource.
    Current,
}

impl ArmVersion {
    fn parse(text: &str) -> Option<Self> {
        let place = VERSIONS
            .iter()
            .position(|known| known.eq_ignore_ascii_case(text))?;
        Some(match place {
            0..=2 => Self::Early,
            3 => Self::Preview2021,
            _ => Self::Current,
        })
    }

    /// Whether providers are shown with their switches and connections.
    pub(super) fn has_switches(self) -> bool {
        self != Self::Early
    }

    /// Whether providers are shown with who made them.
    pub(super) fn has_system_data(self) -> bool {
        self == Self::Current
    }
}

impl<S: Sync> FromRequestParts<S> for ArmVersion {
    type Rejection = ArmError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ArmError> {
        let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri)
            .map_err(|_| ArmError::content("the query is malformed"))?;
        let mut given = pairs
            .iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case("api-version"));
        let Some((_, version)) = given.next() else {
            return Err(ArmError::new(
                StatusCode::BAD_REQUEST,
                "MissingApiVersionParameter",
                "The api-version query parameter (?api-version=) is required for all requests.",
            ));
        };
        let known = Self::parse(version).filter(|_| given.all(|(_, other)| other == version));
        known.ok_or_else(|| {
            let shown: String = version.chars().take(32).flat_map(char::escape_debug).collect();
            ArmError::new(
                StatusCode::BAD_REQUEST,
                "InvalidApiVersionParameter",
                format!(
                    "The api-version '{shown}' is invalid. The supported versions are '{}'.",
                    VERSIONS.join(",")
                ),
            )
        })
    }
}
