//! The command tree; each command is a file with its arguments and its few lines of work.

mod attest;
mod change;
mod collateral;
mod config;
mod demo;
mod forge;
mod inspect;
mod manual;
mod policy;
mod provider;
mod reference;
mod serve;
mod signer;
mod token;
mod verify;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Parser, Subcommand};

use crate::failure::{Failure, Verdict};
use crate::output::Output;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default())
    .placeholder(AnsiColor::Cyan.on_default());

/// Remote attestation you can run yourself: evidence in, a signed token out, and the reason either way
#[derive(Debug, Parser)]
#[command(
    name = "attestry",
    version,
    styles = STYLES,
    subcommand_required = true,
    arg_required_else_help = true,
    max_term_width = 100,
    after_help = "\
Start here:
  attestry demo                        the whole job in a minute, offline
  attestry serve --dev                 a service to develop against
  attestry verify --type sgx-enclave quote.bin --collateral collateral.json
  attestry inspect quote.bin           what is in this file?

Exit status:
  0  done, or accepted
  1  refused: evidence rejected, policy denied, token or check failed
  2  wrong usage or unreadable input
  3  the environment failed: network, disk, server error"
)]
pub struct Cli {
    /// Answer with one JSON document on stdout
    #[arg(long, global = true, display_order = 900)]
    pub json: bool,

    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    Demo(demo::Args),
    Serve(serve::Args),
    Attest(attest::Args),
    Verify(verify::Args),
    Inspect(inspect::Args),
    Token(token::Args),
    Policy(policy::Args),
    Signer(signer::Args),
    Change(change::Args),
    Provider(provider::Args),
    Collateral(collateral::Args),
    Reference(reference::Args),
    Forge(forge::Args),
    Config(config::Args),
    Completions(manual::CompletionArgs),
    Man(manual::ManArgs),
}

/// Runs one command.
pub fn run(command: &Command, output: Output) -> Result<Verdict, Failure> {
    match command {
        Command::Demo(args) => demo::run(args, output),
        Command::Serve(args) => serve::run(args, output),
        Command::Attest(args) => attest::run(args, output),
        Command::Verify(args) => verify::run(args, output),
        Command::Inspect(args) => inspect::run(args, output),
        Command::Token(args) => token::run(args, output),
        Command::Policy(args) => policy::run(args, output),
        Command::Signer(args) => signer::run(args, output),
        Command::Change(args) => change::run(args, output),
        Command::Provider(args) => provider::run(args, output),
        Command::Collateral(args) => collateral::run(args, output),
        Command::Reference(args) => reference::run(args, output),
        Command::Forge(args) => forge::run(args, output),
        Command::Config(args) => config::run(args, output),
        Command::Completions(args) => manual::completions(args, output),
        Command::Man(args) => manual::pages(args, output),
    }
}
