//! Client certificates as identities. The listener verified the certificate and the proof that the client holds its key;
//! what is left is to read who it names.

use attestry_api::hex;
use attestry_evidence::time::UnixTime;
use aws_lc_rs::digest;
use thiserror::Error;
use x509_cert::{
    Certificate,
    der::Decode,
    ext::pkix::{SubjectAltName, name::GeneralName},
    time::Time,
};

use crate::authz::CertificateAttribute;

/// Who a client certificate names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateIdentity {
    fingerprint: String,
    subject: String,
    names: Vec<String>,
    not_before: UnixTime,
    not_after: UnixTime,
}

/// A client certificate cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the client certificate cannot be read")]
pub struct UnreadableCertificate;

impl CertificateIdentity {
    /// Reads a DER certificate.
    pub fn from_der(der: &[u8]) -> Result<Self, UnreadableCertificate> {
        let certificate = Certificate::from_der(der).map_err(|_| UnreadableCertificate)?;
        let certificate = certificate.tbs_certificate();
        let names = match certificate.get_extension::<SubjectAltName>() {
            Ok(Some((_critical, names))) => names.0.iter().filter_map(text).collect(),
            Ok(None) => Vec::new(),
            Err(_) => return Err(UnreadableCertificate),
        };
        Ok(Self {
            fingerprint: hex::encode(&sha256(der)),
            subject: certificate.subject().to_string(),
            names,
            not_before: seconds(certificate.validity().not_before)?,
            not_after: seconds(certificate.validity().not_after)?,
        })
    }

    /// SHA-256 of the certificate, lower-case hexadecimal.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// The subject in the form of RFC 4514.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// From when to when the certificate is good, both included (RFC 5280, 4.1.2.5).
    pub fn validity(&self) -> (UnixTime, UnixTime) {
        (self.not_before, self.not_after)
    }

    /// Whether the certificate has this value there.
    pub fn has(&self, attribute: CertificateAttribute, value: &str) -> bool {
        match attribute {
            CertificateAttribute::Fingerprint => {
                self.fingerprint == value.replace(':', "").to_ascii_lowercase()
            }
            CertificateAttribute::Subject => self.subject == value,
            CertificateAttribute::AlternativeName => self.names.iter().any(|name| name == value),
        }
    }
}

/// SHA-256 of a certificate, as fingerprints and `x5t#S256` have it (RFC 8705, 3.1).
pub(super) fn sha256(der: &[u8]) -> Vec<u8> {
    digest::digest(&digest::SHA256, der).as_ref().to_vec()
}

fn seconds(time: Time) -> Result<UnixTime, UnreadableCertificate> {
    let seconds = i64::try_from(time.to_unix_duration().as_secs());
    seconds.map(UnixTime::new).map_err(|_| UnreadableCertificate)
}

fn text(name: &GeneralName) -> Option<String> {
    match name {
        GeneralName::DnsName(name)
        | GeneralName::Rfc822Name(name)
        | GeneralName::UniformResourceIdentifier(name) => Some(name.as_str().to_owned()),
        _ => None,
    }
}
