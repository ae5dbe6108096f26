//! The `api-version` query parameter: which values this service answers, and that every operation is
//! served under all of them.

use std::{fmt, str::FromStr};

use crate::json::shown;

/// Every api-version of MAA's data plane published so far (Azure REST specification, attestation data
/// plane, 2018-09-01-preview to 2026-03-11-preview).
pub const API_VERSIONS: [&str; 7] = [
    "2018-09-01-preview",
    "2020-10-01",
    "2022-08-01",
    "2022-09-01-preview",
    "2023-04-01-preview",
    "2025-06-01",
    "2026-03-11-preview",
];

/// One of [`API_VERSIONS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ApiVersion(&'static str);

/// The api-version is none of [`API_VERSIONS`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the api-version `{0}` is not known")]
pub struct UnknownApiVersion(pub String);

impl ApiVersion {
    /// The version as it stands in the query.
    pub fn as_str(self) -> &'static str {
        self.0
    }

    /// Whether answers take the form of the 2018 preview: the token as a bare JSON string.
    pub fn is_preview_2018(self) -> bool {
        self.0 == "2018-09-01-preview"
    }
}

impl FromStr for ApiVersion {
    type Err = UnknownApiVersion;

    fn from_str(text: &str) -> Result<Self, UnknownApiVersion> {
        API_VERSIONS
            .into_iter()
            .find(|known| known.eq_ignore_ascii_case(text))
            .map(ApiVersion)
            .ok_or_else(|| UnknownApiVersion(shown(text)))
    }
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}
