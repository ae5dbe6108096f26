//! The runtime claims that the paravisor of an Azure confidential VM makes: the public keys of the virtual TPM, the
//! configuration of the VM, and what the guest put beside them (MAA documentation, "Attestation token examples",
//! `x-ms-runtime`). Owns their strict reading; that the hardware vouches for them is for the binding to show.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use crate::hex;
use crate::json::{self, AmbiguityError, JsonLimits, abridged};
use crate::rejection::{Explanation, Stage};
use crate::x509::{RsaKey, Told};

/// Runtime claims with one meaning. Members of other names than those read here are kept, for the set has grown with
/// every generation of the paravisor.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RuntimeClaims {
    members: Map<String, Value>,
    keys: Vec<(String, RsaKey)>,
    user_data: Option<Vec<u8>>,
}

/// The bytes are not runtime claims.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RuntimeError {
    /// More bytes than any genuine claims take.
    #[error("the runtime claims have {size} bytes, more than the limit of {limit}")]
    TooLarge {
        /// Size in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// Not JSON, or JSON that can be understood in two ways.
    #[error("the runtime claims are not unambiguous JSON: {reason}")]
    Syntax {
        /// What is wrong and where.
        reason: String,
    },
    /// A member that is not what belongs there.
    #[error("runtime claim `{field}` is not {expected}")]
    Field {
        /// The path of the member.
        field: String,
        /// What belongs there.
        expected: &'static str,
        /// What is there, shortened.
        found: String,
    },
    /// More keys than the paravisor lists.
    #[error("the runtime claims list {found} keys, more than the limit of {limit}")]
    KeyCount {
        /// The number of keys.
        found: usize,
        /// The limit.
        limit: usize,
    },
    /// Two keys have one name.
    #[error("the runtime claims list two keys named `{kid}`")]
    DuplicateKey {
        /// The name, shortened.
        kid: String,
    },
}

/// Whether runtime data look like those of a paravisor: they list a key of its names, or configure a VM. A guest may
/// put any JSON into a genuine report; what looks like the paravisor's has to be bound as the paravisor's.
pub fn looks_like_paravisor(members: &Map<String, Value>) -> bool {
    let keys = members.get("keys").and_then(Value::as_array);
    let is_paravisors = |key: &Value| {
        key.get("kid")
            .and_then(Value::as_str)
            .is_some_and(|kid| kid.starts_with("HCL"))
    };
    members.contains_key(VM_CONFIGURATION) || keys.is_some_and(|keys| keys.iter().any(is_paravisors))
}

impl RuntimeClaims {
    /// Reads the claims exactly as they were received.
    pub fn parse(bytes: &[u8]) -> Result<Self, RuntimeError> {
        json::check_unambiguous(bytes, LIMITS)?;
        let value: Value = serde_json::from_slice(bytes).map_err(|error| RuntimeError::Syntax {
            reason: error.to_string(),
        })?;
        let Value::Object(members) = value else {
            return Err(wrong("$", "an object", Some(&value)));
        };
        let configuration = members.get(VM_CONFIGURATION);
        if configuration.is_some_and(|value| !value.is_object()) {
            return Err(wrong(VM_CONFIGURATION, "an object", configuration));
        }
        Ok(Self {
            keys: keys(&members)?,
            user_data: user_data(&members)?,
            members,
        })
    }

    /// The claims as they become `x-ms-runtime`.
    pub const fn members(&self) -> &Map<String, Value> {
        &self.members
    }

    /// The configuration of the VM, if stated.
    pub fn vm_configuration(&self) -> Option<&Map<String, Value>> {
        self.members.get(VM_CONFIGURATION).and_then(Value::as_object)
    }

    /// The public key of the virtual TPM's attestation key.
    pub fn ak_pub(&self) -> Option<&RsaKey> {
        self.key("HCLAkPub")
    }

    /// The public key of the virtual TPM's endorsement key; not stated before 2024.
    pub fn ek_pub(&self) -> Option<&RsaKey> {
        self.key("HCLEkPub")
    }

    /// The public key under which a key release answers; only in reports made for one.
    pub fn transfer_key(&self) -> Option<&RsaKey> {
        self.key("HCLTransferKey")
    }

    /// What the guest wrote into NV index 0x01400002 before the report was made, up to 64 bytes.
    pub fn user_data(&self) -> Option<&[u8]> {
        self.user_data.as_deref()
    }

    fn key(&self, kid: &str) -> Option<&RsaKey> {
        self.keys.iter().find(|(name, _)| name == kid).map(|(_, key)| key)
    }
}

