//! The refusal of a report told as facts. Owns wording only.

use super::error::SnpError;
use crate::rejection::{Explanation, Stage};
use crate::x509::{CLOCK_SKEW_SECONDS, Told, explain_encoding};

impl SnpError {
    /// The refusal as facts.
    pub fn explain(&self) -> Explanation {
        match self {
            Self::Size { .. }
            | Self::Version { .. }
            | Self::Reserved { .. }
            | Self::SignatureAlgorithm { .. }
            | Self::ChipKeyMasked
            | Self::SigningKey { .. }
            | Self::GuestPolicy { .. }
            | Self::UnknownProcessor { .. } => self.of_form(Told::new("snp_report")).at(Stage::Parse),
            Self::CrlUnreadable { error } => error.explain("crl"),
            Self::Crl { error, product } => error.explain(&format!("crl.{product}")),
            Self::CrlIssuer { .. } | Self::CrlMissing { .. } => {
                self.of_revocation(Told::new("crl")).at(Stage::Collateral)
            }
            Self::TcbMismatch { .. }
            | Self::TcbReserved { .. }
            | Self::TcbOrder { .. }
            | Self::ChipIdMismatch
            | Self::ChipIdMasked
            | Self::ChipIdUnexpected
            | Self::Signature => self.of_appraisal(Told::new("snp_report")).at(Stage::Appraisal),
            _ => self
                .of_certificate(Told::new("vcek_cert_chain"))
                .at(Stage::Platform),
        }
    }

    fn of_form(&self, told: Told) -> Told {
        match self {
            Self::Size { found } => told
                .code("snp_report_size")
                .expected("1184 bytes")
                .found(format!("{found} bytes"))
                .hint("send the report alone, as the guest device returns it, without header and certificates"),
            Self::Version { found, expected } => told
                .code("snp_report_version")
                .member("version")
                .expected(
                    expected
                        .iter()
                        .map(ToString::to_string)
                        .collect::<Vec<_>>()
                        .join(", "),
                )
                .found(found)
                .hint("version 1 is that of a preview and needs the setting for it; newer ones need a newer verifier"),
            Self::Reserved { field } => told
                .code("snp_report_reserved")
                .member(field)
                .expected("reserved bits that are zero")
                .found("some that are set")
                .hint("no firmware sets them; the report was altered or belongs to a version that is not known"),
            Self::SignatureAlgorithm { found } => told
                .code("snp_signature_algorithm")
                .member("signature_algo")
                .expected("1 (ECDSA P-384 with SHA-384)")
                .found(found)
                .hint("no other algorithm is defined"),
            Self::ChipKeyMasked => told
                .code("snp_chip_key_masked")
                .member("key_info.mask_chip_key")
                .expected("not set")
                .found("set")
                .hint("the host forbids attestation by the chip's key; it has to clear MASK_CHIP_KEY"),
            Self::SigningKey { found } => told
                .code("snp_signing_key")
                .member("key_info.signing_key")
                .expected("0 (VCEK) or 1 (VLEK)")
                .found(found)
                .hint("7 means that the report is not signed; other values are not defined"),
            Self::GuestPolicy { found } => told
                .code("snp_guest_policy")
                .member("policy")
                .expected("bit 17 set and bits 26 to 63 clear")
                .found(format!("{found:#018x}"))
                .hint("a newer version of the ABI may define more bits; the setting for unknown policy bits accepts them"),
            Self::UnknownProcessor {
                family,
                model,
                stepping,
            } => told
                .code("snp_unknown_processor")
                .member("cpuid")
                .expected("a model of Milan, Genoa, Bergamo, Siena, Turin or Venice")
                .found(format!("family {family:#x}, model {model:#x}, stepping {stepping:#x}"))
                .hint("a newer verifier may know this processor"),
            _ => told,
        }
    }

