//! UVM endorsements: statements that Microsoft signs about the utility VMs of confidential containers (Azure Container
//! Instances, AKS), each naming the launch measurement of one build (Azure, "Confidential containers on ACI",
//! `reference-info-base64`). Owns the envelope, the signer's identity and time, and the statement; which feeds and
//! builds are good enough is for reference values to say.

mod cbor;
mod cose;
mod did;
mod endorsement;
mod error;
mod explain;
#[cfg(test)]
mod fixture;
mod statement;
mod time_stamp;
mod trust;

pub use cbor::CborError;
pub use cose::MAX_ENDORSEMENT_BYTES;
pub use did::{DidError, DidX509};
pub use endorsement::{MAX_ENDORSEMENTS, SigningTime, UvmEndorsement};
pub use error::UvmError;
pub use time_stamp::TimeStampError;
pub use trust::UvmTrust;
