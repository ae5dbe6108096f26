//! The HCL report, as the paravisor of an Azure confidential VM keeps it in the virtual TPM (Azure "Virtual TPMs in
//! Azure confidential VMs", NV index 0x01400001; OpenHCL, `ATTESTATION_REPORT`): a header, the hardware report, and the
//! runtime claims whose hash the hardware report carries. Owns the layout; it must not know what the claims say, and it
//! proves nothing: the header is not measured at all.

use std::fmt;

use aws_lc_rs::digest;

use crate::reader::{EndOfInput, Reader};

mod error;

pub use error::HclError;

/// A well-formed HCL report. All integers are little-endian.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HclReport<'a> {
    version: u32,
    request_type: RequestType,
    hardware: HardwareReport<'a>,
    hash_type: HashType,
    runtime_claims: &'a [u8],
}

/// What the paravisor asked for with the report.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum RequestType {
    /// 1: the key that decrypts the VM's state.
    KeyRelease,
    /// 2: a certificate for the TPM's attestation key; every report kept in the TPM since 2023 says so.
    AkCertificate,
    /// 3: a wrapped key.
    WrappedKey,
}

/// The hardware report inside, not yet verified.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum HardwareReport<'a> {
    /// An AMD SEV-SNP attestation report.
    Snp {
        /// The report as it was received.
        report: &'a [u8; SNP_REPORT_BYTES],
        /// Its REPORT_DATA.
        report_data: &'a [u8; 64],
        /// Its VMPL: 0 for the paravisor, higher for the guest it runs.
        vmpl: u32,
    },
    /// An Intel TDREPORT. Only its own processor can tell whether it is genuine; a quote is made of it for others.
    Tdx {
        /// The TDREPORT as it was received.
        report: &'a [u8; TDREPORT_BYTES],
        /// Its REPORTDATA.
        report_data: &'a [u8; 64],
    },
}

/// The environments that HCL reports are made in and that can be attested remotely.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum HardwareKind {
    /// AMD SEV-SNP, report type 2.
    Snp,
    /// Intel TDX, report type 4.
    Tdx,
}

/// The hash that the report data carries of the runtime claims.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum HashType {
    /// 1: 32 bytes. The only one seen so far.
    Sha256,
    /// 2: 48 bytes.
    Sha384,
    /// 3: 64 bytes.
    Sha512,
}

impl<'a> HclReport<'a> {
    /// Takes a report apart. The virtual TPM pads it with zeros to the size of the NV index, of which any number is
    /// accepted up to [`MAX_HCL_REPORT_BYTES`].
    pub fn parse(bytes: &'a [u8]) -> Result<Self, HclError> {
        if bytes.len() > MAX_HCL_REPORT_BYTES {
            return Err(HclError::TooLarge {
                size: bytes.len(),
                limit: MAX_HCL_REPORT_BYTES,
            });
        }
        let mut reader = Reader::new(bytes);
        let header = Header::parse(&mut reader)?;
        let blob = reader
            .array::<SNP_REPORT_BYTES>()
            .map_err(end("hardware report"))?;
        let data = DataHeader::parse(&mut reader)?;
        header.check_size(&data)?;
        let hardware = HardwareReport::parse(data.hardware, blob)?;
        let runtime_claims = reader.take(data.claims_size).map_err(end("runtime claims"))?;
        check_zero("padding", reader.offset(), reader.rest())?;
        Ok(Self {
            version: header.version,
            request_type: header.request_type,
            hardware,
            hash_type: data.hash_type,
            runtime_claims,
        })
    }

    /// The version of the header: 1 or 2, of the same layout.
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// What the report was made for.
    pub const fn request_type(&self) -> RequestType {
        self.request_type
    }

    /// The hardware report.
    pub const fn hardware(&self) -> HardwareReport<'a> {
        self.hardware
    }

    /// The hash of the runtime claims that the hardware report should carry.
    pub const fn hash_type(&self) -> HashType {
        self.hash_type
    }

    /// The runtime claims exactly as received; what the hash is taken over.
    pub const fn runtime_claims(&self) -> &'a [u8] {
        self.runtime_claims
    }
}

