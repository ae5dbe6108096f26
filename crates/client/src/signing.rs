//! Signing what administrators send: policies, resets, roll-backs and policy certificates, as JWS with the signer's
//! certificates in `x5c` (MAA documentation, "Policy version and signing"). It must not know where they are sent.

use attestry_api::jws::VerificationKey;
use attestry_api::policy_envelope::POLICY_MEMBER;
use attestry_api::signed_envelope::MAX_SIGNER_CERTIFICATES;
use attestry_api::spki::{self, KeyKind, SpkiError};
use attestry_api::{b64, canonical_json, claim, jws};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED_SIGNING,
    EcdsaKeyPair, EcdsaSigningAlgorithm, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Map, Value, json};

/// Why nothing can be signed with a key and a certificate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SigningError {
    /// The PEM text has no private key of a form that is read.
    #[error("there is no private key (PKCS #8, PKCS #1 or SEC 1 PEM, not encrypted) in the key's PEM")]
    NoKey,
    /// The PEM text has no certificate.
    #[error("there is no certificate in the certificate's PEM")]
    NoCertificate,
    /// More certificates than services read.
    #[error("there are {found} certificates, {MAX_SIGNER_CERTIFICATES} at most go into a signature")]
    TooManyCertificates {
        /// Certificates in the PEM text.
        found: usize,
    },
    /// The certificate is malformed, or its key is of a kind that does not sign.
    #[error("the certificate cannot be used: {0}")]
    Certificate(SpkiError),
    /// The private key is malformed, too small, or of another kind than the certificate's.
    #[error("the private key cannot be used with the certificate: {reason}")]
    Key {
        /// What is wrong with it.
        reason: String,
    },
    /// The private key is another one than the certificate's.
    #[error("the certificate is of another key: the private key's public half is not in it")]
    OtherKey,
    /// The cryptographic library failed.
    #[error("signing failed")]
    Failed,
}

/// The one use a signature is good for. Clients of MAA say nothing of the kind, and services take a JWS without;
/// Attestry refuses one that names another use, and can be set to demand it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedUse {
    /// `aud`: URL of the one operation, for example `https://attest.example/policies/SgxEnclave`.
    pub url: String,
    /// `iat`, unix seconds: nothing older is taken afterwards.
    pub issued_at: i64,
}

/// A private key and its certificate, checked to belong together.
pub struct CertifiedKey {
    key: Key,
    kind: KeyKind,
    certificates: Vec<Vec<u8>>,
}

/// Who signs policies, and what else administrators send.
pub struct PolicySigner(CertifiedKey);

enum Key {
    Rsa(Box<RsaKeyPair>),
    Ec(EcdsaKeyPair),
}

impl CertifiedKey {
    /// From PEM texts: the private key (RSA, or EC on P-256, P-384 or P-521), and its certificate followed by those
    /// that lead to its authority.
    pub fn from_pem(key_pem: &[u8], certificate_pem: &[u8]) -> Result<Self, SigningError> {
        let certificates = certificates_in(certificate_pem)?;
        let leaf = certificates.first().ok_or(SigningError::NoCertificate)?;
        let certified = VerificationKey::from_certificate(leaf).map_err(SigningError::Certificate)?;
        let kind = certified.kind();
        let key = PrivateKeyDer::from_pem_slice(key_pem).map_err(|_| SigningError::NoKey)?;
        let key = Key::new(&key, kind).map_err(|reason| SigningError::Key { reason })?;
        let bits = spki::public_key_bits(certified.spki()).map_err(SigningError::Certificate)?;
        if key.public_key() != bits {
            return Err(SigningError::OtherKey);
        }
        Ok(Self {
            key,
            kind,
            certificates,
        })
    }

    /// DER of the certificates, the signer's own first.
    pub fn certificates(&self) -> &[Vec<u8>] {
        &self.certificates
    }

    /// The signature algorithm: `RS256`, `ES256`, `ES384` or `ES512`.
    pub fn algorithm(&self) -> &'static str {
        self.kind.algorithm_name()
    }

    /// A JWS of a JSON document, with the certificates in `x5c`.
    pub fn sign_json(&self, payload: &Value) -> Result<String, SigningError> {
        self.sign(&canonical_json(payload))
    }

    fn sign(&self, payload: &str) -> Result<String, SigningError> {
        let x5c: Vec<_> = self
            .certificates
            .iter()
            .map(|der| b64::encode_standard(der))
            .collect();
        let header = canonical_json(&json!({ "alg": self.algorithm(), "x5c": x5c }));
        let input = format!(
            "{}.{}",
            b64::encode_url(header.as_bytes()),
            b64::encode_url(payload.as_bytes())
        );
        let signature = self.key.sign(input.as_bytes())?;
        Ok(jws::assemble(input, &signature))
    }
}

impl PolicySigner {
    /// From PEM texts, as [`CertifiedKey::from_pem`] takes them.
    pub fn from_pem(key_pem: &[u8], certificate_pem: &[u8]) -> Result<Self, SigningError> {
        CertifiedKey::from_pem(key_pem, certificate_pem).map(Self)
    }

