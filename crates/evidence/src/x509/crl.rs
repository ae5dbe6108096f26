//! Certificate revocation lists (RFC 5280, 5; Intel SGX PCK Certificate and CRL Profile Specification).

use der::asn1::{ObjectIdentifier, UintRef};
use der::{Decode as _, Tag};

use super::certificate::authority_key_identifier;
use super::encoding::{
    EncodingError, Extensions, Fields, RawName, signature_algorithm, signed, within_sequence,
};
use super::error::CrlError;
use super::family::{KeyFamily, oid};
use super::{MAX_CRL_BYTES, PublicKey, Serial, VendorKey, pem};
use crate::time::UnixTime;

/// A CRL of Intel's hierarchy.
pub type Crl = CrlOf<PublicKey>;

/// A CRL of another vendor's hierarchy.
pub type VendorCrl = CrlOf<VendorKey>;

/// A complete, direct CRL of version 2. That it can be read says nothing about who issued it.
#[derive(Clone, Debug)]
pub struct CrlOf<K: KeyFamily> {
    der: Vec<u8>,
    tbs: Vec<u8>,
    algorithm: K::Algorithm,
    signature: Vec<u8>,
    issuer: RawName,
    this_update: UnixTime,
    next_update: UnixTime,
    number: Option<u64>,
    authority_key_identifier: Option<Vec<u8>>,
    /// In ascending order.
    revoked: Vec<Serial>,
}

impl<K: KeyFamily> CrlOf<K> {
    /// Reads a CRL from PEM, DER or hexadecimal DER.
    pub fn parse(input: &[u8]) -> Result<Self, CrlError> {
        Self::from_der(&pem::crl(input)?)
    }

    /// Reads a CRL from DER. Refused are version 1, a missing `nextUpdate`, CRL number or authority key identifier
    /// (the latter two where the family's lists all have them), delta and partial lists, and critical extensions that are not understood, also those of an entry.
    pub fn from_der(der: &[u8]) -> Result<Self, CrlError> {
        if der.len() > MAX_CRL_BYTES {
            return Err(EncodingError::TooLarge {
                structure: "CRL",
                size: der.len(),
                limit: MAX_CRL_BYTES,
            }
            .into());
        }
        let outer = signed(der, "CRL")?;
        let algorithm = signature_algorithm::<K>(outer.algorithm)?;
        let (mut number, mut key_identifier) = (None, None);
        let mut partial = None;
        let (issuer, this_update, next_update, revoked) =
            within_sequence(outer.tbs, "tbsCertList", |fields| {
                check_version(fields)?;
                fields.signature_algorithm(outer.algorithm)?;
                let issuer = fields.name("issuer")?;
                let this_update = fields.time("thisUpdate")?;
                let next_update = fields.time("nextUpdate")?;
                let revoked = match fields.next_tag() {
                    Some(Tag::Sequence) => fields.sequence("revokedCertificates", revoked)?,
                    _ => Vec::new(),
                };
                let extensions = fields.extensions(CRL_EXTENSIONS_TAG, "crlExtensions")?;
                partial = PARTIAL
                    .iter()
                    .find(|(oid, _)| extensions.value(*oid).is_some())
                    .map(|(_, name)| *name);
                if partial.is_none() {
                    extensions.refuse_unknown_critical(&[CRL_NUMBER, oid::AUTHORITY_KEY_IDENTIFIER])?;
                }
                number = crl_number(&extensions)?;
                key_identifier = authority_key_identifier(&extensions)?;
                Ok((issuer, this_update, next_update, revoked))
            })?;
        if let Some(extension) = partial {
            return Err(CrlError::Partial { extension });
        }
        let missing = [
            (number.is_none(), "crlNumber"),
            (key_identifier.is_none(), "authorityKeyIdentifier"),
        ];
        if let Some((_, extension)) = missing
            .iter()
            .find(|(missing, _)| K::CRLS_ARE_NUMBERED && *missing)
        {
            return Err(CrlError::MissingExtension { extension });
        }
        Ok(Self {
            der: der.to_vec(),
            tbs: outer.tbs.to_vec(),
            algorithm,
            signature: outer.signature.to_vec(),
            issuer,
            this_update,
            next_update,
            number,
            authority_key_identifier: key_identifier,
            revoked,
        })
    }

    /// The list in DER.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The issuer's name, complete DER.
    pub fn issuer(&self) -> &[u8] {
        &self.issuer.der
    }

    /// The issuer's common name; empty when it has none or several.
    pub fn issuer_common_name(&self) -> &str {
        &self.issuer.common_name
    }

