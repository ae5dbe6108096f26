//! `attestry policy history|diff|rollback`: what a policy was, and the way back.

use attestry_api::AttestationType;
use attestry_client::{Outcome, PolicyRevision, Rollback};
use serde_json::json;

use crate::failure::{Failure, Verdict};
use crate::output::{BOLD, FAINT, GOOD, NAME, Output, paint, plain, table};
use crate::signing::OnTheWay;
use crate::{administration, input, service, signing};

/// List the revisions of a policy, or show one
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  attestry policy history --type sgx-enclave --endpoint https://localhost:8443 --ca ca.pem
  attestry policy history --type sgx-enclave --revision 17 > policy-17.txt
  attestry policy history --type sgx-enclave --json | jq -r '.revisions[].actor'")]
pub struct HistoryArgs {
    /// Type of evidence: sgx-enclave, open-enclave, tdx-vm, sev-snp-vm, azure-guest or tpm
    #[arg(long = "type", value_name = "TYPE", value_parser = input::attestation_type)]
    kind: AttestationType,

    /// Print the text of this revision
    #[arg(long, value_name = "N", conflicts_with_all = ["before", "limit"])]
    revision: Option<i64>,

    /// Only revisions older than this one
    #[arg(long, value_name = "N")]
    before: Option<i64>,

    /// At most so many [default: 100]
    #[arg(long, value_name = "N")]
    limit: Option<usize>,

    #[command(flatten)]
    connection: service::Connection,
}

/// Show how one revision of a policy differs from another
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  attestry policy diff --type sgx-enclave --endpoint https://localhost:8443 --ca ca.pem
  attestry policy diff --type sgx-enclave --from 12 --to 17
  attestry policy diff --type sgx-enclave --from 0

Without numbers the newest revision is compared with the one before it. 0 is the default policy.")]
pub struct DiffArgs {
    /// Type of evidence: sgx-enclave, open-enclave, tdx-vm, sev-snp-vm, azure-guest or tpm
    #[arg(long = "type", value_name = "TYPE", value_parser = input::attestation_type)]
    kind: AttestationType,

    /// The older revision
    #[arg(long, value_name = "N")]
    from: Option<i64>,

    /// The newer revision
    #[arg(long, value_name = "N")]
    to: Option<i64>,

    #[command(flatten)]
    connection: service::Connection,
}

/// Bring an earlier revision of a policy back, as a new revision
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  attestry policy rollback --type sgx-enclave --revision 12 --endpoint https://localhost:8443 --ca ca.pem
  attestry policy rollback --type sgx-enclave --revision 12 --key signer.key --cert signer.pem")]
pub struct RollbackArgs {
    /// Type of evidence: sgx-enclave, open-enclave, tdx-vm, sev-snp-vm, azure-guest or tpm
    #[arg(long = "type", value_name = "TYPE", value_parser = input::attestation_type)]
    kind: AttestationType,

    /// The revision to bring back
    #[arg(long, value_name = "N")]
    revision: i64,

    #[command(flatten)]
    signature: OnTheWay,

    #[command(flatten)]
    connection: service::Connection,
}

pub fn list(args: &HistoryArgs, output: Output) -> Result<Verdict, Failure> {
    if let Some(revision) = args.revision {
        return show(args, revision, output);
    }
    let client = args.connection.client()?;
    let asked = async { Ok(client.policy_history(args.kind, args.before, args.limit).await) };
    match service::block_on(asked)? {
        Ok(revisions) => output.answer(&json!({"type": args.kind, "revisions": revisions}), || {
            listed(&revisions)
        })?,
        Err(error) => return service::refused(&error, output),
    }
    Ok(Verdict::Accepted)
}

fn listed(revisions: &[PolicyRevision]) -> String {
    if revisions.is_empty() {
        return "nobody has changed this policy".to_owned();
    }
    let heading = ["revision", "when", "what", "who", "policy hash"].map(|title| (BOLD, title.to_owned()));
    let mut rows = vec![heading.to_vec()];
    for revision in revisions {
        let what = match revision.restored {
            Some(restored) => format!("{} to {restored}", revision.operation),
            None => revision.operation.clone(),
        };
        let who = match &revision.approver {
            Some(approver) => format!("{}, approved by {approver}", revision.actor),
            None => revision.actor.clone(),
        };
        rows.push(vec![
            (NAME, revision.revision.to_string()),
            (FAINT, revision.created_at.clone()),
            (BOLD, what),
            (FAINT, plain(&who)),
            (FAINT, revision.policy_hash.clone().unwrap_or_default()),
        ]);
    }
    table(&rows)
}

fn show(args: &HistoryArgs, revision: i64, output: Output) -> Result<Verdict, Failure> {
    let client = args.connection.client()?;
    match service::block_on(async { Ok(client.policy_revision(args.kind, revision).await) })? {
        Ok(found) if output.is_json() => Output::document(&found)?,
        Ok(found) => Output::bytes(found.policy.unwrap_or_default().as_bytes())?,
        Err(error) => return service::refused(&error, output),
    }
    Ok(Verdict::Accepted)
}

pub fn diff(args: &DiffArgs, output: Output) -> Result<Verdict, Failure> {
    let client = args.connection.client()?;
    match service::block_on(async { Ok(client.policy_difference(args.kind, args.from, args.to).await) })? {
        Ok(difference) => output.answer(&difference, || {
            if difference.diff.is_empty() {
                format!(
                    "revisions {} and {} have the same text",
                    difference.from, difference.to
                )
            } else {
                difference.diff.clone()
            }
        })?,
        Err(error) => return service::refused(&error, output),
    }
    Ok(Verdict::Accepted)
}

pub fn roll_back(args: &RollbackArgs, output: Output) -> Result<Verdict, Failure> {
    let signer = args.signature.signer()?;
    let client = args.connection.client()?;
    let operation = format!("policies/{}:rollback", args.kind);
    service::block_on(async {
        let rollback = match signer {
            None => Rollback::Revision(args.revision),
            Some(signer) => {
                let only_for = args.signature.only_for(&client, &operation).await?;
                let signed = signer.sign_rollback(args.revision, only_for.as_ref());
                Rollback::Signed(signed.map_err(|error| signing::failure(&error))?)
            }
        };
        match client.roll_back_policy(args.kind, &rollback).await {
            Ok(Outcome::Done(done)) => {
                let document = json!({
                    "done": true, "restored": done.restored, "revision": done.revision, "change": null,
                });
                output.answer(&document, || {
                    format!(
                        "{} revision {} counts again, as revision {}",
                        paint(GOOD, "done:"),
                        done.restored,
                        done.revision
                    )
                })?;
            }
            Ok(Outcome::Waiting(change)) => administration::report_waiting(&change, output)?,
            Err(error) => return service::refused(&error, output),
        }
        Ok(Verdict::Accepted)
    })
}
