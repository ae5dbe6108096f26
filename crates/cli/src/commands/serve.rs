//! `attestry serve`: the service, from a configuration file or as a development server.

use std::net::SocketAddr;
use std::path::PathBuf;

use attestry_service::config::{Config, ConfigError};
use attestry_service::server::{Mode, RunningServer, Server, StartError};
use attestry_service::telemetry::start_logging;
use serde_json::json;

use crate::failure::{Failure, Verdict, chain};
use crate::output::{CAUTION, Output, paint};
use crate::signals::{Request, Signals};
use crate::{collateral_files, development, service};

/// Run the service
#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("mode").required(true).multiple(true).args(["config", "dev"])))]
#[command(after_help = "\
Examples:
  attestry serve --config /etc/attestry/attestry.toml
  attestry serve --dev
  attestry serve --dev --listen 127.0.0.1:8443 --data ./data
  # Verify old evidence as of its day, with the collateral of that day:
  attestry serve --dev --as-of 2021-07-01T00:00:00Z --collateral collateral.json

Prints `listening on https://...` on stdout when it is ready; logs go to stderr.
SIGTERM and Ctrl-C answer what is in flight and exit 0; SIGHUP reloads certificates, policies and
collateral.

--dev is for development only: loopback, any bearer token has all rights, and evidence made by
`attestry forge` is trusted. Its tokens say so (x-attestry-dev). It has three providers: one at the base
URL, an isolated one at /p/isolated (its policy signer: DIR/tls/policy-signer.pem and .key), and a
shared one at /p/shared. Together with --config it runs the
configured providers and limits in that mode.")]
pub struct Args {
    /// Configuration file (TOML)
    #[arg(long, value_name = "FILE", env = "ATTESTRY_CONFIG")]
    config: Option<PathBuf>,

    /// A development server: loopback only, own small CA, forged evidence trusted
    #[arg(long)]
    dev: bool,

    /// Address to listen on; port 0 takes a free one [default: 127.0.0.1:8443]
    #[arg(long, value_name = "ADDR", requires = "dev")]
    listen: Option<SocketAddr>,

    /// Where the store, keys and certificates live [default: attestry-data]
    #[arg(long, value_name = "DIR", requires = "dev")]
    data: Option<PathBuf>,

    /// Judge evidence as of this time instead of now: RFC 3339 or unix seconds
    #[arg(long, value_name = "TIME", value_parser = crate::input::time, requires = "dev")]
    as_of: Option<i64>,

    /// Take in this collateral at the start: a directory or a JSON file; may be repeated
    #[arg(long, value_name = "PATH", requires = "dev")]
    collateral: Vec<PathBuf>,
}

pub fn run(args: &Args, output: Output) -> Result<Verdict, Failure> {
    let (config, mode) = plan(args)?;
    start_logging(&config.telemetry);
    service::block_on(serve(config, mode, output))
}

/// The configuration to start with, the development settings applied.
fn plan(args: &Args) -> Result<(Config, Mode), Failure> {
    let mut config =
        Config::load(args.config.as_deref(), std::env::vars()).map_err(|error| wrong_config(&error))?;
    if !args.dev {
        return Ok((config, Mode::Normal));
    }
    if args.config.is_none() {
        config.collateral.sources.clear();
        config.store.data_dir = PathBuf::from("attestry-data");
    }
    if let Some(data) = &args.data {
        config.store.data_dir.clone_from(data);
    }
    if let Some(listen) = args.listen {
        config.server.listen = listen;
    }
    let mut collateral = Vec::new();
    for path in &args.collateral {
        for entry in collateral_files::load(path, None)? {
            collateral.push((entry.tee(), entry.documents));
        }
    }
    Ok((config, Mode::Dev(development::fixtures(args.as_of, collateral))))
}

async fn serve(config: Config, mode: Mode, output: Output) -> Result<Verdict, Failure> {
    let mut signals = Signals::install()?;
    let server = start(config, mode).await?;
    let url = server.base_url();
    let ca = server.development_ca();
    output.answer(&json!({"listening": url, "ca": ca}), || {
        format!("listening on {url}")
    })?;
    if let Some(ca) = ca {
        Output::note(&format!(
            "{} development mode, trust forged evidence nowhere else",
            paint(CAUTION, "note:")
        ));
        Output::note(&format!("      CA certificate: {}", ca.display()));
    }
    while signals.next().await == Request::Reload {
        if let Err(error) = server.reload().await {
            Output::note(&format!(
                "{} nothing was reloaded: {}",
                paint(CAUTION, "warning:"),
                chain(&error)
            ));
        }
    }
    stop(server, &mut signals).await
}

/// Starts a server; whose fault it is when it does not start decides the exit status.
pub async fn start(config: Config, mode: Mode) -> Result<RunningServer, Failure> {
    Server::start(config, mode).await.map_err(|error| match &error {
        StartError::Config(error) => wrong_config(error),
        StartError::TrustRoot { .. }
        | StartError::Source { .. }
        | StartError::Collateral(_)
        | StartError::Authentication(_) => Failure::usage(chain(&error)),
        StartError::Listen { .. } => Failure::environment(chain(&error))
            .hint("another process may be listening there; choose another address or port 0"),
        _ => Failure::environment(chain(&error)),
    })
}

/// Drains the server; a second signal ends it at once.
pub async fn stop(server: RunningServer, signals: &mut Signals) -> Result<Verdict, Failure> {
    tokio::select! {
        drained = server.shutdown() => {
            if !drained {
                Output::note(&format!("{} some requests were cut off", paint(CAUTION, "warning:")));
            }
            Ok(Verdict::Accepted)
        }
        () = signals.stop() => Err(Failure::environment("stopped before all requests were answered")),
    }
}

fn wrong_config(error: &ConfigError) -> Failure {
    Failure::usage(error.to_string()).hint("`attestry config check FILE` shows what is in effect")
}
