//! The CMS message of a time stamp token (RFC 5652, 5), as strict as RFC 3161 wants it: one signer, named by issuer and
//! serial number, with signed attributes. Owns the layout.

use der::asn1::{AnyRef, ObjectIdentifier, OctetStringRef, UintRef};
use der::{Decode, Encode, Reader, SliceReader, Tag, TagNumber, Tagged};

use super::TimeStampError;
use crate::x509::{MAX_PATH_CERTIFICATES, Serial, VendorCertificate};

/// A token taken apart. Nothing is verified yet.
pub(super) struct SignedToken<'a> {
    /// The `TSTInfo`, DER.
    pub(super) content: &'a [u8],
    /// Each complete DER.
    pub(super) certificates: Vec<&'a [u8]>,
    pub(super) signer: SignerInfo<'a>,
}

/// Who signed, and what (RFC 5652, 5.3).
pub(super) struct SignerInfo<'a> {
    issuer: &'a [u8],
    serial: Serial,
    /// Complete DER.
    pub(super) digest_algorithm: &'a [u8],
    /// The contents of the set.
    attributes: &'a [u8],
    /// Complete DER.
    pub(super) signature_algorithm: &'a [u8],
    pub(super) signature: &'a [u8],
}

/// The signed attributes that RFC 3161, 2.4.2 and RFC 5816 ask for.
pub(super) struct Attributes<'a> {
    pub(super) message_digest: &'a [u8],
    /// SHA-256 of the signer's certificate.
    pub(super) certificate_hash: &'a [u8],
}

impl<'a> SignedToken<'a> {
    pub(super) fn parse(token: &'a [u8]) -> Result<Self, TimeStampError> {
        let mut content_info = only(token, Tag::Sequence, "ContentInfo")?;
        check_type(&mut content_info, SIGNED_DATA, "ContentInfo.contentType")?;
        let signed_data = next(&mut content_info, EXPLICIT_0, "ContentInfo.content")?;
        finish(content_info, "ContentInfo")?;
        let mut fields = only(signed_data, Tag::Sequence, "SignedData")?;
        let version = next(&mut fields, Tag::Integer, "SignedData.version")?;
        if version != SIGNED_DATA_VERSION {
            return Err(malformed("SignedData.version"));
        }
        let digest_algorithms = next(&mut fields, Tag::Set, "SignedData.digestAlgorithms")?;
        let content = content(next(&mut fields, Tag::Sequence, "encapContentInfo")?)?;
        let certificates = certificates(next(&mut fields, EXPLICIT_0, "SignedData.certificates")?)?;
        let signers = next(&mut fields, Tag::Set, "SignedData.signerInfos")?;
        finish(fields, "SignedData")?;
        let signer = SignerInfo::parse(signers)?;
        if digest_algorithms != signer.digest_algorithm {
            return Err(TimeStampError::Algorithm {
                field: "SignedData.digestAlgorithms",
            });
        }
        Ok(Self {
            content,
            certificates,
            signer,
        })
    }
}

impl<'a> SignerInfo<'a> {
    fn parse(signers: &'a [u8]) -> Result<Self, TimeStampError> {
        let mut fields = only(signers, Tag::Sequence, "SignerInfo")?;
        let version = next(&mut fields, Tag::Integer, "SignerInfo.version")?;
        if version != SIGNER_INFO_VERSION {
            return Err(malformed("SignerInfo.version"));
        }
        let mut name = reader(
            next(&mut fields, Tag::Sequence, "SignerInfo.sid")?,
            "SignerInfo.sid",
        )?;
        let issuer = name.tlv_bytes().map_err(|_| malformed("SignerInfo.sid"))?;
        let serial = name
            .decode::<UintRef<'a>>()
            .ok()
            .and_then(|serial| Serial::from_magnitude(serial.as_bytes()))
            .ok_or_else(|| malformed("SignerInfo.sid"))?;
        finish(name, "SignerInfo.sid")?;
        let complete = |fields: &mut SliceReader<'a>, field| fields.tlv_bytes().map_err(|_| malformed(field));
        let digest_algorithm = complete(&mut fields, "SignerInfo.digestAlgorithm")?;
        let attributes = next(&mut fields, EXPLICIT_0, "SignerInfo.signedAttrs")?;
        let signature_algorithm = complete(&mut fields, "SignerInfo.signatureAlgorithm")?;
        let signature = next(&mut fields, Tag::OctetString, "SignerInfo.signature")?;
        finish(fields, "SignerInfo")?;
        Ok(Self {
            issuer,
            serial,
            digest_algorithm,
            attributes,
            signature_algorithm,
            signature,
        })
    }

    /// Whether this is the signer's certificate by its names.
    pub(super) fn is(&self, certificate: &VendorCertificate) -> bool {
        certificate.issuer() == self.issuer && certificate.serial() == self.serial
    }

    /// What the signature is over: the attributes as a SET of their own (RFC 5652, 5.4).
    pub(super) fn signed_bytes(&self) -> Vec<u8> {
        // The contents of an AnyRef are never longer than DER can say.
        AnyRef::new(Tag::Set, self.attributes)
            .and_then(|set| set.to_der())
            .unwrap_or_default()
    }

