//! The quote header: 48 bytes (QuoteLibReference, A.1; TDX DCAP, A.3.1).

use crate::field::{Named, Slot, write};

/// The quote header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuoteHeader {
    /// 3, 4 or 5.
    pub version: u16,
    /// 2: ECDSA over P-256.
    pub attestation_key_type: u16,
    /// 0 SGX, 0x81 TDX; reserved in version 3.
    pub tee_type: u32,
    /// SVN of the quoting enclave in version 3, reserved after it.
    pub qe_svn: u16,
    /// SVN of the provisioning certification enclave in version 3, reserved after it.
    pub pce_svn: u16,
    /// Whose quoting enclave: Intel's.
    pub qe_vendor_id: [u8; 16],
    /// The first 16 bytes identify the platform's quoting enclave.
    pub user_data: [u8; 20],
}

impl QuoteHeader {
    /// The header of a good quote.
    pub fn new(version: u16, tee_type: u32, qe_id: [u8; 16]) -> Self {
        let mut user_data = [0; 20];
        for (to, from) in user_data.iter_mut().zip(qe_id) {
            *to = from;
        }
        let in_version_3 = |svn| if version == 3 { svn } else { 0 };
        Self {
            version,
            attestation_key_type: ECDSA_P256,
            tee_type,
            qe_svn: in_version_3(8),
            pce_svn: in_version_3(13),
            qe_vendor_id: INTEL_QE_VENDOR_ID,
            user_data,
        }
    }

    /// The 48 bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        write(self.clone().fields())
    }

    pub(crate) fn fields(&mut self) -> Vec<Named<'_>> {
        vec![
            ("version", Slot::U16(&mut self.version)),
            ("attestation_key_type", Slot::U16(&mut self.attestation_key_type)),
            ("tee_type", Slot::U32(&mut self.tee_type)),
            ("qe_svn", Slot::U16(&mut self.qe_svn)),
            ("pce_svn", Slot::U16(&mut self.pce_svn)),
            ("qe_vendor_id", Slot::Bytes(&mut self.qe_vendor_id)),
            ("user_data", Slot::Bytes(&mut self.user_data)),
        ]
    }
}

const ECDSA_P256: u16 = 2;
/// 939a7233-f79c-4ca9-940a-0db3957f0607.
const INTEL_QE_VENDOR_ID: [u8; 16] = [
    0x93, 0x9A, 0x72, 0x33, 0xF7, 0x9C, 0x4C, 0xA9, 0x94, 0x0A, 0x0D, 0xB3, 0x95, 0x7F, 0x06, 0x07,
];
