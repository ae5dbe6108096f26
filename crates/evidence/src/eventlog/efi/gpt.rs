//! The partition table as firmware measures it: `UEFI_GPT_DATA` (TCG PC Client Platform Firmware Profile,
//! "UEFI_GPT_DATA"; UEFI Specification, "GUID Partition Table (GPT) Disk Layout"). Owns the layout.

use super::Guid;
use super::error::{EfiError, Structure};
use crate::reader::Reader;
use crate::utf16;

/// A partition table's header and the partitions in use.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct GptData {
    /// `DiskGUID`.
    pub disk_guid: Guid,
    /// `FirstUsableLBA`.
    pub first_usable_lba: u64,
    /// `LastUsableLBA`.
    pub last_usable_lba: u64,
    /// The partitions, in the order of the table.
    pub partitions: Vec<Partition>,
}

/// One partition: `EFI_PARTITION_ENTRY`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Partition {
    /// `PartitionTypeGUID`.
    pub partition_type: Guid,
    /// `UniquePartitionGUID`.
    pub unique: Guid,
    /// `StartingLBA`.
    pub starting_lba: u64,
    /// `EndingLBA`.
    pub ending_lba: u64,
    /// `Attributes`.
    pub attributes: u64,
    /// `PartitionName`; `None` where it is no text.
    pub name: Option<String>,
}

impl GptData {
    /// Reads the data of an event.
    pub fn parse(event: &[u8]) -> Result<Self, EfiError> {
        let mut reader = Reader::new(event);
        // EFI_TABLE_HEADER (signature, revision, size, CRC, reserved), MyLBA, AlternateLBA.
        reader
            .take(8 + 4 + 4 + 4 + 4 + 8 + 8)
            .map_err(DATA.end("UEFIPartitionHeader"))?;
        let end = DATA.end("UEFIPartitionHeader");
        let (first_usable_lba, last_usable_lba) =
            (reader.u64_le().map_err(end)?, reader.u64_le().map_err(end)?);
        let disk_guid = Guid(*reader.array().map_err(end)?);
        // PartitionEntryLBA, NumberOfPartitionEntries.
        reader.take(8 + 4).map_err(end)?;
        let offset = reader.offset();
        let entry_size = reader.size_u32_le().map_err(end)?;
        // PartitionEntryArrayCRC32.
        reader.take(4).map_err(end)?;
        let count = reader.size_u64_le().map_err(DATA.end("NumberOfPartitions"))?;
        if count > MAX_PARTITIONS {
            return Err(DATA.too_many("partitions", MAX_PARTITIONS));
        }
        if entry_size < ENTRY_BYTES {
            return Err(EfiError::Size {
                structure: DATA.0,
                part: "SizeOfPartitionEntry",
                offset,
                found: entry_size,
                expected: "at least 128 bytes",
            });
        }
        let mut partitions = Vec::new();
        for _ in 0..count {
            let entry = reader.sub(entry_size).map_err(DATA.end("Partitions"))?;
            partitions.push(Partition::read(entry)?);
        }
        DATA.finish(reader)?;
        Ok(Self {
            disk_guid,
            first_usable_lba,
            last_usable_lba,
            partitions,
        })
    }
}

impl Partition {
    fn read(mut entry: Reader<'_>) -> Result<Self, EfiError> {
        let end = DATA.end("Partitions");
        Ok(Self {
            partition_type: Guid(*entry.array().map_err(end)?),
            unique: Guid(*entry.array().map_err(end)?),
            starting_lba: entry.u64_le().map_err(end)?,
            ending_lba: entry.u64_le().map_err(end)?,
            attributes: entry.u64_le().map_err(end)?,
            name: utf16::decode(entry.take(NAME_BYTES).map_err(end)?).ok(),
        })
    }
}

const DATA: Structure = Structure("UEFI_GPT_DATA");
const ENTRY_BYTES: usize = 128;
const NAME_BYTES: usize = 72;
/// The most partitions: twice what common tools reserve room for.
const MAX_PARTITIONS: usize = 256;

#[cfg(test)]
mod tests;
