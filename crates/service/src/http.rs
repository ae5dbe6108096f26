//! The HTTP interface.

pub mod listener;
