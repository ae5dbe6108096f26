//! `attestry policy fmt`: one layout for all policies.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use attestry_policy::format;
use serde_json::{Value, json};
use tempfile::NamedTempFile;

use super::findings::Findings;
use crate::failure::{Failure, Verdict};
use crate::input;
use crate::output::{BAD, GOOD, Output, paint};

/// Lay out policies canonically; comments are kept
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  attestry policy fmt policy.txt
  attestry policy fmt --check policies/*.txt
  attestry policy fmt - < policy.txt

The meaning stays, the text does not: a new text has a new x-ms-policy-hash.")]
pub struct Args {
    /// Policy texts, rewritten in place; `-` reads stdin and writes stdout
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// Rewrite nothing; list the files that would change and exit 1 if there are any
    #[arg(long)]
    check: bool,
}

pub fn run(args: &Args, output: Output) -> Result<Verdict, Failure> {
    let mut findings = Findings::default();
    let mut files = Vec::new();
    let mut formatted_stdin = None;
    for file in &args.files {
        let name = file.display().to_string();
        let text = input::read_text(file)?;
        let formatted = match format(&text) {
            Ok(formatted) => formatted,
            Err(found) => {
                findings.add(&name, &text, &found);
                continue;
            }
        };
        let changed = formatted != text;
        if file == Path::new("-") {
            formatted_stdin = Some(formatted);
        } else if changed && !args.check {
            replace(file, &formatted)?;
        }
        files.push((name, changed));
    }
    if let Some(formatted) = formatted_stdin.filter(|_| !args.check && !output.is_json()) {
        Output::bytes(formatted.as_bytes())?;
    } else {
        answer(&files, &findings, args.check, output)?;
    }
    if findings.has_errors() && !output.is_json() {
        Output::note(&findings.text());
    }
    let would_change = args.check && files.iter().any(|(_, changed)| *changed);
    Ok(if findings.has_errors() || would_change {
        Verdict::Refused
    } else {
        Verdict::Accepted
    })
}

fn answer(files: &[(String, bool)], findings: &Findings, check: bool, output: Output) -> Result<(), Failure> {
    let documents: Vec<Value> = files
        .iter()
        .map(|(file, changed)| json!({"file": file, "changed": changed}))
        .collect();
    let document = json!({"files": documents, "diagnostics": findings.documents()});
    if output.is_json() {
        return Output::document(&document);
    }
    let mut text = String::new();
    for (file, _) in files.iter().filter(|(_, changed)| *changed) {
        let told = if check {
            paint(BAD, "would change:")
        } else {
            paint(GOOD, "formatted:")
        };
        let _ = writeln!(text, "{told} {file}");
    }
    if text.is_empty() {
        return Ok(());
    }
    Output::text(&text)
}

/// Puts `text` in the place of a file at once, with the file's permissions: a reader sees the old text or the new.
fn replace(file: &Path, text: &str) -> Result<(), Failure> {
    let failed =
        |error: io::Error| Failure::environment(format!("cannot write {}: {error}", input::name(file)));
    // A link stays a link.
    let target = fs::canonicalize(file).map_err(failed)?;
    let directory = target.parent().unwrap_or_else(|| Path::new("."));
    let permissions = fs::metadata(&target).map_err(failed)?.permissions();
    let mut new = NamedTempFile::new_in(directory).map_err(failed)?;
    new.write_all(text.as_bytes()).map_err(failed)?;
    new.as_file().set_permissions(permissions).map_err(failed)?;
    new.as_file().sync_all().map_err(failed)?;
    new.persist(&target).map_err(|error| failed(error.error))?;
    Ok(())
}
