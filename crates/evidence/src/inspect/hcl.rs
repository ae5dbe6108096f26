//! The tree of an HCL report of an Azure confidential VM.

use super::Node;
use super::fields::Show::{Explained, Hex, Number};
use super::fields::{Field, field, group, leaf, parent, text_or_hex};
use super::json::json;
use super::snp::report_at;
use crate::azure::{HardwareReport, HclError, HclReport};
use crate::reader::{EndOfInput, Reader};
use crate::snp::Report;

/// The tree of a report as the virtual TPM keeps it, with its padding. The report must be well-formed; nothing in it is
/// verified.
pub fn hcl_report(bytes: &[u8]) -> Result<Node, HclError> {
    let report = HclReport::parse(bytes)?;
    let mut reader = Reader::new(bytes);
    let parts =
        parts(&mut reader, &report).map_err(|EndOfInput { offset, needed, left }| HclError::Truncated {
            part: "HCL report",
            offset,
            needed,
            left,
        })?;
    Ok(parent("hcl_report", 0, parts))
}

fn parts(reader: &mut Reader<'_>, report: &HclReport<'_>) -> Result<Vec<Node>, EndOfInput> {
    let mut parts = vec![group(reader, "header", &HEADER)?];
    match report.hardware() {
        HardwareReport::Snp { report, .. } => match Report::read(report.as_slice()) {
            Ok(report) => parts.push(report_at(reader, &report)?),
            Err(_) => parts.push(field(reader, ("snp_report", report.len(), Hex))?),
        },
        HardwareReport::Tdx { .. } => parts.push(group(reader, "td_report", &TD_REPORT)?),
    }
    parts.push(group(reader, "data_header", &DATA_HEADER)?);
    let offset = reader.offset();
    let claims = reader.take(report.runtime_claims().len())?;
    let tree = json("runtime_claims", claims).map_or_else(Vec::new, |tree| tree.children);
    let value = if tree.is_empty() {
        text_or_hex(claims)
    } else {
        String::new()
    };
    parts.push(Node {
        children: tree,
        ..leaf("runtime_claims", offset, claims.len(), value)
    });
    let (offset, padding) = (reader.offset(), reader.rest());
    if !padding.is_empty() {
        parts.push(leaf(
            "padding",
            offset,
            padding.len(),
            format!("{} zero bytes", padding.len()),
        ));
    }
    Ok(parts)
}

fn request_type(bytes: &[u8]) -> String {
    match bytes {
        [1, 0, 0, 0] => "key release",
        [2, 0, 0, 0] => "certificate of the attestation key",
        [3, 0, 0, 0] => "wrapped key",
        _ => "",
    }
    .into()
}

fn report_type(bytes: &[u8]) -> String {
    match bytes {
        [2, 0, 0, 0] => "SEV-SNP",
        [4, 0, 0, 0] => "TDX",
        _ => "",
    }
    .into()
}

fn hash_type(bytes: &[u8]) -> String {
    match bytes {
        [1, 0, 0, 0] => "SHA-256",
        [2, 0, 0, 0] => "SHA-384",
        [3, 0, 0, 0] => "SHA-512",
        _ => "",
    }
    .into()
}

fn signature(bytes: &[u8]) -> String {
    text_or_hex(bytes)
}

/// OpenHCL, `ATTESTATION_REPORT`.
const HEADER: [Field; 6] = [
    ("signature", 4, Explained(signature)),
    ("version", 4, Number),
    ("report_size", 4, Number),
    ("request_type", 4, Explained(request_type)),
    ("status", 4, Number),
    ("reserved", 12, Hex),
];

/// OpenHCL, `IGVM_REQUEST_DATA`.
const DATA_HEADER: [Field; 5] = [
    ("data_size", 4, Number),
    ("version", 4, Number),
    ("report_type", 4, Explained(report_type)),
    ("hash_type", 4, Explained(hash_type)),
    ("claims_size", 4, Number),
];

/// Intel TDX Module ABI Specification, "TDREPORT_STRUCT", to the padding of the place that it has here.
const TD_REPORT: [Field; 23] = [
    ("report_type", 4, Hex),
    ("reserved1", 12, Hex),
    ("cpu_svn", 16, Hex),
    ("tee_tcb_info_hash", 48, Hex),
    ("tee_info_hash", 48, Hex),
    ("report_data", 64, Hex),
    ("reserved2", 32, Hex),
    ("mac", 32, Hex),
    ("tee_tcb_info", 239, Hex),
    ("reserved3", 17, Hex),
    ("td_attributes", 8, Hex),
    ("xfam", 8, Hex),
    ("mrtd", 48, Hex),
    ("mrconfigid", 48, Hex),
    ("mrowner", 48, Hex),
    ("mrownerconfig", 48, Hex),
    ("rtmr0", 48, Hex),
    ("rtmr1", 48, Hex),
    ("rtmr2", 48, Hex),
    ("rtmr3", 48, Hex),
    ("servtd_hash", 48, Hex),
    ("reserved4", 64, Hex),
    ("padding", 160, Hex),
];
