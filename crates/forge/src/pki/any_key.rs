//! Keys of every kind behind one interface: what certificates and revocation lists need of a key.

use super::{KeyPair, P384KeyPair, RsaKeyPair};

/// A key pair that certificates can name and be signed with.
pub trait SigningKey {
    /// SubjectPublicKeyInfo, DER.
    fn spki(&self) -> Vec<u8>;
    /// The key identifier: SHA-1 of the public key (RFC 5280, 4.2.1.2, method 1).
    fn key_id(&self) -> [u8; 20];
    /// AlgorithmIdentifier of the signatures, DER.
    fn algorithm_identifier(&self) -> Vec<u8>;
    /// The signature over `message`, as certificates carry it.
    fn sign(&self, message: &[u8]) -> Vec<u8>;
}

/// A key pair of any kind; cheap to clone.
#[derive(Clone, Debug)]
pub enum AnyKey {
    /// ECDSA over P-256 with SHA-256.
    P256(KeyPair),
    /// ECDSA over P-384 with SHA-384.
    P384(P384KeyPair),
    /// RSA with the scheme it says.
    Rsa(RsaKeyPair),
}

impl AnyKey {
    fn key(&self) -> &dyn SigningKey {
        match self {
            Self::P256(key) => key,
            Self::P384(key) => key,
            Self::Rsa(key) => key,
        }
    }
}

impl SigningKey for AnyKey {
    fn spki(&self) -> Vec<u8> {
        self.key().spki()
    }

    fn key_id(&self) -> [u8; 20] {
        self.key().key_id()
    }

    fn algorithm_identifier(&self) -> Vec<u8> {
        self.key().algorithm_identifier()
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.key().sign(message)
    }
}

impl From<KeyPair> for AnyKey {
    fn from(key: KeyPair) -> Self {
        Self::P256(key)
    }
}

impl From<P384KeyPair> for AnyKey {
    fn from(key: P384KeyPair) -> Self {
        Self::P384(key)
    }
}

impl From<RsaKeyPair> for AnyKey {
    fn from(key: RsaKeyPair) -> Self {
        Self::Rsa(key)
    }
}
