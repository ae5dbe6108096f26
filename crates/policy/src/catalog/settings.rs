//! What `issueproperty` can set, and for which attestation types (MAA documentation, "configuration
//! rules" and "token property claims").

use super::Subject;
use crate::configuration::{
    OMIT_X5C, REPORT_VALIDITY, REQUIRE_VALID_AIK_CERT, REQUIRED_PCR_MASK, TCB_IDENTIFIER,
};

/// A setting of the verification or a property of tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SettingEntry {
    /// The `type` that `issueproperty` gives it.
    pub name: &'static str,
    /// The attestation types on which it has an effect.
    pub subjects: &'static [Subject],
}

/// The setting of that name that configuration rules can issue.
///
/// ```
/// use attestry_policy::catalog::{Subject, setting};
///
/// assert_eq!(setting("required_pcr_mask").unwrap().subjects, [Subject::Tpm]);
/// ```
pub fn setting(name: &str) -> Option<&'static SettingEntry> {
    SETTINGS.iter().find(|entry| entry.name == name)
}

/// The token property of that name that issuance rules can issue.
pub fn token_property(name: &str) -> Option<&'static SettingEntry> {
    TOKEN_PROPERTIES.iter().find(|entry| entry.name == name)
}

const SETTINGS: &[SettingEntry] = &[
    SettingEntry {
        name: TCB_IDENTIFIER,
        subjects: &[Subject::SgxEnclave, Subject::OpenEnclave],
    },
    SettingEntry {
        name: REQUIRE_VALID_AIK_CERT,
        subjects: &[Subject::Tpm],
    },
    SettingEntry {
        name: REQUIRED_PCR_MASK,
        subjects: &[Subject::Tpm],
    },
];

const TOKEN_PROPERTIES: &[SettingEntry] = &[
    SettingEntry {
        name: REPORT_VALIDITY,
        subjects: &[Subject::Tpm],
    },
    SettingEntry {
        name: OMIT_X5C,
        subjects: &[Subject::Tpm],
    },
];
