//! The JWS that adds or removes a policy signing certificate: `{"policyCertificate": <JWK with x5c>}`, signed by
//! a certificate that is trusted already.

use serde_json::Value;

use crate::{
    json,
    jwk::{Jwk, JwkError},
    policy_envelope::POLICY_MEMBER,
    signed_envelope::{EnvelopeError, SignedEnvelope, Signer},
};

/// Names of the member that holds the certificate: the one of 2020-10-01, and those of earlier versions that
/// documents and scripts still use (MAA documentation, "Policy signer management").
pub const CERTIFICATE_MEMBERS: [&str; 4] = [
    "policyCertificate",
    "maa-policyCertificate",
    "aas-policyCertificate",
    "x-ms-policyCertificate",
];

/// A certificate to add or remove, and who asks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateEnvelope {
    signer: Option<Signer>,
    certificate: Jwk,
    leaf: Vec<u8>,
    payload: Vec<u8>,
}

/// Why an envelope is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateEnvelopeError {
    /// The JWS is malformed, its signature does not verify, or it does not say whose it is.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// The payload is not an object with one certificate.
    #[error("the payload must be an object with one member `policyCertificate`, a JWK with `x5c`")]
    Payload,
    /// The certificate is malformed.
    #[error("the policy certificate cannot be used: {0}")]
    Certificate(#[from] JwkError),
}

impl CertificateEnvelope {
    /// Opens an envelope and verifies its signature, if there is one, with the key in its header.
    pub fn open(envelope: &str) -> Result<Self, CertificateEnvelopeError> {
        let SignedEnvelope { payload, signer } = SignedEnvelope::open(envelope)?;
        let value = json::parse_strict(&payload).map_err(|_| CertificateEnvelopeError::Payload)?;
        let Value::Object(mut members) = value else {
            return Err(CertificateEnvelopeError::Payload);
        };
        // A policy is not a certificate as well.
        if members.contains_key(POLICY_MEMBER) {
            return Err(CertificateEnvelopeError::Payload);
        }
        let mut given = CERTIFICATE_MEMBERS
            .into_iter()
            .filter_map(|name| members.remove(name));
        let (Some(certificate), None) = (given.next(), given.next()) else {
            return Err(CertificateEnvelopeError::Payload);
        };
        let certificate = Jwk::from_value(certificate)?;
        // Refuses a certificate that cannot be parsed, or that contradicts the other members.
        certificate.spki()?;
        let leaf = certificate.certificates()?.into_iter().next();
        Ok(Self {
            signer,
            leaf: leaf.ok_or(JwkError::Missing { member: "x5c" })?,
            certificate,
            payload,
        })
    }

    /// Who asks; `None` when nobody signed.
    pub fn signer(&self) -> Option<&Signer> {
        self.signer.as_ref()
    }

    /// The certificate as it was sent.
    pub fn certificate(&self) -> &Jwk {
        &self.certificate
    }

    /// The bytes of the payload.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// DER of its first certificate.
    pub fn leaf(&self) -> &[u8] {
        &self.leaf
    }
}

#[cfg(test)]
mod tests;
