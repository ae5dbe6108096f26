//! The SGX report body: 384 bytes (Intel SDM volume 3D, table 38-22, REPORT, without KEYID and MAC).

use crate::field::{Named, Slot, write};

/// The report body of an enclave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SgxReport {
    /// CPUSVN.
    pub cpu_svn: [u8; 16],
    /// MISCSELECT.
    pub misc_select: u32,
    /// 12 reserved bytes at 20.
    pub reserved_20: [u8; 12],
    /// ISVEXTPRODID (KSS).
    pub isv_ext_prod_id: [u8; 16],
    /// ATTRIBUTES.FLAGS.
    pub flags: u64,
    /// ATTRIBUTES.XFRM.
    pub xfrm: u64,
    /// MRENCLAVE.
    pub mr_enclave: [u8; 32],
    /// 32 reserved bytes at 96.
    pub reserved_96: [u8; 32],
    /// MRSIGNER.
    pub mr_signer: [u8; 32],
    /// 32 reserved bytes at 160.
    pub reserved_160: [u8; 32],
    /// CONFIGID (KSS).
    pub config_id: [u8; 64],
    /// ISVPRODID.
    pub isv_prod_id: u16,
    /// ISVSVN.
    pub isv_svn: u16,
    /// CONFIGSVN (KSS).
    pub config_svn: u16,
    /// 42 reserved bytes at 262.
    pub reserved_262: [u8; 42],
    /// ISVFAMILYID (KSS).
    pub isv_family_id: [u8; 16],
    /// REPORTDATA.
    pub report_data: [u8; 64],
}

impl SgxReport {
    /// A production enclave in 64-bit mode: FLAGS are INIT and MODE64, XFRM is x87 and SSE.
    pub fn new(mr_enclave: [u8; 32], mr_signer: [u8; 32], isv_prod_id: u16, isv_svn: u16) -> Self {
        Self {
            cpu_svn: [0; 16],
            misc_select: 0,
            reserved_20: [0; 12],
            isv_ext_prod_id: [0; 16],
            flags: 1 << FLAG_INIT | 1 << FLAG_MODE64,
            xfrm: 0b11,
            mr_enclave,
            reserved_96: [0; 32],
            mr_signer,
            reserved_160: [0; 32],
            config_id: [0; 64],
            isv_prod_id,
            isv_svn,
            config_svn: 0,
            reserved_262: [0; 42],
            isv_family_id: [0; 16],
            report_data: [0; 64],
        }
    }

    /// Whether the enclave runs in debug mode.
    pub fn set_debug(&mut self, debug: bool) {
        self.set_flag(FLAG_DEBUG, debug);
    }

    /// Whether the enclave uses key separation and sharing, which gives the KSS fields their meaning.
    pub fn set_kss(&mut self, kss: bool) {
        self.set_flag(FLAG_KSS, kss);
    }

    /// The 384 bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        write(self.clone().layout())
    }

    pub(crate) fn layout(&mut self) -> Vec<Named<'_>> {
        vec![
            ("cpusvn", Slot::Bytes(&mut self.cpu_svn)),
            ("miscselect", Slot::U32(&mut self.misc_select)),
            ("reserved_20", Slot::Bytes(&mut self.reserved_20)),
            ("isvextprodid", Slot::Bytes(&mut self.isv_ext_prod_id)),
            ("flags", Slot::U64(&mut self.flags)),
            ("xfrm", Slot::U64(&mut self.xfrm)),
            ("mrenclave", Slot::Bytes(&mut self.mr_enclave)),
            ("reserved_96", Slot::Bytes(&mut self.reserved_96)),
            ("mrsigner", Slot::Bytes(&mut self.mr_signer)),
            ("reserved_160", Slot::Bytes(&mut self.reserved_160)),
            ("configid", Slot::Bytes(&mut self.config_id)),
            ("isvprodid", Slot::U16(&mut self.isv_prod_id)),
            ("isvsvn", Slot::U16(&mut self.isv_svn)),
            ("configsvn", Slot::U16(&mut self.config_svn)),
            ("reserved_262", Slot::Bytes(&mut self.reserved_262)),
            ("isvfamilyid", Slot::Bytes(&mut self.isv_family_id)),
            ("report_data", Slot::Bytes(&mut self.report_data)),
        ]
    }

    fn set_flag(&mut self, bit: u32, on: bool) {
        let mask = 1 << bit;
        self.flags = if on { self.flags | mask } else { self.flags & !mask };
    }
}

const FLAG_INIT: u32 = 0;
const FLAG_DEBUG: u32 = 1;
const FLAG_MODE64: u32 = 2;
const FLAG_KSS: u32 = 7;
/// Bits of ATTRIBUTES.FLAGS (SDM volume 3D, table 38-3).
pub(super) const FLAG_BITS: &[(&str, u32)] = &[
    ("init", FLAG_INIT),
    ("debug", FLAG_DEBUG),
    ("mode64bit", FLAG_MODE64),
    ("provisionkey", 4),
    ("einittokenkey", 5),
    ("kss", FLAG_KSS),
    ("aex_notify", 10),
];
