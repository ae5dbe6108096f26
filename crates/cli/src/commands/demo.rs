//! `attestry demo`: the whole job in a minute, offline.
//!
//! It starts a development server, attests minted evidence over HTTPS, checks each token as a relying party would,
//! and shows one refusal. It takes no shortcut into the server: everything goes through the client.

mod evidence;
mod key_release;
mod report;
mod samples;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use attestry_client::{Attestation, AttestationResult, Client, ClientError};
use attestry_service::config::{Config, LogFormat, TelemetryConfig};
use attestry_service::server::{Mode, RunningServer};
use attestry_service::telemetry::start_logging;
use serde_json::{Map, Value};

use self::evidence::Piece;
use self::report::Report;
use super::serve;
use crate::failure::{Failure, Verdict};
use crate::output::Output;
use crate::signals::Signals;
use crate::{development, service};

/// Show the whole job in a minute, offline
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  attestry demo              # then try things against it until Ctrl-C
  attestry demo --once       # exits 0 when everything worked
  attestry demo --once --json | jq .steps")]
pub struct Args {
    /// Exit after the demonstration; non-zero if anything failed
    #[arg(long)]
    once: bool,

    /// Address to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    listen: SocketAddr,

    /// Where to keep the store, certificates and samples [default: a fresh temporary directory]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

pub fn run(args: &Args, output: Output) -> Result<Verdict, Failure> {
    // Anything louder would run through the table.
    start_logging(&TelemetryConfig {
        log_format: LogFormat::Text,
        log_level: "error".to_owned(),
    });
    service::block_on(demonstrate(args, output))
}

async fn demonstrate(args: &Args, output: Output) -> Result<Verdict, Failure> {
    let mut signals = Signals::install()?;
    // Removed when the demo ends, unless the user named a place.
    let temporary = match args.data {
        Some(_) => None,
        None => Some(temporary_directory()?),
    };
    let data = match (&args.data, &temporary) {
        (Some(path), _) => path.clone(),
        (None, Some(directory)) => directory.path().to_owned(),
        (None, None) => return Err(Failure::environment("there is no directory to work in")),
    };

    let started = Instant::now();
    let server = serve::start(
        config(args.listen, &data),
        Mode::Dev(development::fixtures(None, Vec::new())),
    )
    .await?;
    let started_in = started.elapsed();
    let relying_party = RelyingParty::of(&server)?;

    let guests = evidence::guests(&development::amd_forge(None))?;
    let pieces = evidence::pieces(&development::forge(None), &guests);
    let samples = samples::write(&data.join("samples"), &pieces)?;
    let mut report = Report::new(
        server.base_url(),
        &relying_party.ca,
        &data,
        temporary.is_some(),
        started_in,
    );
    for piece in &pieces {
        report.steps.push(relying_party.run(piece).await);
    }
    for guest in [&guests.milan, &guests.debug] {
        report.steps.push(key_release::step(&relying_party, guest).await);
    }
    report.total = started.elapsed();

    let passed = report.passed();
    if output.is_json() {
        Output::document(&report.document())?;
    } else {
        Output::text(&report.text())?;
    }
    if !args.once {
        Output::note(&report.what_next(&samples));
        signals.stop().await;
    }
    serve::stop(server, &mut signals).await?;
    Ok(if passed {
        Verdict::Accepted
    } else {
        Verdict::Refused
    })
}

fn temporary_directory() -> Result<tempfile::TempDir, Failure> {
    tempfile::Builder::new()
        .prefix("attestry-demo-")
        .tempdir()
        .map_err(|error| Failure::environment(format!("cannot make a temporary directory: {error}")))
}

fn config(listen: SocketAddr, data: &Path) -> Config {
    let mut config = Config::default();
    config.server.listen = listen;
    config.store.data_dir = data.into();
    config.collateral.sources.clear();
    config
}

/// Both sides of the service: the workload that asks for a token, and the party that is shown it.
struct RelyingParty {
    endpoint: String,
    ca: PathBuf,
    ca_pem: Vec<u8>,
    workload: Client,
}

/// How one piece of evidence fared.
struct Step {
    title: &'static str,
    kind: &'static str,
    attest: Duration,
    verify: Duration,
    outcome: Outcome,
}

/// What came of it.
enum Outcome {
    /// A token, and every check of it passed.
    Accepted(Box<Map<String, Value>>),
    /// Refused as it should be.
    Refused(Box<ClientError>),
    /// A secret, and what was done to it.
    Released(String),
    /// No secret, as it should be, and why.
    Withheld(String),
    /// Anything else: the demo has failed.
    Failed(String),
}

impl RelyingParty {
    fn of(server: &RunningServer) -> Result<Self, Failure> {
        let ca = server
            .development_ca()
            .ok_or_else(|| Failure::environment("the server has no certificate"))?;
        let ca_pem = crate::input::read(&ca)?;
        let endpoint = server.base_url().to_owned();
        let workload = client(&endpoint, &ca_pem)?;
        Ok(Self {
            endpoint,
            ca,
            ca_pem,
            workload,
        })
    }

    async fn run(&self, piece: &Piece) -> Step {
        let started = Instant::now();
        let attestation = Attestation::new(piece.kind, piece.evidence.clone())
            .runtime_data(piece.runtime_data.clone())
            .nonce(piece.nonce);
        let answer = self.workload.attest(&attestation).await;
        let attest = started.elapsed();
        let started = Instant::now();
        let outcome = match (answer, piece.expect_refusal) {
            (Ok(result), None) => match self.check(piece, &result).await {
                Ok(claims) => Outcome::Accepted(Box::new(claims)),
                Err(reason) => Outcome::Failed(reason),
            },
            (Ok(_), Some(_)) => {
                Outcome::Failed("a token was issued, although the platform is out of date".to_owned())
            }
            (Err(error), Some(code)) if is_refusal_with(&error, code) => Outcome::Refused(Box::new(error)),
            (Err(error), _) => Outcome::Failed(error.to_string()),
        };
        Step {
            title: piece.title,
            kind: piece.kind.name(),
            attest,
            verify: started.elapsed(),
            outcome,
        }
    }

    /// Knows the service's address and CA and nothing else: metadata, keys, signature, then the claims.
    async fn check(&self, piece: &Piece, result: &AttestationResult) -> Result<Map<String, Value>, String> {
        let relying_party = client(&self.endpoint, &self.ca_pem).map_err(|failure| failure.to_string())?;
        let token = relying_party
            .validate(result.token())
            .await
            .map_err(|error| error.to_string())?;
        for (name, expected) in &piece.expected_claims {
            let found = token.claims().get(*name);
            if found != Some(expected) {
                let found = found.map_or_else(|| "nothing".to_owned(), Value::to_string);
                return Err(format!("claim `{name}` is {found}, expected {expected}"));
            }
        }
        Ok(token.claims().clone())
    }
}

fn client(endpoint: &str, ca_pem: &[u8]) -> Result<Client, Failure> {
    Client::builder(endpoint)
        .ca_pem(ca_pem)
        .build()
        .map_err(|error| service::failure(&error))
}

fn is_refusal_with(error: &ClientError, expected: &str) -> bool {
    matches!(error, ClientError::Service { status: 400, inner: Some(inner), .. } if inner.code == expected)
}
