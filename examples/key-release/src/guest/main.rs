//! A workload that gets a secret. It makes a key that never leaves it, lets the hardware vouch for the key, attests, and asks
//! the vault. The evidence comes in a file: a confidential guest would get it from `/dev/sev-guest`, here the forge makes it.

mod steps;

use std::path::PathBuf;
use std::process::ExitCode;

use attestry_client::AttestationType;
use attestry_client::key_release::KeyEncryption;
use clap::{Parser, Subcommand};

/// A workload that gets a secret from a vault
#[derive(Debug, Parser)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a key and the runtime data that announce it: `guest.der` and `runtime.json`
    Key {
        /// Where to put them
        directory: PathBuf,
    },
    /// Attest with evidence over `runtime.json`; prints the token
    Attest {
        /// Where the key and the runtime data are
        directory: PathBuf,
        /// Base URL of the attestation service
        #[arg(long, value_name = "URL")]
        endpoint: String,
        /// PEM of the certificate authority of its TLS certificate
        #[arg(long, value_name = "FILE")]
        ca: PathBuf,
        /// Type of the evidence, for example `sev-snp-vm`
        #[arg(long = "type", value_name = "TYPE")]
        kind: AttestationType,
        /// The evidence
        #[arg(long, value_name = "FILE")]
        evidence: PathBuf,
    },
    /// Ask a vault for a key with a token, and open the answer with the guest's key
    Release(Release),
}

#[derive(Debug, clap::Args)]
struct Release {
    /// Where the key is
    directory: PathBuf,
    /// The attestation token
    #[arg(long, value_name = "FILE")]
    token: PathBuf,
    /// Base URL of the vault
    #[arg(long, value_name = "URL")]
    vault: String,
    /// PEM of the certificate that the vault signs its answers with
    #[arg(long, value_name = "FILE")]
    vault_certificate: PathBuf,
    /// What to ask for
    #[arg(long, value_name = "NAME/VERSION")]
    key: String,
    /// How it is to be wrapped
    #[arg(long, value_name = "ALGORITHM", default_value = "RSA_AES_KEY_WRAP_256")]
    enc: KeyEncryption,
    /// Keep the wrapped secret, too
    #[arg(long, value_name = "FILE")]
    save_wrapped: Option<PathBuf>,
    /// Where to write the secret
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Args::parse().command {
        Command::Key { directory } => steps::make_key(&directory),
        Command::Attest {
            directory,
            endpoint,
            ca,
            kind,
            evidence,
        } => steps::attest(&directory, &endpoint, &ca, kind, &evidence).await,
        Command::Release(args) => steps::release(&args).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("refused: {error}");
            ExitCode::FAILURE
        }
    }
}
