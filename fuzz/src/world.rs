//! A forged world, minted once for all runs of a target, and good evidence in it.

use std::sync::OnceLock;

use attestry_evidence::dcap::{
    Appraisal, CertificationData, CollateralDocuments, CollateralError, Quote, Staleness, Tee,
    VerifiedCollateral, VerifiedPck, appraise,
};
use attestry_evidence::rejection::Rejected;
use attestry_evidence::time::UnixTime;
use attestry_evidence::x509::{CertificateError, TrustAnchors};
use attestry_forge::Seed;
use attestry_forge::intel::{self, Collateral, IntelForge, PckCa, PckSpec, sign_document};
use attestry_forge::pki::{CertificateSpec, KeyPair, pem_chain};
use attestry_forge::quote::TdBody;

/// The forge, its root as an anchor, and good evidence.
pub struct World {
    forge: IntelForge,
    anchors: TrustAnchors,
    pck: PckSpec,
    tcb_signing_key: KeyPair,
    collateral: Collateral,
    parts: Parts,
    appraisal: Appraisal,
}

/// The two signed documents.
#[derive(Clone, Copy)]
pub enum Part {
    /// TCB info.
    TcbInfo,
    /// The quoting enclave's identity.
    QeIdentity,
}

/// A TDX quote and the documents it is appraised with.
#[derive(Clone)]
pub struct Parts {
    quote: Vec<u8>,
    documents: CollateralDocuments,
}

impl Parts {
    /// The bytes that a selector stands for; the quote is chosen most often.
    pub fn select(&mut self, selector: u8) -> &mut Vec<u8> {
        let documents = &mut self.documents;
        match selector % 16 {
            1 => &mut documents.tcb_info,
            2 => &mut documents.tcb_info_issuer_chain,
            3 => &mut documents.qe_identity,
            4 => &mut documents.qe_identity_issuer_chain,
            5 => &mut documents.root_ca_crl,
            6 => &mut documents.pck_crl,
            7 => &mut documents.pck_crl_issuer_chain,
            _ => &mut self.quote,
        }
    }

    /// The quote.
    pub fn quote(&self) -> &[u8] {
        &self.quote
    }

    /// The documents.
    pub fn documents(&self) -> &CollateralDocuments {
        &self.documents
    }
}

impl World {
    /// The one world of this process.
    pub fn shared() -> &'static Self {
        static WORLD: OnceLock<World> = OnceLock::new();
        WORLD.get_or_init(Self::mint)
    }

    /// The forge, for seeds.
    pub fn forge(&self) -> &IntelForge {
        &self.forge
    }

    /// Good evidence, to be spoilt.
    pub fn good_parts(&self) -> Parts {
        self.parts.clone()
    }

    /// What the good evidence proves.
    pub fn good_appraisal(&self) -> &Appraisal {
        &self.appraisal
    }

    /// The platform's certificate with another SGX extension, signed and verified.
    pub fn pck_with_extension(&self, extension: &[u8]) -> Result<VerifiedPck, CertificateError> {
        let mut certificate = self.pck.certificate(&self.forge);
        let sgx = certificate
            .extension_mut(&SGX_EXTENSION)
            .expect("a PCK certificate has an SGX extension");
        sgx.value = extension.to_vec();
        let authority: &CertificateSpec = self.forge.pck_ca(PckCa::Platform);
        let chain = pem_chain([
            certificate.to_der(),
            authority.to_der(),
            self.forge.root_certificate_der(),
        ]);
        let data = CertificationData {
            kind: 5,
            data: chain.as_bytes(),
        };
        VerifiedPck::verify(&data, &self.anchors, NOW)
    }

    /// Good collateral but for one document with another text, signed.
    pub fn collateral_with(&self, part: Part, text: &[u8]) -> Result<VerifiedCollateral, CollateralError> {
        let text = String::from_utf8_lossy(text);
        let sign = |member| sign_document(member, &text, &self.tcb_signing_key).into_bytes();
        let mut documents = documents(&self.collateral);
        match part {
            Part::TcbInfo => documents.tcb_info = sign("tcbInfo"),
            Part::QeIdentity => documents.qe_identity = sign("enclaveIdentity"),
        }
        VerifiedCollateral::verify(documents, Tee::Tdx, &self.anchors, NOW, Staleness::Strict)
    }

    /// Appraises parts from the first byte on, as a service that has cached nothing would.
    pub fn appraise(&self, parts: &Parts) -> Result<Appraisal, Rejected> {
        appraise_cold(parts, &self.anchors)
    }

    fn mint() -> Self {
        let forge = IntelForge::new(Seed::from_text("fuzz"), NOW.seconds());
        let anchors =
            TrustAnchors::from_certificates(&[forge.root_certificate_der()]).expect("the root is good");
        let spec = forge.collateral_spec(intel::Tee::Tdx, PckCa::Platform, 20);
        let collateral = spec.mint();
        let quote = forge.tdx_quote(&forge.tdx_quote_spec(TdBody::Td15));
        let parts = Parts {
            quote,
            documents: documents(&collateral),
        };
        let appraisal = appraise_cold(&parts, &anchors).expect("what the forge mints is accepted");
        let pck = PckSpec::new(&forge.seed, PckCa::Platform);
        Self {
            pck,
            tcb_signing_key: spec.tcb_info_key,
            collateral,
            parts,
            appraisal,
            anchors,
            forge,
        }
    }
}

fn appraise_cold(parts: &Parts, anchors: &TrustAnchors) -> Result<Appraisal, Rejected> {
    let quote = Quote::parse(&parts.quote)?;
    let documents = parts.documents.clone();
    let collateral = VerifiedCollateral::verify(documents, quote.tee(), anchors, NOW, Staleness::Strict)?;
    let pck = VerifiedPck::verify(&quote.certification_data(), anchors, NOW)?;
    appraise(&quote, &pck, &collateral, NOW, Staleness::Strict)
}

fn documents(collateral: &Collateral) -> CollateralDocuments {
    let collateral = collateral.clone();
    CollateralDocuments {
        tcb_info: collateral.tcb_info,
        tcb_info_issuer_chain: collateral.tcb_info_issuer_chain,
        qe_identity: collateral.qe_identity,
        qe_identity_issuer_chain: collateral.qe_identity_issuer_chain,
        root_ca_crl: collateral.root_ca_crl,
        pck_crl: collateral.pck_crl,
        pck_crl_issuer_chain: collateral.pck_crl_issuer_chain,
    }
}

/// 2026-01-15T00:00:00Z; any moment does.
const NOW: UnixTime = UnixTime::new(1_768_435_200);

/// 1.2.840.113741.1.13.1.
const SGX_EXTENSION: [u64; 7] = [1, 2, 840, 113_741, 1, 13, 1];
