//! `attestry forge hcl-report` and `uvm-endorsement`: what Azure puts above hardware reports.

use std::path::PathBuf;

use attestry_forge::amd::maa_report;
use attestry_forge::azure::{HardwareReport, HclReport, UvmAuthority, UvmEndorsement, VtpmKeys};
use attestry_forge::quote::TdBody;
use clap::ValueEnum;

use super::amd::{Bytes, Platform, hexadecimal};
use super::{all_written, assignment, wrong_field};
use crate::failure::{Failure, Verdict};
use crate::input;
use crate::output::Output;

/// Mint an HCL report, as a guest reads it from its virtual TPM
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  attestry forge hcl-report --evidence-out snp.json --claims-out runtime.json --out hcl.bin
  attestry forge hcl-report --tee tdx --evidence-out tdquote.bin --out hcl.bin
  attestry forge hcl-report --set claims.secure_boot=false --set report.vmpl=2 --out hcl.bin")]
pub struct HclArgs {
    #[command(flatten)]
    platform: Platform,

    /// What is under the paravisor
    #[arg(long, value_name = "TEE", default_value = "snp")]
    tee: Tee,

    /// Carry these bytes as the runtime claims instead of good ones
    #[arg(long, value_name = "FILE")]
    runtime_data: Option<PathBuf>,

    /// Set one field; may be repeated. `attestry forge fields` lists them
    #[arg(long = "set", value_name = "FIELD=VALUE", value_parser = assignment)]
    set: Vec<(String, String)>,

    /// Write the evidence that goes with it here: the JSON of SEV-SNP, or the TDX quote
    #[arg(long, value_name = "FILE")]
    evidence_out: Option<PathBuf>,

    /// Write the runtime claims inside here
    #[arg(long, value_name = "FILE")]
    claims_out: Option<PathBuf>,

    /// Where to write; `-` is stdout
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Tee {
    Snp,
    Tdx,
}

/// Mint an endorsement of a utility VM's launch measurement (COSE_Sign1)
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  attestry forge uvm-endorsement --measurement $MEASUREMENT --out uvm.cose
  attestry forge uvm-endorsement --measurement $MEASUREMENT --form cwt --set svn=105 --out uvm.cose
  attestry forge uvm-endorsement --measurement $MEASUREMENT --root-out root.pem --out uvm.cose")]
pub struct UvmArgs {
    /// The launch measurement, 48 bytes in hexadecimal
    #[arg(long, value_name = "HEX", value_parser = hexadecimal)]
    measurement: Bytes,

    /// Where issuer, feed and version are: under names in the header, or in CWT claims
    #[arg(long, value_name = "FORM", default_value = "named")]
    form: Form,

    /// Leave the time stamp out
    #[arg(long)]
    no_time_stamp: bool,

    /// Set one field; may be repeated. `attestry forge fields` lists them
    #[arg(long = "set", value_name = "FIELD=VALUE", value_parser = assignment)]
    set: Vec<(String, String)>,

    /// Make certificates that are fresh at this time, and sign a week before it [default: now]
    #[arg(long, value_name = "TIME", value_parser = crate::input::time)]
    at: Option<i64>,

    /// Write the root certificate of the signer here, PEM
    #[arg(long, value_name = "FILE")]
    root_out: Option<PathBuf>,

    /// Write the root certificate of the time stamp here, PEM
    #[arg(long, value_name = "FILE")]
    time_stamp_root_out: Option<PathBuf>,

    /// Where to write; `-` is stdout
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    Named,
    Cwt,
}

pub fn hcl_report(args: &HclArgs, output: Output) -> Result<Verdict, Failure> {
    let mut hcl = args.good()?;
    if let Some(path) = &args.runtime_data {
        hcl.claims_json = Some(input::read(path)?);
    }
    for (field, value) in &args.set {
        hcl.set(field, value).map_err(|error| wrong_field(&error))?;
    }
    let minted = hcl.mint();
    let mut others = Vec::new();
    if let Some(path) = args.evidence_out.as_deref() {
        others.push((path, args.evidence(&hcl, &minted.hardware_report)));
    }
    if let Some(path) = args.claims_out.as_deref() {
        others.push((path, minted.runtime_claims.clone()));
    }
    all_written(&args.out, &minted.hcl_report, &others, output)
}

impl HclArgs {
    /// A good HCL report of the platform.
    fn good(&self) -> Result<HclReport, Failure> {
        let world = &self.platform.world;
        let keys = VtpmKeys::new(&world.seed());
        Ok(match self.tee {
            Tee::Snp => HclReport::snp(self.platform.evidence(&self.platform.forge())?, &keys),
            Tee::Tdx => {
                let report = world.forge().tdx_quote_spec(TdBody::Td10).report;
                HclReport::tdx(&world.seed(), report, &keys)
            }
        })
    }

    /// The evidence over the same hardware report: certificates around an SNP report, or a quote.
    fn evidence(&self, hcl: &HclReport, hardware_report: &[u8]) -> Vec<u8> {
        match &hcl.hardware {
            HardwareReport::Snp(evidence) => {
                let chain = evidence.chain_pem(&self.platform.forge());
                let mut text = maa_report(hardware_report, &chain, &[]).into_bytes();
                text.push(b'\n');
                text
            }
            HardwareReport::Tdx { report, .. } => {
                let forge = self.platform.world.forge();
                let mut quote = forge.tdx_quote_spec(TdBody::Td10);
                quote.report = (**report).clone();
                quote.report.report_data = hcl.report_data();
                quote.mint(&forge)
            }
        }
    }
}

pub fn uvm_endorsement(args: &UvmArgs, output: Output) -> Result<Verdict, Failure> {
    let authority = UvmAuthority::new(args.at.unwrap_or_else(input::now));
    let mut endorsement = UvmEndorsement::new(&authority, &args.measurement.0);
    if args.form == Form::Cwt {
        endorsement.use_cwt_claims();
    }
    if args.no_time_stamp {
        endorsement.time_stamp = None;
    }
    for (field, value) in &args.set {
        endorsement
            .set(field, value)
            .map_err(|error| wrong_field(&error))?;
    }
    let roots = [
        (args.root_out.as_deref(), &authority.root),
        (args.time_stamp_root_out.as_deref(), &authority.time_stamp_root),
    ];
    let roots: Vec<_> = roots
        .into_iter()
        .filter_map(|(path, root)| Some((path?, root.to_pem().into_bytes())))
        .collect();
    all_written(&args.out, &endorsement.mint(), &roots, output)
}