impl<'a> HardwareReport<'a> {
    /// The data that the paravisor had the hardware vouch for.
    pub const fn report_data(&self) -> &'a [u8; 64] {
        match self {
            Self::Snp { report_data, .. } | Self::Tdx { report_data, .. } => report_data,
        }
    }

    /// Which hardware made it.
    pub const fn kind(&self) -> HardwareKind {
        match self {
            Self::Snp { .. } => HardwareKind::Snp,
            Self::Tdx { .. } => HardwareKind::Tdx,
        }
    }

    fn parse(expected: HardwareKind, blob: &'a [u8; SNP_REPORT_BYTES]) -> Result<Self, HclError> {
        let found = HardwareKind::of(blob);
        if found != Some(expected) {
            return Err(HclError::HardwareReport { expected, found });
        }
        match expected {
            HardwareKind::Snp => Self::snp(blob),
            HardwareKind::Tdx => Self::tdx(blob),
        }
    }

    /// AMD SEV-SNP ABI Specification (56860), table "ATTESTATION_REPORT": VMPL at 0x30, REPORT_DATA at 0x50.
    fn snp(report: &'a [u8; SNP_REPORT_BYTES]) -> Result<Self, HclError> {
        let end = end("SNP report");
        let mut reader = Reader::new(report);
        reader.take(0x30).map_err(end)?;
        let vmpl = reader.u32_le().map_err(end)?;
        reader.take(0x50 - 0x34).map_err(end)?;
        let report_data = reader.array().map_err(end)?;
        Ok(Self::Snp {
            report,
            report_data,
            vmpl,
        })
    }

    /// Intel TDX Module ABI Specification, "REPORTMACSTRUCT": REPORTDATA at 128.
    fn tdx(blob: &'a [u8; SNP_REPORT_BYTES]) -> Result<Self, HclError> {
        let end = end("TDREPORT");
        let mut reader = Reader::new(blob);
        let report = reader.array::<TDREPORT_BYTES>().map_err(end)?;
        check_zero(
            "hardware report padding",
            HEADER_BYTES + TDREPORT_BYTES,
            reader.rest(),
        )?;
        let mut reader = Reader::new(report);
        reader.take(128).map_err(end)?;
        let report_data = reader.array().map_err(end)?;
        Ok(Self::Tdx { report, report_data })
    }
}

impl HardwareKind {
    /// What a hardware report is by its first bytes: an SNP report begins with its version, a small number; a TDREPORT
    /// with the type 0x81 (Intel TDX Module ABI Specification, "REPORTTYPE"), subtype 0, a version and a zero.
    const fn of(blob: &[u8; SNP_REPORT_BYTES]) -> Option<Self> {
        match blob {
            [1..0x81, 0, 0, 0, ..] => Some(Self::Snp),
            [0x81, 0, _, 0, ..] => Some(Self::Tdx),
            _ => None,
        }
    }
}

impl HashType {
    /// The hash of `data`: 32, 48 or 64 bytes.
    pub(super) fn digest(self, data: &[u8]) -> digest::Digest {
        let algorithm = match self {
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
        };
        digest::digest(algorithm, data)
    }
}

impl fmt::Display for HardwareKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Snp => "SNP report",
            Self::Tdx => "TDREPORT",
        })
    }
}

impl fmt::Display for HashType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
        })
    }
}

/// The first 32 bytes.
struct Header {
    version: u32,
    report_size: u32,
    request_type: RequestType,
}