    pub(super) fn attributes(&self) -> Result<Attributes<'a>, TimeStampError> {
        let mut attributes = reader(self.attributes, "SignerInfo.signedAttrs")?;
        let (mut content_type, mut message_digest, mut certificate_hash) = (None, None, None);
        for _ in 0..MAX_ATTRIBUTES {
            if attributes.is_finished() {
                break;
            }
            let (kind, value) = attribute(next(&mut attributes, Tag::Sequence, "Attribute")?)?;
            let place = match kind {
                CONTENT_TYPE => &mut content_type,
                MESSAGE_DIGEST => &mut message_digest,
                SIGNING_CERTIFICATE_V2 => &mut certificate_hash,
                _ => continue,
            };
            if place.replace(value).is_some() {
                return Err(malformed("SignerInfo.signedAttrs"));
            }
        }
        finish(attributes, "SignerInfo.signedAttrs")?;
        let missing = || malformed("SignerInfo.signedAttrs");
        let kind = content_type.and_then(|value| ObjectIdentifier::from_der(value).ok());
        if kind != Some(TST_INFO) {
            return Err(malformed("content-type attribute"));
        }
        let message_digest = <&OctetStringRef>::from_der(message_digest.ok_or_else(missing)?)
            .map_err(|_| malformed("message-digest attribute"))?
            .as_bytes();
        Ok(Attributes {
            message_digest,
            certificate_hash: certificate_hash_of(certificate_hash.ok_or_else(missing)?)?,
        })
    }
}

/// The octets of `encapContentInfo`, which has to be a `TSTInfo`.
fn content(contents: &[u8]) -> Result<&[u8], TimeStampError> {
    let mut fields = reader(contents, "encapContentInfo")?;
    check_type(&mut fields, TST_INFO, "encapContentInfo.eContentType")?;
    let octets = next(&mut fields, EXPLICIT_0, "encapContentInfo.eContent")?;
    finish(fields, "encapContentInfo")?;
    let mut inner = reader(octets, "encapContentInfo.eContent")?;
    let content = next(&mut inner, Tag::OctetString, "encapContentInfo.eContent")?;
    finish(inner, "encapContentInfo.eContent")?;
    Ok(content)
}

fn certificates(set: &[u8]) -> Result<Vec<&[u8]>, TimeStampError> {
    let mut certificates = reader(set, "SignedData.certificates")?;
    let mut found = Vec::new();
    while !certificates.is_finished() {
        if found.len() == MAX_PATH_CERTIFICATES {
            return Err(malformed("SignedData.certificates"));
        }
        found.push(
            certificates
                .tlv_bytes()
                .map_err(|_| malformed("SignedData.certificates"))?,
        );
    }
    Ok(found)
}

/// The type of an attribute and its only value, complete DER.
fn attribute(contents: &[u8]) -> Result<(ObjectIdentifier, &[u8]), TimeStampError> {
    let mut fields = reader(contents, "Attribute")?;
    let kind = fields.decode().map_err(|_| malformed("Attribute"))?;
    let values = next(&mut fields, Tag::Set, "Attribute")?;
    finish(fields, "Attribute")?;
    let mut inner = reader(values, "Attribute")?;
    let value = inner.tlv_bytes().map_err(|_| malformed("Attribute"))?;
    finish(inner, "Attribute")?;
    Ok((kind, value))
}

/// The hash in `SigningCertificateV2` (RFC 5035, 4): the first `ESSCertIDv2`, whose hash is SHA-256 when, as DER has
/// it, no algorithm is stated.
fn certificate_hash_of(value: &[u8]) -> Result<&[u8], TimeStampError> {
    let field = "signing-certificate-v2 attribute";
    let mut outer = only(value, Tag::Sequence, field)?;
    let list = next(&mut outer, Tag::Sequence, field)?;
    let mut identifiers = reader(list, field)?;
    let mut first = reader(next(&mut identifiers, Tag::Sequence, field)?, field)?;
    next(&mut first, Tag::OctetString, field)
}

fn check_type(
    fields: &mut SliceReader<'_>,
    expected: ObjectIdentifier,
    field: &'static str,
) -> Result<(), TimeStampError> {
    match fields.decode::<ObjectIdentifier>() {
        Ok(found) if found == expected => Ok(()),
        _ => Err(malformed(field)),
    }
}

/// A reader of the contents of the only value in `der`.
fn only<'a>(der: &'a [u8], tag: Tag, field: &'static str) -> Result<SliceReader<'a>, TimeStampError> {
    let mut outer = reader(der, field)?;
    let contents = next(&mut outer, tag, field)?;
    finish(outer, field)?;
    reader(contents, field)
}

/// The contents of the next value, which has this tag.
fn next<'a>(fields: &mut SliceReader<'a>, tag: Tag, field: &'static str) -> Result<&'a [u8], TimeStampError> {
    match fields.decode::<AnyRef<'a>>() {
        Ok(value) if value.tag() == tag => Ok(value.value()),
        _ => Err(malformed(field)),
    }
}

fn reader<'a>(contents: &'a [u8], field: &'static str) -> Result<SliceReader<'a>, TimeStampError> {
    SliceReader::new(contents).map_err(|_| malformed(field))
}

fn finish(fields: SliceReader<'_>, field: &'static str) -> Result<(), TimeStampError> {
    fields.finish().map_err(|_| malformed(field))
}

const fn malformed(field: &'static str) -> TimeStampError {
    TimeStampError::Malformed { field }
}

/// `[0]`, constructed.
const EXPLICIT_0: Tag = Tag::ContextSpecific {
    constructed: true,
    number: TagNumber(0),
};
/// RFC 5652, 5.1: the version of a `SignedData` whose content is not plain data.
const SIGNED_DATA_VERSION: &[u8] = &[3];
/// RFC 5652, 5.3: the version of a `SignerInfo` that names its signer by issuer and serial number.
const SIGNER_INFO_VERSION: &[u8] = &[1];
/// Genuine tokens sign three or four.
const MAX_ATTRIBUTES: usize = 16;
/// RFC 5652, 5.1.
const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
/// RFC 3161, 2.4.2.
const TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");
// RFC 5652, 11 and RFC 5035, 3.
const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
const SIGNING_CERTIFICATE_V2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.47");
