//! `attestry policy`: an author's tools, all without a service.

mod check;
mod eval;
mod explain;
mod findings;
mod fmt;
mod hash;
mod lsp;
mod test;

use attestry_api::AttestationType;
use attestry_policy::catalog::Subject;
use clap::Subcommand;

use crate::failure::{Failure, Verdict};
use crate::output::Output;

/// Check, format, try and test policies
#[derive(Debug, clap::Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
#[command(after_help = "\
Examples:
  attestry policy check --type sgx-enclave policy.txt
  attestry policy fmt policy.txt
  attestry policy eval policy.txt --claims claims.json
  attestry policy test policies/
  attestry policy hash policy.txt")]
pub struct Args {
    #[command(subcommand)]
    command: PolicyCommand,
}

#[derive(Debug, Subcommand)]
enum PolicyCommand {
    Check(check::Args),
    Fmt(fmt::Args),
    Eval(Box<eval::Args>),
    Test(test::Args),
    Hash(hash::Args),
    Lsp(lsp::Args),
}

pub fn run(args: &Args, output: Output) -> Result<Verdict, Failure> {
    match &args.command {
        PolicyCommand::Check(args) => check::run(args, output),
        PolicyCommand::Fmt(args) => fmt::run(args, output),
        PolicyCommand::Eval(args) => eval::run(args, output),
        PolicyCommand::Test(args) => test::run(args, output),
        PolicyCommand::Hash(args) => hash::run(args, output),
        PolicyCommand::Lsp(args) => lsp::run(args),
    }
}

/// The catalogue of claims of an attestation type.
fn subject(kind: AttestationType) -> Option<Subject> {
    kind.command_line_name().parse().ok()
}
