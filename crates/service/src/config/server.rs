//! `[server]`: the listener, its certificate and its limits.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use http::Uri;
use serde::{Deserialize, Serialize};

use super::{ConfigError, check_range};

/// `[server]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerConfig {
    /// Address and port to listen on; port 0 takes a free one.
    pub listen: SocketAddr,
    /// URL under which clients reach the service, without a path: issuer of the default provider's tokens.
    /// Empty: `https://localhost:<port>`.
    pub base_url: String,
    /// Domain under which providers are addressed as `<name>.<base_domain>`. Empty: by path prefix only.
    pub base_domain: String,
    /// Certificate chain, PEM, leaf first. Empty, with an empty key: plain HTTP, on loopback only.
    pub tls_certificate: PathBuf,
    /// Private key of the certificate, PEM.
    pub tls_private_key: PathBuf,
    /// Most connections held at a time; further ones wait to be accepted.
    pub max_connections: usize,
    /// Most bytes of a request body.
    pub max_body_bytes: usize,
    /// Most bytes of a request's header.
    pub max_header_bytes: usize,
    /// Most header fields of a request (HTTP/1.1).
    pub max_headers: usize,
    /// Most requests in flight on one HTTP/2 connection.
    pub max_concurrent_streams: u32,
    /// Time for the TLS handshake.
    pub handshake_timeout_seconds: u64,
    /// Time for a request's header, counted from its first byte, and for the first request of a connection.
    pub header_timeout_seconds: u64,
    /// Time for a request's whole body.
    pub body_timeout_seconds: u64,
    /// How long a connection without a request is kept.
    pub idle_timeout_seconds: u64,
    /// How long requests in flight may take to finish when the service stops.
    pub drain_timeout_seconds: u64,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8443)),
            base_url: String::new(),
            base_domain: String::new(),
            tls_certificate: PathBuf::new(),
            tls_private_key: PathBuf::new(),
            max_connections: 1_024,
            // MAA's own limit on request bodies is of this order; a quote with runtime data is below 100 KiB.
            max_body_bytes: 1_048_576,
            // A bearer token of Entra ID may take 8 KiB and more.
            max_header_bytes: 32_768,
            max_headers: 100,
            max_concurrent_streams: 128,
            handshake_timeout_seconds: 10,
            header_timeout_seconds: 10,
            body_timeout_seconds: 30,
            idle_timeout_seconds: 75,
            drain_timeout_seconds: 30,
        }
    }
}

impl ServerConfig {
    /// Whether the listener speaks TLS.
    pub fn has_tls(&self) -> bool {
        !self.tls_certificate.as_os_str().is_empty()
    }

    /// Time for the TLS handshake.
    pub fn handshake_timeout(&self) -> Duration {
        Duration::from_secs(self.handshake_timeout_seconds)
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        if self.has_tls() == self.tls_private_key.as_os_str().is_empty() {
            return Err(ConfigError::key(
                if self.has_tls() {
                    "server.tls_private_key"
                } else {
                    "server.tls_certificate"
                },
                "the certificate and its private key must be given together",
            ));
        }
        if !self.has_tls() && !self.listen.ip().is_loopback() {
            return Err(ConfigError::key(
                "server.tls_certificate",
                format!(
                    "required to listen on `{}`: plain HTTP is for loopback only",
                    self.listen.ip()
                ),
            ));
        }
        self.validate_names()?;
        check_range("server.max_connections", self.max_connections, 1..=65_536)?;
        check_range("server.max_body_bytes", self.max_body_bytes, 65_536..=67_108_864)?;
        check_range(
            "server.max_header_bytes",
            self.max_header_bytes,
            8_192..=1_048_576,
        )?;
        check_range("server.max_headers", self.max_headers, 16..=1_024)?;
        check_range(
            "server.max_concurrent_streams",
            self.max_concurrent_streams,
            1..=10_000,
        )?;
        for (key, seconds) in [
            ("server.handshake_timeout_seconds", self.handshake_timeout_seconds),
            ("server.header_timeout_seconds", self.header_timeout_seconds),
            ("server.body_timeout_seconds", self.body_timeout_seconds),
            ("server.idle_timeout_seconds", self.idle_timeout_seconds),
            ("server.drain_timeout_seconds", self.drain_timeout_seconds),
        ] {
            check_range(key, seconds, 1..=3_600)?;
        }
        Ok(())
    }

    fn validate_names(&self) -> Result<(), ConfigError> {
        if !self.base_url.is_empty() {
            let plain = self.base_url.parse::<Uri>().ok().is_some_and(|url| {
                matches!(url.scheme_str(), Some("https" | "http"))
                    && url
                        .authority()
                        .is_some_and(|authority| !authority.as_str().contains('@'))
                    && url.path() == "/"
                    && url.query().is_none()
                    && !self.base_url.ends_with('/')
            });
            if !plain {
                return Err(ConfigError::key(
                    "server.base_url",
                    format!(
                        "`{}` is not a URL of the form `https://host[:port]`",
                        self.base_url
                    ),
                ));
            }
        }
        let label = |label: &str| {
            !label.is_empty()
                && label.len() <= 63
                && label
                    .bytes()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-')
        };
        if !self.base_domain.is_empty() && !self.base_domain.split('.').all(label) {
            return Err(ConfigError::key(
                "server.base_domain",
                format!("`{}` is not a lower-case domain name", self.base_domain),
            ));
        }
        Ok(())
    }
}
