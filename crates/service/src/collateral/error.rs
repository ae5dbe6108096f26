//! Why collateral cannot be had or is not taken.

use attestry_evidence::dcap::CollateralError;
use attestry_evidence::rejection::{Explanation, Stage};
use attestry_evidence::time::UnixTime;
use thiserror::Error;

use super::slots::Full;
use super::{Baseline, CollateralKey, Regression};

/// Why there is no collateral for a platform at the moment.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum CollateralUnavailable {
    /// No source knows the platform.
    #[error("no collateral source knows the platform `{key}`")]
    UnknownPlatform {
        /// What was asked for.
        key: CollateralKey,
    },
    /// The evaluation number that the baseline asks for is no longer, or not yet, offered.
    #[error("no collateral source offers the baseline `{baseline}` for this platform")]
    BaselineNotOffered {
        /// The baseline.
        baseline: Baseline,
    },
    /// No source answered. Trying again may help.
    #[error("no collateral source could be reached for `{key}`")]
    Unreachable {
        /// What was asked for.
        key: CollateralKey,
    },
    /// The documents that the sources gave did not verify.
    #[error("the collateral for `{key}` was refused")]
    Refused {
        /// What was asked for.
        key: CollateralKey,
        /// Why.
        #[source]
        error: CollateralError,
    },
    /// The documents that the sources gave are worse than those held, which have expired.
    #[error("the collateral for `{key}` went backwards")]
    Regressed {
        /// What was asked for.
        key: CollateralKey,
        /// What became lower.
        regression: Regression,
    },
    /// The documents held have expired and no source gave newer ones. Trying again may help.
    #[error("the collateral for `{key}` expired at {valid_until}")]
    Expired {
        /// What was asked for.
        key: CollateralKey,
        /// Since when.
        valid_until: UnixTime,
    },
    /// Documents for as many platforms as allowed are held already.
    #[error("collateral for {limit} platforms is held already")]
    TooManyPlatforms {
        /// The limit, a setting.
        limit: usize,
    },
    /// As many editions by number as allowed are held already.
    #[error("{limit} numbered editions are held for this platform already")]
    TooManyEditions {
        /// The limit.
        limit: usize,
    },
    /// The service is stopping.
    #[error("the service is stopping")]
    Stopping,
}

impl CollateralUnavailable {
    /// Whether the same request may succeed later without anybody changing anything.
    pub fn is_retryable(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. } | Self::Expired { .. } | Self::Stopping
        )
    }

    /// The refusal as facts, in the form of a rejection's.
    pub fn explain(&self) -> Explanation {
        let facts = |code, field: &str, expected: &str, found: String, hint: &str| Explanation {
            stage: Stage::Collateral,
            code,
            field: field.to_owned(),
            expected: expected.to_owned(),
            found,
            hint: hint.to_owned(),
        };
        match self {
            Self::UnknownPlatform { key } => facts(
                "platform_unknown",
                "fmspc",
                "a platform that a collateral source knows",
                key.fmspc_hex(),
                "check the configured sources, or import collateral for this platform",
            ),
            Self::BaselineNotOffered { baseline } => facts(
                "baseline_not_offered",
                "tcb_evaluation_data_number",
                "a TCB baseline that a collateral source offers",
                baseline.to_string(),
                "choose another baseline for this identifier, or import its collateral",
            ),
            Self::Unreachable { key } => facts(
                "source_unreachable",
                "collateral",
                "an answer from a collateral source",
                format!("none for {key}"),
                "try again; if it lasts, the operator should check the collateral sources",
            ),
            Self::Refused { error, .. } => error.explain(),
            Self::Regressed { regression, .. } => facts(
                "collateral_regressed",
                regression.field,
                "a number that does not decrease",
                format!("{} after {}", regression.offered, regression.held),
                "a source serves outdated documents; the operator should check it",
            ),
            Self::Expired { valid_until, .. } => facts(
                "collateral_expired",
                "next_update",
                "collateral within its validity",
                valid_until.to_string(),
                "try again; if it lasts, the operator should check the collateral sources",
            ),
            Self::TooManyPlatforms { limit } => facts(
                "too_many_platforms",
                "fmspc",
                "a platform that collateral is held for",
                format!("{limit} platforms are held already"),
                "the operator may raise `collateral.max_platforms`",
            ),
            Self::TooManyEditions { limit } => facts(
                "too_many_editions",
                "tcb_evaluation_data_number",
                "a TCB baseline that collateral is held for",
                format!("{limit} numbered editions are held for this platform already"),
                "choose a baseline that is held, such as `latest`",
            ),
            Self::Stopping => facts(
                "stopping",
                "service",
                "a running service",
                "a stopping one".to_owned(),
                "try again",
            ),
        }
    }
}

/// Why documents that an operator handed over are not taken.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ImportError {
    /// They do not verify.
    #[error("the collateral does not verify")]
    Refused(#[source] CollateralError),
    /// Better ones are held.
    #[error("the collateral for `{key}` is older than what is held: {regression}")]
    Regressed {
        /// The platform.
        key: CollateralKey,
        /// What is lower.
        regression: Regression,
    },
    /// They are not for the platform or the edition that they were labelled with.
    #[error("the collateral is for `{found}`, not for `{expected}`")]
    Mislabelled {
        /// The label.
        expected: CollateralKey,
        /// What the documents say.
        found: CollateralKey,
    },
    /// Documents for as many platforms as allowed are held already.
    #[error("collateral for {limit} platforms is held already")]
    TooManyPlatforms {
        /// The limit, a setting.
        limit: usize,
    },
    /// As many editions by number as allowed are held already.
    #[error("{limit} numbered editions are held for this platform already")]
    TooManyEditions {
        /// The limit.
        limit: usize,
    },
    /// They could not be stored.
    #[error("the collateral could not be stored")]
    Store(#[from] crate::store::StoreError),
}

impl From<Full> for CollateralUnavailable {
    fn from(full: Full) -> Self {
        match full {
            Full::Platforms(limit) => Self::TooManyPlatforms { limit },
            Full::Editions(limit) => Self::TooManyEditions { limit },
        }
    }
}

impl From<Full> for ImportError {
    fn from(full: Full) -> Self {
        match full {
            Full::Platforms(limit) => Self::TooManyPlatforms { limit },
            Full::Editions(limit) => Self::TooManyEditions { limit },
        }
    }
}
