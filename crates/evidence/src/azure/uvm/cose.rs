//! The envelope of an endorsement, COSE_Sign1 (RFC 9052), in both forms that Microsoft has used: issuer, feed and time
//! as headers of their own, or as CWT claims (RFC 9597). Owns the envelope and the signature over it; whether the
//! signer is who the issuer claims to be is decided elsewhere.

use aws_lc_rs::digest;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ParsedPublicKey};

use super::UvmError;
use super::cbor::{Cbor, Label};
use crate::json::abridged;
use crate::time::UnixTime;
use crate::x509::{Hash, PathError, SignatureAlgorithm, VendorCertificate, VendorKey};

/// An envelope taken apart. Nothing is verified yet.
#[derive(Clone, Debug)]
pub(super) struct Envelope<'a> {
    /// The protected headers as they were signed.
    protected: &'a [u8],
    pub(super) headers: Headers<'a>,
    /// A time stamp token (RFC 3161) over the signature, if there is one.
    pub(super) time_stamp: Option<&'a [u8]>,
    pub(super) payload: &'a [u8],
    pub(super) signature: &'a [u8],
}

/// The protected headers that are heeded.
#[derive(Clone, Debug)]
pub(super) struct Headers<'a> {
    algorithm: Algorithm,
    pub(super) content: Content,
    /// The certificates, the signer's first (RFC 9360, `x5chain`).
    pub(super) chain: Vec<&'a [u8]>,
    pub(super) issuer: &'a str,
    pub(super) feed: &'a str,
    /// When the signer says that it signed.
    pub(super) claimed_time: Option<UnixTime>,
    /// The security version number, if it is a claim about the payload rather than in it.
    pub(super) svn: Option<u64>,
    thumbprint: Option<Thumbprint<'a>>,
}

/// What the payload is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Content {
    /// A JSON object.
    Json,
    /// The measurement itself.
    Measurement,
}

/// The signature algorithms that are accepted (RFC 9053, 2.1; RFC 8230, 2).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Algorithm {
    Ps(Hash),
    Es256,
    Es384,
}

/// The hash of the signer's certificate (RFC 9360, `x5t`).
#[derive(Clone, Copy, Debug)]
struct Thumbprint<'a> {
    hash: &'static digest::Algorithm,
    value: &'a [u8],
}

impl<'a> Envelope<'a> {
    /// Takes an envelope apart (RFC 9052, 4.2).
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, UvmError> {
        if bytes.len() > MAX_ENDORSEMENT_BYTES {
            return Err(UvmError::TooLarge {
                size: bytes.len(),
                limit: MAX_ENDORSEMENT_BYTES,
            });
        }
        let Cbor::Tagged(COSE_SIGN1_TAG, content) = Cbor::parse(bytes)? else {
            return Err(wrong("envelope", "a COSE_Sign1 with its tag, 18"));
        };
        let Cbor::Array(parts) = *content else {
            return Err(wrong("envelope", "an array"));
        };
        let Ok(
            [
                Cbor::Bytes(protected),
                Cbor::Map(unprotected),
                Cbor::Bytes(payload),
                Cbor::Bytes(signature),
            ],
        ) = <[Cbor<'a>; 4]>::try_from(parts)
        else {
            return Err(wrong(
                "envelope",
                "protected headers, unprotected headers, payload and signature",
            ));
        };
        let Cbor::Map(signed) = Cbor::parse(protected)? else {
            return Err(wrong("protected", "a map"));
        };
        // RFC 9052, 3: a header occurs in one of the two maps.
        if let Some((label, _)) = unprotected
            .iter()
            .find(|(label, _)| find(&signed, *label).is_some())
        {
            return Err(header(*label, "in the protected headers only"));
        }
        Ok(Self {
            protected,
            headers: Headers::read(&signed)?,
            time_stamp: time_stamp(&unprotected)?,
            payload,
            signature,
        })
    }

    /// Whether the signature is that of this certificate's key, and the certificate the one that the headers name by
    /// its hash, if they do.
    pub(super) fn check_signature(&self, signer: Option<&VendorCertificate>) -> Result<(), UvmError> {
        let signer = signer.ok_or(PathError::Empty)?;
        if let Some(Thumbprint { hash, value }) = self.headers.thumbprint
            && digest::digest(hash, signer.der()).as_ref() != value
        {
            return Err(UvmError::Thumbprint);
        }
        let key = signer.public_key();
        let message = self.signed_bytes();
        let is_verified = match (self.headers.algorithm, key) {
            (Algorithm::Ps(hash), VendorKey::Rsa(_)) => {
                key.verify(SignatureAlgorithm::RsaPss(hash), &message, self.signature)
            }
            (Algorithm::Es256, VendorKey::P256(point)) => {
                ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
                    .is_ok_and(|key| key.verify_sig(&message, self.signature).is_ok())
            }
            (Algorithm::Es384, VendorKey::P384(point)) => {
                ParsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, point)
                    .is_ok_and(|key| key.verify_sig(&message, self.signature).is_ok())
            }
            _ => false,
        };
        is_verified.then_some(()).ok_or(UvmError::Signature)
    }

