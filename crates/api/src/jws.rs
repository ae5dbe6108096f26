//! Compact JWS (RFC 7515, 7.1): parsing without believing, verifying with a key the caller trusts,
//! assembling.
//!
//! The key decides which algorithms are possible, never the header alone; `none` passes only through
//! [`CompactJws::unsigned_payload`], which a caller must ask for by name.

use aws_lc_rs::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{
    b64,
    json::{self, canonical_json},
    jwk::{Jwk, JwkError},
    spki::{self, KeyKind, SpkiError},
};

/// Bytes of the longest JWS read: the size of a policy (256 KiB of text) after both its base64 layers,
/// with room for certificates.
pub const MAX_JWS_BYTES: usize = 1024 * 1024;

/// Signature algorithms (RFC 7518, 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    Rs384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    Rs512,
    /// RSASSA-PSS with SHA-256.
    Ps256,
    /// RSASSA-PSS with SHA-384.
    Ps384,
    /// RSASSA-PSS with SHA-512.
    Ps512,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// ECDSA on P-521 with SHA-512.
    Es512,
}

/// How closely a JWS must keep to RFC 7518.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conformance {
    /// To the letter.
    Strict,
    /// As MAA's client libraries sign policies: the names `RSA256` and `ECDH256` (Python, .NET), and
    /// ECDSA signatures as DER (C++).
    ClientSdk,
}

/// Why a JWS is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JwsError {
    /// Longer than [`MAX_JWS_BYTES`].
    #[error("the JWS has {found} bytes, {MAX_JWS_BYTES} at most are read")]
    TooLong {
        /// Its length.
        found: usize,
    },
    /// Not three parts with two full stops between them.
    #[error("a compact JWS has 3 parts, this has {found}")]
    Parts {
        /// Parts found.
        found: usize,
    },
    /// A part is not canonical unpadded base64url.
    #[error("the {part} is not unpadded base64url")]
    Base64 {
        /// `header`, `payload` or `signature`.
        part: &'static str,
    },
    /// The header is not the JSON object it must be.
    #[error("the header is malformed: {0}")]
    Header(String),
    /// The header declares extensions that must be understood (RFC 7515, 4.1.11).
    #[error("the header has the member `crit`, whose extensions are not supported")]
    CriticalExtension,
    /// The algorithm is unknown, or cannot go with the key.
    #[error("the algorithm `{found}` does not go with the key")]
    Algorithm {
        /// `alg` of the header.
        found: String,
    },
    /// A signature is needed, and there is none.
    #[error("the JWS is not signed")]
    Unsigned,
    /// `alg` is `none`, yet there is a signature (RFC 7518, 3.6).
    #[error("the algorithm is `none`, but there is a signature")]
    UnexpectedSignature,
    /// The signature does not verify.
    #[error("the signature does not verify")]
    Signature,
    /// The key is malformed or of an unsupported kind.
    #[error("the key cannot be used: {0}")]
    Key(SpkiError),
}

/// The members of a JOSE header that this service uses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Header {
    /// Algorithm name as it stands there.
    pub alg: String,
    /// Key identifier.
    pub kid: Option<String>,
    /// Where the issuer's keys are.
    pub jku: Option<String>,
    /// Type, `JWT` for tokens.
    pub typ: Option<String>,
    /// Signer's certificates, leaf first, padded base64 of DER.
    pub x5c: Vec<String>,
    /// Signer's key.
    pub jwk: Option<Jwk>,
}

/// A parsed JWS. Its payload is out of reach until a method says on what ground it is believed.
#[derive(Clone, Debug)]
pub struct CompactJws<'a> {
    signing_input: &'a str,
    header: Header,
    header_members: Map<String, Value>,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

/// A public key that may verify signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerificationKey {
    kind: KeyKind,
    spki: Vec<u8>,
}

