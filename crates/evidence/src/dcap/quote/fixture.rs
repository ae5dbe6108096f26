//! Quotes written by hand for tests, field after field as the specifications print them. Nothing is signed.

use super::Tee;

/// The parts of a quote, each of which a test can replace.
#[derive(Clone)]
pub(crate) struct RawQuote {
    pub(crate) header: Vec<u8>,
    /// Empty but in version 5.
    pub(crate) descriptor: Vec<u8>,
    pub(crate) body: Vec<u8>,
    pub(crate) signature: Vec<u8>,
    pub(crate) attestation_key: Vec<u8>,
    /// Type 6 in versions 4 and 5; `None` leaves the wrapper out.
    pub(crate) outer_type: Option<u16>,
    pub(crate) qe_report: Vec<u8>,
    pub(crate) qe_report_signature: Vec<u8>,
    pub(crate) qe_auth_data: Vec<u8>,
    pub(crate) certification_type: u16,
    pub(crate) certification_data: Vec<u8>,
    /// Bytes inside the inner and the outer length that belong to nothing.
    pub(crate) inner_slack: Vec<u8>,
    pub(crate) outer_slack: Vec<u8>,
    pub(crate) trailing: Vec<u8>,
}

impl RawQuote {
    /// A version 3 quote of an enclave.
    pub(crate) fn v3() -> Self {
        Self::new(3, Tee::Sgx, None)
    }

    /// A version 4 quote.
    pub(crate) fn v4(tee: Tee) -> Self {
        Self::new(4, tee, None)
    }

    /// A version 5 quote with a body of this type.
    pub(crate) fn v5(body_type: u16) -> Self {
        Self::new(
            5,
            if body_type == 1 { Tee::Sgx } else { Tee::Tdx },
            Some(body_type),
        )
    }

    fn new(version: u8, tee: Tee, body_type: Option<u16>) -> Self {
        let tee_type = if tee == Tee::Sgx { 0 } else { 0x81 };
        let mut header = vec![version, 0, 2, 0, tee_type, 0, 0, 0, 7, 0, 13, 0];
        header.extend([
            0x93, 0x9A, 0x72, 0x33, 0xF7, 0x9C, 0x4C, 0xA9, 0x94, 0x0A, 0x0D, 0xB3, 0x95, 0x7F, 0x06, 0x07,
        ]);
        header.extend([0xCD; 20]);
        let size: u16 = match (tee, body_type) {
            (Tee::Sgx, _) => 384,
            (Tee::Tdx, Some(3)) => 648,
            (Tee::Tdx, Some(4)) => 885,
            (Tee::Tdx, _) => 584,
        };
        let descriptor = match body_type {
            Some(body_type) => [body_type.to_le_bytes(), size.to_le_bytes(), [0, 0]].concat(),
            None => Vec::new(),
        };
        Self {
            header,
            descriptor,
            body: (0..size).map(|position| position.to_le_bytes()[0]).collect(),
            signature: vec![0x51; 64],
            attestation_key: GENERATOR.to_vec(),
            outer_type: (version > 3).then_some(6),
            qe_report: (0..384_u16)
                .map(|position| position.to_be_bytes()[1] ^ 0xFF)
                .collect(),
            qe_report_signature: vec![0x52; 64],
            qe_auth_data: (0..32).collect(),
            certification_type: 5,
            certification_data: b"-----BEGIN CERTIFICATE-----".to_vec(),
            inner_slack: Vec::new(),
            outer_slack: Vec::new(),
            trailing: Vec::new(),
        }
    }

    /// Puts `report_data` into the body.
    pub(crate) fn with_report_data(mut self, report_data: &[u8; 64]) -> Self {
        // The last field of an SGX body and of a TD body of version 1.0.
        let start = if self.body.len() == 384 { 320 } else { 520 };
        self.body[start..start + 64].copy_from_slice(report_data);
        self
    }

    /// The bytes before the signature data's size.
    pub(crate) fn signed(&self) -> Vec<u8> {
        [&self.header[..], &self.descriptor, &self.body].concat()
    }

    /// The quote as bytes.
    pub(crate) fn build(&self) -> Vec<u8> {
        let certification = [
            &self.qe_report[..],
            &self.qe_report_signature,
            &u16::try_from(self.qe_auth_data.len()).unwrap().to_le_bytes(),
            &self.qe_auth_data,
            &self.certification_type.to_le_bytes(),
            &size32(&self.certification_data),
            &self.certification_data,
            &self.inner_slack,
        ]
        .concat();
        let wrapper = match self.outer_type {
            Some(outer) => [&outer.to_le_bytes()[..], &size32(&certification)].concat(),
            None => Vec::new(),
        };
        let signature_data = [
            &self.signature[..],
            &self.attestation_key,
            &wrapper,
            &certification,
            &self.outer_slack,
        ]
        .concat();
        [
            &self.signed()[..],
            &size32(&signature_data),
            &signature_data,
            &self.trailing,
        ]
        .concat()
    }
}

fn size32(bytes: &[u8]) -> [u8; 4] {
    u32::try_from(bytes.len()).unwrap().to_le_bytes()
}

/// The base point of P-256 (SEC 2, 2.4.2), `x` then `y`: a point that surely is on the curve.
pub(crate) const GENERATOR: [u8; 64] = [
    0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6, 0xe5, 0x63, 0xa4, 0x40, 0xf2, 0x77,
    0x03, 0x7d, 0x81, 0x2d, 0xeb, 0x33, 0xa0, 0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96, 0x4f, 0xe3,
    0x42, 0xe2, 0xfe, 0x1a, 0x7f, 0x9b, 0x8e, 0xe7, 0xeb, 0x4a, 0x7c, 0x0f, 0x9e, 0x16, 0x2b, 0xce, 0x33,
    0x57, 0x6b, 0x31, 0x5e, 0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51, 0xf5,
];
