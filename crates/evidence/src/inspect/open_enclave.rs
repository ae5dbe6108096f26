//! The trees of Open Enclave reports, evidence and endorsements.

use super::Node;
use super::fields::Show::{Explained, Number};
use super::fields::{Field, field, group, leaf, parent, rest, text_or_hex};
use super::quote::quote_at;
use crate::dcap::CollateralDocuments;
use crate::openenclave::{Endorsements, Evidence, Format, OpenEnclaveError, parse_custom_claims};
use crate::reader::{EndOfInput, Reader};

/// The tree of a report, of evidence, or of evidence without a header. The wrapper must be well-formed, and the
/// custom claims those of the quote; the quote is not verified.
pub fn open_enclave(bytes: &[u8]) -> Result<Node, OpenEnclaveError> {
    let evidence = Evidence::parse_with_or_without_header(bytes)?;
    let mut reader = Reader::new(bytes);
    let mut parts = headers(&mut reader, &evidence).map_err(truncated)?;
    parts.push(quote_at(
        &mut reader.sub(evidence.quote().len()).map_err(truncated)?,
    )?);
    if evidence.format() == Format::SgxEcdsa {
        parts.push(custom_claims(&mut reader).map_err(truncated)?);
    }
    Ok(parent("open_enclave", 0, parts))
}

/// The items of endorsements, in the order of [`CollateralDocuments`]; positions are those in the items, since the
/// container may hold them in any order.
pub fn endorsements(bytes: &[u8]) -> Result<Node, OpenEnclaveError> {
    let Endorsements {
        documents,
        tee,
        created,
    } = Endorsements::parse(bytes)?;
    let CollateralDocuments {
        tcb_info,
        tcb_info_issuer_chain,
        qe_identity,
        qe_identity_issuer_chain,
        root_ca_crl,
        pck_crl,
        pck_crl_issuer_chain,
    } = documents;
    let mut items = vec![leaf("tee", 0, 0, tee.name().into())];
    items.extend(created.map(|created| leaf("created", 0, 0, created.to_string())));
    for (name, document) in [
        ("tcb_info", tcb_info),
        ("tcb_info_issuer_chain", tcb_info_issuer_chain),
        ("qe_identity", qe_identity),
        ("qe_identity_issuer_chain", qe_identity_issuer_chain),
        ("root_ca_crl", root_ca_crl),
        ("pck_crl", pck_crl),
        ("pck_crl_issuer_chain", pck_crl_issuer_chain),
    ] {
        items.push(leaf(name, 0, document.len(), text_or_hex(&document)));
    }
    Ok(Node {
        length: bytes.len(),
        ..parent("endorsements", 0, items)
    })
}

fn headers(reader: &mut Reader<'_>, evidence: &Evidence<'_>) -> Result<Vec<Node>, EndOfInput> {
    let mut headers = Vec::new();
    if reader.clone().u32_le()? == 3 {
        headers.push(group(reader, "attestation_header", &ATTESTATION_HEADER)?);
    }
    if evidence.format() == Format::Report {
        headers.push(group(reader, "report_header", &REPORT_HEADER)?);
    }
    Ok(headers)
}

fn custom_claims(reader: &mut Reader<'_>) -> Result<Node, EndOfInput> {
    let Ok(claims) = parse_custom_claims(reader.clone().rest()) else {
        return Ok(rest(reader, "custom_claims"));
    };
    let offset = reader.offset();
    let mut parts = vec![
        field(reader, ("version", 8, Number))?,
        field(reader, ("count", 8, Number))?,
    ];
    for claim in claims {
        let offset = reader.offset();
        reader.take(16)?;
        reader.take(claim.name.len())?;
        reader.u8()?;
        reader.take(claim.value.len())?;
        let length = reader.offset().saturating_sub(offset);
        parts.push(leaf(claim.name, offset, length, text_or_hex(claim.value)));
    }
    Ok(parent("custom_claims", offset, parts))
}

fn truncated(EndOfInput { offset, needed, left }: EndOfInput) -> OpenEnclaveError {
    OpenEnclaveError::Truncated {
        part: "open enclave data",
        offset,
        needed,
        left,
    }
}

fn format(bytes: &[u8]) -> String {
    bytes
        .try_into()
        .ok()
        .and_then(Format::from_uuid)
        .map_or(String::new(), |format| format.to_string())
}

fn report_type(bytes: &[u8]) -> String {
    if bytes == [2, 0, 0, 0] {
        "remote".into()
    } else {
        String::new()
    }
}

const ATTESTATION_HEADER: [Field; 3] = [
    ("version", 4, Number),
    ("format_id", 16, Explained(format)),
    ("data_size", 8, Number),
];

const REPORT_HEADER: [Field; 3] = [
    ("version", 4, Number),
    ("report_type", 4, Explained(report_type)),
    ("report_size", 8, Number),
];
