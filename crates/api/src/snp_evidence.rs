//! The `report` of a SevSnpVm request (MAA REST interface, "Attest SEV-SNP VM"): a JSON text of its own, which holds the
//! report, the certificates of the key that signed it, and endorsements.

use serde_json::{Map, Value, json};

use crate::{
    b64,
    request::{
        RequestError,
        members::{Members, dotted},
    },
};

/// What a guest sends as evidence. Nothing in it is trusted yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnpEvidence {
    /// `SnpReport`: the attestation report.
    pub report: Vec<u8>,
    /// `VcekCertChain`: the certificate of the key that signed it and those above, PEM. Absent when the verifier is to
    /// find it.
    pub vcek_cert_chain: Option<Vec<u8>>,
    /// `Endorsements.Uvm`: endorsements of the utility VM's launch measurement, COSE_Sign1 each.
    pub uvm_endorsements: Vec<Vec<u8>>,
}

/// Genuine requests carry one; more would only make the verifier work.
pub const MAX_UVM_ENDORSEMENTS: usize = 8;

impl SnpEvidence {
    /// Reads the JSON text.
    pub fn from_json(text: &[u8]) -> Result<Self, RequestError> {
        let members = Members::nested(text, REPORT)?;
        Ok(Self {
            report: members.required_bytes("SnpReport")?,
            vcek_cert_chain: members.bytes("VcekCertChain")?.filter(|chain| !chain.is_empty()),
            uvm_endorsements: match members.bytes("Endorsements")? {
                Some(text) if !text.is_empty() => uvm_endorsements(&text)?,
                _ => Vec::new(),
            },
        })
    }

    /// The JSON text, as clients post it.
    pub fn to_json(&self) -> String {
        let mut members = Map::from_iter([("SnpReport".to_owned(), b64::encode_url(&self.report).into())]);
        if let Some(chain) = &self.vcek_cert_chain {
            members.insert("VcekCertChain".to_owned(), b64::encode_url(chain).into());
        }
        if !self.uvm_endorsements.is_empty() {
            let entries: Vec<_> = self
                .uvm_endorsements
                .iter()
                .map(|entry| b64::encode_url(entry))
                .collect();
            let endorsements = json!({ "Uvm": entries }).to_string();
            members.insert(
                "Endorsements".to_owned(),
                b64::encode_url(endorsements.as_bytes()).into(),
            );
        }
        Value::Object(members).to_string()
    }
}

fn uvm_endorsements(text: &[u8]) -> Result<Vec<Vec<u8>>, RequestError> {
    let members = Members::nested(text, ENDORSEMENTS)?;
    let member = || dotted(ENDORSEMENTS, "Uvm");
    let entries = match members.value("Uvm") {
        None => return Ok(Vec::new()),
        Some(Value::Array(entries)) => entries,
        Some(other) => return Err(members.wrong_type("Uvm", "an array", other)),
    };
    if entries.len() > MAX_UVM_ENDORSEMENTS {
        return Err(RequestError::TooMany {
            member: member(),
            found: entries.len(),
            limit: MAX_UVM_ENDORSEMENTS,
        });
    }
    let entry = |value: &Value| match value {
        Value::String(text) => b64::decode_lenient(text).map_err(|error| RequestError::Base64 {
            member: member(),
            error,
        }),
        other => Err(members.wrong_type("Uvm", "an array of strings", other)),
    };
    entries.iter().map(entry).collect()
}

const REPORT: &str = "report";
const ENDORSEMENTS: &str = "report.Endorsements";

#[cfg(test)]
mod tests;
