//! `attestry demo`: the whole job in a minute, offline.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::failure::{Failure, Verdict};
use crate::output::Output;

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

    /// Where to keep the store and certificates [default: a fresh temporary directory]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

pub fn run(_args: Args, _output: Output) -> Result<Verdict, Failure> {
    Ok(Verdict::Accepted)
}
