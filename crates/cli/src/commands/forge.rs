//! `attestry forge`: evidence, collateral and roots of our own making, for tests and development.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

use crate::failure::{Failure, Verdict};
use crate::output::Output;

/// Mint evidence, collateral and roots for tests; nobody trusts them by default
#[derive(Debug, clap::Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
#[command(after_help = "\
Examples:
  attestry forge sgx-quote --out quote.bin
  attestry forge sgx-quote --runtime-data key.json --set report.isv_svn=7 --out quote.bin
  attestry forge collateral --tee sgx --out collateral.json
  attestry forge root --out root.pem
  attestry verify --type sgx-enclave quote.bin --collateral collateral.json --root root.pem

Everything is derived from a seed, so that the same command gives the same roots everywhere. The
private keys are no secret: never trust a forge root outside development.")]
pub struct Args {
    #[command(subcommand)]
    command: ForgeCommand,
}

#[derive(Debug, Subcommand)]
enum ForgeCommand {
    SgxQuote(SgxQuoteArgs),
    OeReport(OeReportArgs),
    OeEvidence(OeEvidenceArgs),
    TdxQuote(TdxQuoteArgs),
    Collateral(CollateralArgs),
    Root(RootArgs),
    Fields(FieldsArgs),
    CollateralServer(CollateralServerArgs),
}

/// What every minted thing has in common.
#[derive(Debug, clap::Args)]
struct World {
    /// Derive all keys from this text instead of the default seed
    #[arg(long, value_name = "TEXT")]
    seed: Option<String>,

    /// Make certificates and documents that are fresh at this time [default: now]
    #[arg(long, value_name = "TIME", value_parser = crate::input::time)]
    at: Option<i64>,
}

/// What every minted piece of evidence has in common.
#[derive(Debug, clap::Args)]
struct Mint {
    #[command(flatten)]
    world: World,

    /// Bind this data: its SHA-256 goes into the report data
    #[arg(long, value_name = "FILE")]
    runtime_data: Option<PathBuf>,

    /// Set one field; may be repeated. `attestry forge fields` lists them
    #[arg(long = "set", value_name = "FIELD=VALUE", value_parser = assignment)]
    set: Vec<(String, String)>,

    /// Where to write; `-` is stdout
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Mint an SGX quote
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  attestry forge sgx-quote --out quote.bin
  attestry forge sgx-quote --version 4 --runtime-data key.pem --out quote.bin
  attestry forge sgx-quote --set report.isv_svn=7 --set report.attributes.debug=true --out -")]
struct SgxQuoteArgs {
    /// Quote version
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(3..=5))]
    version: u16,
    #[command(flatten)]
    mint: Mint,
}

/// Mint an Open Enclave report
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  attestry forge oe-report --out report.bin
  attestry forge oe-report --runtime-data key.pem --out report.bin")]
struct OeReportArgs {
    #[command(flatten)]
    mint: Mint,
}

/// Mint Open Enclave evidence
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  attestry forge oe-evidence --out evidence.bin
  attestry forge oe-evidence --runtime-data key.pem --out evidence.bin")]
struct OeEvidenceArgs {
    #[command(flatten)]
    mint: Mint,
}

/// Mint a TDX quote
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  attestry forge tdx-quote --out tdquote.bin
  attestry forge tdx-quote --version 5 --body td15 --runtime-data key.pem --out tdquote.bin")]
struct TdxQuoteArgs {
    /// Quote version
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(4..=5))]
    version: u16,
    /// Kind of TD report body; version 4 has only td10
    #[arg(long, value_name = "BODY", default_value = "td10")]
    body: TdBody,
    #[command(flatten)]
    mint: Mint,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum TdBody {
    /// TD report of TDX 1.0
    Td10,
    /// TD report of TDX 1.5
    Td15,
    /// TD report of TDX 1.5, extended
    Td15Extended,
}

/// Mint the collateral that goes with minted evidence
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  attestry forge collateral --tee sgx --out collateral.json
  attestry forge collateral --tee tdx --update early --out collateral.json")]
struct CollateralArgs {
    /// Whose collateral
    #[arg(long, value_name = "TEE")]
    tee: TeeName,
    /// Which of the two published sets
    #[arg(long, value_name = "SET", default_value = "standard")]
    update: Update,
    #[command(flatten)]
    world: World,
    /// Where to write; `-` is stdout
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum TeeName {
    /// Intel SGX
    Sgx,
    /// Intel TDX
    Tdx,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Update {
    /// The set that platforms have had a year to meet
    Standard,
    /// The newest set
    Early,
}

/// Write the root certificate of minted evidence
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  attestry forge root --out root.pem")]
struct RootArgs {
    #[command(flatten)]
    world: World,
    /// Where to write; `-` is stdout
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// List the fields that --set knows
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  attestry forge fields
  attestry forge fields --json | jq -r .sgx_quote[].name")]
struct FieldsArgs {}

/// Serve minted collateral like Intel's service and its caches do
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  attestry forge collateral-server --listen 127.0.0.1:8081
  curl 'http://127.0.0.1:8081/sgx/certification/v4/qe/identity'

Prints `listening on http://...` when it is ready and serves until Ctrl-C.")]
struct CollateralServerArgs {
    /// Address to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8081")]
    listen: SocketAddr,
    #[command(flatten)]
    world: World,
}

fn assignment(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .map(|(field, value)| (field.trim().to_owned(), value.trim().to_owned()))
        .ok_or_else(|| "expected FIELD=VALUE".to_owned())
}

pub fn run(_args: Args, _output: Output) -> Result<Verdict, Failure> {
    Ok(Verdict::Accepted)
}
