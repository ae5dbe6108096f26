//! Attestation evidence: bytes to typed evidence, to verified facts, to claims.
//!
//! This crate owns every parser and verifier of hardware evidence. It is pure and synchronous: it performs no
//! I/O, reads no clock, keeps no globals and writes no logs; everything a decision depends on (evidence,
//! collateral, trust anchors, the time) is an argument, and every result is either a verified fact or a typed
//! [`rejection`]. It must not know HTTP, policies, tokens or storage.
#![cfg_attr(not(test), deny(clippy::as_conversions, clippy::arithmetic_side_effects))]

pub mod azure;
pub mod binding;
pub mod claims;
pub mod dcap;
pub mod eventlog;
pub mod hex;
pub mod inspect;
mod json;
pub mod openenclave;
pub mod reader;
pub mod reference;
pub mod rejection;
pub mod sgx;
pub mod snp;
pub mod tdx;
pub mod time;
pub mod tpm;
pub mod utf16;
pub mod x509;
