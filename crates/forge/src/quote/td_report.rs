//! The TD report body of its three sizes: 584 bytes (TD 1.0), 648 (TD 1.5) and 885 (TD 1.5 extended)
//! (Intel TDX DCAP Quoting Library API, A.3.2).

use crate::field::{Named, Slot, write};

/// Which body a TD quote carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TdBody {
    /// 584 bytes; the only one of version 4 quotes.
    #[default]
    Td10,
    /// 648 bytes, version 5 quotes.
    Td15,
    /// 885 bytes, version 5 quotes.
    Td15Extended,
}

impl TdBody {
    /// Size in bytes.
    pub fn size(self) -> usize {
        match self {
            Self::Td10 => 584,
            Self::Td15 => 648,
            Self::Td15Extended => 885,
        }
    }

    /// The body type of version 5 quotes.
    pub fn body_type(self) -> u16 {
        match self {
            Self::Td10 => 2,
            Self::Td15 => 3,
            Self::Td15Extended => 4,
        }
    }
}

/// The report body of a trust domain; fields beyond the size of `body` are not written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TdReport {
    /// Which body is written.
    pub body: TdBody,
    /// TEE_TCB_SVN: module minor version, module major version, SEAM loader, then zeros.
    pub tee_tcb_svn: [u8; 16],
    /// MRSEAM.
    pub mr_seam: [u8; 48],
    /// MRSIGNERSEAM: zero for Intel's modules.
    pub mr_signer_seam: [u8; 48],
    /// SEAMATTRIBUTES: zero.
    pub seam_attributes: u64,
    /// TDATTRIBUTES.
    pub td_attributes: u64,
    /// XFAM.
    pub xfam: u64,
    /// MRTD.
    pub mr_td: [u8; 48],
    /// MRCONFIGID.
    pub mr_config_id: [u8; 48],
    /// MROWNER.
    pub mr_owner: [u8; 48],
    /// MROWNERCONFIG.
    pub mr_owner_config: [u8; 48],
    /// RTMR0.
    pub rtmr0: [u8; 48],
    /// RTMR1.
    pub rtmr1: [u8; 48],
    /// RTMR2.
    pub rtmr2: [u8; 48],
    /// RTMR3.
    pub rtmr3: [u8; 48],
    /// REPORTDATA.
    pub report_data: [u8; 64],
    /// TEE_TCB_SVN_2 (1.5): SVNs of the module that runs now.
    pub tee_tcb_svn_2: [u8; 16],
    /// MRSERVICETD (1.5).
    pub mr_service_td: [u8; 48],
    /// VM identifier (1.5 extended).
    pub vm_id: [u8; 1],
    /// TD identifier (1.5 extended).
    pub td_id: [u8; 32],
    /// Device information (1.5 extended).
    pub device_info: [u8; 48],
    /// Hash of the service TDs at start (1.5 extended).
    pub initial_service_td_hash: [u8; 48],
    /// Attributes of the service TDs at start (1.5 extended).
    pub initial_service_td_attributes: [u8; 8],
    /// CPUSVN at start (1.5 extended).
    pub initial_cpu_svn: [u8; 16],
    /// TEE_TCB_SVN at start (1.5 extended).
    pub initial_tee_tcb_svn: [u8; 16],
    /// FMSPC at start (1.5 extended).
    pub initial_fmspc: [u8; 12],
    /// Hash of the service TDs now (1.5 extended).
    pub current_service_td_hash: [u8; 48],
    /// Attributes of the service TDs now (1.5 extended).
    pub current_service_td_attributes: [u8; 8],
}

impl TdReport {
    /// A production trust domain under module 1.5, with SEPT_VE_DISABLE set.
    pub fn new(body: TdBody, mr_seam: [u8; 48], mr_td: [u8; 48]) -> Self {
        Self {
            body,
            tee_tcb_svn: DEFAULT_TEE_TCB_SVN,
            mr_seam,
            mr_signer_seam: [0; 48],
            seam_attributes: 0,
            td_attributes: 1 << ATTRIBUTE_SEPT_VE_DISABLE,
            xfam: DEFAULT_XFAM,
            mr_td,
            mr_config_id: [0; 48],
            mr_owner: [0; 48],
            mr_owner_config: [0; 48],
            rtmr0: [0; 48],
            rtmr1: [0; 48],
            rtmr2: [0; 48],
            rtmr3: [0; 48],
            report_data: [0; 64],
            tee_tcb_svn_2: DEFAULT_TEE_TCB_SVN,
            mr_service_td: [0; 48],
            vm_id: [0; 1],
            td_id: [0; 32],
            device_info: [0; 48],
            initial_service_td_hash: [0; 48],
            initial_service_td_attributes: [0; 8],
            initial_cpu_svn: [0; 16],
            initial_tee_tcb_svn: [0; 16],
            initial_fmspc: [0; 12],
            current_service_td_hash: [0; 48],
            current_service_td_attributes: [0; 8],
        }
    }

