//! Why a certificate, a chain or a CRL is refused.

use std::fmt;

use super::encoding::EncodingError;
use crate::time::UnixTime;

/// What a certificate is for in Intel's hierarchy.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum CertificateRole {
    /// Intel SGX Root CA.
    Root,
    /// Intel SGX PCK Processor CA or Platform CA.
    PckCa,
    /// The provisioning certification key of one platform.
    Pck,
    /// The signer of TCB info and identities.
    TcbSigning,
}

impl CertificateRole {
    /// A stable identifier, as explanations name the certificate.
    pub const fn identifier(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::PckCa => "pck_ca",
            Self::Pck => "pck",
            Self::TcbSigning => "tcb_signing",
        }
    }
}

impl CertificateRole {
    /// The subject's common name (Intel SGX PCK Certificate and CRL Profile Specification, subject fields).
    pub const fn common_names(self) -> &'static [&'static str] {
        match self {
            Self::Root => &["Intel SGX Root CA"],
            Self::PckCa => &[PCK_PROCESSOR_CA, PCK_PLATFORM_CA],
            Self::Pck => &["Intel SGX PCK Certificate"],
            Self::TcbSigning => &["Intel SGX TCB Signing"],
        }
    }

    /// Whether the certificate issues others.
    pub const fn is_authority(self) -> bool {
        matches!(self, Self::Root | Self::PckCa)
    }
}

impl fmt::Display for CertificateRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Root => "root certificate",
            Self::PckCa => "PCK CA certificate",
            Self::Pck => "PCK certificate",
            Self::TcbSigning => "TCB signing certificate",
        })
    }
}

/// A certificate is not acceptable.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// The quote does not carry the certificates that are needed.
    #[error("certification data of type {kind} carries no PCK certificate chain")]
    CertificationDataKind {
        /// The type (Intel SGX DCAP, certification data types 1 to 7).
        kind: u16,
    },
    /// A certificate cannot be read.
    #[error(transparent)]
    Encoding(#[from] EncodingError),
    /// Too few or too many certificates.
    #[error("{found} certificates below the root instead of {expected}")]
    ChainLength {
        /// Certificates that are not self-issued.
        found: usize,
        /// How many the chain has.
        expected: usize,
    },
    /// More than one self-issued certificate.
    #[error("{found} root certificates instead of one")]
    SeveralRoots {
        /// How many there are.
        found: usize,
    },
    /// The certificates do not form one chain by their names.
    #[error("no certificate of the chain is the issuer of the {role}")]
    IssuerMissing {
        /// Whose issuer is missing.
        role: CertificateRole,
    },
    /// The name is not the one of this place in the hierarchy.
    #[error("the common name of the {role} is `{found}`")]
    CommonName {
        /// Which certificate.
        role: CertificateRole,
        /// Its common name.
        found: String,
    },
    /// An authority's certificate that does not say that it is one.
    #[error("the {role} is not that of an authority")]
    NotAnAuthority {
        /// Which certificate.
        role: CertificateRole,
    },
    /// A leaf that claims to be an authority.
    #[error("the {role} is that of an authority")]
    UnexpectedAuthority {
        /// Which certificate.
        role: CertificateRole,
    },
    /// More authorities below than the path length allows.
    #[error("the {role} allows {found} authorities below it, not {needed}")]
    PathLength {
        /// Which certificate.
        role: CertificateRole,
        /// The path length stated.
        found: u8,
        /// The authorities below.
        needed: u8,
    },
    /// The key usage does not include what the key is used for.
    #[error("the key usage of the {role} does not include {needed}")]
    KeyUsage {
        /// Which certificate.
        role: CertificateRole,
        /// The usage needed, as RFC 5280 names it.
        needed: &'static str,
    },
    /// Signed by another key than its issuer's.
    #[error("the signature of the {role} is not its issuer's")]
    Signature {
        /// Which certificate.
        role: CertificateRole,
    },
    /// The chain does not end in a trust anchor.
    #[error("the chain ends in `{found}`, whose key is not a trust anchor")]
    UntrustedRoot {
        /// Common name of the authority in which the chain ends.
        found: String,
    },
    /// Not yet valid, clock skew granted.
    #[error("the {role} is not valid before {not_before} and it is {now}")]
    NotYetValid {
        /// Which certificate.
        role: CertificateRole,
        /// The start of its validity.
        not_before: UnixTime,
        /// The time of the verification.
        now: UnixTime,
    },
    /// No longer valid.
    #[error("the {role} was valid until {not_after} and it is {now}")]
    Expired {
        /// Which certificate.
        role: CertificateRole,
        /// The end of its validity.
        not_after: UnixTime,
        /// The time of the verification.
        now: UnixTime,
    },
    /// Its issuer's CRL lists it.
    #[error("the {role} with serial number `{serial}` is revoked")]
    Revoked {
        /// Which certificate.
        role: CertificateRole,
        /// Its serial number.
        serial: super::Serial,
    },
    /// The PCK certificate has no SGX extension.
    #[error("the PCK certificate has no SGX extension")]
    SgxExtensionMissing,
    /// A field of the SGX extension cannot be read.
    #[error("the SGX extension's {field} is not {expected}")]
    SgxExtension {
        /// The field as Intel's certificate profile names it.
        field: &'static str,
        /// What belongs there.
        expected: &'static str,
    },
}

