//! Intel SGX: the report of an enclave and the claims made of it.

pub mod claims;
mod report;

pub use report::{Attributes, SgxReportBody};
