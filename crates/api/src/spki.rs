//! Public keys as `SubjectPublicKeyInfo` (RFC 5280, 4.1.2.7): taken out of certificates, named by MAA's
//! key identifier, and turned into keys that verify.
//!
//! It judges no certificate: whoever trusts a key must know from elsewhere why.

use aws_lc_rs::digest;

use crate::b64;

mod tlv;

use tlv::Tlv;

/// A certificate or key has not the form of RFC 5280 or RFC 8017.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SpkiError {
    /// The DER structure does not hold what its standard says.
    #[error("the DER of {structure} is malformed")]
    Malformed {
        /// The structure: `certificate`, `subjectPublicKeyInfo`, ...
        structure: &'static str,
    },
    /// The key's algorithm or curve is none that JWS signatures use here.
    #[error("the key is neither RSA nor on the curves P-256, P-384, P-521")]
    UnsupportedKey,
}

/// What kind of key a `SubjectPublicKeyInfo` holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// RSA of any size.
    Rsa,
    /// ECDSA on P-256.
    P256,
    /// ECDSA on P-384.
    P384,
    /// ECDSA on P-521.
    P521,
}

impl KeyKind {
    /// `kty` of such a key (RFC 7518, 6.1).
    pub fn key_type(self) -> &'static str {
        match self {
            Self::Rsa => "RSA",
            Self::P256 | Self::P384 | Self::P521 => "EC",
        }
    }

    /// The algorithm that such a key usually signs with (RFC 7518, 3.1).
    pub fn algorithm_name(self) -> &'static str {
        match self {
            Self::Rsa => "RS256",
            Self::P256 => "ES256",
            Self::P384 => "ES384",
            Self::P521 => "ES512",
        }
    }
}

/// DER of `rsaEncryption` with NULL parameters, and of the three `ecPublicKey` curves (RFC 3279, RFC 5480).
const RSA_ENCRYPTION: &[u8] = &[
    0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
];
const EC_P256: &[u8] = &[
    0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03,
    0x01, 0x07,
];
const EC_P384: &[u8] = &[
    0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22,
];
const EC_P521: &[u8] = &[
    0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23,
];

/// The DER `SubjectPublicKeyInfo` inside a DER certificate (RFC 5280, 4.1).
pub fn spki_of_certificate(certificate_der: &[u8]) -> Result<&[u8], SpkiError> {
    const MALFORMED: SpkiError = SpkiError::Malformed {
        structure: "certificate",
    };
    let (certificate, rest) = Tlv::read(certificate_der).ok_or(MALFORMED)?;
    let (tbs, _signature) = Tlv::read(certificate.content).ok_or(MALFORMED)?;
    if !rest.is_empty() || certificate.tag != tlv::SEQUENCE || tbs.tag != tlv::SEQUENCE {
        return Err(MALFORMED);
    }
    let (first, mut fields) = Tlv::read(tbs.content).ok_or(MALFORMED)?;
    // version is [0] EXPLICIT and absent in version 1; then serialNumber, signature, issuer, validity, subject.
    let to_skip = if first.tag == tlv::CONTEXT_0 { 5 } else { 4 };
    for _ in 0..to_skip {
        fields = Tlv::read(fields).ok_or(MALFORMED)?.1;
    }
    let (spki, _extensions) = Tlv::read(fields).ok_or(MALFORMED)?;
    if spki.tag == tlv::SEQUENCE {
        Ok(spki.whole)
    } else {
        Err(MALFORMED)
    }
}

/// The kind of the key in a DER `SubjectPublicKeyInfo`.
pub fn key_kind(spki_der: &[u8]) -> Result<KeyKind, SpkiError> {
    let (algorithm, _key) = parts(spki_der)?;
    match algorithm {
        RSA_ENCRYPTION => Ok(KeyKind::Rsa),
        EC_P256 => Ok(KeyKind::P256),
        EC_P384 => Ok(KeyKind::P384),
        EC_P521 => Ok(KeyKind::P521),
        _ => Err(SpkiError::UnsupportedKey),
    }
}

