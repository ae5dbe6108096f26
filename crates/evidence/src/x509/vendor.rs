//! Keys and signature algorithms of the hierarchies other than Intel's: AMD's (RSA-4096 with PSS above P-384) and
//! those of Microsoft and the makers of TPMs (RSA with PKCS#1 v1.5, P-256 and P-384).

use std::fmt;

use aws_lc_rs::signature::{
    self, ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA384_ASN1, ECDSA_P384_SHA256_ASN1, ECDSA_P384_SHA384_ASN1,
    ParsedPublicKey, VerificationAlgorithm,
};
use der::asn1::{AnyRef, ObjectIdentifier, UintRef};
use der::{Decode as _, Encode as _, Reader as _, Sequence, SliceReader, Tag, TagNumber};

use super::family::{EC_P256, KeyFamily, oid};

/// A public key of a vendor. Two keys are equal when their encodings are.
#[derive(Clone, Eq, PartialEq)]
pub enum VendorKey {
    /// An RSA key of 2048 to 4096 bits.
    Rsa(RsaKey),
    /// An uncompressed point on P-256, 65 bytes.
    P256(Vec<u8>),
    /// An uncompressed point on P-384, 97 bytes.
    P384(Vec<u8>),
}

/// An RSA public key (RFC 8017, 3.1).
#[derive(Clone, Eq, PartialEq)]
pub struct RsaKey {
    modulus: Vec<u8>,
    exponent: Vec<u8>,
    /// `RSAPublicKey`, DER.
    encoded: Vec<u8>,
}

impl RsaKey {
    /// The modulus, big-endian, without leading zeros: 256 to 512 bytes.
    pub fn modulus(&self) -> &[u8] {
        &self.modulus
    }

    /// The public exponent, big-endian, without leading zeros.
    pub fn exponent(&self) -> &[u8] {
        &self.exponent
    }

    /// The key of this modulus and public exponent, each big-endian, as TPMs and JWKs state them; leading zeros do not
    /// count. `None` for sizes that are not used.
    pub fn from_components(modulus: &[u8], exponent: &[u8]) -> Option<Self> {
        let key = EncodedKey {
            modulus: UintRef::new(modulus).ok()?,
            exponent: UintRef::new(exponent).ok()?,
        };
        Self::from_der(&key.to_der().ok()?)
    }

    /// The key of an `RSAPublicKey` (RFC 8017, A.1.1); `None` when it is malformed or of a size that is not used.
    fn from_der(encoded: &[u8]) -> Option<Self> {
        let EncodedKey { modulus, exponent } = EncodedKey::from_der(encoded).ok()?;
        let (modulus, exponent) = (modulus.as_bytes().to_vec(), exponent.as_bytes().to_vec());
        let odd = |number: &[u8]| number.last().is_some_and(|last| last & 1 == 1);
        let usable = MODULUS_BYTES.contains(&modulus.len())
            && (1..=EXPONENT_BYTES).contains(&exponent.len())
            && odd(&modulus)
            && odd(&exponent)
            && exponent != [1];
        usable.then(|| Self {
            modulus,
            exponent,
            encoded: encoded.to_vec(),
        })
    }
}

/// RFC 8017, A.1.1: `RSAPublicKey`.
#[derive(Sequence)]
struct EncodedKey<'a> {
    modulus: UintRef<'a>,
    exponent: UintRef<'a>,
}

