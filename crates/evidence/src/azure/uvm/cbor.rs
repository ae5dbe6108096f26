//! CBOR (RFC 8949) as signed envelopes use it: definite lengths, shortest heads, integers of 64 bits, text that is
//! UTF-8, maps without repeated keys. Owns the reading of one item; what it means is decided elsewhere.

use crate::reader::{EndOfInput, Reader};

/// One item. Text and bytes are borrowed from the input.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cbor<'a> {
    Integer(i64),
    Bytes(&'a [u8]),
    Text(&'a str),
    Array(Vec<Self>),
    Map(Vec<(Label<'a>, Self)>),
    Tagged(u64, Box<Self>),
    Boolean(bool),
    Null,
}

/// The key of a map's entry, a label in COSE (RFC 9052, 1.5).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Label<'a> {
    Integer(i64),
    Text(&'a str),
}

/// The bytes are not CBOR of the form that is read here.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CborError {
    /// The input ends before an item does.
    #[error("the CBOR ends at offset {offset}, {needed} bytes are needed and {left} are left")]
    Truncated {
        /// Where the item's part begins, in bytes from the start.
        offset: usize,
        /// Bytes needed.
        needed: usize,
        /// Bytes left.
        left: usize,
    },
    /// Bytes follow the item.
    #[error("{size} bytes follow the CBOR item at offset {offset}")]
    Surplus {
        /// Where the surplus begins.
        offset: usize,
        /// Its size in bytes.
        size: usize,
    },
    /// An item of a kind, or written in a way, that is not read.
    #[error("the CBOR item at offset {offset} is not {expected}")]
    Item {
        /// Where the item begins.
        offset: usize,
        /// What is read.
        expected: &'static str,
    },
    /// Items inside one another, more than any genuine envelope has.
    #[error("the CBOR is more than {limit} levels deep")]
    TooDeep {
        /// The limit.
        limit: u8,
    },
    /// More items than any genuine envelope has.
    #[error("the CBOR has more than {limit} items")]
    TooManyItems {
        /// The limit.
        limit: usize,
    },
    /// A map with the same key twice.
    #[error("the CBOR map at offset {offset} has a key twice")]
    DuplicateKey {
        /// Where the map begins.
        offset: usize,
    },
}

impl<'a> Cbor<'a> {
    /// The only item in `bytes`.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, CborError> {
        let mut decoder = Decoder {
            reader: Reader::new(bytes),
            items_left: MAX_ITEMS,
        };
        let item = decoder.item(MAX_DEPTH)?;
        decoder.reader.finish().map_err(|left| CborError::Surplus {
            offset: left.offset,
            size: left.size,
        })?;
        Ok(item)
    }
}

struct Decoder<'a> {
    reader: Reader<'a>,
    items_left: usize,
}

/// The first byte of an item and the number that belongs to it (RFC 8949, 3).
struct Head {
    offset: usize,
    major_type: u8,
    argument: u64,
}

impl<'a> Decoder<'a> {
    fn item(&mut self, depth_left: u8) -> Result<Cbor<'a>, CborError> {
        self.items_left = self
            .items_left
            .checked_sub(1)
            .ok_or(CborError::TooManyItems { limit: MAX_ITEMS })?;
        let below = depth_left
            .checked_sub(1)
            .ok_or(CborError::TooDeep { limit: MAX_DEPTH });
        let head = self.head()?;
        match head.major_type {
            0 => integer(&head).map(Cbor::Integer),
            1 => integer(&head).map(|number| Cbor::Integer(!number)),
            2 => self.bytes(&head).map(Cbor::Bytes),
            3 => self.text(&head).map(Cbor::Text),
            4 => self.array(&head, below?),
            5 => self.map(&head, below?),
            6 => Ok(Cbor::Tagged(head.argument, Box::new(self.item(below?)?))),
            _ => match head.argument {
                20 => Ok(Cbor::Boolean(false)),
                21 => Ok(Cbor::Boolean(true)),
                22 => Ok(Cbor::Null),
                _ => Err(head.wrong("false, true or null")),
            },
        }
    }

    fn head(&mut self) -> Result<Head, CborError> {
        let offset = self.reader.offset();
        let first = self.reader.u8().map_err(end)?;
        let (major_type, short) = (first >> 5, first & 0x1f);
        let (argument, least) = match short {
            0..24 => (u64::from(short), 0),
            24 => (self.reader.u8().map_err(end)?.into(), 24),
            25 => (
                u16::from_be_bytes(*self.reader.array().map_err(end)?).into(),
                0x100,
            ),
            26 => (
                u32::from_be_bytes(*self.reader.array().map_err(end)?).into(),
                0x1_0000,
            ),
            27 => (
                u64::from_be_bytes(*self.reader.array().map_err(end)?),
                0x1_0000_0000,
            ),
            _ => {
                return Err(CborError::Item {
                    offset,
                    expected: "of a definite length",
                });
            }
        };
        let head = Head {
            offset,
            major_type,
            argument,
        };
        // Floating-point numbers have the same heads as simple values; none is read.
        if argument < least || (major_type == 7 && short >= 24) {
            return Err(head.wrong("written in the shortest form"));
        }
        Ok(head)
    }

    fn bytes(&mut self, head: &Head) -> Result<&'a [u8], CborError> {
        // A length beyond the address space becomes the largest one, which no input can satisfy.
        let size = usize::try_from(head.argument).unwrap_or(usize::MAX);
        self.reader.take(size).map_err(end)
    }

    fn text(&mut self, head: &Head) -> Result<&'a str, CborError> {
        std::str::from_utf8(self.bytes(head)?).map_err(|_| head.wrong("UTF-8 text"))
    }

    fn array(&mut self, head: &Head, depth_left: u8) -> Result<Cbor<'a>, CborError> {
        let mut items = Vec::new();
        for _ in 0..head.argument {
            items.push(self.item(depth_left)?);
        }
        Ok(Cbor::Array(items))
    }

    fn map(&mut self, head: &Head, depth_left: u8) -> Result<Cbor<'a>, CborError> {
        let mut entries: Vec<(Label<'a>, Cbor<'a>)> = Vec::new();
        for _ in 0..head.argument {
            let label = self.label()?;
            if entries.iter().any(|(known, _)| *known == label) {
                return Err(CborError::DuplicateKey { offset: head.offset });
            }
            entries.push((label, self.item(depth_left)?));
        }
        Ok(Cbor::Map(entries))
    }

    fn label(&mut self) -> Result<Label<'a>, CborError> {
        let head = self.head()?;
        match head.major_type {
            0 => integer(&head).map(Label::Integer),
            1 => integer(&head).map(|number| Label::Integer(!number)),
            3 => self.text(&head).map(Label::Text),
            _ => Err(head.wrong("an integer or a text")),
        }
    }
}

impl Head {
    const fn wrong(&self, expected: &'static str) -> CborError {
        CborError::Item {
            offset: self.offset,
            expected,
        }
    }
}

/// RFC 8949, 3.1: a negative integer is -1 minus the number, which is its complement.
fn integer(head: &Head) -> Result<i64, CborError> {
    i64::try_from(head.argument).map_err(|_| head.wrong("an integer of 64 bits with sign"))
}

fn end(EndOfInput { offset, needed, left }: EndOfInput) -> CborError {
    CborError::Truncated { offset, needed, left }
}

/// Envelopes nest four levels: tag, array, and headers with an array in a map.
const MAX_DEPTH: u8 = 8;
/// Envelopes have some thirty items in all; the chain adds one a certificate.
const MAX_ITEMS: usize = 256;

#[cfg(test)]
mod tests;
