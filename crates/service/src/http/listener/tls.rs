//! The listener's TLS identity: a certificate, its key, and whose certificates clients may present; replaceable while
//! serving.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig, ServerConnection};
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
    /// The authorities of client certificates cannot be used.
    #[error("`{}` holds no usable authorities of client certificates: {reason}", path.display())]
    ClientAuthorities {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The key does not belong to the certificate, or is of an unsupported kind.
    #[error("the TLS certificate and its private key cannot be used")]
    Identity(#[from] rustls::Error),
}

/// The files of a TLS identity, all PEM.
#[derive(Clone, Copy, Debug)]
pub struct TlsFiles<'a> {
    /// The certificate chain, leaf first.
    pub certificate: &'a Path,
    /// Its private key.
    pub private_key: &'a Path,
    /// Authorities of clients' certificates; without them, clients are asked for none.
    pub client_authorities: Option<&'a Path>,
}

/// A certificate chain with its private key, for TLS 1.2 and 1.3, offering HTTP/2 and HTTP/1.1. Clones share
/// what [`TlsIdentity::reload`] puts in.
#[derive(Clone)]
pub struct TlsIdentity(Arc<ArcSwap<ServerConfig>>);

impl TlsIdentity {
    /// Reads the files.
    pub fn from_files(files: TlsFiles<'_>) -> Result<Self, TlsError> {
        Ok(Self::new(read(files)?))
    }

    /// Reads the files again; connections accepted from now on use what they hold. On an error nothing
    /// changes.
    pub fn reload(&self, files: TlsFiles<'_>) -> Result<(), TlsError> {
        self.0.store(Arc::new(read(files)?));
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

impl ClientCertificate {
    /// The certificate that the client of a connection proved to hold, if it did.
    pub(super) fn of(connection: &ServerConnection) -> Option<Self> {
        let chain = connection.peer_certificates()?;
        chain.first().map(|leaf| Self(Arc::from(leaf.as_ref())))
    }
}

fn read(files: TlsFiles<'_>) -> Result<ServerConfig, TlsError> {
    let chain = certificates(files.certificate)?;
    let key = PrivateKeyDer::from_pem_file(files.private_key)
        .map_err(|source| unusable(files.private_key, "private key", source))?;
    let builder = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()?;
    let builder = match files.client_authorities {
        Some(path) => builder.with_client_cert_verifier(client_verifier(path)?),
        None => builder.with_no_client_auth(),
    };
    let mut config = builder.with_single_cert(chain, key)?;
    config.alpn_protocols = vec![ALPN_HTTP2.to_vec(), ALPN_HTTP1.to_vec()];
    if files.client_authorities.is_some() {
        // A resumed session would bring its certificate along without another look at its dates.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
    }
    Ok(config)
}

/// Lets clients without a certificate pass: whether somebody must be known is decided for each request.
fn client_verifier(path: &Path) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
    let authorities = certificates(path)?;
    let refused = |reason: String| TlsError::ClientAuthorities {
        path: path.to_owned(),
        reason,
    };
    let mut roots = RootCertStore::empty();
    for authority in authorities {
        roots.add(authority).map_err(|error| refused(error.to_string()))?;
    }
    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::new(default_provider()))
        .allow_unauthenticated()
        .build()
        .map_err(|error| refused(error.to_string()))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|source| unusable(path, "certificate", source))
}

fn unusable(path: &Path, what: &'static str, source: rustls_pki_types::pem::Error) -> TlsError {
    TlsError::File {
        path: path.to_owned(),
        what,
        source,
    }
}
