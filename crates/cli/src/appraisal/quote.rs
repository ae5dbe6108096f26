//! Quotes of SGX and TDX from files: appraised against collateral from a file.

use attestry_api::AttestationType;
use attestry_evidence::binding;
use attestry_evidence::dcap::{
    CollateralDocuments, Quote, QuoteBody, Staleness, Tee, VerifiedCollateral, VerifiedPck, appraise,
};
use attestry_evidence::openenclave;
use attestry_evidence::rejection::Rejected;
use attestry_evidence::time::UnixTime;
use attestry_evidence::x509::TrustAnchors;
use attestry_service::attest::Findings;
use attestry_service::collateral::{CollateralKey, Edition};

use super::{Appraised, Bound, Judgement, Options};
use crate::collateral_files::{self, Entry};
use crate::failure::Failure;
use crate::input;

/// A quote and what it is judged by.
pub struct QuoteCase {
    kind: AttestationType,
    tee: Tee,
    evidence: Vec<u8>,
    collateral: Vec<Entry>,
    anchors: TrustAnchors,
    now: UnixTime,
    bound: Bound,
}

impl QuoteCase {
    pub(super) fn read(
        kind: AttestationType,
        tee: Tee,
        evidence: Vec<u8>,
        options: &Options,
    ) -> Result<Self, Failure> {
        Ok(Self {
            kind,
            tee,
            evidence,
            collateral: match &options.collateral {
                Some(path) => collateral_files::load(path, options.bundle_key.as_deref())?,
                None => Vec::new(),
            },
            anchors: input::trust_anchors(&options.root)?,
            now: options.time(),
            bound: Bound::read(options)?,
        })
    }

    /// Parse, platform, collateral, appraisal, binding: the order in which a service does it.
    pub(super) fn judge(&self) -> Result<Appraised, Judgement> {
        let quote = self.quote()?;
        if quote.tee() != self.tee {
            return Err(Judgement::OtherTee(quote.tee()));
        }
        let pck = VerifiedPck::verify(&quote.certification_data(), &self.anchors, self.now)?;
        let documents = self.documents_for(&pck).map_err(Judgement::Failed)?;
        let collateral = VerifiedCollateral::verify(
            documents.clone(),
            self.tee,
            &self.anchors,
            self.now,
            Staleness::Strict,
        )?;
        let appraisal = appraise(&quote, &pck, &collateral, self.now, Staleness::Strict)?;
        let mut findings = Findings::of_quote(&appraisal, &collateral, &self.evidence);
        let remark = self.bind(&quote)?;
        let runtime_bound = self.bound.is_whole(remark.as_ref());
        findings.remarks.extend(remark);
        Ok(Appraised {
            findings,
            quote: Some(appraisal),
            report: None,
            endorsements: Vec::new(),
            runtime_bound,
        })
    }

    fn quote(&self) -> Result<Quote<'_>, Rejected> {
        let bytes = match self.kind {
            AttestationType::OpenEnclave => {
                openenclave::Evidence::parse_with_or_without_header(&self.evidence)?.quote()
            }
            _ => &self.evidence,
        };
        Ok(Quote::parse(bytes)?)
    }

    /// The one set that was given, or of several the standard one for this platform.
    fn documents_for(&self, pck: &VerifiedPck) -> Result<&CollateralDocuments, Failure> {
        if let [only] = self.collateral.as_slice() {
            return Ok(&only.documents);
        }
        if self.collateral.is_empty() {
            return Err(Failure::usage("collateral is needed to verify this evidence").hint(
                "give it with --collateral; `attestry collateral fetch --for FILE --out collateral.json` gets it \
                 from the vendor",
            ));
        }
        let wanted = CollateralKey {
            tee: self.tee,
            fmspc: pck.fmspc(),
            ca: pck.ca(),
            edition: Edition::Standard,
        };
        let found = self.collateral.iter().find(|entry| entry.key == Some(wanted));
        found.map(|entry| &entry.documents).ok_or_else(|| {
            Failure::usage(format!(
                "there is no collateral for this platform (`{wanted}`) in what was given"
            ))
        })
    }

    fn bind(&self, quote: &Quote<'_>) -> Result<Option<String>, Rejected> {
        if let Some(data) = &self.bound.init_time_data {
            match quote.body() {
                QuoteBody::Sgx(report) => {
                    binding::bind_init_time_data_sgx(&report.config_id, report.attributes.kss(), data)?;
                }
                QuoteBody::Tdx(report) => binding::bind_init_time_data_tdx(&report.mrconfigid, data)?,
            }
        }
        self.bound.runtime_data(quote.report_data())
    }
}
