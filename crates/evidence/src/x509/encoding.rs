//! What certificates and CRLs have in common on the wire (RFC 5280, 4.1 and 5.1): a signed DER structure with a
//! signature algorithm stated twice, names, times and extensions. Owns the strict reading of these pieces; what they
//! mean for trust is decided elsewhere.

use der::asn1::{
    AnyRef, BitStringRef, ObjectIdentifier, OctetStringRef, PrintableStringRef, UintRef, Utf8StringRef,
};
use der::{Decode, Header, Reader, SliceReader, Tag, TagNumber};
use x509_cert::time::Time;

use super::Serial;
use super::family::KeyFamily;
use crate::time::UnixTime;

/// A certificate or CRL cannot be read.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodingError {
    /// More bytes than any genuine one takes.
    #[error("the {structure} takes {size} bytes, more than {limit}")]
    TooLarge {
        /// What is too large.
        structure: &'static str,
        /// Its size in bytes.
        size: usize,
        /// The largest size accepted, in bytes.
        limit: usize,
    },
    /// A PEM text with more certificates than any genuine chain.
    #[error("more than {limit} certificates")]
    TooManyCertificates {
        /// The largest number accepted.
        limit: usize,
    },
    /// Not the text form of a certificate or CRL.
    #[error("not a PEM text: {problem}")]
    Pem {
        /// What is wrong with the text.
        problem: &'static str,
    },
    /// Not DER of the type that belongs there.
    #[error("malformed {field}")]
    Malformed {
        /// The field of RFC 5280 that cannot be read.
        field: &'static str,
    },
    /// A version other than X.509 v3 for certificates, v2 for CRLs.
    #[error("unsupported version of the {structure}")]
    UnsupportedVersion {
        /// `certificate` or `CRL`.
        structure: &'static str,
    },
    /// Signed with an algorithm that this family of hierarchies does not use.
    #[error("unsupported signature algorithm `{found}`")]
    UnsupportedSignatureAlgorithm {
        /// The algorithms that are used.
        expected: &'static str,
        /// The object identifier found.
        found: String,
    },
    /// The algorithm inside the signed part is not the one outside (RFC 5280, 4.1.1.2).
    #[error("the signature algorithm inside the signed part differs from the one outside")]
    SignatureAlgorithmMismatch,
    /// A public key that this family of hierarchies does not use.
    #[error("the public key is not {expected}")]
    UnsupportedKey {
        /// The keys that are used.
        expected: &'static str,
    },
    /// The same extension twice (RFC 5280, 4.2).
    #[error("extension `{oid}` appears more than once")]
    DuplicateExtension {
        /// Its object identifier.
        oid: String,
    },
    /// A critical extension whose meaning is not known here (RFC 5280, 4.2).
    #[error("unknown critical extension `{oid}`")]
    UnknownCriticalExtension {
        /// Its object identifier.
        oid: String,
    },
}

/// The outer structure: what is signed, and the signature.
pub(super) struct Signed<'a> {
    /// The complete DER of the signed part.
    pub(super) tbs: &'a [u8],
    /// The `AlgorithmIdentifier`, complete DER.
    pub(super) algorithm: &'a [u8],
    /// The signature's octets.
    pub(super) signature: &'a [u8],
}

/// Takes a certificate or CRL apart.
pub(super) fn signed<'a>(der: &'a [u8], structure: &'static str) -> Result<Signed<'a>, EncodingError> {
    let malformed = |_| EncodingError::Malformed { field: structure };
    let mut outer = SliceReader::new(der).map_err(malformed)?;
    let (tbs, algorithm, signature) = outer
        .sequence(|inner| {
            Ok((
                inner.tlv_bytes()?,
                inner.tlv_bytes()?,
                inner.decode::<BitStringRef<'a>>()?,
            ))
        })
        .map_err(malformed)?;
    outer.finish().map_err(malformed)?;
    let signature = signature.as_bytes().ok_or(EncodingError::Malformed {
        field: "signatureValue",
    })?;
    Ok(Signed {
        tbs,
        algorithm,
        signature,
    })
}

/// The signature algorithm of this identifier, if the family uses it.
pub(super) fn signature_algorithm<K: KeyFamily>(algorithm: &[u8]) -> Result<K::Algorithm, EncodingError> {
    if let Some(known) = K::algorithm(algorithm) {
        return Ok(known);
    }
    let oid = SliceReader::new(algorithm).and_then(|mut reader| {
        reader.sequence(|inner| {
            let oid: ObjectIdentifier = inner.decode()?;
            inner.drain(inner.remaining_len())?;
            Ok(oid)
        })
    });
    let found = oid.map_or_else(|_: der::Error| "unreadable".to_owned(), |oid| oid.to_string());
    Err(EncodingError::UnsupportedSignatureAlgorithm {
        expected: K::ALGORITHMS,
        found,
    })
}

