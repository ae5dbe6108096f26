//! The JWS in which administrators send changes: unsigned, or signed by the certificate or key that its own
//! header carries. A signature verified here says who signed; whether that signer counts is for the provider to
//! judge.

use crate::{
    jwk::{Jwk, JwkError},
    jws::{CompactJws, Conformance, Header, JwsError, VerificationKey},
};

/// Certificates read from a header. A signer, two authorities and a root are more than anybody has been seen to
/// send; every further one costs a verification.
pub const MAX_SIGNER_CERTIFICATES: usize = 8;

/// A payload and, when it was signed, the signer whose signature verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedEnvelope {
    /// The bytes of the payload.
    pub payload: Vec<u8>,
    /// Whose signature verified; `None` for an unsigned JWS.
    pub signer: Option<Signer>,
}

/// Whoever holds the private key of this certificate or key signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signer {
    jwk: Jwk,
    certificates: Vec<Vec<u8>>,
    key: VerificationKey,
}

/// Why an envelope is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EnvelopeError {
    /// The JWS is malformed or its signature does not verify.
    #[error(transparent)]
    Jws(#[from] JwsError),
    /// It is signed, but its header has neither `x5c` nor `jwk`.
    #[error("a signed JWS needs the signer's certificate in the header, as `x5c` or `jwk`")]
    NoSigner,
    /// More certificates than [`MAX_SIGNER_CERTIFICATES`].
    #[error("the header has {found} certificates, {MAX_SIGNER_CERTIFICATES} at most are read")]
    TooManyCertificates {
        /// Certificates in the header.
        found: usize,
    },
    /// The signer's certificate or key is malformed.
    #[error("the signer's certificate or key cannot be used: {0}")]
    Signer(#[from] JwkError),
}

impl SignedEnvelope {
    /// Takes a JWS apart and verifies its signature, if it has one, with the key in its header.
    pub fn open(envelope: &str) -> Result<Self, EnvelopeError> {
        let jws = CompactJws::parse(envelope)?;
        if jws.is_unsigned() {
            return Ok(Self {
                payload: jws.unsigned_payload()?.to_vec(),
                signer: None,
            });
        }
        let signer = Signer::of_header(jws.header())?;
        let payload = jws.verify(&signer.key, Conformance::ClientSdk)?.to_vec();
        Ok(Self {
            payload,
            signer: Some(signer),
        })
    }
}

impl Signer {
    /// As it goes into `x-ms-policy-signer`: `kty` and `x5c`, or the bare key.
    pub fn jwk(&self) -> &Jwk {
        &self.jwk
    }

    /// DER of the certificates that came along, leaf first; empty for a bare key.
    pub fn certificates(&self) -> &[Vec<u8>] {
        &self.certificates
    }

    /// The key that verified the signature.
    pub fn key(&self) -> &VerificationKey {
        &self.key
    }

    /// Clients put the certificate into `x5c` or, in Python, into `jwk`.
    fn of_header(header: &Header) -> Result<Self, EnvelopeError> {
        let given = match (&header.jwk, header.x5c.is_empty()) {
            (_, false) => Jwk {
                x5c: header.x5c.clone(),
                ..Jwk::default()
            },
            (Some(jwk), true) => jwk.clone(),
            (None, true) => return Err(EnvelopeError::NoSigner),
        };
        let found = given.x5c.len();
        if found > MAX_SIGNER_CERTIFICATES {
            return Err(EnvelopeError::TooManyCertificates { found });
        }
        let certificates = given.certificates()?;
        let key = match certificates.first() {
            // Also refused when the other members of the JWK are of another key.
            Some(_) if !given.kty.is_empty() => VerificationKey::from_jwk(&given)?,
            Some(leaf) => VerificationKey::from_certificate(leaf).map_err(JwkError::Certificate)?,
            None => VerificationKey::from_jwk(&given)?,
        };
        let bare = Jwk {
            kty: key.kind().key_type().to_owned(),
            x5c: given.x5c,
            ..Jwk::default()
        };
        let jwk = if certificates.is_empty() {
            Jwk {
                n: given.n,
                e: given.e,
                crv: given.crv,
                x: given.x,
                y: given.y,
                ..bare
            }
        } else {
            bare
        };
        Ok(Self {
            jwk,
            certificates,
            key,
        })
    }
}

#[cfg(test)]
mod tests;
