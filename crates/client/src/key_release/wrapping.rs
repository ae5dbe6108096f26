//! Wrapping a secret to an RSA key, and back: PKCS #11's `CKM_RSA_AES_KEY_WRAP` (PKCS #11 3.0, "RSA AES KEY WRAP") and its
//! relatives with SHA-256 and SHA-384, as Managed HSM exports keys. A fresh AES-256 key is encrypted with RSA-OAEP, and the
//! secret is wrapped with that key (AES Key Wrap with Padding, RFC 5649). The two stand side by side.

use std::str::FromStr;

use attestry_api::json::shown;
use attestry_api::jwk::Jwk;
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::key_wrap::{AES_256, AesKek, KeyWrapPadded};
use aws_lc_rs::rsa::{
    KeySize, OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OAEP_SHA384_MGF1SHA384, OaepAlgorithm,
    OaepPrivateDecryptingKey, PrivateDecryptingKey,
};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::wrapping_key::WrappingKey;

/// Bytes of a secret. A private RSA key of 4,096 bits has 2.4 KiB as PKCS #8.
const MAX_SECRET_BYTES: usize = 64 * 1024;
/// Bytes of an AES-256 key.
const KEK_BYTES: usize = 32;
/// RFC 5649, section 4.1: the secret is padded to whole blocks of 8 bytes, and one more comes before.
const KWP_OVERHEAD: usize = 15;

/// Why something cannot be wrapped or unwrapped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WrapError {
    /// The name of the algorithm is none of those that vaults know.
    #[error(
        "the key encryption algorithm is `{found}`, `CKM_RSA_AES_KEY_WRAP`, `RSA_AES_KEY_WRAP_256` or `RSA_AES_KEY_WRAP_384` is expected"
    )]
    Algorithm {
        /// The name.
        found: String,
    },
    /// The secret is empty or too large.
    #[error("the secret has {found} bytes, 1 to {MAX_SECRET_BYTES} are accepted")]
    SecretSize {
        /// Its size.
        found: usize,
    },
    /// The private key is not one that can be used.
    #[error("the private key is not an RSA key of 2048 to 8192 bits as PKCS #8")]
    PrivateKey,
    /// What was wrapped has not the two parts.
    #[error(
        "the wrapped secret has {found} bytes, which is too few or too many for a key of {key_bytes} bytes"
    )]
    WrappedSize {
        /// Its size.
        found: usize,
        /// Bytes of the key's modulus.
        key_bytes: usize,
    },
    /// It was wrapped to another key, with another algorithm, or was changed since.
    #[error("the wrapped secret does not open with this key and algorithm")]
    Refused,
    /// The cryptographic library failed.
    #[error("the secret could not be wrapped")]
    Failed,
}

/// How a secret is wrapped: the member `enc` of a request (Key Vault REST interface, "Release").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum KeyEncryption {
    /// RSA-OAEP with SHA-1, what a request without `enc` means.
    #[default]
    CkmRsaAesKeyWrap,
    /// RSA-OAEP with SHA-256.
    RsaAesKeyWrap256,
    /// RSA-OAEP with SHA-384.
    RsaAesKeyWrap384,
}

impl KeyEncryption {
    const ALL: [Self; 3] = [
        Self::CkmRsaAesKeyWrap,
        Self::RsaAesKeyWrap256,
        Self::RsaAesKeyWrap384,
    ];

    /// Its name in requests and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CkmRsaAesKeyWrap => "CKM_RSA_AES_KEY_WRAP",
            Self::RsaAesKeyWrap256 => "RSA_AES_KEY_WRAP_256",
            Self::RsaAesKeyWrap384 => "RSA_AES_KEY_WRAP_384",
        }
    }

    /// SHA-1 is good enough in OAEP, which does not need it to resist collisions.
    fn oaep(self) -> &'static OaepAlgorithm {
        match self {
            Self::CkmRsaAesKeyWrap => &OAEP_SHA1_MGF1SHA1,
            Self::RsaAesKeyWrap256 => &OAEP_SHA256_MGF1SHA256,
            Self::RsaAesKeyWrap384 => &OAEP_SHA384_MGF1SHA384,
        }
    }
}

impl FromStr for KeyEncryption {
    type Err = WrapError;

    fn from_str(name: &str) -> Result<Self, WrapError> {
        let found = Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == name);
        found.ok_or_else(|| WrapError::Algorithm { found: shown(name) })
    }
}

/// A secret on its way: the encrypted AES key, as long as the modulus, and what that key wraps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrappedSecret(Vec<u8>);

