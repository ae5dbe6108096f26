//! Intel TDX: the report of a trust domain and the claims made of it.

pub mod claims;
mod report;

pub use report::{Td15, Td15Extended, TdAttributes, TdReportBody};
