//! What `Boot####` and `Driver####` variables hold: `EFI_LOAD_OPTION`; and `BootOrder` (UEFI Specification, "Boot
//! Manager"). Owns the layout.

use super::DevicePath;
use super::error::{EfiError, Structure};
use crate::reader::{EndOfInput, Reader};
use crate::utf16;

/// One choice of the boot manager.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LoadOption<'a> {
    /// `Attributes`; bit 0 is LOAD_OPTION_ACTIVE.
    pub attributes: u32,
    /// `Description`, as a user sees it.
    pub description: String,
    /// The first path of `FilePathList`, which says what is loaded; others are for whoever put them there.
    pub file_path: DevicePath<'a>,
    /// `OptionalData`, which is handed to what is loaded.
    pub optional_data: &'a [u8],
}

impl<'a> LoadOption<'a> {
    /// Reads the contents of a variable.
    pub fn parse(variable: &'a [u8]) -> Result<Self, EfiError> {
        let mut reader = Reader::new(variable);
        let attributes = reader.u32_le().map_err(OPTION.end("Attributes"))?;
        let path_size = reader.size_u16_le().map_err(OPTION.end("FilePathListLength"))?;
        let description = description(&mut reader)?;
        let paths = reader.take(path_size).map_err(OPTION.end("FilePathList"))?;
        Ok(Self {
            attributes,
            description,
            file_path: DevicePath::parse_first(paths)?,
            optional_data: reader.rest(),
        })
    }

    /// LOAD_OPTION_ACTIVE.
    pub const fn is_active(&self) -> bool {
        self.attributes & 1 != 0
    }
}

/// The options' numbers in `BootOrder` or `DriverOrder`.
pub fn load_order(variable: &[u8]) -> Result<Vec<u16>, EfiError> {
    match variable.as_chunks::<2>() {
        (numbers, []) => Ok(numbers.iter().copied().map(u16::from_le_bytes).collect()),
        (numbers, left) => Err(ORDER.end("number")(EndOfInput {
            offset: numbers.len().saturating_mul(2),
            needed: 2,
            left: left.len(),
        })),
    }
}

/// UTF-16 up to a NUL.
fn description(reader: &mut Reader<'_>) -> Result<String, EfiError> {
    let offset = reader.offset();
    let mut rest = reader.clone();
    let mut size = 0usize;
    while rest.u16_le().map_err(OPTION.end("Description"))? != 0 {
        size = size.saturating_add(2);
    }
    let text = reader.take(size).map_err(OPTION.end("Description"))?;
    reader.take(2).map_err(OPTION.end("Description"))?;
    utf16::decode(text).map_err(OPTION.text("Description", offset))
}

const OPTION: Structure = Structure("EFI_LOAD_OPTION");
const ORDER: Structure = Structure("BootOrder");

#[cfg(test)]
mod tests;