impl WrappedSecret {
    /// Wraps a secret, for instance a private key as PKCS #8 or the bytes of a symmetric key, so that only the holder of
    /// `key` can read it.
    pub fn wrap(secret: &[u8], key: &WrappingKey, algorithm: KeyEncryption) -> Result<Self, WrapError> {
        if !(1..=MAX_SECRET_BYTES).contains(&secret.len()) {
            return Err(WrapError::SecretSize { found: secret.len() });
        }
        let mut kek = Zeroizing::new([0; KEK_BYTES]);
        aws_lc_rs::rand::fill(kek.as_mut_slice()).map_err(|_| WrapError::Failed)?;
        let mut encrypted = vec![0; key.key.ciphertext_size()];
        let encrypted = key
            .key
            .encrypt(algorithm.oaep(), kek.as_slice(), &mut encrypted, None)
            .map_err(|_| WrapError::Failed)?;
        let mut wrapped = vec![0; secret.len().saturating_add(KWP_OVERHEAD)];
        let wrapped = AesKek::new(&AES_256, kek.as_slice())
            .and_then(|kek| kek.wrap_with_padding(secret, &mut wrapped))
            .map_err(|_| WrapError::Failed)?;
        Ok(Self([&*encrypted, &*wrapped].concat()))
    }

    /// What came from a vault.
    pub fn from_bytes(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// The two parts, one after the other.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The encrypted AES key and the wrapped secret, for a workload whose RSA key, of so many bytes, is in a TPM: the TPM
    /// decrypts the first, and [`unwrap_with`](Self::unwrap_with) does the rest.
    pub fn parts(&self, key_bytes: usize) -> Result<(&[u8], &[u8]), WrapError> {
        let most = key_bytes
            .saturating_add(MAX_SECRET_BYTES)
            .saturating_add(KWP_OVERHEAD);
        let parts = self.0.split_at_checked(key_bytes);
        parts
            .filter(|(_, wrapped)| !wrapped.is_empty() && self.0.len() <= most)
            .ok_or(WrapError::WrappedSize {
                found: self.0.len(),
                key_bytes,
            })
    }

    /// Unwraps the second of the [`parts`](Self::parts) with the decrypted AES key.
    pub fn unwrap_with(kek: &[u8], wrapped: &[u8]) -> Result<Secret, WrapError> {
        let mut secret = Zeroizing::new(vec![0; wrapped.len()]);
        let length = AesKek::new(&AES_256, kek)
            .and_then(|kek| kek.unwrap_with_padding(wrapped, &mut secret))
            .map(|plain| plain.len())
            .map_err(|_| WrapError::Refused)?;
        secret.truncate(length);
        Ok(Secret(secret))
    }
}

/// A secret in the clear; its memory is overwritten when it is dropped.
#[derive(Clone)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for Secret {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }
}

/// The workload's half: an RSA key whose public part goes into the runtime data.
pub struct UnwrappingKey(PrivateDecryptingKey);

impl UnwrappingKey {
    /// A new key of 2,048 bits.
    pub fn generate() -> Result<Self, WrapError> {
        PrivateDecryptingKey::generate(KeySize::Rsa2048)
            .map(Self)
            .map_err(|_| WrapError::Failed)
    }

    /// From DER PKCS #8.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, WrapError> {
        PrivateDecryptingKey::from_pkcs8(der)
            .map(Self)
            .map_err(|_| WrapError::PrivateKey)
    }

    /// DER PKCS #8, for a workload that must keep the key.
    pub fn to_pkcs8(&self) -> Result<Secret, WrapError> {
        let der: Pkcs8V1Der<'_> = self.0.as_der().map_err(|_| WrapError::Failed)?;
        Ok(der.as_ref().to_vec().into())
    }

    /// The runtime data that announces the key: `{"keys": [JWK]}` with one key of that name, for encryption. Evidence over
    /// these very bytes makes it the key that vaults wrap to.
    pub fn runtime_data(&self, kid: &str) -> Result<String, WrapError> {
        let spki = self.0.public_key().as_der().map_err(|_| WrapError::Failed)?;
        let jwk = Jwk::from_spki(spki.as_ref()).map_err(|_| WrapError::Failed)?;
        let key = json!({"kid": kid, "kty": jwk.kty, "key_ops": ["encrypt"], "n": jwk.n, "e": jwk.e});
        Ok(json!({"keys": Value::from(vec![key])}).to_string())
    }

    /// Opens what was wrapped to this key.
    pub fn unwrap(&self, wrapped: &WrappedSecret, algorithm: KeyEncryption) -> Result<Secret, WrapError> {
        let (encrypted, rest) = wrapped.parts(self.0.key_size_bytes())?;
        let key = OaepPrivateDecryptingKey::new(self.0.clone()).map_err(|_| WrapError::PrivateKey)?;
        let mut kek = Zeroizing::new(vec![0; key.min_output_size()]);
        let length = key
            .decrypt(algorithm.oaep(), encrypted, &mut kek, None)
            .map(|plain| plain.len())
            .map_err(|_| WrapError::Refused)?;
        WrappedSecret::unwrap_with(kek.get(..length).unwrap_or_default(), rest)
    }
}

#[cfg(test)]
mod tests;
