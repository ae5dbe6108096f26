//! Compact JSON text of strings, and how long text is without writing it.

use std::fmt::{self, Write};

/// Counts the bytes that are written to it.
#[derive(Default)]
pub(super) struct Counter(pub(super) u64);

impl Write for Counter {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 = self.0.saturating_add(length(text.len()));
        Ok(())
    }
}

/// A length in memory as a number of 64 bits.
pub(crate) fn length(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

/// Bytes of the brackets and commas around `elements`.
pub(crate) fn punctuation_length(elements: usize) -> u64 {
    length(elements.max(1)).saturating_add(1)
}

pub(crate) fn boolean_length(value: bool) -> u64 {
    if value { 4 } else { 5 }
}

/// Bytes of what [`write_string`] writes.
pub(crate) fn string_length(value: &str) -> u64 {
    let escapes = value.bytes().map(|byte| match byte {
        b'"' | b'\\' | 0x08 | b'\t' | b'\n' | 0x0C | b'\r' => 1,
        0..0x20 => 5,
        _ => 0,
    });
    length(value.len())
        .saturating_add(escapes.sum())
        .saturating_add(2)
}

/// The string in quotes, with the escapes that RFC 8259 requires and no others.
pub(super) fn write_string(f: &mut fmt::Formatter<'_>, value: &str) -> fmt::Result {
    f.write_str("\"")?;
    let mut rest = value;
    while let Some((plain, special, after)) = split_at_special(rest) {
        f.write_str(plain)?;
        match special {
            '\u{8}' => f.write_str("\\b")?,
            '\t' => f.write_str("\\t")?,
            '\n' => f.write_str("\\n")?,
            '\u{C}' => f.write_str("\\f")?,
            '\r' => f.write_str("\\r")?,
            '"' | '\\' => write!(f, "\\{special}")?,
            _ => write!(f, "\\u{:04x}", u32::from(special))?,
        }
        rest = after;
    }
    f.write_str(rest)?;
    f.write_str("\"")
}

/// What stands before the first character that must be escaped, the character, and the rest.
fn split_at_special(text: &str) -> Option<(&str, char, &str)> {
    let at = text
        .bytes()
        .position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20))?;
    let (plain, rest) = text.split_at_checked(at)?;
    let mut characters = rest.chars();
    let special = characters.next()?;
    Some((plain, special, characters.as_str()))
}