impl Algorithm {
    /// The name of RFC 7518.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Es512 => "ES512",
        }
    }

    /// The algorithm a header names, as far as the conformance allows.
    pub fn from_header(name: &str, conformance: Conformance) -> Option<Self> {
        const ALL: [Algorithm; 9] = [
            Algorithm::Rs256,
            Algorithm::Rs384,
            Algorithm::Rs512,
            Algorithm::Ps256,
            Algorithm::Ps384,
            Algorithm::Ps512,
            Algorithm::Es256,
            Algorithm::Es384,
            Algorithm::Es512,
        ];
        match (name, conformance) {
            ("RSA256", Conformance::ClientSdk) => Some(Self::Rs256),
            ("ECDH256", Conformance::ClientSdk) => Some(Self::Es256),
            _ => ALL.into_iter().find(|algorithm| algorithm.as_str() == name),
        }
    }

    /// The kind of key it goes with.
    pub fn key_kind(self) -> KeyKind {
        match self {
            Self::Rs256 | Self::Rs384 | Self::Rs512 | Self::Ps256 | Self::Ps384 | Self::Ps512 => KeyKind::Rsa,
            Self::Es256 => KeyKind::P256,
            Self::Es384 => KeyKind::P384,
            Self::Es512 => KeyKind::P521,
        }
    }

    /// RFC 7518, 3.4: ECDSA signatures are the two integers side by side.
    fn verification(self) -> &'static dyn VerificationAlgorithm {
        match self {
            Self::Rs256 => &signature::RSA_PKCS1_2048_8192_SHA256,
            Self::Rs384 => &signature::RSA_PKCS1_2048_8192_SHA384,
            Self::Rs512 => &signature::RSA_PKCS1_2048_8192_SHA512,
            Self::Ps256 => &signature::RSA_PSS_2048_8192_SHA256,
            Self::Ps384 => &signature::RSA_PSS_2048_8192_SHA384,
            Self::Ps512 => &signature::RSA_PSS_2048_8192_SHA512,
            Self::Es256 => &signature::ECDSA_P256_SHA256_FIXED,
            Self::Es384 => &signature::ECDSA_P384_SHA384_FIXED,
            Self::Es512 => &signature::ECDSA_P521_SHA512_FIXED,
        }
    }

    /// The same with a DER signature, where there is such a form.
    fn der_verification(self) -> Option<&'static dyn VerificationAlgorithm> {
        match self {
            Self::Es256 => Some(&signature::ECDSA_P256_SHA256_ASN1),
            Self::Es384 => Some(&signature::ECDSA_P384_SHA384_ASN1),
            Self::Es512 => Some(&signature::ECDSA_P521_SHA512_ASN1),
            _ => None,
        }
    }
}

impl VerificationKey {
    /// From a DER `SubjectPublicKeyInfo`.
    pub fn from_spki(spki_der: &[u8]) -> Result<Self, SpkiError> {
        Ok(Self {
            kind: spki::key_kind(spki_der)?,
            spki: spki_der.to_vec(),
        })
    }

    /// The key of a DER certificate, which is not judged otherwise.
    pub fn from_certificate(certificate_der: &[u8]) -> Result<Self, SpkiError> {
        Self::from_spki(spki::spki_of_certificate(certificate_der)?)
    }

    /// From a JWK (see [`Jwk::spki`]).
    pub fn from_jwk(jwk: &Jwk) -> Result<Self, JwkError> {
        Self::from_spki(&jwk.spki()?).map_err(JwkError::Certificate)
    }

    /// Kind of the key.
    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    /// DER `SubjectPublicKeyInfo`.
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    fn verify(
        &self,
        algorithm: &'static dyn VerificationAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> bool {
        let Ok(bits) = spki::public_key_bits(&self.spki) else {
            return false;
        };
        UnparsedPublicKey::new(algorithm, bits)
            .verify(message, signature)
            .is_ok()
    }
}

