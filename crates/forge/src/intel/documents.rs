//! The signed JSON documents of collateral: TCB info (versions 2 and 3), enclave identities (version 2) and
//! the list of TCB evaluation data numbers (Intel SGX and TDX Provisioning Certification Service API, v3
//! and v4). Minified, members in Intel's order: the signature is over exactly these bytes.

use attestry_api::{calendar::UtcDateTime, hex};
use serde::{Serialize, Serializer, ser::SerializeMap};

use crate::pki::KeyPair;

use super::Tee;

/// The envelope of a signed document: `{"<name>":<text>,"signature":"<r and s, hexadecimal>"}`.
pub fn sign_document(name: &str, text: &str, key: &KeyPair) -> String {
    let signature = hex::encode(&key.sign_raw(text.as_bytes()));
    format!(r#"{{"{name}":{text},"signature":"{signature}"}}"#)
}

/// TCB info: which SVNs a platform of one FMSPC needs for which status.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TcbInfoSpec {
    /// `SGX` or `TDX`; version 2 has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// 2 or 3. Use [`TcbInfoSpec::into_version_2`] to go back from 3.
    pub version: u64,
    /// RFC 3339, `YYYY-MM-DDThh:mm:ssZ`.
    pub issue_date: String,
    /// RFC 3339, `YYYY-MM-DDThh:mm:ssZ`.
    pub next_update: String,
    /// 6 bytes.
    #[serde(serialize_with = "upper_hex")]
    pub fmspc: Vec<u8>,
    /// 2 bytes.
    #[serde(serialize_with = "upper_hex")]
    pub pce_id: Vec<u8>,
    /// 0: levels are compared component by component.
    pub tcb_type: u64,
    /// Grows by one with every TCB recovery event.
    pub tcb_evaluation_data_number: u64,
    /// TDX only: identity of modules whose major version is 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tdx_module: Option<TdxModule>,
    /// TDX only: identities of modules by major version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tdx_module_identities: Option<Vec<TdxModuleIdentity>>,
    /// Levels, highest first.
    pub tcb_levels: Vec<TcbLevel>,
}

impl TcbInfoSpec {
    /// The unsigned document.
    pub fn to_json(&self) -> String {
        to_json(self)
    }

    /// The response of the service: the document and its signature.
    pub fn mint(&self, key: &KeyPair) -> String {
        sign_document("tcbInfo", &self.to_json(), key)
    }

    /// The same facts in the form of version 2 (API v3), which knows SGX alone and names each component.
    #[must_use]
    pub fn into_version_2(mut self) -> Self {
        self.version = 2;
        self.id = None;
        self.tdx_module = None;
        self.tdx_module_identities = None;
        for level in &mut self.tcb_levels {
            level.tcb.form = TcbForm::Version2;
            level.tcb.tdx_components = None;
        }
        self
    }
}

/// The module of a TDX platform as `tdxModule` describes it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TdxModule {
    /// MRSIGNERSEAM: 48 bytes, all zero for Intel's modules.
    #[serde(serialize_with = "upper_hex")]
    pub mrsigner: Vec<u8>,
    /// SEAMATTRIBUTES: 8 bytes.
    #[serde(serialize_with = "upper_hex")]
    pub attributes: Vec<u8>,
    /// Which bits of SEAMATTRIBUTES count: 8 bytes.
    #[serde(serialize_with = "upper_hex")]
    pub attributes_mask: Vec<u8>,
}

impl Default for TdxModule {
    fn default() -> Self {
        Self {
            mrsigner: vec![0; 48],
            attributes: vec![0; 8],
            attributes_mask: vec![0xFF; 8],
        }
    }
}

/// One entry of `tdxModuleIdentities`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TdxModuleIdentity {
    /// `TDX_` and the major version as two hexadecimal digits.
    pub id: String,
    /// MRSIGNERSEAM, SEAMATTRIBUTES and their mask.
    #[serde(flatten)]
    pub module: TdxModule,
    /// Levels by minor version, highest first.
    pub tcb_levels: Vec<SvnLevel>,
}

