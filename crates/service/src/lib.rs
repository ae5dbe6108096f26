//! The Attestry service: everything with effects, as a library.
//!
//! It owns HTTP, providers, tokens, collateral, the store, configuration and telemetry, and assembles
//! them into a running server. Verification and policy evaluation live in the pure crates below it; it
//! must not re-implement any of their checks.

pub mod administration;
pub mod attest;
pub mod authn;
pub mod authz;
pub mod clock;
pub mod collateral;
pub mod config;
pub mod control;
pub mod decisions;
pub mod diagnostics;
pub mod http;
pub mod jobs;
pub mod location;
pub mod operator;
pub mod outbound;
pub mod provider;
pub mod reference;
pub mod server;
pub mod store;
pub mod telemetry;
pub mod throttle;
pub mod token;
