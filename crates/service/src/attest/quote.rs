//! Evidence that is a quote: its parsing, what it is bound to, and the steps once collateral is at hand.

use std::sync::Arc;

use attestry_api::{
    AttestationType,
    request::{AttestRequest, DataContent},
};
use attestry_evidence::{
    azure::{self, AzureError, BoundRuntime, HashType, RuntimeBindingError},
    binding,
    dcap::{Quote, QuoteBody, Tee, VerifiedCollateral, VerifiedPck, appraise},
    openenclave::Evidence,
    reference::TdxGuest,
    rejection::Rejected,
    time::UnixTime,
};

use super::{AttestError, Attested, Case, Findings, Judged, TcbRefusal};
use crate::collateral::PckCache;

/// Well-formed evidence from a platform with a genuine certificate; what is missing is the collateral to judge it
/// by.
#[derive(Debug)]
pub struct AdmittedQuote<'c> {
    case: &'c Case,
    pub(super) quote: Quote<'c>,
    pub(super) pck: Arc<VerifiedPck>,
}

impl<'c> AdmittedQuote<'c> {
    /// The steps before collateral: parses the evidence and verifies the platform's certificates.
    pub(super) fn new(
        case: &'c Case,
        tee: Tee,
        pck_cache: &PckCache,
        now: UnixTime,
    ) -> Result<Self, AttestError> {
        let quote = quote_of(case.kind, tee, &case.request.evidence)?;
        let pck = pck_cache
            .verify(&quote.certification_data(), now)
            .map_err(Rejected::from)?;
        Ok(Self { case, quote, pck })
    }

    /// The steps after collateral, up to the token. Pure but for the token's random identifier.
    pub fn attest_with(
        &self,
        collateral: &VerifiedCollateral,
        now: UnixTime,
        issued_at: UnixTime,
    ) -> Result<Attested, AttestError> {
        self.judge_with(collateral, now)
            .and_then(|judged| self.case.issue(judged, issued_at))
    }

    /// The steps after collateral, up to the claims of the token. Pure.
    pub fn judge_with(&self, collateral: &VerifiedCollateral, now: UnixTime) -> Result<Judged, AttestError> {
        let Case {
            provider, request, ..
        } = self.case;
        let settings = &provider.settings;
        let appraisal = appraise(&self.quote, &self.pck, collateral, now, settings.staleness)?;
        if !settings.accepted_tcb_statuses.contains(&appraisal.status()) {
            return Err(AttestError::TcbStatus(Box::new(TcbRefusal::new(
                &appraisal, settings,
            ))));
        }
        let bound = bind(&self.quote, request)?;
        let mut findings = Findings::of_quote(&appraisal, collateral, &request.evidence);
        findings.remarks.extend(bound.remark());
        if let (Some(values), QuoteBody::Tdx(report)) = (&settings.reference, appraisal.body()) {
            let guest = TdxGuest {
                report,
                runtime_bound: bound.is_whole(),
            };
            findings.compared(&values.match_tdx(&guest, now));
        }
        self.case.decide(findings)
    }
}

/// The quote in the evidence, which must be of the kind that the request names. Open Enclave evidence may come
/// without its header: `oe_get_evidence` writes one only with `OE_EVIDENCE_FLAGS_EMBED_FORMAT_ID`.
fn quote_of(kind: AttestationType, expected: Tee, evidence: &[u8]) -> Result<Quote<'_>, AttestError> {
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

/// What quotes of a type come from; `None` for types whose evidence is not a quote.
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
    /// Runtime data was sent, and the report data vouches for it.
    pub(super) runtime_data: bool,
    /// Bytes of the report data that nothing vouches for are set.
    pub(super) report_data_rest_is_set: bool,
}

/// Runtime data that pass for a paravisor's, which takes more than the hash to be believed.
pub(super) fn paravisor_data(request: &AttestRequest) -> Option<&[u8]> {
    let data = request.runtime_data.as_ref()?;
    match &data.content {
        DataContent::Json(members) if azure::looks_like_paravisor(members) => Some(&data.bytes),
        DataContent::Json(_) | DataContent::Binary => None,
    }
}

/// Level and report data must be a paravisor's. That its keys can be used is for those who use one; the JSON itself has
/// one meaning, as all runtime data have.
pub(super) fn bound_by_paravisor(
    bound: Result<BoundRuntime, RuntimeBindingError>,
) -> Result<(), AttestError> {
    match bound {
        Ok(_) | Err(RuntimeBindingError::Runtime(_)) => Ok(()),
        Err(error) => Err(Rejected::from(AzureError::from(error)).into()),
    }
}

impl Bound {
    /// Binds runtime data, if there is any, to the report data.
    pub(super) fn runtime_data(report_data: &[u8; 64], request: &AttestRequest) -> Result<Self, AttestError> {
        let Some(data) = &request.runtime_data else {
            return Ok(Self::default());
        };
        let bound = binding::bind_runtime_data(report_data, &data.bytes).map_err(Rejected::from)?;
        Ok(Self {
            runtime_data: true,
            report_data_rest_is_set: bound.rest_is_set,
        })
    }

    /// Whether runtime data was sent and the report data are its hash and nothing else, as those of a paravisor are.
    pub(super) const fn is_whole(self) -> bool {
        self.runtime_data && !self.report_data_rest_is_set
    }

    pub(super) fn remark(self) -> Option<String> {
        self.report_data_rest_is_set
            .then(|| "the second half of the report data is set, and nothing vouches for it".to_owned())
    }
}

/// Runtime data must be what the report data vouches for, init-time data what the configuration id does.
fn bind(quote: &Quote<'_>, request: &AttestRequest) -> Result<Bound, AttestError> {
    let bound = Bound::runtime_data(quote.report_data(), request)?;
    if let (QuoteBody::Tdx(_), Some(data)) = (quote.body(), paravisor_data(request)) {
        bound_by_paravisor(azure::bind_tdx(quote.report_data(), HashType::Sha256, data))?;
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
