//! UTF-16LE text as firmware and Windows write it into structures: with or without NULs at the end. Owns that form
//! alone; lengths are the structures' matter.

/// Bytes are not text.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Utf16Error {
    /// An odd number of bytes.
    #[error("UTF-16 takes an even number of bytes, found {size}")]
    OddSize {
        /// How many.
        size: usize,
    },
    /// Half of a character outside the basic plane, alone.
    #[error("an unpaired surrogate is no character")]
    Surrogate,
    /// A NUL before the end: readers of C strings and of counted strings would see different texts.
    #[error("a NUL is inside the text")]
    InnerNul,
}

/// The text of little-endian code units. NULs at the end are its end, or padding; they do not count.
pub fn decode(bytes: &[u8]) -> Result<String, Utf16Error> {
    let (units, []) = bytes.as_chunks::<2>() else {
        return Err(Utf16Error::OddSize { size: bytes.len() });
    };
    let text: String = char::decode_utf16(units.iter().copied().map(u16::from_le_bytes))
        .collect::<Result<_, _>>()
        .map_err(|_| Utf16Error::Surrogate)?;
    let text = text.trim_end_matches('\0');
    if text.contains('\0') {
        return Err(Utf16Error::InnerNul);
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests;
