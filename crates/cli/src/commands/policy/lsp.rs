//! `attestry policy lsp`.

use crate::failure::{Failure, Verdict};

/// Serve editors: diagnostics, completion, hover and formatting of policies
#[derive(Debug, clap::Args)]
pub struct Args {}

pub fn run(_args: &Args) -> Result<Verdict, Failure> {
    Ok(Verdict::Accepted)
}
