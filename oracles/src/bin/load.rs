//! Load on a running service: minted SGX evidence over HTTPS keep-alive, open loop, latency percentiles.
//!
//! Open loop means that requests are due at fixed times whatever the service does; a request's latency counts from the
//! moment it was due, so that a stalled service cannot hide its stall by slowing its clients down. `--rate 0` is a
//! closed loop: each client sends as fast as it gets answers, which measures capacity instead of latency.

use std::path::PathBuf;
use std::process::ExitCode;

use attestry_oracles::load::{self, Plan, Report};
use clap::Parser;

/// Attests minted SGX evidence against a development service and reports throughput and latency percentiles.
#[derive(Parser)]
#[command(
    after_help = "Example:\n  attestry serve --dev --data /tmp/a &\n  cargo run --release -p attestry-oracles --bin load -- \\\n      --endpoint https://localhost:8443 --ca /tmp/a/tls/ca.pem --clients 64 --rate 500 --count 10000"
)]
struct Arguments {
    /// The service's base URL.
    #[arg(long)]
    endpoint: String,
    /// The certificate authority of the service, PEM.
    #[arg(long)]
    ca: PathBuf,
    /// Connections kept open at the same time.
    #[arg(long, default_value_t = 64)]
    clients: usize,
    /// Requests due each second over all connections; 0 sends as fast as answers come.
    #[arg(long, default_value_t = 0)]
    rate: u64,
    /// Requests in all.
    #[arg(long, default_value_t = 10_000)]
    count: u64,
    /// Process of the service: its CPU time and resident memory are reported.
    #[arg(long)]
    pid: Option<u32>,
    /// One JSON document instead of text.
    #[arg(long)]
    json: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let ca = match std::fs::read(&arguments.ca) {
        Ok(bytes) => bytes,
        Err(error) => {
            eprintln!("error: cannot read `{}`: {error}", arguments.ca.display());
            return ExitCode::from(2);
        }
    };
    let plan = Plan {
        endpoint: arguments.endpoint,
        ca,
        clients: arguments.clients.max(1),
        rate: arguments.rate,
        count: arguments.count,
        pid: arguments.pid,
    };
    match load::run(&plan).await {
        Ok(report) => print(&report, arguments.json),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(3)
        }
    }
}

fn print(report: &Report, json: bool) -> ExitCode {
    if json {
        println!("{}", report.json());
    } else {
        println!("{}", report.lines().join("\n"));
    }
    if report.failures == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(1)
    }
}
