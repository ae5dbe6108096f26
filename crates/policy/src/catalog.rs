//! The claims that each attestation type offers to policies, with their meaning. Owns names and words
//! for authors; must not know how claims are derived from evidence.
//!
//! Names and meanings are those of MAA's documentation ("claim sets", "TPM attestation claims", the EAT
//! profile for TDX) and, with the prefix `x-attestry-`, what this service finds out beyond them.
//!
//! ```
//! use attestry_policy::catalog::{Subject, claim, claims};
//!
//! let debuggable = claim("x-ms-sgx-is-debuggable").unwrap();
//! assert_eq!(debuggable.value_type.name(), "Boolean");
//! assert!(debuggable.is_given_by(Subject::OpenEnclave));
//! assert!(claims(Subject::TdxVm).any(|claim| claim.name == "tdx_mrtd"));
//! ```

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::claim::{Value, ValueType};

mod azure_guest;
mod platform;
mod reference;
mod reserved;
mod settings;
mod sgx;
mod snp;
mod tdx;
#[cfg(test)]
mod tests;
mod tpm;

pub use reserved::is_reserved;
pub use settings::{SettingEntry, setting, token_property};

/// What a policy judges: the attestation type it is set for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// An Intel SGX quote.
    SgxEnclave,
    /// An Open Enclave report or evidence, which wraps an SGX quote.
    OpenEnclave,
    /// An Intel TDX quote.
    TdxVm,
    /// An AMD SEV-SNP report.
    SevSnpVm,
    /// The vTPM and the logs of an Azure virtual machine.
    AzureGuest,
    /// A TPM quote with its logs, a VBS enclave's report included.
    Tpm,
}

/// No attestation type has this name.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{0}` is not an attestation type")]
pub struct UnknownSubject(pub String);

impl Subject {
    /// Every attestation type.
    pub const ALL: [Self; 6] = [
        Self::SgxEnclave,
        Self::OpenEnclave,
        Self::TdxVm,
        Self::SevSnpVm,
        Self::AzureGuest,
        Self::Tpm,
    ];

    /// The name in MAA's REST interface, such as `SgxEnclave`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SgxEnclave => "SgxEnclave",
            Self::OpenEnclave => "OpenEnclave",
            Self::TdxVm => "TdxVm",
            Self::SevSnpVm => "SevSnpVm",
            Self::AzureGuest => "AzureGuest",
            Self::Tpm => "Tpm",
        }
    }

    /// The name on the command line, such as `sgx-enclave`.
    pub const fn command_line_name(self) -> &'static str {
        match self {
            Self::SgxEnclave => "sgx-enclave",
            Self::OpenEnclave => "open-enclave",
            Self::TdxVm => "tdx-vm",
            Self::SevSnpVm => "sev-snp-vm",
            Self::AzureGuest => "azure-guest",
            Self::Tpm => "tpm",
        }
    }

    /// Whether its requests may bring claims of the client's own (issuer `CustomClaim`): those of TPM
    /// attestation only (MAA documentation, "TPM attestation protocol").
    pub const fn has_custom_claims(self) -> bool {
        matches!(self, Self::Tpm)
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Reads either name, in any case.
impl FromStr for Subject {
    type Err = UnknownSubject;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|subject| {
                subject.name().eq_ignore_ascii_case(name)
                    || subject.command_line_name().eq_ignore_ascii_case(name)
            })
            .ok_or_else(|| UnknownSubject(crate::diagnostic::quotable(name)))
    }
}

/// A claim that evidence can give to a policy, with the issuer `AttestationService`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClaimEntry {
    /// The claim's `type`.
    pub name: &'static str,
    /// The type of its value.
    pub value_type: ValueType,
    /// The attestation types whose evidence gives it.
    pub subjects: &'static [Subject],
    /// What it says: one sentence for authors of policies, without the full stop.
    pub meaning: &'static str,
    /// The claim to use instead, if this is an old name.
    pub deprecated_by: Option<&'static str>,
    /// Whether policies see it from version 1.2 on only.
    pub needs_1_2: bool,
    /// Whether a policy may read it, but not issue its value.
    pub read_only: bool,
    /// Whether the value is JSON text, to be searched with `JmesPath`.
    pub is_json: bool,
    /// Whether one piece of evidence can give it with several values.
    pub has_several_values: bool,
    /// For integers that the evidence bounds, the largest possible value; the smallest is then 0.
    pub maximum: Option<i64>,
    /// The value with which the claim says that the attested environment can be debugged.
    pub debuggable_when: Option<DebugValue>,
}

