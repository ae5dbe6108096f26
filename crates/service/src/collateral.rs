//! Collateral: obtained, cached, refreshed.