/// The RSA keys of the list by their names, which have to differ. Keys of other types stay in the members only.
fn keys(members: &Map<String, Value>) -> Result<Vec<(String, RsaKey)>, RuntimeError> {
    let listed = match members.get("keys") {
        None => return Ok(Vec::new()),
        Some(Value::Array(listed)) => listed,
        other => return Err(wrong("keys", "an array", other)),
    };
    if listed.len() > MAX_KEYS {
        return Err(RuntimeError::KeyCount {
            found: listed.len(),
            limit: MAX_KEYS,
        });
    }
    let mut names: Vec<&str> = Vec::new();
    let mut keys = Vec::new();
    for (index, listed) in listed.iter().enumerate() {
        let path = format!("keys[{index}]");
        let kid = text(listed, &path, "kid")?;
        if names.contains(&kid) {
            return Err(RuntimeError::DuplicateKey { kid: abridged(kid) });
        }
        names.push(kid);
        if text(listed, &path, "kty")? == "RSA" {
            keys.push((kid.to_owned(), rsa_key(listed, &path)?));
        }
    }
    Ok(keys)
}

/// RFC 7518, 6.3.1: modulus and exponent in base64url without padding.
fn rsa_key(listed: &Value, path: &str) -> Result<RsaKey, RuntimeError> {
    let number = |name: &'static str| {
        let encoded = text(listed, path, name)?;
        URL_SAFE_NO_PAD
            .decode(encoded)
            .map_err(|_| wrong(&format!("{path}.{name}"), "base64url", listed.get(name)))
    };
    RsaKey::from_components(&number("n")?, &number("e")?)
        .ok_or_else(|| wrong(path, "an RSA key of 2048 to 4096 bits", Some(listed)))
}

fn text<'a>(object: &'a Value, path: &str, name: &str) -> Result<&'a str, RuntimeError> {
    let value = object.get(name);
    value
        .and_then(Value::as_str)
        .ok_or_else(|| wrong(&format!("{path}.{name}"), "a string", value))
}

fn user_data(members: &Map<String, Value>) -> Result<Option<Vec<u8>>, RuntimeError> {
    let Some(value) = members.get(USER_DATA) else {
        return Ok(None);
    };
    value
        .as_str()
        .and_then(|digits| hex::decode(digits.as_bytes()))
        .filter(|data| data.len() <= MAX_USER_DATA_BYTES)
        .map(Some)
        .ok_or_else(|| wrong(USER_DATA, "at most 64 bytes in hexadecimal", Some(value)))
}

fn wrong(field: &str, expected: &'static str, found: Option<&Value>) -> RuntimeError {
    RuntimeError::Field {
        field: field.to_owned(),
        expected,
        found: found.map_or_else(|| "nothing".to_owned(), |value| abridged(&value.to_string())),
    }
}

impl From<AmbiguityError> for RuntimeError {
    fn from(error: AmbiguityError) -> Self {
        match error {
            AmbiguityError::TooLarge { size, limit } => Self::TooLarge { size, limit },
            AmbiguityError::Syntax { reason } => Self::Syntax { reason },
        }
    }
}

impl RuntimeError {
    /// The refusal as facts.
    pub fn explain(&self) -> Explanation {
        let told = Told::new("runtime_claims")
            .hint("send the runtime claims exactly as the HCL report carries them");
        match self {
            Self::TooLarge { size, limit } => told
                .code("runtime_too_large")
                .expected(format!("at most {limit} bytes"))
                .found(format!("{size} bytes")),
            Self::Syntax { reason } => told
                .code("runtime_syntax")
                .expected("JSON in which no object has a member twice")
                .found(reason),
            Self::Field {
                field,
                expected,
                found,
            } => told
                .code("runtime_field")
                .member(field)
                .expected(expected)
                .found(found),
            Self::KeyCount { found, limit } => told
                .code("runtime_key_count")
                .member("keys")
                .expected(format!("at most {limit} keys"))
                .found(found),
            Self::DuplicateKey { kid } => told
                .code("runtime_duplicate_key")
                .member("keys")
                .expected("keys of different names")
                .found(format!("`{kid}` twice")),
        }
        .at(Stage::Parse)
    }
}

/// The largest runtime claims read, in bytes. Those of a paravisor have about 1,200.
pub const MAX_RUNTIME_BYTES: usize = 64 * 1024;
/// The claims of a paravisor nest three levels deep (claims, keys, key).
const MAX_RUNTIME_DEPTH: u8 = 16;
/// A paravisor lists up to three.
const MAX_KEYS: usize = 16;
/// The size of NV index 0x01400002 (Azure, "Virtual TPMs in Azure confidential VMs").
const MAX_USER_DATA_BYTES: usize = 64;

const LIMITS: JsonLimits = JsonLimits {
    bytes: MAX_RUNTIME_BYTES,
    depth: MAX_RUNTIME_DEPTH,
};
const VM_CONFIGURATION: &str = "vm-configuration";
const USER_DATA: &str = "user-data";

#[cfg(test)]
mod tests;
