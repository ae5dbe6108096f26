//! What can stand between a report and the certificate of the key that signed it, and what an operator is told who
//! hands over a certificate or a list.

use std::time::Duration;

use attestry_evidence::snp::{Product, SnpError};
use attestry_evidence::time::UnixTime;
use thiserror::Error;

use crate::store::StoreError;

/// Why there is no certificate of the key that signed a report.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum VekUnavailable {
    /// The report does not say for which line a certificate would be needed.
    #[error(
        "a report of version {version} does not name its processor; send its certificate as `VcekCertChain`"
    )]
    UnknownProduct {
        /// The report's version.
        version: u32,
    },
    /// The report does not say whose certificate would be needed.
    #[error("the report's chip id is masked; send the certificate as `VcekCertChain`")]
    MaskedChip,
    /// Certificates of providers' keys are not published.
    #[error(
        "the report is signed by a VLEK, whose certificate only the cloud provider has; send it as `VcekCertChain`"
    )]
    ProviderKey,
    /// Bytes are set that mean nothing on this line.
    #[error("no chip of the line {product} has the chip id and TCB version that the report names")]
    NoSuchKey {
        /// The line.
        product: Product,
    },
    /// Nobody could be asked.
    #[error("the request has no `VcekCertChain`, and no source of certificates is configured")]
    NoSource,
    /// Every source was asked, and none knows the chip.
    #[error("no source knows the certificate of this chip at this TCB version")]
    Unknown,
    /// What the sources gave does not verify.
    #[error("the certificate that a source gave was refused")]
    Refused {
        /// Why.
        #[source]
        error: SnpError,
    },
    /// What the sources gave is the certificate of another key.
    #[error("a source gave the certificate of another chip or TCB version")]
    OtherKey,
    /// No source answered. Trying again may help.
    #[error("no source of certificates could be reached")]
    Unreachable,
    /// The sources have been asked as often as they may. Trying again will help.
    #[error(
        "the sources of certificates have been asked too often; send the certificate as `VcekCertChain` or try again"
    )]
    Busy {
        /// How long until one may be asked.
        wait: Duration,
    },
    /// The service is stopping.
    #[error("the service is stopping")]
    Stopping,
}

impl VekUnavailable {
    /// A stable name of the reason.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnknownProduct { .. } | Self::MaskedChip | Self::ProviderKey | Self::NoSource => {
                "vek_unavailable"
            }
            Self::NoSuchKey { .. } | Self::Unknown => "vek_unknown",
            Self::Refused { .. } | Self::OtherKey => "vek_refused",
            Self::Unreachable => "source_unreachable",
            Self::Busy { .. } => "source_busy",
            Self::Stopping => "stopping",
        }
    }

    /// Whether the caller can do something about it; otherwise it is the operator's matter, or passes.
    pub const fn is_the_callers(&self) -> bool {
        matches!(
            self,
            Self::UnknownProduct { .. }
                | Self::MaskedChip
                | Self::ProviderKey
                | Self::NoSuchKey { .. }
                | Self::NoSource
                | Self::Unknown
        )
    }

    /// How long until another attempt makes sense, where that is known.
    pub const fn wait(&self) -> Option<Duration> {
        match self {
            Self::Busy { wait } => Some(*wait),
            _ => None,
        }
    }
}

/// Why a certificate or a list that an operator handed over is not taken.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AmdImportError {
    /// It does not verify.
    #[error("it does not verify")]
    Refused(#[source] SnpError),
    /// Certificates of providers' keys come with each report.
    #[error("it is the certificate of a cloud provider's key (VLEK), which is not kept")]
    ProviderKey,
    /// It is not for what it was labelled with.
    #[error("it is for another chip, TCB version or line than it was labelled with")]
    Mislabelled,
    /// A newer list is held.
    #[error("it is of {offered}, and a list of {held} is held")]
    Older {
        /// `thisUpdate` of the list held.
        held: UnixTime,
        /// `thisUpdate` of the list offered.
        offered: UnixTime,
    },
    /// It could not be stored.
    #[error("it could not be stored")]
    Store(#[from] StoreError),
}
