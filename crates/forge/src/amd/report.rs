//! The attestation report without its signature: 672 signed bytes
//! (AMD SEV-SNP Firmware ABI Specification 56860, table ATTESTATION_REPORT Structure).

use crate::{
    Seed,
    field::{Named, Slot, write},
};

use super::{Processor, ProductLine, Tcb, VekKind};

/// What the firmware signs, field by field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnpReport {
    /// Version of the report: 2, 3 or 5 on the platforms of today.
    pub version: u32,
    /// GUEST_SVN of the ID block.
    pub guest_svn: u32,
    /// POLICY of the guest.
    pub policy: u64,
    /// FAMILY_ID of the ID block.
    pub family_id: [u8; 16],
    /// IMAGE_ID of the ID block.
    pub image_id: [u8; 16],
    /// The privilege level that asked.
    pub vmpl: u32,
    /// SIGNATURE_ALGO: 1 is ECDSA P-384 with SHA-384.
    pub signature_algo: u32,
    /// CURRENT_TCB.
    pub current_tcb: u64,
    /// PLATFORM_INFO.
    pub platform_info: u64,
    /// AUTHOR_KEY_EN, MASK_CHIP_KEY and SIGNING_KEY.
    pub key_info: u32,
    /// Reserved.
    pub reserved_4c: u32,
    /// REPORT_DATA.
    pub report_data: [u8; 64],
    /// MEASUREMENT: the launch digest.
    pub measurement: [u8; 48],
    /// HOST_DATA.
    pub host_data: [u8; 32],
    /// ID_KEY_DIGEST.
    pub id_key_digest: [u8; 48],
    /// AUTHOR_KEY_DIGEST.
    pub author_key_digest: [u8; 48],
    /// REPORT_ID.
    pub report_id: [u8; 32],
    /// REPORT_ID_MA: all ones without a migration agent.
    pub report_id_ma: [u8; 32],
    /// REPORTED_TCB: what the signing key was derived from.
    pub reported_tcb: u64,
    /// CPUID_FAM_ID; version 3 and later.
    pub cpuid_family: u8,
    /// CPUID_MOD_ID; version 3 and later.
    pub cpuid_model: u8,
    /// CPUID_STEP; version 3 and later.
    pub cpuid_stepping: u8,
    /// Reserved.
    pub reserved_18b: [u8; 21],
    /// CHIP_ID: zero when masked, of Turin 8 bytes and zeros.
    pub chip_id: [u8; 64],
    /// COMMITTED_TCB.
    pub committed_tcb: u64,
    /// CURRENT_BUILD.
    pub current_build: u8,
    /// CURRENT_MINOR.
    pub current_minor: u8,
    /// CURRENT_MAJOR.
    pub current_major: u8,
    /// Reserved.
    pub reserved_1eb: u8,
    /// COMMITTED_BUILD.
    pub committed_build: u8,
    /// COMMITTED_MINOR.
    pub committed_minor: u8,
    /// COMMITTED_MAJOR.
    pub committed_major: u8,
    /// Reserved.
    pub reserved_1ef: u8,
    /// LAUNCH_TCB.
    pub launch_tcb: u64,
    /// LAUNCH_MIT_VECTOR; version 5.
    pub launch_mit_vector: u64,
    /// CURRENT_MIT_VECTOR; version 5.
    pub current_mit_vector: u64,
    /// Reserved.
    pub reserved_208: [u8; 152],
}

impl SnpReport {
    /// The report of a confidential virtual machine in a cloud: version 3, VMPL 0, no debugging, no migration.
    pub(super) fn new(seed: &Seed, processor: Processor) -> Self {
        let line = processor.line();
        let mut report = Self {
            version: 3,
            guest_svn: 11,
            policy: DEFAULT_POLICY,
            family_id: leading(1),
            image_id: leading(2),
            vmpl: 0,
            signature_algo: 1,
            current_tcb: 0,
            platform_info: match line {
                ProductLine::Milan => 1 << SMT,
                ProductLine::Genoa | ProductLine::Turin => 1 << SMT | 1 << ECC | 1 << ALIAS_CHECK,
            },
            key_info: 0,
            reserved_4c: 0,
            report_data: [0; 64],
            measurement: seed.bytes("snp measurement"),
            host_data: [0; 32],
            id_key_digest: seed.bytes("snp id key digest"),
            author_key_digest: [0; 48],
            report_id: seed.bytes("snp report id"),
            report_id_ma: [0xFF; 32],
            reported_tcb: 0,
            cpuid_family: 0,
            cpuid_model: 0,
            cpuid_stepping: 0,
            reserved_18b: [0; 21],
            chip_id: [0; 64],
            committed_tcb: 0,
            current_build: 4,
            current_minor: 55,
            current_major: 1,
            reserved_1eb: 0,
            committed_build: 4,
            committed_minor: 55,
            committed_major: 1,
            reserved_1ef: 0,
            launch_tcb: 0,
            launch_mit_vector: 0,
            current_mit_vector: 0,
            reserved_208: [0; 152],
        };
        report.use_version(3, processor);
        report
    }

    /// Makes it a report of a version: CPUID is there from 3 on, the mitigation vectors from 5 on.
    pub fn use_version(&mut self, version: u32, processor: Processor) {
        self.version = version;
        let cpuid = if version >= 3 {
            processor.cpuid()
        } else {
            (0, 0, 0)
        };
        (self.cpuid_family, self.cpuid_model, self.cpuid_stepping) = cpuid;
        let vector = match (version, processor.line()) {
            (..5, _) => 0,
            (_, ProductLine::Turin) => 0x3F,
            (_, ProductLine::Milan | ProductLine::Genoa) => 0x0B,
        };
        (self.launch_mit_vector, self.current_mit_vector) = (vector, vector);
    }

