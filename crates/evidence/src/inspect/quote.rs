//! The tree of a quote.

use super::Node;
use super::fields::Show::{Explained, Hex, HexNumber, Number};
use super::fields::{Field, field, group, leaf, parent, rest};
use super::{sgx, tdx};
use crate::dcap::quote::{Quote, QuoteBody, QuoteError};
use crate::reader::{EndOfInput, Reader};

/// The tree of a quote with whatever follows it. The quote must be well-formed; nothing in it is verified.
pub fn quote(bytes: &[u8]) -> Result<Node, QuoteError> {
    quote_at(&mut Reader::new(bytes))
}

/// The tree of the quote that begins where `reader` stands; consumes all of `reader`.
pub(super) fn quote_at(reader: &mut Reader<'_>) -> Result<Node, QuoteError> {
    let (quote, _) = Quote::parse_prefix(reader.clone().rest())?;
    let offset = reader.offset();
    let children =
        parts(reader, &quote).map_err(|EndOfInput { offset, needed, left }| QuoteError::Truncated {
            part: "quote",
            offset,
            needed,
            left,
        })?;
    Ok(parent("quote", offset, children))
}

fn parts(reader: &mut Reader<'_>, quote: &Quote<'_>) -> Result<Vec<Node>, EndOfInput> {
    let mut parts = vec![group(reader, "header", &HEADER)?];
    if quote.version() == 5 {
        parts.push(group(reader, "body_descriptor", &BODY_DESCRIPTOR)?);
    }
    parts.push(match quote.body() {
        QuoteBody::Sgx(_) => sgx::report_body(reader, "body")?,
        QuoteBody::Tdx(body) => tdx::report_body(reader, body)?,
    });
    let size = reader.clone().size_u32_le()?;
    parts.push(field(reader, ("signature_data_size", 4, Number))?);
    parts.push(signature_data(&mut reader.sub(size)?, quote)?);
    if reader.remaining() > 0 {
        parts.push(padding(reader));
    }
    Ok(parts)
}

fn signature_data(reader: &mut Reader<'_>, quote: &Quote<'_>) -> Result<Node, EndOfInput> {
    let offset = reader.offset();
    let mut parts = Vec::new();
    for part in [("signature", 64, Hex), ("attestation_key", 64, Hex)] {
        parts.push(field(reader, part)?);
    }
    if quote.version() > 3 {
        for part in OUTER_CERTIFICATION_DATA {
            parts.push(field(reader, part)?);
        }
    }
    parts.push(sgx::report_body(reader, "qe_report")?);
    parts.push(field(reader, ("qe_report_signature", 64, Hex))?);
    parts.push(field(reader, ("qe_auth_data_size", 2, Number))?);
    parts.push(field(reader, ("qe_auth_data", quote.qe_auth_data().len(), Hex))?);
    parts.push(field(
        reader,
        ("certification_data_type", 2, Explained(certification_data_type)),
    )?);
    parts.push(field(reader, ("certification_data_size", 4, Number))?);
    parts.push(match quote.certification_data().kind {
        1 => group(
            reader,
            "certification_data",
            &[("ppid", 16, Hex), CPU_SVN, PCE_SVN, PCE_ID],
        )?,
        2 => group(
            reader,
            "certification_data",
            &[("encrypted_ppid", 256, Hex), CPU_SVN, PCE_SVN, PCE_ID],
        )?,
        3 => group(
            reader,
            "certification_data",
            &[("encrypted_ppid", 384, Hex), CPU_SVN, PCE_SVN, PCE_ID],
        )?,
        _ => rest(reader, "certification_data"),
    });
    Ok(parent("signature_data", offset, parts))
}

fn padding(reader: &mut Reader<'_>) -> Node {
    let bytes = reader.clone().rest();
    if bytes.iter().any(|byte| *byte != 0) {
        return rest(reader, "trailing_data");
    }
    leaf(
        "padding",
        reader.offset(),
        bytes.len(),
        format!("{} zero bytes", bytes.len()),
    )
}

fn tee_type(bytes: &[u8]) -> String {
    match bytes {
        [0, 0, 0, 0] => "SGX".into(),
        [0x81, 0, 0, 0] => "TDX".into(),
        _ => String::new(),
    }
}

fn key_type(bytes: &[u8]) -> String {
    if bytes == [2, 0] {
        "ECDSA P-256 with SHA-256".into()
    } else {
        String::new()
    }
}

fn certification_data_type(bytes: &[u8]) -> String {
    match bytes {
        [1, 0] => "PPID in plain text",
        [2, 0] => "PPID encrypted to an RSA-2048 key",
        [3, 0] => "PPID encrypted to an RSA-3072 key",
        [4, 0] => "PCK certificate",
        [5, 0] => "PCK certificate chain",
        _ => "",
    }
    .into()
}

fn body_type(bytes: &[u8]) -> String {
    match bytes {
        [1, 0] => "SGX report",
        [2, 0] => "TD report 1.0",
        [3, 0] => "TD report 1.5",
        [4, 0] => "TD report 1.5, extended",
        _ => "",
    }
    .into()
}

const HEADER: [Field; 7] = [
    ("version", 2, Number),
    ("attestation_key_type", 2, Explained(key_type)),
    ("tee_type", 4, Explained(tee_type)),
    ("qe_svn", 2, Number),
    ("pce_svn", 2, Number),
    ("qe_vendor_id", 16, Hex),
    ("user_data", 20, Hex),
];

const BODY_DESCRIPTOR: [Field; 2] = [("type", 2, Explained(body_type)), ("size", 4, Number)];

const OUTER_CERTIFICATION_DATA: [Field; 2] = [
    ("outer_certification_data_type", 2, HexNumber),
    ("outer_certification_data_size", 4, Number),
];

const CPU_SVN: Field = ("cpu_svn", 16, Hex);
const PCE_SVN: Field = ("pce_svn", 2, Number);
const PCE_ID: Field = ("pce_id", 2, Hex);
