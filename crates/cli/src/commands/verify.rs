//! `attestry verify`: the whole verification offline, from files and a time.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

use attestry_api::AttestationType;
use attestry_evidence::dcap::{
    Appraisal, CollateralDocuments, Quote, QuoteBody, Staleness, TcbStatus, Tee, VerifiedCollateral,
    VerifiedPck, appraise,
};
use attestry_evidence::openenclave;
use attestry_evidence::rejection::Rejected;
use attestry_evidence::time::UnixTime;
use attestry_evidence::x509::TrustAnchors;
use attestry_evidence::{binding, sgx, tdx};
use attestry_service::collateral::{CollateralKey, Edition};
use aws_lc_rs::digest;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::collateral_files::{self, Entry};
use crate::failure::{Failure, Verdict};
use crate::input;
use crate::output::claims::claims;
use crate::output::{BAD, BOLD, CAUTION, GOOD, Output, facts, paint};

/// Verify evidence offline, against collateral from a file
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  attestry verify --type sgx-enclave quote.bin --collateral collateral.json
  attestry verify --type tdx-vm tdquote.bin --collateral ./collateral --at 2026-03-01T00:00:00Z
  attestry verify --type open-enclave evidence.bin --collateral collateral.json \\
      --runtime-data key.pem --accept-tcb UpToDate,SWHardeningNeeded

  # The claims a policy would see:
  attestry verify --json --type sgx-enclave quote.bin --collateral collateral.json | jq .claims

A TCB status alone does not refuse evidence here, unless --accept-tcb leaves it out.
With --json the answer is
  {\"outcome\": \"appraised\"|\"rejected\", \"tcb_status\", \"advisories\", \"claims\", \"warnings\", \"error\"}")]
pub struct Args {
    /// What kind of evidence it is: sgx-enclave, open-enclave or tdx-vm
    #[arg(long = "type", value_name = "TYPE", value_parser = input::attestation_type)]
    kind: AttestationType,

    /// The evidence: raw bytes, hex or base64; `-` reads stdin
    #[arg(value_name = "FILE")]
    evidence: PathBuf,

    /// Collateral: a bundle, a directory, or one JSON file with the nine documents
    #[arg(long, value_name = "PATH")]
    collateral: Option<PathBuf>,

    /// Public key (PEM) of the operator who signed the bundle
    #[arg(long, value_name = "FILE")]
    bundle_key: Option<PathBuf>,

    /// Trust this root certificate (DER or PEM) instead of the built-in ones; may be repeated
    #[arg(long, value_name = "FILE")]
    root: Vec<PathBuf>,

    /// Verify as of this time: RFC 3339 or unix seconds [default: now]
    #[arg(long, value_name = "TIME", value_parser = input::time)]
    at: Option<i64>,

    /// Data whose SHA-256 must be in the evidence's report data
    #[arg(long, value_name = "FILE")]
    runtime_data: Option<PathBuf>,

    /// Data that must have been bound to the evidence when the enclave or guest was made
    #[arg(long, value_name = "FILE")]
    init_time_data: Option<PathBuf>,

    /// TCB statuses to accept, separated by commas; any other refuses the evidence
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = tcb_status)]
    accept_tcb: Vec<TcbStatus>,
}

pub fn run(args: &Args, output: Output) -> Result<Verdict, Failure> {
    let case = Case::read(args)?;
    let report = match case.judge() {
        Ok(appraised) => appraised.report(&args.accept_tcb),
        Err(Judgement::Rejected(rejected)) => Report::rejected(explanation(&rejected)),
        Err(Judgement::OtherTee(found)) => Report::rejected(other_tee(args.kind, found)),
        Err(Judgement::Failed(failure)) => return Err(failure),
    };
    output.answer(&report, || report.text())?;
    Ok(if report.error.is_none() {
        Verdict::Accepted
    } else {
        Verdict::Refused
    })
}

/// Everything that was given, read.
struct Case {
    kind: AttestationType,
    tee: Tee,
    evidence: Vec<u8>,
    collateral: Vec<Entry>,
    anchors: TrustAnchors,
    now: UnixTime,
    runtime_data: Option<Vec<u8>>,
    init_time_data: Option<Vec<u8>>,
}

/// Why there is no appraisal.
enum Judgement {
    Rejected(Rejected),
    OtherTee(Tee),
    Failed(Failure),
}

impl<E: Into<Rejected>> From<E> for Judgement {
    fn from(error: E) -> Self {
        Self::Rejected(error.into())
    }
}

/// An appraisal and what the report needs beside it.
struct Appraised {
    appraisal: Appraisal,
    claims: Map<String, Value>,
    rest_of_report_data_is_set: bool,
}

impl Case {
    fn read(args: &Args) -> Result<Self, Failure> {
        let tee = match args.kind {
            AttestationType::SgxEnclave | AttestationType::OpenEnclave => Tee::Sgx,
            AttestationType::TdxVm => Tee::Tdx,
            other => {
                return Err(Failure::usage(format!(
                    "this release does not verify evidence of type {}",
                    other.command_line_name()
                )));
            }
        };
        let optional = |path: &Option<PathBuf>| path.as_deref().map(input::read).transpose();
        Ok(Self {
            kind: args.kind,
            tee,
            evidence: input::read_evidence(&args.evidence)?,
            collateral: match &args.collateral {
                Some(path) => collateral_files::load(path, args.bundle_key.as_deref())?,
                None => Vec::new(),
            },
            anchors: input::trust_anchors(&args.root)?,
            now: UnixTime::new(args.at.unwrap_or_else(input::now)),
            runtime_data: optional(&args.runtime_data)?,
            init_time_data: optional(&args.init_time_data)?,
        })
    }

