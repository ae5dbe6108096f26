//! The log of a measured boot.

pub mod efi;
mod event_type;
pub mod sipa;

pub use event_type::EventType;
