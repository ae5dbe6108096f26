//! Why a reference document is refused.

use std::fmt;

use super::super::json::JsonError;
use crate::rejection::{Explanation, Stage};
use crate::time::UnixTime;
use crate::x509::{CLOCK_SKEW_SECONDS, CertificateError, CrlError, Told};

/// One of the documents that make up collateral.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Document {
    /// The file in which all of them came.
    Collateral,
    /// TCB info.
    TcbInfo,
    /// The certificates under which TCB info is signed.
    TcbInfoIssuerChain,
    /// The quoting enclave's identity.
    QeIdentity,
    /// The certificates under which the identity is signed.
    QeIdentityIssuerChain,
    /// The root CA's CRL.
    RootCaCrl,
    /// The PCK CA's CRL.
    PckCrl,
    /// The certificates under which the PCK CA's CRL is signed.
    PckCrlIssuerChain,
}

impl Document {
    /// A stable identifier, the member of Intel's `sgx_ql_qve_collateral_t` that holds the document.
    pub const fn identifier(self) -> &'static str {
        match self {
            Self::Collateral => "collateral",
            Self::TcbInfo => "tcb_info",
            Self::TcbInfoIssuerChain => "tcb_info_issuer_chain",
            Self::QeIdentity => "qe_identity",
            Self::QeIdentityIssuerChain => "qe_identity_issuer_chain",
            Self::RootCaCrl => "root_ca_crl",
            Self::PckCrl => "pck_crl",
            Self::PckCrlIssuerChain => "pck_crl_issuer_chain",
        }
    }
}

impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Collateral => "collateral",
            Self::TcbInfo => "TCB info",
            Self::TcbInfoIssuerChain => "issuer chain of the TCB info",
            Self::QeIdentity => "QE identity",
            Self::QeIdentityIssuerChain => "issuer chain of the QE identity",
            Self::RootCaCrl => "root CA CRL",
            Self::PckCrl => "PCK CRL",
            Self::PckCrlIssuerChain => "issuer chain of the PCK CRL",
        })
    }
}

/// A reference document is not acceptable.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CollateralError {
    /// More bytes than any genuine document takes.
    #[error("the {document} takes {size} bytes, more than {limit}")]
    TooLarge {
        /// Which document.
        document: Document,
        /// Its size in bytes.
        size: usize,
        /// The largest size accepted, in bytes.
        limit: usize,
    },
    /// Not JSON, too deep, or ambiguous.
    #[error("the {document} is not acceptable JSON: {reason}")]
    Json {
        /// Which document.
        document: Document,
        /// What is wrong and where.
        reason: String,
    },
    /// A field that is missing or not what belongs there.
    #[error("`{field}` of the {document} is not {expected}")]
    Field {
        /// Which document.
        document: Document,
        /// The path of the field.
        field: String,
        /// What belongs there.
        expected: &'static str,
        /// What is there, abridged.
        found: String,
    },
    /// A certificate of an issuer chain is refused.
    #[error("{document}: {error}")]
    Certificate {
        /// Which chain.
        document: Document,
        /// Why.
        error: CertificateError,
    },
    /// A CRL is refused.
    #[error("{document}: {error}")]
    Crl {
        /// Which list.
        document: Document,
        /// Why.
        error: CrlError,
    },
    /// The document ends in another trust anchor than the others do.
    #[error("the {document} ends in another root than the other documents")]
    OtherRoot {
        /// Which document.
        document: Document,
    },
    /// The document is not signed by its TCB signing certificate.
    #[error("the signature of the {document} is not its issuer's")]
    Signature {
        /// Which document.
        document: Document,
    },
    /// The document is for another kind of environment.
    #[error("the {document} is for {found}, not for {expected}")]
    OtherTee {
        /// Which document.
        document: Document,
        /// The environment that was asked for.
        expected: &'static str,
        /// The document's.
        found: &'static str,
    },
    /// Issued in the future, clock skew granted.
    #[error("the {document} was issued at {issue_date} and it is {now}")]
    NotYetValid {
        /// Which document.
        document: Document,
        /// When it was issued.
        issue_date: UnixTime,
        /// The time of the verification.
        now: UnixTime,
    },
    /// A newer document is due and stale ones are not tolerated any longer.
    #[error("a newer {document} was due at {next_update} and it is {now}")]
    Expired {
        /// Which document.
        document: Document,
        /// When its successor was due.
        next_update: UnixTime,
        /// The time of the verification.
        now: UnixTime,
    },
    /// The document belongs to an earlier (or, when an exact one is asked for, another) TCB recovery than required.
    #[error("the {document} has TCB evaluation data number {found}, required is {required}")]
    EvaluationNumber {
        /// Which document.
        document: Document,
        /// What is required.
        required: super::Baseline,
        /// The document's number.
        found: u32,
    },
}

