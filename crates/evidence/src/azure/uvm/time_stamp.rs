//! Time stamp tokens (RFC 3161): a CMS message (RFC 5652) in which an authority states when it saw a hash. Owns the
//! token, its signature and the authority's certificates; whose roots are trusted is given.

use aws_lc_rs::digest;
use der::asn1::{AnyRef, ObjectIdentifier, OctetStringRef};
use der::{Decode, Reader, SliceReader, Tag, TagNumber, Tagged};

use super::UvmTrust;
use crate::time::UnixTime;
use crate::x509::{
    EncodingError, Hash, KeyFamily, Path, PathError, SignatureAlgorithm, VendorCertificate, VendorKey,
    hash_of, is_in_future,
};

mod cms;

use cms::{SignedToken, SignerInfo};

/// A time stamp is not acceptable.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TimeStampError {
    /// There is none.
    #[error("there is no time stamp")]
    Missing,
    /// Not DER of the type that belongs there.
    #[error("the time stamp's {field} is malformed")]
    Malformed {
        /// The field of RFC 5652 or RFC 3161 that cannot be read.
        field: &'static str,
    },
    /// An algorithm that is not used, or one that differs where two have to agree.
    #[error("the time stamp's {field} is not supported")]
    Algorithm {
        /// Where it stands.
        field: &'static str,
    },
    /// A certificate in the token cannot be read.
    #[error("a certificate of the time stamp cannot be read: {error}")]
    Certificate {
        /// What is wrong.
        error: EncodingError,
    },
    /// The token does not carry the certificate of its signer.
    #[error("the time stamp lacks the certificate of its signer")]
    SignerMissing,
    /// The signed attributes do not name the signer's certificate.
    #[error("the time stamp names another certificate than its signer's")]
    SigningCertificate,
    /// The signer's certificate is not for time stamping alone.
    #[error("the certificate of the time stamp's signer is not for time stamping alone")]
    Purpose,
    /// The authority's certificates are not acceptable.
    #[error("the certificates of the time stamp's signer: {error}")]
    Path {
        /// What is wrong.
        error: PathError,
    },
    /// The attributes do not carry the hash of the statement.
    #[error("the time stamp's message digest is not that of its statement")]
    MessageDigest,
    /// The signature is not the authority's.
    #[error("the time stamp's signature is not its signer's")]
    Signature,
    /// The stamp was made for something else.
    #[error("the time stamp was made for other bytes")]
    Imprint,
    /// The stamp was made after now, clock skew granted.
    #[error("the time stamp was made at {at} and it is {now}")]
    InTheFuture {
        /// When it says that it was made.
        at: UnixTime,
        /// The time of the verification.
        now: UnixTime,
    },
}

/// The moment at which a trusted authority saw `message`.
pub(super) fn verify(
    token: &[u8],
    message: &[u8],
    trust: &UvmTrust,
    now: UnixTime,
) -> Result<UnixTime, TimeStampError> {
    let token = SignedToken::parse(token)?;
    let statement = Statement::parse(token.content)?;
    if is_in_future(statement.at, now) {
        return Err(TimeStampError::InTheFuture {
            at: statement.at,
            now,
        });
    }
    let imprint = digest::digest(digest_of(statement.imprint_hash), message);
    if imprint.as_ref() != statement.imprint {
        return Err(TimeStampError::Imprint);
    }
    let path = authority(&token)?;
    check_signature(&token.signer, token.content, &path)?;
    check_purpose(&path)?;
    trust
        .check_time_stamp_authority(&path)
        .and_then(|()| path.check_validity(statement.at, 0))
        .map_err(|error| TimeStampError::Path { error })?;
    Ok(statement.at)
}

/// What the authority states, `TSTInfo` (RFC 3161, 2.4.2), as far as it is heeded.
struct Statement<'a> {
    imprint_hash: Hash,
    imprint: &'a [u8],
    at: UnixTime,
}

impl<'a> Statement<'a> {
    fn parse(der: &'a [u8]) -> Result<Self, TimeStampError> {
        let malformed = |_| TimeStampError::Malformed { field: "TSTInfo" };
        let outer = AnyRef::from_der(der).map_err(malformed)?;
        outer.tag().assert_eq(Tag::Sequence).map_err(malformed)?;
        let mut fields = SliceReader::new(outer.value()).map_err(malformed)?;
        if fields.decode::<u8>().map_err(malformed)? != TST_INFO_VERSION {
            return Err(TimeStampError::Malformed {
                field: "TSTInfo.version",
            });
        }
        let _policy: ObjectIdentifier = fields.decode().map_err(malformed)?;
        let (algorithm, imprint) = fields
            .sequence(|imprint| {
                let algorithm = imprint.tlv_bytes()?;
                let hash: &OctetStringRef = imprint.decode()?;
                Ok::<_, der::Error>((algorithm, hash.as_bytes()))
            })
            .map_err(malformed)?;
        let _serial = fields.tlv_bytes().map_err(malformed)?;
        let at: AnyRef<'a> = fields.decode().map_err(malformed)?;
        check_optional_fields(&mut fields)?;
        Ok(Self {
            imprint_hash: hash_of(algorithm).ok_or(TimeStampError::Algorithm {
                field: "TSTInfo.messageImprint",
            })?,
            imprint,
            at: general_time(at).ok_or(TimeStampError::Malformed {
                field: "TSTInfo.genTime",
            })?,
        })
    }
}