    /// Whether the trust domain can be debugged.
    pub fn set_debug(&mut self, debug: bool) {
        self.set_attribute(ATTRIBUTE_DEBUG, debug);
    }

    /// Whether the trust domain takes no exceptions for pending pages.
    pub fn set_sept_ve_disable(&mut self, disable: bool) {
        self.set_attribute(ATTRIBUTE_SEPT_VE_DISABLE, disable);
    }

    /// The bytes of the body.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = write(self.clone().layout());
        bytes.truncate(self.body.size());
        bytes
    }

    pub(crate) fn layout(&mut self) -> Vec<Named<'_>> {
        vec![
            ("tee_tcb_svn", Slot::Bytes(&mut self.tee_tcb_svn)),
            ("mrseam", Slot::Bytes(&mut self.mr_seam)),
            ("mrsignerseam", Slot::Bytes(&mut self.mr_signer_seam)),
            ("seamattributes", Slot::U64(&mut self.seam_attributes)),
            ("tdattributes", Slot::U64(&mut self.td_attributes)),
            ("xfam", Slot::U64(&mut self.xfam)),
            ("mrtd", Slot::Bytes(&mut self.mr_td)),
            ("mrconfigid", Slot::Bytes(&mut self.mr_config_id)),
            ("mrowner", Slot::Bytes(&mut self.mr_owner)),
            ("mrownerconfig", Slot::Bytes(&mut self.mr_owner_config)),
            ("rtmr0", Slot::Bytes(&mut self.rtmr0)),
            ("rtmr1", Slot::Bytes(&mut self.rtmr1)),
            ("rtmr2", Slot::Bytes(&mut self.rtmr2)),
            ("rtmr3", Slot::Bytes(&mut self.rtmr3)),
            ("report_data", Slot::Bytes(&mut self.report_data)),
            ("tee_tcb_svn_2", Slot::Bytes(&mut self.tee_tcb_svn_2)),
            ("mrservicetd", Slot::Bytes(&mut self.mr_service_td)),
            ("vm_id", Slot::Bytes(&mut self.vm_id)),
            ("td_id", Slot::Bytes(&mut self.td_id)),
            ("device_info", Slot::Bytes(&mut self.device_info)),
            (
                "initial_service_td_hash",
                Slot::Bytes(&mut self.initial_service_td_hash),
            ),
            (
                "initial_service_td_attributes",
                Slot::Bytes(&mut self.initial_service_td_attributes),
            ),
            ("initial_cpusvn", Slot::Bytes(&mut self.initial_cpu_svn)),
            ("initial_tee_tcb_svn", Slot::Bytes(&mut self.initial_tee_tcb_svn)),
            ("initial_fmspc", Slot::Bytes(&mut self.initial_fmspc)),
            (
                "current_service_td_hash",
                Slot::Bytes(&mut self.current_service_td_hash),
            ),
            (
                "current_service_td_attributes",
                Slot::Bytes(&mut self.current_service_td_attributes),
            ),
        ]
    }

    fn set_attribute(&mut self, bit: u32, on: bool) {
        let mask = 1 << bit;
        self.td_attributes = if on {
            self.td_attributes | mask
        } else {
            self.td_attributes & !mask
        };
    }
}

const ATTRIBUTE_DEBUG: u32 = 0;
const ATTRIBUTE_SEPT_VE_DISABLE: u32 = 28;
/// Bits of TDATTRIBUTES (Intel TDX module base architecture specification, TD attributes).
pub(super) const ATTRIBUTE_BITS: &[(&str, u32)] = &[
    ("debug", ATTRIBUTE_DEBUG),
    ("icssd", 16),
    ("servtd_ext", 17),
    ("lass", 27),
    ("sept_ve_disable", ATTRIBUTE_SEPT_VE_DISABLE),
    ("migratable", 29),
    ("pks", 30),
    ("kl", 31),
    ("tpa", 62),
    ("perfmon", 63),
];
/// Module 1.5 at the minor version of the top level, SEAM loader 2.
const DEFAULT_TEE_TCB_SVN: [u8; 16] = [5, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
/// x87, SSE, AVX, AVX-512, PKRU, CET and AMX: what a Sapphire Rapids guest usually gets.
const DEFAULT_XFAM: u64 = 0x0006_1AE7;