impl CollateralError {
    /// The refusal as facts.
    pub fn explain(&self) -> Explanation {
        match self {
            Self::Certificate { document, error } => {
                let inner = error.explain();
                let field = inner
                    .field
                    .replacen("pck_certificate_chain", document.identifier(), 1);
                Explanation {
                    stage: Stage::Collateral,
                    field,
                    ..inner
                }
            }
            Self::Crl { document, error } => error.explain(document.identifier()),
            other => other.told().at(Stage::Collateral),
        }
    }

    /// The document that is refused.
    pub const fn document(&self) -> Document {
        match self {
            Self::TooLarge { document, .. }
            | Self::Json { document, .. }
            | Self::Field { document, .. }
            | Self::Certificate { document, .. }
            | Self::Crl { document, .. }
            | Self::OtherRoot { document }
            | Self::Signature { document }
            | Self::OtherTee { document, .. }
            | Self::NotYetValid { document, .. }
            | Self::Expired { document, .. }
            | Self::EvaluationNumber { document, .. } => *document,
        }
    }

    pub(super) fn json(document: Document) -> impl Fn(JsonError) -> Self {
        move |error| match error {
            JsonError::TooLarge { size, limit } => Self::TooLarge {
                document,
                size,
                limit,
            },
            JsonError::Syntax { reason } => Self::Json { document, reason },
            JsonError::Field {
                field,
                expected,
                found,
            } => Self::Field {
                document,
                field,
                expected,
                found,
            },
        }
    }

    pub(super) fn certificate(document: Document) -> impl Fn(CertificateError) -> Self {
        move |error| Self::Certificate { document, error }
    }

    pub(super) fn crl(document: Document) -> impl Fn(CrlError) -> Self {
        move |error| Self::Crl { document, error }
    }

    fn told(&self) -> Told {
        let told = Told::new(self.document().identifier());
        match self {
            Self::TooLarge { size, limit, .. } => told
                .code("collateral_too_large")
                .expected(format!("at most {limit} bytes"))
                .found(format!("{size} bytes"))
                .hint("this is not one of Intel's documents"),
            Self::Json { reason, .. } => told
                .code("collateral_json")
                .expected("JSON without repeated members")
                .found(reason)
                .hint("hand over the service's response byte by byte"),
            Self::Field {
                field,
                expected,
                found,
                ..
            } => told
                .code("collateral_field")
                .member(field)
                .expected(expected)
                .found(found)
                .hint("the document is of a form that is not supported, or was altered"),
            Self::OtherRoot { .. } => told
                .code("collateral_other_root")
                .expected("the root of the other documents")
                .found("another root")
                .hint("do not mix documents of different hierarchies"),
            Self::Signature { .. } => told
                .code("collateral_signature")
                .member("signature")
                .expected("a signature by the TCB signing certificate over the document as received")
                .found("another signature")
                .hint("hand over the service's response byte by byte: re-formatting breaks the signature"),
            Self::OtherTee { expected, found, .. } => told
                .code("collateral_other_tee")
                .member("id")
                .expected(expected)
                .found(found)
                .hint("fetch the collateral of the environment that is verified"),
            Self::NotYetValid { issue_date, now, .. } => told
                .code("collateral_not_yet_valid")
                .member("issueDate")
                .expected(format!(
                    "at most {now}, with {CLOCK_SKEW_SECONDS} seconds of skew"
                ))
                .found(issue_date)
                .hint("check the clock, or verify as of a later time"),
            Self::Expired { next_update, now, .. } => told
                .code("collateral_expired")
                .member("nextUpdate")
                .expected(format!("later than {now}"))
                .found(next_update)
                .hint("fetch current collateral, tolerate stale documents, or verify as of an earlier time"),
            Self::EvaluationNumber { required, found, .. } => told
                .code("collateral_evaluation_number")
                .member("tcbEvaluationDataNumber")
                .expected(required)
                .found(found)
                .hint("fetch the collateral of the required TCB recovery"),
            // Told by the error inside.
            Self::Certificate { .. } | Self::Crl { .. } => told,
        }
    }
}