/// The fields of a signed part, read one after the other with the name that an error gives them.
pub(super) struct Fields<'r, 'a> {
    reader: &'r mut SliceReader<'a>,
}

impl<'r, 'a> Fields<'r, 'a> {
    pub(super) const fn new(reader: &'r mut SliceReader<'a>) -> Self {
        Self { reader }
    }

    /// The next value, of a fixed type.
    pub(super) fn read<T: Decode<'a>>(&mut self, field: &'static str) -> Result<T, EncodingError> {
        self.reader
            .decode()
            .map_err(|_| EncodingError::Malformed { field })
    }

    /// The complete DER of the next value.
    pub(super) fn raw(&mut self, field: &'static str) -> Result<&'a [u8], EncodingError> {
        self.reader
            .tlv_bytes()
            .map_err(|_| EncodingError::Malformed { field })
    }

    /// The algorithm repeated inside the signed part, which has to be the one outside.
    pub(super) fn signature_algorithm(&mut self, outside: &[u8]) -> Result<(), EncodingError> {
        if self.raw("signature")? == outside {
            Ok(())
        } else {
            Err(EncodingError::SignatureAlgorithmMismatch)
        }
    }

    pub(super) fn serial(&mut self, field: &'static str) -> Result<Serial, EncodingError> {
        let number: UintRef<'a> = self.read(field)?;
        Serial::from_magnitude(number.as_bytes()).ok_or(EncodingError::Malformed { field })
    }

    pub(super) fn name(&mut self, field: &'static str) -> Result<RawName, EncodingError> {
        RawName::parse(self.raw(field)?).ok_or(EncodingError::Malformed { field })
    }

    pub(super) fn time(&mut self, field: &'static str) -> Result<UnixTime, EncodingError> {
        let time: Time = self.read(field)?;
        i64::try_from(time.to_unix_duration().as_secs())
            .map(UnixTime::new)
            .map_err(|_| EncodingError::Malformed { field })
    }

    /// The tag of the next value, if there is one.
    pub(super) fn next_tag(&self) -> Option<Tag> {
        Tag::peek(self.reader).ok()
    }

    /// The extensions under this explicit context-specific tag; none when the tag does not follow.
    pub(super) fn extensions(
        &mut self,
        number: u32,
        field: &'static str,
    ) -> Result<Extensions<'a>, EncodingError> {
        let malformed = |_| EncodingError::Malformed { field };
        let expected = Tag::ContextSpecific {
            constructed: true,
            number: TagNumber(number),
        };
        if self.next_tag() != Some(expected) {
            return Ok(Extensions(Vec::new()));
        }
        let tagged: AnyRef<'a> = self.read(field)?;
        let mut inner = SliceReader::new(tagged.value()).map_err(malformed)?;
        let list: AnyRef<'a> = inner.decode().map_err(malformed)?;
        inner.finish().map_err(malformed)?;
        list.header().tag().assert_eq(Tag::Sequence).map_err(malformed)?;
        Extensions::parse(list.value(), field)
    }

    /// A nested SEQUENCE, read to its end.
    pub(super) fn sequence<T>(
        &mut self,
        field: &'static str,
        read: impl FnOnce(&mut Fields<'_, 'a>) -> Result<T, EncodingError>,
    ) -> Result<T, EncodingError> {
        within_sequence(self.raw(field)?, field, read)
    }

    pub(super) fn is_finished(&self) -> bool {
        self.reader.is_finished()
    }
}

/// Reads the contents of the SEQUENCE that `der` is, to its end.
pub(super) fn within_sequence<'a, T>(
    der: &'a [u8],
    field: &'static str,
    read: impl FnOnce(&mut Fields<'_, 'a>) -> Result<T, EncodingError>,
) -> Result<T, EncodingError> {
    let malformed = |_| EncodingError::Malformed { field };
    let mut outer = SliceReader::new(der).map_err(malformed)?;
    let header = Header::decode(&mut outer).map_err(malformed)?;
    header.tag().assert_eq(Tag::Sequence).map_err(malformed)?;
    let contents = outer.read_slice(header.length()).map_err(malformed)?;
    outer.finish().map_err(malformed)?;
    let mut inner = SliceReader::new(contents).map_err(malformed)?;
    let value = read(&mut Fields::new(&mut inner))?;
    inner.finish().map_err(malformed)?;
    Ok(value)
}

/// A name as it stands in the certificate. Two names are the same when their DER is: Intel's hierarchy never
/// re-encodes one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct RawName {
    pub(super) der: Vec<u8>,
    /// The only common name; empty when there is none or more than one.
    pub(super) common_name: String,
}

