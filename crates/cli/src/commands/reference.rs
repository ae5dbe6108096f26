//! `attestry reference`: reference values of confidential virtual machines, from an operator's file into a service.

mod compare;
mod store;

use std::path::{Path, PathBuf};

use attestry_api::AttestationType;
use attestry_evidence::reference::{ReferenceValues, Standing};
use attestry_evidence::time::UnixTime;
use attestry_service::operator::{OperatorKey, OperatorSigner};
use attestry_service::reference::{ReferenceFile, ReferenceFileError};
use clap::Subcommand;
use serde_json::{Map, Value, json};

use crate::appraisal::Options;
use crate::failure::{Failure, Verdict};
use crate::output::{CAUTION, GOOD, Output, facts, paint};
use crate::{input, service};

/// Check, sign, import and try the reference values of confidential virtual machines
#[derive(Debug, clap::Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
#[command(after_help = "\
Examples:
  attestry reference check reference.json
  attestry reference match --type sev-snp-vm report.json --runtime-data runtime.json \\
      --reference reference.json

  # Signed by an operator, taken in by a service:
  openssl genpkey -algorithm ed25519 -out operator.pem
  openssl pkey -in operator.pem -pubout -out operator.pub
  attestry reference sign reference.json --key operator.pem --out reference.signed.json
  attestry reference import reference.signed.json --operator-key operator.pub --data ./data")]
pub struct Args {
    #[command(subcommand)]
    command: ReferenceCommand,
}

#[derive(Debug, Subcommand)]
enum ReferenceCommand {
    Check(CheckArgs),
    Sign(SignArgs),
    Show(ShowArgs),
    Import(ImportArgs),
    Match(Box<MatchArgs>),
}

/// Check that a file of reference values is well-formed, and signed if a key is given
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  attestry reference check reference.json
  attestry reference check reference.signed.json --operator-key operator.pub

Exits 1 when the file is refused, or does not count at that time.")]
struct CheckArgs {
    /// The file, JSON or signed
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Public key (PEM) of the operator who signed the file
    #[arg(long, value_name = "FILE")]
    operator_key: Option<PathBuf>,

    /// Judge as of this time: RFC 3339 or unix seconds [default: now]
    #[arg(long, value_name = "TIME", value_parser = input::time)]
    at: Option<i64>,
}

/// Sign a file of reference values
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  openssl genpkey -algorithm ed25519 -out operator.pem
  attestry reference sign reference.json --key operator.pem --out reference.signed.json

The values are checked before they are signed.")]
struct SignArgs {
    /// The values, JSON
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// The operator's private key (PKCS #8 PEM, Ed25519 or P-256) to sign with
    #[arg(long, value_name = "FILE")]
    key: PathBuf,

    /// Where to write; `-` is stdout
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Show the reference values that a service has, and which it had before
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  attestry reference show --data ./data
  attestry reference show --data ./data --provider contoso --json")]
struct ShowArgs {
    /// The service's data directory
    #[arg(long, value_name = "DIR")]
    data: PathBuf,

    /// Those of this provider instead of the common ones
    #[arg(long, value_name = "NAME")]
    provider: Option<String>,

    /// Judge as of this time: RFC 3339 or unix seconds [default: now]
    #[arg(long, value_name = "TIME", value_parser = input::time)]
    at: Option<i64>,
}

/// Put signed reference values into a service's store
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  attestry reference import reference.signed.json --operator-key operator.pub --data ./data
  attestry reference import contoso.signed.json --operator-key operator.pub --data ./data \\
      --provider contoso

The version must be greater than those taken in before. A running service takes in what was imported
on SIGHUP.")]
struct ImportArgs {
    /// The signed file
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Public key (PEM) of the operator who signed the file
    #[arg(long, value_name = "FILE")]
    operator_key: PathBuf,

    /// The service's data directory
    #[arg(long, value_name = "DIR")]
    data: PathBuf,

    /// For this provider alone, one of the configuration
    #[arg(long, value_name = "NAME")]
    provider: Option<String>,
}

/// Show which reference values a report or quote matches, and what it misses
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  attestry reference match --type sev-snp-vm report.json --runtime-data runtime.json \\
      --reference reference.json
  attestry reference match --type sev-snp-vm report.bin --vek vcek.pem --reference reference.json
  attestry reference match --type tdx-vm quote.bin --collateral collateral.json \\
      --runtime-data runtime.json --reference reference.signed.json --operator-key operator.pub

The evidence is verified first. Exits 1 when it is refused, or has no compliance status.
With --json the answer is
  {\"compliance\", \"version\", \"current\", \"matched\",
   \"comparisons\": [{\"section\", \"name\", \"matched\",
                    \"fields\": [{\"field\", \"expected\", \"found\", \"met\"}]}]}")]
struct MatchArgs {
    /// What kind of evidence it is: sev-snp-vm or tdx-vm
    #[arg(long = "type", value_name = "TYPE", value_parser = input::attestation_type)]
    kind: AttestationType,

