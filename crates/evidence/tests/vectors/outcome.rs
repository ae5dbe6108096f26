//! What this crate and the recorded verifiers say of a vector, in a form that can be compared.

use std::collections::BTreeSet;
use std::fmt;

use attestry_evidence::dcap::{
    Appraisal, CollateralDocuments, Quote, Staleness, VerifiedCollateral, VerifiedPck, appraise,
};
use attestry_evidence::rejection::Rejected;
use attestry_evidence::time::UnixTime;
use attestry_evidence::x509::TrustAnchors;
use serde_json::Value;

use crate::pool::Vector;

/// A verdict on a piece of evidence.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// Refused, for whatever reason.
    Refused,
    /// Accepted with this TCB status.
    Status(String),
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused => f.write_str("refused"),
            Self::Status(status) => f.write_str(status),
        }
    }
}

/// Appraises the vector's quote with its collateral at its time, under its root or Intel's.
pub fn appraisal(vector: &Vector) -> Result<Appraisal, Rejected> {
    let now = verify_time(vector);
    let anchors = anchors(vector);
    let quote = Quote::parse(&vector.quote)?;
    let documents = CollateralDocuments::from_json(&vector.file("collateral.json").unwrap())?;
    let collateral = VerifiedCollateral::verify(documents, quote.tee(), &anchors, now, Staleness::Strict)?;
    let pck = VerifiedPck::verify(&quote.certification_data(), &anchors, now)?;
    appraise(&quote, &pck, &collateral, now, Staleness::Strict)
}

/// When the vector is to be verified.
pub fn verify_time(vector: &Vector) -> UnixTime {
    UnixTime::new(vector.known("verify_time").as_i64().unwrap())
}

/// The root the vector is to be verified under.
pub fn anchors(vector: &Vector) -> TrustAnchors {
    match vector.known("root").as_str().unwrap() {
        "intel-sgx-root-ca" => TrustAnchors::intel(),
        file => TrustAnchors::from_certificates(&[vector.file(file).unwrap()]).unwrap(),
    }
}

/// This crate's outcome.
pub fn ours(result: &Result<Appraisal, Rejected>) -> Outcome {
    result.as_ref().map_or(Outcome::Refused, |appraisal| {
        Outcome::Status(appraisal.status().name().to_owned())
    })
}

/// The outcome of a recorded run of dcap-qvl, with its advisories.
pub fn dcap_qvl(run: &Value) -> (Outcome, BTreeSet<String>) {
    if run["ok"] == false {
        return (Outcome::Refused, BTreeSet::new());
    }
    let advisories = run["advisory_ids"]
        .as_array()
        .unwrap()
        .iter()
        .map(|id| id.as_str().unwrap().to_owned());
    (
        Outcome::Status(run["status"].as_str().unwrap().to_owned()),
        advisories.collect(),
    )
}

/// The outcome of a recorded run of Intel's library: the statuses of its four calls become one.
pub fn intel_qvl(run: &Value) -> Outcome {
    let accepted = ["pck", "tcb", "qeid"].iter().all(|call| run[call] == "STATUS_OK");
    let status = match run["quote"].as_str().unwrap() {
        _ if !accepted => return Outcome::Refused,
        "STATUS_OK" => "UpToDate",
        "STATUS_TCB_SW_HARDENING_NEEDED" => "SWHardeningNeeded",
        "STATUS_TCB_CONFIGURATION_NEEDED" => "ConfigurationNeeded",
        "STATUS_TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED" => "ConfigurationAndSWHardeningNeeded",
        "STATUS_TCB_OUT_OF_DATE" => "OutOfDate",
        "STATUS_TCB_OUT_OF_DATE_CONFIGURATION_NEEDED" => "OutOfDateConfigurationNeeded",
        "STATUS_TCB_TD_RELAUNCH_ADVISED" => "TDRelaunchAdvised",
        "STATUS_TCB_TD_RELAUNCH_ADVISED_CONFIGURATION_NEEDED" => "TDRelaunchAdvisedConfigurationNeeded",
        "STATUS_TCB_REVOKED" => "Revoked",
        _ => return Outcome::Refused,
    };
    Outcome::Status(status.to_owned())
}
