//! The fields of an SEV-SNP attestation report.

use super::Node;
use super::fields::Show::{Explained, Hex, Number};
use super::fields::{Field, field, group, parent};
use crate::reader::{EndOfInput, Reader};
use crate::snp::{GuestPolicy, PlatformInfo, Product, Report, SnpError};

/// The tree of a report of any version. It must have the size of one; nothing in it is verified.
pub fn snp_report(bytes: &[u8]) -> Result<Node, SnpError> {
    let report = Report::read(bytes)?;
    report_at(&mut Reader::new(bytes), &report)
        .map_err(|EndOfInput { .. }| SnpError::Size { found: bytes.len() })
}

/// The report that begins where `reader` stands, as it was read.
pub(super) fn report_at(reader: &mut Reader<'_>, report: &Report<'_>) -> Result<Node, EndOfInput> {
    let offset = reader.offset();
    let body = report.body();
    let [family, model, _] = body.cpuid;
    // Before version 3 the report does not say what its processor is, and the TCB versions cannot be taken apart.
    let product = Product::from_cpuid(family, model).filter(|_| body.version >= 3);
    let mut parts = Vec::new();
    for entry in FIELDS {
        parts.push(match entry {
            Entry::Field(plain) => field(reader, plain)?,
            Entry::Tcb(name) => tcb(reader, name, product)?,
        });
    }
    Ok(parent("snp_report", offset, parts))
}

/// A TCB version in the layout of the product line; eight bytes that mean nothing where the line is not known.
fn tcb(reader: &mut Reader<'_>, name: &'static str, product: Option<Product>) -> Result<Node, EndOfInput> {
    match product {
        Some(product) if product.has_fmc() => group(reader, name, &TCB_WITH_FMC),
        Some(_) => group(reader, name, &TCB),
        None => field(reader, (name, 8, Hex)),
    }
}

