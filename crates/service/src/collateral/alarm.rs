//! Alarms: fresh documents that are worse than those held.

use std::fmt;

use attestry_evidence::time::UnixTime;
use serde::Serialize;

/// What became worse.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Regression {
    /// `tcb_info.tcbEvaluationDataNumber`, `qe_identity.tcbEvaluationDataNumber`, `pck_crl.crlNumber` or
    /// `root_ca_crl.crlNumber`; `root_ca` when the documents descend from another root.
    pub field: &'static str,
    /// What is held, or was taken before.
    pub held: String,
    /// What was offered.
    pub offered: String,
}

impl fmt::Display for Regression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} after {}", self.field, self.offered, self.held)
    }
}

/// The last refusal of fresh documents for a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Alarm {
    /// When.
    #[serde(serialize_with = "super::status::rfc3339")]
    pub raised_at: UnixTime,
    /// The source that gave them.
    pub source: String,
    /// Why they were refused.
    pub reason: String,
}