    /// The evidence: raw bytes, hex or base64; `-` reads stdin
    #[arg(value_name = "FILE")]
    evidence: PathBuf,

    /// The reference values, JSON or signed
    #[arg(long, value_name = "FILE")]
    reference: PathBuf,

    /// Public key (PEM) of the operator who signed the reference values
    #[arg(long, value_name = "FILE")]
    operator_key: Option<PathBuf>,

    #[command(flatten)]
    options: Options,
}

pub fn run(args: &Args, output: Output) -> Result<Verdict, Failure> {
    match &args.command {
        ReferenceCommand::Check(args) => check(args, output),
        ReferenceCommand::Sign(args) => sign(args, output),
        ReferenceCommand::Show(args) => service::block_on(store::show(args, output)),
        ReferenceCommand::Import(args) => service::block_on(store::import(args, output)),
        ReferenceCommand::Match(args) => compare::run(args, output),
    }
}

fn check(args: &CheckArgs, output: Output) -> Result<Verdict, Failure> {
    let file = read(&args.file, args.operator_key.as_deref())?;
    let now = UnixTime::new(args.at.unwrap_or_else(input::now));
    let mut document = described(file.values(), now);
    document.insert("digest".to_owned(), json!(file.digest()));
    document.insert("signed".to_owned(), json!(args.operator_key.is_some()));
    output.answer(&document, || summary(file.values(), now))?;
    Ok(match file.values().standing(now) {
        Standing::Current => Verdict::Accepted,
        _ => Verdict::Refused,
    })
}

fn sign(args: &SignArgs, output: Output) -> Result<Verdict, Failure> {
    let signer = OperatorSigner::from_pem(&input::read(&args.key)?)
        .map_err(|error| Failure::usage(format!("{}: {error}", input::name(&args.key))))?;
    let file = read(&args.file, None)?;
    let sealed = file
        .seal(&signer)
        .map_err(|error| Failure::environment(error.to_string()))?;
    if args.out == Path::new("-") {
        Output::bytes(&sealed)?;
        return Ok(Verdict::Accepted);
    }
    std::fs::write(&args.out, &sealed)
        .map_err(|error| Failure::environment(format!("cannot write {}: {error}", input::name(&args.out))))?;
    let version = file.values().version();
    output.answer(
        &json!({"out": args.out, "version": version, "digest": file.digest()}),
        || format!("{} version {version}", paint(GOOD, "signed:")),
    )?;
    Ok(Verdict::Accepted)
}

/// A file that is good; with a key, signed with it.
fn read(path: &Path, operator_key: Option<&Path>) -> Result<ReferenceFile, Failure> {
    let name = input::name(path);
    let bytes = input::read(path)?;
    let key = operator_key.map(key).transpose()?;
    ReferenceFile::read(&bytes, key.as_ref()).map_err(|error| {
        let failure = Failure::refused(format!("{name}: {error}"));
        match error {
            ReferenceFileError::KeyMissing => {
                failure.hint("give the public key of the operator who signed them with --operator-key")
            }
            ReferenceFileError::Unsigned => failure.hint("sign them with `attestry reference sign`"),
            _ => failure,
        }
    })
}

fn key(path: &Path) -> Result<OperatorKey, Failure> {
    OperatorKey::from_pem(&input::read(path)?)
        .map_err(|error| Failure::usage(format!("{}: {error}", input::name(path))))
}

/// What there is to say about values, for scripts.
fn described(values: &ReferenceValues, now: UnixTime) -> Map<String, Value> {
    let counts = values.counts().into_iter();
    let counts: Map<_, _> = counts
        .map(|(section, count)| (section.to_owned(), json!(count)))
        .collect();
    let members = [
        ("version", json!(values.version())),
        ("issued", json!(values.issued().to_string())),
        ("expires", json!(values.expires().to_string())),
        ("description", json!(values.description())),
        ("current", json!(values.standing(now) == Standing::Current)),
        ("names", json!(values.names().collect::<Vec<_>>())),
        ("counts", Value::Object(counts)),
    ];
    members
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// The same for people.
fn summary(values: &ReferenceValues, now: UnixTime) -> String {
    let state = match values.standing(now) {
        Standing::Current => paint(GOOD, "current"),
        Standing::NotYetIssued { .. } => paint(CAUTION, "not yet issued"),
        _ => paint(CAUTION, "expired"),
    };
    let mut rows = vec![
        ("version", format!("{}, {state}", values.version())),
        ("issued", values.issued().to_string()),
        ("expires", values.expires().to_string()),
    ];
    if !values.description().is_empty() {
        rows.push(("description", values.description().to_owned()));
    }
    let counts = values.counts().into_iter().filter(|(_, count)| *count > 0);
    rows.extend(counts.map(|(section, count)| (section, count.to_string())));
    let names: Vec<&str> = values.names().collect();
    if !names.is_empty() {
        rows.push(("names", names.join(", ")));
    }
    facts(rows)
}
