//! Endorsements of utility VMs: whose signatures count, and which endorsements verified before. What an endorsement is
//! good for is decided by reference values and policies.

use std::sync::Arc;

use attestry_evidence::azure::uvm::{MAX_ENDORSEMENTS, SigningTime, UvmEndorsement, UvmError, UvmTrust};
use attestry_evidence::time::UnixTime;
use aws_lc_rs::digest::{SHA256, digest};
use moka::sync::Cache;

/// Verifies endorsements for one set of roots. Cheap to clone; clones share what they verified.
#[derive(Clone)]
pub struct UvmVerifier(Arc<Inner>);

struct Inner {
    trust: UvmTrust,
    tolerance_seconds: u32,
    verified: Cache<[u8; 32], Arc<UvmEndorsement>>,
}

impl UvmVerifier {
    /// With these roots. `tolerance_seconds`: how long after its end a signer's certificate still counts, where no time
    /// stamp proves when it signed.
    pub fn new(trust: UvmTrust, tolerance_seconds: u32) -> Self {
        Self(Arc::new(Inner {
            trust,
            tolerance_seconds,
            verified: Cache::new(MAX_VERIFIED),
        }))
    }

    /// Verifies every endorsement that came with a report; one that is not acceptable spoils them all.
    pub fn verify(
        &self,
        endorsements: &[Vec<u8>],
        now: UnixTime,
    ) -> Result<Vec<Arc<UvmEndorsement>>, UvmError> {
        if endorsements.len() > MAX_ENDORSEMENTS {
            return Err(UvmError::TooMany {
                limit: MAX_ENDORSEMENTS,
            });
        }
        endorsements
            .iter()
            .map(|endorsement| self.verify_one(endorsement, now))
            .collect()
    }

    /// Pods of one release bring the same bytes. What a time stamp proves stays proved; what rests on the time of the
    /// request is verified each time.
    fn verify_one(&self, endorsement: &[u8], now: UnixTime) -> Result<Arc<UvmEndorsement>, UvmError> {
        let mut key = [0; 32];
        key.copy_from_slice(digest(&SHA256, endorsement).as_ref());
        if let Some(verified) = self.0.verified.get(&key) {
            return Ok(verified);
        }
        let (trust, tolerance) = (&self.0.trust, self.0.tolerance_seconds);
        let verified = Arc::new(UvmEndorsement::verify(endorsement, trust, now, tolerance)?);
        if matches!(verified.signing_time(), SigningTime::Stamped(_)) {
            self.0.verified.insert(key, Arc::clone(&verified));
        }
        Ok(verified)
    }
}

impl Default for UvmVerifier {
    fn default() -> Self {
        Self::new(UvmTrust::microsoft(), 0)
    }
}

/// One for each build of a utility VM in use; a verified one takes about 1 KiB.
const MAX_VERIFIED: u64 = 1_024;