    fn of_certificate(&self, told: Told) -> Told {
        match self {
            Self::Encoding(error) => explain_encoding(error, told),
            Self::VekCount { found } => told
                .code("vek_count")
                .expected("one certificate named SEV-VCEK or SEV-VLEK")
                .found(found)
                .hint(
                    "send the certificate of the key that signed the report, and optionally those above it",
                ),
            Self::VekName { found } => told
                .code("vek_name")
                .member("vek.subject.common_name")
                .expected("SEV-VCEK or SEV-VLEK")
                .found(found)
                .hint(
                    "the certificate of the key that signed the report is needed, not that of an authority",
                ),
            Self::OtherKey { stated, found } => told
                .code("vek_other_key")
                .member("vek.subject.common_name")
                .expected(format!("a {}, as KEY_INFO says", stated.name()))
                .found(found.name())
                .hint("send the certificate of the key that signed the report"),
            Self::VekKey => told
                .code("vek_public_key")
                .member("vek.subject_public_key_info")
                .expected("a point on P-384")
                .found("another key")
                .hint("only certificates issued by AMD are accepted"),
            Self::VekExtension { extension, found } => told
                .code("vek_extension")
                .member("vek")
                .member(extension)
                .expected("as AMD's certificate profile has it")
                .found(found)
                .hint("only certificates issued by AMD are accepted"),
            Self::OtherProduct { expected, found } => told
                .code("vek_other_product")
                .member("vek.product_name")
                .expected(expected)
                .found(found)
                .hint("the report, its certificate and their authority must be of one product line"),
            Self::UntrustedIssuer { found } => told
                .code("vek_untrusted_issuer")
                .member("vek.issuer")
                .expected("an authority that is trusted (SEV-<line> or SEV-VLEK-<line>)")
                .found(found)
                .hint("add the root and the authority to the trust anchors if you mean to trust them"),
            Self::OtherAuthority { kind, issuer } => told
                .code("vek_other_authority")
                .member("vek.issuer")
                .expected(format!("the authority for {}s", kind.name()))
                .found(issuer)
                .hint("AMD certifies chips' keys and providers' keys by different authorities"),
            Self::VekSignature { issuer } => told
                .code("vek_signature")
                .member("vek.signature")
                .expected(format!("a signature by `{issuer}`"))
                .found("another signature")
                .hint("the certificate was altered or issued by someone else"),
            Self::ForeignCertificate { found, product } => told
                .code("vek_foreign_certificate")
                .expected(format!("only trusted certificates of {product}"))
                .found(found)
                .hint("send the VEK certificate alone, or with the authorities of its own product line"),
            Self::NotYetValid {
                subject,
                not_before,
                now,
            } => told
                .code("vek_not_yet_valid")
                .member(subject)
                .member("not_before")
                .expected(format!(
                    "at most {now}, with {CLOCK_SKEW_SECONDS} seconds of skew"
                ))
                .found(not_before)
                .hint("check the clock, or verify as of a later time"),
            Self::Expired {
                subject,
                not_after,
                now,
            } => told
                .code("vek_expired")
                .member(subject)
                .member("not_after")
                .expected(format!("at least {now}"))
                .found(not_after)
                .hint("fetch a current certificate of the same key, or verify as of an earlier time"),
            Self::Revoked { subject, serial } => told
                .code("vek_authority_revoked")
                .member(subject)
                .member("serial_number")
                .expected("a serial number that the root's CRL does not list")
                .found(serial)
                .hint(
                    "AMD no longer vouches for this authority; fetch a certificate that its successor issued",
                ),
            Self::UnknownCsp { found } => told
                .code("vek_unknown_csp")
                .member("vek.cspID")
                .expected("one of the accepted cloud service providers")
                .found(found)
                .hint("add the provider to the accepted ones if you mean to trust it"),
            _ => told,
        }
    }

    fn of_revocation(&self, told: Told) -> Told {
        match self {
            Self::CrlIssuer { found } => told
                .code("crl_issuer_untrusted")
                .member("issuer")
                .expected("a trusted root (ARK-<line>)")
                .found(found)
                .hint("fetch the list from AMD's key server"),
            Self::CrlMissing { product } => told
                .code("crl_missing")
                .member(product.name())
                .expected("a current revocation list, as the setting demands")
                .found("none")
                .hint("import the list, or let the service fetch it"),
            _ => told,
        }
    }

    fn of_appraisal(&self, told: Told) -> Told {
        match self {
            Self::TcbMismatch {
                component,
                certificate,
                report,
            } => told
                .code("snp_tcb_mismatch")
                .member("reported_tcb")
                .member(component)
                .expected(format!("{certificate}, as certified"))
                .found(report)
                .hint("fetch the certificate for the TCB that the report states"),
            Self::TcbReserved { field } => told
                .code("snp_tcb_reserved")
                .member(field)
                .expected("reserved bytes that are zero")
                .found("some that are set")
                .hint("the version is laid out for another product line, or was altered"),
            Self::TcbOrder {
                component,
                above,
                found,
                below,
                limit,
            } => told
                .code("snp_tcb_order")
                .member(above)
                .member(component)
                .expected(format!("at most {limit}, the one of {below}"))
                .found(found)
                .hint("no firmware reports more than it committed, or commits more than it runs"),
            Self::ChipIdMismatch => told
                .code("snp_chip_id_mismatch")
                .member("chip_id")
                .expected("the hwID of the certificate")
                .found("another chip's")
                .hint("send the certificate of the chip that made the report"),
            Self::ChipIdMasked => told
                .code("snp_chip_id_masked")
                .member("chip_id")
                .expected("the hwID of the certificate")
                .found("zero")
                .hint("the host masks chip ids; accept that by the setting, or clear MASK_CHIP_ID"),
            Self::ChipIdUnexpected => told
                .code("snp_chip_id_unexpected")
                .member("chip_id")
                .expected("zero, as a VLEK belongs to no chip")
                .found("a chip id")
                .hint("the report and the certificate do not belong together"),
            Self::Signature => told
                .code("snp_signature")
                .member("signature")
                .expected("a signature by the certified key")
                .found("another signature")
                .hint("the report was altered, or another key signed it"),
            _ => told,
        }
    }
}

#[cfg(test)]
mod tests;
