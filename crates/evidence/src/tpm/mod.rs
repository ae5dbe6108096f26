//! Structures of a TPM 2.0 (TCG TPM 2.0 Library, Part 2 "Structures").

pub mod hash;

pub use hash::HashAlgorithm;
