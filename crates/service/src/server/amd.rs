//! What SNP reports are judged by, put together from the configuration.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use attestry_evidence::azure::uvm::UvmTrust;
use attestry_evidence::snp::{AmdAnchors, AmdCrl};
use attestry_evidence::time::UnixTime;

use super::{Mode, StartError};
use crate::collateral::{AmdCollateral, AmdSource, UvmVerifier};
use crate::config::{AMD_ANCHORS, Config};
use crate::store::Store;
use crate::telemetry::Metrics;

/// AMD's collateral with what the store holds, the sources and the lists that the configuration names.
pub(super) async fn collateral(
    config: &Config,
    mode: &Mode,
    store: &Store,
    metrics: &Arc<Metrics>,
    now: UnixTime,
) -> Result<AmdCollateral, StartError> {
    let timeout = Duration::from_secs(config.collateral.request_timeout_seconds);
    let sources = config.snp.sources.iter().enumerate().map(|(index, source)| {
        AmdSource::from_config(source, timeout).map_err(|error| StartError::AmdSource { index, error })
    });
    let sources = sources.collect::<Result<_, _>>()?;
    let anchors = anchors(config, mode)?;
    let collateral = AmdCollateral::open(anchors, sources, store.clone(), Arc::clone(metrics), now).await?;
    take_lists(config, &collateral, now)?;
    Ok(collateral)
}

/// Takes in the revocation lists that the configuration names: all of them, or none if one cannot be used.
pub(super) fn take_lists(
    config: &Config,
    collateral: &AmdCollateral,
    now: UnixTime,
) -> Result<(), StartError> {
    let mut lists = Vec::new();
    for file in &config.snp.revocation_lists {
        let file = file.display().to_string();
        let refused = |reason: String| StartError::RevocationList {
            file: file.clone(),
            reason,
        };
        let bytes = std::fs::read(&file).map_err(|error| refused(error.kind().to_string()))?;
        let crl =
            AmdCrl::verify(&bytes, collateral.anchors(), now).map_err(|error| refused(error.to_string()))?;
        lists.push((crl, file));
    }
    for (crl, file) in lists {
        collateral.take_crl(&crl, &format!("file {file}"), now);
    }
    Ok(())
}

/// The authorities that a configuration names, and those of development mode.
fn anchors(config: &Config, mode: &Mode) -> Result<AmdAnchors, StartError> {
    let named = &config.snp.trust_anchors;
    let mut certificates = Vec::new();
    for file in named.iter().filter(|name| *name != AMD_ANCHORS) {
        let certificate = std::fs::read(file).map_err(|error| StartError::TrustRoot {
            root: file.clone(),
            reason: error.kind().to_string(),
        })?;
        certificates.push(certificate);
    }
    let own = |certificates: &[Vec<u8>], root: &str| {
        AmdAnchors::from_certificates(certificates).map_err(|error| StartError::TrustRoot {
            root: root.to_owned(),
            reason: error.to_string(),
        })
    };
    let mut anchors = None;
    let mut trust = |more: AmdAnchors| {
        anchors = Some(match anchors.take() {
            None => more,
            Some(known) => AmdAnchors::and(known, more),
        });
    };
    if named.iter().any(|name| name == AMD_ANCHORS) {
        trust(AmdAnchors::amd());
    }
    if !certificates.is_empty() {
        trust(own(&certificates, &named.join("`, `"))?);
    }
    if let Mode::Dev(fixtures) = mode
        && !fixtures.amd_anchors.is_empty()
    {
        trust(own(&fixtures.amd_anchors, "of development mode")?);
    }
    anchors.ok_or_else(|| StartError::TrustRoot {
        root: named.join("`, `"),
        reason: "no authority".to_owned(),
    })
}

/// Whose endorsements of utility VMs count.
pub(super) fn uvm(config: &Config, mode: &Mode) -> Result<UvmVerifier, StartError> {
    let read = |files: &[PathBuf]| {
        let certificate = |file: &PathBuf| {
            std::fs::read(file).map_err(|error| StartError::TrustRoot {
                root: file.display().to_string(),
                reason: error.kind().to_string(),
            })
        };
        files.iter().map(certificate).collect::<Result<Vec<_>, _>>()
    };
    let mut signers = read(&config.snp.uvm_signer_roots)?;
    let mut time_stamps = read(&config.snp.uvm_time_stamp_roots)?;
    if let Mode::Dev(fixtures) = mode {
        signers.extend(fixtures.uvm_signer_roots.iter().cloned());
        time_stamps.extend(fixtures.uvm_time_stamp_roots.iter().cloned());
    }
    let own = UvmTrust::from_certificates(&signers, &time_stamps).map_err(|error| StartError::TrustRoot {
        root: "of endorsements".to_owned(),
        reason: error.to_string(),
    })?;
    let trust = UvmTrust::microsoft().and(own);
    Ok(UvmVerifier::new(trust, config.snp.uvm_tolerance_seconds))
}
