//! Whether the hardware vouches for runtime claims, and the claims for a TPM key (MAA documentation, "Azure
//! confidential VM attestation": the report data are the hash of the runtime claims). Owns the formulas and the type
//! that only they make; that the hardware report itself is genuine is a precondition that the caller has to show.

use aws_lc_rs::constant_time::verify_slices_are_equal;

use super::{HardwareKind, HardwareReport, HashType, HclReport, RuntimeClaims, RuntimeError};
use crate::hex;
use crate::rejection::{Explanation, Stage};
use crate::x509::{RsaKey, Told};

/// Runtime claims that a hardware report vouches for. As believable as the paravisor that had the report made: any
/// other firmware can make the same claims, so its measurement has to be compared with reference values.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BoundRuntime {
    claims: RuntimeClaims,
    hardware: HardwareKind,
    hash_type: HashType,
}

/// The hardware does not vouch for the runtime claims, or they not for the key.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RuntimeBindingError {
    /// The claims were hashed, but are not runtime claims.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// The report was not made by the paravisor: a guest at a higher VMPL may put any hash into a genuine report.
    #[error("the hardware report was made at VMPL {found}")]
    Vmpl {
        /// The VMPL of the report.
        found: u32,
    },
    /// The report data do not begin with the hash of the claims.
    #[error("the report data do not begin with the {hash_type} of the runtime claims")]
    ReportData {
        /// The hash used.
        hash_type: HashType,
        /// The hash of the claims.
        hash: Vec<u8>,
        /// As many bytes of the report data.
        found: Vec<u8>,
    },
    /// The report data have more than the hash.
    #[error("the report data are set behind the hash of the runtime claims")]
    ReportDataTail {
        /// The bytes behind the hash.
        found: Vec<u8>,
    },
    /// The HCL report holds another kind of hardware report than the evidence beside it.
    #[error("the HCL report holds an {found} instead of an {expected}")]
    Hardware {
        /// The kind of evidence that was verified.
        expected: HardwareKind,
        /// The kind in the HCL report.
        found: HardwareKind,
    },
    /// The quote was not made of the TDREPORT in the HCL report.
    #[error("the report data of the quote are not those of the TDREPORT")]
    QuoteReportData {
        /// The report data of the quote.
        quote: Vec<u8>,
        /// The report data of the TDREPORT.
        tdreport: Vec<u8>,
    },
    /// The SNP report verified is not the one in the HCL report.
    #[error("the SNP report is not the one in the HCL report")]
    SnpReport,
    /// The claims do not state an attestation key.
    #[error("the runtime claims state no `HCLAkPub`")]
    AkMissing,
    /// The claims state another attestation key.
    #[error("the attestation key is not the `HCLAkPub` of the runtime claims")]
    Ak {
        /// SHA-256 of the modulus that the claims state.
        expected: Vec<u8>,
        /// SHA-256 of the key's modulus.
        found: Vec<u8>,
    },
}

/// Binds runtime claims to the report data of a verified SNP report made at `vmpl`.
pub fn bind_snp(
    report_data: &[u8; 64],
    vmpl: u32,
    hash_type: HashType,
    claims: &[u8],
) -> Result<BoundRuntime, RuntimeBindingError> {
    if vmpl != PARAVISOR_VMPL {
        return Err(RuntimeBindingError::Vmpl { found: vmpl });
    }
    bind(HardwareKind::Snp, report_data, hash_type, claims)
}

/// Binds runtime claims to the report data of a verified TDX quote.
pub fn bind_tdx(
    report_data: &[u8; 64],
    hash_type: HashType,
    claims: &[u8],
) -> Result<BoundRuntime, RuntimeBindingError> {
    bind(HardwareKind::Tdx, report_data, hash_type, claims)
}

impl HclReport<'_> {
    /// Binds the runtime claims to the SNP report inside, of which `verified` are the bytes whose signature was
    /// verified.
    pub fn bind_to_snp_report(&self, verified: &[u8]) -> Result<BoundRuntime, RuntimeBindingError> {
        let HardwareReport::Snp {
            report,
            report_data,
            vmpl,
        } = self.hardware()
        else {
            return Err(self.other_hardware(HardwareKind::Snp));
        };
        if verify_slices_are_equal(report, verified).is_err() {
            return Err(RuntimeBindingError::SnpReport);
        }
        bind_snp(report_data, vmpl, self.hash_type(), self.runtime_claims())
    }

    /// Binds the runtime claims to a verified TDX quote with these report data, which have to be those of the TDREPORT
    /// inside: it is the quote that counts, and the quote that was made of this TDREPORT.
    pub fn bind_to_tdx_quote(
        &self,
        quote_report_data: &[u8; 64],
    ) -> Result<BoundRuntime, RuntimeBindingError> {
        let HardwareReport::Tdx { report_data, .. } = self.hardware() else {
            return Err(self.other_hardware(HardwareKind::Tdx));
        };
        if verify_slices_are_equal(report_data, quote_report_data).is_err() {
            return Err(RuntimeBindingError::QuoteReportData {
                quote: quote_report_data.to_vec(),
                tdreport: report_data.to_vec(),
            });
        }
        bind_tdx(quote_report_data, self.hash_type(), self.runtime_claims())
    }

    const fn other_hardware(&self, expected: HardwareKind) -> RuntimeBindingError {
        RuntimeBindingError::Hardware {
            expected,
            found: self.hardware().kind(),
        }
    }
}

