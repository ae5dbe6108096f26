//! Version 2 certificate revocation lists (RFC 5280, section 5): a specification with public fields, and its DER.

use attestry_api::der;

use super::{
    Extension, KeyPair, Name, SigningKey,
    certificate::{oid, signed},
};

/// Everything a revocation list says, and the key that signs it, which is of the kind `Key`.
#[derive(Clone, Debug)]
pub struct CrlSpec<Key = KeyPair> {
    /// Issuer name.
    pub issuer: Name,
    /// The key that signs.
    pub issuer_key: Key,
    /// When it was issued, unix seconds.
    pub this_update: i64,
    /// When the next one is due, unix seconds; `None` leaves the field out.
    pub next_update: Option<i64>,
    /// What is revoked; an empty list leaves the field out.
    pub revoked: Vec<RevokedCertificate>,
    /// Extensions in this order.
    pub extensions: Vec<Extension>,
}

/// One entry of a revocation list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevokedCertificate {
    /// Serial number, big-endian, unsigned.
    pub serial: Vec<u8>,
    /// When it was revoked, unix seconds.
    pub at: i64,
}

impl<Key: SigningKey> CrlSpec<Key> {
    /// A list that revokes nothing, with the two extensions RFC 5280 demands.
    pub fn empty(issuer: Name, issuer_key: Key, number: u64, this_update: i64, next_update: i64) -> Self {
        let extensions = vec![
            Extension::new(oid::CRL_NUMBER, false, der::integer(number)),
            Extension::authority_key_id(&issuer_key),
        ];
        Self {
            issuer,
            issuer_key,
            this_update,
            next_update: Some(next_update),
            revoked: Vec::new(),
            extensions,
        }
    }

    /// Revokes a serial number, as of a day before this list.
    pub fn revoke(&mut self, serial: &[u8]) {
        let at = self.this_update.saturating_sub(86_400);
        self.revoked.push(RevokedCertificate {
            serial: serial.to_vec(),
            at,
        });
    }

    /// Replaces the cRLNumber.
    pub fn set_number(&mut self, number: u64) {
        for extension in &mut self.extensions {
            if extension.oid == oid::CRL_NUMBER {
                extension.value = der::integer(number);
            }
        }
    }

    /// The list, DER.
    pub fn to_der(&self) -> Vec<u8> {
        let mut fields = vec![
            der::integer(VERSION_2),
            self.issuer_key.algorithm_identifier(),
            self.issuer.to_der(),
            der::time(self.this_update),
        ];
        fields.extend(self.next_update.map(der::time));
        if !self.revoked.is_empty() {
            fields.push(der::sequence(self.revoked.iter().map(RevokedCertificate::to_der)));
        }
        if !self.extensions.is_empty() {
            let extensions = der::sequence(self.extensions.iter().map(Extension::to_der));
            fields.push(der::explicit(0, &extensions));
        }
        signed(&der::sequence(fields), &self.issuer_key)
    }
}

impl RevokedCertificate {
    fn to_der(&self) -> Vec<u8> {
        let reason = Extension::new(REASON_CODE, false, der::enumerated(KEY_COMPROMISE));
        der::sequence([
            der::integer_from_bytes(&self.serial),
            der::time(self.at),
            der::sequence([reason.to_der()]),
        ])
    }
}

const VERSION_2: u64 = 1;
/// reasonCode (RFC 5280, 5.3.1).
const REASON_CODE: &[u64] = &[2, 5, 29, 21];
const KEY_COMPROMISE: u64 = 1;
