//! The answers: documents, and their issuer chains in headers.

use attestry_api::hex;

use crate::{
    intel::{CrlForm, IntelForge, PckCa, PckSpec},
    pki::pem_chain,
};

use super::{
    controls::Content,
    request::{ApiVersion, Asked, Edition, ListForm, NOT_FOUND, Wanted},
};

/// A response before it is one of the HTTP library.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) content_type: &'static str,
    pub(super) body: Vec<u8>,
}

impl Answer {
    pub(super) fn refusal(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            content_type: TEXT,
            body: Vec::new(),
        }
    }

    pub(super) fn with_retry_after(mut self, seconds: Option<u64>) -> Self {
        self.headers
            .extend(seconds.map(|seconds| ("Retry-After", seconds.to_string())));
        self
    }

    pub(super) fn document(content_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status: 200,
            headers: Vec::new(),
            content_type,
            body: body.into(),
        }
    }

    fn with_chain(mut self, header: &'static str, chain_pem: &str) -> Self {
        self.headers.push((header, percent_encode(chain_pem)));
        self
    }
}

/// The answer to a request, as of the forge's time.
pub(super) fn answer(asked: &Asked, forge: &IntelForge, content: &Content) -> Answer {
    let signing_key = if content.bad_signatures {
        forge.seed.key("somebody else's signing key")
    } else {
        forge.tcb_signing.subject_key.clone()
    };
    let signing_chain = || pem_chain([forge.tcb_signing.to_der(), forge.root.to_der()]);
    match &asked.wanted {
        Wanted::TcbInfo { tee, fmspc, edition } => {
            if !content.fmspcs.contains(fmspc) {
                return Answer::refusal(NOT_FOUND);
            }
            let mut tcb_info = forge.tcb_info_spec(*tee, fmspc, number(*edition, content));
            if asked.version < ApiVersion::V4 {
                tcb_info = tcb_info.into_version_2();
            }
            let header = if asked.version < ApiVersion::V4 {
                V3_TCB_INFO_CHAIN
            } else {
                TCB_INFO_CHAIN
            };
            Answer::document(JSON, tcb_info.mint(&signing_key)).with_chain(header, &signing_chain())
        }
        Wanted::EnclaveIdentity { id, edition } => {
            let identity = forge.enclave_identity_spec(id, number(*edition, content));
            Answer::document(JSON, identity.mint(&signing_key)).with_chain(IDENTITY_CHAIN, &signing_chain())
        }
        Wanted::EvaluationNumbers { tee } => {
            let numbers = forge.evaluation_numbers_spec(*tee);
            Answer::document(JSON, numbers.mint(&signing_key)).with_chain(NUMBERS_CHAIN, &signing_chain())
        }
        Wanted::PckCrl { ca, form } => pck_crl(*ca, *form, forge, content),
        Wanted::RootCrl { form } => {
            let mut list = forge.root_crl();
            list.set_number(content.root_crl_number);
            list_document(*form, &list.to_der())
        }
        Wanted::RootCertificate => Answer::document("application/x-x509-ca-cert", forge.root.to_der()),
        Wanted::Fmspcs => Answer::document(JSON, fmspcs(content)),
        Wanted::PckCertificate => pck_certificate(forge),
    }
}

fn number(edition: Edition, content: &Content) -> u64 {
    match edition {
        Edition::Update(set) => content.evaluation_number(set),
        Edition::Number(number) => number,
    }
}

fn pck_crl(ca: PckCa, form: ListForm, forge: &IntelForge, content: &Content) -> Answer {
    let mut list = forge.pck_crl(ca);
    list.set_number(content.pck_crl_number);
    for serial in &content.revoked_pck_serials {
        list.revoke(serial);
    }
    let chain = pem_chain([forge.pck_ca(ca).to_der(), forge.root.to_der()]);
    list_document(form, &list.to_der()).with_chain(CRL_CHAIN, &chain)
}

fn list_document(form: ListForm, der: &[u8]) -> Answer {
    match form {
        ListForm::Der => Answer::document("application/pkix-crl", CrlForm::Der.encode(der)),
        ListForm::Hex => Answer::document(TEXT, CrlForm::HexDer.encode(der)),
        ListForm::Pem => Answer::document("application/x-pem-file", CrlForm::Pem.encode(der)),
    }
}

fn fmspcs(content: &Content) -> String {
    let entries = content
        .fmspcs
        .iter()
        .map(|fmspc| serde_json::json!({"fmspc": hex::encode(fmspc).to_ascii_uppercase(), "platform": "E5"}));
    entries.collect::<serde_json::Value>().to_string()
}

/// The certificate of the default platform, whatever platform the request named.
fn pck_certificate(forge: &IntelForge) -> Answer {
    let pck = PckSpec::new(&forge.seed, PckCa::Platform);
    let chain = pem_chain([forge.platform_ca.to_der(), forge.root.to_der()]);
    let pce_svn = u16::try_from(pck.pce_svn).unwrap_or(u16::MAX).to_le_bytes();
    let mut answer = Answer::document("application/x-pem-file", pck.certificate(forge).to_pem())
        .with_chain("SGX-PCK-Certificate-Issuer-Chain", &chain);
    answer.headers.push((
        "SGX-TCBm",
        hex::encode(&[pck.cpu_svn.as_slice(), &pce_svn].concat()),
    ));
    answer.headers.push(("SGX-FMSPC", hex::encode(&pck.fmspc)));
    answer
        .headers
        .push(("SGX-PCK-Certificate-CA-Type", pck.ca.parameter().to_owned()));
    answer
}

/// Everything but unreserved characters escaped (RFC 3986, 2.1 and 2.3), as Intel's services do.
fn percent_encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push_str(&hex::encode(&[byte]).to_ascii_uppercase());
        }
    }
    out
}

pub(super) const JSON: &str = "application/json";
const TEXT: &str = "text/plain";
const TCB_INFO_CHAIN: &str = "TCB-Info-Issuer-Chain";
const V3_TCB_INFO_CHAIN: &str = "SGX-TCB-Info-Issuer-Chain";
const IDENTITY_CHAIN: &str = "SGX-Enclave-Identity-Issuer-Chain";
const CRL_CHAIN: &str = "SGX-PCK-CRL-Issuer-Chain";
const NUMBERS_CHAIN: &str = "TCB-Evaluation-Data-Numbers-Issuer-Chain";
