//! `attestry forge windows-events`: the claims that a measured boot gives to policies, as a claims file.

use std::path::PathBuf;

use attestry_forge::windows::{DynamicLaunch, WindowsBoot};
use serde_json::json;

use super::{assignment, written, wrong_field};
use crate::failure::{Failure, Verdict};
use crate::output::Output;

/// Mint what policies see of a measured boot of Windows: the claims `events` and `pcrs`
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  attestry forge windows-events --out claims.json
  attestry forge windows-events --set test_signing=true --set iommu=none --out claims.json
  attestry policy eval policy.txt --claims claims.json

The boot is a healthy one but for what is set. No event log and no quote is minted.")]
pub struct Args {
    /// Set one field; may be repeated. `attestry forge fields` lists them
    #[arg(long = "set", value_name = "FIELD=VALUE", value_parser = assignment)]
    set: Vec<(String, String)>,

    /// Add a dynamic launch (System Guard)
    #[arg(long)]
    dynamic_launch: bool,

    /// Where to write; `-` is stdout
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub fn run(args: &Args, output: Output) -> Result<Verdict, Failure> {
    let mut boot = WindowsBoot::default();
    if args.dynamic_launch {
        boot.drtm = Some(DynamicLaunch {
            signature_valid: true,
            smm_level: Some(SMM_LEVEL),
        });
    }
    for (field, value) in &args.set {
        boot.set(field, value).map_err(|error| wrong_field(&error))?;
    }
    let mut claims = json!({"events": boot.events(), "pcrs": boot.pcrs()}).to_string();
    claims.push('\n');
    written(&args.out, claims.as_bytes(), output)
}

/// System management mode shut out as far as Windows knows levels.
const SMM_LEVEL: u8 = 3;
