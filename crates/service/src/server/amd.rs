//! What SNP reports are judged by, put together from the configuration.

use attestry_evidence::snp::{AmdAnchors, AmdCrl};
use attestry_evidence::time::UnixTime;

use super::{Mode, StartError};
use crate::collateral::AmdCollateral;
use crate::config::{AMD_ANCHORS, Config};

/// AMD's collateral with the lists that the configuration names.
pub(super) fn collateral(config: &Config, mode: &Mode, now: UnixTime) -> Result<AmdCollateral, StartError> {
    let collateral = AmdCollateral::new(anchors(config, mode)?);
    for file in &config.snp.revocation_lists {
        let refused = |reason: String| StartError::TrustRoot {
            root: file.display().to_string(),
            reason,
        };
        let bytes = std::fs::read(file).map_err(|error| refused(error.kind().to_string()))?;
        let crl =
            AmdCrl::verify(&bytes, collateral.anchors(), now).map_err(|error| refused(error.to_string()))?;
        collateral.take_crl(&crl);
    }
    Ok(collateral)
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
