//! The refusal of a certificate, chain or CRL told as facts, and the builder in which the verification's refusals are
//! told. Owns wording only.

use super::CLOCK_SKEW_SECONDS;
use super::encoding::EncodingError;
use super::error::{CertificateError, CertificateRole, CrlError};
use crate::rejection::{Explanation, Stage};

impl CertificateError {
    /// The refusal as facts.
    pub fn explain(&self) -> Explanation {
        let told = Told::new("pck_certificate_chain");
        match self {
            Self::CertificationDataKind { kind } => told
                .code("certification_data_kind")
                .field("quote.certification_data.type")
                .expected("5, a PCK certificate chain")
                .found(kind)
                .hint(certification_data_hint(*kind)),
            Self::Encoding(error) => explain_encoding(error, told),
            Self::ChainLength { found, expected } => told
                .code("certificate_chain_length")
                .expected(format!("{expected} certificates below the root"))
                .found(found)
                .hint("the chain is the leaf, its authority where it has one, and the root, which may be left out"),
            Self::SeveralRoots { found } => told
                .code("certificate_chain_roots")
                .expected("at most one self-issued certificate")
                .found(found)
                .hint("remove the surplus root certificates"),
            Self::IssuerMissing { role } => told
                .code("certificate_issuer_missing")
                .part(*role, "issuer")
                .expected("the subject of another certificate of the chain")
                .found("no such certificate")
                .hint("the certificates do not belong together"),
            Self::CommonName { role, found } => told
                .code("certificate_common_name")
                .part(*role, "subject.common_name")
                .expected(role.common_names().join(" or "))
                .found(found)
                .hint("only certificates of Intel's SGX hierarchy are accepted"),
            Self::NotAnAuthority { role } => told
                .code("certificate_not_an_authority")
                .part(*role, "basic_constraints.ca")
                .expected(true)
                .found(false)
                .hint("an end certificate must not issue others"),
            Self::UnexpectedAuthority { role } => told
                .code("certificate_unexpected_authority")
                .part(*role, "basic_constraints.ca")
                .expected(false)
                .found(true)
                .hint("an authority's certificate must not take an end certificate's place"),
            Self::PathLength { role, found, needed } => told
                .code("certificate_path_length")
                .part(*role, "basic_constraints.path_length")
                .expected(format!("at least {needed}"))
                .found(found)
                .hint("the chain is longer than its issuer allows"),
            Self::KeyUsage { role, needed } => told
                .code("certificate_key_usage")
                .part(*role, "key_usage")
                .expected(needed)
                .found("not included")
                .hint("the key must not be used for this"),
            Self::Signature { role } => told
                .code("certificate_signature")
                .part(*role, "signature")
                .expected("a signature by the issuer's key")
                .found("another signature")
                .hint("the certificate was altered or issued by someone else"),
            Self::UntrustedRoot { found } => told
                .code("certificate_untrusted_root")
                .expected("a chain that ends in a trust anchor")
                .found(found)
                .hint("add the root to the trust anchors if you mean to trust it"),
            Self::NotYetValid { role, not_before, now } => told
                .code("certificate_not_yet_valid")
                .part(*role, "not_before")
                .expected(format!("at most {now}, with {CLOCK_SKEW_SECONDS} seconds of skew"))
                .found(not_before)
                .hint("check the clock, or verify as of a later time"),
            Self::Expired { role, not_after, now } => told
                .code("certificate_expired")
                .part(*role, "not_after")
                .expected(format!("at least {now}"))
                .found(not_after)
                .hint("fetch a current certificate, or verify as of an earlier time"),
            Self::Revoked { role, serial } => told
                .code("certificate_revoked")
                .part(*role, "serial_number")
                .expected("a serial number that its issuer's CRL does not list")
                .found(serial)
                .hint("the issuer no longer vouches for this key; the platform has to be provisioned anew"),
            Self::SgxExtensionMissing => told
                .code("sgx_extension_missing")
                .part(CertificateRole::Pck, "sgx_extension")
                .expected("the extension 1.2.840.113741.1.13.1")
                .found("no such extension")
                .hint("only PCK certificates issued by Intel identify a platform"),
            Self::SgxExtension { field, expected } => told
                .code("sgx_extension")
                .field(format!("pck_certificate_chain.pck.sgx_extension.{field}"))
                .expected(expected)
                .found("something else")
                .hint("only PCK certificates issued by Intel identify a platform"),
        }
        .at(Stage::Platform)
    }
}

impl CrlError {
    /// The refusal as facts; `field` is the document's name.
    pub fn explain(&self, field: &str) -> Explanation {
        let told = Told::new(field);
        match self {
            Self::Encoding(error) => explain_encoding(error, told),
            Self::MissingExtension { extension } => told
                .code("crl_missing_extension")
                .member(extension)
                .expected("present")
                .found("absent")
                .hint("fetch the CRL from its issuer"),
            Self::Partial { extension } => told
                .code("crl_partial")
                .member(extension)
                .expected("absent")
                .found("present")
                .hint("a complete CRL is needed"),
            Self::IssuerName { found } => told
                .code("crl_issuer_name")
                .member("issuer")
                .expected("the name of the authority whose certificates are checked")
                .found(found)
                .hint("fetch the CRL of the right authority"),
            Self::AuthorityKeyIdentifier => told
                .code("crl_authority_key_identifier")
                .member("authority_key_identifier")
                .expected("the authority's subject key identifier")
                .found("another one")
                .hint("fetch the CRL of the right authority"),
            Self::Signature => told
                .code("crl_signature")
                .member("signature")
                .expected("a signature by the authority's key")
                .found("another signature")
                .hint("the CRL was altered or issued by someone else"),
            Self::NotYetValid { this_update, now } => told
                .code("crl_not_yet_valid")
                .member("this_update")
                .expected(format!(
                    "at most {now}, with {CLOCK_SKEW_SECONDS} seconds of skew"
                ))
                .found(this_update)
                .hint("check the clock, or verify as of a later time"),
            Self::Expired { next_update, now } => told
                .code("crl_expired")
                .member("next_update")
                .expected(format!("at least {now}"))
                .found(next_update)
                .hint("fetch the current CRL, or verify as of an earlier time"),
        }
        .at(Stage::Collateral)
    }
}

