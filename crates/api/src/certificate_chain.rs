//! One certificate of the chain that comes with a signed message, and whether another one issued it (RFC 5280, 6.1,
//! without policies and names other than the subject's).

use crate::spki::{self, KeyKind, SpkiError};
use aws_lc_rs::signature::{self, ParsedPublicKey, UnparsedPublicKey, VerificationAlgorithm};
use der::{
    Decode, Encode, Reader, SliceReader,
    asn1::{BitString, ObjectIdentifier},
    oid::AssociatedOid,
};
use thiserror::Error;
use x509_cert::{
    TbsCertificate,
    ext::pkix::{BasicConstraints, KeyUsage},
    name::Name,
    spki::AlgorithmIdentifierOwned,
};

/// The largest certificate that is read, in bytes. Ordinary ones have one or two thousand.
const MAX_CERTIFICATE_BYTES: usize = 16 * 1024;

/// Sizes of the modulus of keys that signatures are verified with: 2,048 to 8,192 bits.
const MIN_RSA_BYTES: usize = 256;
const MAX_RSA_BYTES: usize = 1_024;

/// Why a certificate is not accepted in a chain.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ChainError {
    /// Larger than this service reads.
    #[error("the certificate has {found} bytes, {MAX_CERTIFICATE_BYTES} at most are read")]
    TooLarge {
        /// Its size.
        found: usize,
    },
    /// Not the DER of a certificate.
    #[error("the certificate is malformed")]
    Malformed,
    /// Its key is of an unsupported kind.
    #[error("the certificate's key cannot be used: {0}")]
    Key(#[from] SpkiError),
    /// It demands that an extension is understood which this service does not know.
    #[error("the certificate `CN={common_name}` has an unknown critical extension {oid}")]
    CriticalExtension {
        /// Common name of its subject.
        common_name: String,
        /// Which.
        oid: String,
    },
    /// It is not valid at the time.
    #[error(
        "the certificate `CN={common_name}` is valid from {not_before} to {not_after} (unix seconds), it is {now}"
    )]
    NotValid {
        /// Common name of its subject.
        common_name: String,
        /// First second of validity.
        not_before: i64,
        /// Last second of validity.
        not_after: i64,
        /// The time it was judged at.
        now: i64,
    },
    /// The next certificate is another's, may not certify, or did not sign.
    #[error("the certificate `CN={common_name}` is not issued by `CN={issuer}`: {reason}")]
    NotIssued {
        /// Common name of its subject.
        common_name: String,
        /// Common name of the certificate that should have issued it.
        issuer: String,
        /// What stands against it.
        reason: &'static str,
    },
}

/// A certificate, parsed; nothing of it is believed.
#[derive(Debug, Clone)]
pub struct ChainCertificate {
    tbs: Vec<u8>,
    signature_algorithm: ObjectIdentifier,
    signature: Vec<u8>,
    issuer: Vec<u8>,
    issuer_common_name: String,
    subject: Vec<u8>,
    common_name: String,
    not_before: i64,
    not_after: i64,
    spki: Vec<u8>,
    kind: KeyKind,
    authority: Option<Authority>,
}

/// What `basicConstraints` and `keyUsage` allow an authority.
#[derive(Debug, Clone, Copy)]
struct Authority {
    path_length: Option<usize>,
    may_sign_certificates: bool,
}

