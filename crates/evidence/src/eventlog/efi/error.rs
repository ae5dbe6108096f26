//! Why bytes are not one of UEFI's structures.

use crate::reader::{EndOfInput, LeftOver, Reader};
use crate::rejection::{Explanation, Stage};
use crate::utf16::Utf16Error;
use crate::x509::Told;

/// A structure is not well-formed. Offsets are counted from the start of the bytes that were to be read.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EfiError {
    /// The bytes, or a length inside them, end too early.
    #[error("the {part} of the {structure} needs {needed} bytes at offset {offset}, {left} are left")]
    Truncated {
        /// The structure by its name in the specification.
        structure: &'static str,
        /// What was being read.
        part: &'static str,
        /// Where.
        offset: usize,
        /// Bytes needed.
        needed: usize,
        /// Bytes left.
        left: usize,
    },
    /// The bytes go on after the structure.
    #[error("{size} bytes are left over at offset {offset} behind the {structure}")]
    LeftOver {
        /// The structure.
        structure: &'static str,
        /// Where the surplus begins.
        offset: usize,
        /// Its size in bytes.
        size: usize,
    },
    /// More parts than any genuine structure has.
    #[error("the {structure} has more than {limit} {part}")]
    TooMany {
        /// The structure.
        structure: &'static str,
        /// What there is too much of.
        part: &'static str,
        /// The limit.
        limit: usize,
    },
    /// A size that cannot be.
    #[error("the {structure} at offset {offset} states {found} for {part}")]
    Size {
        /// The structure.
        structure: &'static str,
        /// What the size is of.
        part: &'static str,
        /// Where the structure begins.
        offset: usize,
        /// The size found.
        found: usize,
        /// What would have been accepted.
        expected: &'static str,
    },
    /// A name is no text.
    #[error("the {part} of the {structure} at offset {offset}: {reason}")]
    Text {
        /// The structure.
        structure: &'static str,
        /// The name.
        part: &'static str,
        /// Where the name begins.
        offset: usize,
        /// What is wrong with it.
        reason: Utf16Error,
    },
}

impl EfiError {
    /// The refusal as facts; `event` is what the explanation calls the event.
    pub fn explain(&self, event: &str) -> Explanation {
        let told = Told::new(event).hint("the event's data do not have the form that its type prescribes");
        match self {
            Self::Truncated {
                structure,
                part,
                offset,
                needed,
                left,
            } => told
                .code("efi_truncated")
                .member(structure)
                .member(part)
                .expected(format!("{needed} bytes at offset {offset}"))
                .found(format!("{left} bytes")),
            Self::LeftOver {
                structure,
                offset,
                size,
            } => told
                .code("efi_left_over")
                .member(structure)
                .expected(format!("the end at offset {offset}"))
                .found(format!("{size} more bytes")),
            Self::TooMany {
                structure,
                part,
                limit,
            } => told
                .code("efi_too_many")
                .member(structure)
                .member(part)
                .expected(format!("at most {limit}"))
                .found("more"),
            Self::Size {
                structure,
                part,
                offset,
                found,
                expected,
            } => told
                .code("efi_size")
                .member(structure)
                .member(part)
                .expected(expected)
                .found(format!("{found} at offset {offset}")),
            Self::Text {
                structure,
                part,
                offset,
                reason,
            } => told
                .code("efi_text")
                .member(structure)
                .member(part)
                .expected("UTF-16")
                .found(format!("{reason} at offset {offset}")),
        }
        .at(Stage::Parse)
    }
}

/// What the names in errors are taken from.
#[derive(Clone, Copy)]
pub(super) struct Structure(pub(super) &'static str);

impl Structure {
    /// An input that ends inside `part`.
    pub(super) fn end(self, part: &'static str) -> impl Copy + Fn(EndOfInput) -> EfiError {
        move |EndOfInput { offset, needed, left }| EfiError::Truncated {
            structure: self.0,
            part,
            offset,
            needed,
            left,
        }
    }

    /// Ends the reading of a structure.
    pub(super) fn finish(self, reader: Reader<'_>) -> Result<(), EfiError> {
        reader
            .finish()
            .map_err(|LeftOver { offset, size }| EfiError::LeftOver {
                structure: self.0,
                offset,
                size,
            })
    }

    pub(super) const fn too_many(self, part: &'static str, limit: usize) -> EfiError {
        EfiError::TooMany {
            structure: self.0,
            part,
            limit,
        }
    }

    pub(super) fn text(self, part: &'static str, offset: usize) -> impl Fn(Utf16Error) -> EfiError {
        move |reason| EfiError::Text {
            structure: self.0,
            part,
            offset,
            reason,
        }
    }
}
