//! A complete set of collateral for one platform and one kind of environment: TCB info, quoting enclave
//! identity, their issuer chain, and the two revocation lists.

use attestry_api::hex;
use serde_json::json;

use crate::pki::{CertificateSpec, CrlSpec, KeyPair, pem, pem_chain};

use super::{
    EnclaveIdentitySpec, EvaluationNumber, EvaluationNumbersSpec, IntelForge, PckCa, SvnLevel, TcbInfoSpec,
    TcbLevel, TdxModule, TdxModuleIdentity, Tee,
    documents::{Tcb, date},
    hierarchy::DAY,
    pck::{COMPONENTS, DEFAULT_COMPONENT_SVNS, DEFAULT_FMSPC, DEFAULT_PCE_SVN},
};

/// The documents of one set of collateral, as bytes: what a verifier gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collateral {
    /// `{"tcbInfo":…,"signature":"…"}`.
    pub tcb_info: Vec<u8>,
    /// PEM, signer first.
    pub tcb_info_issuer_chain: Vec<u8>,
    /// `{"enclaveIdentity":…,"signature":"…"}`.
    pub qe_identity: Vec<u8>,
    /// PEM, signer first.
    pub qe_identity_issuer_chain: Vec<u8>,
    /// The root's revocation list, in the form asked for.
    pub root_ca_crl: Vec<u8>,
    /// The PCK authority's revocation list, in the form asked for.
    pub pck_crl: Vec<u8>,
    /// PEM, PCK authority first.
    pub pck_crl_issuer_chain: Vec<u8>,
}

/// Which of the two current sets of the provisioning service (parameter `update`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum UpdateSet {
    /// Published from the first day of a TCB recovery.
    Early,
    /// Follows about a year later.
    #[default]
    Standard,
}

impl UpdateSet {
    /// The TCB evaluation data number of the set.
    pub fn evaluation_number(self) -> u64 {
        match self {
            Self::Early => EARLY_NUMBER,
            Self::Standard => STANDARD_NUMBER,
        }
    }
}

/// The forms in which services hand out revocation lists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CrlForm {
    /// DER.
    #[default]
    Der,
    /// The hexadecimal text of the DER.
    HexDer,
    /// PEM.
    Pem,
}

impl CrlForm {
    /// `der` in this form.
    pub fn encode(self, der: &[u8]) -> Vec<u8> {
        match self {
            Self::Der => der.to_vec(),
            Self::HexDer => hex::encode(der).into_bytes(),
            Self::Pem => pem("X509 CRL", der).into_bytes(),
        }
    }
}

/// Everything a set of collateral says, and who signs it.
#[derive(Clone, Debug)]
pub struct CollateralSpec {
    /// TCB info.
    pub tcb_info: TcbInfoSpec,
    /// Identity of the quoting enclave.
    pub qe_identity: EnclaveIdentitySpec,
    /// Chain of the signer of both documents, signer first.
    pub signing_chain: Vec<CertificateSpec>,
    /// The key that signs TCB info.
    pub tcb_info_key: KeyPair,
    /// The key that signs the identity.
    pub qe_identity_key: KeyPair,
    /// The root's revocation list.
    pub root_crl: CrlSpec,
    /// The PCK authority's revocation list.
    pub pck_crl: CrlSpec,
    /// Chain of the signer of the PCK list, signer first.
    pub pck_crl_chain: Vec<CertificateSpec>,
    /// The form of both lists.
    pub crl_form: CrlForm,
}

impl CollateralSpec {
    /// The documents, signed.
    pub fn mint(&self) -> Collateral {
        let signing_chain = pem_chain(self.signing_chain.iter().map(CertificateSpec::to_der)).into_bytes();
        Collateral {
            tcb_info: self.tcb_info.mint(&self.tcb_info_key).into_bytes(),
            tcb_info_issuer_chain: signing_chain.clone(),
            qe_identity: self.qe_identity.mint(&self.qe_identity_key).into_bytes(),
            qe_identity_issuer_chain: signing_chain,
            root_ca_crl: self.crl_form.encode(&self.root_crl.to_der()),
            pck_crl: self.crl_form.encode(&self.pck_crl.to_der()),
            pck_crl_issuer_chain: pem_chain(self.pck_crl_chain.iter().map(CertificateSpec::to_der))
                .into_bytes(),
        }
    }

