//! `attestry collateral`: fetch reference documents, move them between machines, see when they expire.

mod amd;
mod status;
mod store;

use std::path::{Path, PathBuf};
use std::time::Duration;

use attestry_evidence::dcap::{Quote, Staleness, VerifiedCollateral, VerifiedPck};
use attestry_evidence::time::UnixTime;
use attestry_evidence::{dcap, openenclave};
use attestry_service::collateral::{CollateralKey, Edition, Source, write_documents};
use attestry_service::config::{SourceConfig, SourceKind};
use clap::{Subcommand, ValueEnum};
use serde_json::json;

use crate::failure::{Failure, Verdict, chain};
use crate::output::{GOOD, Output, paint};
use crate::{collateral_files, input, service};

/// Fetch, move and watch collateral
#[derive(Debug, clap::Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
#[command(after_help = "\
Examples:
  attestry collateral fetch --for quote.bin --out collateral.json
  attestry collateral status collateral.json
  attestry collateral fetch --vcek --report report.bin --out vcek.pem

  # From a machine with a network to one without:
  openssl genpkey -algorithm ed25519 -out operator.pem
  openssl pkey -in operator.pem -pubout -out operator.pub
  attestry collateral export --data ./data --key operator.pem --out bundle.json
  attestry collateral import bundle.json --bundle-key operator.pub --data ./data")]
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
#[command(group(clap::ArgGroup::new("what").required(true).args(["evidence", "vcek", "crl"])))]
#[command(after_help = "\
Examples:
  attestry collateral fetch --for quote.bin --out collateral.json
  attestry collateral fetch --for quote.bin --from https://pccs.example:8081 --out collateral.json
  attestry collateral fetch --for quote.bin --from thim --update early --out collateral/

  # SEV-SNP: the certificate of a chip's key, and a line's revocation list
  attestry collateral fetch --vcek --report report.bin --out vcek.pem
  attestry collateral fetch --vcek --product Turin --chip-id 0a1b2c3d4e5f6071 \\
      --tcb 5100000004010101 --from https://kds-cache.example --out vcek.pem
  attestry collateral fetch --crl --product Milan --out milan.crl

The documents are verified before they are written.")]
struct FetchArgs {
    /// Evidence of Intel's TEEs whose platform the collateral is for
    #[arg(long = "for", value_name = "FILE")]
    evidence: Option<PathBuf>,

    #[command(flatten)]
    amd: amd::AmdArgs,

    /// `intel`, `kds` (AMD), `thim` (Azure), or the URL of a caching server [default: the vendor]
    #[arg(long, value_name = "SOURCE")]
    from: Option<String>,

    /// Which published set: the one that platforms have had a year to meet, or the newest
    #[arg(long, value_name = "SET", default_value = "standard")]
    update: Update,

    /// Trust this root certificate (DER or PEM) instead of the built-in ones
    #[arg(long, value_name = "FILE")]
    root: Vec<PathBuf>,

    /// Certificate authority (PEM) of the source's TLS certificate
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,

    /// Verify as of this time: RFC 3339 or unix seconds [default: now]
    #[arg(long, value_name = "TIME", value_parser = input::time)]
    at: Option<i64>,

    /// Where to write: a file, a directory (with a slash at the end), or `-` for stdout
    #[arg(long, value_name = "PATH")]
    out: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Update {
    Standard,
    Early,
}

/// A store to work on, and how to judge what is in it.
#[derive(Debug, clap::Args)]
struct StoreArgs {
    /// The service's data directory
    #[arg(long, value_name = "DIR")]
    data: PathBuf,

    /// Trust this certificate (DER or PEM) instead of its vendor's built-in ones; may be repeated
    #[arg(long, value_name = "FILE")]
    root: Vec<PathBuf>,

    /// Judge as of this time: RFC 3339 or unix seconds [default: now]
    #[arg(long, value_name = "TIME", value_parser = input::time)]
    at: Option<i64>,
}

/// Put collateral from a file into a service's store
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  attestry collateral import collateral.json --data ./data
  attestry collateral import bundle.json --bundle-key operator.pub --data ./data
  attestry collateral import vcek.pem --data ./data
  attestry collateral import milan.crl --data ./data

The documents must verify and must not be older than those in the store. A running service takes
in what was imported on SIGHUP.")]
struct ImportArgs {
    /// A bundle, a directory, a JSON file with Intel's nine documents; of AMD's a VCEK or a CRL
    #[arg(value_name = "PATH")]
    path: PathBuf,

    /// Public key (PEM) of the operator who signed the bundle
    #[arg(long, value_name = "FILE")]
    bundle_key: Option<PathBuf>,

    #[command(flatten)]
    store: StoreArgs,
}

/// Write a service's collateral as a signed bundle
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  openssl genpkey -algorithm ed25519 -out operator.pem
  attestry collateral export --data ./data --key operator.pem --out bundle.json")]
struct ExportArgs {
    #[command(flatten)]
    store: StoreArgs,

    /// The operator's private key (PKCS #8 PEM, Ed25519 or P-256) to sign with
    #[arg(long, value_name = "FILE")]
    key: PathBuf,

    /// Where to write; `-` is stdout
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Show what collateral there is, how old it is and when it expires
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  attestry collateral status --data ./data
  attestry collateral status collateral.json
  attestry collateral status --data ./data --json | jq '.keys[].held.expires_in_seconds'

Exits 1 when something cannot be used at that time.")]
struct StatusArgs {
    /// A bundle, a directory, a JSON file with Intel's nine documents; of AMD's a VCEK or a CRL
    #[arg(value_name = "PATH", required_unless_present = "data")]
    path: Option<PathBuf>,