impl ChainCertificate {
    /// Parses the DER of a certificate; refuses critical extensions that are not understood here.
    pub fn from_der(der: &[u8]) -> Result<Self, ChainError> {
        if der.len() > MAX_CERTIFICATE_BYTES {
            return Err(ChainError::TooLarge { found: der.len() });
        }
        let spki = spki::spki_of_certificate(der)?.to_vec();
        let (tbs, algorithm, signature) = split(der).map_err(|_| ChainError::Malformed)?;
        let parsed = TbsCertificate::from_der(&tbs).map_err(|_| ChainError::Malformed)?;
        // RFC 5280, 4.1.1.2: the algorithm inside the signed part is the same.
        if *parsed.signature() != algorithm {
            return Err(ChainError::Malformed);
        }
        let name = |name: &Name| name.to_der().map_err(|_| ChainError::Malformed);
        let common_name = common_name(parsed.subject());
        check_critical_extensions(&parsed, &common_name)?;
        let seconds = |time: &x509_cert::time::Time| {
            i64::try_from(time.to_unix_duration().as_secs()).map_err(|_| ChainError::Malformed)
        };
        Ok(Self {
            signature_algorithm: algorithm.oid,
            signature,
            issuer: name(parsed.issuer())?,
            issuer_common_name: self::common_name(parsed.issuer()),
            subject: name(parsed.subject())?,
            not_before: seconds(&parsed.validity().not_before)?,
            not_after: seconds(&parsed.validity().not_after)?,
            kind: spki::key_kind(&spki)?,
            authority: authority(&parsed)?,
            spki,
            common_name,
            tbs,
        })
    }

    /// Its public key, DER `SubjectPublicKeyInfo`.
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// Common name of its subject; the whole name when it has none.
    pub fn common_name(&self) -> &str {
        &self.common_name
    }

    /// Common name of its issuer; the whole name when it has none.
    pub fn issuer_common_name(&self) -> &str {
        &self.issuer_common_name
    }

    /// Whether it may certify others: `basicConstraints` says so, and `keyUsage` does not say otherwise.
    pub fn is_authority(&self) -> bool {
        self.authority
            .is_some_and(|authority| authority.may_sign_certificates)
    }

    /// Whether signatures can be verified with its key: RSA of 2,048 to 8,192 bits, or a point on its curve.
    pub fn has_usable_key(&self) -> bool {
        let algorithm: &'static dyn VerificationAlgorithm = match self.kind {
            // The library looks at the size only when it verifies.
            KeyKind::Rsa if !self.has_rsa_size() => return false,
            KeyKind::Rsa => &signature::RSA_PKCS1_2048_8192_SHA256,
            KeyKind::P256 => &signature::ECDSA_P256_SHA256_ASN1,
            KeyKind::P384 => &signature::ECDSA_P384_SHA384_ASN1,
            KeyKind::P521 => &signature::ECDSA_P521_SHA512_ASN1,
        };
        spki::public_key_bits(&self.spki).is_ok_and(|bits| ParsedPublicKey::new(algorithm, bits).is_ok())
    }

    fn has_rsa_size(&self) -> bool {
        spki::rsa_components(&self.spki)
            .is_ok_and(|(modulus, _)| (MIN_RSA_BYTES..=MAX_RSA_BYTES).contains(&modulus.len()))
    }

    /// Kind of its key.
    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    /// Refuses it when it is not valid at the time `at`, unix seconds; `None` leaves its dates alone.
    pub fn check_dates(&self, at: Option<i64>) -> Result<(), ChainError> {
        let Some(now) = at else {
            return Ok(());
        };
        if (self.not_before..=self.not_after).contains(&now) {
            return Ok(());
        }
        Err(ChainError::NotValid {
            common_name: self.common_name.clone(),
            not_before: self.not_before,
            not_after: self.not_after,
            now,
        })
    }

    /// Whether `issuer` certified this one, with so many authorities between it and the signer.
    pub fn check_issued_by(&self, issuer: &Self, authorities_between: usize) -> Result<(), ChainError> {
        let refused = |reason| {
            Err(ChainError::NotIssued {
                common_name: self.common_name.clone(),
                issuer: issuer.common_name.clone(),
                reason,
            })
        };
        if self.issuer != issuer.subject {
            return refused("its issuer has another name");
        }
        let Some(authority) = issuer
            .authority
            .filter(|authority| authority.may_sign_certificates)
        else {
            return refused("that is not a certification authority");
        };
        if authority
            .path_length
            .is_some_and(|most| authorities_between > most)
        {
            return refused("that allows fewer authorities below it");
        }
        let Some(algorithm) = verification(self.signature_algorithm, issuer.kind) else {
            return refused("its signature algorithm is not supported, or not that key's");
        };
        let Ok(bits) = spki::public_key_bits(&issuer.spki) else {
            return refused("that has no usable key");
        };
        match UnparsedPublicKey::new(algorithm, bits).verify(&self.tbs, &self.signature) {
            Ok(()) => Ok(()),
            Err(_) => refused("the signature does not verify"),
        }
    }
}

