//! The appraisal of one report: everything that must hold between the report, the certified key and the moment. What
//! it returns is fact; whether the facts are good enough is for a policy.

use std::fmt;

use aws_lc_rs::digest;

use super::crl::{AmdCrls, Checked, RevocationPolicy, check_not_revoked};
use super::error::SnpError;
use super::product::{Product, TcbVersion};
use super::report::{AdmittedReport, ReportBody, SigningKey};
use super::vek::VerifiedVek;
use crate::time::UnixTime;

/// What is accepted beyond what is always demanded. The default is the strictest that genuine reports of today pass.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Settings {
    /// Versions of reports. Version 1 belongs to the preview of 2021 and lacks fields; it is not among the default.
    pub report_versions: Vec<u32>,
    /// Bits of the guest policy that no published version of the ABI defines.
    pub unknown_policy_bits: UnknownPolicyBits,
    /// What is demanded of revocation lists.
    pub revocation: RevocationPolicy,
    /// How long after its end a VEK certificate still counts, in seconds. 0 by default.
    pub vek_grace_seconds: u32,
    /// Whether a VCEK may sign a report with a masked chip id, as on hosts that set MASK_CHIP_ID. The TCB is bound to
    /// the certificate all the same.
    pub allow_masked_chip_id: bool,
    /// Cloud service providers whose VLEKs are accepted; empty for all.
    pub accepted_csp_ids: Vec<String>,
}

/// What becomes of reports with unknown bits in the guest policy.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum UnknownPolicyBits {
    /// They are refused: a bit of the future may well weaken the guest.
    #[default]
    Refuse,
    /// They are accepted.
    Accept,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            report_versions: vec![2, 3, 4, 5],
            unknown_policy_bits: UnknownPolicyBits::default(),
            revocation: RevocationPolicy::default(),
            vek_grace_seconds: 0,
            allow_masked_chip_id: false,
            accepted_csp_ids: Vec::new(),
        }
    }
}

/// That a certain key signed a certain report: the one step that costs, and the only one whose result never changes.
/// It can be kept; every other check is made anew each time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SignatureProof([u8; 32]);

impl SignatureProof {
    /// What [`SignatureProof::identify`] gives for its report and key.
    pub const fn identity(&self) -> [u8; 32] {
        self.0
    }

    fn is_of(&self, report: &AdmittedReport<'_>, vek: &VerifiedVek) -> bool {
        self.0 == Self::identify(report, vek)
    }

    /// What identifies the pair of report and key: equal for equal bytes of both, and for nothing else.
    pub fn identify(report: &AdmittedReport<'_>, vek: &VerifiedVek) -> [u8; 32] {
        let mut hash = digest::Context::new(&digest::SHA256);
        hash.update(vek.point());
        hash.update(report.bytes());
        let mut identity = [0; 32];
        identity.copy_from_slice(hash.finish().as_ref());
        identity
    }
}

/// Verifies the report's signature: one ECDSA P-384 verification.
fn check_signature(report: &AdmittedReport<'_>, vek: &VerifiedVek) -> Result<SignatureProof, SnpError> {
    if vek.signed(report.signed(), report.signature()) {
        Ok(SignatureProof(SignatureProof::identify(report, vek)))
    } else {
        Err(SnpError::Signature)
    }
}

/// What is known of a guest whose report is genuine.
#[derive(Clone, Debug)]
pub struct Appraisal {
    proof: SignatureProof,
    body: ReportBody,
    product: Product,
    signing_key: SigningKey,
    csp_id: Option<String>,
    certified_chip_id: [u8; 64],
    tcb: [TcbVersion; 4],
    revocation: Checked,
    warnings: Vec<Warning>,
}

