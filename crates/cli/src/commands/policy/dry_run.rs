//! What a policy that was only tried would do, for people and scripts.

use std::fmt::Write as _;

use attestry_client::{ChangedDecision, DryRun, Replay};
use serde_json::{Map, Value};

use crate::failure::{Failure, Verdict};
use crate::output::{BAD, BOLD, CAUTION, GOOD, Output, counted, facts, paint, plain};
use crate::service;

/// Prints the report; a policy that would be refused makes the verdict.
pub fn report(report: &DryRun, output: Output) -> Result<Verdict, Failure> {
    output.answer(report, || text(report))?;
    Ok(if report.accepted {
        Verdict::Accepted
    } else {
        Verdict::Refused
    })
}

fn text(report: &DryRun) -> String {
    if let Some(refusal) = &report.refusal {
        let rows = refusal.innererror.as_ref().map(service::refusal_rows);
        let heading = paint(BAD, "would be refused:");
        return format!(
            "{heading} {}\n{}",
            refusal.message,
            facts(rows.unwrap_or_default())
        );
    }
    let mut text = format!(
        "{} nothing has changed\n{}",
        paint(GOOD, "would be accepted:"),
        facts(report.policy_hash.iter().map(|hash| ("policy hash", hash)))
    );
    if report.needs_approval {
        text.push_str(&facts([("approval", "a second person must approve")]));
    }
    for finding in &report.diagnostics {
        let _ = writeln!(
            text,
            "{} line {}, column {}: {} [{}]",
            paint(CAUTION, format!("{}:", finding.severity)),
            finding.line,
            finding.column,
            plain(&finding.message),
            finding.code
        );
    }
    match (&report.replay, report.recording) {
        (Some(replay), true) => text.push_str(&replayed(replay)),
        _ => text.push_str("This provider records no decisions, so none were made again.\n"),
    }
    text
}

fn replayed(replay: &Replay) -> String {
    let mut text = format!(
        "{} made again: {} unchanged, {} changed, {} skipped\n",
        paint(BOLD, counted(replay.decisions, "recorded decision")),
        replay.unchanged,
        replay.changed.len(),
        replay.skipped.len(),
    );
    for decision in &replay.changed {
        text.push_str(&changed(decision));
    }
    for skipped in &replay.skipped {
        let _ = writeln!(
            text,
            "  #{} skipped: {}",
            skipped.decision,
            plain(&skipped.reason)
        );
    }
    text
}

fn changed(decision: &ChangedDecision) -> String {
    let at = jiff::Timestamp::from_second(decision.at).map(|at| at.to_string());
    let mut text = format!(
        "  #{} of {}: {} now, {} with this policy\n",
        decision.decision,
        at.unwrap_or_default(),
        decision.current,
        decision.candidate,
    );
    let mut claims = |sign: &str, claims: &Map<String, Value>| {
        for (name, value) in claims {
            let _ = writeln!(
                text,
                "      {sign} {} = {}",
                plain(name),
                plain(&value.to_string())
            );
        }
    };
    claims("-", &decision.removed);
    claims("+", &decision.added);
    text
}
