//! `attestry serve`: the service, from a configuration file or as a development server.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::failure::{Failure, Verdict};
use crate::output::Output;

/// Run the service
#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("mode").required(true).args(["config", "dev"])))]
#[command(after_help = "\
Examples:
  attestry serve --config /etc/attestry/attestry.toml
  attestry serve --dev
  attestry serve --dev --listen 127.0.0.1:8443 --data ./data
  attestry serve --dev --as-of 2021-07-01T00:00:00Z     # verify old evidence

Prints `listening on https://...` on stdout when it is ready; logs go to stderr.
SIGTERM and Ctrl-C answer what is in flight and exit 0; SIGHUP reloads certificates and settings.

--dev is for development only: loopback, any bearer token has all rights, and evidence made by
`attestry forge` is trusted. Its tokens say so (x-attestry-dev).")]
pub struct Args {
    /// Configuration file (TOML)
    #[arg(long, value_name = "FILE", env = "ATTESTRY_CONFIG")]
    config: Option<PathBuf>,

    /// A development server: loopback only, own small CA, forged evidence trusted
    #[arg(long)]
    dev: bool,

    /// Address to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8443", requires = "dev")]
    listen: SocketAddr,

    /// Where the store, keys and certificates live
    #[arg(long, value_name = "DIR", default_value = "attestry-data", requires = "dev")]
    data: PathBuf,

    /// Verify evidence as of this time instead of now: RFC 3339 or unix seconds
    #[arg(long, value_name = "TIME", value_parser = crate::input::time, requires = "dev")]
    as_of: Option<i64>,
}

pub fn run(_args: Args, _output: Output) -> Result<Verdict, Failure> {
    Ok(Verdict::Accepted)
}
