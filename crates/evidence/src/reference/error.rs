//! Why a file of reference values cannot be used.

use crate::time::UnixTime;

/// The file does not state reference values in one way only.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ReferenceError {
    /// More bytes than the most reference values take.
    #[error("the reference values have {size} bytes, more than the limit of {limit}")]
    TooLarge {
        /// Size in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// Not JSON, or JSON that can be understood in two ways.
    #[error("the reference values are not unambiguous JSON: {reason}")]
    Syntax {
        /// What is wrong and where.
        reason: String,
    },
    /// A member that is missing or not what belongs there.
    #[error("`{field}` is not {expected}, but `{found}`")]
    Field {
        /// The path of the member.
        field: String,
        /// What belongs there.
        expected: &'static str,
        /// What is there, shortened.
        found: String,
    },
    /// A member that no reference value has: a condition that was meant would be missing.
    #[error("`{field}` is not known here; there are {known}")]
    UnknownMember {
        /// The path of the member.
        field: String,
        /// The members there are.
        known: String,
    },
    /// More elements than are kept.
    #[error("`{field}` has {found} elements, more than the limit of {limit}")]
    TooMany {
        /// The path of the member.
        field: String,
        /// The number of elements.
        found: usize,
        /// The limit.
        limit: usize,
    },
    /// Something that has to be unique is not.
    #[error("`{field}` is `{value}`, which is given already")]
    Duplicate {
        /// The path of the second one.
        field: String,
        /// The value, shortened.
        value: String,
    },
    /// The entry names nobody: it would match what anybody launches.
    #[error("`{field}` does not say whose guests it means: it needs {needed}")]
    MatchesAnyone {
        /// The path of the entry.
        field: String,
        /// What would say so.
        needed: &'static str,
    },
    /// The entry has a condition for what the host alone states.
    #[error(
        "`{field}` means nothing without `id_key_digest` or `author_key_digest`: the host could state any value"
    )]
    Unvouched {
        /// The path of the condition.
        field: String,
    },
    /// The values expire before they are issued.
    #[error("the reference values expire at {expires}, which is not after {issued}, when they were issued")]
    Period {
        /// When they were issued.
        issued: UnixTime,
        /// When they expire.
        expires: UnixTime,
    },
}