/// An explanation in the making: what is common to those of one enum is said once.
pub(crate) struct Told {
    code: &'static str,
    field: String,
    expected: String,
    found: String,
    hint: String,
}

impl Told {
    pub(crate) fn new(field: &str) -> Self {
        Self {
            code: "",
            field: field.to_owned(),
            expected: String::new(),
            found: String::new(),
            hint: String::new(),
        }
    }

    pub(crate) fn code(self, code: &'static str) -> Self {
        Self { code, ..self }
    }

    pub(crate) fn field(self, field: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            ..self
        }
    }

    /// A member of what the explanation began with.
    pub(crate) fn member(self, member: &str) -> Self {
        let field = format!("{}.{member}", self.field);
        Self { field, ..self }
    }

    /// A part of one element of what the explanation began with, `[index].part`.
    #[expect(clippy::needless_pass_by_value, reason = "temporaries are handed over")]
    pub(crate) fn element(self, part: String) -> Self {
        let field = format!("{}{part}", self.field);
        Self { field, ..self }
    }

    /// A part of one certificate of the chain.
    fn part(self, role: CertificateRole, part: &str) -> Self {
        self.member(role.identifier()).member(part)
    }

    #[expect(
        clippy::needless_pass_by_value,
        reason = "literals, numbers and temporaries alike are handed over"
    )]
    pub(crate) fn expected(self, expected: impl ToString) -> Self {
        Self {
            expected: expected.to_string(),
            ..self
        }
    }

    #[expect(
        clippy::needless_pass_by_value,
        reason = "literals, numbers and temporaries alike are handed over"
    )]
    /// An empty text, such as a missing name, is told as `nothing`.
    pub(crate) fn found(self, found: impl ToString) -> Self {
        let found = Some(found.to_string()).filter(|found| !found.is_empty());
        Self {
            found: found.unwrap_or_else(|| "nothing".to_owned()),
            ..self
        }
    }

    pub(crate) fn hint(self, hint: &str) -> Self {
        Self {
            hint: hint.to_owned(),
            ..self
        }
    }

    pub(crate) fn at(self, stage: Stage) -> Explanation {
        let Self {
            code,
            field,
            expected,
            found,
            hint,
        } = self;
        Explanation {
            stage,
            code,
            field,
            expected,
            found,
            hint,
        }
    }
}

pub(crate) fn explain_encoding(error: &EncodingError, told: Told) -> Told {
    match error {
        EncodingError::TooLarge { size, limit, .. } => told
            .code("x509_too_large")
            .expected(format!("at most {limit} bytes"))
            .found(format!("{size} bytes")),
        EncodingError::TooManyCertificates { limit } => told
            .code("x509_too_many_certificates")
            .expected(format!("at most {limit} certificates"))
            .found("more"),
        EncodingError::Pem { problem } => told
            .code("x509_pem")
            .expected("PEM blocks with nothing else between them")
            .found(problem),
        EncodingError::Malformed { field } => told
            .code("x509_malformed")
            .member(field)
            .expected("DER as RFC 5280 defines it")
            .found("something else"),
        EncodingError::UnsupportedVersion { structure } => told
            .code("x509_version")
            .member("version")
            .expected(if *structure == "CRL" { "2" } else { "3" })
            .found("another version"),
        EncodingError::UnsupportedSignatureAlgorithm { expected, found } => told
            .code("x509_signature_algorithm")
            .member("signature_algorithm")
            .expected(expected)
            .found(found),
        EncodingError::SignatureAlgorithmMismatch => told
            .code("x509_signature_algorithm_mismatch")
            .member("tbs.signature")
            .expected("the algorithm of the signature")
            .found("another one"),
        EncodingError::UnsupportedKey { expected } => told
            .code("x509_public_key")
            .member("subject_public_key_info")
            .expected(expected)
            .found("something else"),
        EncodingError::DuplicateExtension { oid } => told
            .code("x509_duplicate_extension")
            .member("extensions")
            .expected("each extension once")
            .found(format!("`{oid}` more than once")),
        EncodingError::UnknownCriticalExtension { oid } => told
            .code("x509_unknown_critical_extension")
            .member("extensions")
            .expected("no critical extension of unknown meaning")
            .found(oid),
    }
    .hint("the document is damaged or not one of its vendor's")
}

/// Intel SGX DCAP, certification data types: what each lacks.
fn certification_data_hint(kind: u16) -> &'static str {
    match kind {
        1 => {
            "the quote names its platform by PPID only; configure the platform to embed the PCK certificate chain (type 5)"
        }
        2 | 3 => {
            "the quote names its platform by encrypted PPID only; fetch the PCK certificate on the platform so that \
             quotes embed the chain (type 5)"
        }
        4 => "the quote carries the PCK certificate without its authority; embed the whole chain (type 5)",
        _ => "configure the platform to embed the PCK certificate chain (type 5)",
    }
}