    /// DER of the certificates, the signer's own first.
    pub fn certificates(&self) -> &[Vec<u8>] {
        self.0.certificates()
    }

    /// The signature algorithm: `RS256`, `ES256`, `ES384` or `ES512`.
    pub fn algorithm(&self) -> &'static str {
        self.0.algorithm()
    }

    /// The JWS that sets a policy to `text`.
    pub fn sign_policy(&self, text: &str, only_for: Option<&SignedUse>) -> Result<String, SigningError> {
        self.sign_members(
            [(POLICY_MEMBER, b64::encode_url(text.as_bytes()).into())],
            only_for,
        )
    }

    /// The JWS that resets a policy: without a payload, as MAA's clients send it, unless it names its use.
    pub fn sign_reset(&self, only_for: Option<&SignedUse>) -> Result<String, SigningError> {
        match only_for {
            None => self.0.sign(""),
            Some(_) => self.sign_members([], only_for),
        }
    }

    /// The JWS that brings an earlier revision of a policy back.
    pub fn sign_rollback(&self, revision: i64, only_for: Option<&SignedUse>) -> Result<String, SigningError> {
        self.sign_members([("revision", revision.into())], only_for)
    }

    /// The JWS that adds or removes a policy signing certificate, given as DER.
    pub fn sign_certificate(
        &self,
        certificate_der: &[u8],
        only_for: Option<&SignedUse>,
    ) -> Result<String, SigningError> {
        let key = VerificationKey::from_certificate(certificate_der).map_err(SigningError::Certificate)?;
        let jwk = json!({
            "kty": key.kind().key_type(),
            "x5c": [b64::encode_standard(certificate_der)],
        });
        self.sign_members([("policyCertificate", jwk)], only_for)
    }

    /// The JWS that replaces a provider's settings.
    pub fn sign_settings(
        &self,
        settings: &Map<String, Value>,
        only_for: Option<&SignedUse>,
    ) -> Result<String, SigningError> {
        self.sign_members([("settings", settings.clone().into())], only_for)
    }

    fn sign_members<const N: usize>(
        &self,
        members: [(&str, Value); N],
        only_for: Option<&SignedUse>,
    ) -> Result<String, SigningError> {
        let mut payload: Map<_, _> = members
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        if let Some(SignedUse { url, issued_at }) = only_for {
            payload.insert("aud".to_owned(), url.clone().into());
            payload.insert(claim::IAT.to_owned(), (*issued_at).into());
        }
        self.0.sign_json(&payload.into())
    }
}

/// DER of the certificates in a PEM text, in their order: at least one, and no more than go into a signature.
pub(crate) fn certificates_in(pem: &[u8]) -> Result<Vec<Vec<u8>>, SigningError> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem)
        .map(|certificate| certificate.map(|der| der.to_vec()))
        .collect();
    let certificates = certificates.map_err(|_| SigningError::NoCertificate)?;
    match certificates.len() {
        0 => Err(SigningError::NoCertificate),
        1..=MAX_SIGNER_CERTIFICATES => Ok(certificates),
        found => Err(SigningError::TooManyCertificates { found }),
    }
}

impl Key {
    /// Reads a private key of this kind.
    fn new(key: &PrivateKeyDer<'_>, kind: KeyKind) -> Result<Self, String> {
        let algorithm: &EcdsaSigningAlgorithm = match kind {
            KeyKind::Rsa => {
                let pair = match key {
                    PrivateKeyDer::Pkcs1(key) => RsaKeyPair::from_der(key.secret_pkcs1_der()),
                    key => RsaKeyPair::from_pkcs8(key.secret_der()),
                };
                return pair
                    .map(|pair| Self::Rsa(Box::new(pair)))
                    .map_err(|error| error.to_string());
            }
            KeyKind::P256 => &ECDSA_P256_SHA256_FIXED_SIGNING,
            KeyKind::P384 => &ECDSA_P384_SHA384_FIXED_SIGNING,
            KeyKind::P521 => &ECDSA_P521_SHA512_FIXED_SIGNING,
        };
        EcdsaKeyPair::from_private_key_der(algorithm, key.secret_der())
            .map(Self::Ec)
            .map_err(|error| error.to_string())
    }

    /// The bits of the public key as a `SubjectPublicKeyInfo` has them.
    fn public_key(&self) -> &[u8] {
        match self {
            Self::Rsa(pair) => pair.public_key().as_ref(),
            Self::Ec(pair) => pair.public_key().as_ref(),
        }
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SigningError> {
        let random = SystemRandom::new();
        match self {
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                    .map_err(|_| SigningError::Failed)?;
                Ok(signature)
            }
            Self::Ec(pair) => pair
                .sign(&random, message)
                .map(|signature| signature.as_ref().to_vec())
                .map_err(|_| SigningError::Failed),
        }
    }
}

#[cfg(test)]
mod tests;
