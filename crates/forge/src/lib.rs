//! Mints attestation evidence, the collateral that goes with it and the certificate hierarchies above
//! both, under roots of its own that nobody trusts by default.
//!
//! It owns the *writing* side only: its byte writers are laid out from the vendors' documents on their
//! own and share nothing with the parsers of `attestry-evidence`, so that a mistake in one of the two
//! cannot hide in the other. Everything derives from a [`Seed`]: the same seed gives the same keys,
//! serial numbers and identities in every process, and only the ECDSA signatures differ.
//!
//! What is minted is good unless the caller asks otherwise. Every specification type has public fields
//! and a good default; a negative case is that default with one field changed.

pub mod amd;
pub mod azure;
mod boot;
mod field;
pub mod intel;
pub mod linux;
pub mod openenclave;
#[cfg(test)]
mod openssl;
pub mod pccs;
pub mod pki;
pub mod quote;
mod seed;
pub mod windows;

pub use boot::{Pcrs, VariableData};
pub use field::{Field, SetError};
pub use seed::Seed;
