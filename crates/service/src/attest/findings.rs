//! What evidence that stands gives: claims for the token, facts for the policy, and what a relying party should be
//! told beside them. Which of it reaches a token is decided with the provider's settings.

use std::sync::Arc;

use attestry_api::claim;
use attestry_evidence::{
    azure::uvm::UvmEndorsement,
    claims::Claims,
    dcap::{self, Tee, VerifiedCollateral},
    reference::{Endorsement, Match, endorsement_facts},
    sgx,
    snp::{self, ClaimProfile},
    tdx,
};
use aws_lc_rs::digest;
use serde_json::{Map, Value};

/// What was found out about evidence.
#[derive(Debug, Clone, PartialEq)]
pub struct Findings {
    /// Claims that MAA's tokens carry.
    pub claims: Map<String, Value>,
    /// Facts that policies can judge and MAA's tokens do not carry.
    pub facts: Claims,
    /// Rules that were relaxed, which every relying party must know.
    pub relaxed: Vec<String>,
    /// What else is worth knowing, for those who asked for it.
    pub remarks: Vec<String>,
    /// TCB status as appraised; empty for evidence without Intel's TCB levels.
    pub tcb_status: &'static str,
}

impl Findings {
    /// Of an appraised quote. `evidence` is what was posted, the wrapping of Open Enclave included.
    pub fn of_quote(appraisal: &dcap::Appraisal, collateral: &VerifiedCollateral, evidence: &[u8]) -> Self {
        let (claims, facts) = match appraisal.tee() {
            Tee::Sgx => {
                let mut hash = [0; 32];
                hash.copy_from_slice(digest::digest(&digest::SHA256, evidence).as_ref());
                (
                    sgx::claims::token_claims(appraisal, hash, collateral.hashes()),
                    sgx::claims::policy_facts(appraisal),
                )
            }
            Tee::Tdx => (
                tdx::claims::token_claims(appraisal),
                tdx::claims::policy_facts(appraisal),
            ),
        };
        let is_relaxed = |warning: &&dcap::Warning| matches!(warning, dcap::Warning::StaleCollateral { .. });
        let (relaxed, remarks): (Vec<_>, Vec<_>) = appraisal.warnings().iter().partition(is_relaxed);
        Self {
            claims: claims.into_iter().collect(),
            facts,
            relaxed: relaxed.iter().map(ToString::to_string).collect(),
            remarks: remarks.iter().map(ToString::to_string).collect(),
            tcb_status: appraisal.status().name(),
        }
    }

    /// Of an appraised SNP report.
    pub fn of_report(appraisal: &snp::Appraisal, profile: ClaimProfile) -> Self {
        // Without a list nothing was relaxed: lists are not always to be had.
        let is_remark = |warning: &&snp::Warning| matches!(warning, snp::Warning::NoCrl { .. });
        let (remarks, relaxed): (Vec<_>, Vec<_>) = appraisal.warnings().iter().partition(is_remark);
        Self {
            claims: snp::token_claims(appraisal, profile).into_iter().collect(),
            facts: snp::policy_facts(appraisal, profile),
            relaxed: relaxed.iter().map(ToString::to_string).collect(),
            remarks: remarks.iter().map(ToString::to_string).collect(),
            tcb_status: "",
        }
    }

    /// Adds what verified endorsements say of the measurement in a report, and when they were signed if that is not
    /// proved.
    pub fn endorsed(&mut self, appraisal: &snp::Appraisal, endorsements: &[Arc<UvmEndorsement>]) {
        let stated: Vec<Endorsement<'_>> = endorsements.iter().map(|verified| (&**verified).into()).collect();
        self.facts.extend(endorsement_facts(appraisal.body(), &stated));
        for endorsement in endorsements {
            let time = endorsement.signing_time();
            match time.warning() {
                Some(warning) if time.is_relaxed() => self.relaxed.push(warning),
                Some(warning) => self.warn(warning),
                None => {}
            }
        }
    }

    /// Adds how the guest compares with an operator's reference values. They come after the other facts: what is
    /// compared is what was verified.
    pub fn compared(&mut self, outcome: &Match<'_>) {
        self.claims.extend(outcome.token_claims());
        self.facts.extend(outcome.policy_facts());
        if let Some(warning) = outcome.warning() {
            self.warn(warning.to_string());
        }
    }

    /// A warning for policies, and for those who asked for extensions.
    fn warn(&mut self, warning: String) {
        if let Some(Value::Array(warnings)) = self.facts.get_mut(claim::WARNINGS) {
            warnings.push(warning.as_str().into());
        }
        self.remarks.push(warning);
    }
}