    /// The `Sig_structure` (RFC 9052, 4.4): `["Signature1", protected, external_aad, payload]`.
    fn signed_bytes(&self) -> Vec<u8> {
        let mut message = vec![0x84, 0x6a];
        message.extend(b"Signature1");
        for part in [self.protected, &[], self.payload] {
            message.extend(byte_string_head(part.len()));
            message.extend(part);
        }
        message
    }
}

impl<'a> Headers<'a> {
    fn read(signed: &Map<'a>) -> Result<Self, UvmError> {
        check_critical(signed)?;
        let claims = match find(signed, CWT_CLAIMS) {
            None => None,
            Some(Cbor::Map(claims)) => Some(claims),
            Some(_) => return Err(header(CWT_CLAIMS, "a map of CWT claims")),
        };
        let identity = match claims {
            Some(claims) => Identity::from_claims(signed, claims)?,
            None => Identity::from_headers(signed)?,
        };
        Ok(Self {
            algorithm: algorithm(signed)?,
            content: content(signed)?,
            chain: chain(signed)?,
            issuer: identity.issuer,
            feed: identity.feed,
            claimed_time: identity.time.map(UnixTime::new),
            svn: identity.svn,
            thumbprint: thumbprint(signed)?,
        })
    }
}

/// Who signed what, and when.
struct Identity<'a> {
    issuer: &'a str,
    feed: &'a str,
    time: Option<i64>,
    svn: Option<u64>,
}

impl<'a> Identity<'a> {
    /// The early form: headers named `iss`, `feed` and `signingtime`.
    fn from_headers(signed: &Map<'a>) -> Result<Self, UvmError> {
        Ok(Self {
            issuer: text(signed, Label::Text("iss"))?,
            feed: text(signed, Label::Text("feed"))?,
            time: moment(signed, Label::Text("signingtime"))?,
            svn: None,
        })
    }

    /// The later form: CWT claims (RFC 8392, 4) with the feed as subject, and a claim named `svn`.
    fn from_claims(signed: &Map<'a>, claims: &Map<'a>) -> Result<Self, UvmError> {
        for label in ["iss", "feed", "signingtime"].map(Label::Text) {
            if find(signed, label).is_some() {
                return Err(header(label, "absent beside CWT claims"));
            }
        }
        let svn = match find(claims, Label::Text("svn")) {
            None => None,
            Some(Cbor::Integer(svn)) if *svn >= 0 => Some(svn.unsigned_abs()),
            Some(_) => return Err(header(Label::Text("svn"), "a number")),
        };
        Ok(Self {
            issuer: text(claims, CWT_ISSUER)?,
            feed: text(claims, CWT_SUBJECT)?,
            time: moment(claims, CWT_ISSUED_AT)?,
            svn,
        })
    }
}

type Map<'a> = [(Label<'a>, Cbor<'a>)];

fn find<'m, 'a>(map: &'m Map<'a>, label: Label<'_>) -> Option<&'m Cbor<'a>> {
    map.iter()
        .find(|(found, _)| *found == label)
        .map(|(_, value)| value)
}

