//! The `attestry` binary.
//!
//! Parses the command line, runs one command and turns its outcome into the exit status that scripts rely on.
//! It owns presentation only: every decision about evidence, policies and tokens is made by the libraries.

mod administration;
mod appraisal;
mod certificate;
mod collateral_files;
mod commands;
mod development;
mod failure;
mod input;
mod output;
mod service;
mod signals;
mod signing;

use std::process::ExitCode;

use clap::Parser;

use crate::commands::Cli;
use crate::failure::Verdict;
use crate::output::Output;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let output = Output::new(cli.json);
    match commands::run(&cli.command, output) {
        Ok(Verdict::Accepted) => ExitCode::SUCCESS,
        Ok(Verdict::Refused) => ExitCode::from(failure::EXIT_REFUSED),
        Err(failure) => {
            output.failure(&failure);
            ExitCode::from(failure.exit_status())
        }
    }
}
