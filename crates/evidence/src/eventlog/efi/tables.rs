//! What firmware writes beside the digests of images, of its own parts and of tables: `UEFI_IMAGE_LOAD_EVENT`,
//! `UEFI_PLATFORM_FIRMWARE_BLOB(2)`, `UEFI_HANDOFF_TABLE_POINTERS(2)` (TCG PC Client Platform Firmware Profile, "Event
//! Data Structures"). Owns the layouts. None of it is covered by the digest, so it is good for showing and nothing else.

use super::error::{EfiError, Structure};
use super::{DevicePath, Guid};
use crate::reader::Reader;

/// An image that was loaded.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ImageLoad<'a> {
    /// `ImageLocationInMemory`.
    pub location: u64,
    /// `ImageLengthInMemory`, in bytes.
    pub length: u64,
    /// `DevicePath`: where it was loaded from.
    pub device_path: DevicePath<'a>,
}

/// A part of the firmware.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct FirmwareBlob<'a> {
    /// `BlobDescription`; empty in the form without one.
    pub description: &'a [u8],
    /// `BlobBase`.
    pub base: u64,
    /// `BlobLength`, in bytes.
    pub length: u64,
}

/// Tables that the firmware hands over.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HandoffTables<'a> {
    /// `TableDescription`; empty in the form without one.
    pub description: &'a [u8],
    /// `VendorGuid` of each table.
    pub tables: Vec<Guid>,
}

impl<'a> ImageLoad<'a> {
    /// Reads `UEFI_IMAGE_LOAD_EVENT`.
    pub fn parse(event: &'a [u8]) -> Result<Self, EfiError> {
        let mut reader = Reader::new(event);
        let location = reader.u64_le().map_err(IMAGE.end("ImageLocationInMemory"))?;
        let length = reader.u64_le().map_err(IMAGE.end("ImageLengthInMemory"))?;
        reader.take(8).map_err(IMAGE.end("ImageLinkTimeAddress"))?;
        let size = reader.size_u64_le().map_err(IMAGE.end("LengthOfDevicePath"))?;
        let path = reader.take(size).map_err(IMAGE.end("DevicePath"))?;
        IMAGE.finish(reader)?;
        Ok(Self {
            location,
            length,
            device_path: DevicePath::parse(path)?,
        })
    }
}

impl<'a> FirmwareBlob<'a> {
    /// Reads `UEFI_PLATFORM_FIRMWARE_BLOB`.
    pub fn parse(event: &'a [u8]) -> Result<Self, EfiError> {
        Self::read(Reader::new(event), &[])
    }

    /// Reads `UEFI_PLATFORM_FIRMWARE_BLOB2`, which begins with a description.
    pub fn parse_described(event: &'a [u8]) -> Result<Self, EfiError> {
        let mut reader = Reader::new(event);
        let description = description(&mut reader, BLOB)?;
        Self::read(reader, description)
    }

    fn read(mut reader: Reader<'a>, description: &'a [u8]) -> Result<Self, EfiError> {
        let base = reader.u64_le().map_err(BLOB.end("BlobBase"))?;
        let length = reader.u64_le().map_err(BLOB.end("BlobLength"))?;
        BLOB.finish(reader)?;
        Ok(Self {
            description,
            base,
            length,
        })
    }
}

impl<'a> HandoffTables<'a> {
    /// Reads `UEFI_HANDOFF_TABLE_POINTERS`.
    pub fn parse(event: &'a [u8]) -> Result<Self, EfiError> {
        Self::read(Reader::new(event), &[])
    }

    /// Reads `UEFI_HANDOFF_TABLE_POINTERS2`, which begins with a description.
    pub fn parse_described(event: &'a [u8]) -> Result<Self, EfiError> {
        let mut reader = Reader::new(event);
        let description = description(&mut reader, TABLES)?;
        Self::read(reader, description)
    }

    fn read(mut reader: Reader<'a>, description: &'a [u8]) -> Result<Self, EfiError> {
        let count = reader.size_u64_le().map_err(TABLES.end("NumberOfTables"))?;
        if count > MAX_TABLES {
            return Err(TABLES.too_many("tables", MAX_TABLES));
        }
        let mut tables = Vec::with_capacity(count);
        for _ in 0..count {
            tables.push(Guid(*reader.array().map_err(TABLES.end("VendorGuid"))?));
            reader.take(8).map_err(TABLES.end("VendorTable"))?;
        }
        TABLES.finish(reader)?;
        Ok(Self { description, tables })
    }
}

/// A byte with the size, and as many bytes of text.
fn description<'a>(reader: &mut Reader<'a>, structure: Structure) -> Result<&'a [u8], EfiError> {
    let size = reader.u8().map_err(structure.end("description size"))?;
    reader
        .take(usize::from(size))
        .map_err(structure.end("description"))
}

const IMAGE: Structure = Structure("UEFI_IMAGE_LOAD_EVENT");
const BLOB: Structure = Structure("UEFI_PLATFORM_FIRMWARE_BLOB");
const TABLES: Structure = Structure("UEFI_HANDOFF_TABLE_POINTERS");
/// The most tables of one event. Firmware hands over about twenty in all.
const MAX_TABLES: usize = 256;

#[cfg(test)]
mod tests;
