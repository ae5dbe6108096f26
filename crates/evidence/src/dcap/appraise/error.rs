//! Why well-formed evidence does not prove what it states.

use std::collections::BTreeSet;
use std::fmt;

use super::evaluation::{Shortfall, TcbComponent, TcbMoment};
use crate::dcap::quote::Tee;
use crate::rejection::{Explanation, Stage};
use crate::time::UnixTime;
use crate::x509::Told;

/// The evidence does not prove what it states.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AppraisalError {
    /// The collateral descends from another root than the platform's certificates.
    #[error("the collateral and the platform's certificates end in different roots")]
    OtherRoot,
    /// The PCK CRL is not that of the authority that issued the PCK certificate.
    #[error("the PCK CRL is that of `{found}` and the PCK certificate was issued by `{expected}`")]
    OtherPckCa {
        /// The common name of the PCK certificate's issuer.
        expected: String,
        /// The common name of the CRL's issuer.
        found: String,
    },
    /// The collateral is for another kind of environment.
    #[error("the quote is of {quote} and the collateral for {collateral}")]
    OtherTee {
        /// The quote's environment.
        quote: TeeName,
        /// The collateral's.
        collateral: TeeName,
    },
    /// The collateral is for another kind of platform.
    #[error("the platform's FMSPC is {} and the TCB info is for {}", hex(.platform), hex(.tcb_info))]
    Fmspc {
        /// The PCK certificate's.
        platform: [u8; 6],
        /// The TCB info's.
        tcb_info: [u8; 6],
    },
    /// The collateral is for another provisioning certification enclave.
    #[error("the platform's PCEID is {} and the TCB info is for {}", hex(.platform), hex(.tcb_info))]
    PceId {
        /// The PCK certificate's.
        platform: [u8; 2],
        /// The TCB info's.
        tcb_info: [u8; 2],
    },
    /// The TCB info knows no TDX module of this major version.
    #[error("the TCB info has no TDX module identity `{id}`")]
    TdxModuleUnknown {
        /// The identity looked for, for instance `TDX_03`.
        id: String,
    },
    /// The TDX module has another signer than Intel's.
    #[error("MRSIGNERSEAM is {} instead of {}", hex(.found.as_slice()), hex(.expected.as_slice()))]
    MrsignerSeam {
        /// The module identity's.
        expected: Box<[u8; 48]>,
        /// The report's.
        found: Box<[u8; 48]>,
    },
    /// The TDX module has attributes that Intel's has not.
    #[error("SEAMATTRIBUTES is {} instead of {}", hex(.found), hex(.expected))]
    SeamAttributes {
        /// The module identity's; no genuine module has any.
        expected: [u8; 8],
        /// The report's.
        found: [u8; 8],
    },
    /// The QE report is not signed by the platform's PCK.
    #[error("the signature of the QE report is not the PCK's")]
    QeReportSignature,
    /// The quoting enclave does not vouch for this attestation key.
    #[error("the QE report does not bind the attestation key and the QE authentication data")]
    QeReportData {
        /// SHA-256 of key and authentication data, then zeros.
        expected: Box<[u8; 64]>,
        /// The QE report's report data.
        found: Box<[u8; 64]>,
    },
    /// The quoting enclave is not the one that Intel's identity describes.
    #[error("the quoting enclave's {field} is {found} instead of {expected}")]
    QeIdentity {
        /// The field of the QE report.
        field: &'static str,
        /// The identity's value.
        expected: String,
        /// The QE report's value, masked as the identity says.
        found: String,
    },
    /// The quoting enclave runs in debug mode.
    #[error("the quoting enclave runs in debug mode")]
    QeDebug,
    /// The quote is not signed by its attestation key.
    #[error("the signature of the quote is not the attestation key's")]
    QuoteSignature,
    /// A component is older than every TCB level that Intel lists.
    #[error("no TCB level of the {component} is met{moment}")]
    TcbNotSupported {
        /// Which component.
        component: TcbComponent,
        /// At launch or now.
        moment: TcbMoment,
        /// What is missing for the lowest level.
        shortfalls: Vec<Shortfall>,
    },
    /// Intel no longer vouches for a component's TCB level: its keys may be known to others, so nothing that they sign
    /// proves anything.
    #[error("the TCB level of the {component} is revoked{moment}")]
    TcbRevoked {
        /// Which component.
        component: TcbComponent,
        /// At launch or now.
        moment: TcbMoment,
        /// The level's date.
        tcb_date: UnixTime,
        /// The advisories that Intel names.
        advisories: BTreeSet<String>,
    },
}

/// A [`Tee`] by its name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TeeName(pub Tee);

impl fmt::Display for TeeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}

impl AppraisalError {
    /// The refusal as facts.
    pub fn explain(&self) -> Explanation {
        match self {
            Self::OtherRoot
            | Self::OtherPckCa { .. }
            | Self::OtherTee { .. }
            | Self::Fmspc { .. }
            | Self::PceId { .. } => self.explain_collateral(),
            Self::TdxModuleUnknown { .. } | Self::MrsignerSeam { .. } | Self::SeamAttributes { .. } => {
                self.explain_tdx_module()
            }
            Self::TcbNotSupported { .. } | Self::TcbRevoked { .. } => self.explain_tcb(),
            Self::QeReportSignature
            | Self::QeReportData { .. }
            | Self::QeIdentity { .. }
            | Self::QeDebug
            | Self::QuoteSignature => self.explain_quote(),
        }
        .at(Stage::Appraisal)
    }

