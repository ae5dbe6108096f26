//! Verified PCK chains, by the exact bytes that were verified.

use std::sync::Arc;

use attestry_evidence::dcap::{CertificationData, VerifiedPck};
use attestry_evidence::time::UnixTime;
use attestry_evidence::x509::{CertificateError, TrustAnchors};
use aws_lc_rs::digest::{SHA256, digest};
use moka::sync::Cache;

/// A bounded cache of PCK chains that verified. Revocation is not part of what is cached: it is checked for
/// every quote against the CRLs of that moment.
#[derive(Debug, Clone)]
pub struct PckCache {
    anchors: Arc<TrustAnchors>,
    verified: Cache<Key, Arc<VerifiedPck>>,
}

/// SHA-256 of the certification data, and its type: another type gives the same bytes another meaning.
type Key = (u16, [u8; 32]);

impl PckCache {
    /// An empty cache for chains under `anchors`.
    pub fn new(anchors: Arc<TrustAnchors>) -> Self {
        Self {
            anchors,
            verified: Cache::new(MAX_CHAINS),
        }
    }

    /// Verifies a quote's certification data, or finds that it did before and is still within its validity.
    pub fn verify(
        &self,
        certification_data: &CertificationData<'_>,
        now: UnixTime,
    ) -> Result<Arc<VerifiedPck>, CertificateError> {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, certification_data.data).as_ref());
        let key = (certification_data.kind, hash);
        if let Some(pck) = self.verified.get(&key)
            && (pck.valid_from()..=pck.valid_until()).contains(&now)
        {
            return Ok(pck);
        }
        // Also for a chain that has expired meanwhile: the verifier says what exactly has.
        let pck = Arc::new(VerifiedPck::verify(certification_data, &self.anchors, now)?);
        self.verified.insert(key, Arc::clone(&pck));
        Ok(pck)
    }
}

/// One chain per platform; a verified one takes about 1 KiB, so that the cache stays below 16 MiB.
const MAX_CHAINS: u64 = 16_384;

#[cfg(test)]
mod tests;