fn text<'a>(map: &Map<'a>, label: Label<'_>) -> Result<&'a str, UvmError> {
    match find(map, label) {
        Some(Cbor::Text(text)) if text.len() <= MAX_TEXT_BYTES => Ok(text),
        _ => Err(header(label, "a text of at most 1024 bytes")),
    }
}

/// Seconds since 1970 (RFC 8949, 3.4.2), with their tag or, as CWT has it, without.
fn moment(map: &Map<'_>, label: Label<'_>) -> Result<Option<i64>, UvmError> {
    match find(map, label) {
        None => Ok(None),
        Some(Cbor::Integer(seconds)) => Ok(Some(*seconds)),
        Some(Cbor::Tagged(EPOCH_TIME_TAG, seconds)) => match **seconds {
            Cbor::Integer(seconds) => Ok(Some(seconds)),
            _ => Err(header(label, "a number of seconds")),
        },
        Some(_) => Err(header(label, "a number of seconds")),
    }
}

/// RFC 9052, 3.1, `crit`: every header that must be understood has to be.
fn check_critical(signed: &Map<'_>) -> Result<(), UvmError> {
    let critical = match find(signed, CRITICAL) {
        None => return Ok(()),
        Some(Cbor::Array(critical)) => critical,
        Some(_) => return Err(header(CRITICAL, "a list of headers")),
    };
    for item in critical {
        let label = match item {
            Cbor::Integer(number) => Label::Integer(*number),
            Cbor::Text(text) => Label::Text(text),
            _ => return Err(header(CRITICAL, "a list of headers")),
        };
        if !UNDERSTOOD.contains(&label) {
            return Err(header(label, "a header that is understood"));
        }
    }
    Ok(())
}

fn algorithm(signed: &Map<'_>) -> Result<Algorithm, UvmError> {
    let Some(Cbor::Integer(number)) = find(signed, ALGORITHM) else {
        return Err(header(ALGORITHM, "a number"));
    };
    match number {
        -37 => Ok(Algorithm::Ps(Hash::Sha256)),
        -38 => Ok(Algorithm::Ps(Hash::Sha384)),
        -39 => Ok(Algorithm::Ps(Hash::Sha512)),
        -7 => Ok(Algorithm::Es256),
        -35 => Ok(Algorithm::Es384),
        found => Err(UvmError::Algorithm { found: *found }),
    }
}

/// The content type, or that of what was hashed when the payload is a hash (COSE Hash Envelope, labels 258 and 259):
/// the measurement is itself a SHA-384.
fn content(signed: &Map<'_>) -> Result<Content, UvmError> {
    let label = if find(signed, CONTENT_TYPE).is_some() {
        CONTENT_TYPE
    } else {
        PREIMAGE_CONTENT_TYPE
    };
    let content = match text(signed, label)? {
        "application/json" => Content::Json,
        "application/octet-stream" => Content::Measurement,
        found => {
            return Err(UvmError::ContentType {
                found: abridged(found),
            });
        }
    };
    match (find(signed, PAYLOAD_HASH), content) {
        (None, _) | (Some(Cbor::Integer(SHA_384)), Content::Measurement) => Ok(content),
        _ => Err(header(PAYLOAD_HASH, "absent, or SHA-384 of a measurement")),
    }
}

fn chain<'a>(signed: &Map<'a>) -> Result<Vec<&'a [u8]>, UvmError> {
    let one = |item: &Cbor<'a>| match item {
        Cbor::Bytes(certificate) => Ok(*certificate),
        _ => Err(header(X5CHAIN, "certificates")),
    };
    match find(signed, X5CHAIN) {
        Some(Cbor::Array(certificates)) => certificates.iter().map(one).collect(),
        Some(certificate) => Ok(vec![one(certificate)?]),
        None => Err(header(X5CHAIN, "certificates")),
    }
}