/// Accuracy, ordering, nonce and the authority's name say nothing that matters here. Extensions might, and no
/// authority that is known writes any.
fn check_optional_fields(fields: &mut SliceReader<'_>) -> Result<(), TimeStampError> {
    let malformed = TimeStampError::Malformed {
        field: "TSTInfo optional fields",
    };
    let order = |tag| match tag {
        Tag::Sequence => Some(1_u8),
        Tag::Boolean => Some(2),
        Tag::Integer => Some(3),
        Tag::ContextSpecific {
            constructed: true,
            number: TagNumber(0),
        } => Some(4),
        _ => None,
    };
    let mut last = 0;
    while !fields.is_finished() {
        let position = fields
            .decode::<AnyRef<'_>>()
            .ok()
            .and_then(|field| order(field.tag()))
            .filter(|position| *position > last);
        last = position.ok_or_else(|| malformed.clone())?;
    }
    Ok(())
}

/// `YYYYMMDDhhmmss[.f...]Z` (RFC 3161, 2.4.2); fractions of a second are dropped.
fn general_time(value: AnyRef<'_>) -> Option<UnixTime> {
    value.tag().assert_eq(Tag::GeneralizedTime).ok()?;
    let text = std::str::from_utf8(value.value()).ok()?.strip_suffix('Z')?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "1"));
    // DER: a fraction has digits and does not end with zero.
    if fraction.is_empty() || fraction.ends_with('0') || !fraction.bytes().all(|digit| digit.is_ascii_digit())
    {
        return None;
    }
    let (date, time) = whole.split_at_checked(8)?;
    let (year, date) = date.split_at_checked(4)?;
    let (month, day) = date.split_at_checked(2)?;
    let (hour, time) = time.split_at_checked(2)?;
    let (minute, second) = time.split_at_checked(2)?;
    UnixTime::parse_rfc3339_z(&format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z"))
}

/// The path from the signer's certificate as far up as the token's certificates reach.
fn authority(token: &SignedToken<'_>) -> Result<Path, TimeStampError> {
    let mut certificates = token
        .certificates
        .iter()
        .map(|der| VendorCertificate::from_der(der))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| TimeStampError::Certificate { error })?;
    let signer = certificates
        .iter()
        .position(|certificate| token.signer.is(certificate))
        .map(|position| certificates.swap_remove(position))
        .ok_or(TimeStampError::SignerMissing)?;
    Path::build(signer, certificates).map_err(|error| TimeStampError::Path { error })
}

fn check_signature(signer: &SignerInfo<'_>, content: &[u8], path: &Path) -> Result<(), TimeStampError> {
    let hash = hash_of(signer.digest_algorithm).ok_or(TimeStampError::Algorithm {
        field: "digestAlgorithm",
    })?;
    let attributes = signer.attributes()?;
    if digest::digest(digest_of(hash), content).as_ref() != attributes.message_digest {
        return Err(TimeStampError::MessageDigest);
    }
    let certificate = digest::digest(&digest::SHA256, path.leaf().der());
    if certificate.as_ref() != attributes.certificate_hash {
        return Err(TimeStampError::SigningCertificate);
    }
    let algorithm = signature_algorithm(signer.signature_algorithm, hash)?;
    if path
        .leaf()
        .public_key()
        .verify(algorithm, &signer.signed_bytes(), signer.signature)
    {
        Ok(())
    } else {
        Err(TimeStampError::Signature)
    }
}

/// The algorithm of the signature, which has to use the hash of the digest; an RSA key's own identifier leaves it to
/// that (RFC 3370, 3.2).
fn signature_algorithm(identifier: &[u8], hash: Hash) -> Result<SignatureAlgorithm, TimeStampError> {
    if identifier == RSA_ENCRYPTION {
        return Ok(SignatureAlgorithm::RsaPkcs1(hash));
    }
    let unsupported = TimeStampError::Algorithm {
        field: "signatureAlgorithm",
    };
    match VendorKey::algorithm(identifier) {
        Some(
            found @ (SignatureAlgorithm::RsaPkcs1(used)
            | SignatureAlgorithm::RsaPss(used)
            | SignatureAlgorithm::Ecdsa(used)),
        ) if used == hash => Ok(found),
        _ => Err(unsupported),
    }
}

/// RFC 3161, 2.3: the key is for time stamping and for nothing else. Microsoft's certificates do not mark that as
/// critical, as the RFC has it. Authorities that narrow their purpose have to include it.
fn check_purpose(path: &Path) -> Result<(), TimeStampError> {
    let leaf_is_for_it = path.leaf().extended_key_usage() == Some(&[TIME_STAMPING]);
    let authorities_allow_it = path.authorities().iter().all(|authority| {
        authority
            .extended_key_usage()
            .is_none_or(|purposes| purposes.contains(&TIME_STAMPING))
    });
    if leaf_is_for_it && authorities_allow_it {
        Ok(())
    } else {
        Err(TimeStampError::Purpose)
    }
}

const fn digest_of(hash: Hash) -> &'static digest::Algorithm {
    match hash {
        Hash::Sha256 => &digest::SHA256,
        Hash::Sha384 => &digest::SHA384,
        Hash::Sha512 => &digest::SHA512,
    }
}

/// RFC 3161, 2.4.2.
const TST_INFO_VERSION: u8 = 1;
/// RFC 5280, 4.2.1.12: `id-kp-timeStamping`.
const TIME_STAMPING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.8");
/// `AlgorithmIdentifier` of rsaEncryption with NULL (RFC 3370, 3.2).
const RSA_ENCRYPTION: &[u8] = &[
    0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
];

#[cfg(test)]
mod tests;
