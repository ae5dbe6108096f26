//! A minted platform with its collateral, for tests: everything is good until a test changes one thing. Minted by a
//! writer of its own, so that a mistake of the parsers cannot hide.

use attestry_forge::Seed;
use attestry_forge::intel::{CollateralSpec, IntelForge, PckCa, Tee as ForgeTee, UpdateSet};
use attestry_forge::pki::KeyPair;
use attestry_forge::quote::{SgxQuoteSpec, TdBody, TdxQuoteSpec};

use super::{
    Appraisal, CertificationData, CollateralDocuments, CollateralError, Quote, Staleness, Tee,
    VerifiedCollateral, VerifiedPck, appraise,
};
use crate::rejection::Rejected;
use crate::time::UnixTime;
use crate::x509::{CertificateError, TrustAnchors};

/// 2026-01-15T00:00:00Z.
pub(crate) const NOW: i64 = 1_768_435_200;
pub(crate) const DAY: i64 = 86_400;

pub(crate) struct World {
    pub(crate) forge: IntelForge,
    pub(crate) documents: CollateralSpec,
    pub(crate) tee: Tee,
}

impl World {
    pub(crate) fn sgx() -> Self {
        Self::of(Tee::Sgx, Seed::default())
    }

    pub(crate) fn tdx() -> Self {
        Self::of(Tee::Tdx, Seed::default())
    }

    /// Under other keys than the usual ones.
    pub(crate) fn elsewhere() -> Self {
        Self::of(Tee::Sgx, Seed::from_text("elsewhere"))
    }

    fn of(tee: Tee, seed: Seed) -> Self {
        let forge = IntelForge::new(seed, NOW);
        let number = UpdateSet::Standard.evaluation_number();
        let forge_tee = match tee {
            Tee::Sgx => ForgeTee::Sgx,
            Tee::Tdx => ForgeTee::Tdx,
        };
        let documents = forge.collateral_spec(forge_tee, PckCa::Platform, number);
        Self {
            forge,
            documents,
            tee,
        }
    }

    pub(crate) fn now() -> UnixTime {
        UnixTime::new(NOW)
    }

    pub(crate) fn anchors(&self) -> TrustAnchors {
        TrustAnchors::from_certificates(&[self.forge.root_certificate_der()]).unwrap()
    }

    /// Collateral as minted now.
    pub(crate) fn mint(&self) -> CollateralDocuments {
        let minted = self.documents.mint();
        CollateralDocuments {
            tcb_info: minted.tcb_info,
            tcb_info_issuer_chain: minted.tcb_info_issuer_chain,
            qe_identity: minted.qe_identity,
            qe_identity_issuer_chain: minted.qe_identity_issuer_chain,
            root_ca_crl: minted.root_ca_crl,
            pck_crl: minted.pck_crl,
            pck_crl_issuer_chain: minted.pck_crl_issuer_chain,
        }
    }

    pub(crate) fn collateral(&self) -> Result<VerifiedCollateral, CollateralError> {
        self.collateral_at(NOW, Staleness::Strict)
    }

    pub(crate) fn collateral_at(
        &self,
        now: i64,
        staleness: Staleness,
    ) -> Result<VerifiedCollateral, CollateralError> {
        VerifiedCollateral::verify(
            self.mint(),
            self.tee,
            &self.anchors(),
            UnixTime::new(now),
            staleness,
        )
    }

    pub(crate) fn sgx_quote(&self) -> SgxQuoteSpec {
        self.forge.sgx_quote_spec()
    }

    pub(crate) fn tdx_quote(&self, body: TdBody) -> TdxQuoteSpec {
        self.forge.tdx_quote_spec(body)
    }

    /// A chain as certification data of a quote would carry it.
    pub(crate) fn pck(&self, chain: &[u8]) -> Result<VerifiedPck, CertificateError> {
        VerifiedPck::verify(
            &CertificationData { kind: 5, data: chain },
            &self.anchors(),
            Self::now(),
        )
    }

    /// Everything from bytes to the appraisal, with this world's collateral.
    pub(crate) fn appraise(&self, quote: &[u8]) -> Result<Appraisal, Rejected> {
        let quote = Quote::parse(quote)?;
        let pck = VerifiedPck::verify(&quote.certification_data(), &self.anchors(), Self::now())?;
        appraise(&quote, &pck, &self.collateral()?, Self::now(), Staleness::Strict)
    }

    pub(crate) fn appraise_sgx(&self, spec: &SgxQuoteSpec) -> Result<Appraisal, Rejected> {
        self.appraise(&self.forge.sgx_quote(spec))
    }

    pub(crate) fn appraise_tdx(&self, spec: &TdxQuoteSpec) -> Result<Appraisal, Rejected> {
        self.appraise(&self.forge.tdx_quote(spec))
    }

    /// A key that nobody certified.
    pub(crate) fn other_key(&self) -> KeyPair {
        self.forge.seed.key("nobody's")
    }
}
