//! One certificate: read strictly, nothing verified yet.

use der::asn1::{BitStringRef, ObjectIdentifier};
use der::{Tag, TagNumber};
use x509_cert::ext::pkix;

use super::encoding::{
    EncodingError, Extensions, Fields, RawName, signature_algorithm, signed, within_sequence,
};
use super::family::{KeyFamily, oid};
use super::{MAX_CERTIFICATE_BYTES, PublicKey, Serial, VendorKey, pem};
use crate::time::UnixTime;

/// A certificate of Intel's hierarchy: its key is a point on P-256, its signature ECDSA with SHA-256.
pub type Certificate = CertificateOf<PublicKey>;

/// A certificate of another vendor's hierarchy.
pub type VendorCertificate = CertificateOf<VendorKey>;

/// A certificate as it was handed over. That it can be read says nothing about who issued it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CertificateOf<K: KeyFamily> {
    der: Vec<u8>,
    tbs: Vec<u8>,
    algorithm: K::Algorithm,
    signature: Vec<u8>,
    serial: Serial,
    issuer: RawName,
    subject: RawName,
    not_before: UnixTime,
    not_after: UnixTime,
    public_key: K,
    basic_constraints: Option<BasicConstraints>,
    key_usage: Option<KeyUsage>,
    authority_key_identifier: Option<Vec<u8>>,
    subject_key_identifier: Option<Vec<u8>>,
    extended_key_usage: Option<Vec<ObjectIdentifier>>,
    extensions: Vec<(ObjectIdentifier, Vec<u8>)>,
}

/// RFC 5280, 4.2.1.9.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct BasicConstraints {
    /// Whether the subject is a certificate authority.
    pub ca: bool,
    /// How many further authorities may stand below it.
    pub path_length: Option<u8>,
}

/// RFC 5280, 4.2.1.3, the three bits that Intel's profile uses.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct KeyUsage {
    /// May sign data.
    pub digital_signature: bool,
    /// May sign certificates.
    pub certificate_sign: bool,
    /// May sign CRLs.
    pub crl_sign: bool,
}

impl<K: KeyFamily> CertificateOf<K> {
    /// Reads one certificate from PEM or DER.
    pub fn parse(input: &[u8]) -> Result<Self, EncodingError> {
        Self::from_der(&pem::certificate(input)?)
    }

    /// Reads every certificate of a PEM text, in the order given; at least one.
    pub fn parse_chain(text: &[u8]) -> Result<Vec<Self>, EncodingError> {
        pem::certificates(text)?
            .iter()
            .map(|der| Self::from_der(der))
            .collect()
    }

    /// Reads one certificate from DER (RFC 5280, 4.1). Unique identifiers, unknown critical extensions, repeated
    /// extensions and trailing bytes are refused, and so are keys and algorithms that the family does not use.
    pub fn from_der(der: &[u8]) -> Result<Self, EncodingError> {
        if der.len() > MAX_CERTIFICATE_BYTES {
            return Err(EncodingError::TooLarge {
                structure: "certificate",
                size: der.len(),
                limit: MAX_CERTIFICATE_BYTES,
            });
        }
        let outer = signed(der, "certificate")?;
        let algorithm = signature_algorithm::<K>(outer.algorithm)?;
        within_sequence(outer.tbs, "tbsCertificate", |fields| {
            check_version(fields)?;
            let serial = fields.serial("serialNumber")?;
            fields.signature_algorithm(outer.algorithm)?;
            let issuer = fields.name("issuer")?;
            let (not_before, not_after) = fields.sequence("validity", |times| {
                Ok((times.time("notBefore")?, times.time("notAfter")?))
            })?;
            let subject = fields.name("subject")?;
            let public_key = fields.sequence("subjectPublicKeyInfo", public_key)?;
            let extensions = fields.extensions(EXTENSIONS_TAG, "extensions")?;
            extensions.refuse_unknown_critical(K::UNDERSTOOD)?;
            Ok(Self {
                der: der.to_vec(),
                tbs: outer.tbs.to_vec(),
                algorithm,
                signature: outer.signature.to_vec(),
                serial,
                issuer,
                subject,
                not_before,
                not_after,
                public_key,
                basic_constraints: basic_constraints(&extensions)?,
                key_usage: key_usage(&extensions)?,
                authority_key_identifier: authority_key_identifier(&extensions)?,
                subject_key_identifier: subject_key_identifier(&extensions)?,
                extended_key_usage: extended_key_usage(&extensions)?,
                extensions: extensions
                    .iter()
                    .map(|extension| (extension.oid, extension.value.to_vec()))
                    .collect(),
            })
        })
    }

    /// The certificate as it was read.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The serial number.
    pub const fn serial(&self) -> Serial {
        self.serial
    }

    /// The issuer's name, complete DER.
    pub fn issuer(&self) -> &[u8] {
        &self.issuer.der
    }

    /// The issuer's common name; empty when it has none or several.
    pub fn issuer_common_name(&self) -> &str {
        &self.issuer.common_name
    }

    /// The subject's name, complete DER.
    pub fn subject(&self) -> &[u8] {
        &self.subject.der
    }

    /// The subject's common name; empty when it has none or several.
    pub fn common_name(&self) -> &str {
        &self.subject.common_name
    }

    /// The first moment of validity.
    pub const fn not_before(&self) -> UnixTime {
        self.not_before
    }

    /// The last moment of validity.
    pub const fn not_after(&self) -> UnixTime {
        self.not_after
    }

