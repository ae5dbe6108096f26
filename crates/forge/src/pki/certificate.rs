//! X.509 version 3 certificates (RFC 5280, section 4.1): a specification with public fields, and its DER.

use attestry_api::der;

use super::{KeyPair, SigningKey};

/// Everything a certificate says, and the key that signs it. `Key` is the kind of both keys.
#[derive(Clone, Debug)]
pub struct CertificateSpec<Key = KeyPair> {
    /// Serial number, big-endian, unsigned.
    pub serial: Vec<u8>,
    /// Issuer name as written into the certificate.
    pub issuer: Name,
    /// Subject name.
    pub subject: Name,
    /// Start of validity, unix seconds.
    pub not_before: i64,
    /// End of validity, unix seconds, inclusive.
    pub not_after: i64,
    /// The key that is certified.
    pub subject_key: Key,
    /// The key that signs: the issuer's, or another one for a bad signature.
    pub issuer_key: Key,
    /// Extensions in this order; repeat, drop or add at will.
    pub extensions: Vec<Extension>,
}

impl<Key: SigningKey> CertificateSpec<Key> {
    /// The certificate, DER.
    pub fn to_der(&self) -> Vec<u8> {
        let extensions = der::sequence(self.extensions.iter().map(Extension::to_der));
        let to_be_signed = der::sequence([
            der::explicit(0, &der::integer(VERSION_3)),
            der::integer_from_bytes(&self.serial),
            self.issuer_key.algorithm_identifier(),
            self.issuer.to_der(),
            der::sequence([der::time(self.not_before), der::time(self.not_after)]),
            self.subject.to_der(),
            self.subject_key.spki(),
            der::explicit(3, &extensions),
        ]);
        signed(&to_be_signed, &self.issuer_key)
    }

    /// The certificate, PEM.
    pub fn to_pem(&self) -> String {
        super::pem("CERTIFICATE", &self.to_der())
    }

    /// The first extension with this identifier, to be changed in place.
    pub fn extension_mut(&mut self, oid: &[u64]) -> Option<&mut Extension> {
        self.extensions.iter_mut().find(|extension| extension.oid == oid)
    }

    /// Removes every extension with this identifier.
    pub fn remove_extension(&mut self, oid: &[u64]) {
        self.extensions.retain(|extension| extension.oid != oid);
    }
}

/// A distinguished name: attribute type (arcs) and value, in order.
///
/// Values are UTF8String, the country PrintableString, as in Intel's and AMD's certificates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(pub Vec<(Vec<u64>, String)>);

impl Name {
    /// A name in the order Intel writes it: CN, O, L, ST, C. The organization says what this is.
    pub fn forged(common_name: &str) -> Self {
        Self::of(&[
            (COMMON_NAME, common_name),
            (ORGANIZATION, FORGE),
            (LOCALITY, "Santa Clara"),
            (STATE, "CA"),
            (COUNTRY, "US"),
        ])
    }

    /// A name in the order AMD writes it: OU, C, L, ST, O, CN. The organization says what this is.
    pub fn forged_amd(common_name: &str) -> Self {
        Self::of(&[
            (ORGANIZATIONAL_UNIT, "Engineering"),
            (COUNTRY, "US"),
            (LOCALITY, "Santa Clara"),
            (STATE, "CA"),
            (ORGANIZATION, FORGE),
            (COMMON_NAME, common_name),
        ])
    }

    /// A name in the order Microsoft writes it: C, ST, L, O, CN. The organization says what this is.
    pub fn forged_microsoft(common_name: &str) -> Self {
        Self::of(&[
            (COUNTRY, "US"),
            (STATE, "Washington"),
            (LOCALITY, "Redmond"),
            (ORGANIZATION, FORGE),
            (COMMON_NAME, common_name),
        ])
    }

    /// Attributes below 2.5.4, in this order.
    fn of(attributes: &[(u64, &str)]) -> Self {
        let attribute = |(last, value): &(u64, &str)| (vec![2, 5, 4, *last], (*value).to_owned());
        Self(attributes.iter().map(attribute).collect())
    }

    /// RDNSequence, DER.
    pub fn to_der(&self) -> Vec<u8> {
        der::sequence(self.0.iter().map(|(oid, value)| {
            let text = if oid.last() == Some(&COUNTRY) {
                der::printable_string(value)
            } else {
                der::utf8_string(value)
            };
            let oid = der::oid_from_arcs(oid).unwrap_or_default();
            der::set([der::sequence([oid, text])])
        }))
    }
}

/// One extension of a certificate, a list or an entry of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// Arcs of the identifier.
    pub oid: Vec<u64>,
    /// Whether who does not know it must refuse.
    pub critical: bool,
    /// DER of the value, without the OCTET STRING around it.
    pub value: Vec<u8>,
}

