//! Any DER as a tree (ITU-T X.690). Owns tags and lengths; knows a few names of object identifiers, for people.

use super::Node;
use super::fields::{leaf, text_or_hex};
use crate::hex;
use crate::reader::Reader;

/// The values in `bytes`, one after the other; `None` when they are not DER to the last byte. Positions count from
/// `offset`.
pub(super) fn values(bytes: &[u8], offset: usize) -> Option<Vec<Node>> {
    read_values(bytes, offset, MAX_DEPTH)
}

fn read_values(bytes: &[u8], offset: usize, depth_left: u8) -> Option<Vec<Node>> {
    let depth_left = depth_left.checked_sub(1)?;
    let mut reader = Reader::new(bytes);
    let mut nodes = Vec::new();
    while reader.remaining() > 0 {
        let start = reader.offset();
        let tag = reader.u8().ok()?;
        let size = length(&mut reader)?;
        let content_offset = offset.checked_add(reader.offset())?;
        let content = reader.take(size).ok()?;
        let node_offset = offset.checked_add(start)?;
        let node_length = reader.offset().checked_sub(start)?;
        let inside = inside(tag, content, content_offset, depth_left);
        let value = if inside.is_empty() {
            render(tag, content)
        } else {
            String::new()
        };
        nodes.push(Node {
            children: inside,
            ..leaf(&name(tag), node_offset, node_length, value)
        });
    }
    Some(nodes)
}

/// The values inside a constructed value, or inside an OCTET STRING that holds nothing but DER, as extensions do.
fn inside(tag: u8, content: &[u8], offset: usize, depth_left: u8) -> Vec<Node> {
    let constructed = tag & CONSTRUCTED != 0;
    let wrapped = tag == OCTET_STRING && content.first().is_some_and(|tag| tag & CONSTRUCTED != 0);
    if constructed || wrapped {
        read_values(content, offset, depth_left).unwrap_or_default()
    } else {
        Vec::new()
    }
}

/// A definite length in its short or long form; at most four octets.
fn length(reader: &mut Reader<'_>) -> Option<usize> {
    let first = reader.u8().ok()?;
    match first {
        0..=0x7F => Some(first.into()),
        0x81..=0x84 => {
            let octets = reader.take(usize::from(first & 0x7F)).ok()?;
            let size = octets
                .iter()
                .fold(0_u64, |size, octet| (size << 8) | u64::from(*octet));
            usize::try_from(size).ok()
        }
        _ => None,
    }
}

fn name(tag: u8) -> String {
    let name = match tag {
        0x01 => "boolean",
        0x02 => "integer",
        0x03 => "bit_string",
        OCTET_STRING => "octet_string",
        0x05 => "null",
        OBJECT_IDENTIFIER => "object_identifier",
        0x0A => "enumerated",
        0x0C => "utf8_string",
        0x13 => "printable_string",
        0x16 => "ia5_string",
        0x17 => "utc_time",
        0x18 => "generalized_time",
        0x30 => "sequence",
        0x31 => "set",
        0x80..=0xBF => return format!("context_{}", tag & 0x1F),
        _ => return format!("tag_{tag:#04x}"),
    };
    name.to_owned()
}

fn render(tag: u8, content: &[u8]) -> String {
    match (tag, content) {
        (0x01, [0]) => "false".into(),
        (0x01, _) => "true".into(),
        (0x02 | 0x0A, [first, ..]) if content.len() <= 8 && *first < 0x80 => content
            .iter()
            .fold(0_u64, |value, octet| (value << 8) | u64::from(*octet))
            .to_string(),
        (OBJECT_IDENTIFIER, _) => object_identifier(content).unwrap_or_else(|| hex::encode(content)),
        (0x0C | 0x13 | 0x16 | 0x17 | 0x18, _) => text_or_hex(content),
        _ => hex::encode(content),
    }
}

fn object_identifier(content: &[u8]) -> Option<String> {
    let mut arcs = Vec::new();
    let mut arc = 0_u64;
    for octet in content {
        arc = arc.checked_mul(128)?.checked_add(u64::from(octet & 0x7F))?;
        if octet & 0x80 == 0 {
            arcs.push(std::mem::take(&mut arc));
        }
    }
    let (first, rest) = arcs.split_first()?;
    let root = (*first).checked_div(40)?.min(2);
    let second = first.checked_sub(root.checked_mul(40)?)?;
    let arcs: Vec<String> = [root, second]
        .iter()
        .chain(rest)
        .map(ToString::to_string)
        .collect();
    let dotted = arcs.join(".");
    let known = NAMES
        .iter()
        .find(|(known, _)| *known == dotted)
        .map(|(_, name)| *name);
    Some(known.map_or(dotted.clone(), |name| format!("{dotted} ({name})")))
}

