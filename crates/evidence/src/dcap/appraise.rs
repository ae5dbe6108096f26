//! The appraisal of a quote: what it proves, given a verified platform certificate and verified collateral, at one time
//! (Intel SGX and TDX DCAP Quote Verification Library). Owns the order of the checks and their result; what is
//! acceptable is for a policy to say.

mod error;
mod evaluation;

use std::collections::BTreeSet;
use std::fmt;

use aws_lc_rs::signature::ParsedPublicKey;
use aws_lc_rs::{constant_time, digest};

pub use error::{AppraisalError, TeeName};
pub use evaluation::{ComponentVerdict, Shortfall, SvnComponent, TcbComponent, TcbMoment};

use self::evaluation::{Evaluation, seam_module};
use super::collateral::{Document, Freshness, Staleness, VerifiedCollateral};
use super::pck::VerifiedPck;
use super::quote::{Quote, QuoteBody, Tee};
use super::supplemental::Supplemental;
use super::tcb::TcbStatus;
use super::tcb_info::TcbInfo;
use crate::rejection::Rejected;
use crate::tdx::TdReportBody;
use crate::time::UnixTime;
use crate::x509::{CertificateError, CertificateRole};

/// What a quote proves. Only [`appraise`] makes one.
#[derive(Clone, Debug)]
pub struct Appraisal {
    body: QuoteBody,
    status: TcbStatus,
    launch: Evaluation,
    current: Option<Evaluation>,
    advisories: BTreeSet<String>,
    supplemental: Supplemental,
    warnings: Vec<Warning>,
    signatures_verified: u32,
}

/// Something that does not refuse the evidence but that a relying party may want to know.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Warning {
    /// A document's successor is due; the staleness setting tolerates it.
    StaleCollateral {
        /// The document that became stale first.
        document: Document,
        /// When its successor was due.
        next_update: UnixTime,
    },
    /// TCB info and QE identity belong to different TCB recoveries.
    EvaluationNumbersDiffer {
        /// The TCB info's.
        tcb_info: u32,
        /// The QE identity's.
        qe_identity: u32,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StaleCollateral {
                document,
                next_update,
            } => {
                write!(f, "a newer {document} was due at {next_update}")
            }
            Self::EvaluationNumbersDiffer {
                tcb_info,
                qe_identity,
            } => write!(
                f,
                "the TCB info has TCB evaluation data number {tcb_info} and the QE identity {qe_identity}"
            ),
        }
    }
}

/// Appraises a quote at `now`. The platform certificate and the collateral were verified before; their dates and the
/// certificate's revocation are judged again here, on every quote, so that both may be kept for as long as they last.
pub fn appraise(
    quote: &Quote<'_>,
    pck: &VerifiedPck,
    collateral: &VerifiedCollateral,
    now: UnixTime,
    staleness: Staleness,
) -> Result<Appraisal, Rejected> {
    pck.chain().check_validity(now)?;
    let freshness = collateral.is_usable_at(now, staleness)?;
    check_revocation(pck, collateral)?;
    check_collateral_fits(quote, pck, collateral)?;
    if let QuoteBody::Tdx(body) = quote.body() {
        check_seam_module(body, collateral.tcb_info())?;
    }
    let mut signatures = Signatures::default();
    signatures.check_qe_report(quote, pck)?;
    check_quoting_enclave(quote, collateral)?;
    signatures.check_quote(quote)?;
    let (launch, current) = evaluate(quote, pck, collateral)?;
    let status = current.as_ref().map_or(launch.status, |current| {
        launch.status.with_current(current.status)
    });
    Ok(Appraisal {
        body: *quote.body(),
        status,
        advisories: launch.advisories(),
        supplemental: Supplemental::of(pck, collateral, launch.tcb_date()),
        warnings: warnings(freshness, collateral),
        signatures_verified: signatures.count,
        launch,
        current,
    })
}

/// Checks that the quote is signed all the way from the platform's certificate, which needs no collateral: who cannot
/// sign as the platform has no reason to be given any. It proves nothing about the quoting enclave; [`appraise`] does.
pub fn check_signatures(quote: &Quote<'_>, pck: &VerifiedPck) -> Result<(), Rejected> {
    let mut signatures = Signatures::default();
    signatures.check_qe_report(quote, pck)?;
    signatures.check_quote(quote)?;
    Ok(())
}

impl Appraisal {
    /// What was quoted.
    pub const fn tee(&self) -> Tee {
        match &self.body {
            QuoteBody::Sgx(_) => Tee::Sgx,
            QuoteBody::Tdx(_) => Tee::Tdx,
        }
    }

    /// The report that was quoted, now proven.
    pub const fn body(&self) -> &QuoteBody {
        &self.body
    }