/// Something that a relying party may want to know about an appraisal that succeeded.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Warning {
    /// No revocation list was at hand.
    NoCrl {
        /// Whose list is missing.
        product: Product,
    },
    /// The revocation list is outdated.
    OutdatedCrl {
        /// Whose list it is.
        product: Product,
        /// When its successor was due.
        next_update: UnixTime,
    },
    /// The certificate of the key has expired and the setting grants it more time.
    ExpiredVek {
        /// End of its validity.
        not_after: UnixTime,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCrl { product } => write!(f, "no revocation list of {product} was at hand"),
            Self::OutdatedCrl { product, next_update } => {
                write!(
                    f,
                    "the revocation list of {product} was current until {next_update}"
                )
            }
            Self::ExpiredVek { not_after } => write!(f, "the VEK certificate was valid until {not_after}"),
        }
    }
}

/// Appraises a report, cheap checks first. The signature is verified unless `known` proves that it was for this very
/// report and key.
pub fn appraise(
    report: &AdmittedReport<'_>,
    vek: &VerifiedVek,
    known: Option<SignatureProof>,
    crls: &AmdCrls,
    now: UnixTime,
    settings: &Settings,
) -> Result<Appraisal, SnpError> {
    check_kind(report, vek)?;
    let product = check_product(report, vek)?;
    vek.check_validity(now, settings.vek_grace_seconds)?;
    let revocation = check_not_revoked(vek.authority(), crls, settings.revocation, now)?;
    let tcb = report.tcb(product);
    check_tcb_binding(&tcb, vek)?;
    check_chip(report.body(), vek, settings)?;
    check_tcb_order(report.body().version, &tcb)?;
    let proof = match known {
        Some(proof) if proof.is_of(report, vek) => proof,
        _ => check_signature(report, vek)?,
    };
    Ok(Appraisal {
        proof,
        body: report.body().clone(),
        product,
        signing_key: report.signing_key(),
        csp_id: vek.vek().csp_id().map(str::to_owned),
        certified_chip_id: certified_chip_id(vek),
        tcb,
        revocation,
        warnings: warnings(vek, revocation, now),
    })
}

impl Appraisal {
    /// What the report states.
    pub const fn body(&self) -> &ReportBody {
        &self.body
    }

    /// The product line.
    pub const fn product(&self) -> Product {
        self.product
    }

    /// The kind of key that signed the report.
    pub const fn signing_key(&self) -> SigningKey {
        self.signing_key
    }

    /// The cloud service provider whose key signed; `None` when the chip's own did.
    pub fn csp_id(&self) -> Option<&str> {
        self.csp_id.as_deref()
    }

    /// The chip whose key signed, as its certificate names it, also where the report masks it: 64 bytes, the last ones
    /// zero on lines with shorter identifiers. All zero when a cloud service provider's key signed.
    pub const fn certified_chip_id(&self) -> &[u8; 64] {
        &self.certified_chip_id
    }

    /// REPORTED_TCB.
    pub const fn reported_tcb(&self) -> &TcbVersion {
        let [reported, ..] = &self.tcb;
        reported
    }

    /// COMMITTED_TCB; all zero in version 1, which has none.
    pub const fn committed_tcb(&self) -> &TcbVersion {
        let [_, committed, ..] = &self.tcb;
        committed
    }

    /// CURRENT_TCB.
    pub const fn current_tcb(&self) -> &TcbVersion {
        let [_, _, current, _] = &self.tcb;
        current
    }

    /// LAUNCH_TCB.
    pub const fn launch_tcb(&self) -> &TcbVersion {
        let [_, _, _, launch] = &self.tcb;
        launch
    }

    /// How the standing of the authority was judged: `current`, `outdated` or `none`, after the list at hand.
    pub const fn revocation_list(&self) -> &'static str {
        match self.revocation {
            Checked::Current => "current",
            Checked::Outdated { .. } => "outdated",
            Checked::Missing => "none",
        }
    }

    /// That the report is signed, to be handed to the next appraisal of the same report.
    pub const fn proof(&self) -> SignatureProof {
        self.proof
    }

    /// What a relying party may want to know.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }
}

fn check_kind(report: &AdmittedReport<'_>, vek: &VerifiedVek) -> Result<(), SnpError> {
    let (stated, found) = (report.signing_key(), vek.vek().kind());
    if stated == found {
        Ok(())
    } else {
        Err(SnpError::OtherKey { stated, found })
    }
}