/// More than any certificate nests, about 12 levels with an SGX extension, and little enough for any stack.
const MAX_DEPTH: u8 = 32;

const CONSTRUCTED: u8 = 0x20;
const OCTET_STRING: u8 = 0x04;
const OBJECT_IDENTIFIER: u8 = 0x06;

/// Names of RFC 5280, of Intel's PCK certificate profile and of AMD's VCEK certificate profile.
const NAMES: [(&str, &str); 50] = [
    ("1.2.840.10045.2.1", "ecPublicKey"),
    ("1.2.840.10045.3.1.7", "P-256"),
    ("1.2.840.10045.4.3.2", "ecdsa-with-SHA256"),
    ("2.5.4.3", "commonName"),
    ("2.5.4.6", "countryName"),
    ("2.5.4.7", "localityName"),
    ("2.5.4.8", "stateOrProvinceName"),
    ("2.5.4.10", "organizationName"),
    ("2.5.29.14", "subjectKeyIdentifier"),
    ("2.5.29.15", "keyUsage"),
    ("2.5.29.19", "basicConstraints"),
    ("2.5.29.20", "cRLNumber"),
    ("2.5.29.21", "reasonCode"),
    ("2.5.29.31", "cRLDistributionPoints"),
    ("2.5.29.35", "authorityKeyIdentifier"),
    ("1.2.840.113741.1.13.1", "SGX extensions"),
    ("1.2.840.113741.1.13.1.1", "PPID"),
    ("1.2.840.113741.1.13.1.2", "TCB"),
    ("1.2.840.113741.1.13.1.2.17", "PCESVN"),
    ("1.2.840.113741.1.13.1.2.18", "CPUSVN"),
    ("1.2.840.113741.1.13.1.3", "PCE-ID"),
    ("1.2.840.113741.1.13.1.4", "FMSPC"),
    ("1.2.840.113741.1.13.1.5", "SGX type"),
    ("1.2.840.113741.1.13.1.6", "platform instance id"),
    ("1.2.840.113741.1.13.1.7", "configuration"),
    ("1.2.840.113741.1.13.1.7.1", "dynamic platform"),
    ("1.2.840.113741.1.13.1.7.2", "cached keys"),
    ("1.2.840.113741.1.13.1.7.3", "SMT enabled"),
    ("1.2.840.113549.1.1.1", "rsaEncryption"),
    ("1.2.840.113549.1.1.8", "MGF1"),
    ("1.2.840.113549.1.1.10", "RSASSA-PSS"),
    ("1.3.132.0.34", "P-384"),
    ("2.16.840.1.101.3.4.2.2", "SHA-384"),
    ("2.5.4.11", "organizationalUnitName"),
    ("1.3.6.1.4.1.3704.1.1", "structVersion"),
    ("1.3.6.1.4.1.3704.1.2", "productName"),
    ("1.3.6.1.4.1.3704.1.3.1", "blSPL"),
    ("1.3.6.1.4.1.3704.1.3.2", "teeSPL"),
    ("1.3.6.1.4.1.3704.1.3.3", "snpSPL"),
    ("1.3.6.1.4.1.3704.1.3.4", "spl4"),
    ("1.3.6.1.4.1.3704.1.3.5", "spl5"),
    ("1.3.6.1.4.1.3704.1.3.6", "spl6"),
    ("1.3.6.1.4.1.3704.1.3.7", "spl7"),
    ("1.3.6.1.4.1.3704.1.3.8", "ucodeSPL"),
    ("1.3.6.1.4.1.3704.1.3.9", "fmcSPL"),
    ("1.3.6.1.4.1.3704.1.4", "hwID"),
    ("1.3.6.1.4.1.3704.1.5", "cspID"),
    ("1.2.840.113556.10.1.1", "Open Enclave report"),
    ("1.2.840.113556.10.1.2", "Open Enclave evidence"),
    ("1.3.6.1.4.1.311.105.1", "Open Enclave report"),
];
