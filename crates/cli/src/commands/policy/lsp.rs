//! `attestry policy lsp`: a language server (Language Server Protocol 3.17) over standard input and output.

mod answers;
mod positions;
mod server;
mod wire;

use std::io;

use attestry_api::AttestationType;

use self::server::{Server, Step};
use self::wire::{Incoming, Messages};
use crate::failure::{Failure, Verdict};
use crate::input;

/// Serve an editor: diagnostics, completion, hover and formatting of policies
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  attestry policy lsp
  attestry policy lsp --type sgx-enclave

Editors start it and talk to it over stdin and stdout; the editor guide shows how to tell yours to.
The type of a policy comes from a comment in it (// attestry: type=sgx-enclave), else from --type,
else from the initialization option \"type\".")]
pub struct Args {
    /// What policies judge that do not say so: sgx-enclave, open-enclave, tdx-vm, sev-snp-vm,
    /// azure-guest or tpm
    #[arg(long = "type", value_name = "TYPE", value_parser = input::attestation_type)]
    kind: Option<AttestationType>,
}

pub fn run(args: &Args) -> Result<Verdict, Failure> {
    let failed = |error: io::Error| Failure::environment(format!("the editor cannot be talked to: {error}"));
    let mut server = Server::new(args.kind.and_then(super::subject));
    let (mut messages, mut editor_out) = (Messages::new(io::stdin().lock()), io::stdout().lock());
    while let Some(incoming) = messages.next().map_err(failed)? {
        let message = match incoming {
            Incoming::Message(message) => message,
            Incoming::Unreadable(unreadable) => {
                unreadable.write(&mut editor_out).map_err(failed)?;
                continue;
            }
        };
        match server.take(message) {
            Step::Answer(answers) => {
                for answer in answers {
                    answer.write(&mut editor_out).map_err(failed)?;
                }
            }
            Step::Exit { orderly: true } => return Ok(Verdict::Accepted),
            Step::Exit { orderly: false } => return Ok(Verdict::Refused),
        }
    }
    // The editor went away without a word.
    Ok(Verdict::Refused)
}
