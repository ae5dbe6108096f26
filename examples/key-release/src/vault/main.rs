//! A small vault. It keeps secrets with their release policies and answers
//! `POST /keys/{name}/{version}/release?api-version=7.4` as Azure Key Vault and Managed HSM do: it validates the attestation
//! token by the keys of the one issuer it is configured to trust, evaluates the policy, wraps the secret to the key that the
//! workload attested, and signs the answer.
//!
//! It is an example, and leaves out what has nothing to do with attestation: who may ask at all, TLS, and a safe place for the
//! secrets.

mod configuration;
mod http;
mod identity;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use tokio::net::TcpListener;

/// A small vault that releases secrets to attested workloads
#[derive(Debug, Parser)]
struct Args {
    /// What it keeps, and whose tokens it trusts (JSON)
    #[arg(long, value_name = "FILE")]
    config: PathBuf,

    /// Where its certificate and key live; made when they are not there
    #[arg(long, value_name = "DIR")]
    data: PathBuf,

    /// Judge tokens as of this time, in seconds since 1970, instead of now
    #[arg(long, value_name = "SECONDS")]
    as_of: Option<i64>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: &Args) -> Result<(), Box<dyn Error>> {
    let signer = identity::load_or_make(&args.data)?;
    let configuration = configuration::Configuration::load(&args.config)?;
    let listener = TcpListener::bind(configuration.listen).await?;
    let url = format!("http://{}", listener.local_addr()?);
    let vault = http::Vault {
        keys: configuration.keys(&url)?,
        issuer: configuration.issuer()?,
        signer,
        as_of: args.as_of,
    };
    println!("listening on {url}");
    axum::serve(listener, http::router(Arc::new(vault))).await?;
    Ok(())
}