/// The signed part as its very bytes, the signature's algorithm and the signature.
fn split(der: &[u8]) -> der::Result<(Vec<u8>, AlgorithmIdentifierOwned, Vec<u8>)> {
    let mut outer = SliceReader::new(der)?;
    let parts = outer.sequence(|reader| {
        let tbs = reader.tlv_bytes()?.to_vec();
        let algorithm = AlgorithmIdentifierOwned::decode(reader)?;
        let signature = BitString::decode(reader)?;
        let bytes = signature.as_bytes().ok_or(der::ErrorKind::Failed)?;
        der::Result::Ok((tbs, algorithm, bytes.to_vec()))
    })?;
    outer.finish()?;
    Ok(parts)
}

fn common_name(name: &Name) -> String {
    let found = name.common_name().ok().flatten();
    found.map_or_else(|| name.to_string(), |name| name.value().into_owned())
}

fn check_critical_extensions(parsed: &TbsCertificate, common_name: &str) -> Result<(), ChainError> {
    let extensions = parsed.extensions().map_or(&[][..], |extensions| extensions);
    let unknown = extensions.iter().find(|extension| {
        extension.critical && ![BasicConstraints::OID, KeyUsage::OID].contains(&extension.extn_id)
    });
    match unknown {
        Some(extension) => Err(ChainError::CriticalExtension {
            common_name: common_name.to_owned(),
            oid: extension.extn_id.to_string(),
        }),
        None => Ok(()),
    }
}

fn authority(parsed: &TbsCertificate) -> Result<Option<Authority>, ChainError> {
    let constraints = parsed
        .get_extension::<BasicConstraints>()
        .map_err(|_| ChainError::Malformed)?;
    let usage = parsed
        .get_extension::<KeyUsage>()
        .map_err(|_| ChainError::Malformed)?;
    let Some((_, constraints)) = constraints.filter(|(_, constraints)| constraints.ca) else {
        return Ok(None);
    };
    Ok(Some(Authority {
        path_length: constraints.path_len_constraint.map(usize::from),
        may_sign_certificates: usage.is_none_or(|(_, usage)| usage.key_cert_sign()),
    }))
}

/// RFC 8017, A.2.4 and RFC 5758, 3.2.
fn verification(oid: ObjectIdentifier, key: KeyKind) -> Option<&'static dyn VerificationAlgorithm> {
    const SHA256_WITH_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
    const SHA384_WITH_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.12");
    const SHA512_WITH_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.13");
    const ECDSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
    const ECDSA_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");
    const ECDSA_SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.4");
    Some(match (oid, key) {
        (SHA256_WITH_RSA, KeyKind::Rsa) => &signature::RSA_PKCS1_2048_8192_SHA256,
        (SHA384_WITH_RSA, KeyKind::Rsa) => &signature::RSA_PKCS1_2048_8192_SHA384,
        (SHA512_WITH_RSA, KeyKind::Rsa) => &signature::RSA_PKCS1_2048_8192_SHA512,
        (ECDSA_SHA256, KeyKind::P256) => &signature::ECDSA_P256_SHA256_ASN1,
        (ECDSA_SHA384, KeyKind::P256) => &signature::ECDSA_P256_SHA384_ASN1,
        (ECDSA_SHA256, KeyKind::P384) => &signature::ECDSA_P384_SHA256_ASN1,
        (ECDSA_SHA384, KeyKind::P384) => &signature::ECDSA_P384_SHA384_ASN1,
        (ECDSA_SHA256, KeyKind::P521) => &signature::ECDSA_P521_SHA256_ASN1,
        (ECDSA_SHA384, KeyKind::P521) => &signature::ECDSA_P521_SHA384_ASN1,
        (ECDSA_SHA512, KeyKind::P521) => &signature::ECDSA_P521_SHA512_ASN1,
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
