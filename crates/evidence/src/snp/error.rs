//! What can be wrong with a report and its certificates, in the order in which it is looked at.

use super::product::Product;
use super::report::SigningKey;
use crate::time::UnixTime;
use crate::x509::{CrlError, EncodingError, Serial};

/// Why a report is refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SnpError {
    /// Not the size of a report.
    #[error("an SNP report has 1184 bytes, this has {found}")]
    Size {
        /// Its size in bytes.
        found: usize,
    },
    /// A version that is not accepted.
    #[error("version {found} of SNP reports is not accepted")]
    Version {
        /// The version.
        found: u32,
        /// Those that are accepted.
        expected: Vec<u32>,
    },
    /// Bytes without a meaning are set.
    #[error("the report's field {field} has bits set that are reserved")]
    Reserved {
        /// The field; places without a name by their offset.
        field: &'static str,
    },
    /// Not ECDSA P-384 with SHA-384.
    #[error("signature algorithm {found} is unknown")]
    SignatureAlgorithm {
        /// SIGNATURE_ALGO.
        found: u32,
    },
    /// The chip was told to sign with no key.
    #[error("the chip's key is masked: the report is not signed")]
    ChipKeyMasked,
    /// Signed with neither a VCEK nor a VLEK.
    #[error("signing key {found} is neither VCEK nor VLEK")]
    SigningKey {
        /// SIGNING_KEY.
        found: u32,
    },
    /// The guest policy has reserved bits the wrong way.
    #[error("the guest policy {found:#x} is not a valid one")]
    GuestPolicy {
        /// POLICY.
        found: u64,
    },
    /// A processor that no hierarchy is known for.
    #[error("no product line has CPUID family {family:#x}, model {model:#x}")]
    UnknownProcessor {
        /// CPUID family.
        family: u8,
        /// CPUID model.
        model: u8,
        /// CPUID stepping.
        stepping: u8,
    },
    /// A certificate cannot be read.
    #[error("a certificate cannot be read: {0}")]
    Encoding(#[from] EncodingError),
    /// Too few or too many certificates.
    #[error("{found} VCEK or VLEK certificates instead of one")]
    VekCount {
        /// How many there are.
        found: usize,
    },
    /// The certificate's name is that of no VCEK or VLEK.
    #[error("the certificate's common name `{found}` is neither SEV-VCEK nor SEV-VLEK")]
    VekName {
        /// Its common name.
        found: String,
    },
    /// Signed by the other kind of key.
    #[error("the report says that a {} signed it, and the certificate is one of a {}", stated.name(), found.name())]
    OtherKey {
        /// As the report says.
        stated: SigningKey,
        /// As the certificate says.
        found: SigningKey,
    },
    /// The certificate's key is not on P-384.
    #[error("the VEK certificate's key is not on P-384")]
    VekKey,
    /// An extension is missing, or has no business here.
    #[error("the VEK certificate's extension {extension} is {found}")]
    VekExtension {
        /// The extension as AMD names it.
        extension: &'static str,
        /// What stands there.
        found: &'static str,
    },
    /// The certificate is of another line than its issuer or its report.
    #[error("the certificate is for `{found}`, not for {expected}")]
    OtherProduct {
        /// The line that is needed.
        expected: Product,
        /// The product name found.
        found: String,
    },
    /// No authority of that name is trusted.
    #[error("the certificate's issuer `{found}` is not a trusted authority")]
    UntrustedIssuer {
        /// Common name of the issuer.
        found: String,
    },
    /// Issued by the authority of the other kind of key.
    #[error("a {} must not be issued by `{issuer}`", kind.name())]
    OtherAuthority {
        /// What was issued.
        kind: SigningKey,
        /// Common name of the issuer.
        issuer: String,
    },
    /// Signed by another key than the authority's.
    #[error("the signature of the certificate is not that of `{issuer}`")]
    VekSignature {
        /// Common name of the authority.
        issuer: String,
    },
    /// A certificate was handed over that does not belong to the trusted hierarchy.
    #[error("the certificate of `{found}` does not belong to the trusted hierarchy of {product}")]
    ForeignCertificate {
        /// Its common name.
        found: String,
        /// The line of the hierarchy.
        product: Product,
    },
    /// Not yet valid.
    #[error("the certificate of `{subject}` is not valid before {not_before} and it is {now}")]
    NotYetValid {
        /// Its common name.
        subject: String,
        /// Start of its validity.
        not_before: UnixTime,
        /// The time of the verification.
        now: UnixTime,
    },
    /// No longer valid.
    #[error("the certificate of `{subject}` was valid until {not_after} and it is {now}")]
    Expired {
        /// Its common name.
        subject: String,
        /// End of its validity.
        not_after: UnixTime,
        /// The time of the verification.
        now: UnixTime,
    },
    /// A CRL cannot be read.
    #[error("the CRL cannot be read: {error}")]
    CrlUnreadable {
        /// What is wrong with it.
        error: CrlError,
    },
    /// A CRL is not acceptable.
    #[error("the CRL of {product} is not acceptable: {error}")]
    Crl {
        /// Whose list it is.
        product: Product,
        /// What is wrong with it.
        error: CrlError,
    },
    /// The CRL was issued by nobody who is trusted.
    #[error("the CRL's issuer `{found}` is not a trusted root")]
    CrlIssuer {
        /// Common name of the issuer.
        found: String,
    },
    /// A CRL is demanded and there is none.
    #[error("there is no CRL of {product}")]
    CrlMissing {
        /// Whose list it is.
        product: Product,
    },
    /// The authority is on its root's CRL.
    #[error("`{subject}` with serial number `{serial}` is revoked")]
    Revoked {
        /// Common name of the authority.
        subject: String,
        /// Its serial number.
        serial: Serial,
    },
    /// The certificate was made for another TCB than the report's.
    #[error("the certificate is for {component} {certificate}, the report for {report}")]
    TcbMismatch {
        /// The component.
        component: &'static str,
        /// As certified.
        certificate: u8,
        /// REPORTED_TCB.
        report: u8,
    },
    /// Bytes of a TCB version that have no meaning on this line are set.
    #[error("{field} has reserved bytes set")]
    TcbReserved {
        /// Which version.
        field: &'static str,
    },
    /// The certificate is another chip's.
    #[error("the certificate is another chip's than the report's")]
    ChipIdMismatch,
    /// A report signed by the chip's own key does not name the chip.
    #[error("the report's chip id is masked, which cannot be reconciled with a VCEK")]
    ChipIdMasked,
    /// A report signed by a provider's key names a chip.
    #[error("the report is signed by a VLEK and names a chip")]
    ChipIdUnexpected,
    /// The provider whose key signed is not on the list.
    #[error("cloud provider `{found}` is not one of those accepted")]
    UnknownCsp {
        /// The identifier in the certificate.
        found: String,
    },
    /// The firmware cannot have stated this order of versions.
    #[error("{component} of {above} is {found}, beyond {limit} of {below}")]
    TcbOrder {
        /// The component.
        component: &'static str,
        /// The version that should not be above.
        above: &'static str,
        /// Its value.
        found: u8,
        /// The version that bounds it.
        below: &'static str,
        /// Its value.
        limit: u8,
    },
    /// The signature is not the certified key's.
    #[error("the report's signature is not that of the certified key")]
    Signature,
}
