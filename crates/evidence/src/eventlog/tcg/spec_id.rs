//! The header of a crypto-agile log: TCG_EfiSpecIDEvent, the data of its first entry (TCG PC Client Platform Firmware
//! Profile, "Specification Event"). Owns the list of algorithms; nothing else in the header matters to anyone.

use super::{DeclaredAlgorithm, Event, TcgLogError, truncated};
use crate::eventlog::EventType;
use crate::reader::{EndOfInput, LeftOver, Reader};
use crate::tpm::HashAlgorithm;

/// The algorithms that a first entry announces; `None` when it is none that announces a crypto-agile log.
pub(super) fn algorithms(first: &Event<'_>) -> Result<Option<Vec<DeclaredAlgorithm>>, TcgLogError> {
    let announces = first.event_type == EventType::EV_NO_ACTION && first.data.starts_with(SIGNATURE);
    if !announces {
        return Ok(None);
    }
    let end = |part| {
        let start = first.data_offset;
        move |error: EndOfInput| {
            truncated(part, 1)(EndOfInput {
                offset: error.offset.saturating_add(start),
                ..error
            })
        }
    };
    let mut reader = Reader::new(first.data);
    // Signature, platformClass, specVersionMinor, specVersionMajor, specErrata, uintnSize.
    reader
        .take(SIGNATURE.len())
        .and_then(|_| reader.take(4 + 1 + 1 + 1 + 1))
        .map_err(end("specification event"))?;
    let count = reader.size_u32_le().map_err(end("number of algorithms"))?;
    if !(1..=MAX_ALGORITHMS).contains(&count) {
        return Err(TcgLogError::AlgorithmCount {
            found: count,
            limit: MAX_ALGORITHMS,
        });
    }
    let mut algorithms: Vec<DeclaredAlgorithm> = Vec::with_capacity(count);
    for _ in 0..count {
        let algorithm = read(&mut reader).map_err(end("list of algorithms"))?;
        check(algorithm, &algorithms)?;
        algorithms.push(algorithm);
    }
    let size = reader.u8().map_err(end("size of vendor information"))?;
    reader
        .take(usize::from(size))
        .map_err(end("vendor information"))?;
    reader
        .finish()
        .map_err(|LeftOver { size, .. }| TcgLogError::SpecIdSurplus { size })?;
    Ok(Some(algorithms))
}

/// TCG_EfiSpecIdEventAlgorithmSize.
fn read(reader: &mut Reader<'_>) -> Result<DeclaredAlgorithm, EndOfInput> {
    Ok(DeclaredAlgorithm {
        id: reader.u16_le()?,
        size: reader.size_u16_le()?,
    })
}

fn check(algorithm: DeclaredAlgorithm, before: &[DeclaredAlgorithm]) -> Result<(), TcgLogError> {
    let DeclaredAlgorithm { id, size } = algorithm;
    if before.iter().any(|other| other.id == id) {
        return Err(TcgLogError::AlgorithmTwice { algorithm: id });
    }
    let expected = known_size(id);
    let possible = expected.map_or((1..=MAX_DIGEST_BYTES).contains(&size), |expected| {
        size == expected
    });
    if !possible {
        return Err(TcgLogError::AlgorithmSize {
            algorithm: id,
            found: size,
            expected,
        });
    }
    Ok(())
}

/// The size of an algorithm's digests, where the algorithm is known (TCG Algorithm Registry: SHA3-256, SHA3-384 and
/// SHA3-512 beside those of [`HashAlgorithm`]).
fn known_size(id: u16) -> Option<usize> {
    match id {
        0x0027 => Some(32),
        0x0028 => Some(48),
        0x0029 => Some(64),
        _ => HashAlgorithm::from_id(id).map(HashAlgorithm::size),
    }
}

/// As the crypto-agile form begins. `Spec ID Event02` and `Spec ID Event00` are followed by SHA-1 entries.
const SIGNATURE: &[u8; 16] = b"Spec ID Event03\0";
/// The most algorithms. TPMs have two to four banks.
const MAX_ALGORITHMS: usize = 8;
/// The largest digest that the TPM 2.0 Library knows: SHA-512's and SHA3-512's.
const MAX_DIGEST_BYTES: usize = 64;
