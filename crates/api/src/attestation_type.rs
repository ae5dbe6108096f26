//! The kinds of evidence a client can name, in the spellings of the REST interface and of the command
//! line.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

use crate::json::shown;

/// `AttestationType` of the REST interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum AttestationType {
    /// An Intel SGX quote.
    SgxEnclave,
    /// An Open Enclave report or evidence, which wraps an SGX quote.
    OpenEnclave,
    /// An Intel TDX quote.
    TdxVm,
    /// An AMD SEV-SNP report with its certificates.
    SevSnpVm,
    /// A vTPM quote with logs, and the report of the confidential VM around it.
    AzureGuest,
    /// A TPM quote with logs, in two messages.
    Tpm,
}

/// No attestation type has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an attestation type")]
pub struct UnknownAttestationType(pub String);

impl AttestationType {
    /// Every attestation type.
    pub const ALL: [Self; 6] = [
        Self::SgxEnclave,
        Self::OpenEnclave,
        Self::TdxVm,
        Self::SevSnpVm,
        Self::AzureGuest,
        Self::Tpm,
    ];

    /// The name in paths of the REST interface, for example `SgxEnclave`.
    pub fn name(self) -> &'static str {
        match self {
            Self::SgxEnclave => "SgxEnclave",
            Self::OpenEnclave => "OpenEnclave",
            Self::TdxVm => "TdxVm",
            Self::SevSnpVm => "SevSnpVm",
            Self::AzureGuest => "AzureGuest",
            Self::Tpm => "Tpm",
        }
    }

    /// The name on the command line, for example `sgx-enclave`.
    pub fn command_line_name(self) -> &'static str {
        match self {
            Self::SgxEnclave => "sgx-enclave",
            Self::OpenEnclave => "open-enclave",
            Self::TdxVm => "tdx-vm",
            Self::SevSnpVm => "sev-snp-vm",
            Self::AzureGuest => "azure-guest",
            Self::Tpm => "tpm",
        }
    }

    /// The value of the claim `x-ms-attestation-type`; TPM tokens carry none.
    pub fn claim_value(self) -> Option<&'static str> {
        match self {
            Self::SgxEnclave | Self::OpenEnclave => Some("sgx"),
            Self::TdxVm => Some("tdxvm"),
            Self::SevSnpVm => Some("sevsnpvm"),
            Self::AzureGuest => Some("azurevm"),
            Self::Tpm => None,
        }
    }
}

impl FromStr for AttestationType {
    type Err = UnknownAttestationType;

    /// Ignores case: clients post to `/attest/sevsnpvm` as well as `/attest/SevSnpVM`.
    fn from_str(text: &str) -> Result<Self, UnknownAttestationType> {
        Self::ALL
            .into_iter()
            .find(|kind| {
                kind.name().eq_ignore_ascii_case(text) || kind.command_line_name().eq_ignore_ascii_case(text)
            })
            .ok_or_else(|| UnknownAttestationType(shown(text)))
    }
}

impl fmt::Display for AttestationType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
