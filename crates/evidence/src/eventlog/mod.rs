//! The log of a measured boot: what firmware, boot loaders and operating systems say they extended into a TPM's PCRs or
//! a trust domain's measurement registers.

pub mod efi;
mod event_type;
pub mod sipa;
pub mod tcg;

pub use event_type::EventType;
pub use tcg::{DeclaredAlgorithm, Digest, Event, EventLog, LogFormat, TcgLogError};
