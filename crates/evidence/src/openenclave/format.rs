//! What kind of evidence an Open Enclave header announces.

use std::fmt;

/// A kind of Open Enclave evidence (Open Enclave SDK, `OE_FORMAT_UUID_*`).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Format {
    /// An SGX quote followed by custom claims whose hash the quote carries.
    SgxEcdsa,
    /// An Open Enclave report: a 16-byte header and an SGX quote.
    Report,
    /// An SGX quote alone.
    RawSgxQuote,
    /// A TDX quote alone.
    TdxQuote,
    /// A report that only an enclave on the same platform can verify.
    SgxLocal,
    /// The older form of [`Format::SgxLocal`].
    LegacySgxLocal,
    /// An EPID quote with linkable signatures.
    SgxEpidLinkable,
    /// An EPID quote with unlinkable signatures.
    SgxEpidUnlinkable,
    /// Evidence with extended enclave initialization data.
    Eeid,
}

impl Format {
    /// The format with this UUID, its bytes in the order of the header.
    pub fn from_uuid(uuid: &[u8; 16]) -> Option<Self> {
        UUIDS
            .iter()
            .find(|(known, _)| known == uuid)
            .map(|(_, format)| *format)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SgxEcdsa => "sgx ecdsa",
            Self::Report => "report",
            Self::RawSgxQuote => "raw sgx quote",
            Self::TdxQuote => "tdx quote",
            Self::SgxLocal => "sgx local",
            Self::LegacySgxLocal => "legacy sgx local",
            Self::SgxEpidLinkable => "sgx epid linkable",
            Self::SgxEpidUnlinkable => "sgx epid unlinkable",
            Self::Eeid => "eeid",
        })
    }
}

const UUIDS: [([u8; 16], Format); 9] = [
    (
        0xa3a2_1e87_1b4d_4014_b70a_a125_d2fb_cd8c_u128.to_be_bytes(),
        Format::SgxEcdsa,
    ),
    (
        0xc830_3454_d923_4c2c_a691_df7d_ef46_0a76_u128.to_be_bytes(),
        Format::Report,
    ),
    (
        0x1923_d91e_12d2_4c72_b220_25cd_8dac_e871_u128.to_be_bytes(),
        Format::RawSgxQuote,
    ),
    (
        0x8ba7_0286_c1cf_11ed_afa1_0242_ac12_0002_u128.to_be_bytes(),
        Format::TdxQuote,
    ),
    (
        0x0926_8c33_6e0b_45e5_8a27_1564_4d0e_f89a_u128.to_be_bytes(),
        Format::SgxLocal,
    ),
    (
        0xcac1_fba9_fb7f_401d_9577_d72b_0da0_0813_u128.to_be_bytes(),
        Format::LegacySgxLocal,
    ),
    (
        0xf228_aa3f_de4d_49d3_884c_b2aa_87a5_0da6_u128.to_be_bytes(),
        Format::SgxEpidLinkable,
    ),
    (
        0x5c35_d290_a2c2_4c55_9e13_5ad7_3274_6c88_u128.to_be_bytes(),
        Format::SgxEpidUnlinkable,
    ),
    (
        0x1704_94a6_ab23_4798_8c38_351c_b0b6_af0a_u128.to_be_bytes(),
        Format::Eeid,
    ),
];
