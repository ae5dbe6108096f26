//! Signing keys and tokens.
//!
//! It owns the private keys in memory, the certificates that publish them, and the exact form of every token
//! the service issues. What claims a token carries is decided elsewhere.

mod certificate;
mod issuer;
mod key;
mod ring;

use thiserror::Error;

pub use self::issuer::{ATTESTATION_TOKEN_SECONDS, MANAGEMENT_TOKEN_SECONDS, TokenIssuer};
pub use self::key::{SigningAlgorithm, SigningKey};
pub use self::ring::KeyRing;

/// A key or a token could not be made.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The cryptographic library refused an operation on a key it holds.
    #[error("the operation `{operation}` failed")]
    Crypto {
        /// `generate`, `sign`, ...
        operation: &'static str,
    },
    /// A private key is not PKCS #8 of its algorithm.
    #[error("the signing key is not a PKCS #8 key for {algorithm}")]
    MalformedKey {
        /// The algorithm it was stored for.
        algorithm: SigningAlgorithm,
    },
    /// A token cannot be signed: no key is active.
    #[error("no signing key is active")]
    NoActiveKey,
}
