//! `attestry policy show|set|reset`: the policies of a running service.

use std::path::PathBuf;

use attestry_api::AttestationType;
use attestry_api::jws::CompactJws;
use attestry_client::{Client, StoredPolicy};
use clap::ValueEnum;
use serde_json::json;

use super::dry_run;
use crate::failure::{Failure, Verdict};
use crate::output::{CAUTION, FAINT, Output, facts, paint};
use crate::signing::OnTheWay;
use crate::{administration, input, service, signing};

/// Show the policy that a provider judges a type of evidence by
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  attestry policy show --type sgx-enclave --endpoint https://localhost:8443 --ca ca.pem
  attestry policy show --type sgx-enclave > policy.txt
  attestry policy show --type sgx-enclave --format jws > policy.jws
  attestry policy show --type sgx-enclave --json | jq .policy_hash

The text goes to stdout; hash and signer go to stderr.")]
pub struct ShowArgs {
    /// Type of evidence: sgx-enclave, open-enclave, tdx-vm, sev-snp-vm, azure-guest or tpm
    #[arg(long = "type", value_name = "TYPE", value_parser = input::attestation_type)]
    kind: AttestationType,

    /// The policy's text, or the JWS in which it was set
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,

    #[command(flatten)]
    connection: service::Connection,
}

/// Set the policy that a provider judges a type of evidence by
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  attestry policy set policy.txt --type sgx-enclave --endpoint https://localhost:8443 --ca ca.pem

  # Would it be taken, and which of the last 500 recorded decisions would it change?
  attestry policy set policy.txt --type sgx-enclave --dry-run --decisions 500

  # An isolated provider wants a signature, made before or on the way:
  attestry policy set policy.jws --type sgx-enclave
  attestry policy set policy.txt --type sgx-enclave --key signer.key --cert signer.pem

The service's signed answer must repeat the hash of what was sent, or the command fails.")]
pub struct SetArgs {
    /// A policy's text, or a JWS made by `attestry policy sign`; `-` reads stdin
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Type of evidence: sgx-enclave, open-enclave, tdx-vm, sev-snp-vm, azure-guest or tpm
    #[arg(long = "type", value_name = "TYPE", value_parser = input::attestation_type)]
    kind: AttestationType,

    /// What FILE is [default: a JWS if it looks like one]
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,

    /// Only try it: nothing changes, exit 1 if it would be refused
    #[arg(long)]
    dry_run: bool,

    /// With --dry-run: how many recorded decisions to make again
    #[arg(long, value_name = "N", requires = "dry_run")]
    decisions: Option<u32>,

    #[command(flatten)]
    signature: OnTheWay,

    #[command(flatten)]
    connection: service::Connection,
}

/// Go back to the default policy
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  attestry policy reset --type sgx-enclave --endpoint https://localhost:8443 --ca ca.pem
  attestry policy reset --type sgx-enclave --key signer.key --cert signer.pem
  attestry policy reset --type sgx-enclave --jws reset.jws")]
pub struct ResetArgs {
    /// Type of evidence: sgx-enclave, open-enclave, tdx-vm, sev-snp-vm, azure-guest or tpm
    #[arg(long = "type", value_name = "TYPE", value_parser = input::attestation_type)]
    kind: AttestationType,

    /// A JWS made by `attestry policy sign --reset`
    #[arg(long, value_name = "FILE", conflicts_with = "key")]
    jws: Option<PathBuf>,

    #[command(flatten)]
    signature: OnTheWay,

    #[command(flatten)]
    connection: service::Connection,
}

/// Forms of a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Jws,
}

pub fn show(args: &ShowArgs, output: Output) -> Result<Verdict, Failure> {
    let client = args.connection.client()?;
    let policy = match service::block_on(async { Ok(client.policy(args.kind).await) })? {
        Ok(policy) => policy,
        Err(error) => return service::refused(&error, output),
    };
    if output.is_json() {
        Output::document(&json!({
            "type": args.kind,
            "policy": policy.text(),
            "jws": policy.envelope(),
            "policy_hash": policy.text().map(|_| policy.hash()),
            "signer": policy.signer(),
            "claims": policy.answer().claims(),
        }))?;
        return Ok(Verdict::Accepted);
    }
    note_facts(&policy);
    match (args.format, policy.text()) {
        (Format::Jws, _) => Output::text(policy.envelope())?,
        // As it is, so that its hash does not change on the way through a file.
        (Format::Text, Some(text)) => Output::bytes(text.as_bytes())?,
        (Format::Text, None) => {}
    }
    Ok(Verdict::Accepted)
}

fn note_facts(policy: &StoredPolicy) {
    if policy.text().is_none() {
        Output::note(&format!("{} this type has no policy", paint(CAUTION, "note:")));
        return;
    }
    let signer = policy.signer().unwrap_or_else(|| paint(FAINT, "none"));
    Output::note(facts([("policy hash", policy.hash()), ("signer", signer)]).trim_end());
}

pub fn set(args: &SetArgs, output: Output) -> Result<Verdict, Failure> {
    let given = given(args)?;
    let signer = args.signature.signer()?;
    let client = args.connection.client()?;
    let operation = format!("policies/{}", args.kind);
    service::block_on(async {
        let jws = match (given, signer) {
            (Given::Text(text), None) => Client::unsigned_policy(&text),
            (Given::Text(text), Some(signer)) => {
                let only_for = args.signature.only_for(&client, &operation).await?;
                signer
                    .sign_policy(&text, only_for.as_ref())
                    .map_err(|error| signing::failure(&error))?
            }
            (Given::Jws(jws), None) => jws,
            (Given::Jws(_), Some(_)) => {
                return Err(Failure::usage(format!(
                    "{} is a JWS already, --key and --cert are for policy texts",
                    input::name(&args.file)
                )));
            }
        };
        if args.dry_run {
            return match client.dry_run(args.kind, &jws, args.decisions).await {
                Ok(report) => dry_run::report(&report, output),
                Err(error) => service::refused(&error, output),
            };
        }
        match client.set_policy(args.kind, &jws).await {
            Ok(outcome) => administration::report(&outcome, "the policy is set", output),
            Err(error) => service::refused(&error, output),
        }
    })
}

pub fn reset(args: &ResetArgs, output: Output) -> Result<Verdict, Failure> {
    let given = args.jws.as_ref().map(|path| input::read_text(path)).transpose()?;
    let signer = args.signature.signer()?;
    let client = args.connection.client()?;
    let operation = format!("policies/{}:reset", args.kind);
    service::block_on(async {
        let jws = match signer {
            None => given.map(|jws| jws.trim().to_owned()),
            Some(signer) => {
                let only_for = args.signature.only_for(&client, &operation).await?;
                let signed = signer.sign_reset(only_for.as_ref());
                Some(signed.map_err(|error| signing::failure(&error))?)
            }
        };
        match client.reset_policy(args.kind, jws.as_deref()).await {
            Ok(outcome) => administration::report(&outcome, "the default policy counts", output),
            Err(error) => service::refused(&error, output),
        }
    })
}

enum Given {
    Text(String),
    Jws(String),
}

fn given(args: &SetArgs) -> Result<Given, Failure> {
    let text = input::read_text(&args.file)?;
    let trimmed = text.trim();
    // No policy is three runs of base64url with full stops between them.
    let is_jws = match args.format {
        Some(format) => format == Format::Jws,
        None => CompactJws::parse(trimmed).is_ok(),
    };
    Ok(if is_jws {
        Given::Jws(trimmed.to_owned())
    } else {
        Given::Text(text)
    })
}
