//! One case: forged evidence and collateral, what was changed in them, and what two verifiers say.

use std::collections::BTreeSet;

use attestry_evidence::{
    dcap::{self, CollateralDocuments, Staleness, VerifiedCollateral, VerifiedPck},
    rejection::Rejected,
    time::UnixTime,
    x509::TrustAnchors,
};
use attestry_forge::{
    Seed,
    intel::{
        Collateral, CollateralSpec, IntelForge, PckCa, PckSpec, Tee, UpdateSet, sign_document, split_envelope,
    },
    pki::{CertificateSpec, KeyPair, pem_chain},
    quote::{QuoteHeader, SgxQuoteSpec, SgxReport, TdBody, TdxQuoteSpec, certification_type},
};
use attestry_oracles::Random;
use dcap_qvl::{QuoteCollateralV3, verify::QuoteVerifier};

/// A forged world, to be changed by mutations.
pub struct World {
    pub forge: IntelForge,
    /// When the evidence is judged.
    pub now: i64,
    pub quote: Quote,
    pub collateral: CollateralSpec,
    /// Changes of the PCK certificate beyond its platform data.
    pub leaf_edits: Vec<fn(&mut CertificateSpec)>,
    /// The certificates of the quote, in order.
    pub chain: Vec<Link>,
    /// Changes of the text of TCB info and identity, before they are signed.
    pub tcb_info_edit: Option<fn(&str) -> String>,
    pub qe_identity_edit: Option<fn(&str) -> String>,
    /// Positions of flipped bits, modulo the size of the quote.
    pub flips: Vec<usize>,
    /// How many bytes are missing at the end.
    pub truncated: usize,
}

/// A quote of either kind.
pub enum Quote {
    Sgx(Box<SgxQuoteSpec>),
    Tdx(Box<TdxQuoteSpec>),
}

/// A certificate of the chain in a quote.
#[derive(Clone, Copy, PartialEq)]
pub enum Link {
    Leaf,
    Authority,
    Root,
    /// The root of somebody else.
    ForeignRoot,
}

/// What a verifier says.
#[derive(Debug, PartialEq)]
pub enum Outcome {
    Accepted {
        status: String,
        advisories: BTreeSet<String>,
    },
    /// Our code and field, or their message.
    Refused(String),
}

macro_rules! common {
    ($name:ident, $field:ident, $type:ty) => {
        pub fn $name(&mut self) -> &mut $type {
            match self {
                Self::Sgx(spec) => &mut spec.$field,
                Self::Tdx(spec) => &mut spec.$field,
            }
        }
    };
}

impl Quote {
    common!(header, header, QuoteHeader);
    common!(qe_report, qe_report, SgxReport);
    common!(pck, pck, PckSpec);
    common!(qe_auth_data, qe_auth_data, Vec<u8>);
    common!(certification_type, certification_type, u16);
    common!(certification_data, certification_data, Option<Vec<u8>>);
    common!(outer_certification_type, outer_certification_type, u16);
    common!(binds_attestation_key, binds_attestation_key, bool);
    common!(quote_signer, quote_signer, KeyPair);
    common!(qe_report_signer, qe_report_signer, Option<KeyPair>);
    common!(body_descriptor, body_descriptor, Option<(u16, u32)>);
    common!(slack, slack, Vec<u8>);
    common!(trailing, trailing, Vec<u8>);

    pub fn set(&mut self, field: &str, value: &str) {
        match self {
            Self::Sgx(spec) => spec.set(field, value),
            Self::Tdx(spec) => spec.set(field, value),
        }
        .unwrap();
    }

    pub fn tdx(&mut self) -> Option<&mut TdxQuoteSpec> {
        match self {
            Self::Sgx(_) => None,
            Self::Tdx(spec) => Some(spec),
        }
    }

    pub fn tee(&self) -> Tee {
        match self {
            Self::Sgx(_) => Tee::Sgx,
            Self::Tdx(_) => Tee::Tdx,
        }
    }