impl BoundRuntime {
    /// The claims.
    pub const fn claims(&self) -> &RuntimeClaims {
        &self.claims
    }

    /// The hardware that vouches for them.
    pub const fn hardware(&self) -> HardwareKind {
        self.hardware
    }

    /// The hash by which it does.
    pub const fn hash_type(&self) -> HashType {
        self.hash_type
    }

    /// Whether `key`, of a TPM's public area, a `SubjectPublicKeyInfo` or a certificate, is the attestation key that
    /// the claims state. Only then does what it signs come from the virtual TPM of this VM.
    pub fn check_ak(&self, key: &RsaKey) -> Result<(), RuntimeBindingError> {
        let stated = self.claims.ak_pub().ok_or(RuntimeBindingError::AkMissing)?;
        if stated == key {
            Ok(())
        } else {
            Err(RuntimeBindingError::Ak {
                expected: modulus_hash(stated),
                found: modulus_hash(key),
            })
        }
    }
}

/// The hash comes first and nothing behind it: the paravisor leaves the rest zero, and what is set there is not its.
fn bind(
    hardware: HardwareKind,
    report_data: &[u8; 64],
    hash_type: HashType,
    claims: &[u8],
) -> Result<BoundRuntime, RuntimeBindingError> {
    let hash = hash_type.digest(claims);
    let hash = hash.as_ref();
    let (found, tail) = report_data
        .split_at_checked(hash.len())
        .unwrap_or((report_data, &[]));
    if verify_slices_are_equal(hash, found).is_err() {
        return Err(RuntimeBindingError::ReportData {
            hash_type,
            hash: hash.to_vec(),
            found: found.to_vec(),
        });
    }
    if tail.iter().any(|byte| *byte != 0) {
        return Err(RuntimeBindingError::ReportDataTail { found: tail.to_vec() });
    }
    Ok(BoundRuntime {
        claims: RuntimeClaims::parse(claims)?,
        hardware,
        hash_type,
    })
}

/// By which explanations name a key.
fn modulus_hash(key: &RsaKey) -> Vec<u8> {
    HashType::Sha256.digest(key.modulus()).as_ref().to_vec()
}

impl RuntimeBindingError {
    /// The refusal as facts.
    pub fn explain(&self) -> Explanation {
        let told = Told::new("hcl_report").hint(self.hint());
        match self {
            Self::Runtime(error) => return error.explain(),
            Self::Vmpl { found } => told
                .code("runtime_vmpl")
                .field("snp_report.vmpl")
                .expected(PARAVISOR_VMPL)
                .found(found),
            Self::ReportData { hash, found, .. } => told
                .code("runtime_data_hash")
                .field(format!("report_data[0..{}]", hash.len()))
                .expected(hex::encode(hash))
                .found(hex::encode(found)),
            Self::ReportDataTail { found } => told
                .code("runtime_data_tail")
                .field(format!(
                    "report_data[{}..64]",
                    64_usize.saturating_sub(found.len())
                ))
                .expected("zeros")
                .found(hex::encode(found)),
            Self::Hardware { expected, found } => told
                .code("runtime_hardware")
                .member("hardware_report")
                .expected(expected)
                .found(found),
            Self::QuoteReportData { quote, tdreport } => told
                .code("runtime_quote_report_data")
                .field("quote.body.report_data")
                .expected(hex::encode(tdreport))
                .found(hex::encode(quote)),
            Self::SnpReport => told
                .code("runtime_snp_report")
                .member("hardware_report")
                .expected("the SNP report that was verified")
                .found("another one"),
            Self::AkMissing => told
                .code("runtime_ak_missing")
                .field("runtime_claims.keys")
                .expected("an RSA key named `HCLAkPub`")
                .found("no such key"),
            Self::Ak { expected, found } => told
                .code("runtime_ak")
                .field("runtime_claims.keys.HCLAkPub")
                .expected(format!("a modulus with SHA-256 {}", hex::encode(expected)))
                .found(format!("a modulus with SHA-256 {}", hex::encode(found))),
        }
        .at(Stage::Binding)
    }

    const fn hint(&self) -> &'static str {
        match self {
            Self::Vmpl { .. } => {
                "only the paravisor, at VMPL 0, can vouch for runtime claims; send its report"
            }
            Self::QuoteReportData { .. } => {
                "have the quote made of the TDREPORT in the HCL report that is sent"
            }
            Self::AkMissing | Self::Ak { .. } => {
                "use the attestation key that the VM was created with, handle 0x81000003"
            }
            _ => "send the hardware report and the runtime claims of one and the same HCL report",
        }
    }
}

/// AMD SEV-SNP: the paravisor runs at the most privileged level, the guest at another.
const PARAVISOR_VMPL: u32 = 0;

#[cfg(test)]
mod tests;
