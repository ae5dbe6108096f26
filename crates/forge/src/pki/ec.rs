//! What key pairs on both curves have in common: a point, and signatures in two forms.

use attestry_api::der;
use aws_lc_rs::{
    agreement::{Algorithm, PrivateKey},
    rand::SystemRandom,
    signature::{EcdsaKeyPair, EcdsaSigningAlgorithm},
};

/// One curve, and the hash that signatures on it are made with.
pub(super) struct Curve {
    /// For the public point of a scalar.
    pub(super) agreement: &'static Algorithm,
    /// Signatures as a DER SEQUENCE of r and s.
    pub(super) der: &'static EcdsaSigningAlgorithm,
    /// Signatures as r then s.
    pub(super) raw: &'static EcdsaSigningAlgorithm,
    /// Arcs of the curve's identifier (RFC 5480, 2.1.1.1).
    pub(super) oid: &'static [u64],
    /// Arcs of the signature algorithm's identifier (RFC 5758, 3.2).
    pub(super) signature_oid: &'static [u64],
}

/// A key pair whose uncompressed point has `POINT` bytes.
pub(super) struct EcKey<const POINT: usize> {
    curve: &'static Curve,
    public_point: [u8; POINT],
    signs_der: EcdsaKeyPair,
    signs_raw: EcdsaKeyPair,
}

impl<const POINT: usize> EcKey<POINT> {
    /// `None` if the scalar is zero or not below the order of the curve, or not of its size.
    pub(super) fn from_scalar(curve: &'static Curve, scalar: &[u8]) -> Option<Self> {
        let public = PrivateKey::from_private_key(curve.agreement, scalar)
            .ok()?
            .compute_public_key()
            .ok()?;
        let public_point: [u8; POINT] = public.as_ref().try_into().ok()?;
        let pair =
            |algorithm| EcdsaKeyPair::from_private_key_and_public_key(algorithm, scalar, &public_point).ok();
        let signs_der = pair(curve.der)?;
        let signs_raw = pair(curve.raw)?;
        Some(Self {
            curve,
            public_point,
            signs_der,
            signs_raw,
        })
    }

    pub(super) fn public_point(&self) -> &[u8; POINT] {
        &self.public_point
    }

    /// SubjectPublicKeyInfo, DER (RFC 5480, section 2).
    pub(super) fn spki(&self) -> Vec<u8> {
        let curve = der::oid_from_arcs(self.curve.oid).unwrap_or_default();
        let algorithm = der::sequence([der::oid(&[1, 2, 840, 10_045, 2, 1]), curve]);
        der::sequence([algorithm, der::bit_string(&self.public_point)])
    }

    /// AlgorithmIdentifier of the signatures, without parameters (RFC 5758, 3.2).
    pub(super) fn algorithm_identifier(&self) -> Vec<u8> {
        der::sequence([der::oid_from_arcs(self.curve.signature_oid).unwrap_or_default()])
    }

    pub(super) fn sign_der(&self, message: &[u8]) -> Vec<u8> {
        sign(&self.signs_der, message)
    }

    pub(super) fn sign_raw(&self, message: &[u8]) -> Vec<u8> {
        sign(&self.signs_raw, message)
    }
}

#[expect(
    clippy::expect_used,
    reason = "a valid key and the system's random generator do not fail"
)]
fn sign(key: &EcdsaKeyPair, message: &[u8]) -> Vec<u8> {
    key.sign(&SystemRandom::new(), message)
        .expect("signing with a valid key")
        .as_ref()
        .to_vec()
}
