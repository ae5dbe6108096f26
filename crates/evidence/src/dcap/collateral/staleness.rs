//! What is asked of collateral beyond being genuine: how current it is, and of which TCB recovery.

use std::fmt;

use super::Document;
use crate::time::UnixTime;

/// How documents are treated whose successor is due. Certificates, signatures and revocation are never relaxed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Staleness {
    /// They are refused.
    #[default]
    Strict,
    /// Documents and CRLs are accepted for a while longer.
    Grace {
        /// How much longer, in seconds.
        seconds: u32,
    },
    /// TCB info and QE identity are accepted however old they are, as Microsoft Azure Attestation does; CRLs are not.
    MaaCompat,
}

/// Whether every document is current.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Freshness {
    /// None has a successor that is due.
    Fresh,
    /// At least one has; this is the first of them.
    Stale {
        /// Which document.
        document: Document,
        /// When its successor was due.
        next_update: UnixTime,
    },
}

/// Which TCB recovery collateral has to belong to, by Intel's TCB evaluation data number.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Baseline {
    /// This one or a later one.
    AtLeast(u32),
    /// Exactly this one.
    Exactly(u32),
}

impl fmt::Display for Baseline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(number) => write!(f, "at least {number}"),
            Self::Exactly(number) => write!(f, "exactly {number}"),
        }
    }
}

impl Staleness {
    pub(super) fn tolerates_document(self, next_update: UnixTime, now: UnixTime) -> bool {
        matches!(self, Self::MaaCompat) || self.is_within_grace(next_update, now)
    }

    pub(super) fn tolerates_crl(self, next_update: UnixTime, now: UnixTime) -> bool {
        self.is_within_grace(next_update, now)
    }

    fn is_within_grace(self, next_update: UnixTime, now: UnixTime) -> bool {
        match self {
            Self::Grace { seconds } => next_update
                .add_seconds(i64::from(seconds))
                .is_none_or(|end| now <= end),
            Self::Strict | Self::MaaCompat => false,
        }
    }
}

impl Freshness {
    /// Keeps the document that became stale first.
    pub(super) fn note(&mut self, document: Document, next_update: UnixTime) {
        match self {
            Self::Stale {
                next_update: earlier, ..
            } if *earlier <= next_update => {}
            _ => {
                *self = Self::Stale {
                    document,
                    next_update,
                }
            }
        }
    }
}
