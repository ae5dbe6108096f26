//! Device paths (UEFI Specification, "Device Path Protocol"), and their text form ("Device Path to Text Protocol"; nodes
//! of rare kinds in the generic form `Path(type,subtype,bytes)`). Owns both; a path is what somebody wrote beside a
//! digest, and proves nothing.

use std::fmt::{self, Write as _};

use super::Guid;
use super::error::{EfiError, Structure};
use crate::hex;
use crate::reader::{EndOfInput, Reader};
use crate::utf16;

/// A path of one or more instances.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DevicePath<'a> {
    nodes: Vec<Node<'a>>,
}

/// One node of a path.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Node<'a> {
    /// Its type: 1 hardware, 2 ACPI, 3 messaging, 4 media, 5 BIOS boot specification, 0x7F end.
    pub kind: u8,
    /// Its sub-type.
    pub sub_kind: u8,
    /// What follows its header.
    pub data: &'a [u8],
}

impl<'a> DevicePath<'a> {
    /// Reads a path that fills `bytes`. Its end may be missing; nothing follows it.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, EfiError> {
        let mut reader = Reader::new(bytes);
        let path = Self::read(&mut reader)?;
        PATH.finish(reader)?;
        Ok(path)
    }

    /// Reads the first path of several.
    pub(super) fn parse_first(bytes: &'a [u8]) -> Result<Self, EfiError> {
        Self::read(&mut Reader::new(bytes))
    }

    fn read(reader: &mut Reader<'a>) -> Result<Self, EfiError> {
        let mut nodes = Vec::new();
        while reader.remaining() > 0 {
            let node = Node::read(reader)?;
            if node.is_end() {
                break;
            }
            if nodes.len() >= MAX_NODES {
                return Err(PATH.too_many("nodes", MAX_NODES));
            }
            nodes.push(node);
        }
        Ok(Self { nodes })
    }

    /// The nodes in their order, without the end.
    pub fn nodes(&self) -> &[Node<'a>] {
        &self.nodes
    }
}

impl<'a> Node<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, EfiError> {
        let offset = reader.offset();
        let kind = reader.u8().map_err(PATH.end("Type"))?;
        let sub_kind = reader.u8().map_err(PATH.end("SubType"))?;
        let length = reader.size_u16_le().map_err(PATH.end("Length"))?;
        let size = length.checked_sub(NODE_HEADER_BYTES).ok_or(EfiError::Size {
            structure: PATH.0,
            part: "Length",
            offset,
            found: length,
            expected: "at least the 4 bytes of the node's header",
        })?;
        let data = reader.take(size).map_err(PATH.end("node"))?;
        Ok(Self { kind, sub_kind, data })
    }

    const fn is_end(&self) -> bool {
        matches!((self.kind, self.sub_kind), (0x7F, 0xFF))
    }

    /// The text of a node of a common kind; an error when it is too short for its kind.
    fn text(&self) -> Result<Option<String>, EndOfInput> {
        let r = &mut Reader::new(self.data);
        Ok(Some(match (self.kind, self.sub_kind) {
            (1, 1) => {
                let (function, device) = (r.u8()?, r.u8()?);
                format!("Pci({device:#X},{function:#X})")
            }
            (1, 4) => format!("VenHw({})", guid(r)?),
            (2, 1) => acpi(r.u32_le()?, r.u32_le()?),
            (3, 0x01) => {
                let (secondary, slave, lun) = (r.u8()?, r.u8()?, r.u16_le()?);
                format!("Ata({secondary},{slave},{lun:#X})")
            }
            (3, 0x02) => format!("Scsi({:#X},{:#X})", r.u16_le()?, r.u16_le()?),
            (3, 0x05) => format!("USB({:#X},{:#X})", r.u8()?, r.u8()?),
            (3, 0x0A) => format!("VenMsg({})", guid(r)?),
            (3, 0x0B) => format!("MAC({})", hex::encode(r.take(6)?)),
            (3, 0x0C) => "IPv4()".into(),
            (3, 0x0D) => "IPv6()".into(),
            (3, 0x12) => format!("Sata({:#X},{:#X},{:#X})", r.u16_le()?, r.u16_le()?, r.u16_le()?),
            (3, 0x17) => nvme(r.u32_le()?, *r.array()?),
            (3, 0x18) => format!("Uri({})", r.rest().escape_ascii()),
            (3, 0x1A) => format!("SD({})", r.u8()?),
            (3, 0x1D) => format!("eMMC({})", r.u8()?),
            (4, 1) => hard_drive(r)?,
            (4, 2) => format!("CDROM({:#X})", r.u32_le()?),
            (4, 3) => format!("VenMedia({})", guid(r)?),
            (4, 4) => return Ok(utf16::decode(self.data).ok()),
            (4, 6) => format!("FvFile({})", guid(r)?),
            (4, 7) => format!("Fv({})", guid(r)?),
            (4, 8) => {
                let (_, start, end) = (r.u32_le()?, r.u64_le()?, r.u64_le()?);
                format!("Offset({start:#X},{end:#X})")
            }
            (0x7F, 1) => ",".into(),
            _ => return Ok(None),
        }))
    }
}

