//! `attestry config check`: the effective configuration, or what is wrong with it.

use std::path::PathBuf;

use attestry_service::config::{Config, ConfigError};
use clap::Subcommand;
use serde_json::json;

use crate::failure::{Failure, Verdict};
use crate::output::{BAD, FAINT, GOOD, Output, paint};

/// Check a configuration file
#[derive(Debug, clap::Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
#[command(after_help = "\
Examples:
  attestry config check attestry.toml
  ATTESTRY_SERVER__LISTEN=0.0.0.0:443 attestry config check attestry.toml --json")]
pub struct Args {
    #[command(subcommand)]
    command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    Check(CheckArgs),
}

/// Validate a configuration file and print what will be in effect
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  attestry config check attestry.toml
  attestry config check attestry.toml --json | jq .config.server

Environment variables named ATTESTRY_<SECTION>__<KEY> override the file and are included.")]
struct CheckArgs {
    /// Configuration file (TOML)
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

pub fn run(args: &Args, output: Output) -> Result<Verdict, Failure> {
    let ConfigCommand::Check(args) = &args.command;
    match Config::load(Some(&args.file), std::env::vars()) {
        Ok(config) => effective(&without_secrets(config), output),
        Err(error @ ConfigError::Read { .. }) => Err(Failure::usage(error.to_string())),
        Err(error) => invalid(&error, output),
    }
}

/// What is printed ends up in logs and tickets.
fn without_secrets(mut config: Config) -> Config {
    let hide = |secret: &mut String| {
        if !secret.is_empty() {
            "(not shown)".clone_into(secret);
        }
    };
    hide(&mut config.store.key_encryption_key);
    for source in &mut config.collateral.sources {
        hide(&mut source.api_key);
    }
    config
}

fn effective(config: &Config, output: Output) -> Result<Verdict, Failure> {
    let overrides = overrides();
    if output.is_json() {
        Output::document(&json!({"valid": true, "config": config, "overrides": overrides, "error": null}))?;
        return Ok(Verdict::Accepted);
    }
    let text = toml::to_string(config)
        .map_err(|error| Failure::environment(format!("cannot print the configuration: {error}")))?;
    Output::note(&format!("{} this configuration is valid", paint(GOOD, "ok:")));
    for name in overrides {
        Output::note(&format!("    {} {name}", paint(FAINT, "overridden by")));
    }
    Output::text(&text)?;
    Ok(Verdict::Accepted)
}

fn invalid(error: &ConfigError, output: Output) -> Result<Verdict, Failure> {
    let key = match error {
        ConfigError::Key { key, .. } => Some(key),
        _ => None,
    };
    let message = error.to_string();
    let document = json!({
        "valid": false, "config": null, "overrides": overrides(), "error": {"key": key, "message": message},
    });
    output.answer(&document, || format!("{} {message}", paint(BAD, "invalid:")))?;
    Ok(Verdict::Refused)
}

/// Names of the environment variables that override the file (`ATTESTRY_<SECTION>__<KEY>`).
fn overrides() -> Vec<String> {
    let mut names: Vec<String> = std::env::vars()
        .map(|(name, _)| name)
        .filter(|name| name.starts_with("ATTESTRY_") && name.contains("__"))
        .collect();
    names.sort();
    names
}
