//! The settings that `configurationrules` may issue (MAA documentation, "configuration rules") and
//! the token properties that `issuancerules` may issue. Owns names, types and ranges; which of them
//! an attestation type honours, and what they cause, is the service's.

use thiserror::Error;

use crate::claim::{Value, ValueType};
use crate::suggest::closest;

/// The TCB baseline to enforce for SGX and Open Enclave; a string.
pub const TCB_IDENTIFIER: &str = "x-ms-sgx-tcbidentifier";
/// Whether TPM attestation needs a valid certificate of the attestation key; a boolean.
pub const REQUIRE_VALID_AIK_CERT: &str = "require_valid_aik_cert";
/// The PCRs that a TPM quote has to cover, bit *i* for PCR *i*; an integer.
pub const REQUIRED_PCR_MASK: &str = "required_pcr_mask";

/// A TPM has 24 PCRs (TCG PC Client Platform TPM Profile, "PCR requirements").
const PCR_MASK_MAXIMUM: i64 = 0xFF_FFFF;

const KEYS: [(&str, ValueType); 3] = [
    (TCB_IDENTIFIER, ValueType::String),
    (REQUIRE_VALID_AIK_CERT, ValueType::Boolean),
    (REQUIRED_PCR_MASK, ValueType::Integer),
];

/// Names of the properties of a token.
pub(crate) const TOKEN_PROPERTIES: [&str; 2] = ["report_validity_in_minutes", "omit_x5c"];

/// A setting that no verification can honour.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ConfigurationError {
    /// There is no such setting.
    #[error("unknown configuration key `{key}`")]
    UnknownKey {
        /// The key in the policy.
        key: String,
        /// The known key that resembles it.
        suggestion: Option<&'static str>,
    },
    /// The setting has another type.
    #[error("configuration key `{key}` takes a value of type {expected}, found {found}")]
    ValueType {
        /// The key.
        key: &'static str,
        /// The type it takes.
        expected: ValueType,
        /// The type in the policy.
        found: ValueType,
    },
    /// The mask names PCRs that a TPM does not have.
    #[error("`{found}` is not a mask of 24 PCRs")]
    PcrMask {
        /// The mask in the policy.
        found: i64,
    },
}

/// Whether `key` is a known setting.
pub(crate) fn check_key(key: &str) -> Result<(&'static str, ValueType), ConfigurationError> {
    KEYS.into_iter()
        .find(|(name, _)| *name == key)
        .ok_or_else(|| ConfigurationError::UnknownKey {
            key: crate::diagnostic::quotable(key),
            suggestion: closest(key, &KEYS.map(|(name, _)| name)),
        })
}

/// Whether `value` is one that the setting `key` takes.
pub(crate) fn check_setting(key: &str, value: &Value) -> Result<(), ConfigurationError> {
    let (key, expected) = check_key(key)?;
    let found = value.value_type();
    if found != expected {
        return Err(ConfigurationError::ValueType { key, expected, found });
    }
    match *value {
        Value::Integer(found) if key == REQUIRED_PCR_MASK && !(0..=PCR_MASK_MAXIMUM).contains(&found) => {
            Err(ConfigurationError::PcrMask { found })
        }
        _ => Ok(()),
    }
}
