//! The documents of one set of collateral as they are handed over, in Intel's order and naming. Nothing is verified.

use super::super::json::{self, Object};
use super::{CollateralError, Document, QE_IDENTITY_MEMBER, TCB_INFO_MEMBER};

/// The documents as their services hand them out, nothing verified.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CollateralDocuments {
    /// The whole TCB info response, `{"tcbInfo":{...},"signature":"..."}`.
    pub tcb_info: Vec<u8>,
    /// PEM, TCB signing certificate and root.
    pub tcb_info_issuer_chain: Vec<u8>,
    /// The whole QE identity response, `{"enclaveIdentity":{...},"signature":"..."}`.
    pub qe_identity: Vec<u8>,
    /// PEM, TCB signing certificate and root.
    pub qe_identity_issuer_chain: Vec<u8>,
    /// CRL of the root CA: PEM, DER or hexadecimal DER.
    pub root_ca_crl: Vec<u8>,
    /// CRL of the PCK CA: PEM, DER or hexadecimal DER.
    pub pck_crl: Vec<u8>,
    /// PEM, PCK CA and root.
    pub pck_crl_issuer_chain: Vec<u8>,
}

impl CollateralDocuments {
    /// Reads one JSON object whose members are the nine texts of Intel's `sgx_ql_qve_collateral_t` in the form that
    /// verification tools exchange: the signed objects and their signatures apart. Other members are ignored.
    pub fn from_json(bytes: &[u8]) -> Result<Self, CollateralError> {
        let wrong = CollateralError::json(Document::Collateral);
        json::check_unambiguous(bytes).map_err(&wrong)?;
        let value = serde_json::from_slice(bytes).map_err(|error| CollateralError::Json {
            document: Document::Collateral,
            reason: error.to_string(),
        })?;
        let members = Object::new("collateral", &value).map_err(&wrong)?;
        let text = |name: &str| {
            members
                .text(name)
                .map(|text| text.as_bytes().to_vec())
                .map_err(&wrong)
        };
        let envelope = |member: &str, name: &str| {
            let signature = format!("{name}_signature");
            let digits: [u8; 64] = members.bytes(&signature, "64 bytes in hexadecimal")?;
            let (object, digits) = (members.text(name)?, crate::hex::encode(&digits));
            Ok(format!("{{\"{member}\":{object},\"signature\":\"{digits}\"}}").into_bytes())
        };
        Ok(Self {
            tcb_info: envelope(TCB_INFO_MEMBER, "tcb_info").map_err(&wrong)?,
            tcb_info_issuer_chain: text("tcb_info_issuer_chain")?,
            qe_identity: envelope(QE_IDENTITY_MEMBER, "qe_identity").map_err(&wrong)?,
            qe_identity_issuer_chain: text("qe_identity_issuer_chain")?,
            root_ca_crl: text("root_ca_crl")?,
            pck_crl: text("pck_crl")?,
            pck_crl_issuer_chain: text("pck_crl_issuer_chain")?,
        })
    }
}
