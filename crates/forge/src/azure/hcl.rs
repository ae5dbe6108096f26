//! The HCL report as a guest reads it from NV index 0x01400001: a header, the hardware report, and the runtime
//! claims whose hash the report data hold (Azure, "confidential-computing-cvm-guest-attestation", and OpenHCL's
//! attestation protocol).

use crate::{
    Seed,
    amd::SnpEvidence,
    field::{self, Field, Group, Named, SetError, Settable, Slot},
    quote::TdReport,
    seed::sha256,
};

use super::{RuntimeClaims, VtpmKeys, td_report_bytes};

/// Everything an HCL report says.
#[derive(Clone, Debug)]
pub struct HclReport {
    /// `HCLA`.
    pub signature: [u8; 4],
    /// Version of the header: 1 for SNP, 2 for TDX.
    pub version: u32,
    /// Size of all but the padding; `None` is the true one.
    pub report_size: Option<u32>,
    /// 1 transfer of a key, 2 certificate of the attestation key.
    pub request_type: u32,
    /// Status of the request.
    pub status: u32,
    /// Reserved.
    pub reserved: [u8; 12],
    /// The report below.
    pub hardware: HardwareReport,
    /// Size of the rest, from itself to the end of the claims; `None` is the true one.
    pub data_size: Option<u32>,
    /// Version of the rest.
    pub data_version: u32,
    /// 2 SNP, 4 TDX.
    pub report_type: u32,
    /// 1 SHA-256, 2 SHA-384, 3 SHA-512. Minting binds with SHA-256 always.
    pub hash_type: u32,
    /// Size of the claims; `None` is the true one.
    pub claims_size: Option<u32>,
    /// The claims.
    pub claims: RuntimeClaims,
    /// Bytes instead of the claims.
    pub claims_json: Option<Vec<u8>>,
    /// Whether minting puts the hash of the claims into the report data.
    pub binds_claims: bool,
    /// Size of the NV index; the report is padded with zeros up to it.
    pub nv_size: usize,
    /// Bits to flip in the finished report: bit `n` is bit `n % 8` of byte `n / 8`.
    pub flip_bits: Vec<usize>,
}

/// The report under the claims.
#[derive(Clone, Debug)]
pub enum HardwareReport {
    /// An SEV-SNP report.
    Snp(Box<SnpEvidence>),
    /// The TDREPORT of a trust domain; a quote over the same report data goes along elsewhere.
    Tdx {
        /// The trust domain.
        report: Box<TdReport>,
        /// Where the platform's MAC comes from.
        seed: Seed,
    },
}

/// An HCL report and its parts, which callers send apart. SNP reports are signed anew each time, so the parts
/// of two mintings do not go together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MintedHcl {
    /// The whole, with its padding.
    pub hcl_report: Vec<u8>,
    /// The SNP report of 1184 bytes, or the TDREPORT of 1024.
    pub hardware_report: Vec<u8>,
    /// The runtime claims, as hashed.
    pub runtime_claims: Vec<u8>,
}

impl HclReport {
    /// The report of an SEV-SNP machine.
    pub fn snp(evidence: SnpEvidence, keys: &VtpmKeys) -> Self {
        let hardware = HardwareReport::Snp(Box::new(evidence));
        Self::new(1, REPORT_TYPE_SNP, hardware, &Seed::default(), keys)
    }

    /// The report of a trust domain. [`HclReport::report_data`] is what its quote must carry.
    pub fn tdx(seed: &Seed, report: TdReport, keys: &VtpmKeys) -> Self {
        let hardware = HardwareReport::Tdx {
            report: Box::new(report),
            seed: seed.clone(),
        };
        Self::new(2, REPORT_TYPE_TDX, hardware, seed, keys)
    }

    fn new(version: u32, report_type: u32, hardware: HardwareReport, seed: &Seed, keys: &VtpmKeys) -> Self {
        Self {
            signature: *b"HCLA",
            version,
            report_size: None,
            request_type: REQUEST_AK_CERTIFICATE,
            status: 0,
            reserved: [0; 12],
            hardware,
            data_size: None,
            data_version: 1,
            report_type,
            hash_type: HASH_SHA256,
            claims_size: None,
            claims: RuntimeClaims::new(seed, keys),
            claims_json: None,
            binds_claims: true,
            nv_size: NV_SIZE,
            flip_bits: Vec::new(),
        }
    }

    /// The claims as they are hashed and written.
    pub fn runtime_claims(&self) -> Vec<u8> {
        let good = || self.claims.to_json().into_bytes();
        self.claims_json.clone().unwrap_or_else(good)
    }

    /// The report data of the hardware report: SHA-256 of the claims and zeros, unless they are not bound.
    pub fn report_data(&self) -> [u8; 64] {
        if self.binds_claims {
            let mut bound = [0; 64];
            for (to, from) in bound.iter_mut().zip(sha256(&[&self.runtime_claims()])) {
                *to = from;
            }
            return bound;
        }
        self.own_report_data()
    }