impl Header {
    fn parse(reader: &mut Reader<'_>) -> Result<Self, HclError> {
        let end = end("header");
        let signature = reader.array::<4>().map_err(end)?;
        if signature != SIGNATURE {
            return Err(HclError::Signature { found: *signature });
        }
        let version = reader.u32_le().map_err(end)?;
        if !(1..=2).contains(&version) {
            return Err(HclError::HeaderVersion { found: version });
        }
        let report_size = reader.u32_le().map_err(end)?;
        let request_type = match reader.u32_le().map_err(end)? {
            1 => RequestType::KeyRelease,
            2 => RequestType::AkCertificate,
            3 => RequestType::WrappedKey,
            found => return Err(HclError::RequestType { found }),
        };
        let status = reader.u32_le().map_err(end)?;
        if status != 0 {
            return Err(HclError::Status { found: status });
        }
        let offset = reader.offset();
        check_zero("header", offset, reader.array::<12>().map_err(end)?)?;
        Ok(Self {
            version,
            report_size,
            request_type,
        })
    }

    /// The sizes say the same thing three times.
    fn check_size(&self, data: &DataHeader) -> Result<(), HclError> {
        let expected = u32::try_from(HEADER_BYTES + SNP_REPORT_BYTES)
            .ok()
            .and_then(|before| before.checked_add(data.size));
        if expected == Some(self.report_size) {
            Ok(())
        } else {
            Err(HclError::ReportSize {
                found: self.report_size,
                data: data.size,
            })
        }
    }
}

/// The 20 bytes that follow the hardware report.
struct DataHeader {
    size: u32,
    hardware: HardwareKind,
    hash_type: HashType,
    claims_size: usize,
}

impl DataHeader {
    fn parse(reader: &mut Reader<'_>) -> Result<Self, HclError> {
        let end = end("runtime data header");
        let size = reader.u32_le().map_err(end)?;
        let version = reader.u32_le().map_err(end)?;
        if version != 1 {
            return Err(HclError::DataVersion { found: version });
        }
        let hardware = match reader.u32_le().map_err(end)? {
            2 => HardwareKind::Snp,
            4 => HardwareKind::Tdx,
            found => return Err(HclError::ReportType { found }),
        };
        let hash_type = match reader.u32_le().map_err(end)? {
            1 => HashType::Sha256,
            2 => HashType::Sha384,
            3 => HashType::Sha512,
            found => return Err(HclError::HashType { found }),
        };
        let claims = reader.u32_le().map_err(end)?;
        let claims_size = usize::try_from(claims).unwrap_or(usize::MAX);
        if claims.checked_add(DATA_HEADER_BYTES) != Some(size) {
            return Err(HclError::DataSize { found: size, claims });
        }
        Ok(Self {
            size,
            hardware,
            hash_type,
            claims_size,
        })
    }
}

fn check_zero(part: &'static str, offset: usize, bytes: &[u8]) -> Result<(), HclError> {
    match bytes.iter().position(|byte| *byte != 0) {
        None => Ok(()),
        Some(position) => Err(HclError::NotZero {
            part,
            offset: offset.saturating_add(position),
        }),
    }
}

fn end(part: &'static str) -> impl Copy + Fn(EndOfInput) -> HclError {
    move |EndOfInput { offset, needed, left }| HclError::Truncated {
        part,
        offset,
        needed,
        left,
    }
}

/// The size of an SNP attestation report in bytes (AMD SEV-SNP ABI Specification, 56860, "ATTESTATION_REPORT"), and of
/// the place that an HCL report has for either kind.
pub const SNP_REPORT_BYTES: usize = 1184;

/// The size of a TDREPORT in bytes (Intel TDX Module ABI Specification, "TDREPORT_STRUCT").
pub const TDREPORT_BYTES: usize = 1024;

/// The largest HCL report read, in bytes. The NV index had 2048 bytes in 2023 and has 2600 now; a TPM's index holds
/// rarely more than 4096.
pub const MAX_HCL_REPORT_BYTES: usize = 16 * 1024;

const SIGNATURE: &[u8; 4] = b"HCLA";
const HEADER_BYTES: usize = 32;
const DATA_HEADER_BYTES: u32 = 20;

#[cfg(test)]
mod tests;
