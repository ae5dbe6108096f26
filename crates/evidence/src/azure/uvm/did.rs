//! The identity of a signer, did:x509 version 0 (Microsoft, "did:x509 Method Specification"): the hash of a
//! certificate authority, and conditions on the certificate below it. Owns the text form and the conditions; that the
//! certificates form a path is a precondition.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use der::Decode;
use der::asn1::{Ia5StringRef, ObjectIdentifier, PrintableStringRef, Utf8StringRef};
use der::{Tag, Tagged};
use x509_cert::name::{RdnSequence, RelativeDistinguishedName};

use crate::json::abridged;
use crate::x509::{Path, VendorCertificate};

/// A did:x509 taken apart.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DidX509 {
    text: String,
    authority: [u8; 32],
    policies: Vec<Policy>,
}

/// A condition on the signer's certificate.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Policy {
    /// One of the purposes of the key, as a dotted number.
    Eku(String),
    /// Attributes of the subject: each object identifier and its value.
    Subject(Vec<(ObjectIdentifier, String)>),
}

/// The issuer is not a did:x509 that is read here, or not the signer's.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DidError {
    /// Not a did:x509 of version 0 over SHA-256.
    #[error("the issuer `{found}` is not a did:x509:0:sha256")]
    Form {
        /// The issuer, shortened.
        found: String,
    },
    /// A policy that is not known, or malformed.
    #[error("the issuer's policy `{found}` is not understood")]
    Policy {
        /// The policy, shortened.
        found: String,
    },
    /// The hash is not that of the root in which the chain ends.
    #[error("the issuer names another root than the chain's")]
    Root {
        /// SHA-256 of the root that the issuer names.
        expected: [u8; 32],
        /// SHA-256 of the chain's root.
        found: [u8; 32],
    },
    /// The signer's certificate lacks the purpose that the issuer names.
    #[error("the signer's certificate lacks the purpose `{expected}`")]
    Eku {
        /// The purpose, a dotted number.
        expected: String,
    },
    /// The subject of the signer's certificate is not the one that the issuer names.
    #[error("the subject of the signer's certificate lacks the value `{expected}`")]
    Subject {
        /// The value that is missing, shortened.
        expected: String,
    },
}

impl DidX509 {
    /// Reads `did:x509:0:sha256:<hash>::<policy>:<value>[::<policy>:<value>]...`, with the policies `eku` and
    /// `subject`. At least one is needed: the root alone names no signer.
    pub fn parse(text: &str) -> Result<Self, DidError> {
        let form = || DidError::Form {
            found: abridged(text),
        };
        if text.len() > MAX_DID_BYTES {
            return Err(form());
        }
        let mut parts = text
            .strip_prefix("did:x509:0:sha256:")
            .ok_or_else(form)?
            .split("::");
        let authority = parts
            .next()
            .and_then(|hash| URL_SAFE_NO_PAD.decode(hash).ok())
            .and_then(|hash| hash.try_into().ok())
            .ok_or_else(form)?;
        let policies: Vec<Policy> = parts.map(policy).collect::<Result<_, _>>()?;
        if policies.is_empty() {
            return Err(form());
        }
        Ok(Self {
            text: text.to_owned(),
            authority,
            policies,
        })
    }

    /// The text that was read.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// SHA-256 of the certificate of the authority that the signer hangs under.
    pub const fn authority(&self) -> &[u8; 32] {
        &self.authority
    }

    /// Whether this is the identity of the path's leaf under the path's last certificate.
    pub(super) fn check(&self, path: &Path) -> Result<(), DidError> {
        let root = fingerprint(path.authorities().last().unwrap_or(path.leaf()));
        // The method allows any authority of the path. Only the root is pinned here, so only the root may be named.
        if path.authorities().is_empty() || root != self.authority {
            return Err(DidError::Root {
                expected: self.authority,
                found: root,
            });
        }
        self.policies
            .iter()
            .try_for_each(|policy| policy.check(path.leaf()))
    }
}

