//! Evidence that is an SNP report: its parsing, the certificate of the key that signed it, what it is bound to, and the
//! appraisal.

use std::sync::Arc;

use attestry_api::{request::AttestRequest, snp_evidence::SnpEvidence};
use attestry_evidence::{
    azure::{self, HashType},
    binding,
    reference::{Endorsement, SnpGuest},
    rejection::Rejected,
    snp::{self, Report, ReportBody, VerifiedVek, appraise},
    time::UnixTime,
};

use super::{
    AttestError, Attested, Attestor, Case, Findings, Judged,
    quote::{Bound, bound_by_paravisor, paravisor_data},
};
use crate::collateral::{AmdCollateral, VekId};

/// What the request brought as evidence.
#[derive(Debug)]
pub(super) struct SnpCase<'c> {
    case: &'c Case,
    evidence: SnpEvidence,
}

impl<'c> SnpCase<'c> {
    pub(super) fn new(case: &'c Case) -> Result<Self, AttestError> {
        let evidence = SnpEvidence::from_json(&case.request.evidence)?;
        Ok(Self { case, evidence })
    }

    /// The checks of form, and which key's certificate is needed when the request brings none.
    pub(super) fn admit(&self) -> Result<AdmittedSnp<'_>, AttestError> {
        let report = Report::read(&self.evidence.report).map_err(Rejected::from)?;
        let report = report
            .admit(&self.case.provider.settings.snp)
            .map_err(Rejected::from)?;
        Ok(AdmittedSnp {
            case: self.case,
            chain: self.evidence.vcek_cert_chain.as_deref(),
            uvm_endorsements: &self.evidence.uvm_endorsements,
            report,
        })
    }
}

/// A report whose form is in order.
#[derive(Debug)]
pub(super) struct AdmittedSnp<'e> {
    case: &'e Case,
    chain: Option<&'e [u8]>,
    uvm_endorsements: &'e [Vec<u8>],
    report: snp::AdmittedReport<'e>,
}

impl AdmittedSnp<'_> {
    /// The certified key that signed: as the request brings it, or as it is held; `None` when it would have to be
    /// fetched.
    pub(super) fn vek(
        &self,
        amd: &AmdCollateral,
        now: UnixTime,
    ) -> Result<Option<Arc<VerifiedVek>>, AttestError> {
        match self.chain {
            Some(chain) => Ok(Some(amd.verify_chain(chain).map_err(Rejected::from)?)),
            None => Ok(amd.held(&self.wanted()?, now)),
        }
    }

    /// Which key's certificate is needed.
    pub(super) fn wanted(&self) -> Result<VekId, AttestError> {
        VekId::of(&self.report).map_err(|reason| AttestError::Vek(Box::new(reason)))
    }

    /// The steps once the certificate is there, up to the token. Pure but for the token's random identifier, and for
    /// keeping the proof of the signature.
    pub(super) fn attest_with(
        &self,
        vek: &VerifiedVek,
        attestor: &Attestor,
        now: UnixTime,
        issued_at: UnixTime,
    ) -> Result<Attested, AttestError> {
        self.judge_with(vek, attestor, now)
            .and_then(|judged| self.case.issue(judged, issued_at))
    }

    /// The steps up to the claims of the token.
    pub(super) fn judge_with(
        &self,
        vek: &VerifiedVek,
        attestor: &Attestor,
        now: UnixTime,
    ) -> Result<Judged, AttestError> {
        let Case {
            provider, request, ..
        } = self.case;
        let settings = &provider.settings;
        let amd = &attestor.amd;
        let known = amd.known_proof(&self.report, vek);
        let appraisal =
            appraise(&self.report, vek, known, &amd.crls(), now, &settings.snp).map_err(Rejected::from)?;
        if known.is_none() {
            amd.remember(appraisal.proof());
        }
        let bound = bind(appraisal.body(), request)?;
        let endorsements = attestor
            .uvm
            .verify(self.uvm_endorsements, now)
            .map_err(Rejected::from)?;
        let mut findings = Findings::of_report(&appraisal, settings.snp_claims);
        findings.remarks.extend(bound.remark());
        findings.endorsed(&appraisal, &endorsements);
        if let Some(values) = &settings.reference {
            let endorsements: Vec<Endorsement<'_>> =
                endorsements.iter().map(|verified| (&**verified).into()).collect();
            let guest = SnpGuest {
                appraisal: &appraisal,
                runtime_bound: bound.is_whole(),
                endorsements: &endorsements,
            };
            findings.compared(&values.match_snp(&guest, now));
        }
        self.case.decide(findings)
    }
}

/// Runtime data must be what the report data vouches for, and, if they pass for a paravisor's, made at its level;
/// init-time data what the host data does.
fn bind(body: &ReportBody, request: &AttestRequest) -> Result<Bound, AttestError> {
    let bound = Bound::runtime_data(&body.report_data, request)?;
    if let Some(data) = paravisor_data(request) {
        bound_by_paravisor(azure::bind_snp(
            &body.report_data,
            body.vmpl,
            HashType::Sha256,
            data,
        ))?;
    }
    if let Some(data) = &request.init_time_data {
        binding::bind_init_time_data_snp(&body.host_data, &data.bytes).map_err(Rejected::from)?;
    }
    Ok(bound)
}
