//! What SNP reports are judged by: the pinned authorities, certificates of signing keys that verified, revocation lists,
//! and which reports were signed by which key. It answers from memory; reports and requests are not known here.

use std::sync::Arc;

use arc_swap::ArcSwap;
use attestry_evidence::snp::{
    AdmittedReport, AmdAnchors, AmdCrl, AmdCrls, Product, SignatureProof, SigningKey, SnpError,
    SuppliedChain, VerifiedVek,
};
use attestry_evidence::time::UnixTime;
use aws_lc_rs::digest::{SHA256, digest};
use moka::sync::Cache;
use thiserror::Error;

/// Endorsements of AMD's for one set of authorities. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct AmdCollateral(Arc<Inner>);

struct Inner {
    anchors: AmdAnchors,
    veks: Cache<Digest, Arc<VerifiedVek>>,
    fetched: Cache<VekId, Arc<VerifiedVek>>,
    proofs: Cache<Digest, SignatureProof>,
    crls: ArcSwap<AmdCrls>,
}

/// Which key's certificate is meant: a chip's, for one TCB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct VekId {
    /// The product line.
    pub product: Product,
    /// CHIP_ID; on lines with an FMC 8 bytes and zeros.
    pub chip_id: [u8; 64],
    /// REPORTED_TCB.
    pub tcb: [u8; 8],
}

/// Why there is no certificate of the key that signed a report.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum VekUnavailable {
    /// The report does not say for which line a certificate would be needed.
    #[error(
        "a report of version {version} does not name its processor; send its certificate as `VcekCertChain`"
    )]
    UnknownProduct {
        /// The report's version.
        version: u32,
    },
    /// The report does not say whose certificate would be needed.
    #[error("the report's chip id is masked; send the certificate as `VcekCertChain`")]
    MaskedChip,
    /// Certificates of providers' keys are not published.
    #[error(
        "the report is signed by a VLEK, whose certificate only the cloud provider has; send it as `VcekCertChain`"
    )]
    ProviderKey,
    /// Nobody could be asked.
    #[error("the request has no `VcekCertChain`, and no source of certificates is configured")]
    NoSource,
}

impl VekId {
    /// Of the key that the report says signed it.
    pub fn of(report: &AdmittedReport<'_>) -> Result<Self, VekUnavailable> {
        let body = report.body();
        if report.signing_key() == SigningKey::Vlek {
            return Err(VekUnavailable::ProviderKey);
        }
        if body.chip_id == [0; 64] {
            return Err(VekUnavailable::MaskedChip);
        }
        let version = body.version;
        Ok(Self {
            product: report
                .product()
                .ok_or(VekUnavailable::UnknownProduct { version })?,
            chip_id: body.chip_id,
            tcb: body.reported_tcb,
        })
    }
}

type Digest = [u8; 32];

impl AmdCollateral {
    /// With these authorities and no revocation lists.
    pub fn new(anchors: AmdAnchors) -> Self {
        Self(Arc::new(Inner {
            anchors,
            veks: Cache::new(MAX_VEKS),
            fetched: Cache::new(MAX_VEKS),
            proofs: Cache::new(MAX_PROOFS),
            crls: ArcSwap::from_pointee(AmdCrls::none()),
        }))
    }

    /// The authorities.
    pub fn anchors(&self) -> &AmdAnchors {
        &self.0.anchors
    }

    /// Verifies the certificates that came with a report, or finds that these very bytes did verify before. What can
    /// change with time, dates and revocation, is no part of it: the appraisal looks at both each time.
    pub fn verify_chain(&self, chain: &[u8]) -> Result<Arc<VerifiedVek>, SnpError> {
        let key = sha256(chain);
        if let Some(vek) = self.0.veks.get(&key) {
            return Ok(vek);
        }
        let vek = Arc::new(VerifiedVek::verify(
            &SuppliedChain::parse(chain)?,
            &self.0.anchors,
        )?);
        self.0.veks.insert(key, Arc::clone(&vek));
        Ok(vek)
    }

    /// The certificate of this key, if it is held.
    pub fn held(&self, wanted: &VekId) -> Option<Arc<VerifiedVek>> {
        self.0.fetched.get(wanted)
    }

    /// The certificate of this key, from memory or from a source.
    pub async fn obtain(&self, wanted: &VekId, _now: UnixTime) -> Result<Arc<VerifiedVek>, VekUnavailable> {
        self.held(wanted).ok_or(VekUnavailable::NoSource)
    }

    /// The revocation lists at hand.
    pub fn crls(&self) -> Arc<AmdCrls> {
        self.0.crls.load_full()
    }

    /// Takes in a verified list; an older one of the same root stays out.
    pub fn take_crl(&self, crl: &AmdCrl) {
        self.0.crls.rcu(|held| AmdCrls::clone(held).with(crl.clone()));
    }

    /// That this key signed this report, if that was seen before.
    pub fn known_proof(&self, report: &AdmittedReport<'_>, vek: &VerifiedVek) -> Option<SignatureProof> {
        self.0.proofs.get(&SignatureProof::identify(report, vek))
    }

    /// Keeps the proof for the next request with the same report: guests of Azure show one report for as long as they
    /// run.
    pub fn remember(&self, proof: SignatureProof) {
        self.0.proofs.insert(proof.identity(), proof);
    }
}

fn sha256(bytes: &[u8]) -> Digest {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, bytes).as_ref());
    hash
}

/// One certificate per chip and TCB; a verified one takes about 4 KiB, so that the cache stays below 64 MiB.
const MAX_VEKS: u64 = 16_384;
/// One report per running guest; a proof takes about 100 bytes.
const MAX_PROOFS: u64 = 65_536;

#[cfg(test)]
mod tests;