impl RawName {
    fn parse(der: &[u8]) -> Option<Self> {
        let mut reader = SliceReader::new(der).ok()?;
        let mut common_names = Vec::new();
        reader
            .sequence(|sets| {
                while !sets.is_finished() {
                    let set: AnyRef<'_> = sets.decode()?;
                    set.header().tag().assert_eq(Tag::Set)?;
                    let mut attributes = SliceReader::new(set.value())?;
                    while !attributes.is_finished() {
                        common_names.extend(attributes.sequence(common_name)?);
                    }
                }
                Ok::<(), der::Error>(())
            })
            .ok()?;
        reader.finish().ok()?;
        let common_name = match <[String; 1]>::try_from(common_names) {
            Ok([name]) => name,
            Err(_) => String::new(),
        };
        Some(Self {
            der: der.to_vec(),
            common_name,
        })
    }
}

/// The value of one `AttributeTypeAndValue` if it is a common name in one of the two string types that profiles use
/// (RFC 5280, 4.1.2.4).
fn common_name<'a>(attribute: &mut SliceReader<'a>) -> der::Result<Option<String>> {
    let oid: ObjectIdentifier = attribute.decode()?;
    let value: AnyRef<'a> = attribute.decode()?;
    if oid != COMMON_NAME {
        return Ok(None);
    }
    let text = match value.header().tag() {
        Tag::PrintableString => value.decode_as::<PrintableStringRef<'a>>()?.to_string(),
        _ => value.decode_as::<Utf8StringRef<'a>>()?.to_string(),
    };
    Ok(Some(text))
}

/// One extension, its value not yet read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extension<'a> {
    pub(super) oid: ObjectIdentifier,
    pub(super) critical: bool,
    pub(super) value: &'a [u8],
}

/// The extensions of a certificate or CRL, each at most once.
#[derive(Debug)]
pub(super) struct Extensions<'a>(Vec<Extension<'a>>);

impl<'a> Extensions<'a> {
    pub(super) fn parse(list: &'a [u8], field: &'static str) -> Result<Self, EncodingError> {
        let malformed = |_| EncodingError::Malformed { field };
        let mut reader = SliceReader::new(list).map_err(malformed)?;
        let mut found: Vec<Extension<'a>> = Vec::new();
        while !reader.is_finished() {
            let extension = reader.sequence(one_extension).map_err(malformed)?;
            if found.iter().any(|other| other.oid == extension.oid) {
                return Err(EncodingError::DuplicateExtension {
                    oid: extension.oid.to_string(),
                });
            }
            if found.len() == MAX_EXTENSIONS {
                return Err(EncodingError::Malformed { field });
            }
            found.push(extension);
        }
        Ok(Self(found))
    }

    /// Refuses critical extensions other than the `understood` ones.
    pub(super) fn refuse_unknown_critical(
        &self,
        understood: &[ObjectIdentifier],
    ) -> Result<(), EncodingError> {
        match self
            .0
            .iter()
            .find(|extension| extension.critical && !understood.contains(&extension.oid))
        {
            Some(unknown) => Err(EncodingError::UnknownCriticalExtension {
                oid: unknown.oid.to_string(),
            }),
            None => Ok(()),
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Extension<'a>> {
        self.0.iter()
    }

    pub(super) fn value(&self, oid: ObjectIdentifier) -> Option<&'a [u8]> {
        self.0
            .iter()
            .find(|extension| extension.oid == oid)
            .map(|extension| extension.value)
    }

    /// The value of an extension, read as `T` to its end.
    pub(super) fn decode<T: Decode<'a>>(
        &self,
        oid: ObjectIdentifier,
        field: &'static str,
    ) -> Result<Option<T>, EncodingError> {
        self.value(oid)
            .map(|value| T::from_der(value).map_err(|_| EncodingError::Malformed { field }))
            .transpose()
    }
}

fn one_extension<'a>(reader: &mut SliceReader<'a>) -> der::Result<Extension<'a>> {
    let oid = reader.decode()?;
    // DER leaves out a DEFAULT value (X.690, 11.5), so an explicit FALSE is as malformed as a missing value.
    let critical = match Tag::peek(reader)? {
        Tag::Boolean => {
            let critical: bool = reader.decode()?;
            if !critical {
                return Err(Tag::Boolean.non_canonical_error().into());
            }
            true
        }
        _ => false,
    };
    let value: &OctetStringRef = reader.decode()?;
    Ok(Extension {
        oid,
        critical,
        value: value.as_bytes(),
    })
}

/// RFC 5280, appendix A.1: `id-at-commonName`.
const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
/// Intel's certificates carry six, AMD's eleven; anything near this many is not one of theirs.
const MAX_EXTENSIONS: usize = 24;
