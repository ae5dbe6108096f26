//! Independent implementations held against ours, and measurements: differential tests, benches, gates, load. Outside
//! the ordinary build, because the oracles are heavy.

pub mod load;
pub mod measure;
pub mod minted;
pub mod primitives;
mod random;

pub use random::Random;