    /// When the list was issued.
    pub const fn this_update(&self) -> UnixTime {
        self.this_update
    }

    /// The last moment at which the list is current.
    pub const fn next_update(&self) -> UnixTime {
        self.next_update
    }

    /// The CRL number, which grows with every list of one issuer; 0 when the list has none.
    pub const fn number(&self) -> u64 {
        match self.number {
            Some(number) => number,
            None => 0,
        }
    }

    /// How many certificates are revoked.
    pub fn revoked_count(&self) -> usize {
        self.revoked.len()
    }

    /// Whether the list revokes the issuer's certificate with this serial number, for whatever reason.
    pub fn revokes(&self, serial: &Serial) -> bool {
        self.revoked.binary_search(serial).is_ok()
    }

    /// Refuses the list unless the authority with this name, key and (if known) key identifier issued it.
    pub(crate) fn check_issuer(
        &self,
        name: &[u8],
        key: &K,
        key_identifier: Option<&[u8]>,
    ) -> Result<(), CrlError> {
        if self.issuer.der != name {
            return Err(CrlError::IssuerName {
                found: self.issuer.common_name.clone(),
            });
        }
        let stated = self.authority_key_identifier.as_deref();
        if key_identifier
            .zip(stated)
            .is_some_and(|(issuer, stated)| issuer != stated)
        {
            return Err(CrlError::AuthorityKeyIdentifier);
        }
        if !key.verifies(self.algorithm, &self.tbs, &self.signature) {
            return Err(CrlError::Signature);
        }
        Ok(())
    }
}

fn check_version(fields: &mut Fields<'_, '_>) -> Result<(), EncodingError> {
    // Version 1 leaves the field out.
    if fields.next_tag() == Some(Tag::Integer) && fields.raw("version")? == VERSION_2 {
        Ok(())
    } else {
        Err(EncodingError::UnsupportedVersion { structure: "CRL" })
    }
}

fn revoked(entries: &mut Fields<'_, '_>) -> Result<Vec<Serial>, EncodingError> {
    let mut serials = Vec::new();
    while !entries.is_finished() {
        serials.push(entries.sequence("revokedCertificates", |entry| {
            let serial = entry.serial("userCertificate")?;
            entry.time("revocationDate")?;
            if !entry.is_finished() {
                // An entry of an indirect list names its issuer in a critical extension (RFC 5280, 5.3.3).
                let list: der::asn1::AnyRef<'_> = entry.read("crlEntryExtensions")?;
                if list.header().tag() != Tag::Sequence {
                    return Err(EncodingError::Malformed {
                        field: "crlEntryExtensions",
                    });
                }
                Extensions::parse(list.value(), "crlEntryExtensions")?.refuse_unknown_critical(&[])?;
            }
            Ok(serial)
        })?);
    }
    serials.sort_unstable();
    Ok(serials)
}

fn crl_number(extensions: &Extensions<'_>) -> Result<Option<u64>, EncodingError> {
    let malformed = || EncodingError::Malformed { field: "crlNumber" };
    let Some(value) = extensions.value(CRL_NUMBER) else {
        return Ok(None);
    };
    let magnitude = UintRef::from_der(value).map_err(|_| malformed())?;
    let mut octets = [0_u8; 8];
    let start = octets
        .len()
        .checked_sub(magnitude.as_bytes().len())
        .ok_or_else(malformed)?;
    octets
        .get_mut(start..)
        .ok_or_else(malformed)?
        .copy_from_slice(magnitude.as_bytes());
    Ok(Some(u64::from_be_bytes(octets)))
}

/// RFC 5280, 5.2.3.
const CRL_NUMBER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.20");
/// Extensions of lists that do not cover all certificates of their issuer (RFC 5280, 5.2.4 and 5.2.5). They would be
/// critical, but no such list is usable here whatever the flag says.
const PARTIAL: &[(ObjectIdentifier, &str)] = &[
    (ObjectIdentifier::new_unwrap("2.5.29.27"), "deltaCRLIndicator"),
    (
        ObjectIdentifier::new_unwrap("2.5.29.28"),
        "issuingDistributionPoint",
    ),
];
/// `INTEGER 1`, version 2.
const VERSION_2: &[u8] = &[0x02, 0x01, 0x01];
/// RFC 5280, 5.1: `crlExtensions [0] EXPLICIT`.
const CRL_EXTENSIONS_TAG: u32 = 0;

#[cfg(test)]
mod tests;
