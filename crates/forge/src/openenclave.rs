//! Open Enclave wrappings of quotes and collateral: report, evidence, custom claims and endorsements
//! (Open Enclave SDK, `openenclave/bits/evidence.h`, `include/openenclave/internal/report.h`,
//! `common/sgx/endorsements.h`).

use crate::{
    intel::{Collateral, IntelForge},
    quote::{SgxQuoteSpec, TdxQuoteSpec},
    seed::sha256,
};

/// Identifiers of evidence formats, bytes in order (`openenclave/attestation/sgx/evidence.h` and `tdx/evidence.h`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Format {
    /// An SGX quote followed by serialized custom claims, whose hash is in the report data.
    #[default]
    SgxEcdsa,
    /// An Open Enclave report.
    LegacyReport,
    /// An SGX quote alone.
    RawSgxQuote,
    /// A TDX quote alone.
    TdxQuote,
    /// Local attestation: of no use to a remote verifier.
    SgxLocal,
    /// Local attestation, the older identifier.
    SgxLocalOld,
    /// EPID with linkable signatures.
    SgxEpidLinkable,
    /// EPID with unlinkable signatures.
    SgxEpidUnlinkable,
    /// Any other identifier.
    Other([u8; 16]),
}

impl Format {
    /// The 16 bytes of the identifier.
    pub fn uuid(self) -> [u8; 16] {
        match self {
            Self::SgxEcdsa => 0xa3a2_1e87_1b4d_4014_b70a_a125_d2fb_cd8c_u128.to_be_bytes(),
            Self::LegacyReport => 0xc830_3454_d923_4c2c_a691_df7d_ef46_0a76_u128.to_be_bytes(),
            Self::RawSgxQuote => 0x1923_d91e_12d2_4c72_b220_25cd_8dac_e871_u128.to_be_bytes(),
            Self::TdxQuote => 0x8ba7_0286_c1cf_11ed_afa1_0242_ac12_0002_u128.to_be_bytes(),
            Self::SgxLocal => 0x0926_8c33_6e0b_45e5_8a27_1564_4d0e_f89a_u128.to_be_bytes(),
            Self::SgxLocalOld => 0xcac1_fba9_fb7f_401d_9577_d72b_0da0_0813_u128.to_be_bytes(),
            Self::SgxEpidLinkable => 0xf228_aa3f_de4d_49d3_884c_b2aa_87a5_0da6_u128.to_be_bytes(),
            Self::SgxEpidUnlinkable => 0x5c35_d290_a2c2_4c55_9e13_5ad7_3274_6c88_u128.to_be_bytes(),
            Self::Other(uuid) => uuid,
        }
    }
}

/// An Open Enclave report: a 16-byte header (version 1, remote, size) and the quote.
pub fn report(quote: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(quote.len().saturating_add(16));
    out.extend_from_slice(&REPORT_VERSION.to_le_bytes());
    out.extend_from_slice(&REPORT_REMOTE.to_le_bytes());
    out.extend_from_slice(&size_u64(quote).to_le_bytes());
    out.extend_from_slice(quote);
    out
}

/// Open Enclave evidence: a 28-byte header (version 3, format, size) and the data of the format.
pub fn evidence(format: Format, data: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len().saturating_add(28));
    out.extend_from_slice(&ATTESTATION_HEADER_VERSION.to_le_bytes());
    out.extend_from_slice(&format.uuid());
    out.extend_from_slice(&size_u64(data).to_le_bytes());
    out.extend_from_slice(data);
    out
}

/// The data of SGX ECDSA evidence: a quote bound to `claims` by [`claims_report_data`], and the claims.
pub fn sgx_ecdsa_data(quote: &[u8], claims: &[u8]) -> Vec<u8> {
    [quote, claims].concat()
}

/// Custom claims, serialized: version 1, their number, then sizes, name with its NUL, and value of each.
pub fn custom_claims(claims: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    out.extend_from_slice(&CLAIMS_VERSION.to_le_bytes());
    out.extend_from_slice(&u64::try_from(claims.len()).unwrap_or(u64::MAX).to_le_bytes());
    for (name, value) in claims {
        let name = [name.as_bytes(), &[0]].concat();
        out.extend_from_slice(&size_u64(&name).to_le_bytes());
        out.extend_from_slice(&size_u64(value).to_le_bytes());
        out.extend_from_slice(&name);
        out.extend_from_slice(value);
    }
    out
}

