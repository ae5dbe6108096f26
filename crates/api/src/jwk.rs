//! JSON Web Keys (RFC 7517) as MAA publishes them and as policy signers send them.

use aws_lc_rs::digest;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    b64, der,
    json::{self, JsonError},
    spki::{self, KeyKind, SpkiError},
};

/// Keys a set may hold. MAA publishes up to six; the bound keeps a hostile set cheap to refuse.
pub const MAX_KEYS: usize = 64;

/// A key as JSON. Members this crate does not use are dropped on reading.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Jwk {
    /// Algorithm the key is for, for example `RS256`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alg: Option<String>,
    /// Curve of an EC key: `P-256`, `P-384`, `P-521`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crv: Option<String>,
    /// RSA exponent, base64url.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub e: Option<String>,
    /// Identifier that token headers refer to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kid: Option<String>,
    /// `RSA` or `EC`.
    pub kty: String,
    /// RSA modulus, base64url.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub n: Option<String>,
    /// `sig` for signing keys.
    #[serde(rename = "use", skip_serializing_if = "Option::is_none")]
    pub key_use: Option<String>,
    /// Abscissa of an EC key, base64url.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub x: Option<String>,
    /// Certificate chain, leaf first, padded base64 of DER.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub x5c: Vec<String>,
    /// Ordinate of an EC key, base64url.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub y: Option<String>,
}

/// The keys of an issuer: the body of `GET /certs`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JwkSet {
    /// The keys, in the order published.
    pub keys: Vec<Jwk>,
}

/// A JWK cannot be used as a public key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JwkError {
    /// Not the JSON of a key or of a key set.
    #[error("not a JSON web key: {0}")]
    Json(String),
    /// More keys than [`MAX_KEYS`].
    #[error("the set has {found} keys, {MAX_KEYS} at most are read")]
    TooManyKeys {
        /// Keys in the set.
        found: usize,
    },
    /// A member that the key type needs is absent.
    #[error("the member `{member}` is missing")]
    Missing {
        /// Its name.
        member: &'static str,
    },
    /// A member is not the base64 it must be.
    #[error("the member `{member}` is not base64")]
    Base64 {
        /// Its name.
        member: &'static str,
    },
    /// `kty` or `crv` is none of those supported.
    #[error("the key type `{found}` is not supported")]
    UnsupportedType {
        /// `kty`, or `crv` of an EC key.
        found: String,
    },
    /// The certificate in `x5c` is malformed.
    #[error("x5c: {0}")]
    Certificate(SpkiError),
    /// The certificate holds another key than the other members (RFC 7517, 4.7).
    #[error("the certificate in x5c holds another key than the other members")]
    CertificateKeyDiffers,
}

impl From<JsonError> for JwkError {
    fn from(error: JsonError) -> Self {
        Self::Json(error.to_string())
    }
}

impl JwkSet {
    /// Reads `{"keys":[...]}`, refusing duplicate members and more than [`MAX_KEYS`] keys.
    pub fn from_json(bytes: &[u8]) -> Result<Self, JwkError> {
        let value = json::parse_strict(bytes)?;
        let set: Self = serde_json::from_value(value).map_err(|error| JwkError::Json(error.to_string()))?;
        if set.keys.len() > MAX_KEYS {
            return Err(JwkError::TooManyKeys {
                found: set.keys.len(),
            });
        }
        Ok(set)
    }
}

impl Jwk {
    /// Reads one key out of a JSON value.
    pub fn from_value(value: Value) -> Result<Self, JwkError> {
        serde_json::from_value(value).map_err(|error| JwkError::Json(error.to_string()))
    }

    /// DER of the certificates in `x5c`, leaf first.
    pub fn certificates(&self) -> Result<Vec<Vec<u8>>, JwkError> {
        self.x5c
            .iter()
            .map(|text| b64::decode_lenient(text).map_err(|_| JwkError::Base64 { member: "x5c" }))
            .collect()
    }

    /// The public key as DER `SubjectPublicKeyInfo`: of the first certificate when there is one, else of
    /// the key's own members. When both are there, they must agree.
    pub fn spki(&self) -> Result<Vec<u8>, JwkError> {
        let own = self.spki_of_members()?;
        let Some(leaf) = self.certificates()?.into_iter().next() else {
            return own.ok_or(JwkError::Missing { member: "x5c" });
        };
        let certified = spki::spki_of_certificate(&leaf).map_err(JwkError::Certificate)?;
        match own {
            Some(own) if own != certified => Err(JwkError::CertificateKeyDiffers),
            _ => Ok(certified.to_vec()),
        }
    }

