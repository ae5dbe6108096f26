//! `attestry policy`: an author's tools, which need no service, and the administration of a running one's policies.

mod administer;
mod check;
mod dry_run;
mod eval;
mod explain;
mod findings;
mod fmt;
mod hash;
mod history;
mod lsp;
mod sign;
mod test;

use attestry_api::AttestationType;
use attestry_policy::catalog::Subject;
use clap::Subcommand;

use crate::failure::{Failure, Verdict};
use crate::output::Output;

/// Write, try, test, sign and set policies
#[derive(Debug, clap::Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
#[command(after_help = "\
Examples:
  attestry policy check --type sgx-enclave policy.txt
  attestry policy fmt policy.txt
  attestry policy eval policy.txt --claims claims.json
  attestry policy test policies/
  attestry policy hash policy.txt

  # Of a running service:
  attestry policy show --type sgx-enclave --endpoint https://localhost:8443 --ca ca.pem
  attestry policy set policy.txt --type sgx-enclave --dry-run
  attestry policy set policy.txt --type sgx-enclave

  # For an isolated provider:
  attestry policy sign policy.txt --key signer.key --cert signer.pem --out policy.jws
  attestry policy set policy.jws --type sgx-enclave

ATTESTRY_ENDPOINT, ATTESTRY_CA and ATTESTRY_TOKEN save repeating the connection.")]
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
    Show(administer::ShowArgs),
    Set(Box<administer::SetArgs>),
    Reset(administer::ResetArgs),
    Sign(sign::Args),
    History(history::HistoryArgs),
    Diff(history::DiffArgs),
    Rollback(history::RollbackArgs),
}

pub fn run(args: &Args, output: Output) -> Result<Verdict, Failure> {
    match &args.command {
        PolicyCommand::Check(args) => check::run(args, output),
        PolicyCommand::Fmt(args) => fmt::run(args, output),
        PolicyCommand::Eval(args) => eval::run(args, output),
        PolicyCommand::Test(args) => test::run(args, output),
        PolicyCommand::Hash(args) => hash::run(args, output),
        PolicyCommand::Lsp(args) => lsp::run(args),
        PolicyCommand::Show(args) => administer::show(args, output),
        PolicyCommand::Set(args) => administer::set(args, output),
        PolicyCommand::Reset(args) => administer::reset(args, output),
        PolicyCommand::Sign(args) => sign::run(args, output),
        PolicyCommand::History(args) => history::list(args, output),
        PolicyCommand::Diff(args) => history::diff(args, output),
        PolicyCommand::Rollback(args) => history::roll_back(args, output),
    }
}

/// The catalogue of claims of an attestation type.
fn subject(kind: AttestationType) -> Option<Subject> {
    kind.command_line_name().parse().ok()
}
