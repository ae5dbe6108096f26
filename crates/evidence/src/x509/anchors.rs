//! Trust anchors: the root keys that a verifier believes. Compared by key, never by certificate, because Intel's root
//! exists as two certificates of one key and quotes still carry the older.

use aws_lc_rs::digest;

use super::certificate::Certificate;
use super::error::AnchorError;
use super::{PublicKey, Serial, pem};

/// A set of trusted root keys.
#[derive(Clone, Debug)]
pub struct TrustAnchors {
    anchors: Vec<Anchor>,
    fingerprint: [u8; 32],
}

/// One trusted key and what is known of the certificates that carry it.
#[derive(Clone, Debug)]
pub(super) struct Anchor {
    pub(super) key: PublicKey,
    /// The serial numbers of its certificates, for the root CRL.
    pub(super) serials: Vec<Serial>,
}

impl TrustAnchors {
    /// Intel SGX Root CA.
    pub fn intel() -> Self {
        // Both constants are good (a test says so); were they not, nothing would be trusted.
        let anchor = PublicKey::from_point(&INTEL_ROOT_POINT)
            .zip(Serial::from_magnitude(&INTEL_ROOT_SERIAL))
            .map(|(key, serial)| Anchor {
                key,
                serials: vec![serial],
            });
        Self::new(anchor.into_iter().collect())
    }

    /// The keys of these root certificates, each PEM or DER. Each has to be the self-signed certificate of an
    /// authority; its dates and names are judged where a chain presents it.
    pub fn from_certificates(certificates: &[Vec<u8>]) -> Result<Self, AnchorError> {
        if certificates.is_empty() {
            return Err(AnchorError::None);
        }
        if certificates.len() > MAX_ANCHORS {
            return Err(AnchorError::TooMany {
                found: certificates.len(),
                limit: MAX_ANCHORS,
            });
        }
        let mut anchors: Vec<Anchor> = Vec::new();
        for (index, input) in certificates.iter().enumerate() {
            let certificate = pem::certificate(input)
                .and_then(|der| Certificate::from_der(&der))
                .map_err(|error| AnchorError::Encoding { index, error })?;
            let authority = certificate
                .basic_constraints()
                .is_some_and(|constraints| constraints.ca);
            let key = certificate.public_key();
            if !(authority && certificate.is_self_issued() && certificate.is_signed_by(key)) {
                return Err(AnchorError::NotARoot { index });
            }
            match anchors.iter_mut().find(|anchor| anchor.key == *key) {
                Some(known) => known.serials.push(certificate.serial()),
                None => anchors.push(Anchor {
                    key: key.clone(),
                    serials: vec![certificate.serial()],
                }),
            }
        }
        Ok(Self::new(anchors))
    }

    /// These keys and those of `others`.
    #[must_use]
    pub fn and(mut self, others: Self) -> Self {
        for other in others.anchors {
            match self.anchors.iter_mut().find(|anchor| anchor.key == other.key) {
                Some(known) => known.serials.extend(other.serials),
                None => self.anchors.push(other),
            }
        }
        Self::new(self.anchors)
    }

    /// SHA-256 over the trusted points in ascending order: equal for equal sets of keys.
    pub const fn fingerprint(&self) -> [u8; 32] {
        self.fingerprint
    }

    /// The trusted keys.
    pub fn keys(&self) -> impl Iterator<Item = &PublicKey> {
        self.anchors.iter().map(|anchor| &anchor.key)
    }

    pub(super) fn with_key(&self, key: &PublicKey) -> Option<&Anchor> {
        self.anchors.iter().find(|anchor| anchor.key == *key)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Anchor> {
        self.anchors.iter()
    }

    fn new(anchors: Vec<Anchor>) -> Self {
        let mut points: Vec<_> = anchors.iter().map(|anchor| *anchor.key.point()).collect();
        points.sort_unstable();
        let mut hash = digest::Context::new(&digest::SHA256);
        for point in &points {
            hash.update(point);
        }
        let mut fingerprint = [0; 32];
        fingerprint.copy_from_slice(hash.finish().as_ref());
        Self { anchors, fingerprint }
    }
}

/// More roots than any deployment has reason to trust.
const MAX_ANCHORS: usize = 16;

/// The public key of Intel SGX Root CA, an uncompressed point, as in both certificates that Intel published
/// (valid 2018 to 2033 and 2018 to 2049; https://certificates.trustedservices.intel.com/IntelSGXRootCA.der).
const INTEL_ROOT_POINT: [u8; PublicKey::POINT_BYTES] = [
    0x04, 0x0b, 0xa9, 0xc4, 0xc0, 0xc0, 0xc8, 0x61, 0x93, 0xa3, 0xfe, 0x23, 0xd6, 0xb0, 0x2c, 0xda, 0x10,
    0xa8, 0xbb, 0xd4, 0xe8, 0x8e, 0x48, 0xb4, 0x45, 0x85, 0x61, 0xa3, 0x6e, 0x70, 0x55, 0x25, 0xf5, 0x67,
    0x91, 0x8e, 0x2e, 0xdc, 0x88, 0xe4, 0x0d, 0x86, 0x0b, 0xd0, 0xcc, 0x4e, 0xe2, 0x6a, 0xac, 0xc9, 0x88,
    0xe5, 0x05, 0xa9, 0x53, 0x55, 0x8c, 0x45, 0x3f, 0x6b, 0x09, 0x04, 0xae, 0x73, 0x94,
];
/// The serial number that both of them bear.
const INTEL_ROOT_SERIAL: [u8; 20] = [
    0x22, 0x65, 0x0c, 0xd6, 0x5a, 0x9d, 0x34, 0x89, 0xf3, 0x83, 0xb4, 0x95, 0x52, 0xbf, 0x50, 0x1b, 0x39,
    0x27, 0x06, 0xac,
];

#[cfg(test)]
mod tests;