    /// `None` when the key is given by certificate only.
    fn spki_of_members(&self) -> Result<Option<Vec<u8>>, JwkError> {
        match self.kty.as_str() {
            "RSA" if self.n.is_none() && self.e.is_none() => Ok(None),
            "EC" if self.x.is_none() && self.y.is_none() => Ok(None),
            "RSA" => Ok(Some(rsa_spki(
                &member(self.n.as_ref(), "n")?,
                &member(self.e.as_ref(), "e")?,
            ))),
            "EC" => {
                let curve = self.crv.as_deref().ok_or(JwkError::Missing { member: "crv" })?;
                ec_spki(
                    curve,
                    &member(self.x.as_ref(), "x")?,
                    &member(self.y.as_ref(), "y")?,
                )
                .map(Some)
            }
            "" => Err(JwkError::Missing { member: "kty" }),
            other => Err(JwkError::UnsupportedType {
                found: other.to_owned(),
            }),
        }
    }

    /// The JWK of a public key: `kty` and the key's own members, nothing else.
    pub fn from_spki(spki_der: &[u8]) -> Result<Self, SpkiError> {
        let kind = spki::key_kind(spki_der)?;
        if kind == KeyKind::Rsa {
            let (modulus, exponent) = spki::rsa_components(spki_der)?;
            return Ok(Self {
                kty: "RSA".to_owned(),
                n: Some(b64::encode_url(modulus)),
                e: Some(b64::encode_url(exponent)),
                ..Self::default()
            });
        }
        let (curve, size) = match kind {
            KeyKind::P384 => ("P-384", P384_BYTES),
            KeyKind::P521 => ("P-521", P521_BYTES),
            KeyKind::P256 | KeyKind::Rsa => ("P-256", P256_BYTES),
        };
        let malformed = SpkiError::Malformed { structure: "ECPoint" };
        let point = spki::public_key_bits(spki_der)?
            .strip_prefix(&[UNCOMPRESSED])
            .ok_or(malformed)?;
        let (x, y) = point.split_at_checked(size).ok_or(malformed)?;
        Ok(Self {
            kty: "EC".to_owned(),
            crv: Some(curve.to_owned()),
            x: Some(b64::encode_url(x)),
            y: Some(b64::encode_url(y)),
            ..Self::default()
        })
    }
}

/// Upper-case hexadecimal SHA-1 of a DER certificate, the thumbprint MAA's management tokens carry.
pub fn thumbprint(certificate_der: &[u8]) -> String {
    let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, certificate_der);
    crate::hex::encode(hash.as_ref()).to_ascii_uppercase()
}

/// SEC 1, 2.3.3: first byte of an uncompressed point.
const UNCOMPRESSED: u8 = 0x04;
/// Bytes of one coordinate (RFC 7518, 6.2.1.2).
const P256_BYTES: usize = 32;
const P384_BYTES: usize = 48;
const P521_BYTES: usize = 66;

fn member(value: Option<&String>, member: &'static str) -> Result<Vec<u8>, JwkError> {
    let text = value.ok_or(JwkError::Missing { member })?;
    b64::decode_url(text).map_err(|_| JwkError::Base64 { member })
}

fn rsa_spki(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
    let key = der::sequence([
        der::integer_from_bytes(modulus),
        der::integer_from_bytes(exponent),
    ]);
    let algorithm = der::sequence([der::oid(&[1, 2, 840, 113_549, 1, 1, 1]), der::null()]);
    der::sequence([algorithm, der::bit_string(&key)])
}

fn ec_spki(curve: &str, x: &[u8], y: &[u8]) -> Result<Vec<u8>, JwkError> {
    let (size, curve_oid) = match curve {
        "P-256" => (P256_BYTES, der::oid(&[1, 2, 840, 10_045, 3, 1, 7])),
        "P-384" => (P384_BYTES, der::oid(&[1, 3, 132, 0, 34])),
        "P-521" => (P521_BYTES, der::oid(&[1, 3, 132, 0, 35])),
        other => {
            return Err(JwkError::UnsupportedType {
                found: other.to_owned(),
            });
        }
    };
    if x.len() != size || y.len() != size {
        return Err(JwkError::Base64 { member: "x, y" });
    }
    let point = [&[UNCOMPRESSED][..], x, y].concat();
    let algorithm = der::sequence([der::oid(&[1, 2, 840, 10_045, 2, 1]), curve_oid]);
    Ok(der::sequence([algorithm, der::bit_string(&point)]))
}

#[cfg(test)]
mod tests;