impl VendorKey {
    /// The key of a complete `SubjectPublicKeyInfo` (RFC 5280, 4.1.2.7).
    pub fn from_spki(der: &[u8]) -> Option<Self> {
        let mut reader = SliceReader::new(der).ok()?;
        let (algorithm, key) = reader
            .sequence(|inner| {
                Ok::<_, der::Error>((inner.tlv_bytes()?, inner.decode::<der::asn1::BitStringRef<'_>>()?))
            })
            .ok()?;
        reader.finish().ok()?;
        Self::from_public_key_info(algorithm, key.as_bytes()?)
    }

    /// The RSA key, if it is one.
    pub const fn rsa(&self) -> Option<&RsaKey> {
        match self {
            Self::Rsa(key) => Some(key),
            Self::P256(_) | Self::P384(_) => None,
        }
    }

    /// Whether `signature` is this key's over `message`: a DER `Ecdsa-Sig-Value`, or the octets of an RSA signature.
    pub fn verify(&self, algorithm: SignatureAlgorithm, message: &[u8], signature: &[u8]) -> bool {
        self.verifies(algorithm, message, signature)
    }

    fn octets(&self) -> &[u8] {
        match self {
            Self::Rsa(key) => &key.encoded,
            Self::P256(point) | Self::P384(point) => point,
        }
    }
}

/// A hash function of signatures.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Hash {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

/// A signature algorithm.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SignatureAlgorithm {
    /// RSASSA-PKCS1-v1_5 (RFC 8017, 8.2).
    RsaPkcs1(Hash),
    /// RSASSA-PSS with MGF1 of the same hash and a salt as long as the hash (RFC 8017, 8.1).
    RsaPss(Hash),
    /// ECDSA (RFC 5758, 3.2).
    Ecdsa(Hash),
}

impl KeyFamily for VendorKey {
    type Algorithm = SignatureAlgorithm;

    fn algorithm(identifier: &[u8]) -> Option<SignatureAlgorithm> {
        let mut reader = SliceReader::new(identifier).ok()?;
        let (algorithm, parameters) = reader
            .sequence(|inner| {
                let algorithm: ObjectIdentifier = inner.decode()?;
                Ok::<_, der::Error>((algorithm, inner.read_slice(inner.remaining_len())?))
            })
            .ok()?;
        reader.finish().ok()?;
        if algorithm == RSASSA_PSS {
            return pss_hash(parameters).map(SignatureAlgorithm::RsaPss);
        }
        let (_, expected, found) = ALGORITHMS.iter().find(|(oid, ..)| *oid == algorithm)?;
        (*expected == parameters).then_some(*found)
    }

    fn from_public_key_info(algorithm: &[u8], key: &[u8]) -> Option<Self> {
        let on_curve = |curve: &'static dyn VerificationAlgorithm| {
            (key.first() == Some(&UNCOMPRESSED) && ParsedPublicKey::new(curve, key).is_ok())
                .then(|| key.to_vec())
        };
        match algorithm {
            RSA_ENCRYPTION => RsaKey::from_der(key).map(Self::Rsa),
            EC_P256 => on_curve(&ECDSA_P256_SHA256_ASN1).map(Self::P256),
            EC_P384 => on_curve(&ECDSA_P384_SHA384_ASN1).map(Self::P384),
            _ => None,
        }
    }

    fn verifies(&self, algorithm: SignatureAlgorithm, message: &[u8], signature: &[u8]) -> bool {
        let Some(verification) = verification(self, algorithm) else {
            return false;
        };
        ParsedPublicKey::new(verification, self.octets())
            .is_ok_and(|key| key.verify_sig(message, signature).is_ok())
    }

    // Policies, extended usages and alternative names narrow what a certificate is for; who verifies a chain judges
    // the ones that matter there.
    const UNDERSTOOD: &'static [ObjectIdentifier] = &[
        oid::AUTHORITY_KEY_IDENTIFIER,
        oid::BASIC_CONSTRAINTS,
        oid::CERTIFICATE_POLICIES,
        oid::CRL_DISTRIBUTION_POINTS,
        oid::EXTENDED_KEY_USAGE,
        oid::KEY_USAGE,
        oid::SUBJECT_ALTERNATIVE_NAME,
        oid::SUBJECT_KEY_IDENTIFIER,
    ];
    const CRLS_ARE_NUMBERED: bool = false;
    const KEYS: &'static str = "an RSA key of 2048 to 4096 bits, or a point on P-256 or P-384";
    const ALGORITHMS: &'static str =
        "RSA with PKCS#1 v1.5 or PSS, or ECDSA, with SHA-256, SHA-384 or SHA-512";
}

