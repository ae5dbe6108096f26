//! The attestation report: 1184 bytes, read at fixed places, and the checks of its form that need no certificate.

use super::appraise::{Settings, UnknownPolicyBits};
use super::error::SnpError;
use super::product::{Product, TcbVersion};
use crate::reader::{EndOfInput, Reader};

/// A report as it was handed over, of any version. Nothing in it is checked.
#[derive(Clone, Debug)]
pub struct Report<'a> {
    bytes: &'a [u8; REPORT_BYTES],
    body: ReportBody,
    signature: RawSignature<'a>,
    reserved_set: Option<&'static str>,
}

/// What a report states (AMD publication 56860, table "ATTESTATION_REPORT Structure").
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ReportBody {
    /// VERSION.
    pub version: u32,
    /// GUEST_SVN, from the ID block.
    pub guest_svn: u32,
    /// POLICY.
    pub policy: GuestPolicy,
    /// FAMILY_ID, from the ID block.
    pub family_id: [u8; 16],
    /// IMAGE_ID, from the ID block.
    pub image_id: [u8; 16],
    /// VMPL, the privilege level that asked for the report; 0xFFFFFFFF when the host did.
    pub vmpl: u32,
    /// SIGNATURE_ALGO.
    pub signature_algo: u32,
    /// CURRENT_TCB, in the layout of the product line.
    pub current_tcb: [u8; 8],
    /// PLATFORM_INFO.
    pub platform_info: PlatformInfo,
    /// The 32 bits with AUTHOR_KEY_EN, MASK_CHIP_KEY and SIGNING_KEY.
    pub key_info: u32,
    /// REPORT_DATA, which the guest chose.
    pub report_data: [u8; 64],
    /// MEASUREMENT, the launch digest, SHA-384.
    pub measurement: [u8; 48],
    /// HOST_DATA, which the host chose at launch.
    pub host_data: [u8; 32],
    /// ID_KEY_DIGEST, SHA-384.
    pub id_key_digest: [u8; 48],
    /// AUTHOR_KEY_DIGEST, SHA-384.
    pub author_key_digest: [u8; 48],
    /// REPORT_ID.
    pub report_id: [u8; 32],
    /// REPORT_ID_MA, of the migration agent.
    pub report_id_ma: [u8; 32],
    /// REPORTED_TCB, from which the signing key was derived.
    pub reported_tcb: [u8; 8],
    /// CPUID family, model and stepping; zero before version 3.
    pub cpuid: [u8; 3],
    /// CHIP_ID; zero when masked.
    pub chip_id: [u8; 64],
    /// COMMITTED_TCB; zero in version 1, which has none.
    pub committed_tcb: [u8; 8],
    /// The firmware's version now: build, minor, major.
    pub current_firmware: [u8; 3],
    /// The version below which the firmware cannot be brought: build, minor, major.
    pub committed_firmware: [u8; 3],
    /// LAUNCH_TCB.
    pub launch_tcb: [u8; 8],
    /// LAUNCH_MIT_VECTOR, since version 5.
    pub launch_mitigations: u64,
    /// CURRENT_MIT_VECTOR, since version 5.
    pub current_mitigations: u64,
}

/// POLICY of the guest (AMD publication 56860, table "Guest Policy Structure").
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct GuestPolicy(pub u64);

impl GuestPolicy {
    const fn bit(self, bit: u32) -> bool {
        self.0 & (1 << bit) != 0
    }

    /// The least ABI version, major then minor.
    pub const fn abi(self) -> (u8, u8) {
        let [minor, major, ..] = self.0.to_le_bytes();
        (major, minor)
    }

    /// SMT may be on.
    pub const fn smt_allowed(self) -> bool {
        self.bit(16)
    }

    /// The bit that has to be one.
    pub const fn must_be_one(self) -> bool {
        self.bit(17)
    }

    /// A migration agent may be associated.
    pub const fn migration_allowed(self) -> bool {
        self.bit(18)
    }

    /// The host may read and write the guest's memory.
    pub const fn debug_allowed(self) -> bool {
        self.bit(19)
    }

