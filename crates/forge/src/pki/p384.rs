//! A P-384 key pair: DER signatures in certificates, r and s side by side elsewhere.

use std::{fmt, sync::Arc};

use aws_lc_rs::{
    agreement::ECDH_P384,
    signature::{ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING},
};

use super::{
    SigningKey,
    ec::{Curve, EcKey},
};

/// A P-384 key pair for tests; cheap to clone.
#[derive(Clone)]
pub struct P384KeyPair(Arc<EcKey<97>>);

impl P384KeyPair {
    /// The key pair of a private scalar (48 bytes, big-endian); `None` if it is zero or not below the
    /// order of the curve.
    pub fn from_scalar(scalar: &[u8; 48]) -> Option<Self> {
        Some(Self(Arc::new(EcKey::from_scalar(&P384, scalar)?)))
    }

    /// The uncompressed public point: 04, x, y (SEC 1, 2.3.3).
    pub fn public_point(&self) -> &[u8; 97] {
        self.0.public_point()
    }

    /// ECDSA with SHA-384 over `message`: r then s, 48 bytes each, big-endian.
    pub fn sign_raw(&self, message: &[u8]) -> [u8; 96] {
        let mut out = [0; 96];
        out.copy_from_slice(&self.0.sign_raw(message));
        out
    }
}

impl SigningKey for P384KeyPair {
    fn spki(&self) -> Vec<u8> {
        self.0.spki()
    }

    fn key_id(&self) -> [u8; 20] {
        super::key_id(self.public_point())
    }

    fn algorithm_identifier(&self) -> Vec<u8> {
        self.0.algorithm_identifier()
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.0.sign_der(message)
    }
}

impl fmt::Debug for P384KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "P384KeyPair({})", attestry_api::hex::encode(&self.key_id()))
    }
}

/// secp384r1, with SHA-384.
static P384: Curve = Curve {
    agreement: &ECDH_P384,
    der: &ECDSA_P384_SHA384_ASN1_SIGNING,
    raw: &ECDSA_P384_SHA384_FIXED_SIGNING,
    oid: &[1, 3, 132, 0, 34],
    signature_oid: &[1, 2, 840, 10_045, 4, 3, 3],
};
