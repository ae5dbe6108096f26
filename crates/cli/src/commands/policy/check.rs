//! `attestry policy check`: every mistake, and what is probably not meant.

use std::path::PathBuf;

use attestry_api::AttestationType;
use attestry_policy::lint::lint;
use serde_json::json;

use super::findings::Findings;
use crate::failure::{Failure, Verdict};
use crate::input;
use crate::output::{GOOD, Output, paint};

/// Check policies: every mistake, with its place
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  attestry policy check policy.txt
  attestry policy check --type sgx-enclave policy.txt
  attestry policy check --deny-warnings policies/*.txt
  attestry policy check --json policy.txt | jq .diagnostics

With --type, claims are checked against those that evidence of the type gives.")]
pub struct Args {
    /// Policy texts; `-` reads stdin
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// What the policies judge: sgx-enclave, open-enclave, tdx-vm, sev-snp-vm, azure-guest or tpm
    #[arg(long = "type", value_name = "TYPE", value_parser = input::attestation_type)]
    kind: Option<AttestationType>,

    /// Exit 1 on warnings too
    #[arg(long)]
    deny_warnings: bool,
}

pub fn run(args: &Args, output: Output) -> Result<Verdict, Failure> {
    let subject = args.kind.and_then(super::subject);
    let mut findings = Findings::default();
    for file in &args.files {
        let policy = input::read_text(file)?;
        findings.add(&file.display().to_string(), &policy, &lint(&policy, subject));
    }
    output.answer(&json!({"diagnostics": findings.documents()}), || {
        if findings.documents().is_empty() {
            format!("{} no mistakes found", paint(GOOD, "ok:"))
        } else {
            findings.text()
        }
    })?;
    let refused = findings.has_errors() || (args.deny_warnings && findings.has_warnings());
    Ok(if refused {
        Verdict::Refused
    } else {
        Verdict::Accepted
    })
}
