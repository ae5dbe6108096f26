//! `innererror`: why a request got no token, in as much detail as the provider allows.

use attestry_api::{error::InnerError, request::RequestError};
use attestry_evidence::{
    dcap::AppraisalError,
    rejection::{Explanation, Rejected},
};
use attestry_policy::{Claim, Diagnostic, RuleEffect, RuleTrace, Trace, Value as PolicyValue};
use serde_json::{Map, Value, json};

use crate::{
    attest::{AttestError, Denial, TcbRefusal, shortfall_details},
    provider::{ExplainLevel, PolicyError},
};

/// The explanation of an error; `None` where code and message say everything or the provider explains nothing.
pub(super) fn of(error: &AttestError, level: ExplainLevel) -> Option<InnerError> {
    if level == ExplainLevel::None {
        return None;
    }
    match error {
        AttestError::Request(request) => Some(of_request(request)),
        AttestError::OtherTee { expected, found, .. } => Some(InnerError {
            hint: Some("post the evidence to the path of its own type".to_owned()),
            ..facts(
                "parse",
                "other_tee",
                "quote.header.tee_type",
                expected.name(),
                found.name(),
            )
        }),
        AttestError::Rejected(rejected) => Some(InnerError {
            details: appraisal_details(rejected),
            ..of_rejection(rejected.explain())
        }),
        AttestError::Collateral(unavailable) => Some(of_rejection(unavailable.explain())),
        AttestError::Vek(cause) => Some(InnerError {
            field: Some("report.VcekCertChain".to_owned()),
            ..in_stage("collateral", cause.code())
        }),
        AttestError::CollateralLate { .. } => Some(InnerError {
            hint: Some("try again; the documents are still being fetched".to_owned()),
            ..in_stage("collateral", "collateral_late")
        }),
        AttestError::TcbStatus(refusal) => Some(of_tcb(refusal)),
        AttestError::DraftPolicy(policy) => Some(of_draft(policy)),
        AttestError::Denied(denial) => Some(of_denial(denial, level)),
        AttestError::Evaluation(cause) => Some(InnerError {
            message: cause.to_string(),
            ..in_stage("policy", "evaluation_failed")
        }),
        AttestError::UnknownBaseline { identifier } => Some(InnerError {
            hint: Some(
                "use `azuredefault`, a TCB evaluation number, or an identifier of this service".to_owned(),
            ),
            ..facts(
                "policy",
                "unknown_baseline",
                "x-ms-sgx-tcbidentifier",
                "a known baseline",
                identifier,
            )
        }),
        AttestError::UnusablePolicy(policy) => Some(InnerError {
            hint: Some("set a policy that compiles and passes the provider's tests".to_owned()),
            details: findings(policy),
            ..in_stage("policy", "policy_unusable")
        }),
        AttestError::NoPolicy { .. } => Some(in_stage("policy", "no_policy")),
        AttestError::UntrustedPolicy { .. } => Some(InnerError {
            hint: Some("set a policy signed by a policy signing certificate of this provider".to_owned()),
            ..in_stage("policy", "policy_signer_not_trusted")
        }),
        AttestError::Pool(_) | AttestError::Token(_) => None,
    }
}

fn in_stage(stage: &str, code: &str) -> InnerError {
    InnerError {
        stage: Some(stage.to_owned()),
        code: code.to_owned(),
        ..InnerError::default()
    }
}

fn facts(stage: &str, code: &str, field: &str, expected: &str, found: &str) -> InnerError {
    InnerError {
        field: Some(field.to_owned()),
        expected: Some(expected.to_owned()),
        found: Some(found.to_owned()),
        ..in_stage(stage, code)
    }
}

fn of_request(error: &RequestError) -> InnerError {
    let field = Some(error.member().to_owned()).filter(|member| !member.is_empty());
    InnerError {
        field,
        ..in_stage("request", error.code())
    }
}

fn of_rejection(explanation: Explanation) -> InnerError {
    let stage = serde_json::to_value(explanation.stage).ok();
    InnerError {
        stage: stage.and_then(|stage| stage.as_str().map(str::to_owned)),
        code: explanation.code.to_owned(),
        field: Some(explanation.field),
        expected: Some(explanation.expected),
        found: Some(explanation.found),
        hint: Some(explanation.hint),
        ..InnerError::default()
    }
}