/// The line by the report must be that of the hierarchy. Reports before version 3 do not state it.
fn check_product(report: &AdmittedReport<'_>, vek: &VerifiedVek) -> Result<Product, SnpError> {
    match report.product() {
        Some(expected) if expected != vek.product() => Err(SnpError::OtherProduct {
            expected,
            found: vek.vek().product_name().to_owned(),
        }),
        _ => Ok(vek.product()),
    }
}

/// The key was derived for exactly the TCB that is reported (AMD publication 57230, "VCEK").
fn check_tcb_binding(tcb: &[TcbVersion; 4], vek: &VerifiedVek) -> Result<(), SnpError> {
    let reserved = TCB_NAMES.iter().zip(tcb).find(|(_, tcb)| tcb.reserved_set);
    if let Some((field, _)) = reserved {
        return Err(SnpError::TcbReserved { field });
    }
    let [reported, ..] = tcb;
    let mut pairs = reported.components().zip(vek.vek().tcb());
    match pairs.find(|(report, certificate)| report != certificate) {
        Some(((component, report), (_, certificate))) => Err(SnpError::TcbMismatch {
            component,
            certificate,
            report,
        }),
        None => Ok(()),
    }
}

fn check_chip(body: &ReportBody, vek: &VerifiedVek, settings: &Settings) -> Result<(), SnpError> {
    let masked = body.chip_id == [0; 64];
    let Some(hardware_id) = vek.vek().hardware_id() else {
        let csp_id = vek.vek().csp_id().unwrap_or_default();
        if !masked {
            return Err(SnpError::ChipIdUnexpected);
        }
        let accepted = &settings.accepted_csp_ids;
        if !accepted.is_empty() && !accepted.iter().any(|accepted| accepted == csp_id) {
            return Err(SnpError::UnknownCsp {
                found: csp_id.to_owned(),
            });
        }
        return Ok(());
    };
    if masked {
        return if settings.allow_masked_chip_id {
            Ok(())
        } else {
            Err(SnpError::ChipIdMasked)
        };
    }
    let padded = hardware_id
        .iter()
        .chain(std::iter::repeat(&0))
        .take(body.chip_id.len());
    if body.chip_id.iter().eq(padded) {
        Ok(())
    } else {
        Err(SnpError::ChipIdMismatch)
    }
}

/// What the host reports it must have committed, and what is committed must be running.
fn check_tcb_order(version: u32, tcb: &[TcbVersion; 4]) -> Result<(), SnpError> {
    let [reported, committed, current, _] = tcb;
    let [reported_name, committed_name, current_name, _] = TCB_NAMES;
    let order: &[_] = if version == 1 {
        &[((reported_name, reported), (current_name, current))]
    } else {
        &[
            ((reported_name, reported), (committed_name, committed)),
            ((committed_name, committed), (current_name, current)),
        ]
    };
    let beyond = order
        .iter()
        .find_map(|(above, below)| above.1.exceeds(below.1).map(|found| (above.0, below.0, found)));
    match beyond {
        Some((above, below, (component, found, limit))) => Err(SnpError::TcbOrder {
            component,
            above,
            found,
            below,
            limit,
        }),
        None => Ok(()),
    }
}

fn certified_chip_id(vek: &VerifiedVek) -> [u8; 64] {
    let mut id = [0; 64];
    for (to, from) in id.iter_mut().zip(vek.vek().hardware_id().unwrap_or_default()) {
        *to = *from;
    }
    id
}

fn warnings(vek: &VerifiedVek, revocation: Checked, now: UnixTime) -> Vec<Warning> {
    let product = vek.product();
    let list = match revocation {
        Checked::Current => None,
        Checked::Outdated { next_update } => Some(Warning::OutdatedCrl { product, next_update }),
        Checked::Missing => Some(Warning::NoCrl { product }),
    };
    let not_after = vek.vek().certificate().not_after();
    let expired = (now > not_after).then_some(Warning::ExpiredVek { not_after });
    list.into_iter().chain(expired).collect()
}

const TCB_NAMES: [&str; 4] = ["reported_tcb", "committed_tcb", "current_tcb", "launch_tcb"];

#[cfg(test)]
mod tests;
