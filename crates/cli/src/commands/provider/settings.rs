//! `attestry provider settings`: what the administrators of a created provider choose about it.

use std::path::{Path, PathBuf};

use attestry_client::{NewSettings, Outcome, ProviderSettings};
use serde_json::{Map, Value};

use crate::failure::{Failure, Verdict};
use crate::output::{CAUTION, GOOD, Output, paint};
use crate::signing::OnTheWay;
use crate::{administration, input, service, signing};

/// Show the settings of a provider, or replace them
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  attestry provider settings --endpoint https://localhost:8443/p/mine --ca ca.pem > settings.json
  attestry provider settings settings.json
  attestry provider settings settings.json --key signer.key --cert signer.pem

The endpoint is the provider's own. FILE is a JSON object with acceptedTcbStatuses, explain,
tokenExtensions, requireBoundSignatures, twoPersonChanges and recordDecisions; what is left out
is as the service has it by default.")]
pub struct Args {
    /// The new settings; `-` reads stdin
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,

    #[command(flatten)]
    signature: OnTheWay,

    #[command(flatten)]
    connection: service::Connection,
}

pub fn run(args: &Args, output: Output) -> Result<Verdict, Failure> {
    match &args.file {
        None => show(args, output),
        Some(file) => replace(args, settings_in(file)?, output),
    }
}

fn show(args: &Args, output: Output) -> Result<Verdict, Failure> {
    let client = args.connection.client()?;
    match service::block_on(async { Ok(client.settings().await) })? {
        Ok(found) => print(&found, output)?,
        Err(error) => return service::refused(&error, output),
    }
    Ok(Verdict::Accepted)
}

fn replace(args: &Args, settings: Map<String, Value>, output: Output) -> Result<Verdict, Failure> {
    let signer = args.signature.signer()?;
    let client = args.connection.client()?;
    service::block_on(async {
        let new = match signer {
            None => NewSettings::Unsigned(settings),
            Some(signer) => {
                let only_for = args.signature.only_for(&client, "attestry/v1/settings").await?;
                let signed = signer.sign_settings(&settings, only_for.as_ref());
                NewSettings::Signed(signed.map_err(|error| signing::failure(&error))?)
            }
        };
        match client.set_settings(&new).await {
            Ok(Outcome::Done(found)) => {
                Output::note(&format!("{} the settings are replaced", paint(GOOD, "done:")));
                print(&found, output)?;
            }
            Ok(Outcome::Waiting(change)) => administration::report_waiting(&change, output)?,
            Err(error) => return service::refused(&error, output),
        }
        Ok(Verdict::Accepted)
    })
}

/// For people, the settings alone: a file to edit and send back.
fn print(found: &ProviderSettings, output: Output) -> Result<(), Failure> {
    if output.is_json() {
        return Output::document(found);
    }
    if !found.changeable {
        let note = "they stand in the service's configuration and are changed there";
        Output::note(&format!("{} {note}", paint(CAUTION, "note:")));
    }
    Output::document(&found.settings)
}

fn settings_in(file: &Path) -> Result<Map<String, Value>, Failure> {
    match attestry_api::json::parse_strict(&input::read(file)?) {
        Ok(Value::Object(settings)) => Ok(settings),
        Ok(_) => Err(Failure::usage(format!(
            "{} is not a JSON object",
            input::name(file)
        ))),
        Err(error) => Err(Failure::usage(format!(
            "{} is not JSON: {error}",
            input::name(file)
        ))),
    }
}
