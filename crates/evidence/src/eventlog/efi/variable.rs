//! A variable as it is measured: `UEFI_VARIABLE_DATA` (TCG PC Client Platform Firmware Profile, "UEFI_VARIABLE_DATA").
//! Owns the layout; must not know what any variable is for.

use super::Guid;
use crate::reader::{EndOfInput, LeftOver, Reader};
use crate::rejection::{Explanation, Stage};
use crate::utf16::{self, Utf16Error};
use crate::x509::Told;

/// A variable and its contents.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Variable<'a> {
    /// Whose variable it is: `VariableName`.
    pub guid: Guid,
    /// Its name: `UnicodeName`.
    pub name: String,
    /// Its contents: `VariableData`.
    pub data: &'a [u8],
}

/// Bytes are not a measured variable. Offsets are counted from the start of the event's data.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum VariableError {
    /// The event, or a length inside it, ends too early.
    #[error("the {part} needs {needed} bytes at offset {offset}, {left} are left")]
    Truncated {
        /// What was being read.
        part: &'static str,
        /// Where.
        offset: usize,
        /// Bytes needed.
        needed: usize,
        /// Bytes left.
        left: usize,
    },
    /// The event goes on after the variable.
    #[error("{size} bytes are left over at offset {offset}")]
    LeftOver {
        /// Where the surplus begins.
        offset: usize,
        /// Its size in bytes.
        size: usize,
    },
    /// The name is no text.
    #[error("the name of the variable: {reason}")]
    Name {
        /// What is wrong with it.
        reason: Utf16Error,
    },
}

impl<'a> Variable<'a> {
    /// Takes the data of an event apart. Firmware ends some names with a NUL and others not.
    pub fn parse(event: &'a [u8]) -> Result<Self, VariableError> {
        let mut reader = Reader::new(event);
        let guid = reader.array().map_err(end("VariableName"))?;
        let characters = reader.size_u64_le().map_err(end("UnicodeNameLength"))?;
        let size = reader.size_u64_le().map_err(end("VariableDataLength"))?;
        let name = reader
            .take(characters.saturating_mul(2))
            .map_err(end("UnicodeName"))?;
        let data = reader.take(size).map_err(end("VariableData"))?;
        reader
            .finish()
            .map_err(|LeftOver { offset, size }| VariableError::LeftOver { offset, size })?;
        Ok(Self {
            guid: Guid(*guid),
            name: utf16::decode(name).map_err(|reason| VariableError::Name { reason })?,
            data,
        })
    }
}

impl VariableError {
    /// The refusal as facts; `event` is what the explanation calls the event.
    pub fn explain(&self, event: &str) -> Explanation {
        let told = Told::new(event).hint("the event is not a variable as firmware measures it");
        match self {
            Self::Truncated {
                part,
                offset,
                needed,
                left,
            } => told
                .code("efi_variable_truncated")
                .member(part)
                .expected(format!("{needed} bytes at offset {offset}"))
                .found(format!("{left} bytes")),
            Self::LeftOver { offset, size } => told
                .code("efi_variable_left_over")
                .expected(format!("the end at offset {offset}"))
                .found(format!("{size} more bytes")),
            Self::Name { reason } => told
                .code("efi_variable_name")
                .member("UnicodeName")
                .expected("UTF-16")
                .found(reason),
        }
        .at(Stage::Parse)
    }
}

fn end(part: &'static str) -> impl Copy + Fn(EndOfInput) -> VariableError {
    move |EndOfInput { offset, needed, left }| VariableError::Truncated {
        part,
        offset,
        needed,
        left,
    }
}

#[cfg(test)]
mod tests;
