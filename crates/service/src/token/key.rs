//! One signing key: generated or loaded once, kept parsed.

use std::{fmt, str::FromStr};

use attestry_api::{der, kid_of_spki};
use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der},
    rand::SystemRandom,
    rsa::KeySize,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
        EcdsaSigningAlgorithm, KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding, RsaKeyPair,
    },
};
use zeroize::Zeroizing;

use super::TokenError;

/// Algorithms tokens can be signed with. MAA signs with RS256, and its clients read nothing else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SigningAlgorithm {
    /// RSA-2048, RSASSA-PKCS1-v1_5 with SHA-256.
    #[default]
    Rs256,
    /// RSA-2048, RSASSA-PSS with SHA-256.
    Ps256,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
}

impl SigningAlgorithm {
    /// The name of RFC 7518.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
        }
    }

    fn curve(self) -> Option<&'static EcdsaSigningAlgorithm> {
        match self {
            Self::Rs256 | Self::Ps256 => None,
            Self::Es256 => Some(&ECDSA_P256_SHA256_FIXED_SIGNING),
            Self::Es384 => Some(&ECDSA_P384_SHA384_FIXED_SIGNING),
        }
    }
}

impl FromStr for SigningAlgorithm {
    type Err = UnknownSigningAlgorithm;

    fn from_str(text: &str) -> Result<Self, UnknownSigningAlgorithm> {
        [Self::Rs256, Self::Ps256, Self::Es256, Self::Es384]
            .into_iter()
            .find(|algorithm| algorithm.as_str() == text)
            .ok_or_else(|| UnknownSigningAlgorithm(text.to_owned()))
    }
}

impl fmt::Display for SigningAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// No signing algorithm has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not one of RS256, PS256, ES256, ES384")]
pub struct UnknownSigningAlgorithm(pub String);

/// A private key with its public half and MAA's identifier of it.
pub struct SigningKey {
    algorithm: SigningAlgorithm,
    pair: Pair,
    spki: Vec<u8>,
    kid: String,
}

enum Pair {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair),
}

impl SigningKey {
    /// A new random key.
    pub fn generate(algorithm: SigningAlgorithm) -> Result<Self, TokenError> {
        let pair = match algorithm.curve() {
            None => RsaKeyPair::generate(KeySize::Rsa2048).map(Pair::Rsa),
            Some(curve) => EcdsaKeyPair::generate(curve).map(Pair::Ec),
        };
        Self::new(
            algorithm,
            pair.map_err(|_| TokenError::Crypto {
                operation: "generate",
            })?,
        )
    }

    /// The key stored earlier as [`SigningKey::pkcs8`].
    pub fn from_pkcs8(algorithm: SigningAlgorithm, pkcs8: &[u8]) -> Result<Self, TokenError> {
        let pair = match algorithm.curve() {
            None => RsaKeyPair::from_pkcs8(pkcs8).map(Pair::Rsa),
            Some(curve) => EcdsaKeyPair::from_pkcs8(curve, pkcs8).map(Pair::Ec),
        };
        Self::new(
            algorithm,
            pair.map_err(|_| TokenError::MalformedKey { algorithm })?,
        )
    }

    fn new(algorithm: SigningAlgorithm, pair: Pair) -> Result<Self, TokenError> {
        let spki: Result<PublicKeyX509Der<'_>, _> = match &pair {
            Pair::Rsa(pair) => pair.public_key().as_der(),
            Pair::Ec(pair) => pair.public_key().as_der(),
        };
        let spki = spki
            .map_err(|_| TokenError::Crypto { operation: "encode" })?
            .as_ref()
            .to_vec();
        Ok(Self {
            algorithm,
            pair,
            kid: kid_of_spki(&spki),
            spki,
        })
    }

    /// The private key as PKCS #8 DER, wiped when dropped.
    pub fn pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, TokenError> {
        let failed = |_| TokenError::Crypto { operation: "encode" };
        match &self.pair {
            Pair::Rsa(pair) => {
                let der: Pkcs8V1Der<'_> = pair.as_der().map_err(failed)?;
                Ok(Zeroizing::new(der.as_ref().to_vec()))
            }
            Pair::Ec(pair) => Ok(Zeroizing::new(
                pair.to_pkcs8v1().map_err(failed)?.as_ref().to_vec(),
            )),
        }
    }

    /// The algorithm it signs tokens with.
    pub fn algorithm(&self) -> SigningAlgorithm {
        self.algorithm
    }

    /// MAA's key identifier (see [`kid_of_spki`]).
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// Public key, DER `SubjectPublicKeyInfo`.
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// Signs as JWS wants it (RFC 7518, section 3).
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, TokenError> {
        let padding: &'static dyn RsaEncoding = match self.algorithm {
            SigningAlgorithm::Ps256 => &RSA_PSS_SHA256,
            _ => &RSA_PKCS1_SHA256,
        };
        self.sign_with(padding, message)
    }

    /// Signs as X.509 wants it: the DER AlgorithmIdentifier, and the signature bits. RSA keys sign
    /// certificates with PKCS #1 v1.5 whatever they sign tokens with.
    pub(super) fn sign_certificate(&self, tbs: &[u8]) -> Result<(Vec<u8>, Vec<u8>), TokenError> {
        let signature = self.sign_with(&RSA_PKCS1_SHA256, tbs)?;
        let bits = match &self.pair {
            Pair::Rsa(_) => signature,
            Pair::Ec(_) => ecdsa_der(&signature),
        };
        Ok((self.certificate_algorithm(), bits))
    }

    /// The DER AlgorithmIdentifier of [`SigningKey::sign_certificate`] (RFC 4055, section 5; RFC 5758, 3.2).
    pub(super) fn certificate_algorithm(&self) -> Vec<u8> {
        match self.algorithm {
            SigningAlgorithm::Rs256 | SigningAlgorithm::Ps256 => {
                der::sequence([der::oid(&[1, 2, 840, 113_549, 1, 1, 11]), der::null()])
            }
            SigningAlgorithm::Es256 => der::sequence([der::oid(&[1, 2, 840, 10_045, 4, 3, 2])]),
            SigningAlgorithm::Es384 => der::sequence([der::oid(&[1, 2, 840, 10_045, 4, 3, 3])]),
        }
    }

    fn sign_with(&self, padding: &'static dyn RsaEncoding, message: &[u8]) -> Result<Vec<u8>, TokenError> {
        let failed = |_| TokenError::Crypto { operation: "sign" };
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(padding, &random, message, &mut signature)
                    .map_err(failed)?;
                Ok(signature)
            }
            Pair::Ec(pair) => Ok(pair.sign(&random, message).map_err(failed)?.as_ref().to_vec()),
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("algorithm", &self.algorithm)
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

/// The two halves of a fixed-length signature as `Ecdsa-Sig-Value` (RFC 3279, 2.2.3).
fn ecdsa_der(fixed: &[u8]) -> Vec<u8> {
    let (r, s) = fixed.split_at(fixed.len() / 2);
    der::sequence([der::integer_from_bytes(r), der::integer_from_bytes(s)])
}

#[cfg(test)]
mod tests;