/// One level of TCB info.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TcbLevel {
    /// The least SVNs of this level.
    pub tcb: Tcb,
    /// RFC 3339 date of the TCB.
    pub tcb_date: String,
    /// `UpToDate`, `SWHardeningNeeded`, `ConfigurationNeeded`, `ConfigurationAndSWHardeningNeeded`,
    /// `OutOfDate`, `OutOfDateConfigurationNeeded` or `Revoked`.
    pub tcb_status: String,
    /// Security advisories that apply at this level.
    #[serde(rename = "advisoryIDs", skip_serializing_if = "Vec::is_empty")]
    pub advisory_ids: Vec<String>,
}

/// The least SVNs of a level.
#[derive(Clone, Debug, PartialEq)]
pub struct Tcb {
    /// 16 SGX component SVNs.
    pub sgx_components: Vec<u64>,
    /// PCE SVN.
    pub pce_svn: u64,
    /// 16 TDX component SVNs.
    pub tdx_components: Option<Vec<u64>>,
    form: TcbForm,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum TcbForm {
    Version2,
    Version3,
}

impl Tcb {
    /// The SVNs in the form of version 3.
    pub fn new(sgx_components: Vec<u64>, pce_svn: u64, tdx_components: Option<Vec<u64>>) -> Self {
        Self {
            sgx_components,
            pce_svn,
            tdx_components,
            form: TcbForm::Version3,
        }
    }
}

impl Serialize for Tcb {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match self.form {
            TcbForm::Version2 => {
                for (number, svn) in (1..).zip(&self.sgx_components) {
                    map.serialize_entry(&format!("sgxtcbcomp{number:02}svn"), svn)?;
                }
            }
            TcbForm::Version3 => {
                map.serialize_entry(
                    "sgxtcbcomponents",
                    &components(&self.sgx_components, SGX_COMPONENTS),
                )?;
            }
        }
        map.serialize_entry("pcesvn", &self.pce_svn)?;
        if let Some(tdx) = &self.tdx_components {
            map.serialize_entry("tdxtcbcomponents", &components(tdx, TDX_COMPONENTS))?;
        }
        map.end()
    }
}

#[derive(Serialize)]
struct Component {
    svn: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<&'static str>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
}

fn components(svns: &[u64], names: &[Names]) -> Vec<Component> {
    let unnamed = std::iter::repeat(&(None, None));
    svns.iter()
        .zip(names.iter().chain(unnamed))
        .map(|(&svn, &(category, kind))| Component { svn, category, kind })
        .collect()
}

/// What a component is, as Intel's documents say it: `category` and `type`.
type Names = (Option<&'static str>, Option<&'static str>);

/// The names of SGX TCB components in Intel's TCB info of recent server platforms (Intel PCS API v4, "Get TCB Info").
const SGX_COMPONENTS: &[Names] = &[
    (Some("BIOS"), Some("Early Microcode Update")),
    (Some("OS/VMM"), Some("SGX Late Microcode Update")),
    (Some("OS/VMM"), Some("TXT SINIT")),
    (Some("BIOS"), None),
    (Some("BIOS"), None),
    (Some("BIOS"), None),
    (None, None),
    (Some("OS/VMM"), Some("SEAMLDR ACM")),
];

/// The same for TDX TCB components.
const TDX_COMPONENTS: &[Names] = &[
    (Some("OS/VMM"), Some("TDX Module")),
    (Some("OS/VMM"), Some("TDX Module")),
    (Some("OS/VMM"), Some("TDX Late Microcode Update")),
];

/// One level of an enclave identity or of a TDX module identity.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SvnLevel {
    tcb: IsvSvn,
    /// RFC 3339 date of the level.
    pub tcb_date: String,
    /// `UpToDate`, `OutOfDate` or `Revoked`.
    pub tcb_status: String,
    /// Security advisories that apply at this level.
    #[serde(rename = "advisoryIDs", skip_serializing_if = "Vec::is_empty")]
    pub advisory_ids: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct IsvSvn {
    isvsvn: u64,
}

impl SvnLevel {
    /// A level for SVNs from `isvsvn` on.
    pub fn new(isvsvn: u64, tcb_date: &str, tcb_status: &str, advisory_ids: &[&str]) -> Self {
        Self {
            tcb: IsvSvn { isvsvn },
            tcb_date: tcb_date.to_owned(),
            tcb_status: tcb_status.to_owned(),
            advisory_ids: advisory_ids.iter().map(|&id| id.to_owned()).collect(),
        }
    }

