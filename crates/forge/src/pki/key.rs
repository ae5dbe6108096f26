//! A P-256 key pair that signs in both forms Intel uses: DER in certificates, r and s side by side elsewhere.

use std::{fmt, sync::Arc};

use attestry_api::der;
use aws_lc_rs::{
    agreement::{ECDH_P256, PrivateKey},
    digest,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
};

/// A P-256 key pair for tests; cheap to clone.
#[derive(Clone)]
pub struct KeyPair(Arc<Inner>);

struct Inner {
    public_point: [u8; 65],
    signs_der: EcdsaKeyPair,
    signs_raw: EcdsaKeyPair,
}

impl KeyPair {
    /// The key pair of a private scalar (32 bytes, big-endian); `None` if it is zero or not below the
    /// order of the curve.
    pub fn from_scalar(scalar: &[u8; 32]) -> Option<Self> {
        let public = PrivateKey::from_private_key(&ECDH_P256, scalar)
            .ok()?
            .compute_public_key()
            .ok()?;
        let public_point: [u8; 65] = public.as_ref().try_into().ok()?;
        let pair =
            |algorithm| EcdsaKeyPair::from_private_key_and_public_key(algorithm, scalar, &public_point).ok();
        let signs_der = pair(&ECDSA_P256_SHA256_ASN1_SIGNING)?;
        let signs_raw = pair(&ECDSA_P256_SHA256_FIXED_SIGNING)?;
        Some(Self(Arc::new(Inner {
            public_point,
            signs_der,
            signs_raw,
        })))
    }

    /// The uncompressed public point: 04, x, y (SEC 1, 2.3.3).
    pub fn public_point(&self) -> &[u8; 65] {
        &self.0.public_point
    }

    /// x and y of the public point, 32 bytes each, big-endian: the form of a quote's attestation key.
    pub fn public_xy(&self) -> [u8; 64] {
        let [_, xy @ ..] = self.0.public_point;
        xy
    }

    /// SubjectPublicKeyInfo, DER (RFC 5480, section 2).
    pub fn spki(&self) -> Vec<u8> {
        let algorithm = der::sequence([der::oid(&[1, 2, 840, 10_045, 2, 1]), der::oid(&PRIME256V1)]);
        der::sequence([algorithm, der::bit_string(self.public_point())])
    }

    /// The key identifier: SHA-1 of the public point (RFC 5280, 4.2.1.2, method 1).
    pub fn key_id(&self) -> [u8; 20] {
        let mut id = [0; 20];
        id.copy_from_slice(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, self.public_point()).as_ref());
        id
    }

    /// ECDSA with SHA-256 over `message`, as a DER SEQUENCE of r and s.
    pub fn sign_der(&self, message: &[u8]) -> Vec<u8> {
        sign(&self.0.signs_der, message)
    }

    /// ECDSA with SHA-256 over `message`: r then s, 32 bytes each, big-endian.
    pub fn sign_raw(&self, message: &[u8]) -> [u8; 64] {
        let mut out = [0; 64];
        out.copy_from_slice(&sign(&self.0.signs_raw, message));
        out
    }
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyPair({})", attestry_api::hex::encode(&self.key_id()))
    }
}

#[expect(
    clippy::expect_used,
    reason = "a valid key and the system's random generator do not fail"
)]
fn sign(key: &EcdsaKeyPair, message: &[u8]) -> Vec<u8> {
    key.sign(&SystemRandom::new(), message)
        .expect("signing with a valid P-256 key")
        .as_ref()
        .to_vec()
}

/// prime256v1, also called secp256r1 and P-256 (RFC 5480, 2.1.1.1).
const PRIME256V1: [u64; 7] = [1, 2, 840, 10_045, 3, 1, 7];
