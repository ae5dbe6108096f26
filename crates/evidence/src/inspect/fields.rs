//! The walk over bytes that all trees are built with: take the next field, name it, render it.

use super::Node;
use crate::hex;
use crate::reader::{EndOfInput, Reader};

/// How the bytes of a field become text.
#[derive(Clone, Copy)]
pub(super) enum Show {
    /// Hexadecimal, in memory order.
    Hex,
    /// A little-endian number, in decimal.
    Number,
    /// A little-endian number, in hexadecimal with `0x`.
    HexNumber,
    /// As [`Show::Hex`], followed by an explanation.
    Explained(fn(&[u8]) -> String),
}

/// A field of fixed size: name, bytes, rendering.
pub(super) type Field = (&'static str, usize, Show);

impl Show {
    fn render(self, bytes: &[u8]) -> String {
        match self {
            Self::Hex => hex::encode(bytes),
            Self::Number => number(bytes).to_string(),
            Self::HexNumber => format!("{:#x}", number(bytes)),
            Self::Explained(explain) => match explain(bytes) {
                explanation if explanation.is_empty() => hex::encode(bytes),
                explanation => format!("{} ({explanation})", hex::encode(bytes)),
            },
        }
    }
}

/// The next field of `reader`.
pub(super) fn field(reader: &mut Reader<'_>, (name, size, show): Field) -> Result<Node, EndOfInput> {
    let offset = reader.offset();
    let bytes = reader.take(size)?;
    Ok(leaf(name, offset, size, show.render(bytes)))
}

/// The next fields of `reader` as children of one node.
pub(super) fn group(reader: &mut Reader<'_>, name: &str, fields: &[Field]) -> Result<Node, EndOfInput> {
    let offset = reader.offset();
    let children = fields
        .iter()
        .map(|entry| field(reader, *entry))
        .collect::<Result<_, _>>()?;
    Ok(parent(name, offset, children))
}

/// A node over `children`, which begins at `offset` and ends with the last of them.
pub(super) fn parent(name: &str, offset: usize, children: Vec<Node>) -> Node {
    let end = children
        .last()
        .map_or(offset, |last| last.offset.saturating_add(last.length));
    let length = end.saturating_sub(offset);
    Node {
        name: name.into(),
        offset,
        length,
        value: String::new(),
        children,
    }
}

/// A node without children.
pub(super) fn leaf(name: &str, offset: usize, length: usize, value: String) -> Node {
    Node {
        name: name.into(),
        offset,
        length,
        value,
        children: Vec::new(),
    }
}

/// Everything that is left of `reader`, as text when it is printable ASCII and as hexadecimal otherwise.
pub(super) fn rest(reader: &mut Reader<'_>, name: &str) -> Node {
    let offset = reader.offset();
    let bytes = reader.rest();
    leaf(name, offset, bytes.len(), text_or_hex(bytes))
}

pub(super) fn text_or_hex(bytes: &[u8]) -> String {
    let text = bytes.strip_suffix(&[0]).unwrap_or(bytes);
    let printable = |byte: &u8| byte.is_ascii_graphic() || byte.is_ascii_whitespace();
    match std::str::from_utf8(text) {
        Ok(text) if !text.is_empty() && text.as_bytes().iter().all(printable) => text.trim_end().to_owned(),
        _ => hex::encode(bytes),
    }
}

/// Up to eight bytes as a little-endian number.
fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |value, byte| {
        value.checked_shl(8).unwrap_or(0) | u64::from(*byte)
    })
}
