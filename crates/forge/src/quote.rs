//! SGX and TDX quotes of versions 3, 4 and 5 with every field settable
//! (Intel SGX ECDSA QuoteLibReference DCAP API, appendix A; Intel TDX DCAP Quoting Library API, appendix A.3).

mod assembly;
mod certification;
mod header;
mod sgx_report;
mod td_report;

pub use assembly::{QuoteSpec, SgxQuoteSpec, TdxQuoteSpec};
pub use header::QuoteHeader;
pub use sgx_report::SgxReport;
pub use td_report::{TdBody, TdReport};

/// Types of certification data (QuoteLibReference, A.4, table 9).
pub mod certification_type {
    pub use super::certification::{
        PCK_CHAIN, PCK_LEAF, PLAIN_PPID, PLATFORM_MANIFEST, QE_REPORT_CERTIFICATION, RSA_2048_PPID,
        RSA_3072_PPID,
    };
}

#[cfg(test)]
mod tests;
