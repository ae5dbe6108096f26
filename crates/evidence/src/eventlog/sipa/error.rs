//! Why bytes are not what Windows measures.

use super::TagId;
use crate::reader::{EndOfInput, LeftOver};
use crate::rejection::{Explanation, Stage};
use crate::utf16::Utf16Error;
use crate::x509::Told;

/// A tagged event is not well-formed. Offsets are counted from the start of the event's data.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SipaError {
    /// The event, or a size inside it, ends too early.
    #[error("the {part} of {} needs {needed} bytes at offset {offset}, {left} are left", name(*tag))]
    Truncated {
        /// What was being read.
        part: &'static str,
        /// The tag whose payload it is in, if its header was read.
        tag: Option<TagId>,
        /// Where.
        offset: usize,
        /// Bytes needed.
        needed: usize,
        /// Bytes left.
        left: usize,
    },
    /// A payload goes on after its end.
    #[error("{size} bytes are left over at offset {offset} in {tag}")]
    LeftOver {
        /// The tag.
        tag: TagId,
        /// Where the surplus begins.
        offset: usize,
        /// Its size in bytes.
        size: usize,
    },
    /// A flag or a number has a size that none has.
    #[error("{tag} at offset {offset} has a payload of {found} bytes")]
    Size {
        /// The tag.
        tag: TagId,
        /// Where its payload begins.
        offset: usize,
        /// The sizes that are accepted.
        expected: &'static str,
        /// The size of the payload in bytes.
        found: usize,
    },
    /// A flag is neither 0 nor 1.
    #[error("the flag {tag} at offset {offset} is {found}")]
    Flag {
        /// The tag.
        tag: TagId,
        /// Where its payload begins.
        offset: usize,
        /// The payload as a number.
        found: u64,
    },
    /// A payload is not the text it should be.
    #[error("{tag} at offset {offset}: {reason}")]
    Text {
        /// The tag.
        tag: TagId,
        /// Where its text begins.
        offset: usize,
        /// What is wrong with it.
        reason: Utf16Error,
    },
    /// The sizes of a key do not agree.
    #[error("{tag} at offset {offset} states a key of {bits} bits and a modulus of {modulus} bytes")]
    KeySize {
        /// The tag.
        tag: TagId,
        /// Where its payload begins.
        offset: usize,
        /// The size of the key in bits.
        bits: u32,
        /// The size of its modulus in bytes.
        modulus: usize,
    },
    /// A tag says that it is not measured, in an event that is.
    #[error("{tag} at offset {offset} is not measured by its own word")]
    Unmeasured {
        /// The tag.
        tag: TagId,
        /// Where it begins.
        offset: usize,
    },
    /// Containers are nested deeper than Windows nests any.
    #[error("tags at offset {offset} are nested deeper than {limit} levels")]
    TooDeep {
        /// Where the innermost container begins.
        offset: usize,
        /// The limit.
        limit: usize,
    },
    /// A log has more tags than any genuine one.
    #[error("the log has more than {limit} tags")]
    TooManyTags {
        /// The limit.
        limit: usize,
    },
    /// A log has more loaded modules than any genuine one.
    #[error("the log has more than {limit} loaded modules")]
    TooManyModules {
        /// The limit.
        limit: usize,
    },
}

impl SipaError {
    /// The refusal as facts; `event` is what the explanation calls the event.
    pub fn explain(&self, event: &str) -> Explanation {
        let told = Told::new(event).hint(self.hint());
        match self {
            Self::Truncated {
                part,
                tag,
                offset,
                needed,
                left,
            } => told
                .code("sipa_truncated")
                .element(at(*tag, *offset))
                .expected(format!("{needed} bytes of {part}"))
                .found(format!("{left} bytes")),
            Self::LeftOver { tag, offset, size } => told
                .code("sipa_left_over")
                .element(at(Some(*tag), *offset))
                .expected("the end of the payload")
                .found(format!("{size} more bytes")),
            Self::Size {
                tag,
                offset,
                expected,
                found,
            } => told
                .code("sipa_size")
                .element(at(Some(*tag), *offset))
                .expected(expected)
                .found(format!("{found} bytes")),
            Self::Flag { tag, offset, found } => told
                .code("sipa_flag")
                .element(at(Some(*tag), *offset))
                .expected("0 or 1")
                .found(found),
            Self::Text { tag, offset, reason } => told
                .code("sipa_text")
                .element(at(Some(*tag), *offset))
                .expected("UTF-16")
                .found(reason),
            Self::KeySize {
                tag,
                offset,
                bits,
                modulus,
            } => told
                .code("sipa_key_size")
                .element(at(Some(*tag), *offset))
                .expected(format!("a modulus of {bits} bits"))
                .found(format!("{modulus} bytes")),
            Self::Unmeasured { tag, offset } => told
                .code("sipa_unmeasured")
                .element(at(Some(*tag), *offset))
                .expected("a tag that is measured")
                .found("one with the bit 0x80000000"),
            Self::TooDeep { offset, limit } => told
                .code("sipa_too_deep")
                .element(at(None, *offset))
                .expected(format!("at most {limit} containers inside one another"))
                .found("more"),
            Self::TooManyTags { limit } => told
                .code("sipa_too_many_tags")
                .expected(format!("at most {limit} tags in a log"))
                .found("more"),
            Self::TooManyModules { limit } => told
                .code("sipa_too_many_modules")
                .expected(format!("at most {limit} loaded modules in a log"))
                .found("more"),
        }
        .at(Stage::Parse)
    }

    const fn hint(&self) -> &'static str {
        match self {
            Self::Unmeasured { .. } => "Windows puts such tags into events that are not extended only",
            Self::TooDeep { .. } | Self::TooManyTags { .. } | Self::TooManyModules { .. } => {
                "no boot of Windows measures so much"
            }
            _ => "the event is not what Windows measures, or is of a version that is not known",
        }
    }
}

/// The end of the input inside `part` of the payload of `tag`.
pub(super) fn end(part: &'static str, tag: Option<TagId>) -> impl Copy + Fn(EndOfInput) -> SipaError {
    move |EndOfInput { offset, needed, left }| SipaError::Truncated {
        part,
        tag,
        offset,
        needed,
        left,
    }
}

/// A surplus behind the payload of `tag`.
pub(super) fn surplus(tag: TagId) -> impl Copy + Fn(LeftOver) -> SipaError {
    move |LeftOver { offset, size }| SipaError::LeftOver { tag, offset, size }
}

fn at(tag: Option<TagId>, offset: usize) -> String {
    match tag {
        Some(tag) => format!("[{offset}].{tag}"),
        None => format!("[{offset}]"),
    }
}

fn name(tag: Option<TagId>) -> String {
    tag.map_or_else(|| "a tag".to_owned(), |tag| tag.to_string())
}