    /// Collateral that is good but not this platform's.
    fn explain_collateral(&self) -> Told {
        let told = Told::new("collateral").hint("fetch the collateral of the platform that made the quote");
        match self {
            Self::OtherPckCa { expected, found } => told
                .code("pck_crl_of_other_ca")
                .field("collateral.pck_crl.issuer")
                .expected(expected)
                .found(found),
            Self::OtherTee { quote, collateral } => told
                .code("collateral_of_other_tee")
                .field("tcb_info.id")
                .expected(quote)
                .found(collateral),
            Self::Fmspc { platform, tcb_info } => told
                .code("fmspc_mismatch")
                .field("tcb_info.fmspc")
                .expected(hex(platform))
                .found(hex(tcb_info)),
            Self::PceId { platform, tcb_info } => told
                .code("pce_id_mismatch")
                .field("tcb_info.pceId")
                .expected(hex(platform))
                .found(hex(tcb_info)),
            _ => told
                .code("collateral_of_other_root")
                .expected("the root of the platform's certificates")
                .found("another root"),
        }
    }

    fn explain_tdx_module(&self) -> Told {
        match self {
            Self::MrsignerSeam { expected, found } => {
                told_module("tdx_module_signer", "quote.body.mrsignerseam")
                    .expected(hex(expected.as_slice()))
                    .found(hex(found.as_slice()))
            }
            Self::SeamAttributes { expected, found } => {
                told_module("tdx_module_attributes", "quote.body.seam_attributes")
                    .expected(hex(expected))
                    .found(hex(found))
            }
            Self::TdxModuleUnknown { id } => {
                told_module("tdx_module_unknown", "tcb_info.tdxModuleIdentities")
                    .expected(format!("an identity `{id}`"))
                    .found("no such identity")
            }
            _ => told_module("tdx_module", "tcb_info.tdxModule"),
        }
    }

    fn explain_quote(&self) -> Told {
        match self {
            Self::QeReportSignature => Told::new("quote.qe_report_signature")
                .code("qe_report_signature")
                .expected("a signature by the PCK")
                .found("another signature")
                .hint(
                    "the quote was altered, or its certificates are not those of the platform that made it",
                ),
            Self::QeReportData { expected, found } => Told::new("quote.qe_report.report_data")
                .code("qe_report_data")
                .expected(hex(expected.as_slice()))
                .found(hex(found.as_slice()))
                .hint("the attestation key or the QE authentication data was exchanged"),
            Self::QeIdentity {
                field,
                expected,
                found,
            } => Told::new("quote.qe_report")
                .code("qe_identity_mismatch")
                .member(field)
                .expected(expected)
                .found(found)
                .hint("the enclave that signed the quote is not Intel's quoting enclave"),
            Self::QeDebug => Told::new("quote.qe_report.attributes.debug")
                .code("qe_debug")
                .expected(false)
                .found(true)
                .hint("a debuggable quoting enclave does not keep its key"),
            _ => Told::new("quote.signature")
                .code("quote_signature")
                .expected("a signature by the attestation key over header and body")
                .found("another signature")
                .hint("the quote was altered after it was made"),
        }
    }

    fn explain_tcb(&self) -> Told {
        match self {
            Self::TcbRevoked {
                component,
                moment,
                tcb_date,
                advisories,
            } => Told::new(component.identifier())
                .code("tcb_revoked")
                .expected("a TCB level that Intel vouches for")
                .found(format!(
                    "a revoked level of {tcb_date}{moment}, {}",
                    list(advisories.iter())
                ))
                .hint("update the platform; evidence made at this level proves nothing"),
            Self::TcbNotSupported {
                component,
                moment,
                shortfalls,
            } => Told::new(component.identifier())
                .code("tcb_not_supported")
                .expected(list(
                    shortfalls
                        .iter()
                        .map(|short| format!("{} at least {}", short.component, short.needed)),
                ))
                .found(format!(
                    "{}{moment}",
                    list(
                        shortfalls
                            .iter()
                            .map(|short| format!("{} {}", short.component, short.found))
                    )
                ))
                .hint("update the platform, or fetch collateral that covers it"),
            _ => Told::new("tcb").code("tcb"),
        }
    }
}

fn told_module(code: &'static str, field: &str) -> Told {
    Told::new(field)
        .code(code)
        .hint("the trust domain ran under a TDX module that the collateral does not vouch for")
}

fn hex(bytes: &[u8]) -> String {
    crate::hex::encode(bytes)
}

fn list<T: ToString>(items: impl Iterator<Item = T>) -> String {
    let items: Vec<String> = items.map(|item| item.to_string()).collect();
    if items.is_empty() {
        "nothing listed".to_owned()
    } else {
        items.join(", ")
    }
}
