//! `attestry policy hash`: the hash by which tokens name a policy.

use std::path::PathBuf;

use attestry_api::policy_hash;
use serde_json::{Value, json};

use crate::failure::{Failure, Verdict};
use crate::input;
use crate::output::Output;

/// Print the hash that tokens carry as x-ms-policy-hash
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  attestry policy hash policy.txt
  attestry policy hash --json policy.txt | jq -r '.hashes[0].hash'

The hash is over the text exactly as it is, white space included.")]
pub struct Args {
    /// Policy texts; `-` reads stdin
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
}

pub fn run(args: &Args, output: Output) -> Result<Verdict, Failure> {
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