fn verification(
    key: &VendorKey,
    algorithm: SignatureAlgorithm,
) -> Option<&'static dyn VerificationAlgorithm> {
    use Hash::{Sha256, Sha384, Sha512};
    use SignatureAlgorithm::{Ecdsa, RsaPkcs1, RsaPss};
    match (key, algorithm) {
        (VendorKey::Rsa(_), RsaPkcs1(Sha256)) => Some(&signature::RSA_PKCS1_2048_8192_SHA256),
        (VendorKey::Rsa(_), RsaPkcs1(Sha384)) => Some(&signature::RSA_PKCS1_2048_8192_SHA384),
        (VendorKey::Rsa(_), RsaPkcs1(Sha512)) => Some(&signature::RSA_PKCS1_2048_8192_SHA512),
        (VendorKey::Rsa(_), RsaPss(Sha256)) => Some(&signature::RSA_PSS_2048_8192_SHA256),
        (VendorKey::Rsa(_), RsaPss(Sha384)) => Some(&signature::RSA_PSS_2048_8192_SHA384),
        (VendorKey::Rsa(_), RsaPss(Sha512)) => Some(&signature::RSA_PSS_2048_8192_SHA512),
        (VendorKey::P256(_), Ecdsa(Sha256)) => Some(&ECDSA_P256_SHA256_ASN1),
        (VendorKey::P256(_), Ecdsa(Sha384)) => Some(&ECDSA_P256_SHA384_ASN1),
        (VendorKey::P384(_), Ecdsa(Sha256)) => Some(&ECDSA_P384_SHA256_ASN1),
        (VendorKey::P384(_), Ecdsa(Sha384)) => Some(&ECDSA_P384_SHA384_ASN1),
        _ => None,
    }
}

/// The hash of `RSASSA-PSS-params` (RFC 4055, 3.1), when the mask generation uses the same one, the salt is as long
/// and the trailer field is the usual one: left out, as DER wants a default to be, or written, as AMD's key server
/// did for years.
fn pss_hash(parameters: &[u8]) -> Option<Hash> {
    let mut outer = SliceReader::new(parameters).ok()?;
    let list: AnyRef<'_> = outer.decode().ok()?;
    outer.finish().ok()?;
    if list.header().tag() != Tag::Sequence {
        return None;
    }
    let mut fields = SliceReader::new(list.value()).ok()?;
    let hash = hash_of(explicit(&mut fields, 0)?)?;
    let mask = explicit(&mut fields, 1)?;
    let mask_hash = SliceReader::new(mask)
        .and_then(|mut reader| {
            let inner = reader.sequence(|inner| {
                let function: ObjectIdentifier = inner.decode()?;
                Ok::<_, der::Error>((function, inner.read_slice(inner.remaining_len())?))
            })?;
            reader.finish()?;
            Ok(inner)
        })
        .ok()
        .filter(|(function, _)| *function == MGF1)
        .and_then(|(_, hash)| hash_of(hash))?;
    let salt: u16 = u16::from_der(explicit(&mut fields, 2)?).ok()?;
    if !fields.is_finished() && u8::from_der(explicit(&mut fields, 3)?).ok()? != TRAILER_FIELD_BC {
        return None;
    }
    let as_long = salt
        == match hash {
            Hash::Sha256 => 32,
            Hash::Sha384 => 48,
            Hash::Sha512 => 64,
        };
    (fields.is_finished() && mask_hash == hash && as_long).then_some(hash)
}

