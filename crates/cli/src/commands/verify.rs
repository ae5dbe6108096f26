//! `attestry verify`: the whole verification offline, from files and a time.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

use attestry_api::AttestationType;
use attestry_evidence::dcap::{Appraisal, TcbStatus};
use attestry_service::attest::Findings;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::appraisal::{Appraised, Case, Options};
use crate::failure::{Failure, Verdict};
use crate::input;
use crate::output::claims::claims;
use crate::output::{BAD, BOLD, CAUTION, GOOD, Output, facts, paint};

/// Verify evidence offline, against collateral from files
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  attestry verify --type sgx-enclave quote.bin --collateral collateral.json
  attestry verify --type tdx-vm tdquote.bin --collateral ./collateral --at 2026-03-01T00:00:00Z
  attestry verify --type open-enclave evidence.bin --collateral collateral.json \\
      --runtime-data key.pem --accept-tcb UpToDate,SWHardeningNeeded

  # SEV-SNP, with the certificate beside the report, or in the JSON that is posted:
  attestry verify --type sev-snp-vm report.bin --vek vcek.pem
  attestry verify --type sev-snp-vm report.json --runtime-data runtime.json --crl milan.crl

  # The claims a policy would see:
  attestry verify --json --type sgx-enclave quote.bin --collateral collateral.json | jq .claims

A TCB status alone does not refuse evidence here, unless --accept-tcb leaves it out.
With --json the answer is
  {\"outcome\": \"appraised\"|\"rejected\", \"tcb_status\", \"advisories\", \"claims\", \"warnings\", \"error\"}")]
pub struct Args {
    /// What kind of evidence it is: sgx-enclave, open-enclave, tdx-vm or sev-snp-vm
    #[arg(long = "type", value_name = "TYPE", value_parser = input::attestation_type)]
    kind: AttestationType,

    /// The evidence: raw bytes, hex or base64; `-` reads stdin
    #[arg(value_name = "FILE")]
    evidence: PathBuf,

    #[command(flatten)]
    options: Options,

    /// TCB statuses to accept, separated by commas; any other refuses the evidence
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = tcb_status)]
    accept_tcb: Vec<TcbStatus>,
}

pub fn run(args: &Args, output: Output) -> Result<Verdict, Failure> {
    if args.kind == AttestationType::SevSnpVm && !args.accept_tcb.is_empty() {
        return Err(Failure::usage("--accept-tcb is for quotes of SGX and TDX").hint(
            "SNP reports have no TCB status; a policy or reference values say which versions are good enough",
        ));
    }
    let case = Case::read(args.kind, &args.evidence, &args.options)?;
    let report = match case.judge() {
        Ok(appraised) => Report::of(appraised, &args.accept_tcb),
        Err(judgement) => Report::rejected(judgement.explain(args.kind)?),
    };
    output.answer(&report, || report.text())?;
    Ok(if report.error.is_none() {
        Verdict::Accepted
    } else {
        Verdict::Refused
    })
}

impl Report {
    fn of(appraised: Appraised, accepted: &[TcbStatus]) -> Self {
        let claims = appraised.claims();
        let Findings {
            relaxed: mut warnings,
            remarks,
            ..
        } = appraised.findings;
        warnings.extend(remarks);
        let Some(appraisal) = &appraised.quote else {
            return Self {
                outcome: "appraised",
                claims,
                warnings,
                ..Self::empty()
            };
        };
        let status = appraisal.status();
        let refused = !accepted.is_empty() && !accepted.contains(&status);
        Self {
            outcome: if refused { "rejected" } else { "appraised" },
            tcb_status: Some(status.name()),
            advisories: appraisal.advisories().clone(),
            error: refused.then(|| tcb_refusal(appraisal, accepted)),
            shortfalls: appraisal
                .shortfalls()
                .iter()
                .map(|short| {
                    format!(
                        "{}: SVN {}, {} is needed",
                        short.component, short.found, short.needed
                    )
                })
                .collect(),
            tcb_date: Some(appraisal.tcb_date().to_string()),
            claims,
            warnings,
        }
    }
}

fn tcb_refusal(appraisal: &Appraisal, accepted: &[TcbStatus]) -> Value {
    let names: Vec<&str> = accepted.iter().map(|status| status.name()).collect();
    json!({
        "stage": "appraisal",
        "code": "tcb_status_not_accepted",
        "field": "tcb_status",
        "expected": names.join(", "),
        "found": appraisal.status().name(),
        "hint": "update the platform, or accept the status with --accept-tcb",
    })
}

/// The answer; its members are a promise to scripts.
#[derive(Serialize)]
struct Report {
    outcome: &'static str,
    tcb_status: Option<&'static str>,
    advisories: BTreeSet<String>,
    claims: Map<String, Value>,
    warnings: Vec<String>,
    error: Option<Value>,
    tcb_date: Option<String>,
    shortfalls: Vec<String>,
}

impl Report {
    fn rejected(error: Value) -> Self {
        Self {
            error: Some(error),
            ..Self::empty()
        }
    }

    fn empty() -> Self {
        Self {
            outcome: "rejected",
            tcb_status: None,
            advisories: BTreeSet::new(),
            claims: Map::new(),
            warnings: Vec::new(),
            error: None,
            tcb_date: None,
            shortfalls: Vec::new(),
        }
    }

    fn text(&self) -> String {
        let mut text = self.headline();
        text.push('\n');
        text.push_str(&facts(self.rows()));
        for warning in &self.warnings {
            let _ = writeln!(text, "{} {warning}", paint(CAUTION, "warning:"));
        }
        if !self.claims.is_empty() {
            let _ = write!(text, "{}\n{}", paint(BOLD, "Claims"), claims(&self.claims));
        }
        text
    }

    fn headline(&self) -> String {
        match (&self.error, self.tcb_status) {
            (Some(error), _) => {
                let told = error.get("message").and_then(Value::as_str);
                format!(
                    "{} {}",
                    paint(BAD, "rejected:"),
                    told.unwrap_or("the TCB status is not among the accepted ones")
                )
            }
            (None, None) => format!("{} the report is genuine", paint(GOOD, "appraised:")),
            (None, Some("UpToDate")) => format!("{} TCB status UpToDate", paint(GOOD, "appraised:")),
            (None, Some(status)) => format!("{} TCB status {status}", paint(CAUTION, "appraised:")),
        }
    }

    fn rows(&self) -> Vec<(&str, String)> {
        let mut rows = Vec::new();
        for name in ["stage", "code", "field", "expected", "found", "hint"] {
            let value = self
                .error
                .as_ref()
                .and_then(|error| error.get(name))
                .and_then(Value::as_str);
            rows.extend(
                value
                    .filter(|text| !text.is_empty())
                    .map(|text| (name, text.to_owned())),
            );
        }
        rows.extend(self.tcb_date.iter().map(|date| ("TCB date", date.clone())));
        if !self.advisories.is_empty() {
            let list: Vec<&str> = self.advisories.iter().map(String::as_str).collect();
            rows.push(("advisories", list.join(", ")));
        }
        rows.extend(self.shortfalls.iter().map(|short| ("too low", short.clone())));
        rows
    }
}

fn tcb_status(text: &str) -> Result<TcbStatus, String> {
    TcbStatus::ALL
        .into_iter()
        .find(|status| status.name().eq_ignore_ascii_case(text))
        .ok_or_else(|| {
            let names: Vec<&str> = TcbStatus::ALL.iter().map(|status| status.name()).collect();
            format!("expected some of {}", names.join(", "))
        })
}
