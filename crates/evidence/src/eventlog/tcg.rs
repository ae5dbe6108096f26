//! The log of a measured boot as firmware and boot loaders write it: TCG_PCR_EVENT (SHA-1 alone) and TCG_PCR_EVENT2
//! (crypto-agile) entries (TCG PC Client Platform Firmware Profile, "Event Logging"; TCG EFI Protocol Specification;
//! the CCEL of the UEFI confidential computing protocol has the same form). Owns the form of entries; whether a TPM
//! ever saw them is for the replay to say.

use super::EventType;
use crate::reader::{EndOfInput, Reader};
use crate::tpm::HashAlgorithm;

mod error;
mod spec_id;
mod startup;

pub use error::TcgLogError;
use startup::StartupLocality;

/// A log of entries that are well-formed. Nothing vouches for any of them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EventLog<'a> {
    format: LogFormat,
    algorithms: Vec<DeclaredAlgorithm>,
    startup_locality: u8,
    events: Vec<Event<'a>>,
    logs: usize,
}

/// How entries are written.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum LogFormat {
    /// TCG_PCR_EVENT: one SHA-1 digest each.
    Sha1,
    /// TCG_PCR_EVENT2 behind a header that lists the algorithms.
    CryptoAgile,
}

/// An algorithm that the log's header lists.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct DeclaredAlgorithm {
    /// TPM_ALG_ID.
    pub id: u16,
    /// Size of its digests in bytes.
    pub size: usize,
}

/// One entry.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Event<'a> {
    /// Its number in the order of the log, from 1; the header of a crypto-agile log counts.
    pub sequence: usize,
    /// The PCR it was extended into; in the log of a trust domain the measurement register's index (0 for MRTD, 1 for
    /// RTMR0). 0xFFFFFFFF in records that belong to no PCR.
    pub pcr_index: u32,
    /// What it is said to be.
    pub event_type: EventType,
    /// What is said to have been extended, one digest a bank.
    pub digests: Vec<Digest<'a>>,
    /// The description beside the digests.
    pub data: &'a [u8],
    /// Which of several joined logs it is in, from 0.
    pub log: usize,
    /// Where it begins in its log, in bytes.
    pub offset: usize,
    /// Where its data begin in its log, in bytes.
    pub data_offset: usize,
}

/// One digest of an entry.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Digest<'a> {
    /// TPM_ALG_ID of the bank.
    pub algorithm_id: u16,
    /// The digest.
    pub value: &'a [u8],
}

