//! Evidence from files, appraised offline: what `verify` reports and what policies are evaluated over.

mod quote;
mod snp;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use attestry_api::AttestationType;
use attestry_evidence::azure::uvm::UvmEndorsement;
use attestry_evidence::binding;
use attestry_evidence::dcap::{Appraisal, Tee};
use attestry_evidence::rejection::Rejected;
use attestry_evidence::time::UnixTime;
use attestry_policy::ClaimSet;
use attestry_service::attest::{Findings, policy_claims};
use serde_json::{Map, Value, json};

use self::quote::QuoteCase;
use self::snp::SnpCase;
pub(crate) use self::snp::snp_report;
use crate::failure::Failure;
use crate::input;

/// What evidence is verified with.
#[derive(Debug, Default, clap::Args)]
pub struct Options {
    /// Collateral: a bundle, a directory, or one JSON file with the nine documents, for quotes
    #[arg(long, value_name = "PATH")]
    pub collateral: Option<PathBuf>,

    /// Public key (PEM) of the operator who signed the bundle
    #[arg(long, value_name = "FILE")]
    pub bundle_key: Option<PathBuf>,

    /// Trust this root certificate (DER or PEM) instead of the built-in ones; may be repeated
    #[arg(long, value_name = "FILE")]
    pub root: Vec<PathBuf>,

    /// Certificate of the key that signed an SNP report (DER, PEM or the JSON of Azure's THIM), where the evidence does
    /// not bring it
    #[arg(long, value_name = "FILE")]
    pub vek: Option<PathBuf>,

    /// With --root, for SNP reports: trust this authority below it (ASK or ASVK); may be repeated
    #[arg(long, value_name = "FILE", requires = "root")]
    pub intermediate: Vec<PathBuf>,

    /// Revocation list of AMD's for SNP reports (DER or PEM), which must then be current; may be repeated
    #[arg(long, value_name = "FILE")]
    pub crl: Vec<PathBuf>,

    /// Root of those who endorse utility VMs (DER or PEM), besides Microsoft's; may be repeated
    #[arg(long, value_name = "FILE")]
    pub uvm_signer_root: Vec<PathBuf>,

    /// Root of time stamp authorities (DER or PEM), besides Microsoft's; may be repeated
    #[arg(long, value_name = "FILE")]
    pub uvm_time_stamp_root: Vec<PathBuf>,

    /// Versions of SNP reports to accept, separated by commas [default: 2,3,4,5]
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub report_versions: Vec<u32>,

    /// Verify as of this time: RFC 3339 or unix seconds [default: now]
    #[arg(long, value_name = "TIME", value_parser = input::time)]
    pub at: Option<i64>,

    /// Data whose SHA-256 must be in the evidence's report data
    #[arg(long, value_name = "FILE")]
    pub runtime_data: Option<PathBuf>,

    /// Data that must have been bound to the evidence when the enclave or guest was made
    #[arg(long, value_name = "FILE")]
    pub init_time_data: Option<PathBuf>,
}

impl Options {
    fn time(&self) -> UnixTime {
        UnixTime::new(self.at.unwrap_or_else(input::now))
    }
}

/// Everything that was given, read.
pub enum Case {
    Quote(Box<QuoteCase>),
    Snp(Box<SnpCase>),
}

/// Why there is no appraisal.
pub enum Judgement {
    Rejected(Rejected),
    OtherTee(Tee),
    Failed(Failure),
}

impl<E: Into<Rejected>> From<E> for Judgement {
    fn from(error: E) -> Self {
        Self::Rejected(error.into())
    }
}

/// What an appraisal gives.
pub struct Appraised {
    /// What a token would claim, what a policy could ask beside it, and what a relying party should know.
    pub findings: Findings,
    /// The appraisal of a quote.
    pub quote: Option<Appraisal>,
    /// The appraisal of an SNP report.
    pub report: Option<attestry_evidence::snp::Appraisal>,
    /// The verified endorsements that came with an SNP report.
    pub endorsements: Vec<Arc<UvmEndorsement>>,
    /// Whether runtime data was given, and the report data are its hash and nothing else.
    pub runtime_bound: bool,
}