    /// Sets one evaluation number in both documents.
    pub fn set_evaluation_number(&mut self, number: u64) {
        self.tcb_info.tcb_evaluation_data_number = number;
        self.qe_identity.tcb_evaluation_data_number = number;
    }
}

impl Collateral {
    /// The file form of nine strings that verifiers exchange: documents and signatures apart, lists as
    /// hexadecimal of DER. The collateral must have been minted with [`CrlForm::Der`].
    pub fn to_json(&self) -> String {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (tcb_info, tcb_info_signature) = split_envelope(&self.tcb_info);
        let (qe_identity, qe_identity_signature) = split_envelope(&self.qe_identity);
        json!({
            "pck_crl_issuer_chain": text(&self.pck_crl_issuer_chain),
            "root_ca_crl": hex::encode(&self.root_ca_crl),
            "pck_crl": hex::encode(&self.pck_crl),
            "tcb_info_issuer_chain": text(&self.tcb_info_issuer_chain),
            "tcb_info": tcb_info,
            "tcb_info_signature": tcb_info_signature,
            "qe_identity_issuer_chain": text(&self.qe_identity_issuer_chain),
            "qe_identity": qe_identity,
            "qe_identity_signature": qe_identity_signature,
        })
        .to_string()
    }
}

/// Splits `{"name":<text>,"signature":"<hex>"}`, as the forge writes it, into text and signature.
pub fn split_envelope(envelope: &[u8]) -> (String, String) {
    let envelope = String::from_utf8_lossy(envelope);
    let text_start = envelope.split_once(':').map_or("", |(_, rest)| rest);
    let (text, signature) = text_start
        .rsplit_once(r#","signature":""#)
        .unwrap_or((text_start, ""));
    (text.to_owned(), signature.trim_end_matches(r#""}"#).to_owned())
}

impl IntelForge {
    /// Good collateral for the default platform: standard set, Platform CA, lists as DER.
    pub fn collateral(&self, tee: Tee) -> Collateral {
        self.collateral_spec(tee, PckCa::Platform, UpdateSet::Standard.evaluation_number())
            .mint()
    }

    /// Good collateral for the default FMSPC under an authority and an evaluation number, to be changed
    /// and minted.
    pub fn collateral_spec(&self, tee: Tee, ca: PckCa, evaluation_number: u64) -> CollateralSpec {
        CollateralSpec {
            tcb_info: self.tcb_info_spec(tee, &DEFAULT_FMSPC, evaluation_number),
            qe_identity: self.enclave_identity_spec(tee.qe_id(), evaluation_number),
            signing_chain: vec![self.tcb_signing.clone(), self.root.clone()],
            tcb_info_key: self.tcb_signing.subject_key.clone(),
            qe_identity_key: self.tcb_signing.subject_key.clone(),
            root_crl: self.root_crl(),
            pck_crl: self.pck_crl(ca),
            pck_crl_chain: vec![self.pck_ca(ca).clone(), self.root.clone()],
            crl_form: CrlForm::Der,
        }
    }

    /// TCB info under which the default platform is up to date, except in the early set, which wants more.
    pub fn tcb_info_spec(&self, tee: Tee, fmspc: &[u8], evaluation_number: u64) -> TcbInfoSpec {
        let is_tdx = tee == Tee::Tdx;
        TcbInfoSpec {
            id: Some(tee.id().to_owned()),
            version: 3,
            issue_date: self.issue_date(),
            next_update: self.next_update(),
            fmspc: fmspc.to_vec(),
            pce_id: vec![0, 0],
            tcb_type: 0,
            tcb_evaluation_data_number: evaluation_number,
            tdx_module: is_tdx.then(TdxModule::default),
            tdx_module_identities: is_tdx.then(|| ["TDX_01", "TDX_03"].map(module_identity).to_vec()),
            tcb_levels: tcb_levels(tee, evaluation_number),
        }
    }

    /// Identity of one of the enclaves `QE`, `TD_QE`, `QVE` and `QAE`.
    pub fn enclave_identity_spec(&self, id: &str, evaluation_number: u64) -> EnclaveIdentitySpec {
        EnclaveIdentitySpec {
            id: id.to_owned(),
            version: 2,
            issue_date: self.issue_date(),
            next_update: self.next_update(),
            tcb_evaluation_data_number: evaluation_number,
            miscselect: vec![0; 4],
            miscselect_mask: vec![0xFF; 4],
            attributes: padded(&[0x11], 16),
            attributes_mask: padded(&QE_ATTRIBUTES_MASK, 16),
            mrsigner: self.enclave_signer().to_vec(),
            isvprodid: enclave_product_id(id),
            tcb_levels: vec![
                SvnLevel::new(QE_ISVSVN, DATE_2024, "UpToDate", &[]),
                SvnLevel::new(6, DATE_2021, "OutOfDate", &["INTEL-SA-00615"]),
                SvnLevel::new(4, DATE_2019, "Revoked", &[]),
            ],
        }
    }

    /// The evaluation numbers that the service still offers.
    pub fn evaluation_numbers_spec(&self, tee: Tee) -> EvaluationNumbersSpec {
        let entry = |number, event: &str, date: &str| EvaluationNumber {
            tcb_evaluation_data_number: number,
            tcb_recovery_event_date: event.to_owned(),
            tcb_date: date.to_owned(),
        };
        EvaluationNumbersSpec {
            id: tee.id().to_owned(),
            version: 1,
            issue_date: self.issue_date(),
            next_update: self.next_update(),
            tcb_eval_numbers: vec![
                entry(EARLY_NUMBER, "2025-08-12T00:00:00Z", DATE_2025),
                entry(STANDARD_NUMBER, "2024-11-12T00:00:00Z", DATE_2024),
                entry(OLDEST_NUMBER, "2024-05-14T00:00:00Z", DATE_2022),
            ],
        }
    }

    /// MRSIGNER of the forged quoting enclaves.
    pub fn enclave_signer(&self) -> [u8; 32] {
        self.seed.bytes("quoting enclave signer")
    }

    fn issue_date(&self) -> String {
        date(self.now.saturating_sub(DAY))
    }

    fn next_update(&self) -> String {
        date(self.now.saturating_sub(DAY).saturating_add(DOCUMENT_LIFE))
    }
}

/// Product id of an enclave of Intel, by the id of its identity.
pub(crate) fn enclave_product_id(id: &str) -> u64 {
    match id {
        "TD_QE" => 2,
        "QVE" => 3,
        "QAE" => 4,
        _ => 1,
    }
}

fn module_identity(id: &str) -> TdxModuleIdentity {
    TdxModuleIdentity {
        id: id.to_owned(),
        module: TdxModule::default(),
        tcb_levels: vec![
            SvnLevel::new(TDX_MODULE_SVN, DATE_2024, "UpToDate", &[]),
            SvnLevel::new(3, DATE_2022, "OutOfDate", &["INTEL-SA-01036"]),
            SvnLevel::new(1, DATE_2019, "Revoked", &["INTEL-SA-01036"]),
        ],
    }
}

/// Levels from the highest down; each drops one or two SVNs of the one above, so that every status can be
/// reached by lowering SVNs of the default platform.
fn tcb_levels(tee: Tee, evaluation_number: u64) -> Vec<TcbLevel> {
    let level =
        |sgx: [u64; 6], pce_svn, tdx: [u64; 3], date: &str, status: &str, advisories: &[&str]| TcbLevel {
            tcb: Tcb::new(
                padded(&sgx, COMPONENTS),
                pce_svn,
                (tee == Tee::Tdx).then(|| padded(&tdx, COMPONENTS)),
            ),
            tcb_date: date.to_owned(),
            tcb_status: status.to_owned(),
            advisory_ids: advisories.iter().map(|&id| id.to_owned()).collect(),
        };
    let top = DEFAULT_COMPONENT_SVNS;
    let pce = DEFAULT_PCE_SVN;
    let mut levels = vec![
        level(top, pce, [5, 0, 2], DATE_2024, "UpToDate", &[]),
        level(
            [11, 11, 2, 2, 4, 0],
            pce,
            [5, 0, 2],
            DATE_2024,
            "SWHardeningNeeded",
            &["INTEL-SA-00615"],
        ),
        level(
            [11, 11, 2, 2, 3, 1],
            pce,
            [5, 0, 2],
            DATE_2024,
            "ConfigurationNeeded",
            &["INTEL-SA-00219"],
        ),
        level(
            [11, 11, 2, 2, 3, 0],
            pce,
            [5, 0, 2],
            DATE_2024,
            "ConfigurationAndSWHardeningNeeded",
            &["INTEL-SA-00219", "INTEL-SA-00615"],
        ),
        level(
            [9, 9, 2, 2, 4, 0],
            12,
            [4, 0, 1],
            DATE_2022,
            "OutOfDate",
            &["INTEL-SA-00657"],
        ),
        level(
            [9, 9, 2, 2, 0, 0],
            12,
            [4, 0, 1],
            DATE_2022,
            "OutOfDateConfigurationNeeded",
            &["INTEL-SA-00219", "INTEL-SA-00657"],
        ),
        level(
            [5, 5, 0, 0, 0, 0],
            5,
            [3, 0, 0],
            DATE_2019,
            "Revoked",
            &["INTEL-SA-00289"],
        ),
    ];
    if evaluation_number >= EARLY_NUMBER {
        levels.iter_mut().for_each(fall_behind);
        levels.insert(
            0,
            level([12, 12, 2, 2, 4, 1], pce, [5, 0, 3], DATE_2025, "UpToDate", &[]),
        );
    }
    levels
}

/// What a TCB recovery makes of a level that asks for less than the new one.
fn fall_behind(level: &mut TcbLevel) {
    let status = match level.tcb_status.as_str() {
        "UpToDate" | "SWHardeningNeeded" => "OutOfDate",
        "ConfigurationNeeded" | "ConfigurationAndSWHardeningNeeded" => "OutOfDateConfigurationNeeded",
        _ => return,
    };
    status.clone_into(&mut level.tcb_status);
    level.advisory_ids.push("INTEL-SA-01079".to_owned());
}

fn padded<T: Clone + Default>(values: &[T], length: usize) -> Vec<T> {
    let mut padded = values.to_vec();
    padded.resize(length, T::default());
    padded
}

/// The newest TCB recovery, which the early set already has.
pub(crate) const EARLY_NUMBER: u64 = 21;
/// The recovery of the standard set.
pub(crate) const STANDARD_NUMBER: u64 = 20;
/// The oldest number still offered; what is below has been retired.
pub(crate) const OLDEST_NUMBER: u64 = 19;
/// Intel's documents are good for thirty days.
const DOCUMENT_LIFE: i64 = 30 * DAY;
/// Everything but the debug bit of the flags, and nothing of XFRM, as in Intel's own identities.
const QE_ATTRIBUTES_MASK: [u8; 8] = [0xFB, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF];
pub(crate) const QE_ISVSVN: u64 = 8;
pub(crate) const TDX_MODULE_SVN: u64 = 5;
const DATE_2025: &str = "2025-08-13T00:00:00Z";
const DATE_2024: &str = "2024-11-13T00:00:00Z";
const DATE_2022: &str = "2022-11-09T00:00:00Z";
const DATE_2021: &str = "2021-11-10T00:00:00Z";
const DATE_2019: &str = "2019-11-13T00:00:00Z";
