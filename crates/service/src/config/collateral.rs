//! `[collateral]`: sources of reference documents and their upkeep.

use std::net::IpAddr;
use std::path::PathBuf;

use http::Uri;
use serde::{Deserialize, Serialize};

use super::{ConfigError, check_range};

/// `[collateral]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CollateralConfig {
    /// Where documents come from; asked in this order until one gives a set that verifies. Empty: only what
    /// was imported is used.
    pub sources: Vec<SourceConfig>,
    /// Whether the early set of TCB levels is kept beside the standard one for every known platform.
    pub early: bool,
    /// Most platform models (FMSPC and PCK CA, for each TEE) that documents are kept for.
    pub max_platforms: usize,
    /// Time for one request to a source, all of it.
    pub request_timeout_seconds: u64,
    /// How often a request is made before its source counts as failed.
    pub attempts: u32,
}

/// One entry of `collateral.sources`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceConfig {
    /// What it is.
    pub kind: SourceKind,
    /// Base URL, for `pccs` required, for `intel-pcs` and `azure-thim` to replace the public one.
    #[serde(default)]
    pub url: String,
    /// Version of the interface, 3 or 4.
    #[serde(default = "latest_api_version")]
    pub api_version: u8,
    /// Subscription key of Intel's service; its reference documents are free without one.
    #[serde(default)]
    pub api_key: String,
    /// Certificate authority of the source's TLS certificate, PEM. Empty: those the system trusts.
    #[serde(default)]
    pub ca_file: PathBuf,
    /// The directory, for `directory`; the file, for `bundle`.
    #[serde(default)]
    pub path: PathBuf,
    /// The operator's public key, PEM, that a `bundle` must be signed with.
    #[serde(default)]
    pub signer: PathBuf,
}

/// What a source of collateral is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SourceKind {
    /// Intel's Provisioning Certification Service.
    IntelPcs,
    /// A Provisioning Certificate Caching Service.
    Pccs,
    /// Azure's Trusted Hardware Identity Management.
    AzureThim,
    /// A directory of documents.
    Directory,
    /// A signed bundle.
    Bundle,
}

const fn latest_api_version() -> u8 {
    4
}

impl Default for CollateralConfig {
    fn default() -> Self {
        Self {
            sources: vec![SourceConfig::new(SourceKind::IntelPcs)],
            early: true,
            // Intel's list of FMSPCs had fewer than 200 entries in 2026.
            max_platforms: 512,
            request_timeout_seconds: 15,
            attempts: 3,
        }
    }
}

impl SourceConfig {
    /// A source of `kind` with everything else by default.
    pub fn new(kind: SourceKind) -> Self {
        Self {
            kind,
            url: String::new(),
            api_version: latest_api_version(),
            api_key: String::new(),
            ca_file: PathBuf::new(),
            path: PathBuf::new(),
            signer: PathBuf::new(),
        }
    }

    fn validate(&self, key: &str) -> Result<(), ConfigError> {
        let needs = |field: &str, missing: bool| {
            if missing {
                return Err(ConfigError::key(
                    format!("{key}.{field}"),
                    "this kind of source needs it",
                ));
            }
            Ok(())
        };
        match self.kind {
            SourceKind::IntelPcs | SourceKind::AzureThim => {}
            SourceKind::Pccs => needs("url", self.url.is_empty())?,
            SourceKind::Directory => needs("path", self.path.as_os_str().is_empty())?,
            SourceKind::Bundle => {
                needs("path", self.path.as_os_str().is_empty())?;
                needs("signer", self.signer.as_os_str().is_empty())?;
            }
        }
        check_url(&format!("{key}.url"), &self.url)?;
        check_range(&format!("{key}.api_version"), self.api_version, 3..=4)
    }
}

impl CollateralConfig {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        for (index, source) in self.sources.iter().enumerate() {
            source.validate(&format!("collateral.sources[{index}]"))?;
        }
        check_range("collateral.max_platforms", self.max_platforms, 1..=4_096)?;
        check_range(
            "collateral.request_timeout_seconds",
            self.request_timeout_seconds,
            1..=120,
        )?;
        check_range("collateral.attempts", self.attempts, 1..=10)
    }
}

/// Refuses an address that a source must not have; an empty one stands for the public service.
pub(super) fn check_url(key: &str, url: &str) -> Result<(), ConfigError> {
    if has_credentials(url) {
        return Err(ConfigError::key(
            key,
            "must not contain a user name or password: addresses are logged",
        ));
    }
    if !url.is_empty() && !is_acceptable_url(url) {
        return Err(ConfigError::key(
            key,
            format!("`{url}` is neither https nor on this machine"),
        ));
    }
    Ok(())
}

/// Signatures protect the documents, but not against the replay of older ones: a source is asked over TLS
/// unless it is on this machine or, as Azure's instance metadata service, link-local.
fn is_acceptable_url(url: &str) -> bool {
    let Ok(url) = url.parse::<Uri>() else { return false };
    let host = url.host().unwrap_or_default().trim_matches(['[', ']']);
    match url.scheme_str() {
        Some("https") => !host.is_empty(),
        Some("http") => {
            host == "localhost"
                || host.parse::<IpAddr>().is_ok_and(|address| match address {
                    IpAddr::V4(v4) => v4.is_loopback() || v4.is_link_local(),
                    IpAddr::V6(v6) => v6.is_loopback(),
                })
        }
        _ => false,
    }
}

fn has_credentials(url: &str) -> bool {
    let authority = url.parse::<Uri>().ok().and_then(|url| url.into_parts().authority);
    authority.is_some_and(|authority| authority.as_str().contains('@'))
}

// By hand: a configuration is printed when it is checked, the subscription key never.
impl std::fmt::Debug for SourceConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SourceConfig")
            .field("kind", &self.kind)
            .field("url", &self.url)
            .field("api_version", &self.api_version)
            .field("ca_file", &self.ca_file)
            .field("path", &self.path)
            .field("signer", &self.signer)
            .finish_non_exhaustive()
    }
}
