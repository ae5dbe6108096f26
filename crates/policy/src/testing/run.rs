//! Running a test file over a policy text.

use super::compare::{Difference, configuration_differences, differences};
use super::coverage::Coverage;
use super::suite::{Case, EvidenceFiles, Suite};
use crate::claim::{Claim, ClaimSet};
use crate::diagnostic::Diagnostic;
use crate::eval::EvaluationError;
use crate::limits::Limits;
use crate::outcome::Outcome;
use crate::policy::Policy;

/// Turns the evidence of a case into claims, which takes files and a verifier.
pub trait EvidenceClaims {
    /// The claims of `evidence`, or one line that says why there are none.
    fn claims(&self, evidence: &EvidenceFiles) -> Result<ClaimSet, String>;
}

/// For callers that run cases with claims only: a case with evidence fails.
#[derive(Clone, Copy, Debug)]
pub struct NoEvidence;

impl EvidenceClaims for NoEvidence {
    fn claims(&self, _: &EvidenceFiles) -> Result<ClaimSet, String> {
        Err("evidence is not read here; give the case claims".to_owned())
    }
}

/// What came of a test file.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Report {
    /// Where the policy's settings are not those expected; empty when they are, or none are expected.
    pub configuration: Vec<Difference>,
    /// One entry for each case, in the order of the file.
    pub cases: Vec<CaseReport>,
    /// Which rules the cases reached.
    pub coverage: Coverage,
}

impl Report {
    /// Whether everything was as expected.
    pub fn passed(&self) -> bool {
        self.configuration.is_empty() && self.cases.iter().all(CaseReport::passed)
    }

    /// How many cases were not as expected.
    pub fn failures(&self) -> usize {
        self.cases.iter().filter(|case| !case.passed()).count()
    }
}

/// What came of one case.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct CaseReport {
    /// The case's name.
    pub name: String,
    /// Where it is not as expected.
    pub differences: Vec<Difference>,
    /// The evaluation with its trace, when there was one.
    pub outcome: Option<Result<Outcome, EvaluationError>>,
}

impl CaseReport {
    /// Whether everything was as expected.
    pub fn passed(&self) -> bool {
        self.differences.is_empty()
    }
}

/// Evaluates `policy` once for each case. A policy that does not compile gives its findings.
pub fn run(
    policy: &str,
    suite: &Suite,
    limits: &Limits,
    evidence: &impl EvidenceClaims,
) -> Result<Report, Vec<Diagnostic>> {
    let compiled = Policy::compile_within(policy, limits)?;
    let mut coverage = Coverage::of(policy, limits);
    let settings = compiled.configuration(limits);
    let mut cases = Vec::with_capacity(suite.cases.len());
    for case in &suite.cases {
        let outcome = match incoming(suite, case, evidence) {
            // Configuration rules come first, so their error is that of every case.
            Ok(claims) => match &settings {
                Ok(_) => Ok(compiled.evaluate_traced(claims, limits)),
                Err(error) => Ok(Err(error.clone())),
            },
            Err(message) => Err(Difference::Evidence { message }),
        };
        cases.push(match outcome {
            Ok(outcome) => {
                if let Some(trace) = outcome.as_ref().ok().and_then(|outcome| outcome.trace.as_ref()) {
                    coverage.note(trace);
                }
                CaseReport {
                    name: case.name.clone(),
                    differences: differences(&case.expect, &outcome),
                    outcome: Some(outcome),
                }
            }
            Err(difference) => CaseReport {
                name: case.name.clone(),
                differences: vec![difference],
                outcome: None,
            },
        });
    }
    Ok(Report {
        configuration: configuration_differences(suite.configuration.as_ref(), &settings),
        cases,
        coverage,
    })
}

/// The claims that a case gives to the policy: those of its evidence, then the file's, then its own, each
/// replacing those of the same types; at last without the types that it is to be without.
pub fn incoming(suite: &Suite, case: &Case, evidence: &impl EvidenceClaims) -> Result<ClaimSet, String> {
    let mut claims: Vec<Claim> = match &case.evidence {
        Some(files) => evidence.claims(files)?.into_vec(),
        None => Vec::new(),
    };
    for list in [&suite.claims, &case.claims] {
        let replacing = list.as_slice();
        claims.retain(|claim| !replacing.iter().any(|new| new.claim_type == claim.claim_type));
        claims.extend_from_slice(replacing);
    }
    claims.retain(|claim| !case.without.iter().any(|name| **name == *claim.claim_type));
    Ok(ClaimSet::from_iter(claims))
}
