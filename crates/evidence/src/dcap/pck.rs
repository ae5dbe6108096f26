//! The platform's certificate: the PCK (provisioning certification key) that vouches for a quoting enclave, with the
//! facts about the platform in its SGX extension (Intel SGX PCK Certificate and CRL Profile Specification). Owns the
//! step from certification data to a verified PCK; revocation is judged with the collateral of the day.

mod sgx_extension;

use aws_lc_rs::signature::ParsedPublicKey;

pub use sgx_extension::SgxType;

use self::sgx_extension::SgxExtension;
use super::quote::CertificationData;
use crate::time::UnixTime;
use crate::x509::{
    Certificate, CertificateError, ChainProfile, EncodingError, KeyFamily, PCK_PLATFORM_CA, PublicKey,
    TrustAnchors, VerifiedChain,
};

/// The authority that issued a PCK certificate.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum PckCa {
    /// Intel SGX PCK Processor CA: single-socket client and Xeon E platforms.
    Processor,
    /// Intel SGX PCK Platform CA: platforms that registered as a whole.
    Platform,
}

impl PckCa {
    /// The value of the services' `ca` parameter.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Processor => "processor",
            Self::Platform => "platform",
        }
    }

    /// The authority whose certificate this is; the chain's profile admits only the two names.
    pub(super) fn of(certificate: &Certificate) -> Self {
        if certificate.common_name() == PCK_PLATFORM_CA {
            Self::Platform
        } else {
            Self::Processor
        }
    }
}

/// A PCK certificate whose chain was verified up to a trust anchor. That it exists says that names, constraints and
/// signatures were in order; dates and revocation are checked again at every appraisal.
#[derive(Clone, Debug)]
pub struct VerifiedPck {
    chain: VerifiedChain,
    /// For the QE report's signature: r, s of 32 bytes each.
    quoting_key: ParsedPublicKey,
    ca: PckCa,
    extension: SgxExtension,
}

impl VerifiedPck {
    /// Verifies the certificate chain that a quote carries. Certification data of other types than a chain (5) name the
    /// platform without proving it.
    pub fn verify(
        certification_data: &CertificationData<'_>,
        anchors: &TrustAnchors,
        now: UnixTime,
    ) -> Result<Self, CertificateError> {
        if certification_data.kind != PCK_CERTIFICATE_CHAIN {
            return Err(CertificateError::CertificationDataKind {
                kind: certification_data.kind,
            });
        }
        let certificates = Certificate::parse_chain(certification_data.data)?;
        let chain = VerifiedChain::verify(certificates, ChainProfile::PCK, anchors, now)?;
        let ca = PckCa::of(chain.issued_by_root());
        let leaf = chain.leaf();
        let extension = leaf
            .sgx_extension()
            .ok_or(CertificateError::SgxExtensionMissing)?;
        let extension = SgxExtension::parse(extension, ca)?;
        let quoting_key = leaf
            .public_key()
            .for_fixed_signatures()
            .ok_or(EncodingError::UnsupportedKey {
                expected: <PublicKey as KeyFamily>::KEYS,
            })?;
        Ok(Self {
            chain,
            quoting_key,
            ca,
            extension,
        })
    }

    /// The kind of platform.
    pub const fn fmspc(&self) -> [u8; 6] {
        self.extension.fmspc
    }

    /// The provisioning certification enclave's identity.
    pub const fn pce_id(&self) -> [u8; 2] {
        self.extension.pce_id
    }

    /// The platform provisioning identifier: one per platform and owner, hence sensitive.
    pub const fn ppid(&self) -> &[u8; 16] {
        &self.extension.ppid
    }

    /// The authority that issued the certificate.
    pub const fn ca(&self) -> PckCa {
        self.ca
    }

    /// The CPUSVN as the processor reports it, opaque.
    pub const fn cpu_svn(&self) -> [u8; 16] {
        self.extension.cpu_svn
    }

    /// The SVN of each SGX TCB component, the numbers that TCB levels are compared with.
    pub const fn component_svns(&self) -> [u8; 16] {
        self.extension.component_svns
    }

    /// The provisioning certification enclave's SVN.
    pub const fn pce_svn(&self) -> u16 {
        self.extension.pce_svn
    }

    /// How the platform protects enclave memory.
    pub const fn sgx_type(&self) -> SgxType {
        self.extension.sgx_type
    }

    /// The platform's instance, if the Platform CA stated it.
    pub const fn platform_instance_id(&self) -> Option<&[u8; 16]> {
        self.extension.platform_instance_id.as_ref()
    }

    /// Whether processor packages may be added to the platform, if stated.
    pub const fn dynamic_platform(&self) -> Option<bool> {
        self.extension.configuration.dynamic_platform
    }

    /// Whether Intel keeps the platform's root keys, if stated.
    pub const fn cached_keys(&self) -> Option<bool> {
        self.extension.configuration.cached_keys
    }

    /// Whether simultaneous multithreading is enabled, if stated.
    pub const fn smt_enabled(&self) -> Option<bool> {
        self.extension.configuration.smt_enabled
    }

    /// From when on the chain is valid, without clock skew.
    pub fn valid_from(&self) -> UnixTime {
        self.starts().max().unwrap_or(self.chain.leaf().not_before())
    }

    /// Until when the chain is valid.
    pub fn valid_until(&self) -> UnixTime {
        self.ends().min().unwrap_or(self.chain.leaf().not_after())
    }

    /// How many signatures the verification took.
    pub const fn signatures_verified(&self) -> u32 {
        self.chain.signatures_verified()
    }

    pub(super) const fn chain(&self) -> &VerifiedChain {
        &self.chain
    }

    pub(super) const fn quoting_key(&self) -> &ParsedPublicKey {
        &self.quoting_key
    }

    pub(super) const fn root_key(&self) -> &PublicKey {
        self.chain.root_key()
    }

    pub(super) fn starts(&self) -> impl Iterator<Item = UnixTime> {
        self.chain
            .with_root()
            .map(|(_, certificate)| certificate.not_before())
    }

    pub(super) fn ends(&self) -> impl Iterator<Item = UnixTime> {
        self.chain
            .with_root()
            .map(|(_, certificate)| certificate.not_after())
    }
}

/// Intel SGX DCAP, certification data type 5: PEM of PCK leaf, PCK CA and root.
const PCK_CERTIFICATE_CHAIN: u16 = 5;

#[cfg(test)]
mod tests;