/// What a platform below every level, or at a revoked one, is told beyond the sentence.
fn appraisal_details(rejected: &Rejected) -> Map<String, Value> {
    match rejected {
        Rejected::Appraisal(AppraisalError::TcbNotSupported { shortfalls, .. }) => {
            shortfall_details(shortfalls)
        }
        Rejected::Appraisal(AppraisalError::TcbRevoked {
            tcb_date, advisories, ..
        }) => Map::from_iter([
            ("tcbDate".to_owned(), tcb_date.to_string().into()),
            ("advisories".to_owned(), advisories.iter().cloned().collect()),
        ]),
        _ => Map::new(),
    }
}

fn of_tcb(refusal: &TcbRefusal) -> InnerError {
    let accepted: Vec<_> = refusal.accepted.iter().map(|status| status.name()).collect();
    InnerError {
        hint: Some(refusal.hint()),
        details: refusal.details(),
        ..facts(
            "appraisal",
            "tcb_status_not_accepted",
            "tcb_status",
            &accepted.join(", "),
            refusal.status.name(),
        )
    }
}

fn of_draft(error: &PolicyError) -> InnerError {
    InnerError {
        field: Some("draftPolicyForAttestation".to_owned()),
        ..of_policy(error)
    }
}

/// Why a policy was not accepted, with every finding in its text.
pub(super) fn of_policy(error: &PolicyError) -> InnerError {
    let code = match error {
        PolicyError::NotAccepted(_) => "policy_tests_failed",
        _ => "policy_not_compiled",
    };
    InnerError {
        details: findings(error),
        ..in_stage("policy", code)
    }
}

fn findings(error: &PolicyError) -> Map<String, Value> {
    let findings = match error {
        PolicyError::Text(findings) => findings.iter().map(of_finding).collect(),
        _ => Vec::new(),
    };
    Map::from_iter([("diagnostics".to_owned(), Value::Array(findings))])
}

/// A finding in the text of a policy.
pub(super) fn of_finding(finding: &Diagnostic) -> Value {
    json!({
        "code": finding.code, "line": finding.line, "column": finding.column,
        "message": finding.message, "help": finding.help, "severity": finding.severity.to_string(),
    })
}

/// `reason`: which rule, and what it missed. `full`: also the claims the policy saw and each rule's effect.
fn of_denial(denial: &Denial, level: ExplainLevel) -> InnerError {
    let mut details = Map::new();
    if level == ExplainLevel::Full {
        details.insert(
            "claims".to_owned(),
            denial.incoming.iter().map(of_claim).collect(),
        );
        if let Some(trace) = &denial.trace {
            details.insert("trace".to_owned(), of_trace(trace));
        }
    }
    let changes = denial.reason.changes();
    details.insert("changes".to_owned(), changes.iter().cloned().collect());
    InnerError {
        message: denial.reason.to_string(),
        hint: Some(match changes.as_slice() {
            [] => "send evidence that the policy permits, or change the policy".to_owned(),
            changes => format!("to be permitted: {}", changes.join("; ")),
        }),
        details,
        ..in_stage("policy", "denied")
    }
}

fn of_claim(claim: &Claim) -> Value {
    let value = match &claim.value {
        PolicyValue::Boolean(value) => json!(value),
        PolicyValue::Integer(value) => json!(value),
        PolicyValue::String(value) => json!(shortened(value)),
    };
    json!({ "type": shortened(&claim.claim_type), "value": value, "issuer": claim.issuer.name() })
}

/// Event logs are claims too; their beginning tells them apart, and the sender has the rest.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARACTERS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// Characters of a claim's text in an explanation: every digest, key and identifier fits.
const SHOWN_CHARACTERS: usize = 1024;

fn of_trace(trace: &Trace) -> Value {
    trace.rules.iter().take(RULES_SHOWN).map(of_rule).collect()
}

/// Rules of a trace in an explanation, the first ones; policies have some tens.
const RULES_SHOWN: usize = 512;

fn of_rule(rule: &RuleTrace) -> Value {
    let (fired, because): (bool, Vec<String>) = match &rule.effect {
        RuleEffect::Missed { misses, .. } => (false, misses.iter().map(ToString::to_string).collect()),
        _ => (true, Vec::new()),
    };
    json!({
        "rule": rule.rule.to_string(), "line": rule.rule.position.line, "action": rule.action.to_string(),
        "fired": fired, "because": because,
        "calls": rule.calls.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}