fn thumbprint<'a>(signed: &Map<'a>) -> Result<Option<Thumbprint<'a>>, UvmError> {
    let parts = match find(signed, X5T) {
        None => return Ok(None),
        Some(Cbor::Array(parts)) => parts,
        Some(_) => return Err(header(X5T, "a hash algorithm and a hash")),
    };
    let [Cbor::Integer(algorithm), Cbor::Bytes(value)] = parts.as_slice() else {
        return Err(header(X5T, "a hash algorithm and a hash"));
    };
    // RFC 9054, 2.
    let hash = match *algorithm {
        -16 => &digest::SHA256,
        SHA_384 => &digest::SHA384,
        -44 => &digest::SHA512,
        _ => return Err(header(X5T, "SHA-256, SHA-384 or SHA-512")),
    };
    Ok(Some(Thumbprint { hash, value }))
}

fn time_stamp<'a>(unprotected: &Map<'a>) -> Result<Option<&'a [u8]>, UvmError> {
    match find(unprotected, TIME_STAMP) {
        None => Ok(None),
        Some(Cbor::Bytes(token)) => Ok(Some(token)),
        Some(_) => Err(header(TIME_STAMP, "a byte string")),
    }
}

/// The head of a byte string in its shortest form (RFC 8949, 3).
fn byte_string_head(size: usize) -> Vec<u8> {
    if let Ok(size) = u8::try_from(size) {
        return if size < 24 {
            vec![0x40 | size]
        } else {
            vec![0x58, size]
        };
    }
    let (first, rest) = match u16::try_from(size) {
        Ok(size) => (0x59, size.to_be_bytes().to_vec()),
        // Never saturates: the parts of an envelope are smaller than the largest envelope.
        Err(_) => (
            0x5a,
            u32::try_from(size).unwrap_or(u32::MAX).to_be_bytes().to_vec(),
        ),
    };
    [vec![first], rest].concat()
}

fn wrong(field: &'static str, expected: &'static str) -> UvmError {
    UvmError::Envelope { field, expected }
}

fn header(label: Label<'_>, expected: &'static str) -> UvmError {
    let label = match label {
        Label::Integer(number) => number.to_string(),
        Label::Text(text) => abridged(text),
    };
    UvmError::Header { label, expected }
}

/// The largest endorsement read, in bytes. Real ones have about 11 KiB, most of it certificates.
pub const MAX_ENDORSEMENT_BYTES: usize = 64 * 1024;

/// Issuers have about 110 bytes, feeds about 20.
const MAX_TEXT_BYTES: usize = 1024;
/// RFC 9052, 2.
const COSE_SIGN1_TAG: u64 = 18;
/// RFC 8949, 3.4.2.
const EPOCH_TIME_TAG: u64 = 1;
// IANA, "COSE Header Parameters".
const ALGORITHM: Label<'_> = Label::Integer(1);
const CRITICAL: Label<'_> = Label::Integer(2);
const CONTENT_TYPE: Label<'_> = Label::Integer(3);
const CWT_CLAIMS: Label<'_> = Label::Integer(15);
const X5CHAIN: Label<'_> = Label::Integer(33);
const X5T: Label<'_> = Label::Integer(34);
const PAYLOAD_HASH: Label<'_> = Label::Integer(258);
const PREIMAGE_CONTENT_TYPE: Label<'_> = Label::Integer(259);
/// Microsoft's own: the token is over the hash of the signature's bytes.
const TIME_STAMP: Label<'_> = Label::Text("timestamp");
// IANA, "CBOR Web Token (CWT) Claims".
const CWT_ISSUER: Label<'_> = Label::Integer(1);
const CWT_SUBJECT: Label<'_> = Label::Integer(2);
const CWT_ISSUED_AT: Label<'_> = Label::Integer(6);
/// RFC 9054, 2.
const SHA_384: i64 = -43;
const UNDERSTOOD: [Label<'_>; 11] = [
    ALGORITHM,
    CRITICAL,
    CONTENT_TYPE,
    CWT_CLAIMS,
    X5CHAIN,
    X5T,
    PAYLOAD_HASH,
    PREIMAGE_CONTENT_TYPE,
    Label::Text("iss"),
    Label::Text("feed"),
    Label::Text("signingtime"),
];

#[cfg(test)]
mod tests;
