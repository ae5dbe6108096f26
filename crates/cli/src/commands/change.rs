//! `attestry change`: changes to policies and signers that wait for a second person.

use attestry_client::PendingChange;
use clap::Subcommand;
use serde_json::{Value, json};

use crate::failure::{Failure, Verdict};
use crate::output::{BOLD, FAINT, GOOD, NAME, Output, paint, plain, table};
use crate::service;

/// Approve or reject changes that wait for a second person
#[derive(Debug, clap::Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
#[command(after_help = "\
Examples:
  attestry change list --endpoint https://localhost:8443 --ca ca.pem
  attestry change approve 8f14e45fceea167a5a36dedd4bea2543
  attestry change reject 8f14e45fceea167a5a36dedd4bea2543

Only of providers with `two_person_changes`. Who asked cannot approve.")]
pub struct Args {
    #[command(subcommand)]
    command: ChangeCommand,
}

#[derive(Debug, Subcommand)]
enum ChangeCommand {
    List(ListArgs),
    /// Make a change that somebody else asked for
    #[command(after_help = "\
Examples:
  attestry change approve 8f14e45fceea167a5a36dedd4bea2543 --endpoint https://localhost:8443")]
    Approve(DecideArgs),
    /// Drop a change
    #[command(after_help = "\
Examples:
  attestry change reject 8f14e45fceea167a5a36dedd4bea2543 --endpoint https://localhost:8443")]
    Reject(DecideArgs),
}

/// List the changes that wait, and those decided lately
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  attestry change list --endpoint https://localhost:8443 --ca ca.pem
  attestry change list --json | jq '.changes[] | select(.state == \"pending\")'")]
struct ListArgs {
    #[command(flatten)]
    connection: service::Connection,
}

#[derive(Debug, clap::Args)]
struct DecideArgs {
    /// The change, by its number in `attestry change list`
    #[arg(value_name = "ID")]
    id: String,

    #[command(flatten)]
    connection: service::Connection,
}

pub fn run(args: &Args, output: Output) -> Result<Verdict, Failure> {
    match &args.command {
        ChangeCommand::List(args) => list(args, output),
        ChangeCommand::Approve(args) => {
            let client = args.connection.client()?;
            let decided = service::block_on(async { Ok(client.approve_change(&args.id).await) })?;
            decide(decided, "the change is made", output)
        }
        ChangeCommand::Reject(args) => {
            let client = args.connection.client()?;
            let decided = service::block_on(async { Ok(client.reject_change(&args.id).await) })?;
            decide(decided, "the change is dropped", output)
        }
    }
}

fn list(args: &ListArgs, output: Output) -> Result<Verdict, Failure> {
    let client = args.connection.client()?;
    match service::block_on(async { Ok(client.changes().await) })? {
        Ok(changes) => output.answer(&json!({ "changes": changes }), || listed(&changes))?,
        Err(error) => return service::refused(&error, output),
    }
    Ok(Verdict::Accepted)
}

fn listed(changes: &[PendingChange]) -> String {
    if changes.is_empty() {
        return "no change waits".to_owned();
    }
    let heading = ["change", "state", "what", "who", "when"].map(|title| (BOLD, title.to_owned()));
    let mut rows = vec![heading.to_vec()];
    for change in changes {
        let who = match &change.decided_by {
            Some(other) => format!("{}, {} by {other}", change.actor, change.state),
            None => change.actor.clone(),
        };
        rows.push(vec![
            (NAME, change.id.clone()),
            (BOLD, change.state.clone()),
            (BOLD, plain(&what(&change.change))),
            (FAINT, plain(&who)),
            (FAINT, change.created_at.clone()),
        ]);
    }
    table(&rows)
}

/// `{"operation", "kind"?, "action"?, "revision"?}` in words.
fn what(change: &Value) -> String {
    let member = |name: &str| change.get(name).and_then(Value::as_str).unwrap_or_default();
    let revision = change.get("revision").map(|revision| format!(" to {revision}"));
    let words = match member("operation") {
        "setPolicy" => "set the policy of",
        "resetPolicy" => "reset the policy of",
        "rollback" => "roll back the policy of",
        "settings" => return "change the settings".to_owned(),
        "signer" => return format!("{} a policy signing certificate", member("action")),
        other => other,
    };
    format!("{words} {}{}", member("kind"), revision.unwrap_or_default())
}

fn decide(
    decided: Result<PendingChange, attestry_client::ClientError>,
    what: &str,
    output: Output,
) -> Result<Verdict, Failure> {
    match decided {
        Ok(change) => output.answer(&json!({ "change": change }), || {
            format!("{} {what}", paint(GOOD, "done:"))
        })?,
        Err(error) => return service::refused(&error, output),
    }
    Ok(Verdict::Accepted)
}