    /// The guest may run on one socket only.
    pub const fn single_socket(self) -> bool {
        self.bit(20)
    }

    /// CXL devices may be populated.
    pub const fn cxl_allowed(self) -> bool {
        self.bit(21)
    }

    /// Memory must be encrypted with AES-256-XTS.
    pub const fn mem_aes_256_xts_required(self) -> bool {
        self.bit(22)
    }

    /// Running average power limiting must be off.
    pub const fn rapl_disabled(self) -> bool {
        self.bit(23)
    }

    /// Ciphertext hiding must be on.
    pub const fn ciphertext_hiding_required(self) -> bool {
        self.bit(24)
    }

    /// Moving and swapping of the guest's pages must be off.
    pub const fn page_swap_disabled(self) -> bool {
        self.bit(25)
    }

    /// The bits that no published version of the ABI defines.
    pub const fn unknown(self) -> u64 {
        self.0 >> 26
    }
}

/// PLATFORM_INFO (AMD publication 56860, table "PLATFORM_INFO Field"). Bits that are not known are information.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PlatformInfo(pub u64);

impl PlatformInfo {
    const fn bit(self, bit: u32) -> bool {
        self.0 & (1 << bit) != 0
    }

    /// SMT is on.
    pub const fn smt_enabled(self) -> bool {
        self.bit(0)
    }

    /// Transparent SME is on.
    pub const fn tsme_enabled(self) -> bool {
        self.bit(1)
    }

    /// Memory has error correction.
    pub const fn ecc_enabled(self) -> bool {
        self.bit(2)
    }

    /// Running average power limiting is off.
    pub const fn rapl_disabled(self) -> bool {
        self.bit(3)
    }

    /// Ciphertext hiding is on.
    pub const fn ciphertext_hiding_enabled(self) -> bool {
        self.bit(4)
    }

    /// The check against aliased memory was completed (AMD-SB-3015, "BadRAM").
    pub const fn alias_check_complete(self) -> bool {
        self.bit(5)
    }

    /// SEV-TIO is on.
    pub const fn tio_enabled(self) -> bool {
        self.bit(7)
    }
}

/// SIGNING_KEY: what kind of key signed the report.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum SigningKey {
    /// The chip's own key.
    Vcek,
    /// A cloud provider's key, which AMD loads into its chips.
    Vlek,
}

impl SigningKey {
    /// The name as AMD writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Vcek => "VCEK",
            Self::Vlek => "VLEK",
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct RawSignature<'a> {
    r: &'a [u8; 72],
    s: &'a [u8; 72],
}

impl<'a> Report<'a> {
    /// Reads a report of any version at the places that all versions share.
    pub fn read(bytes: &'a [u8]) -> Result<Self, SnpError> {
        let bytes: &[u8; REPORT_BYTES] = bytes
            .try_into()
            .map_err(|_| SnpError::Size { found: bytes.len() })?;
        Self::fields(bytes).map_err(|EndOfInput { .. }| SnpError::Size { found: bytes.len() })
    }

