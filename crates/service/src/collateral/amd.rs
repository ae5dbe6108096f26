//! What SNP reports are judged by: the pinned authorities, certificates of signing keys that verified, revocation lists,
//! and which reports were signed by which key. Reports are judged from memory; a certificate that a caller does not
//! bring may be fetched. Reports and requests are not known here.

mod error;
mod fetch;
mod lists;
mod pace;
mod source;
mod status;
mod vek_id;

use std::sync::Arc;

use attestry_evidence::snp::{
    AdmittedReport, AmdAnchors, Product, SignatureProof, SnpError, SuppliedChain, VerifiedVek,
};
use attestry_evidence::time::UnixTime;
use aws_lc_rs::digest::{SHA256, digest};
use moka::sync::Cache;
use tokio::sync::Semaphore;

pub use self::error::{AmdImportError, VekUnavailable};
use self::lists::Lists;
pub use self::source::{AmdSource, AmdSourceError};
pub use self::status::{AmdStatus, CrlStatus, VekStatus};
pub use self::vek_id::VekId;
use super::flights::Flights;
use crate::store::{Store, StoreError};
use crate::telemetry::Metrics;
use crate::telemetry::metrics::{AmdCrlLabels, FetchLabels};

/// Endorsements of AMD's for one set of authorities. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct AmdCollateral(Arc<Inner>);

struct Inner {
    anchors: Arc<AmdAnchors>,
    sources: Vec<AmdSource>,
    store: Option<Store>,
    metrics: Arc<Metrics>,
    /// Of chains that callers brought, by their bytes.
    veks: Cache<Digest, Arc<VerifiedVek>>,
    /// Of certificates that were fetched or imported: by the key, since one key's certificate is issued again and again.
    fetched: Cache<VekId, Arc<VerifiedVek>>,
    proofs: Cache<Digest, SignatureProof>,
    lists: Lists,
    flights: Flights<VekId, VekUnavailable>,
    places: Semaphore,
}

type Digest = [u8; 32];

impl AmdCollateral {
    /// With these authorities alone: no sources are asked and nothing is kept beyond the process.
    pub fn new(anchors: AmdAnchors) -> Self {
        Self::assemble(anchors, Vec::new(), None, Arc::default())
    }

    /// With what the store holds, as far as it can be used at `now`, and sources for what it does not. No source is
    /// asked yet.
    pub async fn open(
        anchors: AmdAnchors,
        sources: Vec<AmdSource>,
        store: Store,
        metrics: Arc<Metrics>,
        now: UnixTime,
    ) -> Result<Self, StoreError> {
        let collateral = Self::assemble(anchors, sources, Some(store), metrics);
        collateral.reload(now).await?;
        Ok(collateral)
    }

    fn assemble(
        anchors: AmdAnchors,
        sources: Vec<AmdSource>,
        store: Option<Store>,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self(Arc::new(Inner {
            anchors: Arc::new(anchors),
            sources,
            store,
            metrics,
            veks: Cache::new(MAX_VEKS),
            fetched: Cache::new(MAX_VEKS),
            proofs: Cache::new(MAX_PROOFS),
            lists: Lists::default(),
            flights: Flights::default(),
            places: Semaphore::new(MAX_FLIGHTS),
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

impl Inner {
    fn count_fetch(&self, source: &AmdSource, outcome: &'static str) {
        let source = source.name();
        let labels = FetchLabels { source, outcome };
        self.metrics.collateral_fetches.get_or_create(&labels).inc();
    }

    fn count_alarm(&self, product: Product) {
        let labels = AmdCrlLabels {
            product: product.name(),
        };
        self.metrics.amd_alarms.get_or_create(&labels).inc();
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
/// Keys whose certificates are being fetched at a time: as many as requests may wait for them.
const MAX_FLIGHTS: usize = 64;
