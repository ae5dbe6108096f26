//! The evidence of a request: the quote in it, and the data it vouches for.

use attestry_api::{AttestationType, request::AttestRequest};
use attestry_evidence::{
    binding,
    dcap::{Quote, QuoteBody, Tee},
    openenclave::Evidence,
    rejection::Rejected,
};

use super::AttestError;

/// The quote in the evidence, which must be of the kind that the request names. Open Enclave evidence may come
/// without its header: `oe_get_evidence` writes one only with `OE_EVIDENCE_FLAGS_EMBED_FORMAT_ID`.
pub(super) fn quote_of(
    kind: AttestationType,
    expected: Tee,
    evidence: &[u8],
) -> Result<Quote<'_>, AttestError> {
    let bytes = match kind {
        AttestationType::OpenEnclave => Evidence::parse_with_or_without_header(evidence)
            .map_err(Rejected::from)?
            .quote(),
        _ => evidence,
    };
    let quote = Quote::parse(bytes).map_err(Rejected::from)?;
    if quote.tee() == expected {
        Ok(quote)
    } else {
        Err(AttestError::OtherTee {
            kind,
            expected,
            found: quote.tee(),
        })
    }
}

/// What quotes of a type come from; `None` for types whose evidence is not a quote, which are not attested.
pub(super) fn tee_of(kind: AttestationType) -> Option<Tee> {
    match kind {
        AttestationType::SgxEnclave | AttestationType::OpenEnclave => Some(Tee::Sgx),
        AttestationType::TdxVm => Some(Tee::Tdx),
        AttestationType::SevSnpVm | AttestationType::AzureGuest | AttestationType::Tpm => None,
    }
}

/// What binding the request's data to the evidence left to report.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Bound {
    /// Bytes of the report data that nothing vouches for are set.
    pub(super) report_data_rest_is_set: bool,
}

/// Runtime data must be what the report data vouches for, init-time data what the configuration id does.
pub(super) fn bind(quote: &Quote<'_>, request: &AttestRequest) -> Result<Bound, AttestError> {
    let mut bound = Bound::default();
    if let Some(data) = &request.runtime_data {
        let runtime = binding::bind_runtime_data(quote.report_data(), &data.bytes).map_err(Rejected::from)?;
        bound.report_data_rest_is_set = runtime.rest_is_set;
    }
    if let Some(data) = &request.init_time_data {
        match quote.body() {
            QuoteBody::Sgx(report) => {
                let kss = report.attributes.kss();
                binding::bind_init_time_data_sgx(&report.config_id, kss, &data.bytes)
            }
            QuoteBody::Tdx(report) => binding::bind_init_time_data_tdx(&report.mrconfigid, &data.bytes),
        }
        .map_err(Rejected::from)?;
    }
    Ok(bound)
}
