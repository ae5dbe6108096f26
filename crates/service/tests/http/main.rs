//! The service's HTTP interface as clients see it, over minted evidence and over recorded exchanges.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests may fail loudly"
)]

mod administration;
mod arm;
mod arm_access;
mod attest;
mod authentication;
mod authorization;
mod baselines;
mod bound_signatures;
mod cold_path;
mod cross_origin;
mod dev_issuer;
mod diagnostics;
mod history;
mod issuer_keys;
mod jws_battery;
mod limits;
mod oidc;
mod openapi;
mod own_settings;
mod preview2018;
mod recorded_administration;
mod recorded_exchanges;
mod reference;
mod routes;
mod signing;
mod snp;
mod support;
mod throttled;
