//! One minted SEV-SNP guest.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use attestry_api::request::AttestRequest;
use attestry_api::{AttestationType, b64};
use attestry_evidence::dcap::Staleness;
use attestry_evidence::snp::{AmdAnchors, Appraisal, Report, Settings, SnpError, appraise};
use attestry_evidence::time::UnixTime;
use attestry_evidence::x509::TrustAnchors;
use attestry_forge::Seed;
use attestry_forge::amd::{AmdForge, ProductLine, SnpEvidence, maa_report};
use attestry_forge::intel::IntelForge;
use attestry_service::attest::{AttestError, Attested, Attestor, Case, WorkPool};
use attestry_service::clock::Clock;
use attestry_service::collateral::{AmdCollateral, CollateralOptions, CollateralService};
use attestry_service::provider::Provider;
use attestry_service::store::{Store, StoreOptions};
use serde_json::json;
use tokio::runtime::Runtime;

use super::{NOW, RUNTIME_DATA, provider, text};

/// Everything for attesting in process, warm: the chain of the guest's VCEK is in the cache.
pub struct World {
    /// Root, authority and VCEK, DER, for other verifiers.
    pub certificates: [Vec<u8>; 3],
    /// A report that was made once and for all.
    pub report: Vec<u8>,
    evidence: SnpEvidence,
    chain: String,
    amd: AmdCollateral,
    attestor: Attestor,
    provider: Arc<Provider>,
    settings: Settings,
    now: UnixTime,
    /// Runs what the store does, in the directory of the next field.
    _runtime: Runtime,
    data: PathBuf,
}

impl World {
    /// Mints a world; an RSA-2048 key is generated, which takes a moment.
    ///
    /// # Errors
    /// What does not verify or compile, in words; never, unless something is broken.
    pub fn new() -> Result<Self, String> {
        let forge = AmdForge::new(Seed::default(), NOW);
        let line = forge.line(ProductLine::Genoa);
        let mut evidence = forge.snp_evidence(ProductLine::Genoa);
        evidence.bind_runtime_data(RUNTIME_DATA);
        let certificates = [line.ark.to_der(), line.ask.to_der(), evidence.vek_der(&forge)];
        let [ark, ask, _] = &certificates;
        let anchors = AmdAnchors::from_certificates(&[ark.clone(), ask.clone()]).map_err(text)?;
        let chain = attestry_forge::pki::pem_chain(certificates.iter().rev());
        let amd = AmdCollateral::new(anchors);
        amd.verify_chain(chain.as_bytes()).map_err(text)?;
        let now = UnixTime::new(NOW);
        let runtime = Runtime::new().map_err(text)?;
        let data = std::env::temp_dir().join(format!("attestry-minted-{}", std::process::id()));
        let collateral = runtime.block_on(no_quotes(&data, now))?;
        let clock = Clock::fixed(now);
        Ok(Self {
            report: evidence.to_report_bytes(),
            certificates,
            evidence,
            chain,
            attestor: Attestor::new(clock.clone(), clock, collateral, amd.clone(), WorkPool::new(1, 1)),
            amd,
            provider: provider(AttestationType::SevSnpVm)?,
            settings: Settings::default(),
            now,
            _runtime: runtime,
            data,
        })
    }

    /// The body of a request with a report that was never shown before: each is signed anew.
    #[must_use]
    pub fn new_body(&self) -> String {
        let report = maa_report(&self.evidence.to_report_bytes(), &self.chain, &[]);
        json!({
            "report": b64::encode_url(report.as_bytes()),
            "runtimeData": { "data": b64::encode_url(RUNTIME_DATA), "dataType": "Binary" },
        })
        .to_string()
    }

    /// From the bytes of a request's body to the token, as the service does it.
    ///
    /// # Errors
    /// The service's refusal; never, unless something is broken.
    pub fn attest(&self, body: &[u8]) -> Result<Option<Attested>, AttestError> {
        let kind = AttestationType::SevSnpVm;
        let request = AttestRequest::from_json(body, kind)?;
        let case = Case::new(Arc::clone(&self.provider), kind, request)?;
        self.attestor.attest_report(&case, self.now)
    }

    /// The appraisal of [`World::report`] with the chain in the cache and the signature not yet seen.
    ///
    /// # Errors
    /// Why it is refused; never, unless something is broken.
    pub fn appraise_warm(&self) -> Result<Appraisal, SnpError> {
        let report = Report::read(&self.report)?.admit(&self.settings)?;
        let vek = self.amd.verify_chain(self.chain.as_bytes())?;
        appraise(&report, &vek, None, &self.amd.crls(), self.now, &self.settings)
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.data);
    }
}

/// The collateral of quotes, of which there is none.
async fn no_quotes(data: &Path, now: UnixTime) -> Result<CollateralService, String> {
    std::fs::create_dir_all(data).map_err(text)?;
    let root = IntelForge::new(Seed::default(), NOW).root_certificate_der();
    let options = CollateralOptions {
        anchors: Arc::new(TrustAnchors::from_certificates(&[root]).map_err(text)?),
        staleness: Staleness::Strict,
        sources: Vec::new(),
        early: false,
        max_platforms: 1,
    };
    let store = Store::open(&StoreOptions::in_dir(data)).await.map_err(text)?;
    CollateralService::open(options, store, Arc::default(), now)
        .await
        .map_err(text)
}
