//! `attestry completions` and `attestry man`: generated from the command tree, so they cannot drift from it.

use std::path::PathBuf;

use clap::CommandFactory;
use serde_json::json;

use super::Cli;
use crate::failure::{Failure, Verdict};
use crate::output::Output;

/// Print a completion script for a shell
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  attestry completions bash > ~/.local/share/bash-completion/completions/attestry
  attestry completions zsh > ~/.zfunc/_attestry
  attestry completions fish > ~/.config/fish/completions/attestry.fish")]
pub struct CompletionArgs {
    /// The shell to complete for
    shell: clap_complete::Shell,
}

/// Write the manual pages into a directory
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  attestry man ~/.local/share/man/man1
  attestry man ./man && man ./man/attestry-verify.1")]
pub struct ManArgs {
    /// Directory to write to; made when it does not exist
    #[arg(value_name = "DIR")]
    directory: PathBuf,
}

pub fn completions(args: &CompletionArgs, output: Output) -> Result<Verdict, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "attestry", &mut script);
    if output.is_json() {
        let text = String::from_utf8_lossy(&script);
        Output::document(&json!({"shell": args.shell.to_string(), "script": text}))?;
    } else {
        Output::bytes(&script)?;
    }
    Ok(Verdict::Accepted)
}

pub fn pages(args: &ManArgs, output: Output) -> Result<Verdict, Failure> {
    let place = args.directory.display();
    std::fs::create_dir_all(&args.directory)
        .map_err(|error| Failure::environment(format!("cannot make `{place}`: {error}")))?;
    clap_mangen::generate_to(Cli::command(), &args.directory)
        .map_err(|error| Failure::environment(format!("cannot write manual pages to `{place}`: {error}")))?;
    output.answer(&json!({"directory": args.directory}), || {
        format!("manual pages written to {place}")
    })?;
    Ok(Verdict::Accepted)
}
