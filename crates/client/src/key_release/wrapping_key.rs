//! The key that a secret is wrapped to: the workload's own, which the evidence vouches for and the token repeats in
//! `x-ms-runtime` (Key Vault documentation, "Azure Key Vault secure key release policy grammar", "Environment Assertion").
//! Keys that a token carries elsewhere, for instance inside `x-ms-isolation-tee`, are never it.

use attestry_api::json::shown;
use attestry_api::jwk::Jwk;
use attestry_api::jwt::ValidatedToken;
use attestry_api::{b64, claim};
use aws_lc_rs::rsa::{OaepPublicEncryptingKey, PublicEncryptingKey};
use serde_json::{Map, Value};

/// Sizes of the modulus in bits. NIST SP 800-131A demands 2,048; virtual TPMs have that size, and 4,096 is the largest that
/// Key Vault knows.
const MIN_MODULUS_BITS: usize = 2_048;
const MAX_MODULUS_BITS: usize = 4_096;
/// The smallest public exponent of FIPS 186-5, A.1.1, and the one that all keys in use have.
const MIN_EXPONENT: u64 = 65_537;
/// The largest exponent: what fits into four bytes, as in a TPM's public area.
const MAX_EXPONENT: u64 = 0xFFFF_FFFF;

/// Why a token has no key to wrap a secret to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WrappingKeyError {
    /// A draft token, which anybody can have written.
    #[error("the token is not signed, its keys are nobody's")]
    Unsigned,
    /// No list of keys where the workload's keys are.
    #[error("the token has no array `x-ms-runtime.keys`: the workload attested no key")]
    NoKeys,
    /// None of the keys is for encryption.
    #[error(
        "none of the {found} keys in `x-ms-runtime.keys` is an RSA key with `key_ops` that contains `encrypt` or with the use `enc`"
    )]
    NoneSuitable {
        /// Keys there are.
        found: usize,
    },
    /// The key has no name.
    #[error("the key for encryption in `x-ms-runtime.keys` has no `kid`")]
    NoKid,
    /// The key is malformed.
    #[error("the key `{kid}` in `x-ms-runtime.keys` cannot be used: {reason}")]
    Malformed {
        /// Its name.
        kid: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The key is too small, or larger than any in use.
    #[error(
        "the key `{kid}` in `x-ms-runtime.keys` has {found} bits, {MIN_MODULUS_BITS} to {MAX_MODULUS_BITS} are accepted"
    )]
    Size {
        /// Its name.
        kid: String,
        /// Bits of its modulus.
        found: usize,
    },
    /// The public exponent is weak, or none that keys in use have.
    #[error(
        "the exponent of the key `{kid}` in `x-ms-runtime.keys` is not an odd number from {MIN_EXPONENT} to {MAX_EXPONENT}"
    )]
    Exponent {
        /// Its name.
        kid: String,
    },
}

/// An RSA key that only the attested workload can decrypt with.
#[derive(Debug)]
pub struct WrappingKey {
    kid: String,
    bits: usize,
    pub(super) key: OaepPublicEncryptingKey,
}

impl WrappingKey {
    /// The first key in the claim `x-ms-runtime.keys` that is RSA and for encryption (`key_ops` contains `encrypt`, or
    /// `key_use` or `use` is `enc`). When that one is not good enough, no other is looked for.
    pub fn from_token(token: &ValidatedToken) -> Result<Self, WrappingKeyError> {
        if !token.is_signed() {
            return Err(WrappingKeyError::Unsigned);
        }
        let keys = token
            .claims()
            .get(claim::RUNTIME)
            .and_then(|runtime| runtime.get("keys"))
            .and_then(Value::as_array)
            .ok_or(WrappingKeyError::NoKeys)?;
        let mut members = keys.iter().filter_map(Value::as_object);
        let key = members
            .find(|key| is_for_encryption(key))
            .ok_or(WrappingKeyError::NoneSuitable { found: keys.len() })?;
        Self::from_members(key)
    }

    /// The key's name.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// Bits of its modulus.
    pub fn bits(&self) -> usize {
        self.bits
    }

    fn from_members(key: &Map<String, Value>) -> Result<Self, WrappingKeyError> {
        let kid = text(key, "kid").filter(|kid| !kid.is_empty());
        let kid = kid.ok_or(WrappingKeyError::NoKid)?;
        let malformed = |reason| WrappingKeyError::Malformed {
            kid: shown(kid),
            reason,
        };
        let number = |member| text(key, member).and_then(|text| b64::decode_url(text).ok());
        let modulus = number("n").ok_or_else(|| malformed("`n` is missing or not base64url"))?;
        let exponent = number("e").ok_or_else(|| malformed("`e` is missing or not base64url"))?;
        let found = bits(&modulus);
        if !(MIN_MODULUS_BITS..=MAX_MODULUS_BITS).contains(&found) {
            let kid = shown(kid);
            return Err(WrappingKeyError::Size { kid, found });
        }
        if !is_exponent(&exponent) {
            return Err(WrappingKeyError::Exponent { kid: shown(kid) });
        }
        let key = encrypting_key(&modulus, &exponent).ok_or_else(|| malformed("it is no RSA key"))?;
        Ok(Self {
            kid: kid.to_owned(),
            bits: found,
            key,
        })
    }
}

/// RFC 7518, 6.1.
const RSA: &str = "RSA";

fn is_for_encryption(key: &Map<String, Value>) -> bool {
    let is_operation = |operations: &Value| {
        let names = operations.as_array().map(Vec::as_slice).unwrap_or_default();
        names.iter().any(|name| name == "encrypt")
    };
    text(key, "kty") == Some(RSA)
        && (text(key, "key_use") == Some("enc")
            || text(key, "use") == Some("enc")
            || key.get("key_ops").is_some_and(is_operation))
}

fn text<'a>(key: &'a Map<String, Value>, member: &str) -> Option<&'a str> {
    key.get(member).and_then(Value::as_str)
}

/// Bits of a big-endian number.
fn bits(number: &[u8]) -> usize {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let significant = number.get(zeros..).unwrap_or_default();
    let in_first = significant.first().map_or(0, |first| first.leading_zeros());
    significant
        .len()
        .saturating_mul(8)
        .saturating_sub(usize::try_from(in_first).unwrap_or(0))
}

fn is_exponent(big_endian: &[u8]) -> bool {
    let add = |number: u64, byte: &u8| number.checked_mul(256)?.checked_add(u64::from(*byte));
    let number = big_endian.iter().try_fold(0, add).unwrap_or(u64::MAX);
    (MIN_EXPONENT..=MAX_EXPONENT).contains(&number) && number % 2 == 1
}

fn encrypting_key(modulus: &[u8], exponent: &[u8]) -> Option<OaepPublicEncryptingKey> {
    let jwk = Jwk {
        kty: RSA.to_owned(),
        n: Some(b64::encode_url(modulus)),
        e: Some(b64::encode_url(exponent)),
        ..Jwk::default()
    };
    let key = PublicEncryptingKey::from_der(&jwk.spki().ok()?).ok()?;
    OaepPublicEncryptingKey::new(key).ok()
}

#[cfg(test)]
mod tests;