impl Appraised {
    /// What a token would claim, and what a policy could ask beside it, by one name each.
    pub fn claims(&self) -> Map<String, Value> {
        // Names with a dollar sign are older names of claims that are there already.
        let facts = self.findings.facts.iter();
        facts
            .filter(|(name, _)| !name.starts_with('$'))
            .chain(&self.findings.claims)
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }

    /// What a policy sees.
    pub fn policy_claims(&self) -> ClaimSet {
        policy_claims(&self.findings)
    }
}

impl Case {
    /// Reads the evidence and what it is verified with.
    pub fn read(kind: AttestationType, evidence: &Path, options: &Options) -> Result<Self, Failure> {
        let tee = match kind {
            AttestationType::SgxEnclave | AttestationType::OpenEnclave => Tee::Sgx,
            AttestationType::TdxVm => Tee::Tdx,
            AttestationType::SevSnpVm => {
                let evidence = input::read_evidence(evidence)?;
                return Ok(Self::Snp(Box::new(SnpCase::read(&evidence, options)?)));
            }
            other => {
                return Err(Failure::usage(format!(
                    "this release does not verify evidence of type {}",
                    other.command_line_name()
                )));
            }
        };
        refuse_options_of_reports(options)?;
        let evidence = input::read_evidence(evidence)?;
        let case = QuoteCase::read(kind, tee, evidence, options)?;
        Ok(Self::Quote(Box::new(case)))
    }

    /// The steps in the order in which a service takes them.
    pub fn judge(&self) -> Result<Appraised, Judgement> {
        match self {
            Self::Quote(case) => case.judge(),
            Self::Snp(case) => case.judge(),
        }
    }
}

/// A check that was asked for and does not take place would mislead.
fn refuse_options_of_reports(options: &Options) -> Result<(), Failure> {
    let given = [
        (options.vek.is_some(), "--vek"),
        (!options.intermediate.is_empty(), "--intermediate"),
        (!options.crl.is_empty(), "--crl"),
        (!options.report_versions.is_empty(), "--report-versions"),
    ];
    match given.iter().find(|(given, _)| *given) {
        Some((_, option)) => Err(Failure::usage(format!("{option} is for SNP reports"))
            .hint("a quote is judged by --collateral and --root")),
        None => Ok(()),
    }
}

/// Data that must be bound to the evidence.
struct Bound {
    runtime_data: Option<Vec<u8>>,
    init_time_data: Option<Vec<u8>>,
}

impl Bound {
    fn read(options: &Options) -> Result<Self, Failure> {
        let optional = |path: &Option<PathBuf>| path.as_deref().map(input::read).transpose();
        Ok(Self {
            runtime_data: optional(&options.runtime_data)?,
            init_time_data: optional(&options.init_time_data)?,
        })
    }

    /// Whether runtime data that was bound with this remark is all that the report data vouch for.
    const fn is_whole(&self, remark: Option<&String>) -> bool {
        self.runtime_data.is_some() && remark.is_none()
    }

    /// Binds runtime data to the report data; a remark when bytes that nothing vouches for are set.
    fn runtime_data(&self, report_data: &[u8; 64]) -> Result<Option<String>, Rejected> {
        let Some(data) = &self.runtime_data else {
            return Ok(None);
        };
        let bound = binding::bind_runtime_data(report_data, data)?;
        Ok(bound
            .rest_is_set
            .then(|| "the second half of the report data is set, and nothing vouches for it".to_owned()))
    }
}

impl Judgement {
    /// Why there is no appraisal, as members for scripts; a failure when the evidence was not judged at all.
    pub fn explain(self, kind: AttestationType) -> Result<Value, Failure> {
        match self {
            Self::Rejected(rejected) => Ok(explanation(&rejected)),
            Self::OtherTee(found) => Ok(other_tee(kind, found)),
            Self::Failed(failure) => Err(failure),
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