    /// The status of the whole TCB: all components converged, and for a TD 1.5 the relaunch advice. Never `Revoked`,
    /// which refuses the evidence.
    pub const fn status(&self) -> TcbStatus {
        self.status
    }

    /// The status of the TCB under which the environment was launched.
    pub const fn launch_status(&self) -> TcbStatus {
        self.launch.status
    }

    /// The status of the TCB that is loaded now; only the reports of TD 1.5 and later tell.
    pub fn current_status(&self) -> Option<TcbStatus> {
        self.current.as_ref().map(|current| current.status)
    }

    /// The advisories of every component at launch.
    pub const fn advisories(&self) -> &BTreeSet<String> {
        &self.advisories
    }

    /// The oldest date of the levels that the components meet.
    pub const fn tcb_date(&self) -> UnixTime {
        self.supplemental.tcb_level_date_tag
    }

    /// The verdict on processor, firmware and provisioning certification enclave.
    pub const fn platform(&self) -> &ComponentVerdict {
        &self.launch.platform
    }

    /// The verdict on the quoting enclave.
    pub const fn qe(&self) -> &ComponentVerdict {
        &self.launch.qe
    }

    /// The verdict on the TDX module at launch, if it has a version.
    pub const fn module(&self) -> Option<&ComponentVerdict> {
        self.launch.module.as_ref()
    }

    /// The verdict on the TDX module that is loaded now, if the report tells.
    pub fn current_module(&self) -> Option<&ComponentVerdict> {
        self.current.as_ref().and_then(|current| current.module.as_ref())
    }

    /// Which SVNs were too low at launch for a level without missing updates; empty when none are missing.
    pub fn shortfalls(&self) -> &[Shortfall] {
        &self.launch.shortfalls
    }

    /// Dates, numbers and identifiers.
    pub const fn supplemental(&self) -> &Supplemental {
        &self.supplemental
    }

    /// What does not refuse the evidence but deserves mention.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// How many signatures this appraisal verified: two, of the QE report and of the quote.
    pub const fn signatures_verified(&self) -> u32 {
        self.signatures_verified
    }
}

/// Verifies and counts.
#[derive(Default)]
struct Signatures {
    count: u32,
}

impl Signatures {
    /// The platform's certified key signs the QE report, and the report names the attestation key.
    fn check_qe_report(&mut self, quote: &Quote<'_>, pck: &VerifiedPck) -> Result<(), AppraisalError> {
        let (report, signature) = (quote.qe_report_bytes(), quote.qe_report_signature());
        if !self.verify(pck.quoting_key(), report, signature) {
            return Err(AppraisalError::QeReportSignature);
        }
        check_attestation_key_binding(quote)
    }

    /// The attestation key signs the quote.
    fn check_quote(&mut self, quote: &Quote<'_>) -> Result<(), AppraisalError> {
        let key = quote.attestation_public_key();
        if self.verify(key, quote.signed_bytes(), quote.signature()) {
            Ok(())
        } else {
            Err(AppraisalError::QuoteSignature)
        }
    }

    fn verify(&mut self, key: &ParsedPublicKey, message: &[u8], signature: &[u8; 64]) -> bool {
        self.count = self.count.saturating_add(1);
        key.verify_sig(message, signature).is_ok()
    }
}

/// The collateral's CRLs are those of the platform's authorities and list none of the chain's certificates. One key and
/// one name make an authority: a certificate renewed for both is still the same.
fn check_revocation(pck: &VerifiedPck, collateral: &VerifiedCollateral) -> Result<(), Rejected> {
    let chain = pck.chain();
    let (leaf, issuer, crl_issuer) = (chain.leaf(), chain.issued_by_root(), collateral.ca_certificate());
    if pck.root_key() != collateral.root_key() || issuer.issuer() != collateral.root_ca_crl().issuer() {
        return Err(AppraisalError::OtherRoot.into());
    }
    if leaf.issuer() != collateral.pck_crl().issuer() || issuer.public_key() != crl_issuer.public_key() {
        let (expected, found) = (
            issuer.common_name().to_owned(),
            crl_issuer.common_name().to_owned(),
        );
        return Err(AppraisalError::OtherPckCa { expected, found }.into());
    }
    chain.check_not_revoked(collateral.root_ca_crl())?;
    if collateral.pck_crl().revokes(&leaf.serial()) {
        return Err(CertificateError::Revoked {
            role: CertificateRole::Pck,
            serial: leaf.serial(),
        }
        .into());
    }
    Ok(())
}

/// The collateral is for this kind of environment and platform.
fn check_collateral_fits(
    quote: &Quote<'_>,
    pck: &VerifiedPck,
    collateral: &VerifiedCollateral,
) -> Result<(), AppraisalError> {
    if quote.tee() != collateral.tee() {
        let (quote, collateral) = (TeeName(quote.tee()), TeeName(collateral.tee()));
        return Err(AppraisalError::OtherTee { quote, collateral });
    }
    let (platform, tcb_info) = (pck.fmspc(), collateral.fmspc());
    if platform != tcb_info {
        return Err(AppraisalError::Fmspc { platform, tcb_info });
    }
    let (platform, tcb_info) = (pck.pce_id(), collateral.pce_id());
    if platform != tcb_info {
        return Err(AppraisalError::PceId { platform, tcb_info });
    }
    Ok(())
}