fn guid(reader: &mut Reader<'_>) -> Result<Guid, EndOfInput> {
    reader.array().map(|bytes| Guid(*bytes))
}

/// `HD(partition,kind,signature,start,size)`.
fn hard_drive(r: &mut Reader<'_>) -> Result<String, EndOfInput> {
    let (partition, start, size) = (r.u32_le()?, r.u64_le()?, r.u64_le()?);
    let signature: &[u8; 16] = r.array()?;
    let (_format, kind) = (r.u8()?, r.u8()?);
    let [mbr @ .., _, _, _, _, _, _, _, _, _, _, _, _] = signature;
    let signature = match kind {
        1 => format!("MBR,{:#010X}", u32::from_le_bytes(*mbr)),
        2 => format!("GPT,{}", Guid(*signature)),
        _ => format!("{kind},{}", hex::encode(signature)),
    };
    Ok(format!("HD({partition},{signature},{start:#X},{size:#X})"))
}

/// `PciRoot(uid)` for PCI and PCI Express roots, `Acpi(hid,uid)` for others.
fn acpi(hid: u32, uid: u32) -> String {
    match hid {
        0x0A03_41D0 => format!("PciRoot({uid:#X})"),
        0x0A08_41D0 => format!("PcieRoot({uid:#X})"),
        _ => match hid.to_le_bytes() {
            [0xD0, 0x41, low, high] => format!("Acpi(PNP{high:02X}{low:02X},{uid:#X})"),
            _ => format!("Acpi({hid:#010X},{uid:#X})"),
        },
    }
}

fn nvme(namespace: u32, eui: [u8; 8]) -> String {
    let mut text = format!("NVMe({namespace:#X}");
    for (index, byte) in eui.iter().rev().enumerate() {
        let separator = if index == 0 { ',' } else { '-' };
        // Writing into a string does not fail.
        let _ = write!(text, "{separator}{byte:02X}");
    }
    text.push(')');
    text
}

impl fmt::Display for DevicePath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, node) in self.nodes.iter().enumerate() {
            if index > 0 {
                f.write_str("/")?;
            }
            write!(f, "{node}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Node<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.text() {
            Ok(Some(text)) => f.write_str(&text),
            Ok(None) | Err(_) => write!(
                f,
                "Path({},{},{})",
                self.kind,
                self.sub_kind,
                hex::encode(self.data)
            ),
        }
    }
}

const PATH: Structure = Structure("EFI_DEVICE_PATH_PROTOCOL");
const NODE_HEADER_BYTES: usize = 4;
/// The most nodes of a path. Real ones have up to ten.
const MAX_NODES: usize = 64;

#[cfg(test)]
mod tests;