    fn mint(&self, forge: &IntelForge) -> Vec<u8> {
        match self {
            Self::Sgx(spec) => spec.mint(forge),
            Self::Tdx(spec) => spec.mint(forge),
        }
    }
}

impl World {
    /// A good world of a random kind.
    pub fn good(random: &mut Random) -> Self {
        let now = 1_768_435_200 + i64::try_from(random.below(100_000_000)).unwrap();
        let forge = IntelForge::new(Seed::default(), now);
        let ca = if random.once_in(3) {
            PckCa::Processor
        } else {
            PckCa::Platform
        };
        let set = if random.once_in(6) {
            UpdateSet::Early
        } else {
            UpdateSet::Standard
        };
        let mut quote = match random.below(8) {
            0..3 => Quote::Sgx(Box::new(forge.sgx_quote_spec())),
            3 => Quote::Tdx(Box::new(forge.tdx_quote_spec(TdBody::Td15Extended))),
            4 | 5 => Quote::Tdx(Box::new(forge.tdx_quote_spec(TdBody::Td15))),
            _ => Quote::Tdx(Box::new(forge.tdx_quote_spec(TdBody::Td10))),
        };
        let pck = PckSpec::new(&forge.seed, ca);
        match &mut quote {
            Quote::Sgx(spec) => spec.use_platform(pck),
            Quote::Tdx(spec) => spec.use_platform(pck),
        }
        let collateral = forge.collateral_spec(quote.tee(), ca, set.evaluation_number());
        Self {
            forge,
            now,
            quote,
            collateral,
            leaf_edits: Vec::new(),
            chain: vec![Link::Leaf, Link::Authority, Link::Root],
            tcb_info_edit: None,
            qe_identity_edit: None,
            flips: Vec::new(),
            truncated: 0,
        }
    }

    /// The PCK certificate as it will be minted.
    pub fn leaf(&mut self) -> CertificateSpec {
        let mut leaf = self.quote.pck().certificate(&self.forge);
        for edit in &self.leaf_edits {
            edit(&mut leaf);
        }
        leaf
    }

    /// Replaces a certificate of the hierarchy wherever collateral carries it.
    pub fn change_certificate(&mut self, which: Certificate, change: impl Fn(&mut CertificateSpec)) {
        let certificate = match which {
            Certificate::Root => &mut self.forge.root,
            Certificate::PckCa => match self.quote.pck().ca {
                PckCa::Processor => &mut self.forge.processor_ca,
                PckCa::Platform => &mut self.forge.platform_ca,
            },
            Certificate::TcbSigning => &mut self.forge.tcb_signing,
        };
        let serial = certificate.serial.clone();
        change(certificate);
        for chain in [
            &mut self.collateral.signing_chain,
            &mut self.collateral.pck_crl_chain,
        ] {
            for link in chain {
                if link.serial == serial {
                    *link = certificate.clone();
                }
            }
        }
    }

    /// Quote and documents.
    pub fn mint(&mut self) -> (Vec<u8>, Collateral) {
        let leaf = self.leaf();
        let authority = self.forge.pck_ca(self.quote.pck().ca).to_der();
        if *self.quote.certification_type() == certification_type::PCK_CHAIN
            && self.quote.certification_data().is_none()
        {
            let mut chain = pem_chain(self.chain.iter().map(|link| match link {
                Link::Leaf => leaf.to_der(),
                Link::Authority => authority.clone(),
                Link::Root => self.forge.root.to_der(),
                Link::ForeignRoot => {
                    IntelForge::new(Seed::from_text("foreign"), self.now).root_certificate_der()
                }
            }))
            .into_bytes();
            chain.push(0);
            *self.quote.certification_data() = Some(chain);
        }
        let mut quote = self.quote.mint(&self.forge);
        for flip in &self.flips {
            let bit = flip % (quote.len() * 8);
            quote[bit / 8] ^= 1 << (bit % 8);
        }
        quote.truncate(quote.len().saturating_sub(self.truncated));
        let mut collateral = self.collateral.mint();
        if let Some(edit) = self.tcb_info_edit {
            let text = edit(&self.collateral.tcb_info.to_json());
            collateral.tcb_info = sign_document("tcbInfo", &text, &self.collateral.tcb_info_key).into_bytes();
        }
        if let Some(edit) = self.qe_identity_edit {
            let text = edit(&self.collateral.qe_identity.to_json());
            let key = &self.collateral.qe_identity_key;
            collateral.qe_identity = sign_document("enclaveIdentity", &text, key).into_bytes();
        }
        (quote, collateral)
    }
}

