//! `attestry policy eval`: one evaluation over given claims or evidence, with everything it did.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use attestry_api::AttestationType;
use attestry_policy::testing::ClaimList;
use attestry_policy::{Claim, ClaimSet, EvaluationError, Limits, Outcome, Policy};
use serde_json::{Value, json};

use super::explain;
use super::findings::Findings;
use crate::appraisal::{Case, Options};
use crate::failure::{Failure, Verdict};
use crate::input;
use crate::output::{BAD, BOLD, Output, paint, plain};

/// Evaluate a policy over claims or evidence, and see what each rule did
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  attestry policy eval policy.txt --claims claims.json
  echo '{\"x-ms-sgx-is-debuggable\": false}' | attestry policy eval policy.txt --claims -
  attestry policy eval policy.txt --type sgx-enclave --evidence quote.bin \\
      --collateral collateral.json
  attestry policy eval --json policy.txt --claims claims.json | jq .outgoing

Claims are a JSON list of {\"type\", \"value\", \"issuer\"?, \"valueType\"?} with the issuer
AttestationService unless it is given, or an object {type: value | [values]}.
With --json the answer is
  {\"decision\": \"permit\"|\"deny\", \"incoming\", \"outgoing\", \"properties\", \"configuration\",
   \"reason\", \"trace\", \"error\"}")]
pub struct Args {
    /// Policy text; `-` reads stdin
    #[arg(value_name = "FILE")]
    policy: PathBuf,

    /// Claims to evaluate over (JSON); `-` reads stdin
    #[arg(
        long,
        value_name = "FILE",
        required_unless_present = "evidence",
        conflicts_with = "evidence"
    )]
    claims: Option<PathBuf>,

    /// Evidence to verify and evaluate over: raw bytes, hex or base64; `-` reads stdin
    #[arg(long, value_name = "FILE", requires = "kind")]
    evidence: Option<PathBuf>,

    /// What kind of evidence it is: sgx-enclave, open-enclave or tdx-vm
    #[arg(id = "kind", long = "type", value_name = "TYPE", value_parser = input::attestation_type)]
    kind: Option<AttestationType>,

    #[command(flatten)]
    options: Options,
}

pub fn run(args: &Args, output: Output) -> Result<Verdict, Failure> {
    let stdin = Path::new("-");
    let mut others = [&args.claims, &args.evidence].into_iter().flatten();
    if args.policy == stdin && others.any(|other| other == stdin) {
        return Err(Failure::usage(
            "standard input cannot be both the policy and what it is evaluated over",
        ));
    }
    let text = input::read_text(&args.policy)?;
    let policy = match Policy::compile(&text) {
        Ok(policy) => policy,
        Err(found) => {
            let mut findings = Findings::default();
            findings.add(&args.policy.display().to_string(), &text, &found);
            return refused(&not_a_policy(&findings), &findings.text(), &[], output);
        }
    };
    let incoming = match incoming(args)? {
        Ok(incoming) => incoming,
        Err(rejection) => {
            let message = rejection
                .get("message")
                .and_then(Value::as_str)
                .unwrap_or_default();
            let text = format!("{} {}", paint(BAD, "the evidence is rejected:"), plain(message));
            return refused(&rejection, &text, &[], output);
        }
    };
    match evaluate(&policy, incoming.clone()) {
        Ok((configuration, outcome)) => answer(&configuration, &outcome, output),
        Err(error) => {
            let text = format!(
                "{} {}",
                paint(BAD, "the evaluation failed:"),
                plain(&error.to_string())
            );
            let document = json!({"code": "evaluation", "message": error.to_string()});
            refused(&document, &text, incoming.as_slice(), output)
        }
    }
}

/// Claims from a file; or from evidence, which can be rejected.
fn incoming(args: &Args) -> Result<Result<ClaimSet, Value>, Failure> {
    match (&args.claims, &args.evidence, args.kind) {
        (Some(file), _, _) => Ok(Ok(claims(file)?)),
        (None, Some(evidence), Some(kind)) => match Case::read(kind, evidence, &args.options)?.judge() {
            Ok(appraised) => Ok(Ok(appraised.policy_claims())),
            Err(judgement) => Ok(Err(judgement.explain(kind)?)),
        },
        _ => Err(Failure::usage("there is nothing to evaluate over")
            .hint("give claims with --claims, or evidence with --evidence and --type")),
    }
}

fn claims(file: &Path) -> Result<ClaimSet, Failure> {
    let text = input::read_text(file)?;
    let list: ClaimList = serde_json::from_str(&text).map_err(|error| {
        Failure::usage(format!("{} is not a claims file: {error}", input::name(file)))
            .hint("claims are a JSON object {\"type\": value} or a list of {\"type\": ..., \"value\": ...}")
    })?;
    Ok(list.into_vec().into_iter().collect())
}

/// The settings of the verification, and the outcome with its trace.
fn evaluate(policy: &Policy, incoming: ClaimSet) -> Result<(Vec<Claim>, Outcome), EvaluationError> {
    let limits = Limits::default();
    let configuration = policy.configuration(&limits)?;
    let outcome = policy.evaluate_traced(incoming, &limits)?;
    Ok((configuration, outcome))
}

fn answer(configuration: &[Claim], outcome: &Outcome, output: Output) -> Result<Verdict, Failure> {
    let permitted = outcome.decision.is_permit();
    let trace = outcome.trace.as_ref().map(explain::trace_documents);
    let document = json!({
        "decision": if permitted { "permit" } else { "deny" },
        "incoming": explain::claim_documents(&outcome.incoming),
        "outgoing": explain::claim_documents(&outcome.outgoing),
        "properties": explain::claim_documents(&outcome.properties),
        "configuration": explain::claim_documents(configuration),
        "reason": explain::reason_document(&outcome.decision),
        "trace": trace.unwrap_or_default(),
        "error": null,
    });
    output.answer(&document, || {
        let mut text = explain::text(outcome);
        if !configuration.is_empty() {
            let rows = explain::claim_rows(configuration);
            let _ = write!(text, "{}\n{rows}", paint(BOLD, "Configuration"));
        }
        text
    })?;
    Ok(if permitted {
        Verdict::Accepted
    } else {
        Verdict::Refused
    })
}

/// There is no decision, so nothing may be issued.
fn refused(error: &Value, text: &str, incoming: &[Claim], output: Output) -> Result<Verdict, Failure> {
    let document = json!({
        "decision": "deny",
        "incoming": explain::claim_documents(incoming),
        "outgoing": [],
        "properties": [],
        "configuration": [],
        "reason": null,
        "trace": [],
        "error": error,
    });
    output.answer(&document, || text.to_owned())?;
    Ok(Verdict::Refused)
}

fn not_a_policy(findings: &Findings) -> Value {
    json!({
        "code": "not-a-policy",
        "message": "the policy has errors",
        "diagnostics": findings.documents(),
    })
}
