//! `attestry signer`: the policy signing certificates of an isolated provider.

use std::path::{Path, PathBuf};

use attestry_api::b64;
use attestry_client::{ManagementToken, Outcome, PolicyCertificate};
use clap::Subcommand;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use serde_json::{Value, json};

use crate::certificate::Described;
use crate::failure::{Failure, Verdict};
use crate::output::{BOLD, FAINT, NAME, Output, plain, table};
use crate::{administration, input, service, signing};

/// List, add and remove the policy signing certificates of an isolated provider
#[derive(Debug, clap::Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
#[command(after_help = "\
Examples:
  attestry signer list --endpoint https://localhost:8443/p/mine --ca ca.pem

  # Roll a certificate: trust the new one, sign the policy with it, drop the old one.
  attestry signer add --cert new.pem --signer-key old.key --signer-cert old.pem
  attestry policy set policy.txt --type sgx-enclave --key new.key --cert new.pem
  attestry signer remove --cert old.pem --signer-key new.key --signer-cert new.pem")]
pub struct Args {
    #[command(subcommand)]
    command: SignerCommand,
}

#[derive(Debug, Subcommand)]
enum SignerCommand {
    List(ListArgs),
    Add(ChangeArgs),
    Remove(RemoveArgs),
}

/// List the certificates that may sign policies
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  attestry signer list --endpoint https://localhost:8443/p/mine --ca ca.pem
  attestry signer list --json | jq -r '.certificates[].thumbprint'")]
struct ListArgs {
    #[command(flatten)]
    connection: service::Connection,
}

/// Let one more certificate sign policies
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "attestry signer add --cert <PEM> --signer-key <PEM> --signer-cert <PEM> [OPTIONS]"
)]
#[command(after_help = "\
Examples:
  attestry signer add --cert new.pem --signer-key old.key --signer-cert old.pem \\
      --endpoint https://localhost:8443/p/mine --ca ca.pem

The request is signed with a certificate that is trusted already. The service's signed answer must
name the thumbprint of what was sent, or the command fails.")]
struct ChangeArgs {
    /// The certificate (PEM)
    #[arg(long, value_name = "PEM")]
    cert: PathBuf,

    /// Private key (PEM) of a certificate that is trusted already
    #[arg(long, value_name = "PEM")]
    signer_key: PathBuf,

    /// That certificate, and those that lead to a trusted one (PEM)
    #[arg(long, value_name = "PEM")]
    signer_cert: PathBuf,

    /// Make the signature good for this operation of this provider alone, and from now on
    #[arg(long)]
    bind: bool,

    #[command(flatten)]
    connection: service::Connection,
}

/// Let a certificate sign no more policies
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "attestry signer remove --cert <PEM> --signer-key <PEM> --signer-cert <PEM> [OPTIONS]"
)]
#[command(after_help = "\
Examples:
  attestry signer remove --cert old.pem --signer-key new.key --signer-cert new.pem \\
      --endpoint https://localhost:8443/p/mine --ca ca.pem

The policies that it signed stop counting: evidence of their types is refused until others are set.
The last certificate stays.")]
struct RemoveArgs {
    #[command(flatten)]
    change: ChangeArgs,
}

pub fn run(args: &Args, output: Output) -> Result<Verdict, Failure> {
    match &args.command {
        SignerCommand::List(args) => list(args, output),
        SignerCommand::Add(args) => change(args, Action::Add, output),
        SignerCommand::Remove(args) => change(&args.change, Action::Remove, output),
    }
}

fn list(args: &ListArgs, output: Output) -> Result<Verdict, Failure> {
    let client = args.connection.client()?;
    match service::block_on(async { Ok(client.policy_certificates().await) })? {
        Ok((certificates, token)) => {
            output.answer(&document(&certificates, &token), || listed(&certificates))?;
        }
        Err(error) => return service::refused(&error, output),
    }
    Ok(Verdict::Accepted)
}

fn document(certificates: &[PolicyCertificate], token: &ManagementToken) -> Value {
    let shown: Vec<_> = certificates
        .iter()
        .map(|certificate| {
            let chain: Vec<_> = certificate.chain.iter().map(|der| b64::encode_standard(der)).collect();
            let Described {
                thumbprint,
                subject,
                not_after,
                algorithm,
            } = described(certificate);
            json!({
                "thumbprint": thumbprint, "subject": subject, "not_after": not_after, "algorithm": algorithm, "x5c": chain,
            })
        })
        .collect();
    json!({"certificates": shown, "claims": token.claims()})
}

fn listed(certificates: &[PolicyCertificate]) -> String {
    if certificates.is_empty() {
        return "none: this provider is not isolated, policies need no signature".to_owned();
    }
    let heading = ["thumbprint", "key", "until", "subject"].map(|title| (BOLD, title.to_owned()));
    let mut rows = vec![heading.to_vec()];
    for certificate in certificates {
        let shown = described(certificate);
        rows.push(vec![
            (NAME, shown.thumbprint),
            (FAINT, shown.algorithm.to_owned()),
            (FAINT, shown.not_after),
            (BOLD, plain(&shown.subject)),
        ]);
    }
    table(&rows)
}

fn described(certificate: &PolicyCertificate) -> Described {
    Described::new(certificate.chain.first().map_or(&[], Vec::as_slice))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Add,
    Remove,
}

fn change(args: &ChangeArgs, action: Action, output: Output) -> Result<Verdict, Failure> {
    let certificate = certificate(&args.cert)?;
    let signer = signing::signer(&args.signer_key, &args.signer_cert)?;
    let client = args.connection.client()?;
    let (operation, what) = match action {
        Action::Add => ("certificates:add", "the certificate may sign policies"),
        Action::Remove => ("certificates:remove", "the certificate may sign no policies"),
    };
    let outcome: Result<Outcome<_>, _> = service::block_on(async {
        let only_for = if args.bind {
            let only_for = client.signed_use(operation).await;
            Some(only_for.map_err(|error| service::failure(&error))?)
        } else {
            None
        };
        let jws = signer
            .sign_certificate(&certificate, only_for.as_ref())
            .map_err(|error| signing::failure(&error))?;
        Ok(match action {
            Action::Add => client.add_policy_certificate(&jws).await,
            Action::Remove => client.remove_policy_certificate(&jws).await,
        })
    })?;
    match outcome {
        Ok(outcome) => administration::report(&outcome, what, output),
        Err(error) => service::refused(&error, output),
    }
}

/// The first certificate of a PEM file.
fn certificate(path: &Path) -> Result<Vec<u8>, Failure> {
    CertificateDer::from_pem_slice(&input::read(path)?)
        .map(|der| der.to_vec())
        .map_err(|_| Failure::usage(format!("there is no PEM certificate in {}", input::name(path))))
}