/// The report data that binds serialized custom claims: their SHA-256, then zeros.
pub fn claims_report_data(claims: &[u8]) -> [u8; 64] {
    let mut report_data = [0; 64];
    for (to, from) in report_data.iter_mut().zip(sha256(&[claims])) {
        *to = from;
    }
    report_data
}

/// Open Enclave endorsements of SGX evidence: the attestation header, then nine items with their offsets.
///
/// Every item but the version ends in a NUL; lists should be PEM, as the SDK stores them. `creation_time`
/// is unix seconds.
pub fn endorsements(collateral: &Collateral, creation_time: i64) -> Vec<u8> {
    let with_nul = |bytes: &[u8]| [bytes, &[0]].concat();
    let time = attestry_api::calendar::UtcDateTime::from_unix(creation_time).to_string();
    let items = [
        ENDORSEMENTS_COLLATERAL_VERSION.to_le_bytes().to_vec(),
        with_nul(&collateral.tcb_info),
        with_nul(&collateral.tcb_info_issuer_chain),
        with_nul(&collateral.pck_crl),
        with_nul(&collateral.root_ca_crl),
        with_nul(&collateral.pck_crl_issuer_chain),
        with_nul(&collateral.qe_identity),
        with_nul(&collateral.qe_identity_issuer_chain),
        with_nul(time.as_bytes()),
    ];
    let offsets_size = items.len().saturating_mul(size_of::<u32>());
    let mut offsets = Vec::with_capacity(offsets_size);
    let mut buffer = Vec::new();
    for item in &items {
        offsets.extend_from_slice(&size_u32(buffer.len()).to_le_bytes());
        buffer.extend_from_slice(item);
    }
    let mut data = Vec::new();
    data.extend_from_slice(&ENDORSEMENTS_VERSION.to_le_bytes());
    data.extend_from_slice(&ENCLAVE_TYPE_SGX.to_le_bytes());
    data.extend_from_slice(&size_u32(offsets.len().saturating_add(buffer.len())).to_le_bytes());
    data.extend_from_slice(&size_u32(items.len()).to_le_bytes());
    data.extend_from_slice(&offsets);
    data.extend_from_slice(&buffer);
    evidence(Format::SgxEcdsa, &data)
}

impl IntelForge {
    /// An Open Enclave report with this quote.
    pub fn oe_report(&self, quote: &SgxQuoteSpec) -> Vec<u8> {
        report(&quote.mint(self))
    }

    /// Open Enclave evidence of the SGX ECDSA format with custom claims, which take the report data; with
    /// no claims, the claims buffer is empty.
    pub fn oe_evidence(&self, quote: &SgxQuoteSpec, claims: &[(&str, &[u8])]) -> Vec<u8> {
        let claims = if claims.is_empty() {
            Vec::new()
        } else {
            custom_claims(claims)
        };
        let mut quote = quote.clone();
        quote.report.report_data = claims_report_data(&claims);
        evidence(Format::SgxEcdsa, &sgx_ecdsa_data(&quote.mint(self), &claims))
    }

    /// Open Enclave evidence with an Open Enclave report inside.
    pub fn oe_legacy_evidence(&self, quote: &SgxQuoteSpec) -> Vec<u8> {
        evidence(Format::LegacyReport, &self.oe_report(quote))
    }

    /// Open Enclave evidence with a bare SGX quote.
    pub fn oe_raw_quote_evidence(&self, quote: &SgxQuoteSpec) -> Vec<u8> {
        evidence(Format::RawSgxQuote, &quote.mint(self))
    }

    /// Open Enclave evidence with a TDX quote.
    pub fn oe_tdx_evidence(&self, quote: &TdxQuoteSpec) -> Vec<u8> {
        evidence(Format::TdxQuote, &quote.mint(self))
    }
}

fn size_u64(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

fn size_u32(size: usize) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}

const REPORT_VERSION: u32 = 1;
const REPORT_REMOTE: u32 = 2;
const ATTESTATION_HEADER_VERSION: u32 = 3;
const CLAIMS_VERSION: u64 = 1;
const ENDORSEMENTS_VERSION: u32 = 1;
const ENCLAVE_TYPE_SGX: u32 = 2;
const ENDORSEMENTS_COLLATERAL_VERSION: u32 = 1;

#[cfg(test)]
mod tests;
