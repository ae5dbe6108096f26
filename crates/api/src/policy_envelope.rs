//! The JWS in which policies travel: `{"AttestationPolicy": <base64url of the text>}`, unsigned or signed
//! by the certificate in its header, and the hashes of policy and envelope.

use aws_lc_rs::digest;
use serde_json::{Value, json};

use crate::{
    b64,
    certificate_envelope::CERTIFICATE_MEMBERS,
    json, jws,
    signed_envelope::{EnvelopeError, SignedEnvelope, Signer},
};

/// Name of the member that holds the policy.
pub const POLICY_MEMBER: &str = "AttestationPolicy";

/// Members that say when and where a JWS may be used, and nothing of what it is for (RFC 7519, 4.1).
pub const BINDING_MEMBERS: [&str; 4] = ["aud", "exp", "iat", "nbf"];

/// The envelope of "no policy": an unsigned JWS with an empty payload.
pub const EMPTY_ENVELOPE: &str = "eyJhbGciOiJub25lIn0..";

/// An envelope whose signature, if it has one, verified with the certificate or key in its own header.
/// Whether that signer may set policies is for the provider to judge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyEnvelope {
    encoded_policy: Option<String>,
    policy: Option<String>,
    signer: Option<Signer>,
    plain_text: bool,
    payload: Vec<u8>,
}

/// Why an envelope is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyEnvelopeError {
    /// The JWS is malformed, its signature does not verify, or it does not say whose it is.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// The payload is neither empty nor an object with the string `AttestationPolicy`.
    #[error("the payload must be an object with the string member `AttestationPolicy`")]
    Payload,
    /// A reset must not carry anything else.
    #[error("a reset must have an empty payload, this one asks for something else")]
    NotAReset,
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
        let SignedEnvelope { payload, signer } = SignedEnvelope::open(envelope)?;
        Self::from_payload(payload, signer)
    }

    /// Opens the envelope of a reset: one without a policy. One with a policy asks for something else, and whoever
    /// signed it did not ask for a reset.
    pub fn open_reset(envelope: &str) -> Result<Self, PolicyEnvelopeError> {
        let SignedEnvelope { payload, signer } = SignedEnvelope::open(envelope)?;
        let empty = payload.is_empty()
            || json::parse_strict(&payload).is_ok_and(|value| match value {
                Value::Object(members) => members
                    .keys()
                    .all(|name| BINDING_MEMBERS.contains(&name.as_str())),
                Value::Null => true,
                _ => false,
            });
        if !empty {
            return Err(PolicyEnvelopeError::NotAReset);
        }
        Ok(Self {
            encoded_policy: None,
            policy: None,
            signer,
            plain_text: false,
            payload,
        })
    }

    /// The bytes of the payload.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The policy text; `None` for the empty envelope, which stands for "no policy".
    pub fn policy(&self) -> Option<&str> {
        self.policy.as_deref()
    }

    /// Whether the policy stood there as it is instead of encoded, as in the 2018 preview.
    pub fn is_plain_text(&self) -> bool {
        self.plain_text
    }

    /// Whose signature verified; `None` for an unsigned envelope.
    pub fn signer(&self) -> Option<&Signer> {
        self.signer.as_ref()
    }

    /// `x-ms-policy-hash` over the member exactly as it stands in the envelope.
    pub fn policy_hash(&self) -> String {
        hash(self.encoded_policy.as_deref().unwrap_or_default())
    }

    fn from_payload(payload: Vec<u8>, signer: Option<Signer>) -> Result<Self, PolicyEnvelopeError> {
        if payload.is_empty() {
            return Ok(Self {
                encoded_policy: None,
                policy: None,
                signer,
                plain_text: false,
                payload,
            });
        }
        let value = json::parse_strict(&payload).map_err(|_| PolicyEnvelopeError::Payload)?;
        // What adds or removes a certificate is not a policy as well.
        if CERTIFICATE_MEMBERS.iter().any(|name| value.get(name).is_some()) {
            return Err(PolicyEnvelopeError::Payload);
        }
        let encoded = value.get(POLICY_MEMBER).and_then(Value::as_str);
        let encoded = encoded.ok_or(PolicyEnvelopeError::Payload)?;
        // The 2018 preview had the text itself there. Every policy has characters that base64 has not.
        let plain_text = encoded.contains(';');
        let (encoded, policy) = if plain_text {
            (b64::encode_url(encoded.as_bytes()), encoded.to_owned())
        } else {
            let bytes = b64::decode_lenient(encoded).map_err(|_| PolicyEnvelopeError::PolicyText)?;
            let policy = String::from_utf8(bytes).map_err(|_| PolicyEnvelopeError::PolicyText)?;
            (encoded.to_owned(), policy)
        };
        Ok(Self {
            encoded_policy: Some(encoded),
            policy: Some(policy),
            signer,
            plain_text,
            payload,
        })
    }
}

#[cfg(test)]
mod tests;
