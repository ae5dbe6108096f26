//! Tests of policies: what a test file says, running it, and how much of the policy it reached. Owns the
//! model of test files and the comparison; must not know files, evidence or the format the model is read from
//! (any that `serde` reads; the documented one is TOML).
//!
//! ```
//! use attestry_policy::Limits;
//! use attestry_policy::testing::{NoEvidence, Suite, run};
//!
//! let suite: Suite = serde_json::from_str(r#"{
//!     "case": [
//!         {"name": "a release build", "claims": {"x-ms-sgx-is-debuggable": false}, "expect": "permit"},
//!         {"name": "a debug build", "claims": {"x-ms-sgx-is-debuggable": true}, "expect": "deny"}
//!     ]
//! }"#).unwrap();
//! let policy = r#"version=1.0;
//! authorizationrules { [type=="x-ms-sgx-is-debuggable", value==false] => permit(); };
//! issuancerules {};"#;
//! let report = run(policy, &suite, &Limits::default(), &NoEvidence).unwrap();
//! assert!(report.passed());
//! assert_eq!(report.coverage.percent(), 100);
//! ```

mod claims;
mod compare;
mod coverage;
mod run;
mod suite;

#[cfg(test)]
mod tests;

pub use claims::{ClaimList, ClaimListError, ExpectedClaims, ExpectedValue};
pub use compare::{Difference, IssuedTo};
pub use coverage::{ConditionCoverage, Coverage, RuleCoverage};
pub use run::{CaseReport, EvidenceClaims, NoEvidence, Report, incoming, run};
pub use suite::{
    CASES, Case, Decided, EvidenceFiles, Expect, ExpectedDenial, ExpectedPermit, SUITE_BYTES, Suite,
    SuiteError,
};
