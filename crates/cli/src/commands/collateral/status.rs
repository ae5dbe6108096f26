//! The state of sets of collateral: of files, and the table for both files and stores.

use std::fmt::Write as _;

use anstyle::Style;
use attestry_evidence::dcap::{Staleness, VerifiedCollateral};
use attestry_evidence::snp::{AmdAnchors, AmdCrl, SuppliedChain, VerifiedVek};
use attestry_evidence::time::UnixTime;
use attestry_service::collateral::CollateralKey;
use serde::Serialize;
use serde_json::json;

use super::StatusArgs;
use crate::collateral_files::{self, AmdEntry, AmdItem, crl_name};
use crate::failure::{Failure, Verdict};
use crate::input;
use crate::output::{BAD, BOLD, CAUTION, FAINT, GOOD, NAME, Output, paint, table};

/// One set, as far as it is known.
#[derive(Serialize)]
pub struct SetState {
    /// What it is for.
    pub key: String,
    pub source: String,
    #[serde(serialize_with = "rfc3339")]
    pub valid_until: Option<UnixTime>,
    #[serde(rename = "tcb_evaluation_data_number")]
    pub number: Option<u32>,
    pub usable: bool,
    pub problem: Option<String>,
}

pub fn of_files(args: &StatusArgs, output: Output) -> Result<Verdict, Failure> {
    let Some(path) = &args.path else {
        return Err(Failure::usage("a file, a directory or --data is needed"));
    };
    let anchors = input::roots(&args.root)?;
    let now = UnixTime::new(args.at.unwrap_or_else(input::now));
    let contents = collateral_files::load_all(path, args.bundle_key.as_deref())?;
    let mut sets = Vec::new();
    for entry in contents.sets {
        let (tee, edition, source) = (entry.tee(), entry.edition(), entry.source);
        let verified =
            VerifiedCollateral::verify(entry.documents, tee, &anchors.intel, now, Staleness::Strict);
        sets.push(match verified {
            Ok(set) => SetState {
                key: CollateralKey {
                    tee,
                    fmspc: set.fmspc(),
                    ca: set.ca(),
                    edition,
                }
                .to_string(),
                source,
                valid_until: Some(set.valid_until()),
                number: Some(set.evaluation_number()),
                usable: true,
                problem: None,
            },
            Err(error) => SetState {
                key: entry.key.map_or_else(|| source.clone(), |key| key.to_string()),
                source,
                valid_until: None,
                number: None,
                usable: false,
                problem: Some(error.to_string()),
            },
        });
    }
    sets.extend(
        contents
            .amd
            .into_iter()
            .map(|entry| of_amd(entry, &anchors.amd, now)),
    );
    let unusable = sets.iter().any(|set| !set.usable);
    output.answer(&json!({"now": now.to_string(), "keys": sets}), || {
        table_of(&sets, now)
    })?;
    Ok(if unusable {
        Verdict::Refused
    } else {
        Verdict::Accepted
    })
}

fn of_amd(entry: AmdEntry, anchors: &AmdAnchors, now: UnixTime) -> SetState {
    let key = entry.name();
    let judged = match entry.item {
        AmdItem::Vek { chain, .. } => SuppliedChain::parse(&chain)
            .and_then(|chain| VerifiedVek::verify(&chain, anchors))
            .map(|vek| (key.clone(), vek.vek().certificate().not_after())),
        AmdItem::Crl { list, .. } => {
            AmdCrl::verify(&list, anchors, now).map(|crl| (crl_name(crl.product()), crl.list().next_update()))
        }
    };
    let (key, valid_until, problem) = match judged {
        Ok((key, until)) => (key, Some(until), None),
        Err(error) => (key, None, Some(error.to_string())),
    };
    SetState {
        key,
        source: entry.source,
        valid_until,
        number: None,
        usable: valid_until.is_some_and(|until| now <= until),
        problem,
    }
}

/// A table of sets, problems below.
pub fn table_of(sets: &[SetState], now: UnixTime) -> String {
    if sets.is_empty() {
        return "no collateral\n".to_owned();
    }
    let plain = Style::new();
    let heading = ["", "collateral", "number", "expires", "in", "source"];
    let mut rows = vec![heading.map(|text| (FAINT, text.to_owned())).to_vec()];
    for set in sets {
        let (style, mark) = if set.usable { (GOOD, "✓") } else { (BAD, "✗") };
        let expires_in = set
            .valid_until
            .map(|until| until.seconds().saturating_sub(now.seconds()));
        rows.push(vec![
            (style, mark.to_owned()),
            (NAME, set.key.clone()),
            (
                plain,
                set.number.map(|number| number.to_string()).unwrap_or_default(),
            ),
            (
                plain,
                set.valid_until.map(|until| until.to_string()).unwrap_or_default(),
            ),
            (urgency(expires_in), expires_in.map(duration).unwrap_or_default()),
            (FAINT, set.source.clone()),
        ]);
    }
    let mut text = table(&rows);
    for set in sets {
        if let Some(problem) = &set.problem {
            let _ = writeln!(text, "  {}: {problem}", paint(BOLD, &set.key));
        }
    }
    text
}

/// A week is what an operator needs to bring documents to a place without a network.
fn urgency(expires_in: Option<i64>) -> Style {
    match expires_in {
        Some(seconds) if seconds < 0 => BAD,
        Some(seconds) if seconds < 7 * DAY => CAUTION,
        _ => Style::new(),
    }
}

/// The two largest units say enough.
fn duration(seconds: i64) -> String {
    let sign = if seconds < 0 { "-" } else { "" };
    let seconds = seconds.saturating_abs();
    let (days, hours, minutes) = (seconds / DAY, seconds % DAY / 3600, seconds % 3600 / 60);
    if days > 0 {
        format!("{sign}{days} d {hours} h")
    } else {
        format!("{sign}{hours} h {minutes} min")
    }
}

#[expect(clippy::ref_option, reason = "the signature is serde's")]
fn rfc3339<S: serde::Serializer>(time: &Option<UnixTime>, serializer: S) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => serializer.collect_str(time),
        None => serializer.serialize_none(),
    }
}

const DAY: i64 = 86_400;
