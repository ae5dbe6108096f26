//! Reference values (RFC 9334, 2.1 and 4.3): what an operator takes as good, to be compared with what verified
//! evidence states. A hardware report proves which paravisor or utility VM was launched; that it is one of the cloud
//! provider's, and that the platform's firmware is new enough, only a list can say.
//!
//! This module owns the form of that list, the comparison with its explanation, and the claims that come of it. It
//! must not know who signed the list or where it is kept, and it refuses no evidence: policies do.

mod comparison;
mod document;
mod error;
#[cfg(test)]
mod fixture;
mod matching;
mod object;
mod snp;
mod tdx;
mod values;

pub use comparison::{Comparison, Expected, FieldComparison, Found};
pub use document::{MAX_CHIPS, MAX_PARAVISORS, MAX_REFERENCE_BYTES, MAX_UVM_ISSUERS};
pub use error::ReferenceError;
pub use matching::{Match, ReferenceWarning};
pub use snp::{Endorsement, SnpGuest, endorsement_facts};
pub use tdx::TdxGuest;
pub use values::{
    ChipId, ComplianceStatus, ReferenceValues, SnpParavisor, Standing, TcbFloor, TdxParavisor, UvmIssuer,
};