enum Entry {
    Field(Field),
    Tcb(&'static str),
}

/// The names of those that are set.
fn set(names: &[(bool, &str)]) -> String {
    let set: Vec<&str> = names
        .iter()
        .filter(|(is_set, _)| *is_set)
        .map(|(_, name)| *name)
        .collect();
    set.join(", ")
}

fn policy(bytes: &[u8]) -> String {
    let Ok(bytes) = bytes.try_into() else {
        return String::new();
    };
    let policy = GuestPolicy(u64::from_le_bytes(bytes));
    let (major, minor) = policy.abi();
    let bits = set(&[
        (policy.smt_allowed(), "smt_allowed"),
        (!policy.must_be_one(), "bit 17 missing"),
        (policy.migration_allowed(), "migration_allowed"),
        (policy.debug_allowed(), "debug_allowed"),
        (policy.single_socket(), "single_socket"),
        (policy.cxl_allowed(), "cxl_allowed"),
        (policy.mem_aes_256_xts_required(), "mem_aes_256_xts_required"),
        (policy.rapl_disabled(), "rapl_disabled"),
        (policy.ciphertext_hiding_required(), "ciphertext_hiding_required"),
        (policy.page_swap_disabled(), "page_swap_disabled"),
        (policy.unknown() != 0, "unknown bits"),
    ]);
    let separator = if bits.is_empty() { "" } else { ", " };
    format!("abi {major}.{minor}{separator}{bits}")
}

fn platform_info(bytes: &[u8]) -> String {
    let Ok(bytes) = bytes.try_into() else {
        return String::new();
    };
    let info = PlatformInfo(u64::from_le_bytes(bytes));
    set(&[
        (info.smt_enabled(), "smt_enabled"),
        (info.tsme_enabled(), "tsme_enabled"),
        (info.ecc_enabled(), "ecc_enabled"),
        (info.rapl_disabled(), "rapl_disabled"),
        (info.ciphertext_hiding_enabled(), "ciphertext_hiding_enabled"),
        (info.alias_check_complete(), "alias_check_complete"),
        (info.tio_enabled(), "tio_enabled"),
    ])
}

fn key_info(bytes: &[u8]) -> String {
    let [first, ..] = bytes else {
        return String::new();
    };
    let key = match (first >> 2) & 7 {
        0 => "VCEK",
        1 => "VLEK",
        7 => "not signed",
        _ => "unknown key",
    };
    let bits = set(&[
        (first & 1 != 0, "author_key_en"),
        (first & 2 != 0, "mask_chip_key"),
    ]);
    let separator = if bits.is_empty() { "" } else { ", " };
    format!("{key}{separator}{bits}")
}

fn vmpl(bytes: &[u8]) -> String {
    if bytes == [0xff; 4] { "the host" } else { "" }.into()
}

fn signature_algo(bytes: &[u8]) -> String {
    if bytes == [1, 0, 0, 0] {
        "ECDSA P-384 with SHA-384"
    } else {
        ""
    }
    .into()
}

fn cpuid(bytes: &[u8]) -> String {
    let [family, model, stepping] = bytes else {
        return String::new();
    };
    let name = Product::from_cpuid(*family, *model).map(|product| format!(", {product}"));
    if bytes == [0; 3] {
        String::new()
    } else {
        format!(
            "family {family:#x}, model {model:#x}, stepping {stepping:#x}{}",
            name.unwrap_or_default()
        )
    }
}

/// Build, minor, major in memory.
fn firmware(bytes: &[u8]) -> String {
    match bytes {
        [build, minor, major] => format!("{major}.{minor}.{build}"),
        _ => String::new(),
    }
}

/// AMD publication 56860, table "ATTESTATION_REPORT Structure".
const FIELDS: [Entry; 36] = [
    Entry::Field(("version", 4, Number)),
    Entry::Field(("guest_svn", 4, Number)),
    Entry::Field(("policy", 8, Explained(policy))),
    Entry::Field(("family_id", 16, Hex)),
    Entry::Field(("image_id", 16, Hex)),
    Entry::Field(("vmpl", 4, Explained(vmpl))),
    Entry::Field(("signature_algo", 4, Explained(signature_algo))),
    Entry::Tcb("current_tcb"),
    Entry::Field(("platform_info", 8, Explained(platform_info))),
    Entry::Field(("key_info", 4, Explained(key_info))),
    Entry::Field(("reserved_04c", 4, Hex)),
    Entry::Field(("report_data", 64, Hex)),
    Entry::Field(("measurement", 48, Hex)),
    Entry::Field(("host_data", 32, Hex)),
    Entry::Field(("id_key_digest", 48, Hex)),
    Entry::Field(("author_key_digest", 48, Hex)),
    Entry::Field(("report_id", 32, Hex)),
    Entry::Field(("report_id_ma", 32, Hex)),
    Entry::Tcb("reported_tcb"),
    Entry::Field(("cpuid", 3, Explained(cpuid))),
    Entry::Field(("reserved_18b", 21, Hex)),
    Entry::Field(("chip_id", 64, Hex)),
    Entry::Tcb("committed_tcb"),
    Entry::Field(("current_firmware", 3, Explained(firmware))),
    Entry::Field(("reserved_1eb", 1, Hex)),
    Entry::Field(("committed_firmware", 3, Explained(firmware))),
    Entry::Field(("reserved_1ef", 1, Hex)),
    Entry::Tcb("launch_tcb"),
    Entry::Field(("launch_mit_vector", 8, Hex)),
    Entry::Field(("current_mit_vector", 8, Hex)),
    Entry::Field(("reserved_208", 152, Hex)),
    Entry::Field(("signature_r", 48, Hex)),
    Entry::Field(("reserved_2d0", 24, Hex)),
    Entry::Field(("signature_s", 48, Hex)),
    Entry::Field(("reserved_318", 24, Hex)),
    Entry::Field(("reserved_330", 368, Hex)),
];

/// AMD publication 56860, "TCB_VERSION".
const TCB: [Field; 5] = [
    ("bootloader", 1, Number),
    ("tee", 1, Number),
    ("reserved", 4, Hex),
    ("snp", 1, Number),
    ("microcode", 1, Number),
];

/// AMD publication 57230, "Turin".
const TCB_WITH_FMC: [Field; 6] = [
    ("fmc", 1, Number),
    ("bootloader", 1, Number),
    ("tee", 1, Number),
    ("snp", 1, Number),
    ("reserved", 3, Hex),
    ("microcode", 1, Number),
];