    /// The service's data directory
    #[arg(long, value_name = "DIR", conflicts_with = "path")]
    data: Option<PathBuf>,

    /// Public key (PEM) of the operator who signed the bundle
    #[arg(long, value_name = "FILE")]
    bundle_key: Option<PathBuf>,

    /// Trust this certificate (DER or PEM) instead of its vendor's built-in ones; may be repeated
    #[arg(long, value_name = "FILE")]
    root: Vec<PathBuf>,

    /// Judge as of this time: RFC 3339 or unix seconds [default: now]
    #[arg(long, value_name = "TIME", value_parser = input::time)]
    at: Option<i64>,
}

pub fn run(args: &Args, output: Output) -> Result<Verdict, Failure> {
    match &args.command {
        CollateralCommand::Fetch(args) if args.amd.is_wanted() => service::block_on(amd::fetch(args, output)),
        CollateralCommand::Fetch(args) => service::block_on(fetch(args, output)),
        CollateralCommand::Import(args) => service::block_on(store::import(args, output)),
        CollateralCommand::Export(args) => service::block_on(store::export(args, output)),
        CollateralCommand::Status(args) => match &args.data {
            Some(data) => service::block_on(store::status(data, args, output)),
            None => status::of_files(args, output),
        },
    }
}

async fn fetch(args: &FetchArgs, output: Output) -> Result<Verdict, Failure> {
    let anchors = input::trust_anchors(&args.root)?;
    let now = UnixTime::new(args.at.unwrap_or_else(input::now));
    let key = platform_of(args, &anchors, now)?;
    let source = Source::from_config(&source_config(args), REQUEST_TIMEOUT, ATTEMPTS)
        .map_err(|error| Failure::usage(chain(&error)))?;
    Output::note(&format!("asking {} for {key}", source.name()));
    let documents = source
        .documents(&key)
        .await
        .map_err(|error| Failure::environment(format!("{}: {error}", source.name())))?;
    let verified = VerifiedCollateral::verify(documents, key.tee, &anchors, now, Staleness::Strict)
        .map_err(|error| Failure::refused(format!("the documents do not verify: {error}")))?;
    write(&args.out, verified.documents())?;
    let until = verified.valid_until();
    if args.out == Path::new("-") {
        return Ok(Verdict::Accepted);
    }
    let document = json!({
        "key": key.to_string(),
        "source": source.name(),
        "out": args.out,
        "valid_until": until.to_string(),
        "tcb_evaluation_data_number": verified.evaluation_number(),
    });
    output.answer(&document, || {
        format!(
            "{} {} is good until {until}",
            paint(GOOD, "ok:"),
            args.out.display()
        )
    })?;
    Ok(Verdict::Accepted)
}

/// What the evidence's platform needs. Its certificate must be genuine: a source is not asked for anybody.
fn platform_of(
    args: &FetchArgs,
    anchors: &attestry_evidence::x509::TrustAnchors,
    now: UnixTime,
) -> Result<CollateralKey, Failure> {
    let Some(path) = &args.evidence else {
        return Err(Failure::usage("--for is needed"));
    };
    let evidence = input::read_evidence(path)?;
    let name = input::name(path);
    let refused = |error: &dyn std::error::Error| Failure::refused(format!("{name}: {error}"));
    let bytes = match openenclave::Evidence::parse(&evidence) {
        Ok(wrapped) => wrapped.quote(),
        Err(_) => &evidence,
    };
    let quote = Quote::parse(bytes).map_err(|error| refused(&error))?;
    let pck =
        VerifiedPck::verify(&quote.certification_data(), anchors, now).map_err(|error| refused(&error))?;
    let edition = match args.update {
        Update::Standard => Edition::Standard,
        Update::Early => Edition::Early,
    };
    Ok(CollateralKey {
        tee: quote.tee(),
        fmspc: pck.fmspc(),
        ca: pck.ca(),
        edition,
    })
}

fn source_config(args: &FetchArgs) -> SourceConfig {
    let mut config = match args.from.as_deref() {
        None | Some("intel") => SourceConfig::new(SourceKind::IntelPcs),
        Some("thim") => SourceConfig::new(SourceKind::AzureThim),
        Some(url) => SourceConfig {
            url: url.to_owned(),
            ..SourceConfig::new(SourceKind::Pccs)
        },
    };
    config.ca_file = args.ca_file.clone().unwrap_or_default();
    config
}

fn write(out: &Path, documents: &dcap::CollateralDocuments) -> Result<(), Failure> {
    if out.is_dir() || out.to_string_lossy().ends_with('/') {
        return write_documents(out, documents).map_err(|error| Failure::environment(error.to_string()));
    }
    write_file(out, collateral_files::to_json(documents)?.as_bytes())
}

fn write_file(out: &Path, bytes: &[u8]) -> Result<(), Failure> {
    if out == Path::new("-") {
        return Output::bytes(bytes);
    }
    std::fs::write(out, bytes)
        .map_err(|error| Failure::environment(format!("cannot write {}: {error}", input::name(out))))
}

/// A person is waiting: less than a service would allow.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(15);
const ATTEMPTS: u32 = 3;
