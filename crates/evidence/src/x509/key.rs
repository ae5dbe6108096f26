//! Public keys: points on P-256, the only curve of Intel's hierarchy.

use std::fmt;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_FIXED, ParsedPublicKey};

/// A P-256 public key, known to be a point on the curve. Two keys are equal when their points are.
#[derive(Clone)]
pub struct PublicKey {
    point: [u8; PublicKey::POINT_BYTES],
    for_certificates: ParsedPublicKey,
}

impl PublicKey {
    /// The size of an uncompressed point: `04`, X, Y (SEC 1, 2.3.3).
    pub const POINT_BYTES: usize = 65;

    /// The key with this uncompressed point; `None` when it is not a point on P-256.
    pub fn from_point(point: &[u8]) -> Option<Self> {
        let point: [u8; Self::POINT_BYTES] = point.try_into().ok()?;
        if point.first() != Some(&UNCOMPRESSED) {
            return None;
        }
        let for_certificates = ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).ok()?;
        Some(Self {
            point,
            for_certificates,
        })
    }

    /// The uncompressed point.
    pub const fn point(&self) -> &[u8; Self::POINT_BYTES] {
        &self.point
    }

    /// Whether `signature`, a DER `Ecdsa-Sig-Value`, is this key's over the SHA-256 of `message`.
    pub(crate) fn verifies_der(&self, message: &[u8], signature: &[u8]) -> bool {
        self.for_certificates.verify_sig(message, signature).is_ok()
    }

    /// The same key for signatures in the form r, s of 32 bytes each, as quotes and collateral documents carry them.
    pub(crate) fn for_fixed_signatures(&self) -> Option<ParsedPublicKey> {
        ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, self.point).ok()
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.point == other.point
    }
}

impl Eq for PublicKey {}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", crate::hex::encode(&self.point))
    }
}

/// SEC 1, 2.3.3: the first octet of an uncompressed point.
const UNCOMPRESSED: u8 = 4;
