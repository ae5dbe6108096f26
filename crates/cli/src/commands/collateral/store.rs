//! Collateral in a service's store: imported, exported, listed. Works beside a running service.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use attestry_evidence::dcap::Staleness;
use attestry_evidence::time::UnixTime;
use attestry_service::collateral::{
    AmdCollateral, AmdImportError, AmdStatus, CollateralOptions, CollateralService, CollateralStatus,
    CrlStatus, VekStatus,
};
use attestry_service::config::CollateralConfig;
use attestry_service::operator::OperatorSigner;
use attestry_service::store::{Store, StoreOptions};
use attestry_service::telemetry::Metrics;
use serde_json::{Value, json};

use super::status::{SetState, table_of};
use super::{ExportArgs, ImportArgs, StatusArgs, write_file};
use crate::collateral_files::{self, AmdEntry, AmdItem, crl_name, vek_name};
use crate::failure::{Failure, Verdict, chain};
use crate::input;
use crate::output::{BAD, GOOD, Output, paint};

pub async fn import(args: &ImportArgs, output: Output) -> Result<Verdict, Failure> {
    let contents = collateral_files::load_all(&args.path, args.bundle_key.as_deref())?;
    let now = UnixTime::new(args.store.at.unwrap_or_else(input::now));
    let Opened { service, amd } = open(&args.store.data, &args.store.root, now).await?;
    let mut outcomes = Vec::with_capacity(contents.sets.len());
    for entry in contents.sets {
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
        let imported = imported.map(|key| key.to_string()).map_err(|error| chain(&error));
        outcomes.push((label, imported));
    }
    for entry in contents.amd {
        let label = entry.name();
        let imported = import_amd(&amd, entry, now).await;
        outcomes.push((label, imported.map_err(|error| chain(&error))));
    }
    let refused = outcomes.iter().any(|(_, outcome)| outcome.is_err());
    let document = json!({"imported": outcomes.iter().map(|(label, outcome)| match outcome {
        Ok(key) => json!({"source": label, "key": key, "error": null}),
        Err(error) => json!({"source": label, "key": null, "error": error}),
    }).collect::<Vec<Value>>()});
    output.answer(&document, || {
        let line = |(label, outcome): &(String, Result<String, String>)| match outcome {
            Ok(key) => format!("{} {key}", paint(GOOD, "imported:")),
            Err(error) => format!("{} {label}: {error}", paint(BAD, "refused:")),
        };
        outcomes.iter().map(line).collect::<Vec<_>>().join("\n")
    })?;
    Ok(if refused {
        Verdict::Refused
    } else {
        Verdict::Accepted
    })
}

/// What was imported, by its name in lists.
async fn import_amd(amd: &AmdCollateral, entry: AmdEntry, now: UnixTime) -> Result<String, AmdImportError> {
    let source = &entry.source;
    match entry.item {
        AmdItem::Vek { label, chain } => {
            let id = amd.import_vek(&chain, label, source, now).await?;
            Ok(vek_name(&id))
        }
        AmdItem::Crl { label, list } => {
            let product = amd.import_crl(&list, label, source, now).await?;
            Ok(crl_name(product))
        }
    }
}

pub async fn export(args: &ExportArgs, output: Output) -> Result<Verdict, Failure> {
    let signer = OperatorSigner::from_pem(&input::read(&args.key)?)
        .map_err(|error| Failure::usage(format!("{}: {error}", input::name(&args.key))))?;
    let now = UnixTime::new(args.store.at.unwrap_or_else(input::now));
    let Opened { service, amd } = open(&args.store.data, &args.store.root, now).await?;
    let mut bundle = service.export(now);
    bundle.amd = amd
        .export(now)
        .await
        .map_err(|error| unusable(&args.store.data, &error))?;
    if bundle.entries.is_empty() && bundle.amd.is_empty() {
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
        let amd = &bundle.amd;
        let sets = bundle.entries.iter().map(|entry| entry.key.to_string());
        let crls = amd.crls.iter().map(|entry| crl_name(entry.product));
        let veks = amd.veks.iter().map(|entry| vek_name(&entry.id));
        let keys: Vec<String> = sets.chain(crls).chain(veks).collect();
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
    let Opened { service, amd } = open(data, &args.root, now).await?;
    let status = service.status(now);
    let amd = amd.status(now).await.map_err(|error| unusable(data, &error))?;
    let mut sets = rows(&status);
    sets.extend(amd_rows(&amd));
    let refused = sets.iter().any(|set| !set.usable);
    let document = json!({"now": now.to_string(), "keys": status.keys, "amd": amd});
    output.answer(&document, || {
        let mut text = table_of(&sets, now);
        let unlisted = amd
            .vek_count
            .saturating_sub(u64::try_from(amd.veks.len()).unwrap_or(0));
        if unlisted > 0 {
            let _ = writeln!(text, "and {unlisted} more certificates of AMD's chips");
        }
        text
    })?;
    Ok(if refused {
        Verdict::Refused
    } else {
        Verdict::Accepted
    })
}

/// What a store holds, without any source to ask for more.
struct Opened {
    service: CollateralService,
    amd: AmdCollateral,
}

async fn open(data: &Path, roots: &[PathBuf], now: UnixTime) -> Result<Opened, Failure> {
    let defaults = CollateralConfig::default();
    let roots = input::roots(roots)?;
    let options = CollateralOptions {
        anchors: Arc::new(roots.intel),
        staleness: Staleness::Strict,
        sources: Vec::new(),
        early: defaults.early,
        max_platforms: defaults.max_platforms,
    };
    let refused = |error: &dyn std::error::Error| unusable(data, error);
    let store = Store::open(&StoreOptions::in_dir(data))
        .await
        .map_err(|error| refused(&error))?;
    let metrics = Arc::new(Metrics::new());
    let service = CollateralService::open(options, store.clone(), Arc::clone(&metrics), now)
        .await
        .map_err(|error| refused(&error))?;
    let amd = AmdCollateral::open(roots.amd, Vec::new(), store, metrics, now)
        .await
        .map_err(|error| refused(&error))?;
    Ok(Opened { service, amd })
}

fn unusable(data: &Path, error: &dyn std::error::Error) -> Failure {
    Failure::environment(format!(
        "the store in {} cannot be used: {}",
        input::name(data),
        chain(error)
    ))
}

/// Revocation lists first: they expire within weeks, certificates of chips within years.
fn amd_rows(status: &AmdStatus) -> Vec<SetState> {
    let crl = |crl: &CrlStatus| SetState {
        key: format!("crl-{}", crl.product.to_ascii_lowercase()),
        source: crl.source.clone(),
        valid_until: Some(crl.next_update),
        number: None,
        usable: crl.expires_in_seconds >= 0,
        problem: None,
    };
    let vek = |vek: &VekStatus| SetState {
        key: format!(
            "vcek-{}-{}-{}",
            vek.product.to_ascii_lowercase(),
            vek.chip_id,
            vek.tcb
        ),
        source: vek.source.clone(),
        valid_until: vek.not_after,
        number: None,
        usable: vek.expires_in_seconds.is_some_and(|seconds| seconds >= 0),
        problem: vek
            .not_after
            .is_none()
            .then(|| "does not verify under these roots".to_owned()),
    };
    let crls = status.crls.iter().map(crl);
    crls.chain(status.veks.iter().map(vek)).collect()
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