impl<'a> EventLog<'a> {
    /// Reads a log, legacy or crypto-agile, with whatever padding its area has: bytes that are all 0x00 or all 0xFF.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, TcgLogError> {
        if bytes.len() > MAX_LOG_BYTES {
            return Err(TcgLogError::TooLarge {
                size: bytes.len(),
                limit: MAX_LOG_BYTES,
            });
        }
        refuse_acpi_table(bytes)?;
        let end = padding_start(bytes);
        if end == 0 {
            return Err(TcgLogError::Empty);
        }
        let mut reader = Reader::new(bytes);
        let first = Event::read_sha1(&mut reader, 1)?;
        let algorithms = spec_id::algorithms(&first)?;
        let mut log = Self {
            format: match algorithms {
                Some(_) => LogFormat::CryptoAgile,
                None => LogFormat::Sha1,
            },
            algorithms: algorithms.unwrap_or_else(|| vec![DeclaredAlgorithm::SHA1]),
            startup_locality: 0,
            events: vec![first],
            logs: 1,
        };
        while reader.offset() < end {
            let sequence = log.events.len().saturating_add(1);
            if sequence > MAX_EVENTS {
                return Err(TcgLogError::TooManyEvents { limit: MAX_EVENTS });
            }
            let event = match log.format {
                LogFormat::Sha1 => Event::read_sha1(&mut reader, sequence),
                LogFormat::CryptoAgile => Event::read_agile(&mut reader, sequence, &log.algorithms),
            }?;
            log.events.push(event);
        }
        log.startup_locality = StartupLocality::find(&log.events)?;
        Ok(log)
    }

    /// Several logs of one boot as one, in the order in which they were measured (the static root of trust first, the
    /// dynamic one after it). Entries are numbered through.
    pub fn join(logs: Vec<Self>) -> Result<Self, TcgLogError> {
        let count = logs.len();
        if count > MAX_LOGS {
            return Err(TcgLogError::TooManyLogs {
                count,
                limit: MAX_LOGS,
            });
        }
        let mut logs = logs.into_iter();
        let mut joined = logs.next().ok_or(TcgLogError::Empty)?;
        for log in logs {
            joined.append(log)?;
        }
        Ok(joined)
    }

    fn append(&mut self, next: Self) -> Result<(), TcgLogError> {
        let before = self.events.len();
        if before.saturating_add(next.events.len()) > MAX_EVENTS {
            return Err(TcgLogError::TooManyEvents { limit: MAX_EVENTS });
        }
        self.algorithms
            .retain(|algorithm| next.algorithms.contains(algorithm));
        let log = self.logs;
        self.events.extend(next.events.into_iter().map(|event| Event {
            sequence: event.sequence.saturating_add(before),
            log,
            ..event
        }));
        self.logs = self.logs.saturating_add(next.logs);
        // What one log may not say late or twice, several may not either.
        self.startup_locality = StartupLocality::find(&self.events)?;
        Ok(())
    }

    /// How its entries are written; those of the first one when several logs were joined.
    pub const fn format(&self) -> LogFormat {
        self.format
    }

    /// The algorithms that the header lists; those that all have in common when several logs were joined. Entries may
    /// still lack a digest of one of them.
    pub fn algorithms(&self) -> &[DeclaredAlgorithm] {
        &self.algorithms
    }

    /// The locality that the TPM was started from: 0, 3, or 4 where the hardware measured the first code. PCR 0 began
    /// with this number.
    pub const fn startup_locality(&self) -> u8 {
        self.startup_locality
    }

    /// The entries in the order of the log.
    pub fn events(&self) -> &[Event<'a>] {
        &self.events
    }
}

impl DeclaredAlgorithm {
    const SHA1: Self = Self {
        id: HashAlgorithm::Sha1.id(),
        size: HashAlgorithm::Sha1.size(),
    };
}

impl<'a> Event<'a> {
    /// Its digest for a bank, if there is one.
    pub fn digest(&self, algorithm: HashAlgorithm) -> Option<&'a [u8]> {
        let id = algorithm.id();
        self.digests
            .iter()
            .find(|digest| digest.algorithm_id == id)
            .map(|digest| digest.value)
    }

    /// Whether the firmware extended it: everything but EV_NO_ACTION.
    pub fn is_extended(&self) -> bool {
        self.event_type != EventType::EV_NO_ACTION
    }

    /// TCG_PCR_EVENT.
    fn read_sha1(reader: &mut Reader<'a>, sequence: usize) -> Result<Self, TcgLogError> {
        let (offset, pcr_index, event_type) = head(reader, sequence)?;
        let value = reader.take(DeclaredAlgorithm::SHA1.size);
        let digest = Digest {
            algorithm_id: DeclaredAlgorithm::SHA1.id,
            value: value.map_err(truncated("digest", sequence))?,
        };
        let (data_offset, data) = tail(reader, sequence)?;
        Ok(Self {
            sequence,
            pcr_index,
            event_type,
            digests: vec![digest],
            data,
            log: 0,
            offset,
            data_offset,
        })
    }

    /// TCG_PCR_EVENT2.
    fn read_agile(
        reader: &mut Reader<'a>,
        sequence: usize,
        algorithms: &[DeclaredAlgorithm],
    ) -> Result<Self, TcgLogError> {
        let (offset, pcr_index, event_type) = head(reader, sequence)?;
        let digests = digests(reader, sequence, algorithms)?;
        let (data_offset, data) = tail(reader, sequence)?;
        Ok(Self {
            sequence,
            pcr_index,
            event_type,
            digests,
            data,
            log: 0,
            offset,
            data_offset,
        })
    }
}

/// Offset, PCR and type.
fn head(reader: &mut Reader<'_>, event: usize) -> Result<(usize, u32, EventType), TcgLogError> {
    let offset = reader.offset();
    let pcr_index = reader.u32_le().map_err(truncated("PCR index", event))?;
    let event_type = EventType(reader.u32_le().map_err(truncated("event type", event))?);
    let unmeasured = pcr_index == NO_PCR && event_type == EventType::EV_NO_ACTION;
    if pcr_index > MAX_PCR_INDEX && !unmeasured {
        return Err(TcgLogError::PcrIndex {
            event,
            offset,
            found: pcr_index,
        });
    }
    Ok((offset, pcr_index, event_type))
}

