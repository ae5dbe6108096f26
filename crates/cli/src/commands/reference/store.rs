//! Reference values in a service's store: imported, shown. Works beside a running service.

use std::path::Path;

use anstyle::Style;
use attestry_evidence::reference::ReferenceValues;
use attestry_evidence::time::UnixTime;
use attestry_service::reference::{TakeError, Taken, take};
use attestry_service::store::{ReferenceRecord, Store, StoreOptions};
use serde_json::{Value, json};

use super::{ImportArgs, ShowArgs, described, read, summary};
use crate::failure::{Failure, Verdict, chain};
use crate::input;
use crate::output::{FAINT, GOOD, NAME, Output, paint, table};

pub(super) async fn import(args: &ImportArgs, output: Output) -> Result<Verdict, Failure> {
    let file = read(&args.file, Some(&args.operator_key))?;
    let store = open(&args.data).await?;
    let now = UnixTime::new(input::now());
    let scope = args.provider.as_deref().unwrap_or_default();
    let source = format!("imported from {}", args.file.display());
    let taken = take(&store, scope, &file, &source, now).await.map_err(|error| {
        let message = format!("{}: {error}", input::name(&args.file));
        match error {
            TakeError::Store(error) => Failure::environment(chain(&error)),
            _ => Failure::refused(message),
        }
    })?;
    let version = file.values().version();
    let known = taken == Taken::Known;
    let document = json!({
        "version": version,
        "digest": file.digest(),
        "provider": args.provider,
        "known": known,
    });
    output.answer(&document, || {
        let what = if known { "in force already:" } else { "imported:" };
        format!("{} version {version}", paint(GOOD, what))
    })?;
    Ok(Verdict::Accepted)
}

pub(super) async fn show(args: &ShowArgs, output: Output) -> Result<Verdict, Failure> {
    let store = open(&args.data).await?;
    let scope = args.provider.as_deref().unwrap_or_default();
    let history = store
        .reference_history(scope, SHOWN_VERSIONS)
        .await
        .map_err(|error| Failure::environment(chain(&error)))?;
    let Some(document) = history.first().and_then(|newest| newest.document.as_deref()) else {
        return Err(Failure::refused(format!(
            "there are no reference values in {}",
            input::name(&args.data)
        )));
    };
    let values = ReferenceValues::parse(document)
        .map_err(|error| Failure::refused(format!("the stored values cannot be read: {error}")))?;
    let now = UnixTime::new(args.at.unwrap_or_else(input::now));
    let mut answer = described(&values, now);
    let values_as_stored = serde_json::from_slice::<Value>(document).unwrap_or_default();
    answer.insert("values".to_owned(), values_as_stored);
    answer.insert("history".to_owned(), history.iter().map(entry).collect());
    output.answer(&answer, || {
        format!("{}\n{}", summary(&values, now), table_of(&history))
    })?;
    Ok(Verdict::Accepted)
}

fn entry(record: &ReferenceRecord) -> Value {
    json!({
        "version": record.version,
        "digest": record.digest,
        "source": record.source,
        "issued": record.issued_at.to_string(),
        "expires": record.expires_at.to_string(),
        "imported": record.imported_at.to_string(),
    })
}

fn table_of(history: &[ReferenceRecord]) -> String {
    let plain = Style::new();
    let heading = ["version", "taken in", "expires", "source"];
    let mut rows = vec![heading.map(|text| (FAINT, text.to_owned())).to_vec()];
    rows.extend(history.iter().map(|record| {
        vec![
            (NAME, record.version.to_string()),
            (plain, record.imported_at.to_string()),
            (plain, record.expires_at.to_string()),
            (FAINT, record.source.clone()),
        ]
    }));
    table(&rows)
}

async fn open(data: &Path) -> Result<Store, Failure> {
    Store::open(&StoreOptions::in_dir(data)).await.map_err(|error| {
        Failure::environment(format!(
            "the store in {} cannot be used: {}",
            input::name(data),
            chain(&error)
        ))
    })
}

/// As many as fit on a screen or two.
const SHOWN_VERSIONS: u32 = 50;