    fn fields(bytes: &'a [u8; REPORT_BYTES]) -> Result<Self, EndOfInput> {
        let mut reserved = Reserved::default();
        let r = &mut Reader::new(bytes);
        let (version, guest_svn) = (r.u32_le()?, r.u32_le()?);
        let policy = GuestPolicy(r.u64_le()?);
        let (family_id, image_id) = (*r.array()?, *r.array()?);
        let (vmpl, signature_algo) = (r.u32_le()?, r.u32_le()?);
        let current_tcb = *r.array()?;
        let platform_info = PlatformInfo(r.u64_le()?);
        let key_info = r.u32_le()?;
        reserved.zero("reserved_04c", r.take(4)?);
        let (report_data, measurement) = (*r.array()?, *r.array()?);
        let (host_data, id_key_digest, author_key_digest) = (*r.array()?, *r.array()?, *r.array()?);
        let (report_id, report_id_ma) = (*r.array()?, *r.array()?);
        let reported_tcb = *r.array()?;
        let cpuid = *r.array()?;
        reserved.zero("reserved_18b", r.take(21)?);
        let chip_id = *r.array()?;
        let committed_tcb = *r.array()?;
        let current_firmware = *r.array()?;
        reserved.zero("reserved_1eb", r.take(1)?);
        let committed_firmware = *r.array()?;
        reserved.zero("reserved_1ef", r.take(1)?);
        let launch_tcb = *r.array()?;
        let (launch_mitigations, current_mitigations) = (r.u64_le()?, r.u64_le()?);
        reserved.zero("reserved_208", r.take(152)?);
        let signature = RawSignature {
            r: r.array()?,
            s: r.array()?,
        };
        reserved.zero("reserved_330", r.take(368)?);
        let body = ReportBody {
            version,
            guest_svn,
            policy,
            family_id,
            image_id,
            vmpl,
            signature_algo,
            current_tcb,
            platform_info,
            key_info,
            report_data,
            measurement,
            host_data,
            id_key_digest,
            author_key_digest,
            report_id,
            report_id_ma,
            reported_tcb,
            cpuid,
            chip_id,
            committed_tcb,
            current_firmware,
            committed_firmware,
            launch_tcb,
            launch_mitigations,
            current_mitigations,
        };
        Ok(Self {
            bytes,
            body,
            signature,
            reserved_set: reserved.0,
        })
    }

    /// What it states. Nothing vouches for it.
    pub const fn body(&self) -> &ReportBody {
        &self.body
    }

    /// The report as it was read.
    pub const fn bytes(&self) -> &'a [u8; REPORT_BYTES] {
        self.bytes
    }

    /// The checks of form, cheapest first: version, reserved bytes, algorithm, key, guest policy, product line.
    pub fn admit(self, settings: &Settings) -> Result<AdmittedReport<'a>, SnpError> {
        let body = &self.body;
        if !settings.report_versions.contains(&body.version) {
            return Err(SnpError::Version {
                found: body.version,
                expected: settings.report_versions.clone(),
            });
        }
        if let Some(field) = self.reserved_set.or_else(|| body.unknown_fields_set()) {
            return Err(SnpError::Reserved { field });
        }
        let signature = self.signature.to_fixed()?;
        if body.signature_algo != ECDSA_P384_SHA384 {
            return Err(SnpError::SignatureAlgorithm {
                found: body.signature_algo,
            });
        }
        let signing_key = body.signing_key()?;
        check_policy(body.policy, settings.unknown_policy_bits)?;
        let product = body.product()?;
        Ok(AdmittedReport {
            report: self,
            signature,
            signing_key,
            product,
        })
    }
}

/// The first field that should be zero and is not.
#[derive(Default)]
struct Reserved(Option<&'static str>);

impl Reserved {
    fn zero(&mut self, field: &'static str, bytes: &[u8]) {
        if self.0.is_none() && bytes.iter().any(|byte| *byte != 0) {
            self.0 = Some(field);
        }
    }
}

impl RawSignature<'_> {
    /// r then s, big-endian, 48 bytes each.
    fn to_fixed(self) -> Result<[u8; 96], SnpError> {
        let mut fixed = [0; 96];
        let (r, s) = fixed.split_at_mut(COMPONENT_BYTES);
        reversed(self.r, r, "signature.r")?;
        reversed(self.s, s, "signature.s")?;
        Ok(fixed)
    }
}

/// 72 bytes little-endian, of which P-384 needs 48; the others have to be zero.
fn reversed(component: &[u8; 72], to: &mut [u8], field: &'static str) -> Result<(), SnpError> {
    let (number, rest) = component.split_at(COMPONENT_BYTES);
    if rest.iter().any(|byte| *byte != 0) {
        return Err(SnpError::Reserved { field });
    }
    for (to, from) in to.iter_mut().zip(number.iter().rev()) {
        *to = *from;
    }
    Ok(())
}

impl ReportBody {
    /// AUTHOR_KEY_EN: the author key's digest is meant.
    pub const fn author_key_enabled(&self) -> bool {
        self.key_info & 1 != 0
    }

