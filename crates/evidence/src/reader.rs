//! The one way to take untrusted bytes apart: a cursor that checks every length against what is left before it
//! hands anything out. It owns bounds, byte order and positions; it must not know any format.

/// A cursor over borrowed bytes. Positions are those of the outermost input, also in a reader made by
/// [`Reader::sub`], so that errors can name where something is.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    left: &'a [u8],
    offset: usize,
}

/// The input ended before a value did.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct EndOfInput {
    /// Where the value begins, in bytes from the start of the outermost input.
    pub offset: usize,
    /// The size of the value in bytes.
    pub needed: usize,
    /// How many bytes are left there.
    pub left: usize,
}

/// A structure was read to its end and bytes remain.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct LeftOver {
    /// Where the surplus begins, in bytes from the start of the outermost input.
    pub offset: usize,
    /// The size of the surplus in bytes, never 0.
    pub size: usize,
}

impl<'a> Reader<'a> {
    /// A reader at the start of `bytes`.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self {
            left: bytes,
            offset: 0,
        }
    }

    /// Bytes consumed so far, counted from the start of the outermost input.
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// Bytes not yet consumed.
    pub const fn remaining(&self) -> usize {
        self.left.len()
    }

    /// The next `size` bytes.
    pub fn take(&mut self, size: usize) -> Result<&'a [u8], EndOfInput> {
        let (taken, left) = self.left.split_at_checked(size).ok_or_else(|| self.end(size))?;
        self.advance(left, size);
        Ok(taken)
    }

    /// The next `N` bytes as an array.
    pub fn array<const N: usize>(&mut self) -> Result<&'a [u8; N], EndOfInput> {
        let (taken, left) = self.left.split_first_chunk::<N>().ok_or_else(|| self.end(N))?;
        self.advance(left, N);
        Ok(taken)
    }

    /// The next byte.
    pub fn u8(&mut self) -> Result<u8, EndOfInput> {
        self.array::<1>().map(|[byte]| *byte)
    }

    /// The next two bytes, least significant first.
    pub fn u16_le(&mut self) -> Result<u16, EndOfInput> {
        self.array().map(|bytes| u16::from_le_bytes(*bytes))
    }

    /// The next four bytes, least significant first.
    pub fn u32_le(&mut self) -> Result<u32, EndOfInput> {
        self.array().map(|bytes| u32::from_le_bytes(*bytes))
    }

    /// The next eight bytes, least significant first.
    pub fn u64_le(&mut self) -> Result<u64, EndOfInput> {
        self.array().map(|bytes| u64::from_le_bytes(*bytes))
    }

    /// [`Reader::u16_le`] as a size in bytes.
    pub fn size_u16_le(&mut self) -> Result<usize, EndOfInput> {
        self.u16_le().map(usize::from)
    }

    /// [`Reader::u32_le`] as a size in bytes. A size beyond the address space becomes the largest one, which no
    /// input can satisfy.
    pub fn size_u32_le(&mut self) -> Result<usize, EndOfInput> {
        self.u32_le()
            .map(|size| usize::try_from(size).unwrap_or(usize::MAX))
    }

    /// [`Reader::u64_le`] as a size in bytes, as [`Reader::size_u32_le`].
    pub fn size_u64_le(&mut self) -> Result<usize, EndOfInput> {
        self.u64_le()
            .map(|size| usize::try_from(size).unwrap_or(usize::MAX))
    }

    /// A reader confined to the next `size` bytes, which this one skips.
    pub fn sub(&mut self, size: usize) -> Result<Reader<'a>, EndOfInput> {
        let offset = self.offset;
        self.take(size).map(|left| Reader { left, offset })
    }

    /// Everything that is left.
    pub fn rest(&mut self) -> &'a [u8] {
        let rest = self.left;
        self.advance(&[], rest.len());
        rest
    }

    /// Ends the reading: an error unless everything was consumed.
    pub fn finish(self) -> Result<(), LeftOver> {
        match self.left.len() {
            0 => Ok(()),
            size => Err(LeftOver {
                offset: self.offset,
                size,
            }),
        }
    }

    fn advance(&mut self, left: &'a [u8], by: usize) {
        self.left = left;
        // Never saturates: the sum is a position inside a slice.
        self.offset = self.offset.saturating_add(by);
    }

    fn end(&self, needed: usize) -> EndOfInput {
        EndOfInput {
            offset: self.offset,
            needed,
            left: self.left.len(),
        }
    }
}

#[cfg(test)]
mod tests;
