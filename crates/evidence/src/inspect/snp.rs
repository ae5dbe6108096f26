//! The tree of an SNP report, of any version.

use super::Node;
use super::fields::Show::{Explained, Hex, HexNumber, Number};
use super::fields::{Field, field, leaf, parent};
use crate::reader::{EndOfInput, Reader};
use crate::snp::{Product, Report, SnpError, TcbVersion};

/// The tree of a report. It must have the size of one; nothing in it is verified.
pub fn snp_report(bytes: &[u8]) -> Result<Node, SnpError> {
    let report = Report::read(bytes)?;
    let [family, model, _] = report.body().cpuid;
    report_at(&mut Reader::new(bytes), Product::from_cpuid(family, model))
        .map_err(|EndOfInput { .. }| SnpError::Size { found: bytes.len() })
}

/// The tree of the report that begins where `reader` stands. TCB versions are taken apart where the line is known.
pub(super) fn report_at(reader: &mut Reader<'_>, product: Option<Product>) -> Result<Node, EndOfInput> {
    let offset = reader.offset();
    let mut children = Vec::with_capacity(FIELDS.len());
    for entry in FIELDS {
        let (name, ..) = entry;
        children.push(if name.ends_with("_tcb") {
            tcb(reader, name, product)?
        } else {
            field(reader, entry)?
        });
    }
    Ok(parent("snp_report", offset, children))
}

fn tcb(reader: &mut Reader<'_>, name: &str, product: Option<Product>) -> Result<Node, EndOfInput> {
    let offset = reader.offset();
    let bytes = *reader.array()?;
    let value = crate::hex::encode(&bytes);
    let value = match product {
        Some(product) => {
            let components: Vec<_> = TcbVersion::of(product, bytes)
                .components()
                .map(|(component, svn)| format!("{component} {svn}"))
                .collect();
            format!("{value} ({})", components.join(", "))
        }
        None => value,
    };
    Ok(leaf(name, offset, bytes.len(), value))
}

/// AMD publication 56860, table "ATTESTATION_REPORT Structure".
const FIELDS: [Field; 38] = [
    ("version", 4, Number),
    ("guest_svn", 4, Number),
    ("policy", 8, Explained(policy)),
    ("family_id", 16, Hex),
    ("image_id", 16, Hex),
    ("vmpl", 4, Number),
    ("signature_algo", 4, Explained(algorithm)),
    ("current_tcb", 8, Hex),
    ("platform_info", 8, Explained(platform)),
    ("key_info", 4, Explained(key_info)),
    ("reserved_04c", 4, Hex),
    ("report_data", 64, Hex),
    ("measurement", 48, Hex),
    ("host_data", 32, Hex),
    ("id_key_digest", 48, Hex),
    ("author_key_digest", 48, Hex),
    ("report_id", 32, Hex),
    ("report_id_ma", 32, Hex),
    ("reported_tcb", 8, Hex),
    ("cpuid", 3, Explained(cpuid)),
    ("reserved_18b", 21, Hex),
    ("chip_id", 64, Hex),
    ("committed_tcb", 8, Hex),
    ("current_build", 1, Number),
    ("current_minor", 1, Number),
    ("current_major", 1, Number),
    ("reserved_1eb", 1, Hex),
    ("committed_build", 1, Number),
    ("committed_minor", 1, Number),
    ("committed_major", 1, Number),
    ("reserved_1ef", 1, Hex),
    ("launch_tcb", 8, Hex),
    ("launch_mit_vector", 8, HexNumber),
    ("current_mit_vector", 8, HexNumber),
    ("reserved_208", 152, Hex),
    ("signature_r", 72, Hex),
    ("signature_s", 72, Hex),
    ("reserved_330", 368, Hex),
];

fn flags(bytes: &[u8], names: &[(u32, &str)]) -> String {
    let bits = bytes
        .first_chunk::<8>()
        .map_or(0, |bytes| u64::from_le_bytes(*bytes));
    let set = names
        .iter()
        .filter(|(bit, _)| bits.checked_shr(*bit).is_some_and(|bits| bits & 1 == 1))
        .map(|(_, name)| *name);
    set.collect::<Vec<_>>().join(", ")
}

fn policy(bytes: &[u8]) -> String {
    flags(
        bytes,
        &[
            (16, "smt allowed"),
            (18, "migration agent allowed"),
            (19, "debug allowed"),
            (20, "single socket"),
            (21, "cxl allowed"),
            (22, "aes-256-xts required"),
            (23, "rapl disabled"),
            (24, "ciphertext hiding required"),
            (25, "page swap disabled"),
        ],
    )
}

fn platform(bytes: &[u8]) -> String {
    flags(
        bytes,
        &[
            (0, "smt"),
            (1, "tsme"),
            (2, "ecc"),
            (3, "rapl disabled"),
            (4, "ciphertext hiding"),
            (5, "alias check complete"),
            (7, "tio"),
        ],
    )
}

fn algorithm(bytes: &[u8]) -> String {
    match bytes {
        [1, 0, 0, 0] => "ECDSA P-384 with SHA-384".to_owned(),
        _ => String::new(),
    }
}

fn key_info(bytes: &[u8]) -> String {
    let Some(first) = bytes.first() else {
        return String::new();
    };
    let key = match (first >> 2) & 7 {
        0 => "VCEK",
        1 => "VLEK",
        7 => "not signed",
        _ => "unknown key",
    };
    let masked = if first & 2 == 0 { "" } else { ", chip key masked" };
    let author = if first & 1 == 0 { "" } else { ", author key" };
    format!("{key}{author}{masked}")
}

fn cpuid(bytes: &[u8]) -> String {
    match bytes {
        [0, 0, 0] => String::new(),
        [family, model, stepping] => {
            let line = Product::from_cpuid(*family, *model).map_or("unknown line", Product::name);
            format!("family {family:#x}, model {model:#x}, stepping {stepping}: {line}")
        }
        _ => String::new(),
    }
}
