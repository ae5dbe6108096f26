//! HCL reports written by hand for tests, field after field as OpenHCL lays them out. Nothing is signed.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{HardwareKind, HashType};
use crate::x509::RsaKey;

/// The parts of an HCL report, each of which a test can replace.
#[derive(Clone)]
pub(crate) struct RawHcl {
    pub(crate) signature: [u8; 4],
    pub(crate) version: u32,
    /// Follows from the runtime claims when `None`.
    pub(crate) report_size: Option<u32>,
    pub(crate) request_type: u32,
    pub(crate) status: u32,
    pub(crate) reserved: [u8; 12],
    pub(crate) hardware: [u8; 1184],
    /// Follows from the runtime claims when `None`.
    pub(crate) data_size: Option<u32>,
    pub(crate) data_version: u32,
    pub(crate) report_type: u32,
    pub(crate) hash_type: u32,
    pub(crate) claims_size: Option<u32>,
    pub(crate) claims: Vec<u8>,
    pub(crate) padding: Vec<u8>,
}

impl RawHcl {
    /// The report of a paravisor: the report data are the hash of the claims.
    pub(crate) fn new(kind: HardwareKind) -> Self {
        let mut raw = Self {
            signature: *b"HCLA",
            version: if kind == HardwareKind::Snp { 1 } else { 2 },
            report_size: None,
            request_type: 2,
            status: 0,
            reserved: [0; 12],
            hardware: [0; 1184],
            data_size: None,
            data_version: 1,
            report_type: if kind == HardwareKind::Snp { 2 } else { 4 },
            hash_type: 1,
            claims_size: None,
            claims: claims().into_bytes(),
            padding: vec![0; 300],
        };
        raw.hardware[0] = if kind == HardwareKind::Snp { 3 } else { 0x81 };
        raw.bind(HashType::Sha256);
        raw
    }

    /// Puts the hash of the claims into the report data.
    pub(crate) fn bind(&mut self, hash_type: HashType) {
        let hash = hash_type.digest(&self.claims);
        let report_data = self.report_data();
        report_data.fill(0);
        report_data[..hash.as_ref().len()].copy_from_slice(hash.as_ref());
        self.hash_type = match hash_type {
            HashType::Sha256 => 1,
            HashType::Sha384 => 2,
            HashType::Sha512 => 3,
        };
    }

    pub(crate) fn report_data(&mut self) -> &mut [u8] {
        let start = if self.hardware[0] == 0x81 { 128 } else { 0x50 };
        &mut self.hardware[start..start + 64]
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let claims_size = u32::try_from(self.claims.len()).unwrap();
        let data_size = self.data_size.unwrap_or_else(|| 20 + claims_size);
        let report_size = self.report_size.unwrap_or_else(|| 32 + 1184 + data_size);
        let mut bytes = self.signature.to_vec();
        for word in [self.version, report_size, self.request_type, self.status] {
            bytes.extend(word.to_le_bytes());
        }
        bytes.extend(self.reserved);
        bytes.extend(self.hardware);
        let claims_size = self.claims_size.unwrap_or(claims_size);
        for word in [
            data_size,
            self.data_version,
            self.report_type,
            self.hash_type,
            claims_size,
        ] {
            bytes.extend(word.to_le_bytes());
        }
        bytes.extend(&self.claims);
        bytes.extend(&self.padding);
        bytes
    }
}

/// A key whose modulus begins with `first`.
pub(crate) fn key(first: u8) -> RsaKey {
    let mut modulus = [0x5b; 256];
    modulus[0] = first;
    RsaKey::from_components(&modulus, &[1, 0, 1]).unwrap()
}

/// Runtime claims with the members that a paravisor states; the attestation key is `key(0xA1)`.
pub(crate) fn claims() -> String {
    let jwk = |kid: &str, operation: &str, first: u8| {
        let n = URL_SAFE_NO_PAD.encode(key(first).modulus());
        format!(r#"{{"kid":"{kid}","key_ops":["{operation}"],"kty":"RSA","e":"AQAB","n":"{n}"}}"#)
    };
    format!(
        concat!(
            r#"{{"keys":[{},{}],"vm-configuration":{{"secure-boot":true,"tpm-enabled":true,"#,
            r#""vmUniqueId":"1F6CF8F7-7A8F-4B8B-A8A7-A1B4E7B9E0AA"}},"user-data":"{}"}}"#
        ),
        jwk("HCLAkPub", "sign", 0xA1),
        jwk("HCLEkPub", "encrypt", 0xE1),
        "00FF".repeat(32)
    )
}