/// The public key bits: PKCS#1 `RSAPublicKey` for RSA, the uncompressed point for the curves.
pub fn public_key_bits(spki_der: &[u8]) -> Result<&[u8], SpkiError> {
    parts(spki_der).map(|(_algorithm, key)| key)
}

/// Modulus and exponent of an RSA `SubjectPublicKeyInfo`, big-endian without leading zeros.
pub fn rsa_components(spki_der: &[u8]) -> Result<(&[u8], &[u8]), SpkiError> {
    const MALFORMED: SpkiError = SpkiError::Malformed {
        structure: "RSAPublicKey",
    };
    if key_kind(spki_der)? != KeyKind::Rsa {
        return Err(SpkiError::UnsupportedKey);
    }
    let (key, _) = Tlv::read(public_key_bits(spki_der)?).ok_or(MALFORMED)?;
    let (modulus, rest) = Tlv::read(key.content).ok_or(MALFORMED)?;
    let (exponent, _) = Tlv::read(rest).ok_or(MALFORMED)?;
    if modulus.tag != tlv::INTEGER || exponent.tag != tlv::INTEGER {
        return Err(MALFORMED);
    }
    Ok((
        without_leading_zeros(modulus.content),
        without_leading_zeros(exponent.content),
    ))
}

/// MAA's identifier of a signing key: padded base64 of SHA-256 over the PEM text of the key (lines of 64,
/// LF, a final LF) and one NUL byte. An SGX-hosted MAA puts the same hash into its own report data.
pub fn kid_of_spki(spki_der: &[u8]) -> String {
    b64::encode_standard(&spki_hash(spki_der))
}

/// The 32 bytes that [`kid_of_spki`] encodes.
pub fn spki_hash(spki_der: &[u8]) -> [u8; 32] {
    let mut text = pem("PUBLIC KEY", spki_der).into_bytes();
    text.push(0);
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, &text).as_ref());
    hash
}

/// PEM text (RFC 7468) with lines of 64 characters, LF, and a final LF.
pub fn pem(label: &str, der: &[u8]) -> String {
    /// RFC 7468, section 2: generators wrap at exactly 64 characters.
    const LINE: usize = 64;
    let body = b64::encode_standard(der);
    let mut text = format!("-----BEGIN {label}-----\n");
    for (index, character) in body.chars().enumerate() {
        if index > 0 && index % LINE == 0 {
            text.push('\n');
        }
        text.push(character);
    }
    text.push_str("\n-----END ");
    text.push_str(label);
    text.push_str("-----\n");
    text
}

/// Content of the AlgorithmIdentifier, and the bits of the key.
fn parts(spki_der: &[u8]) -> Result<(&[u8], &[u8]), SpkiError> {
    const MALFORMED: SpkiError = SpkiError::Malformed {
        structure: "subjectPublicKeyInfo",
    };
    let (spki, rest) = Tlv::read(spki_der).ok_or(MALFORMED)?;
    let (algorithm, fields) = Tlv::read(spki.content).ok_or(MALFORMED)?;
    let (key, trailing) = Tlv::read(fields).ok_or(MALFORMED)?;
    let in_order = spki.tag == tlv::SEQUENCE && algorithm.tag == tlv::SEQUENCE && key.tag == tlv::BIT_STRING;
    // The first content byte of a BIT STRING counts its unused bits.
    match key.content.split_first() {
        Some((0, bits)) if in_order && rest.is_empty() && trailing.is_empty() => {
            Ok((algorithm.content, bits))
        }
        _ => Err(MALFORMED),
    }
}

fn without_leading_zeros(mut integer: &[u8]) -> &[u8] {
    while let [0, rest @ ..] = integer {
        integer = rest;
    }
    integer
}

#[cfg(test)]
mod tests;
