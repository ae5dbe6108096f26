//! Intel SGX: the report of an enclave and the claims made of it.

mod report;

pub use report::{Attributes, SgxReportBody};
