//! Enclave identity documents, version 2 (Intel PCS API v4, "Get SGX QE Identity", "Get TDX QE Identity"): which
//! quoting enclave is Intel's, and how old it is. Owns their shape and the comparison of a report with an identity.

use super::json::{JsonError, Object, SignedDocument};
use super::quote::Tee;
use super::tcb_info::{IsvSvnLevel, isv_svn_levels};
use crate::sgx::SgxReportBody;
use crate::time::UnixTime;

/// An enclave identity, read and put in order.
#[derive(Clone, Debug)]
pub(super) struct EnclaveIdentity {
    pub(super) tee: Tee,
    pub(super) issue_date: UnixTime,
    pub(super) next_update: UnixTime,
    pub(super) evaluation_number: u32,
    misc_select: [u8; 4],
    misc_select_mask: [u8; 4],
    attributes: [u8; 16],
    attributes_mask: [u8; 16],
    mrsigner: [u8; 32],
    isv_prod_id: u16,
    /// Highest first.
    pub(super) levels: Vec<IsvSvnLevel>,
}

/// How a report differs from an identity.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct IdentityMismatch {
    pub(super) field: &'static str,
    pub(super) expected: String,
    pub(super) found: String,
}

impl EnclaveIdentity {
    /// Reads the signed object of a quoting enclave's identity. The caller has verified its signature.
    pub(super) fn parse(document: &SignedDocument<'_>) -> Result<Self, JsonError> {
        let value = document.parse()?;
        let identity = Object::new("enclaveIdentity", &value)?;
        let tee = match identity.text("id")? {
            "QE" => Tee::Sgx,
            "TD_QE" => Tee::Tdx,
            _ => return Err(identity.wrong("id", "QE or TD_QE")),
        };
        if identity.number::<u64>("version", "2")? != VERSION {
            return Err(identity.wrong("version", "2"));
        }
        let misc_select_mask = identity.bytes("miscselectMask", "4 bytes in hexadecimal")?;
        let attributes_mask = identity.bytes("attributesMask", "16 bytes in hexadecimal")?;
        Ok(Self {
            tee,
            issue_date: identity.date("issueDate")?,
            next_update: identity.date("nextUpdate")?,
            evaluation_number: identity.number("tcbEvaluationDataNumber", "a number up to 4294967295")?,
            misc_select: within_mask(
                &identity,
                "miscselect",
                "4 bytes in hexadecimal",
                misc_select_mask,
            )?,
            misc_select_mask,
            attributes: within_mask(
                &identity,
                "attributes",
                "16 bytes in hexadecimal",
                attributes_mask,
            )?,
            attributes_mask,
            mrsigner: identity.bytes("mrsigner", "32 bytes in hexadecimal")?,
            isv_prod_id: identity.number("isvprodid", "a number up to 65535")?,
            levels: isv_svn_levels(&identity)?,
        })
    }

    /// Refuses a report that is not of this enclave. The document's byte strings stand in memory order, as a report
    /// has them.
    pub(super) fn check(&self, report: &SgxReportBody) -> Result<(), IdentityMismatch> {
        let misc_select = masked(report.misc_select, self.misc_select_mask);
        let attributes = masked(report.attributes.0, self.attributes_mask);
        let isv_prod_id = report.isv_prod_id;
        check("misc_select", &self.misc_select, &misc_select)?;
        check("attributes", &self.attributes, &attributes)?;
        check("mrsigner", &self.mrsigner, &report.mrsigner)?;
        if isv_prod_id != self.isv_prod_id {
            let (expected, found) = (self.isv_prod_id.to_string(), isv_prod_id.to_string());
            return Err(IdentityMismatch {
                field: "isv_prod_id",
                expected,
                found,
            });
        }
        Ok(())
    }
}

/// A value none of whose bits lie outside the mask: such a bit could never be matched.
fn within_mask<const N: usize>(
    identity: &Object<'_>,
    name: &str,
    expected: &'static str,
    mask: [u8; N],
) -> Result<[u8; N], JsonError> {
    let value = identity.bytes(name, expected)?;
    if masked(value, mask) == value {
        Ok(value)
    } else {
        Err(identity.wrong(name, "no bit outside the mask"))
    }
}

fn masked<const N: usize>(value: [u8; N], mask: [u8; N]) -> [u8; N] {
    let mut result = value;
    for (byte, mask) in result.iter_mut().zip(mask) {
        *byte &= mask;
    }
    result
}

fn check(field: &'static str, expected: &[u8], found: &[u8]) -> Result<(), IdentityMismatch> {
    if expected == found {
        return Ok(());
    }
    Err(IdentityMismatch {
        field,
        expected: crate::hex::encode(expected),
        found: crate::hex::encode(found),
    })
}

/// The only version of the document that Intel has published for quoting enclaves.
const VERSION: u64 = 2;

#[cfg(test)]
mod tests;
