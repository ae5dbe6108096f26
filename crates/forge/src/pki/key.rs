//! A P-256 key pair that signs in both forms Intel uses: DER in certificates, r and s side by side elsewhere.

use std::{fmt, sync::Arc};

use aws_lc_rs::{
    agreement::ECDH_P256,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED_SIGNING},
};

use super::{
    SigningKey,
    ec::{Curve, EcKey},
};

/// A P-256 key pair for tests; cheap to clone.
#[derive(Clone)]
pub struct KeyPair(Arc<EcKey<65>>);

impl KeyPair {
    /// The key pair of a private scalar (32 bytes, big-endian); `None` if it is zero or not below the
    /// order of the curve.
    pub fn from_scalar(scalar: &[u8; 32]) -> Option<Self> {
        Some(Self(Arc::new(EcKey::from_scalar(&P256, scalar)?)))
    }

    /// The uncompressed public point: 04, x, y (SEC 1, 2.3.3).
    pub fn public_point(&self) -> &[u8; 65] {
        self.0.public_point()
    }

    /// x and y of the public point, 32 bytes each, big-endian: the form of a quote's attestation key.
    pub fn public_xy(&self) -> [u8; 64] {
        let [_, xy @ ..] = *self.public_point();
        xy
    }

    /// SubjectPublicKeyInfo, DER (RFC 5480, section 2).
    pub fn spki(&self) -> Vec<u8> {
        self.0.spki()
    }

    /// The key identifier: SHA-1 of the public point (RFC 5280, 4.2.1.2, method 1).
    pub fn key_id(&self) -> [u8; 20] {
        super::key_id(self.public_point())
    }

    /// ECDSA with SHA-256 over `message`, as a DER SEQUENCE of r and s.
    pub fn sign_der(&self, message: &[u8]) -> Vec<u8> {
        self.0.sign_der(message)
    }

    /// ECDSA with SHA-256 over `message`: r then s, 32 bytes each, big-endian.
    pub fn sign_raw(&self, message: &[u8]) -> [u8; 64] {
        let mut out = [0; 64];
        out.copy_from_slice(&self.0.sign_raw(message));
        out
    }
}

impl SigningKey for KeyPair {
    fn spki(&self) -> Vec<u8> {
        Self::spki(self)
    }

    fn key_id(&self) -> [u8; 20] {
        Self::key_id(self)
    }

    fn algorithm_identifier(&self) -> Vec<u8> {
        self.0.algorithm_identifier()
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.sign_der(message)
    }
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyPair({})", attestry_api::hex::encode(&self.key_id()))
    }
}

/// prime256v1, also called secp256r1, with SHA-256.
static P256: Curve = Curve {
    agreement: &ECDH_P256,
    der: &ECDSA_P256_SHA256_ASN1_SIGNING,
    raw: &ECDSA_P256_SHA256_FIXED_SIGNING,
    oid: &[1, 2, 840, 10_045, 3, 1, 7],
    signature_oid: &[1, 2, 840, 10_045, 4, 3, 2],
};
