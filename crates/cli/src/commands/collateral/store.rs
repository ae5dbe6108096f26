//! Collateral in a service's store: imported, exported, listed. Works beside a running service.

use std::path::Path;
use std::sync::Arc;

use attestry_evidence::dcap::Staleness;
use attestry_evidence::time::UnixTime;
use attestry_service::collateral::{
    BundleSigner, CollateralKey, CollateralOptions, CollateralService, CollateralStatus, ImportError,
};
use attestry_service::config::CollateralConfig;
use attestry_service::store::{Store, StoreOptions};
use attestry_service::telemetry::Metrics;
use serde_json::{Value, json};

use super::status::{SetState, table_of};
use super::{ExportArgs, ImportArgs, StatusArgs, write_file};
use crate::failure::{Failure, Verdict, chain};
use crate::output::{BAD, GOOD, Output, paint};
use crate::{collateral_files, input};

pub async fn import(args: &ImportArgs, output: Output) -> Result<Verdict, Failure> {
    let entries = collateral_files::load(&args.path, args.bundle_key.as_deref())?;
    let now = UnixTime::new(args.store.at.unwrap_or_else(input::now));
    let service = open(&args.store.data, &args.store.root, now).await?;
    let mut outcomes = Vec::with_capacity(entries.len());
    for entry in entries {
        let (label, edition, tee) = (entry.source.clone(), entry.edition(), entry.tee());
        let imported = match entry.key {
            Some(key) => service
                .import_labelled(key, entry.documents, &entry.source, now)
                .await
                .map(|()| key),
            None => {
                service
                    .import(tee, edition, entry.documents, &entry.source, now)
                    .await
            }
        };
        outcomes.push((label, imported));
    }
    let refused = outcomes.iter().any(|(_, outcome)| outcome.is_err());
    let document = json!({"imported": outcomes.iter().map(|(label, outcome)| match outcome {
        Ok(key) => json!({"source": label, "key": key.to_string(), "error": null}),
        Err(error) => json!({"source": label, "key": null, "error": chain(error)}),
    }).collect::<Vec<Value>>()});
    output.answer(&document, || {
        let line = |(label, outcome): &(String, Result<CollateralKey, ImportError>)| match outcome {
            Ok(key) => format!("{} {key}", paint(GOOD, "imported:")),
            Err(error) => format!("{} {label}: {}", paint(BAD, "refused:"), chain(error)),
        };
        outcomes.iter().map(line).collect::<Vec<_>>().join("\n")
    })?;
    Ok(if refused {
        Verdict::Refused
    } else {
        Verdict::Accepted
    })
}

pub async fn export(args: &ExportArgs, output: Output) -> Result<Verdict, Failure> {
    let signer = BundleSigner::from_pem(&input::read(&args.key)?)
        .map_err(|error| Failure::usage(format!("{}: {error}", input::name(&args.key))))?;
    let now = UnixTime::new(args.store.at.unwrap_or_else(input::now));
    let bundle = open(&args.store.data, &args.store.root, now).await?.export(now);
    if bundle.entries.is_empty() {
        return Err(Failure::refused(format!(
            "there is no usable collateral in {}",
            input::name(&args.store.data)
        )));
    }
    let sealed = bundle
        .seal(&signer)
        .map_err(|error| Failure::environment(error.to_string()))?;
    write_file(&args.out, &sealed)?;
    if args.out != Path::new("-") {
        let keys: Vec<String> = bundle.entries.iter().map(|entry| entry.key.to_string()).collect();
        output.answer(&json!({"out": args.out, "keys": keys}), || {
            keys.iter()
                .map(|key| format!("{} {key}", paint(GOOD, "exported:")))
                .collect::<Vec<_>>()
                .join("\n")
        })?;
    }
    Ok(Verdict::Accepted)
}

pub async fn status(data: &Path, args: &StatusArgs, output: Output) -> Result<Verdict, Failure> {
    let now = UnixTime::new(args.at.unwrap_or_else(input::now));
    let status = open(data, &args.root, now).await?.status(now);
    let unusable = status
        .keys
        .iter()
        .any(|key| !key.held.as_ref().is_some_and(|held| held.usable));
    output.answer(&status, || table_of(&rows(&status), now))?;
    Ok(if unusable {
        Verdict::Refused
    } else {
        Verdict::Accepted
    })
}

/// The sets of the store, without any source to ask for more.
async fn open(
    data: &Path,
    roots: &[std::path::PathBuf],
    now: UnixTime,
) -> Result<CollateralService, Failure> {
    let defaults = CollateralConfig::default();
    let options = CollateralOptions {
        anchors: Arc::new(input::trust_anchors(roots)?),
        staleness: Staleness::Strict,
        sources: Vec::new(),
        early: defaults.early,
        max_platforms: defaults.max_platforms,
    };
    let unusable = |error: &dyn std::error::Error| {
        Failure::environment(format!(
            "the store in {} cannot be used: {}",
            input::name(data),
            chain(error)
        ))
    };
    let store = Store::open(&StoreOptions::in_dir(data))
        .await
        .map_err(|error| unusable(&error))?;
    CollateralService::open(options, store, Arc::new(Metrics::new()), now)
        .await
        .map_err(|error| unusable(&error))
}

fn rows(status: &CollateralStatus) -> Vec<SetState> {
    let row = |key: &attestry_service::collateral::KeyStatus| SetState {
        key: format!("{}-{}-{}-{}", key.tee, key.fmspc, key.ca, key.edition),
        source: key
            .held
            .as_ref()
            .map(|held| held.source.clone())
            .unwrap_or_default(),
        valid_until: key.held.as_ref().map(|held| held.valid_until),
        number: key.held.as_ref().map(|held| {
            held.tcb_info_evaluation_number
                .min(held.qe_identity_evaluation_number)
        }),
        usable: key.held.as_ref().is_some_and(|held| held.usable),
        problem: key
            .alarm
            .as_ref()
            .map(|alarm| alarm.reason.clone())
            .or_else(|| key.failure.clone())
            .or_else(|| {
                key.held
                    .is_none()
                    .then(|| "cannot be used at that time, or under these roots".to_owned())
            }),
    };
    status.keys.iter().map(row).collect()
}