impl Extension {
    /// An extension of any kind.
    pub fn new(oid: &[u64], critical: bool, value: Vec<u8>) -> Self {
        Self {
            oid: oid.to_vec(),
            critical,
            value,
        }
    }

    /// authorityKeyIdentifier with the key identifier alone (RFC 5280, 4.2.1.1).
    pub fn authority_key_id(key: &impl SigningKey) -> Self {
        Self::new(
            oid::AUTHORITY_KEY_IDENTIFIER,
            false,
            der::sequence([der::implicit(0, &key.key_id())]),
        )
    }

    /// subjectKeyIdentifier (RFC 5280, 4.2.1.2).
    pub fn subject_key_id(key: &impl SigningKey) -> Self {
        Self::new(
            oid::SUBJECT_KEY_IDENTIFIER,
            false,
            der::octet_string(&key.key_id()),
        )
    }

    /// keyUsage, critical, of bit numbers (RFC 5280, 4.2.1.3): 0 digitalSignature, 1 nonRepudiation,
    /// 5 keyCertSign, 6 cRLSign.
    pub fn key_usage(bits: &[u8]) -> Self {
        Self::new(oid::KEY_USAGE, true, der::named_bits(bits))
    }

    /// basicConstraints, critical, of a CA without a path length (RFC 5280, 4.2.1.9).
    pub fn unbounded_authority() -> Self {
        let value = der::sequence([der::boolean(true)]);
        Self::new(oid::BASIC_CONSTRAINTS, true, value)
    }

    /// extKeyUsage of purposes given by their arcs (RFC 5280, 4.2.1.12).
    pub fn extended_key_usage(critical: bool, purposes: &[&[u64]]) -> Self {
        let purposes = purposes
            .iter()
            .map(|arcs| der::oid_from_arcs(arcs).unwrap_or_default());
        Self::new(oid::EXTENDED_KEY_USAGE, critical, der::sequence(purposes))
    }

    /// basicConstraints, critical, of a CA with a path length or of an end entity (RFC 5280, 4.2.1.9).
    pub fn basic_constraints(ca_path_length: Option<u64>) -> Self {
        let value = match ca_path_length {
            Some(length) => der::sequence([der::boolean(true), der::integer(length)]),
            None => der::sequence(Vec::<Vec<u8>>::new()),
        };
        Self::new(oid::BASIC_CONSTRAINTS, true, value)
    }

    /// cRLDistributionPoints with one URL (RFC 5280, 4.2.1.13).
    pub fn crl_distribution_point(url: &str) -> Self {
        let full_name = der::element(CONTEXT_0_CONSTRUCTED, &der::implicit(6, url.as_bytes()));
        let point = der::sequence([der::explicit(0, &full_name)]);
        Self::new(oid::CRL_DISTRIBUTION_POINTS, false, der::sequence([point]))
    }

    /// Extension, DER.
    pub fn to_der(&self) -> Vec<u8> {
        let mut parts = vec![der::oid_from_arcs(&self.oid).unwrap_or_default()];
        if self.critical {
            parts.push(der::boolean(true));
        }
        parts.push(der::octet_string(&self.value));
        der::sequence(parts)
    }
}

/// Arcs of the identifiers used here (RFC 5280, section 4.2).
pub mod oid {
    /// subjectKeyIdentifier.
    pub const SUBJECT_KEY_IDENTIFIER: &[u64] = &[2, 5, 29, 14];
    /// keyUsage.
    pub const KEY_USAGE: &[u64] = &[2, 5, 29, 15];
    /// basicConstraints.
    pub const BASIC_CONSTRAINTS: &[u64] = &[2, 5, 29, 19];
    /// cRLNumber.
    pub const CRL_NUMBER: &[u64] = &[2, 5, 29, 20];
    /// cRLDistributionPoints.
    pub const CRL_DISTRIBUTION_POINTS: &[u64] = &[2, 5, 29, 31];
    /// authorityKeyIdentifier.
    pub const AUTHORITY_KEY_IDENTIFIER: &[u64] = &[2, 5, 29, 35];
    /// extKeyUsage.
    pub const EXTENDED_KEY_USAGE: &[u64] = &[2, 5, 29, 37];
}

/// SEQUENCE of what is signed, the algorithm and the signature: the outer form of certificates and CRLs.
pub(super) fn signed(to_be_signed: &[u8], key: &impl SigningKey) -> Vec<u8> {
    let signature = der::bit_string(&key.sign(to_be_signed));
    der::sequence([to_be_signed, &key.algorithm_identifier(), &signature])
}

const VERSION_3: u64 = 2;
const COMMON_NAME: u64 = 3;
const COUNTRY: u64 = 6;
const LOCALITY: u64 = 7;
const STATE: u64 = 8;
const ORGANIZATION: u64 = 10;
const ORGANIZATIONAL_UNIT: u64 = 11;
const FORGE: &str = "Attestry Forge - test only, trust nothing";
const CONTEXT_0_CONSTRUCTED: u8 = 0xA0;
