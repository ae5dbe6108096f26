//! The log of a measured boot.

pub mod sipa;