    /// Parse, platform, collateral, appraisal, binding: the order in which a service does it.
    fn judge(&self) -> Result<Appraised, Judgement> {
        let quote = self.quote()?;
        if quote.tee() != self.tee {
            return Err(Judgement::OtherTee(quote.tee()));
        }
        let pck = VerifiedPck::verify(&quote.certification_data(), &self.anchors, self.now)?;
        let documents = self.documents_for(&pck).map_err(Judgement::Failed)?;
        let collateral = VerifiedCollateral::verify(
            documents.clone(),
            self.tee,
            &self.anchors,
            self.now,
            Staleness::Strict,
        )?;
        let appraisal = appraise(&quote, &pck, &collateral, self.now, Staleness::Strict)?;
        let rest_of_report_data_is_set = self.bind(&quote)?;
        let claims = self.claims(&appraisal, &collateral);
        Ok(Appraised {
            appraisal,
            claims,
            rest_of_report_data_is_set,
        })
    }

    fn quote(&self) -> Result<Quote<'_>, Rejected> {
        let bytes = match self.kind {
            AttestationType::OpenEnclave => {
                openenclave::Evidence::parse_with_or_without_header(&self.evidence)?.quote()
            }
            _ => &self.evidence,
        };
        Ok(Quote::parse(bytes)?)
    }

    /// The one set that was given, or of several the standard one for this platform.
    fn documents_for(&self, pck: &VerifiedPck) -> Result<&CollateralDocuments, Failure> {
        if let [only] = self.collateral.as_slice() {
            return Ok(&only.documents);
        }
        if self.collateral.is_empty() {
            return Err(Failure::usage("collateral is needed to verify this evidence").hint(
                "give it with --collateral; `attestry collateral fetch --for FILE --out collateral.json` gets it \
                 from the vendor",
            ));
        }
        let wanted = CollateralKey {
            tee: self.tee,
            fmspc: pck.fmspc(),
            ca: pck.ca(),
            edition: Edition::Standard,
        };
        let found = self.collateral.iter().find(|entry| entry.key == Some(wanted));
        found.map(|entry| &entry.documents).ok_or_else(|| {
            Failure::usage(format!(
                "there is no collateral for this platform (`{wanted}`) in what was given"
            ))
        })
    }

    /// Whether bytes of the report data that nothing vouches for are set.
    fn bind(&self, quote: &Quote<'_>) -> Result<bool, Rejected> {
        if let Some(data) = &self.init_time_data {
            match quote.body() {
                QuoteBody::Sgx(report) => {
                    binding::bind_init_time_data_sgx(&report.config_id, report.attributes.kss(), data)?;
                }
                QuoteBody::Tdx(report) => binding::bind_init_time_data_tdx(&report.mrconfigid, data)?,
            }
        }
        match &self.runtime_data {
            Some(data) => Ok(binding::bind_runtime_data(quote.report_data(), data)?.rest_is_set),
            None => Ok(false),
        }
    }

    /// What a token would claim, and what a policy could ask beside it.
    fn claims(&self, appraisal: &Appraisal, collateral: &VerifiedCollateral) -> Map<String, Value> {
        let (token, facts) = match self.tee {
            Tee::Sgx => {
                let mut hash = [0; 32];
                hash.copy_from_slice(digest::digest(&digest::SHA256, &self.evidence).as_ref());
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
        // Names with a dollar sign are older names of claims that are there already.
        facts
            .into_iter()
            .filter(|(name, _)| !name.starts_with('$'))
            .chain(token)
            .collect()
    }
}

impl Appraised {
    fn report(self, accepted: &[TcbStatus]) -> Report {
        let appraisal = &self.appraisal;
        let status = appraisal.status();
        let refused = !accepted.is_empty() && !accepted.contains(&status);
        let mut warnings: Vec<String> = appraisal.warnings().iter().map(ToString::to_string).collect();
        if self.rest_of_report_data_is_set {
            warnings.push("the second half of the report data is set, and nothing vouches for it".to_owned());
        }
        Report {
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
            claims: self.claims,
            warnings,
        }
    }
}

fn explanation(rejected: &Rejected) -> Value {
    let mut explanation = json!(rejected.explain());
    if let Some(members) = explanation.as_object_mut() {
        members.insert("message".to_owned(), json!(rejected.to_string()));
    }
    explanation
}

fn other_tee(kind: AttestationType, found: Tee) -> Value {
    let (what, other) = match found {
        Tee::Sgx => ("an SGX quote", AttestationType::SgxEnclave),
        Tee::Tdx => ("a TDX quote", AttestationType::TdxVm),
    };
    json!({
        "stage": "parse",
        "code": "other_tee",
        "field": "quote.header.tee_type",
        "expected": kind.command_line_name(),
        "found": other.command_line_name(),
        "hint": format!("try --type {}", other.command_line_name()),
        "message": format!("this is {what}, not evidence of type {}", kind.command_line_name()),
    })
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
            outcome: "rejected",
            tcb_status: None,
            advisories: BTreeSet::new(),
            claims: Map::new(),
            warnings: Vec::new(),
            error: Some(error),
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
            (None, Some("UpToDate")) => format!("{} TCB status UpToDate", paint(GOOD, "appraised:")),
            (None, status) => format!(
                "{} TCB status {}",
                paint(CAUTION, "appraised:"),
                status.unwrap_or_default()
            ),
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