impl Policy {
    fn check(&self, leaf: &VendorCertificate) -> Result<(), DidError> {
        match self {
            Self::Eku(expected) => leaf
                .extended_key_usage()
                .is_some_and(|purposes| purposes.iter().any(|purpose| purpose.to_string() == *expected))
                .then_some(())
                .ok_or_else(|| DidError::Eku {
                    expected: expected.clone(),
                }),
            Self::Subject(attributes) => {
                let subject = subject(leaf);
                match attributes.iter().find(|attribute| !subject.contains(attribute)) {
                    None => Ok(()),
                    Some((_, expected)) => Err(DidError::Subject {
                        expected: abridged(expected),
                    }),
                }
            }
        }
    }
}

fn policy(text: &str) -> Result<Policy, DidError> {
    let unknown = || DidError::Policy {
        found: abridged(text),
    };
    let (name, value) = text.split_once(':').ok_or_else(unknown)?;
    match name {
        "eku" => ObjectIdentifier::new(value)
            .map(|_| Policy::Eku(value.to_owned()))
            .map_err(|_| unknown()),
        "subject" => attributes(value).map(Policy::Subject).ok_or_else(unknown),
        _ => Err(unknown()),
    }
}

/// `key:value[:key:value]...`, each key once, values percent-encoded.
fn attributes(text: &str) -> Option<Vec<(ObjectIdentifier, String)>> {
    let mut parts = text.split(':');
    let mut attributes: Vec<(ObjectIdentifier, String)> = Vec::new();
    while let Some(key) = parts.next() {
        let oid = ATTRIBUTES
            .iter()
            .find(|(name, _)| *name == key)
            .map(|(_, oid)| *oid)?;
        let value = percent_decoded(parts.next()?)?;
        if attributes.iter().any(|(known, _)| *known == oid) {
            return None;
        }
        attributes.push((oid, value));
    }
    Some(attributes)
}

/// The method's alphabet is letters, digits, `-`, `.` and `_`; anything else is percent-encoded.
fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    loop {
        rest = match rest {
            [] => return String::from_utf8(bytes).ok().filter(|value| !value.is_empty()),
            [b'%', high, low, rest @ ..] => {
                bytes.extend(crate::hex::decode(&[*high, *low])?);
                rest
            }
            [plain, rest @ ..] if plain.is_ascii_alphanumeric() || b"-._".contains(plain) => {
                bytes.push(*plain);
                rest
            }
            _ => return None,
        };
    }
}

/// The attributes of the subject whose values are text.
fn subject(leaf: &VendorCertificate) -> Vec<(ObjectIdentifier, String)> {
    let Ok(names) = RdnSequence::from_der(leaf.subject()) else {
        return Vec::new();
    };
    names
        .iter()
        .flat_map(RelativeDistinguishedName::iter)
        .filter_map(|attribute| {
            let value = &attribute.value;
            let text = match value.tag() {
                Tag::PrintableString => value.decode_as::<PrintableStringRef<'_>>().ok()?.to_string(),
                Tag::Utf8String => value.decode_as::<Utf8StringRef<'_>>().ok()?.to_string(),
                Tag::Ia5String => value.decode_as::<Ia5StringRef<'_>>().ok()?.to_string(),
                _ => return None,
            };
            Some((attribute.oid, text))
        })
        .collect()
}

/// SHA-256 of a certificate, as it stands in a did:x509.
pub(super) fn fingerprint(certificate: &VendorCertificate) -> [u8; 32] {
    let mut fingerprint = [0; 32];
    fingerprint.copy_from_slice(digest(&SHA256, certificate.der()).as_ref());
    fingerprint
}

/// Published identities have about 110.
const MAX_DID_BYTES: usize = 1024;
/// "did:x509 Method Specification", `subject`, the names of attributes (RFC 4519, 2).
const ATTRIBUTES: [(&str, ObjectIdentifier); 7] = [
    ("CN", ObjectIdentifier::new_unwrap("2.5.4.3")),
    ("L", ObjectIdentifier::new_unwrap("2.5.4.7")),
    ("ST", ObjectIdentifier::new_unwrap("2.5.4.8")),
    ("O", ObjectIdentifier::new_unwrap("2.5.4.10")),
    ("OU", ObjectIdentifier::new_unwrap("2.5.4.11")),
    ("C", ObjectIdentifier::new_unwrap("2.5.4.6")),
    ("STREET", ObjectIdentifier::new_unwrap("2.5.4.9")),
];

#[cfg(test)]
mod tests;