    /// The least SVN of this level.
    pub fn isvsvn(&self) -> u64 {
        self.tcb.isvsvn
    }

    /// Sets the least SVN of this level.
    pub fn set_isvsvn(&mut self, isvsvn: u64) {
        self.tcb.isvsvn = isvsvn;
    }
}

/// Identity of one of Intel's own enclaves: quoting enclaves of SGX and TDX, the quote verification enclave.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EnclaveIdentitySpec {
    /// `QE`, `TD_QE`, `QVE` or `QAE`.
    pub id: String,
    /// 2.
    pub version: u64,
    /// RFC 3339, `YYYY-MM-DDThh:mm:ssZ`.
    pub issue_date: String,
    /// RFC 3339, `YYYY-MM-DDThh:mm:ssZ`.
    pub next_update: String,
    /// Grows by one with every TCB recovery event.
    pub tcb_evaluation_data_number: u64,
    /// 4 bytes in memory order.
    #[serde(serialize_with = "upper_hex")]
    pub miscselect: Vec<u8>,
    /// 4 bytes in memory order.
    #[serde(serialize_with = "upper_hex")]
    pub miscselect_mask: Vec<u8>,
    /// 16 bytes in memory order.
    #[serde(serialize_with = "upper_hex")]
    pub attributes: Vec<u8>,
    /// 16 bytes in memory order.
    #[serde(serialize_with = "upper_hex")]
    pub attributes_mask: Vec<u8>,
    /// 32 bytes.
    #[serde(serialize_with = "upper_hex")]
    pub mrsigner: Vec<u8>,
    /// Product id of the enclave.
    pub isvprodid: u64,
    /// Levels, highest first.
    pub tcb_levels: Vec<SvnLevel>,
}

impl EnclaveIdentitySpec {
    /// The unsigned document.
    pub fn to_json(&self) -> String {
        to_json(self)
    }

    /// The response of the service: the document and its signature.
    pub fn mint(&self, key: &KeyPair) -> String {
        sign_document("enclaveIdentity", &self.to_json(), key)
    }
}

/// The list of TCB evaluation data numbers that the service still offers.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EvaluationNumbersSpec {
    /// `SGX` or `TDX`.
    pub id: String,
    /// 1.
    pub version: u64,
    /// RFC 3339, `YYYY-MM-DDThh:mm:ssZ`.
    pub issue_date: String,
    /// RFC 3339, `YYYY-MM-DDThh:mm:ssZ`.
    pub next_update: String,
    /// Newest first.
    pub tcb_eval_numbers: Vec<EvaluationNumber>,
}

/// One entry of the list of evaluation numbers.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EvaluationNumber {
    /// The number.
    pub tcb_evaluation_data_number: u64,
    /// RFC 3339 date of the recovery event.
    pub tcb_recovery_event_date: String,
    /// RFC 3339 date of the TCB that is up to date under this number.
    pub tcb_date: String,
}

impl EvaluationNumbersSpec {
    /// The response of the service: the document and its signature.
    pub fn mint(&self, key: &KeyPair) -> String {
        sign_document("tcbEvaluationDataNumbers", &to_json(self), key)
    }
}

impl Tee {
    /// The `id` of TCB info and of the list of evaluation numbers.
    pub fn id(self) -> &'static str {
        match self {
            Self::Sgx => "SGX",
            Self::Tdx => "TDX",
        }
    }

    /// The `id` of the quoting enclave's identity.
    pub fn qe_id(self) -> &'static str {
        match self {
            Self::Sgx => "QE",
            Self::Tdx => "TD_QE",
        }
    }
}

/// The one date form of these documents.
pub(super) fn date(unix_seconds: i64) -> String {
    UtcDateTime::from_unix(unix_seconds).to_string()
}

#[expect(
    clippy::expect_used,
    reason = "structures of strings, numbers and lists always serialize"
)]
fn to_json(document: &impl Serialize) -> String {
    serde_json::to_string(document).expect("JSON of plain structures")
}

#[expect(clippy::ptr_arg, reason = "serde passes the field's own type")]
fn upper_hex<S: Serializer>(bytes: &Vec<u8>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&hex::encode(bytes).to_ascii_uppercase())
}