    /// Sets a field by name, such as `header.version`, `data.hash_type`, `claims.secure_boot` or a field of the
    /// hardware report; [`HclReport::fields`] lists the names. Setting `report.report_data` unbinds the claims.
    pub fn set(&mut self, field: &str, value: &str) -> Result<(), SetError> {
        let before = self.own_report_data();
        field::set(self, field, value)?;
        if before != self.own_report_data() {
            self.binds_claims = false;
        }
        Ok(())
    }

    /// The names of all fields that [`HclReport::set`] knows, and what they take.
    pub fn fields(&self) -> Vec<Field> {
        field::list(&mut self.clone())
    }

    /// The report and its parts.
    pub fn mint(&self) -> MintedHcl {
        let runtime_claims = self.runtime_claims();
        let hardware_report = self.hardware_report();
        let claims_size = u32::try_from(runtime_claims.len()).unwrap_or(u32::MAX);
        let data_size = DATA_HEADER_SIZE.saturating_add(claims_size);
        let report_size = HEADER_SIZE
            .saturating_add(HARDWARE_SIZE)
            .saturating_add(data_size);
        let mut bytes = self.signature.to_vec();
        for number in [
            self.version,
            self.report_size.unwrap_or(report_size),
            self.request_type,
            self.status,
        ] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        bytes.extend_from_slice(&self.reserved);
        bytes.extend_from_slice(&hardware_report);
        bytes.resize(DATA_OFFSET, 0);
        for number in [
            self.data_size.unwrap_or(data_size),
            self.data_version,
            self.report_type,
            self.hash_type,
            self.claims_size.unwrap_or(claims_size),
        ] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        bytes.extend_from_slice(&runtime_claims);
        if bytes.len() < self.nv_size {
            bytes.resize(self.nv_size, 0);
        }
        for bit in &self.flip_bits {
            if let Some(byte) = bytes.get_mut(bit / 8) {
                *byte ^= 1 << (bit % 8);
            }
        }
        MintedHcl {
            hcl_report: bytes,
            hardware_report,
            runtime_claims,
        }
    }

    fn hardware_report(&self) -> Vec<u8> {
        match &self.hardware {
            HardwareReport::Snp(evidence) => {
                let mut evidence = evidence.clone();
                evidence.report.report_data = self.report_data();
                evidence.to_report_bytes()
            }
            HardwareReport::Tdx { report, seed } => {
                let mut report = report.clone();
                report.report_data = self.report_data();
                td_report_bytes(seed, &report)
            }
        }
    }

    fn own_report_data(&self) -> [u8; 64] {
        match &self.hardware {
            HardwareReport::Snp(evidence) => evidence.report.report_data,
            HardwareReport::Tdx { report, .. } => report.report_data,
        }
    }

    fn header_fields(&mut self) -> Vec<Named<'_>> {
        vec![
            ("signature", Slot::Bytes(&mut self.signature)),
            ("version", Slot::U32(&mut self.version)),
            ("report_size", Slot::OptionalU32(&mut self.report_size)),
            ("request_type", Slot::U32(&mut self.request_type)),
            ("status", Slot::U32(&mut self.status)),
            ("reserved", Slot::Bytes(&mut self.reserved)),
        ]
    }

    fn data_fields(&mut self) -> Vec<Named<'_>> {
        vec![
            ("size", Slot::OptionalU32(&mut self.data_size)),
            ("version", Slot::U32(&mut self.data_version)),
            ("report_type", Slot::U32(&mut self.report_type)),
            ("hash_type", Slot::U32(&mut self.hash_type)),
            ("claims_size", Slot::OptionalU32(&mut self.claims_size)),
            ("claims_json", Slot::OptionalData(&mut self.claims_json)),
        ]
    }
}

impl Settable for HclReport {
    fn group(&mut self, position: usize) -> Option<Group<'_>> {
        match position {
            0 => Some(Group::Fields("header", self.header_fields())),
            1 => Some(Group::Fields("data", self.data_fields())),
            2 => Some(Group::Fields("claims", self.claims.fields())),
            _ => {
                let position = position.checked_sub(3)?;
                match &mut self.hardware {
                    HardwareReport::Snp(evidence) => evidence.group(position),
                    HardwareReport::Tdx { report, .. } if position == 0 => {
                        Some(Group::Fields("report", report.layout()))
                    }
                    HardwareReport::Tdx { .. } => None,
                }
            }
        }
    }
}

const REQUEST_AK_CERTIFICATE: u32 = 2;
const REPORT_TYPE_SNP: u32 = 2;
const REPORT_TYPE_TDX: u32 = 4;
const HASH_SHA256: u32 = 1;
const HEADER_SIZE: u32 = 32;
/// Room for the hardware report: an SNP report's size.
const HARDWARE_SIZE: u32 = 1184;
const DATA_HEADER_SIZE: u32 = 20;
/// Where the header of the claims begins: after both.
const DATA_OFFSET: usize = 1216;
/// What the NV index holds since 2024; it was 2048 before.
const NV_SIZE: usize = 2600;
