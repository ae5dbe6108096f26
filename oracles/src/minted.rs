//! Minted platforms with their evidence and collateral, and the service's pieces that judge them: what benches, gates
//! and the load command share. An SGX platform here, an SEV-SNP guest in [`snp`].

pub mod snp;

use std::sync::Arc;

use attestry_api::request::AttestRequest;
use attestry_api::{AttestationType, b64};
use attestry_evidence::dcap::{CollateralDocuments, Quote, Staleness, Tee, VerifiedCollateral};
use attestry_evidence::time::UnixTime;
use attestry_evidence::x509::TrustAnchors;
use attestry_forge::Seed;
use attestry_forge::intel::{self, IntelForge};
use attestry_policy::Limits;
use attestry_service::attest::{AttestError, Attested, Case};
use attestry_service::collateral::PckCache;
use attestry_service::provider::{Provider, ProviderMode, Settings, StoredPolicy};
use attestry_service::token::{KeyRing, SigningAlgorithm, TokenIssuer};
use serde_json::json;

/// 2026-01-15T00:00:00Z; any moment does, as everything is minted around it.
pub const NOW: i64 = 1_768_435_200;

/// An SGX quote (version 3) of the forge's default platform, with the hash of `runtime_data` as report data. Servers
/// in development mode trust it.
#[must_use]
pub fn sgx_quote(runtime_data: &[u8]) -> Vec<u8> {
    let forge = IntelForge::new(Seed::default(), NOW);
    let mut spec = forge.sgx_quote_spec();
    spec.bind_runtime_data(runtime_data);
    forge.sgx_quote(&spec)
}

/// The body of an attest request for [`sgx_quote`].
#[must_use]
pub fn request_body(runtime_data: &[u8]) -> String {
    json!({
        "quote": b64::encode_url(&sgx_quote(runtime_data)),
        "runtimeData": { "data": b64::encode_url(runtime_data), "dataType": "Binary" },
    })
    .to_string()
}

/// Everything for attesting in process, warm: the collateral is verified, the PCK chain is in the cache.
#[derive(Debug)]
pub struct World {
    /// The root's certificate, for other verifiers.
    pub root_der: Vec<u8>,
    /// The evidence.
    pub quote: Vec<u8>,
    /// The collateral as a verifier gets it.
    pub documents: intel::Collateral,
    /// The collateral, verified.
    pub collateral: VerifiedCollateral,
    /// The cache that holds the platform's chain.
    pub pck_cache: PckCache,
    /// A provider with the default policy.
    pub provider: Arc<Provider>,
    /// When all of this is judged.
    pub now: UnixTime,
    body: String,
}

impl World {
    /// Mints a world; an RSA-2048 key is generated, which takes a moment.
    ///
    /// # Errors
    /// What does not verify or compile, in words; never, unless something is broken.
    pub fn new() -> Result<Self, String> {
        let forge = IntelForge::new(Seed::default(), NOW);
        let now = UnixTime::new(NOW);
        let root_der = forge.root_certificate_der();
        let anchors = TrustAnchors::from_certificates(std::slice::from_ref(&root_der)).map_err(text)?;
        let documents = forge.collateral(intel::Tee::Sgx);
        let collateral = VerifiedCollateral::verify(
            documents_of(&documents),
            Tee::Sgx,
            &anchors,
            now,
            Staleness::Strict,
        )
        .map_err(text)?;
        let quote = sgx_quote(RUNTIME_DATA);
        let pck_cache = PckCache::new(Arc::new(anchors));
        let parsed = Quote::parse(&quote).map_err(text)?;
        pck_cache
            .verify(&parsed.certification_data(), now)
            .map_err(text)?;
        Ok(Self {
            root_der,
            quote,
            documents,
            collateral,
            pck_cache,
            provider: provider(AttestationType::SgxEnclave)?,
            now,
            body: request_body(RUNTIME_DATA),
        })
    }

    /// From the bytes of a request's body to the token, as the service does it once collateral is at hand.
    ///
    /// # Errors
    /// The service's refusal; never, unless something is broken.
    pub fn attest(&self) -> Result<Attested, AttestError> {
        let request = AttestRequest::from_json(self.body.as_bytes(), AttestationType::SgxEnclave)?;
        let provider = Arc::clone(&self.provider);
        let case = Case::new(provider, AttestationType::SgxEnclave, request)?;
        case.admit(&self.pck_cache, self.now)?
            .attest_with(&self.collateral, self.now, self.now)
    }
}

/// The forge's documents in the verifier's type.
#[must_use]
pub fn documents_of(minted: &intel::Collateral) -> CollateralDocuments {
    CollateralDocuments {
        tcb_info: minted.tcb_info.clone(),
        tcb_info_issuer_chain: minted.tcb_info_issuer_chain.clone(),
        qe_identity: minted.qe_identity.clone(),
        qe_identity_issuer_chain: minted.qe_identity_issuer_chain.clone(),
        root_ca_crl: minted.root_ca_crl.clone(),
        pck_crl: minted.pck_crl.clone(),
        pck_crl_issuer_chain: minted.pck_crl_issuer_chain.clone(),
    }
}

/// A provider that signs with an RSA-2048 key made for it and decides by the default policy.
fn provider(kind: AttestationType) -> Result<Arc<Provider>, String> {
    let ring = KeyRing::generate(SigningAlgorithm::Rs256).map_err(text)?;
    let tokens = TokenIssuer::new("https://bench.example", &ring, SigningAlgorithm::Rs256).map_err(text)?;
    let policy = StoredPolicy::default_for(kind, ProviderMode::Aad, &Limits::default())
        .ok_or("no default policy")?
        .map_err(text)?;
    let provider = Provider::new("bench", ProviderMode::Aad, Settings::default(), tokens);
    Ok(Arc::new(provider.with_policy(kind, Some(Arc::new(policy)))))
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

const RUNTIME_DATA: &[u8] = b"{\"key\":\"what the enclave vouches for\"}";