/// A CRL is not acceptable.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CrlError {
    /// It cannot be read.
    #[error(transparent)]
    Encoding(#[from] EncodingError),
    /// An extension is missing that every complete CRL has (RFC 5280, 5.2).
    #[error("the CRL has no {extension}")]
    MissingExtension {
        /// The extension as RFC 5280 names it.
        extension: &'static str,
    },
    /// A list that does not cover all certificates of its issuer.
    #[error("the CRL is partial: it has a {extension}")]
    Partial {
        /// The extension that says so.
        extension: &'static str,
    },
    /// Issued under another name.
    #[error("the CRL's issuer is `{found}`")]
    IssuerName {
        /// The common name of its issuer.
        found: String,
    },
    /// Issued with another key than the authority's.
    #[error("the CRL names another key of its issuer")]
    AuthorityKeyIdentifier,
    /// Signed by another key than its issuer's.
    #[error("the CRL's signature is not its issuer's")]
    Signature,
    /// Its start lies in the future, clock skew granted.
    #[error("the CRL was issued at {this_update} and it is {now}")]
    NotYetValid {
        /// When it was issued.
        this_update: UnixTime,
        /// The time of the verification.
        now: UnixTime,
    },
    /// Its successor is due.
    #[error("the CRL was current until {next_update} and it is {now}")]
    Expired {
        /// When its successor was due.
        next_update: UnixTime,
        /// The time of the verification.
        now: UnixTime,
    },
}

/// A certificate cannot serve as trust anchor.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AnchorError {
    /// No certificate was given.
    #[error("no trust anchor")]
    None,
    /// More certificates than are sensible.
    #[error("{found} trust anchors, more than {limit}")]
    TooMany {
        /// How many were given.
        found: usize,
        /// The largest number accepted.
        limit: usize,
    },
    /// A certificate cannot be read.
    #[error("trust anchor {index} cannot be read: {error}")]
    Encoding {
        /// Its place in the list, from 0.
        index: usize,
        /// What is wrong.
        error: EncodingError,
    },
    /// Not the self-signed certificate of an authority.
    #[error("trust anchor {index} is not the self-signed certificate of an authority")]
    NotARoot {
        /// Its place in the list, from 0.
        index: usize,
    },
}

const PCK_PROCESSOR_CA: &str = "Intel SGX PCK Processor CA";
pub(crate) const PCK_PLATFORM_CA: &str = "Intel SGX PCK Platform CA";
