//! A variable as it is measured: `UEFI_VARIABLE_DATA` (TCG PC Client Platform Firmware Profile, "UEFI_VARIABLE_DATA").
//! Owns the layout; must not know what any variable is for.

use super::Guid;
use super::error::{EfiError, Structure};
use crate::reader::Reader;
use crate::utf16;

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

impl<'a> Variable<'a> {
    /// Takes the data of an event apart. Firmware ends some names with a NUL and others not.
    pub fn parse(event: &'a [u8]) -> Result<Self, EfiError> {
        let mut reader = Reader::new(event);
        let guid = reader.array().map_err(VARIABLE.end("VariableName"))?;
        let characters = reader.size_u64_le().map_err(VARIABLE.end("UnicodeNameLength"))?;
        let size = reader.size_u64_le().map_err(VARIABLE.end("VariableDataLength"))?;
        let name_offset = reader.offset();
        let name = reader
            .take(characters.saturating_mul(2))
            .map_err(VARIABLE.end("UnicodeName"))?;
        let data = reader.take(size).map_err(VARIABLE.end("VariableData"))?;
        VARIABLE.finish(reader)?;
        Ok(Self {
            guid: Guid(*guid),
            name: utf16::decode(name).map_err(VARIABLE.text("UnicodeName", name_offset))?,
            data,
        })
    }
}

const VARIABLE: Structure = Structure("UEFI_VARIABLE_DATA");

#[cfg(test)]
mod tests;