/// A certificate above the PCK certificate.
#[derive(Clone, Copy)]
pub enum Certificate {
    Root,
    PckCa,
    TcbSigning,
}

/// What Attestry says, in strict staleness.
pub fn ours(quote: &[u8], collateral: &Collateral, root: &[u8], now: i64) -> Outcome {
    let anchors = TrustAnchors::from_certificates(&[root.to_vec()]).unwrap();
    let now = UnixTime::new(now);
    let documents = CollateralDocuments {
        tcb_info: collateral.tcb_info.clone(),
        tcb_info_issuer_chain: collateral.tcb_info_issuer_chain.clone(),
        qe_identity: collateral.qe_identity.clone(),
        qe_identity_issuer_chain: collateral.qe_identity_issuer_chain.clone(),
        root_ca_crl: collateral.root_ca_crl.clone(),
        pck_crl: collateral.pck_crl.clone(),
        pck_crl_issuer_chain: collateral.pck_crl_issuer_chain.clone(),
    };
    let appraise = || {
        let quote = dcap::Quote::parse(quote).map_err(told)?;
        let collateral = VerifiedCollateral::verify(documents, quote.tee(), &anchors, now, Staleness::Strict)
            .map_err(told)?;
        let pck = VerifiedPck::verify(&quote.certification_data(), &anchors, now).map_err(told)?;
        dcap::appraise(&quote, &pck, &collateral, now, Staleness::Strict).map_err(told)
    };
    match appraise() {
        Ok(appraisal) => Outcome::Accepted {
            status: appraisal.status().to_string(),
            advisories: appraisal.advisories().clone(),
        },
        Err(refusal) => Outcome::Refused(refusal),
    }
}

/// Code and field of a refusal.
fn told(rejected: impl Into<Rejected>) -> String {
    let explanation = rejected.into().explain();
    format!("{} {}", explanation.code, explanation.field)
}

/// What dcap-qvl says, with its relaxations for debug and service TDs, so that it judges no attributes it
/// can be kept from judging.
pub fn theirs(quote: &[u8], collateral: &Collateral, root: &[u8], now: i64) -> Outcome {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let signature = |hex: String| attestry_api::hex::decode(&hex).unwrap();
    let (tcb_info, tcb_info_signature) = split_envelope(&collateral.tcb_info);
    let (qe_identity, qe_identity_signature) = split_envelope(&collateral.qe_identity);
    let collateral = QuoteCollateralV3 {
        pck_crl_issuer_chain: text(&collateral.pck_crl_issuer_chain),
        root_ca_crl: collateral.root_ca_crl.clone(),
        pck_crl: collateral.pck_crl.clone(),
        tcb_info_issuer_chain: text(&collateral.tcb_info_issuer_chain),
        tcb_info,
        tcb_info_signature: signature(tcb_info_signature),
        qe_identity_issuer_chain: text(&collateral.qe_identity_issuer_chain),
        qe_identity,
        qe_identity_signature: signature(qe_identity_signature),
        pck_certificate_chain: None,
    };
    let verifier = QuoteVerifier::new(root.to_vec())
        .allow_debug(true)
        .allow_service_td(true);
    match verifier.verify(quote, &collateral, u64::try_from(now).unwrap()) {
        Ok(report) => Outcome::Accepted {
            status: report.status,
            advisories: report.advisory_ids.into_iter().collect(),
        },
        Err(error) => Outcome::Refused(format!("{error:#}")),
    }
}
