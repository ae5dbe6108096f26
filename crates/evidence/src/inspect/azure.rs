//! The tree of Azure's HCL report, the hardware's report inside included.

use super::Node;
use super::fields::Show::{Explained, Hex, Number};
use super::fields::{Field, field, group, leaf, parent, rest, text_or_hex};
use super::snp;
use crate::azure::{HardwareReport, HclError, HclReport};
use crate::reader::{EndOfInput, Reader};
use crate::snp::{Product, Report};

/// The tree of an HCL report. It must be well-formed; nothing in it is verified.
pub fn hcl_report(bytes: &[u8]) -> Result<Node, HclError> {
    let report = HclReport::parse(bytes)?;
    // It was read before, so that it ends nowhere too early.
    Ok(tree(bytes, &report).unwrap_or_else(|EndOfInput { .. }| parent("hcl_report", 0, Vec::new())))
}

fn tree(bytes: &[u8], report: &HclReport<'_>) -> Result<Node, EndOfInput> {
    let reader = &mut Reader::new(bytes);
    let header = group(reader, "header", &HEADER)?;
    let hardware = &mut reader.sub(HARDWARE_BYTES)?;
    let hardware = match report.hardware() {
        HardwareReport::Snp { report, .. } => {
            let cpuid = Report::read(report).map(|report| report.body().cpuid);
            let product = cpuid
                .ok()
                .and_then(|[family, model, _]| Product::from_cpuid(family, model));
            snp::report_at(hardware, product)?
        }
        HardwareReport::Tdx { .. } => {
            let offset = hardware.offset();
            parent(
                "tdx_report",
                offset,
                vec![
                    field(hardware, ("report_mac_structure_head", 128, Hex))?,
                    field(hardware, ("report_data", 64, Hex))?,
                    field(hardware, ("report_rest", 832, Hex))?,
                    rest(hardware, "padding"),
                ],
            )
        }
    };
    let data = group(reader, "data", &DATA)?;
    let claims = report.runtime_claims();
    let offset = reader.offset();
    reader.take(claims.len())?;
    let runtime = leaf("runtime_claims", offset, claims.len(), text_or_hex(claims));
    let mut children = vec![header, hardware, data, runtime];
    if reader.remaining() > 0 {
        children.push(leaf(
            "padding",
            reader.offset(),
            reader.remaining(),
            "zeros".to_owned(),
        ));
    }
    Ok(parent("hcl_report", 0, children))
}

const HEADER: [Field; 6] = [
    ("signature", 4, Hex),
    ("version", 4, Number),
    ("report_size", 4, Number),
    ("request_type", 4, Explained(request_type)),
    ("status", 4, Number),
    ("reserved", 12, Hex),
];

const DATA: [Field; 5] = [
    ("data_size", 4, Number),
    ("data_version", 4, Number),
    ("report_type", 4, Explained(report_type)),
    ("hash_type", 4, Explained(hash_type)),
    ("claims_size", 4, Number),
];

fn request_type(bytes: &[u8]) -> String {
    name(
        bytes,
        &["", "transfer key release", "attestation key certificate"],
    )
}

fn report_type(bytes: &[u8]) -> String {
    name(
        bytes,
        &["invalid", "VBS", "SEV-SNP", "trusted launch", "TDX", "CCA"],
    )
}

fn hash_type(bytes: &[u8]) -> String {
    name(bytes, &["", "SHA-256", "SHA-384", "SHA-512"])
}

fn name(bytes: &[u8], names: &[&str]) -> String {
    let number = bytes.first_chunk::<4>().map(|bytes| u32::from_le_bytes(*bytes));
    number
        .and_then(|number| names.get(usize::try_from(number).ok()?))
        .map(|name| (*name).to_owned())
        .unwrap_or_default()
}

/// The place of the hardware's report: an SNP report, or a TDREPORT and padding.
const HARDWARE_BYTES: usize = 1184;
