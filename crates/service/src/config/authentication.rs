//! `[authentication]`: whose word is taken for who callers are.

use std::net::IpAddr;
use std::path::PathBuf;

use attestry_api::jws::{Algorithm, Conformance};
use http::Uri;
use serde::{Deserialize, Serialize};

use super::{ConfigError, check_range};

/// `[authentication]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuthenticationConfig {
    /// Issuers whose access tokens are accepted. Empty, without client certificates: nobody can make themselves known.
    pub issuer: Vec<IssuerConfig>,
    /// Client certificates as a second way.
    pub client_certificates: ClientCertificatesConfig,
}

/// One `[[authentication.issuer]]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IssuerConfig {
    /// The exact claim `iss` of its tokens, an https URL.
    pub issuer: String,
    /// What tokens may be for; one of them must be in `aud`. A slash at the end makes no difference.
    pub audiences: Vec<String>,
    /// Where its keys are. Empty: where its metadata at `<issuer>/.well-known/openid-configuration` says.
    pub jwks_uri: String,
    /// A file with its keys, for services without a way to it; nothing is fetched then. Read again on SIGHUP.
    pub jwks_file: PathBuf,
    /// Algorithms that it signs with.
    pub algorithms: Vec<String>,
    /// Certificate authority of its TLS certificate, PEM. Empty: those the system trusts.
    pub ca_file: PathBuf,
    /// Seconds that its clock may differ.
    pub clock_skew_seconds: u32,
    /// The longest life of a token. 0: whatever the issuer gives it.
    pub max_token_life_seconds: u32,
    /// Time for one request to it, all of it.
    pub request_timeout_seconds: u64,
    /// Age of its keys at which they are fetched again; requests go on with those at hand meanwhile.
    pub refresh_seconds: u32,
    /// How soon after its keys were fetched they are fetched again for a token that names an unknown one.
    pub unknown_key_pause_seconds: u32,
    /// Age of its keys up to which they are used while it cannot be reached.
    pub outage_seconds: u32,
}

/// `[authentication.client_certificates]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClientCertificatesConfig {
    /// Authorities whose certificates clients may present in the TLS handshake, PEM. Empty: none is asked for. Read
    /// again on SIGHUP.
    pub ca_file: PathBuf,
}

impl Default for IssuerConfig {
    fn default() -> Self {
        let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        Self {
            issuer: String::new(),
            audiences: owned(&DEFAULT_AUDIENCES),
            jwks_uri: String::new(),
            jwks_file: PathBuf::new(),
            algorithms: owned(&DEFAULT_ALGORITHMS),
            ca_file: PathBuf::new(),
            clock_skew_seconds: 60,
            max_token_life_seconds: 0,
            request_timeout_seconds: 5,
            // Issuers publish a key a day and more before they sign with it.
            refresh_seconds: 3_600,
            unknown_key_pause_seconds: 30,
            outage_seconds: 86_400,
        }
    }
}

/// What MAA's clients ask for tokens for: its data plane, and Azure Resource Manager.
pub(crate) const DEFAULT_AUDIENCES: [&str; 2] = ["https://attest.azure.net", "https://management.azure.com"];

const DEFAULT_ALGORITHMS: [&str; 4] = ["RS256", "PS256", "ES256", "ES384"];

impl AuthenticationConfig {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        for (index, issuer) in self.issuer.iter().enumerate() {
            let key = format!("authentication.issuer[{index}]");
            issuer.validate(&key)?;
            let before = self.issuer.iter().take(index);
            if before.into_iter().any(|other| other.issuer == issuer.issuer) {
                return Err(ConfigError::key(
                    format!("{key}.issuer"),
                    format!("`{}` is given twice", issuer.issuer),
                ));
            }
        }
        Ok(())
    }
}

impl IssuerConfig {
    /// The algorithms by their meaning.
    pub(crate) fn algorithms(&self) -> Vec<Algorithm> {
        let known = |name: &String| Algorithm::from_header(name, Conformance::Strict);
        self.algorithms.iter().filter_map(known).collect()
    }

    fn validate(&self, key: &str) -> Result<(), ConfigError> {
        let refused = |field: &str, reason: String| Err(ConfigError::key(format!("{key}.{field}"), reason));
        if !is_acceptable_url(&self.issuer) {
            return refused(
                "issuer",
                format!("`{}` is not an https URL without query", self.issuer),
            );
        }
        if !self.jwks_uri.is_empty() && !is_acceptable_url(&self.jwks_uri) {
            return refused(
                "jwks_uri",
                format!("`{}` is not an https URL without query", self.jwks_uri),
            );
        }
        if !self.jwks_uri.is_empty() && !self.jwks_file.as_os_str().is_empty() {
            return refused(
                "jwks_file",
                "keys come from an address or from a file, not from both".to_owned(),
            );
        }
        if self.audiences.is_empty() || self.audiences.iter().any(String::is_empty) {
            return refused("audiences", "at least one is needed, none empty".to_owned());
        }
        if self.algorithms.is_empty() {
            return refused("algorithms", "at least one is needed".to_owned());
        }
        for name in &self.algorithms {
            if Algorithm::from_header(name, Conformance::Strict).is_none() {
                return refused(
                    "algorithms",
                    format!("`{name}` is not a signature algorithm of RFC 7518 with a public key"),
                );
            }
        }
        self.validate_times(key)
    }

    fn validate_times(&self, key: &str) -> Result<(), ConfigError> {
        let name = |field: &str| format!("{key}.{field}");
        check_range(&name("clock_skew_seconds"), self.clock_skew_seconds, 0..=600)?;
        check_range(
            &name("max_token_life_seconds"),
            self.max_token_life_seconds,
            0..=31_536_000,
        )?;
        check_range(
            &name("request_timeout_seconds"),
            self.request_timeout_seconds,
            1..=60,
        )?;
        check_range(&name("refresh_seconds"), self.refresh_seconds, 60..=86_400)?;
        check_range(
            &name("unknown_key_pause_seconds"),
            self.unknown_key_pause_seconds,
            1..=3_600,
        )?;
        check_range(
            &name("outage_seconds"),
            self.outage_seconds,
            self.refresh_seconds..=2_592_000,
        )
    }
}

/// Keys decide who callers are, so they travel over TLS; development mode may have an issuer on its own machine.
fn is_acceptable_url(url: &str) -> bool {
    let Ok(url) = url.parse::<Uri>() else { return false };
    let plain = url
        .authority()
        .is_some_and(|authority| !authority.as_str().contains('@'))
        && url.query().is_none();
    plain && (url.scheme_str() == Some("https") || is_plain_http_here(&url))
}

/// Whether this is plain HTTP to this machine.
fn is_plain_http_here(url: &Uri) -> bool {
    let host = url.host().unwrap_or_default().trim_matches(['[', ']']);
    url.scheme_str() == Some("http")
        && (host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback()))
}
