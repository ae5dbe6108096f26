//! Why UVM endorsements are refused, in the order of the steps.

use super::{CborError, DidError, TimeStampError};
use crate::x509::{EncodingError, PathError};

/// An endorsement is not acceptable, or none covers the report.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum UvmError {
    /// More endorsements than any report comes with.
    #[error("there are more than {limit} UVM endorsements")]
    TooMany {
        /// The limit.
        limit: usize,
    },
    /// More bytes than any genuine endorsement takes.
    #[error("the UVM endorsement has {size} bytes, more than the limit of {limit}")]
    TooLarge {
        /// Size in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// The envelope, or the headers in it, are not CBOR.
    #[error(transparent)]
    Cbor(#[from] CborError),
    /// The envelope is not a COSE_Sign1.
    #[error("the UVM endorsement's {field} is not {expected}")]
    Envelope {
        /// Which part.
        field: &'static str,
        /// What belongs there.
        expected: &'static str,
    },
    /// A header is missing or not what belongs there.
    #[error("header `{label}` of the UVM endorsement is not {expected}")]
    Header {
        /// The header's label, shortened.
        label: String,
        /// What belongs there.
        expected: &'static str,
    },
    /// The signature algorithm is not one that is accepted.
    #[error("signature algorithm {found} of the UVM endorsement is not supported")]
    Algorithm {
        /// The number of the algorithm (IANA, "COSE Algorithms").
        found: i64,
    },
    /// The payload is of a type that is not read.
    #[error("content type `{found}` of the UVM endorsement is not supported")]
    ContentType {
        /// The type, shortened.
        found: String,
    },
    /// A certificate of the signer cannot be read.
    #[error(transparent)]
    Certificate(#[from] EncodingError),
    /// The signer's certificates are not acceptable.
    #[error("the signer of the UVM endorsement: {0}")]
    Path(#[from] PathError),
    /// The issuer is not understood, or not the signer.
    #[error(transparent)]
    Did(#[from] DidError),
    /// The certificate is not the one whose hash the headers carry.
    #[error("the signer's certificate is not the one that the UVM endorsement names by its hash")]
    Thumbprint,
    /// The signature is not the signer's.
    #[error("the signature of the UVM endorsement is not its signer's")]
    Signature,
    /// The signer's certificates were not valid at the time that counts, and no time stamp makes it another.
    #[error("the signer of the UVM endorsement: {error}; {reason}")]
    Validity {
        /// What is wrong.
        error: PathError,
        /// Why no time stamp proves an earlier time.
        reason: TimeStampError,
    },
    /// The payload is not JSON, or ambiguous.
    #[error("the statement of the UVM endorsement is not unambiguous JSON: {reason}")]
    PayloadSyntax {
        /// What is wrong and where.
        reason: String,
    },
    /// A field of the payload is missing or not what belongs there.
    #[error("`{field}` of the UVM endorsement is not {expected}")]
    Payload {
        /// The field.
        field: &'static str,
        /// What belongs there.
        expected: &'static str,
        /// What is there, shortened.
        found: String,
    },
}
