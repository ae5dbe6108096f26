//! `[cors]`: which web pages may call.

use http::HeaderValue;
use serde::{Deserialize, Serialize};

use super::ConfigError;

/// `[cors]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CorsConfig {
    /// Origins whose pages may read the signing certificates and the metadata; `*` for all.
    pub verification_origins: Vec<String>,
    /// Origins whose pages may attest; `*` for all.
    pub attest_origins: Vec<String>,
}

impl Default for CorsConfig {
    fn default() -> Self {
        Self {
            // As MAA: what tokens are verified by is public, attesting from a page is the exception.
            verification_origins: vec![ANY.to_owned()],
            attest_origins: Vec::new(),
        }
    }
}

/// Stands for every origin.
pub(crate) const ANY: &str = "*";

impl CorsConfig {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        for (key, origins) in [
            ("cors.verification_origins", &self.verification_origins),
            ("cors.attest_origins", &self.attest_origins),
        ] {
            if origins.iter().any(|origin| origin == ANY) && origins.len() > 1 {
                return Err(ConfigError::key(key, "`*` stands alone"));
            }
            if let Some(origin) = origins.iter().find(|origin| !is_origin(origin)) {
                return Err(ConfigError::key(
                    key,
                    format!("`{origin}` is not an origin of the form `https://host[:port]`, nor `*`"),
                ));
            }
        }
        Ok(())
    }
}

/// As browsers write it in the header `Origin` (RFC 6454, 6.2).
fn is_origin(text: &str) -> bool {
    let authority = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    text == ANY
        || authority.is_some_and(|authority| {
            !authority.is_empty()
                && authority == authority.to_ascii_lowercase()
                && !authority.contains(['/', '?', '#', '@', '*', ' '])
                && HeaderValue::from_str(text).is_ok()
        })
}