/// The TDX module is signed by Intel and has no attributes. The attributes are compared under the identity's mask and,
/// in addition, have to be zero: no production module has any (Intel TDX module base specification, SEAMATTRIBUTES).
fn check_seam_module(body: &TdReportBody, tcb_info: &TcbInfo) -> Result<(), AppraisalError> {
    let Some(module) = seam_module(tcb_info, &body.tee_tcb_svn)? else {
        return Err(AppraisalError::TdxModuleUnknown {
            id: "tdxModule".to_owned(),
        });
    };
    if body.mrsignerseam != module.mrsigner {
        return Err(AppraisalError::MrsignerSeam {
            expected: Box::new(module.mrsigner),
            found: Box::new(body.mrsignerseam),
        });
    }
    let found = body.seam_attributes;
    let compared = found
        .iter()
        .zip(module.attributes_mask)
        .map(|(found, mask)| found & mask);
    if found != [0; 8] || !compared.eq(module.attributes) {
        return Err(AppraisalError::SeamAttributes {
            expected: module.attributes,
            found,
        });
    }
    Ok(())
}

/// The QE report binds the attestation key: its report data are SHA-256 of key and authentication data, then zeros.
fn check_attestation_key_binding(quote: &Quote<'_>) -> Result<(), AppraisalError> {
    let mut hash = digest::Context::new(&digest::SHA256);
    hash.update(quote.attestation_key());
    hash.update(quote.qe_auth_data());
    let mut expected = [0; 64];
    for (byte, hashed) in expected.iter_mut().zip(hash.finish().as_ref()) {
        *byte = *hashed;
    }
    let found = quote.qe_report().report_data;
    constant_time::verify_slices_are_equal(&expected, &found).map_err(|_| AppraisalError::QeReportData {
        expected: Box::new(expected),
        found: Box::new(found),
    })
}

/// The quoting enclave is Intel's, in production mode. The identity's mask may leave the debug bit out, but no
/// quoting enclave that can be debugged keeps a key.
fn check_quoting_enclave(quote: &Quote<'_>, collateral: &VerifiedCollateral) -> Result<(), AppraisalError> {
    collateral
        .qe_identity()
        .check(quote.qe_report())
        .map_err(|mismatch| AppraisalError::QeIdentity {
            field: mismatch.field,
            expected: mismatch.expected,
            found: mismatch.found,
        })?;
    if quote.qe_report().attributes.debug() {
        Err(AppraisalError::QeDebug)
    } else {
        Ok(())
    }
}

/// The TCB at launch and, for a TD 1.5, the one that is loaded now. An unacceptable current TCB is as final as an
/// unacceptable launch.
fn evaluate(
    quote: &Quote<'_>,
    pck: &VerifiedPck,
    collateral: &VerifiedCollateral,
) -> Result<(Evaluation, Option<Evaluation>), AppraisalError> {
    let (launch_svn, current_svn) = match quote.body() {
        QuoteBody::Sgx(_) => (None, None),
        QuoteBody::Tdx(body) => (
            Some(&body.tee_tcb_svn),
            body.td15.as_ref().map(|td15| &td15.tee_tcb_svn_2),
        ),
    };
    let qe_isv_svn = quote.qe_report().isv_svn;
    let of = |tee_tcb_svn, moment| {
        let (tcb_info, qe_identity) = (collateral.tcb_info(), collateral.qe_identity());
        Evaluation::of(pck, tcb_info, qe_identity, qe_isv_svn, tee_tcb_svn, moment)
    };
    let launch = of(launch_svn, TcbMoment::Launch)?;
    let current = current_svn
        .map(|svn| of(Some(svn), TcbMoment::Current))
        .transpose()?;
    Ok((launch, current))
}

fn warnings(freshness: Freshness, collateral: &VerifiedCollateral) -> Vec<Warning> {
    let stale = match freshness {
        Freshness::Fresh => None,
        Freshness::Stale {
            document,
            next_update,
        } => Some(Warning::StaleCollateral {
            document,
            next_update,
        }),
    };
    let (tcb_info, qe_identity) = (
        collateral.tcb_info_evaluation_number(),
        collateral.qe_identity_evaluation_number(),
    );
    let differ = (tcb_info != qe_identity).then_some(Warning::EvaluationNumbersDiffer {
        tcb_info,
        qe_identity,
    });
    stale.into_iter().chain(differ).collect()
}

#[cfg(test)]
mod tests;
