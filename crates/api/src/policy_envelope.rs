//! The JWS in which policies travel: `{"AttestationPolicy": <base64url of the text>}`, unsigned or signed
//! by the certificate in its header, and the hashes of policy and envelope.

use aws_lc_rs::digest;
use serde_json::{Value, json};

use crate::{
    b64, json,
    jwk::{Jwk, JwkError},
    jws::{self, CompactJws, Conformance, Header, JwsError, VerificationKey},
    spki::KeyKind,
};

/// The envelope of "no policy": an unsigned JWS with an empty payload.
pub const EMPTY_ENVELOPE: &str = "eyJhbGciOiJub25lIn0..";

/// An envelope whose signature, if it has one, verified with the certificate or key in its own header.
/// Whether that signer may set policies is for the provider to judge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyEnvelope {
    encoded_policy: Option<String>,
    policy: Option<String>,
    signer: Option<Jwk>,
}

/// Why an envelope is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyEnvelopeError {
    /// The JWS is malformed or its signature does not verify.
    #[error(transparent)]
    Jws(#[from] JwsError),
    /// It is signed, but its header has neither `x5c` nor `jwk`.
    #[error("a signed policy needs the signer's certificate in the header, as `x5c` or `jwk`")]
    NoSigner,
    /// The signer's certificate or key is malformed.
    #[error("the signer's certificate or key cannot be used: {0}")]
    Signer(#[from] JwkError),
    /// The payload is neither empty nor an object with the string `AttestationPolicy`.
    #[error("the payload must be an object with the string member `AttestationPolicy`")]
    Payload,
    /// `AttestationPolicy` is not base64url of UTF-8 text.
    #[error("`AttestationPolicy` must be base64url of UTF-8 text")]
    PolicyText,
}

/// `x-ms-policy-hash`: base64url(SHA-256(base64url(text))), that is over the encoded text.
pub fn policy_hash(text: &str) -> String {
    hash(&b64::encode_url(text.as_bytes()))
}

/// `x-ms-policy-token-hash`: base64url(SHA-256(envelope)) over the JWS exactly as received.
pub fn policy_token_hash(envelope: &str) -> String {
    hash(envelope)
}

fn hash(text: &str) -> String {
    b64::encode_url(digest::digest(&digest::SHA256, text.as_bytes()).as_ref())
}

/// The unsigned envelope of a policy text, as clients make it.
pub fn wrap_unsigned(text: &str) -> String {
    let payload = json!({ "AttestationPolicy": b64::encode_url(text.as_bytes()) });
    jws::assemble(jws::signing_input(&json!({ "alg": "none" }), &payload), &[])
}

impl PolicyEnvelope {
    /// Opens an envelope and verifies its signature, if there is one, with the key in its header.
    pub fn open(envelope: &str) -> Result<Self, PolicyEnvelopeError> {
        let jws = CompactJws::parse(envelope)?;
        if jws.is_unsigned() {
            return Self::from_payload(jws.unsigned_payload()?, None);
        }
        let (key, signer) = signer_of(jws.header())?;
        Self::from_payload(jws.verify(&key, Conformance::ClientSdk)?, Some(signer))
    }

    /// The policy text; `None` for the empty envelope, which stands for "no policy".
    pub fn policy(&self) -> Option<&str> {
        self.policy.as_deref()
    }

    /// The signer as it goes into `x-ms-policy-signer`: `kty` and `x5c` (or the bare key).
    pub fn signer(&self) -> Option<&Jwk> {
        self.signer.as_ref()
    }

    /// `x-ms-policy-hash` over the member exactly as it stands in the envelope.
    pub fn policy_hash(&self) -> String {
        hash(self.encoded_policy.as_deref().unwrap_or_default())
    }

    fn from_payload(payload: &[u8], signer: Option<Jwk>) -> Result<Self, PolicyEnvelopeError> {
        if payload.is_empty() {
            return Ok(Self {
                encoded_policy: None,
                policy: None,
                signer,
            });
        }
        let value = json::parse_strict(payload).map_err(|_| PolicyEnvelopeError::Payload)?;
        let encoded = value.get("AttestationPolicy").and_then(Value::as_str);
        let encoded = encoded.ok_or(PolicyEnvelopeError::Payload)?;
        let bytes = b64::decode_lenient(encoded).map_err(|_| PolicyEnvelopeError::PolicyText)?;
        let policy = String::from_utf8(bytes).map_err(|_| PolicyEnvelopeError::PolicyText)?;
        Ok(Self {
            encoded_policy: Some(encoded.to_owned()),
            policy: Some(policy),
            signer,
        })
    }
}

/// The key to verify with, and the signer as it is shown. Clients put the certificate into `x5c` or, in
/// Python, into `jwk`.
fn signer_of(header: &Header) -> Result<(VerificationKey, Jwk), PolicyEnvelopeError> {
    let given = match (&header.jwk, header.x5c.is_empty()) {
        (_, false) => Jwk {
            x5c: header.x5c.clone(),
            ..Jwk::default()
        },
        (Some(jwk), true) => jwk.clone(),
        (None, true) => return Err(PolicyEnvelopeError::NoSigner),
    };
    let leaf = given.certificates()?.into_iter().next();
    let key = match &leaf {
        Some(leaf) => VerificationKey::from_certificate(leaf).map_err(JwkError::Certificate)?,
        None => VerificationKey::from_jwk(&given)?,
    };
    let kty = if key.kind() == KeyKind::Rsa { "RSA" } else { "EC" };
    let bare = Jwk {
        kty: kty.to_owned(),
        x5c: given.x5c,
        ..Jwk::default()
    };
    let signer = match leaf {
        Some(_) => bare,
        None => Jwk {
            n: given.n,
            e: given.e,
            crv: given.crv,
            x: given.x,
            y: given.y,
            ..bare
        },
    };
    Ok((key, signer))
}

#[cfg(test)]
mod tests;
