//! `attestry collateral`: fetch reference documents, move them between machines, see when they expire.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

use crate::failure::{Failure, Verdict};
use crate::output::Output;

/// Fetch, move and watch collateral
#[derive(Debug, clap::Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
#[command(after_help = "\
Examples:
  attestry collateral fetch --for quote.bin --out collateral.json
  attestry collateral status collateral.json
  attestry collateral export --data ./data --out bundle.json     # on a machine with network
  attestry collateral import bundle.json --data ./data           # on one without")]
pub struct Args {
    #[command(subcommand)]
    command: CollateralCommand,
}

#[derive(Debug, Subcommand)]
enum CollateralCommand {
    Fetch(FetchArgs),
    Import(ImportArgs),
    Export(ExportArgs),
    Status(StatusArgs),
}

/// Fetch the collateral for a platform from the vendor or a cache server
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  attestry collateral fetch --for quote.bin --out collateral.json
  attestry collateral fetch --for quote.bin --from https://pccs.example:8081 --out collateral.json
  attestry collateral fetch --for quote.bin --from thim --update early --out collateral.json

The documents are verified before they are written.")]
struct FetchArgs {
    /// Evidence whose platform the collateral is for
    #[arg(long = "for", value_name = "FILE")]
    evidence: PathBuf,

    /// `intel`, `thim`, or the URL of a caching server (PCCS)
    #[arg(long, value_name = "SOURCE", default_value = "intel")]
    from: String,

    /// Which of the two published sets
    #[arg(long, value_name = "SET", default_value = "standard")]
    update: Update,

    /// Trust this root certificate (DER or PEM) instead of the built-in ones
    #[arg(long, value_name = "FILE")]
    root: Vec<PathBuf>,

    /// Where to write; `-` is stdout
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Update {
    /// The set that platforms have had a year to meet
    Standard,
    /// The newest set
    Early,
}

/// Put collateral from a file into a service's store
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  attestry collateral import bundle.json --data ./data
  attestry collateral import collateral.json --data ./data --root root.pem")]
struct ImportArgs {
    /// A bundle, a directory, or a JSON file with the nine documents
    #[arg(value_name = "PATH")]
    path: PathBuf,

    /// The service's data directory
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
}

/// Write a service's collateral as a signed bundle
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  attestry collateral export --data ./data --out bundle.json --key operator.pem")]
struct ExportArgs {
    /// The service's data directory
    #[arg(long, value_name = "DIR")]
    data: PathBuf,

    /// Where to write; `-` is stdout
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Show what collateral there is, how old it is and when it expires
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  attestry collateral status --data ./data
  attestry collateral status collateral.json --json")]
struct StatusArgs {
    /// A bundle, a directory, or a JSON file with the nine documents
    #[arg(value_name = "PATH", required_unless_present = "data")]
    path: Option<PathBuf>,

    /// The service's data directory
    #[arg(long, value_name = "DIR", conflicts_with = "path")]
    data: Option<PathBuf>,
}

pub fn run(_args: Args, _output: Output) -> Result<Verdict, Failure> {
    Ok(Verdict::Accepted)
}