    /// The subject's key.
    pub const fn public_key(&self) -> &K {
        &self.public_key
    }

    /// The basic constraints extension.
    pub const fn basic_constraints(&self) -> Option<BasicConstraints> {
        self.basic_constraints
    }

    /// The key usage extension.
    pub const fn key_usage(&self) -> Option<KeyUsage> {
        self.key_usage
    }

    /// The key identifier of the issuer, if stated.
    pub fn authority_key_identifier(&self) -> Option<&[u8]> {
        self.authority_key_identifier.as_deref()
    }

    /// The key identifier of the subject, if stated.
    pub fn subject_key_identifier(&self) -> Option<&[u8]> {
        self.subject_key_identifier.as_deref()
    }

    /// The purposes of the key (RFC 5280, 4.2.1.12), if stated.
    pub fn extended_key_usage(&self) -> Option<&[ObjectIdentifier]> {
        self.extended_key_usage.as_deref()
    }

    /// The value of an extension, if present.
    pub fn extension(&self, oid: ObjectIdentifier) -> Option<&[u8]> {
        self.extensions()
            .find(|(found, _)| *found == oid)
            .map(|(_, value)| value)
    }

    /// The extensions, in the order of the certificate; none appears twice.
    pub fn extensions(&self) -> impl Iterator<Item = (ObjectIdentifier, &[u8])> {
        self.extensions
            .iter()
            .map(|(oid, value)| (*oid, value.as_slice()))
    }

    /// Whether issuer and subject have the same name.
    pub fn is_self_issued(&self) -> bool {
        self.issuer.der == self.subject.der
    }

    /// Whether the signature is `issuer`'s.
    pub(crate) fn is_signed_by(&self, issuer: &K) -> bool {
        issuer.verifies(self.algorithm, &self.tbs, &self.signature)
    }
}

impl CertificateOf<PublicKey> {
    /// The value of Intel's SGX extension, 1.2.840.113741.1.13.1, if present.
    pub fn sgx_extension(&self) -> Option<&[u8]> {
        self.extension(oid::SGX_EXTENSION)
    }
}

fn check_version(fields: &mut Fields<'_, '_>) -> Result<(), EncodingError> {
    let tag = Tag::ContextSpecific {
        constructed: true,
        number: TagNumber(0),
    };
    if fields.next_tag() == Some(tag) && fields.raw("version")? == VERSION_3 {
        Ok(())
    } else {
        Err(EncodingError::UnsupportedVersion {
            structure: "certificate",
        })
    }
}

fn public_key<K: KeyFamily>(fields: &mut Fields<'_, '_>) -> Result<K, EncodingError> {
    let algorithm = fields.raw("subjectPublicKeyInfo.algorithm")?;
    let key: BitStringRef<'_> = fields.read("subjectPublicKey")?;
    key.as_bytes()
        .and_then(|key| K::from_public_key_info(algorithm, key))
        .ok_or(EncodingError::UnsupportedKey { expected: K::KEYS })
}

fn basic_constraints(extensions: &Extensions<'_>) -> Result<Option<BasicConstraints>, EncodingError> {
    let decoded: Option<pkix::BasicConstraints> =
        extensions.decode(oid::BASIC_CONSTRAINTS, "basicConstraints")?;
    Ok(decoded.map(|found| BasicConstraints {
        ca: found.ca,
        path_length: found.path_len_constraint,
    }))
}

fn key_usage(extensions: &Extensions<'_>) -> Result<Option<KeyUsage>, EncodingError> {
    let decoded: Option<pkix::KeyUsage> = extensions.decode(oid::KEY_USAGE, "keyUsage")?;
    Ok(decoded.map(|found| KeyUsage {
        digital_signature: found.digital_signature(),
        certificate_sign: found.key_cert_sign(),
        crl_sign: found.crl_sign(),
    }))
}

pub(super) fn authority_key_identifier(
    extensions: &Extensions<'_>,
) -> Result<Option<Vec<u8>>, EncodingError> {
    let decoded: Option<pkix::AuthorityKeyIdentifier> =
        extensions.decode(oid::AUTHORITY_KEY_IDENTIFIER, "authorityKeyIdentifier")?;
    Ok(decoded
        .and_then(|found| found.key_identifier)
        .map(|identifier| identifier.as_bytes().to_vec()))
}

fn subject_key_identifier(extensions: &Extensions<'_>) -> Result<Option<Vec<u8>>, EncodingError> {
    let decoded: Option<pkix::SubjectKeyIdentifier> =
        extensions.decode(oid::SUBJECT_KEY_IDENTIFIER, "subjectKeyIdentifier")?;
    Ok(decoded.map(|found| found.0.as_bytes().to_vec()))
}

fn extended_key_usage(extensions: &Extensions<'_>) -> Result<Option<Vec<ObjectIdentifier>>, EncodingError> {
    let decoded: Option<pkix::ExtendedKeyUsage> =
        extensions.decode(oid::EXTENDED_KEY_USAGE, "extendedKeyUsage")?;
    Ok(decoded.map(|found| found.0))
}

/// `[0] EXPLICIT INTEGER 2`, X.509 version 3.
const VERSION_3: &[u8] = &[0xa0, 0x03, 0x02, 0x01, 0x02];
/// RFC 5280, 4.1: `extensions [3] EXPLICIT`.
const EXTENSIONS_TAG: u32 = 3;

#[cfg(test)]
mod tests;
