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

/// How many minutes a token is valid; an integer.
pub const REPORT_VALIDITY: &str = "report_validity_in_minutes";
/// Whether a token's header names the signing certificate by its thumbprint only; a boolean.
pub const OMIT_X5C: &str = "omit_x5c";

/// Names of the properties of a token.
pub(crate) const TOKEN_PROPERTIES: [&str; 2] = [REPORT_VALIDITY, OMIT_X5C];

/// A token is valid for a year at most (MAA documentation, "token property claims").
pub const REPORT_VALIDITY_MAXIMUM: i64 = 525_600;

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
    /// A token property has another type.
    #[error("token property `{key}` takes a value of type {expected}, found {found}")]
    PropertyType {
        /// The property.
        key: &'static str,
        /// The type it takes.
        expected: ValueType,
        /// The type in the policy.
        found: ValueType,
    },
    /// A token would be valid for no time, or for too long.
    #[error("`report_validity_in_minutes` is 1 to 525600, found {found}")]
    ReportValidity {
        /// The minutes in the policy.
        found: i64,
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

/// Whether `value` is one that the token property `key` takes; other names are no properties of tokens,
/// and mean nothing.
pub(crate) fn check_token_property(key: &str, value: &Value) -> Result<(), ConfigurationError> {
    let (key, expected) = match key {
        REPORT_VALIDITY => (REPORT_VALIDITY, ValueType::Integer),
        OMIT_X5C => (OMIT_X5C, ValueType::Boolean),
        _ => return Ok(()),
    };
    let found = value.value_type();
    match *value {
        Value::Integer(minutes) if key == REPORT_VALIDITY => {
            if (1..=REPORT_VALIDITY_MAXIMUM).contains(&minutes) {
                return Ok(());
            }
            Err(ConfigurationError::ReportValidity { found: minutes })
        }
        _ if found == expected => Ok(()),
        _ => Err(ConfigurationError::PropertyType { key, expected, found }),
    }
}
