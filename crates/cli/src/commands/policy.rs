//! `attestry policy`: checks policy texts and computes their hashes, without a service.

use std::path::PathBuf;

use attestry_api::policy_hash;
use attestry_policy::{Diagnostic, Policy, Severity};
use clap::Subcommand;
use serde_json::{Value, json};

use crate::failure::{Failure, Verdict};
use crate::input;
use crate::output::{GOOD, Output, paint};

/// Check policies and compute their hashes
#[derive(Debug, clap::Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
#[command(after_help = "\
Examples:
  attestry policy check policy.txt
  attestry policy hash policy.txt")]
pub struct Args {
    #[command(subcommand)]
    command: PolicyCommand,
}

#[derive(Debug, Subcommand)]
enum PolicyCommand {
    Check(CheckArgs),
    Hash(HashArgs),
}

/// Check policies: every mistake, with its place
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  attestry policy check policy.txt
  attestry policy check --deny-warnings policies/*.txt
  attestry policy check --json policy.txt | jq .diagnostics")]
struct CheckArgs {
    /// Policy texts; `-` reads stdin
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// Exit 1 on warnings too
    #[arg(long)]
    deny_warnings: bool,
}

/// Print the hash that tokens carry as x-ms-policy-hash
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  attestry policy hash policy.txt
  attestry policy hash --json policy.txt | jq -r '.hashes[0].hash'

The hash is over the text exactly as it is, white space included.")]
struct HashArgs {
    /// Policy texts; `-` reads stdin
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
}

pub fn run(args: &Args, output: Output) -> Result<Verdict, Failure> {
    match &args.command {
        PolicyCommand::Check(args) => check(args, output),
        PolicyCommand::Hash(args) => hash(args, output),
    }
}

fn check(args: &CheckArgs, output: Output) -> Result<Verdict, Failure> {
    let mut documents = Vec::new();
    let mut text = String::new();
    let (mut errors, mut warnings) = (0_usize, 0_usize);
    for file in &args.files {
        let policy = input::read_text(file)?;
        let name = file.display().to_string();
        for finding in findings(&policy) {
            match finding.severity {
                Severity::Error => errors = errors.saturating_add(1),
                Severity::Warning => warnings = warnings.saturating_add(1),
            }
            text.push_str(&finding.render(&name, &policy));
            text.push('\n');
            documents.push(document(&name, &finding));
        }
    }
    output.answer(&json!({"diagnostics": documents}), || {
        if errors == 0 && warnings == 0 {
            return format!("{} no mistakes found", paint(GOOD, "ok:"));
        }
        format!("{text}{errors} errors, {warnings} warnings")
    })?;
    let refused = errors > 0 || (args.deny_warnings && warnings > 0);
    Ok(if refused {
        Verdict::Refused
    } else {
        Verdict::Accepted
    })
}

fn findings(policy: &str) -> Vec<Diagnostic> {
    match Policy::compile(policy) {
        Ok(compiled) => compiled.warnings().to_vec(),
        Err(findings) => findings,
    }
}

/// The members are a promise to scripts.
fn document(file: &str, finding: &Diagnostic) -> Value {
    json!({
        "file": file,
        "severity": finding.severity.to_string(),
        "code": finding.code,
        "line": finding.line,
        "column": finding.column,
        "end_line": finding.end_line,
        "end_column": finding.end_column,
        "message": finding.message,
        "help": finding.help,
    })
}

fn hash(args: &HashArgs, output: Output) -> Result<Verdict, Failure> {
    let mut hashes = Vec::new();
    for file in &args.files {
        hashes.push((file.display().to_string(), policy_hash(&input::read_text(file)?)));
    }
    let documents: Vec<Value> = hashes
        .iter()
        .map(|(file, hash)| json!({"file": file, "hash": hash}))
        .collect();
    output.answer(&json!({"hashes": documents}), || {
        let lines: Vec<String> = hashes
            .iter()
            .map(|(file, hash)| format!("{hash}  {file}"))
            .collect();
        lines.join("\n")
    })?;
    Ok(Verdict::Accepted)
}