/// The value of a claim that says whether an environment can be debugged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DebugValue {
    /// A Boolean.
    Flag(bool),
    /// A word.
    Word(&'static str),
}

impl From<DebugValue> for Value {
    fn from(value: DebugValue) -> Self {
        match value {
            DebugValue::Flag(flag) => Self::from(flag),
            DebugValue::Word(word) => Self::from(word),
        }
    }
}

impl ClaimEntry {
    /// Whether evidence of that type gives it.
    pub fn is_given_by(&self, subject: Subject) -> bool {
        self.subjects.contains(&subject)
    }

    const fn new(
        name: &'static str,
        value_type: ValueType,
        subjects: &'static [Subject],
        meaning: &'static str,
    ) -> Self {
        Self {
            name,
            value_type,
            subjects,
            meaning,
            deprecated_by: None,
            needs_1_2: false,
            read_only: false,
            is_json: false,
            has_several_values: false,
            maximum: None,
            debuggable_when: None,
        }
    }

    const fn text(name: &'static str, subjects: &'static [Subject], meaning: &'static str) -> Self {
        Self::new(name, ValueType::String, subjects, meaning)
    }

    const fn flag(name: &'static str, subjects: &'static [Subject], meaning: &'static str) -> Self {
        Self::new(name, ValueType::Boolean, subjects, meaning)
    }

    const fn number(
        name: &'static str,
        maximum: i64,
        subjects: &'static [Subject],
        meaning: &'static str,
    ) -> Self {
        Self {
            maximum: Some(maximum),
            ..Self::new(name, ValueType::Integer, subjects, meaning)
        }
    }

    const fn json(name: &'static str, subjects: &'static [Subject], meaning: &'static str) -> Self {
        Self {
            is_json: true,
            ..Self::text(name, subjects, meaning)
        }
    }

    const fn deprecated_by(self, name: &'static str) -> Self {
        Self {
            deprecated_by: Some(name),
            ..self
        }
    }

    const fn since_1_2(self) -> Self {
        Self {
            needs_1_2: true,
            ..self
        }
    }

    const fn read_only(self) -> Self {
        Self {
            read_only: true,
            ..self
        }
    }

    const fn several(self) -> Self {
        Self {
            has_several_values: true,
            ..self
        }
    }

    const fn debuggable_when(self, value: DebugValue) -> Self {
        Self {
            debuggable_when: Some(value),
            ..self
        }
    }
}

/// The claims that evidence of one attestation type can give, in the order in which they are documented.
/// Some depend on the evidence: an enclave without key separation has no configuration id.
pub fn claims(subject: Subject) -> impl Iterator<Item = &'static ClaimEntry> {
    all().filter(move |claim| claim.is_given_by(subject))
}

/// The claim of that name, whatever the attestation type.
pub fn claim(name: &str) -> Option<&'static ClaimEntry> {
    all().find(|claim| claim.name == name)
}

/// Every claim of the catalog, each once.
pub fn all() -> impl Iterator<Item = &'static ClaimEntry> {
    TABLES.iter().copied().flatten()
}

const TABLES: [&[ClaimEntry]; 8] = [
    &[ATTESTATION_TYPE],
    sgx::CLAIMS,
    tdx::CLAIMS,
    snp::CLAIMS,
    azure_guest::CLAIMS,
    tpm::CLAIMS,
    platform::CLAIMS,
    reference::CLAIMS,
];

/// TPM evidence does not have it: MAA's TPM tokens carry none.
const ATTESTATION_TYPE: ClaimEntry = ClaimEntry::text(
    "x-ms-attestation-type",
    &[
        Subject::SgxEnclave,
        Subject::OpenEnclave,
        Subject::TdxVm,
        Subject::SevSnpVm,
        Subject::AzureGuest,
    ],
    "The kind of evidence: `sgx`, `tdxvm`, `sevsnpvm` or `azurevm`",
);