    /// Sets all four TCB versions.
    pub fn use_tcb(&mut self, tcb: Tcb, line: ProductLine) {
        let raw = tcb.raw(line);
        self.current_tcb = raw;
        self.reported_tcb = raw;
        self.committed_tcb = raw;
        self.launch_tcb = raw;
    }

    /// Sets SIGNING_KEY and leaves the rest of KEY_INFO alone.
    pub fn use_signing_key(&mut self, kind: VekKind) {
        let selector = match kind {
            VekKind::Vcek => 0,
            VekKind::Vlek => 1,
        };
        self.key_info = self.key_info & !SIGNING_KEY | selector << SIGNING_KEY.trailing_zeros();
    }

    /// Whether the guest can be debugged.
    pub fn set_debug(&mut self, debug: bool) {
        self.policy = if debug {
            self.policy | 1 << DEBUG
        } else {
            self.policy & !(1 << DEBUG)
        };
    }

    /// The 672 bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        write(self.clone().layout())
    }

    pub(super) fn layout(&mut self) -> Vec<Named<'_>> {
        vec![
            ("version", Slot::U32(&mut self.version)),
            ("guest_svn", Slot::U32(&mut self.guest_svn)),
            ("policy", Slot::U64(&mut self.policy)),
            ("family_id", Slot::Bytes(&mut self.family_id)),
            ("image_id", Slot::Bytes(&mut self.image_id)),
            ("vmpl", Slot::U32(&mut self.vmpl)),
            ("signature_algo", Slot::U32(&mut self.signature_algo)),
            ("current_tcb", Slot::U64(&mut self.current_tcb)),
            ("platform_info", Slot::U64(&mut self.platform_info)),
            ("key_info", Slot::U32(&mut self.key_info)),
            ("reserved_4c", Slot::U32(&mut self.reserved_4c)),
            ("report_data", Slot::Bytes(&mut self.report_data)),
            ("measurement", Slot::Bytes(&mut self.measurement)),
            ("host_data", Slot::Bytes(&mut self.host_data)),
            ("id_key_digest", Slot::Bytes(&mut self.id_key_digest)),
            ("author_key_digest", Slot::Bytes(&mut self.author_key_digest)),
            ("report_id", Slot::Bytes(&mut self.report_id)),
            ("report_id_ma", Slot::Bytes(&mut self.report_id_ma)),
            ("reported_tcb", Slot::U64(&mut self.reported_tcb)),
            ("cpuid_family", Slot::U8(&mut self.cpuid_family)),
            ("cpuid_model", Slot::U8(&mut self.cpuid_model)),
            ("cpuid_stepping", Slot::U8(&mut self.cpuid_stepping)),
            ("reserved_18b", Slot::Bytes(&mut self.reserved_18b)),
            ("chip_id", Slot::Bytes(&mut self.chip_id)),
            ("committed_tcb", Slot::U64(&mut self.committed_tcb)),
            ("current_build", Slot::U8(&mut self.current_build)),
            ("current_minor", Slot::U8(&mut self.current_minor)),
            ("current_major", Slot::U8(&mut self.current_major)),
            ("reserved_1eb", Slot::U8(&mut self.reserved_1eb)),
            ("committed_build", Slot::U8(&mut self.committed_build)),
            ("committed_minor", Slot::U8(&mut self.committed_minor)),
            ("committed_major", Slot::U8(&mut self.committed_major)),
            ("reserved_1ef", Slot::U8(&mut self.reserved_1ef)),
            ("launch_tcb", Slot::U64(&mut self.launch_tcb)),
            ("launch_mit_vector", Slot::U64(&mut self.launch_mit_vector)),
            ("current_mit_vector", Slot::U64(&mut self.current_mit_vector)),
            ("reserved_208", Slot::Bytes(&mut self.reserved_208)),
        ]
    }
}

/// An identifier whose first byte is `first` and whose others are zero, as Azure's are.
fn leading(first: u8) -> [u8; 16] {
    let mut id = [0; 16];
    id[0] = first;
    id
}

/// ABI 0.31, SMT allowed, and the bit that must be one: what Azure's guests have.
const DEFAULT_POLICY: u64 = 0x3_001F;
const DEBUG: u32 = 19;
/// Bits of POLICY (56860, table Guest Policy).
pub(super) const POLICY_BITS: &[(&str, u32)] = &[
    ("smt", 16),
    ("reserved_must_be_one", 17),
    ("migrate_ma", 18),
    ("debug", DEBUG),
    ("single_socket", 20),
    ("cxl_allow", 21),
    ("mem_aes_256_xts", 22),
    ("rapl_dis", 23),
    ("ciphertext_hiding_dram", 24),
    ("page_swap_disable", 25),
];
const SMT: u32 = 0;
const ECC: u32 = 2;
const ALIAS_CHECK: u32 = 5;
/// Bits of PLATFORM_INFO (56860, table PLATFORM_INFO Field).
pub(super) const PLATFORM_BITS: &[(&str, u32)] = &[
    ("smt_en", SMT),
    ("tsme_en", 1),
    ("ecc_en", ECC),
    ("rapl_dis", 3),
    ("ciphertext_hiding_dram_en", 4),
    ("alias_check_complete", ALIAS_CHECK),
    ("tio_en", 7),
];
/// Bits 2 to 4 of KEY_INFO.
const SIGNING_KEY: u32 = 0b1_1100;