    /// A field that a later version introduced and that is set in an earlier one, where it is reserved.
    fn unknown_fields_set(&self) -> Option<&'static str> {
        let mitigations = self.launch_mitigations | self.current_mitigations;
        let firmware = [self.current_firmware, self.committed_firmware];
        let of_version_2 =
            self.committed_tcb != [0; 8] || self.launch_tcb != [0; 8] || firmware != [[0; 3]; 2];
        if self.version < 5 && mitigations != 0 {
            Some("mit_vector")
        } else if self.version < 3 && self.cpuid != [0; 3] {
            Some("cpuid")
        } else if self.version < 2 && of_version_2 {
            Some("committed_tcb")
        } else {
            None
        }
    }

    fn signing_key(&self) -> Result<SigningKey, SnpError> {
        let found = self.key_info;
        if found >> 5 != 0 {
            return Err(SnpError::Reserved { field: "key_info" });
        }
        if found & MASK_CHIP_KEY != 0 {
            return Err(SnpError::ChipKeyMasked);
        }
        match (found >> 2) & 7 {
            0 => Ok(SigningKey::Vcek),
            1 => Ok(SigningKey::Vlek),
            found => Err(SnpError::SigningKey { found }),
        }
    }

    /// The line by the processor's CPUID; `None` in versions that do not state it.
    fn product(&self) -> Result<Option<Product>, SnpError> {
        if self.version < 3 {
            return Ok(None);
        }
        let [family, model, stepping] = self.cpuid;
        Product::from_cpuid(family, model)
            .map(Some)
            .ok_or(SnpError::UnknownProcessor {
                family,
                model,
                stepping,
            })
    }
}

fn check_policy(policy: GuestPolicy, unknown: UnknownPolicyBits) -> Result<(), SnpError> {
    let refused = policy.unknown() != 0 && unknown == UnknownPolicyBits::Refuse;
    if !policy.must_be_one() || refused {
        Err(SnpError::GuestPolicy { found: policy.0 })
    } else {
        Ok(())
    }
}

/// A report whose form is in order. Nothing vouches for what it states.
#[derive(Clone, Debug)]
pub struct AdmittedReport<'a> {
    report: Report<'a>,
    signature: [u8; 96],
    signing_key: SigningKey,
    product: Option<Product>,
}

impl<'a> AdmittedReport<'a> {
    /// What it states.
    pub const fn body(&self) -> &ReportBody {
        &self.report.body
    }

    /// The kind of key that it says signed it.
    pub const fn signing_key(&self) -> SigningKey {
        self.signing_key
    }

    /// The product line by the processor's CPUID; `None` before version 3.
    pub const fn product(&self) -> Option<Product> {
        self.product
    }

    /// The report as it was read.
    pub const fn bytes(&self) -> &'a [u8; REPORT_BYTES] {
        self.report.bytes
    }

    /// The bytes that are signed.
    pub(super) fn signed(&self) -> &'a [u8] {
        self.report
            .bytes
            .first_chunk::<SIGNED_BYTES>()
            .map_or(&[], <[u8; SIGNED_BYTES]>::as_slice)
    }

    /// r then s, big-endian, 48 bytes each.
    pub(super) const fn signature(&self) -> &[u8; 96] {
        &self.signature
    }

    pub(super) const fn tcb(&self, product: Product) -> [TcbVersion; 4] {
        let body = &self.report.body;
        [
            TcbVersion::of(product, body.reported_tcb),
            TcbVersion::of(product, body.committed_tcb),
            TcbVersion::of(product, body.current_tcb),
            TcbVersion::of(product, body.launch_tcb),
        ]
    }
}

/// The size of every report.
pub const REPORT_BYTES: usize = 0x4a0;
/// How many of its bytes are signed.
const SIGNED_BYTES: usize = 0x2a0;
/// SIGNATURE_ALGO (AMD publication 56860, table "Encoding for the SIGNATURE_ALGO Field").
const ECDSA_P384_SHA384: u32 = 1;
/// MASK_CHIP_KEY: the chip signs with no key at all.
const MASK_CHIP_KEY: u32 = 0b10;
/// Of 72 bytes, those that a number of P-384 takes.
const COMPONENT_BYTES: usize = 48;

#[cfg(test)]
mod tests;