impl<'a> CompactJws<'a> {
    /// Takes the text apart; believes nothing of it.
    pub fn parse(text: &'a str) -> Result<Self, JwsError> {
        if text.len() > MAX_JWS_BYTES {
            return Err(JwsError::TooLong { found: text.len() });
        }
        let found = text.split('.').count();
        let (signing_input, signature) = text.rsplit_once('.').ok_or(JwsError::Parts { found })?;
        let (header, payload) = signing_input.split_once('.').ok_or(JwsError::Parts { found })?;
        if payload.contains('.') {
            return Err(JwsError::Parts { found });
        }
        let decode = |text, part| b64::decode_url(text).map_err(|_| JwsError::Base64 { part });
        let header_members = header_members(&decode(header, "header")?)?;
        let header = serde_json::from_value(Value::Object(header_members.clone()))
            .map_err(|error| JwsError::Header(error.to_string()))?;
        Ok(Self {
            signing_input,
            header,
            header_members,
            payload: decode(payload, "payload")?,
            signature: decode(signature, "signature")?,
        })
    }

    /// The header, unverified: good for choosing a key and nothing else.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// All members of the header, unverified.
    pub fn header_members(&self) -> &Map<String, Value> {
        &self.header_members
    }

    /// Whether `alg` is `none`.
    pub fn is_unsigned(&self) -> bool {
        self.header.alg == "none"
    }

    /// The payload, if the signature verifies with `key`.
    pub fn verify(&self, key: &VerificationKey, conformance: Conformance) -> Result<&[u8], JwsError> {
        if self.is_unsigned() {
            return Err(JwsError::Unsigned);
        }
        let algorithm = Algorithm::from_header(&self.header.alg, conformance)
            .filter(|algorithm| algorithm.key_kind() == key.kind)
            .ok_or_else(|| JwsError::Algorithm {
                found: self.header.alg.clone(),
            })?;
        let message = self.signing_input.as_bytes();
        let der = algorithm
            .der_verification()
            .filter(|_| conformance == Conformance::ClientSdk);
        let verified = key.verify(algorithm.verification(), message, &self.signature)
            || der.is_some_and(|algorithm| key.verify(algorithm, message, &self.signature));
        if verified {
            Ok(&self.payload)
        } else {
            Err(JwsError::Signature)
        }
    }

    /// The payload of a JWS that is unsigned and says so; for callers that accept those.
    pub fn unsigned_payload(&self) -> Result<&[u8], JwsError> {
        if !self.is_unsigned() {
            return Err(JwsError::Algorithm {
                found: self.header.alg.clone(),
            });
        }
        if !self.signature.is_empty() {
            return Err(JwsError::UnexpectedSignature);
        }
        Ok(&self.payload)
    }

    /// The payload without any ground to believe it: for showing to people.
    pub fn unverified_payload(&self) -> &[u8] {
        &self.payload
    }
}

/// First two parts of a JWS, canonical JSON in both: what gets signed.
pub fn signing_input(header: &Value, payload: &Value) -> String {
    let encode = |value| b64::encode_url(canonical_json(value).as_bytes());
    format!("{}.{}", encode(header), encode(payload))
}

/// Appends the signature part; an empty one for an unsigned JWS.
pub fn assemble(signing_input: String, signature: &[u8]) -> String {
    signing_input + "." + &b64::encode_url(signature)
}

fn header_members(bytes: &[u8]) -> Result<Map<String, Value>, JwsError> {
    let value = json::parse_strict(bytes).map_err(|error| JwsError::Header(error.to_string()))?;
    let Value::Object(members) = value else {
        return Err(JwsError::Header("not an object".to_owned()));
    };
    if members.contains_key("crit") {
        return Err(JwsError::CriticalExtension);
    }
    if !members.get("alg").is_some_and(Value::is_string) {
        return Err(JwsError::Header("the member `alg` is missing".to_owned()));
    }
    Ok(members)
}

#[cfg(test)]
mod tests;
