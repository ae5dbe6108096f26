//! Collateral: the vendor's signed reference documents, obtained, verified, cached, kept and refreshed.
//!
//! A set of documents becomes usable only by being verified ([`attestry_evidence::dcap::VerifiedCollateral`]); what is held is
//! replaced only by a set that is no worse. The request path reads immutable snapshots; sources are asked
//! when a platform is first seen, and in the background long before a set expires. This module decides
//! nothing about evidence.

mod alarm;
mod amd;
mod baseline;
mod bundle;
mod directory;
mod error;
mod fetch;
mod flights;
mod floors;
mod generations;
mod intake;
mod key;
mod numbers;
mod pck_cache;
mod refresh;
mod service;
mod slot;
mod slots;
mod source;
mod status;
mod uvm;

#[cfg(test)]
mod fixture;

pub use self::alarm::{Alarm, Regression};
pub use self::amd::{
    AmdCollateral, AmdImportError, AmdSource, AmdSourceError, AmdStatus, CrlStatus, VekId, VekStatus,
    VekUnavailable,
};
pub use self::baseline::{Baseline, BaselineError, Edition};
pub use self::bundle::{AmdCrlEntry, AmdEntries, AmdVekEntry, Bundle, BundleEntry, BundleError};
pub use self::directory::{DirectoryError, read_documents, write_documents};
pub use self::error::{CollateralUnavailable, ImportError};
pub use self::generations::Generations;
pub use self::key::CollateralKey;
pub use self::pck_cache::PckCache;
pub use self::service::{CollateralOptions, CollateralService};
pub use self::source::{Source, SourceBuildError, SourceError};
pub use self::status::{CollateralStatus, KeyStatus};
pub use self::uvm::UvmVerifier;