/// TPML_DIGEST_VALUES: at most one digest of each declared algorithm.
fn digests<'a>(
    reader: &mut Reader<'a>,
    event: usize,
    algorithms: &[DeclaredAlgorithm],
) -> Result<Vec<Digest<'a>>, TcgLogError> {
    let count = reader
        .size_u32_le()
        .map_err(truncated("number of digests", event))?;
    if count == 0 || count > algorithms.len() {
        return Err(TcgLogError::DigestCount {
            event,
            found: count,
            declared: algorithms.len(),
        });
    }
    let mut digests = Vec::with_capacity(count);
    for _ in 0..count {
        let algorithm_id = reader.u16_le().map_err(truncated("digest algorithm", event))?;
        let declared = algorithms.iter().find(|algorithm| algorithm.id == algorithm_id);
        let size = declared
            .ok_or(TcgLogError::UndeclaredAlgorithm {
                event,
                found: algorithm_id,
            })?
            .size;
        if digests
            .iter()
            .any(|digest: &Digest<'_>| digest.algorithm_id == algorithm_id)
        {
            return Err(TcgLogError::DigestTwice {
                event,
                algorithm: algorithm_id,
            });
        }
        let value = reader.take(size).map_err(truncated("digest", event))?;
        digests.push(Digest { algorithm_id, value });
    }
    Ok(digests)
}

/// Where the data begin, and the data.
fn tail<'a>(reader: &mut Reader<'a>, event: usize) -> Result<(usize, &'a [u8]), TcgLogError> {
    let size = reader.size_u32_le().map_err(truncated("data size", event))?;
    let offset = reader.offset();
    let data = reader.take(size).map_err(truncated("data", event))?;
    if size > MAX_EVENT_DATA_BYTES {
        return Err(TcgLogError::DataTooLarge {
            event,
            size,
            limit: MAX_EVENT_DATA_BYTES,
        });
    }
    Ok((offset, data))
}

/// The tables by which ACPI points to a log are mistaken for it.
fn refuse_acpi_table(bytes: &[u8]) -> Result<(), TcgLogError> {
    match bytes.first_chunk() {
        Some(signature @ (b"CCEL" | b"TPM2" | b"TCPA")) => Err(TcgLogError::AcpiTable {
            signature: *signature,
        }),
        _ => Ok(()),
    }
}

/// Where the bytes at the end begin that are all 0x00 or all 0xFF, as areas are filled up with: an entry that begins
/// there is none.
fn padding_start(bytes: &[u8]) -> usize {
    let padding = match bytes.last() {
        Some(last @ (0x00 | 0xFF)) => bytes.iter().rev().take_while(|byte| *byte == last).count(),
        _ => 0,
    };
    bytes.len().saturating_sub(padding)
}

fn truncated(part: &'static str, event: usize) -> impl FnOnce(EndOfInput) -> TcgLogError {
    move |EndOfInput { offset, needed, left }| TcgLogError::Truncated {
        event,
        part,
        offset,
        needed,
        left,
    }
}

/// The largest log in bytes. Firmware reserves 64 KiB to 256 KiB; the largest seen has 48 KiB.
pub const MAX_LOG_BYTES: usize = 1 << 20;
/// The most logs of one boot: static and dynamic root of trust, each of the boot and of a resume.
pub const MAX_LOGS: usize = 4;
/// The most entries, of all joined logs together. Real boots have 15 to 160.
pub const MAX_EVENTS: usize = 4096;
/// The most data of one entry, in bytes. The largest seen are 36 KiB (Windows' modules) and 25 KiB (dbx).
pub const MAX_EVENT_DATA_BYTES: usize = 256 << 10;
/// PC Client platforms have PCRs 0 to 23 (TCG PC Client Platform TPM Profile, "PCR Attributes").
pub const MAX_PCR_INDEX: u32 = 23;
/// What Windows writes instead of a PCR in records that are not measured.
pub const NO_PCR: u32 = u32::MAX;

#[cfg(test)]
mod tests;