/// The contents of the next value, which has this explicit context-specific tag.
fn explicit<'a>(fields: &mut SliceReader<'a>, number: u32) -> Option<&'a [u8]> {
    let value: AnyRef<'a> = fields.decode().ok()?;
    let tag = Tag::ContextSpecific {
        constructed: true,
        number: TagNumber(number),
    };
    (value.header().tag() == tag).then(|| value.value())
}

/// The hash of an `AlgorithmIdentifier`, its parameters absent or NULL (RFC 4055, 2.1).
pub(crate) fn hash_of(identifier: &[u8]) -> Option<Hash> {
    let mut reader = SliceReader::new(identifier).ok()?;
    let (algorithm, parameters) = reader
        .sequence(|inner| {
            let algorithm: ObjectIdentifier = inner.decode()?;
            Ok::<_, der::Error>((algorithm, inner.read_slice(inner.remaining_len())?))
        })
        .ok()?;
    reader.finish().ok()?;
    let (_, hash) = HASHES.iter().find(|(oid, _)| *oid == algorithm)?;
    matches!(parameters, [] | NULL).then_some(*hash)
}

impl fmt::Debug for VendorKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self {
            Self::Rsa(key) => return key.fmt(f),
            Self::P256(_) => "P256",
            Self::P384(_) => "P384",
        };
        write!(f, "{kind}({})", crate::hex::encode(self.octets()))
    }
}

impl fmt::Debug for RsaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rsa({})", crate::hex::encode(&self.modulus))
    }
}

/// 2048 bits are the least that is called secure (NIST SP 800-131A), 4096 the most that the vendors' keys have.
const MODULUS_BYTES: std::ops::RangeInclusive<usize> = 256..=512;
/// TPM 2.0 Part 2, 12.2.3.5: an exponent is a UINT32. Genuine ones are 65537.
const EXPONENT_BYTES: usize = 4;
/// SEC 1, 2.3.3: the first octet of an uncompressed point.
const UNCOMPRESSED: u8 = 4;
/// RFC 4055, 3.1: `trailerFieldBC`.
const TRAILER_FIELD_BC: u8 = 1;
const NULL: &[u8] = &[0x05, 0x00];

/// `AlgorithmIdentifier` of an RSA key: rsaEncryption with NULL (RFC 3279, 2.3.1).
const RSA_ENCRYPTION: &[u8] = &[
    0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
];
/// `AlgorithmIdentifier` of a key on P-384: id-ecPublicKey with the named curve secp384r1 (RFC 5480, 2.1.1).
const EC_P384: &[u8] = &[
    0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00,
    0x22,
];
/// RFC 8017, A.2.3.
const RSASSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");
/// RFC 8017, A.2.3.
const MGF1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.8");
/// RFC 4055, 5 and RFC 5758, 3.2, with the parameters that belong to each.
const ALGORITHMS: [(ObjectIdentifier, &[u8], SignatureAlgorithm); 6] = [
    (
        ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11"),
        NULL,
        SignatureAlgorithm::RsaPkcs1(Hash::Sha256),
    ),
    (
        ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.12"),
        NULL,
        SignatureAlgorithm::RsaPkcs1(Hash::Sha384),
    ),
    (
        ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.13"),
        NULL,
        SignatureAlgorithm::RsaPkcs1(Hash::Sha512),
    ),
    (
        ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2"),
        &[],
        SignatureAlgorithm::Ecdsa(Hash::Sha256),
    ),
    (
        ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3"),
        &[],
        SignatureAlgorithm::Ecdsa(Hash::Sha384),
    ),
    (
        ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.4"),
        &[],
        SignatureAlgorithm::Ecdsa(Hash::Sha512),
    ),
];
/// RFC 4055, 2.1.
const HASHES: [(ObjectIdentifier, Hash); 3] = [
    (
        ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1"),
        Hash::Sha256,
    ),
    (
        ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2"),
        Hash::Sha384,
    ),
    (
        ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3"),
        Hash::Sha512,
    ),
];

#[cfg(test)]
mod tests;
