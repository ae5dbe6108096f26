//! The listener's TLS identity: a certificate and its key, replaceable while serving.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use thiserror::Error;
use tokio_rustls::TlsAcceptor;

/// ALPN identifiers (RFC 7301).
pub(super) const ALPN_HTTP2: &[u8] = b"h2";
const ALPN_HTTP1: &[u8] = b"http/1.1";

/// Why a TLS identity cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read, or holds nothing of the kind it should.
    #[error("`{}` holds no usable PEM {what}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// `certificate` or `private key`.
        what: &'static str,
        /// What the reader said.
        #[source]
        source: rustls_pki_types::pem::Error,
    },
    /// The key does not belong to the certificate, or is of an unsupported kind.
    #[error("the TLS certificate and its private key cannot be used")]
    Identity(#[from] rustls::Error),
}

/// A certificate chain with its private key, for TLS 1.2 and 1.3, offering HTTP/2 and HTTP/1.1. Clones share
/// what [`TlsIdentity::reload`] puts in.
#[derive(Clone)]
pub struct TlsIdentity(Arc<ArcSwap<ServerConfig>>);

impl TlsIdentity {
    /// Reads a PEM chain, leaf first, and its PEM key.
    pub fn from_files(certificate: &Path, private_key: &Path) -> Result<Self, TlsError> {
        Ok(Self::new(read(certificate, private_key)?))
    }

    /// Reads the files again; connections accepted from now on use what they hold. On an error nothing
    /// changes.
    pub fn reload(&self, certificate: &Path, private_key: &Path) -> Result<(), TlsError> {
        self.0.store(Arc::new(read(certificate, private_key)?));
        Ok(())
    }

    fn new(config: ServerConfig) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(config)))
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.0.load_full())
    }
}

/// The certificate of a client that proved to hold its key, verified against the configured authorities.
#[derive(Clone, Debug)]
pub struct ClientCertificate(pub Arc<[u8]>);

impl fmt::Debug for TlsIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TlsIdentity(..)")
    }
}

fn read(certificate: &Path, private_key: &Path) -> Result<ServerConfig, TlsError> {
    let file = |path: &Path, what| {
        let path = path.to_owned();
        move |source| TlsError::File { path, what, source }
    };
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(file(certificate, "certificate"))?;
    let key = PrivateKeyDer::from_pem_file(private_key).map_err(file(private_key, "private key"))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![ALPN_HTTP2.to_vec(), ALPN_HTTP1.to_vec()];
    Ok(config)
}
