//! The crate against recorded evidence of real platforms and minted evidence with known flaws. The recordings are
//! not part of the project; where they are absent each test says so and passes.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "tests fail by panicking"
)]

mod azure;
mod bit_flips;
mod claims;
mod differences;
mod eval_series;
mod event_logs;
mod forged;
mod open_enclave;
mod outcome;
mod pool;
mod quotes;
mod reference;
mod sets;
mod sipa;
mod snp;
mod uvm;
