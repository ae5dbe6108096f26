//! Alarms: fresh documents that are worse than those held.

use std::fmt;

use attestry_evidence::dcap::VerifiedCollateral;
use attestry_evidence::time::UnixTime;
use serde::Serialize;

use crate::store::CollateralRecord;

/// The numbers of a set that must never decrease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Floor {
    tcb_info: u32,
    qe_identity: u32,
    pck_crl: u64,
    root_crl: u64,
}

/// Which number became lower.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Regression {
    /// `tcb_info.tcbEvaluationDataNumber`, `qe_identity.tcbEvaluationDataNumber`, `pck_crl.crlNumber` or
    /// `root_ca_crl.crlNumber`.
    pub field: &'static str,
    /// The number held.
    pub held: String,
    /// The lower number offered.
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

impl Floor {
    pub(super) fn of(collateral: &VerifiedCollateral) -> Self {
        Self {
            tcb_info: collateral.tcb_info_evaluation_number(),
            qe_identity: collateral.qe_identity_evaluation_number(),
            pck_crl: collateral.pck_crl_number(),
            root_crl: collateral.root_crl_number(),
        }
    }

    pub(super) fn of_record(record: &CollateralRecord) -> Self {
        Self {
            tcb_info: record.tcb_info_evaluation_number,
            qe_identity: record.qe_identity_evaluation_number,
            pck_crl: record.pck_crl_number,
            root_crl: record.root_crl_number,
        }
    }

    /// The first number that is lower in `offered` than here.
    pub(super) fn regression(&self, offered: &Self) -> Option<Regression> {
        lower(
            "tcb_info.tcbEvaluationDataNumber",
            self.tcb_info,
            offered.tcb_info,
        )
        .or_else(|| {
            lower(
                "qe_identity.tcbEvaluationDataNumber",
                self.qe_identity,
                offered.qe_identity,
            )
        })
        .or_else(|| lower("pck_crl.crlNumber", self.pck_crl, offered.pck_crl))
        .or_else(|| lower("root_ca_crl.crlNumber", self.root_crl, offered.root_crl))
    }
}

fn lower<T: Ord + Copy + fmt::Display>(field: &'static str, held: T, offered: T) -> Option<Regression> {
    (offered < held).then(|| Regression {
        field,
        held: held.to_string(),
        offered: offered.to_string(),
    })
}
