//! Files under an operator's signature: who chose what is in them.
//!
//! A file is a DSSE envelope (Dead Simple Signing Envelope, protocol 1.0): JSON with the payload in base64 and Ed25519
//! or ECDSA P-256 signatures over its pre-authentication encoding, which covers the payload's type. This module owns the
//! envelope and the keys; it must not know what a payload means.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, ED25519, EcdsaKeyPair, Ed25519KeyPair,
    ParsedPublicKey,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{PrivatePkcs8KeyDer, SubjectPublicKeyInfoDer};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Why a signed file cannot be made or opened.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SignedFileError {
    /// The file is larger than the limit.
    #[error("the file has more than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The file is not an envelope.
    #[error("the file is not a signed envelope: {what}")]
    Malformed {
        /// Which part is wrong.
        what: &'static str,
    },
    /// The envelope holds something else.
    #[error("the file is not of the type `{}`", expected.join("` or `"))]
    PayloadType {
        /// What was expected.
        expected: Vec<&'static str>,
    },
    /// No signature is by the operator's key.
    #[error("the file is not signed with the operator's key")]
    Signature,
    /// The operator's private key cannot be used.
    #[error("the operator's private key is not an Ed25519 or P-256 key in PKCS #8 PEM")]
    PrivateKey,
    /// The operator's public key cannot be used.
    #[error("the operator's public key is not an Ed25519 or P-256 key in PEM")]
    PublicKey,
}

/// The operator's private key. Does not show itself.
pub struct OperatorSigner(SigningKey);

enum SigningKey {
    Ed25519(Ed25519KeyPair),
    EcdsaP256(EcdsaKeyPair),
}

impl OperatorSigner {
    /// Reads a private key, PKCS #8 PEM, Ed25519 or P-256.
    pub fn from_pem(pem: &[u8]) -> Result<Self, SignedFileError> {
        let key = PrivatePkcs8KeyDer::from_pem_slice(pem).map_err(|_| SignedFileError::PrivateKey)?;
        let pkcs8 = key.secret_pkcs8_der();
        if let Ok(key) = Ed25519KeyPair::from_pkcs8(pkcs8) {
            return Ok(Self(SigningKey::Ed25519(key)));
        }
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8)
            .map(|key| Self(SigningKey::EcdsaP256(key)))
            .map_err(|_| SignedFileError::PrivateKey)
    }

    /// A signed file of this type.
    pub fn seal(&self, payload_type: &str, payload: &[u8]) -> Result<Vec<u8>, SignedFileError> {
        let signature = self.sign(&pre_authentication_encoding(payload_type, payload))?;
        let envelope = Envelope {
            payload_type: payload_type.to_owned(),
            payload: STANDARD.encode(payload),
            signatures: vec![Signature {
                sig: STANDARD.encode(signature),
            }],
        };
        serde_json::to_vec_pretty(&envelope).map_err(|_| SignedFileError::Malformed { what: "envelope" })
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignedFileError> {
        let signature = match &self.0 {
            SigningKey::Ed25519(key) => key.try_sign(message),
            SigningKey::EcdsaP256(key) => key.sign(&SystemRandom::new(), message),
        };
        Ok(signature
            .map_err(|_| SignedFileError::PrivateKey)?
            .as_ref()
            .to_vec())
    }
}

/// The operator's public key, which files must be signed with.
#[derive(Debug, Clone)]
pub struct OperatorKey(ParsedPublicKey);

impl OperatorKey {
    /// Reads a public key, SubjectPublicKeyInfo PEM, Ed25519 or P-256.
    pub fn from_pem(pem: &[u8]) -> Result<Self, SignedFileError> {
        let key = SubjectPublicKeyInfoDer::from_pem_slice(pem).map_err(|_| SignedFileError::PublicKey)?;
        ParsedPublicKey::new(&ED25519, &key)
            .or_else(|_| ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &key))
            .map(Self)
            .map_err(|_| SignedFileError::PublicKey)
    }

    /// What is in a file of one of these types that is signed with this key. Files with more bytes than the limit are not
    /// read.
    pub fn open(&self, file: &[u8], types: &[&'static str], limit: usize) -> Result<Opened, SignedFileError> {
        if file.len() > limit {
            return Err(SignedFileError::TooLarge { limit });
        }
        let malformed = |what| SignedFileError::Malformed { what };
        let envelope: Envelope = serde_json::from_slice(file).map_err(|_| malformed("envelope"))?;
        let known = types.iter().find(|known| **known == envelope.payload_type);
        let payload_type = *known.ok_or_else(|| SignedFileError::PayloadType {
            expected: types.to_vec(),
        })?;
        let payload = STANDARD
            .decode(&envelope.payload)
            .map_err(|_| malformed("payload"))?;
        let message = pre_authentication_encoding(payload_type, &payload);
        let signed = envelope.signatures.iter().take(MAX_SIGNATURES).any(|signature| {
            STANDARD
                .decode(&signature.sig)
                .is_ok_and(|signature| self.0.verify_sig(&message, &signature).is_ok())
        });
        if signed {
            Ok(Opened {
                payload_type,
                payload,
            })
        } else {
            Err(SignedFileError::Signature)
        }
    }
}

/// The content of a signed file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// Its type, which the signature covers.
    pub payload_type: &'static str,
    /// The content.
    pub payload: Vec<u8>,
}

/// Whether a file is a signed one, of whatever type, by its form alone.
pub fn is_signed_file(file: &[u8]) -> bool {
    serde_json::from_slice::<Envelope>(file).is_ok()
}

/// DSSE protocol, "PAE".
fn pre_authentication_encoding(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len());
    [head.as_bytes(), payload].concat()
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    payload_type: String,
    payload: String,
    signatures: Vec<Signature>,
}

#[derive(Serialize, Deserialize)]
struct Signature {
    sig: String,
}

/// Several operators may sign; more signatures than this are somebody playing.
const MAX_SIGNATURES: usize = 8;

#[cfg(test)]
mod tests;
