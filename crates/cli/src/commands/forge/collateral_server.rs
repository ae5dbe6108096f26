//! `attestry forge collateral-server`: a cache server of the vendors' protocols, over minted collateral.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use attestry_forge::pccs::{self, Controls};
use serde_json::json;
use tokio::net::TcpListener;

use super::World;
use crate::failure::{Failure, Verdict};
use crate::input;
use crate::output::Output;
use crate::service;
use crate::signals::Signals;

/// Serve minted collateral like the services of Intel and AMD and their caches do
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  attestry forge collateral-server --listen 127.0.0.1:8081
  curl 'http://127.0.0.1:8081/sgx/certification/v4/qe/identity'
  curl 'http://127.0.0.1:8081/vcek/v1/Milan/cert_chain'
  attestry forge collateral-server --amd-period 10

Prints `listening on http://...` when it is ready and serves until Ctrl-C.")]
pub struct Args {
    /// Address to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8081")]
    listen: SocketAddr,
    /// Answer one request to AMD's service in so many seconds and refuse the others with status 429
    #[arg(long, value_name = "SECONDS")]
    amd_period: Option<u64>,
    #[command(flatten)]
    world: World,
}

pub fn run(args: &Args, output: Output) -> Result<Verdict, Failure> {
    let controls = match args.world.at {
        Some(_) => Controls::new(args.world.forge()),
        None => Controls::with_clock(args.world.forge(), input::now),
    };
    controls.limit_amd(args.amd_period.map(Duration::from_secs));
    service::block_on(async {
        let mut signals = Signals::install()?;
        let listener = TcpListener::bind(args.listen)
            .await
            .map_err(|error| Failure::environment(format!("cannot listen on `{}`: {error}", args.listen)))?;
        let address = listener
            .local_addr()
            .map_err(|error| Failure::environment(error.to_string()))?;
        let url = format!("http://{address}");
        output.answer(&json!({"listening": url}), || format!("listening on {url}"))?;
        tokio::select! {
            ended = pccs::serve(listener, Arc::new(controls)) => {
                ended.map_err(|error| Failure::environment(format!("the collateral server failed: {error}")))?;
            }
            () = signals.stop() => {}
        }
        Ok(Verdict::Accepted)
    })
}
