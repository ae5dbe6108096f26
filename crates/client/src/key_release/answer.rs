//! A vault's answer: a JWS that says which key was asked for and carries it, wrapped (Key Vault REST interface, "Release";
//! the member `key_hsm` has the form of a "Key Transfer Blob", Key Vault documentation, "Bring your own key specification").

use attestry_api::b64;
use attestry_api::json::{self, shown};
use attestry_api::jws::{CompactJws, Conformance, JwsError, VerificationKey};
use attestry_api::jwt::ValidatedToken;
use attestry_api::spki::SpkiError;
use serde_json::{Map, Value, json};

use super::evaluation::{Evaluation, EvaluationError};
use super::policy::ReleasePolicy;
use super::request::ReleaseRequest;
use super::wrapping::{KeyEncryption, Secret, UnwrappingKey, WrapError, WrappedSecret};
use super::wrapping_key::{WrappingKey, WrappingKeyError};
use crate::signing::{CertifiedKey, SigningError};

/// `schema_version` of a key transfer blob.
const SCHEMA_VERSION: &str = "1.0.0";

/// Why an answer is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AnswerError {
    /// The vault's certificate cannot be used.
    #[error("the vault's certificate cannot be used: {0}")]
    Certificate(SpkiError),
    /// The answer is no JWS, or not signed by the vault.
    #[error("the answer is not the vault's: {0}")]
    Jws(#[from] JwsError),
    /// The answer's content is not what the protocol says.
    #[error("the answer is malformed: {what} is missing or not {expected}")]
    Malformed {
        /// Which part.
        what: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// The answer is to another request.
    #[error("the answer's `{member}` is `{found}`, `{expected}` was asked for")]
    Unrelated {
        /// Name of the member.
        member: &'static str,
        /// What the request said.
        expected: String,
        /// What the answer says; empty when it says nothing.
        found: String,
    },
}

/// Why a key is not released.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReleaseError {
    /// The token is none that a policy speaks about.
    #[error(transparent)]
    Token(#[from] EvaluationError),
    /// The policy is not met.
    #[error("{0}")]
    Refused(Box<Evaluation>),
    /// The token has no key to wrap to.
    #[error(transparent)]
    WrappingKey(#[from] WrappingKeyError),
    /// The key cannot be wrapped.
    #[error(transparent)]
    Wrap(#[from] WrapError),
    /// The answer cannot be signed.
    #[error(transparent)]
    Signing(#[from] SigningError),
}

/// A key as a vault holds it.
pub struct HeldKey {
    /// Its URL, version included.
    pub kid: String,
    /// `RSA-HSM`, `EC-HSM` or `oct-HSM`.
    pub kty: String,
    /// What it may be used for, for example `["encrypt", "decrypt"]`.
    pub key_ops: Vec<String>,
    /// The key itself: PKCS #8, or the bytes of a symmetric key.
    pub secret: Secret,
    /// Which token releases it.
    pub policy: ReleasePolicy,
}

impl HeldKey {
    /// Answers a request: if the policy is met by `token`, which is the validated `target` of the request, wraps the key to
    /// the token's key and signs. The keys that the token was validated with must be those of the issuer it names.
    pub fn release(
        &self,
        request: &ReleaseRequest,
        token: &ValidatedToken,
        api_version: &str,
        signer: &CertifiedKey,
    ) -> Result<String, ReleaseError> {
        let evaluation = self.policy.evaluate(token)?;
        if !evaluation.is_released() {
            return Err(ReleaseError::Refused(Box::new(evaluation)));
        }
        let wrapping_key = WrappingKey::from_token(token)?;
        let wrapped = WrappedSecret::wrap(self.secret.as_bytes(), &wrapping_key, request.enc)?;
        let blob = json!({
            "schema_version": SCHEMA_VERSION,
            "header": {"kid": wrapping_key.kid(), "alg": "dir", "enc": request.enc.as_str()},
            "ciphertext": b64::encode_url(wrapped.as_bytes()),
        });
        let payload = json!({
            "request": {
                "api-version": api_version,
                "enc": request.enc.as_str(),
                "kid": self.kid,
                "nonce": request.nonce,
            },
            "response": {"key": {
                "attributes": {"enabled": true, "exportable": true},
                "key": {
                    "kid": self.kid,
                    "kty": self.kty,
                    "key_ops": self.key_ops,
                    "key_hsm": b64::encode_url(blob.to_string().as_bytes()),
                },
                "release_policy": self.policy.to_wire(),
            }},
        });
        Ok(signer.sign_json(&payload)?)
    }
}

/// A vault's answer, verified.
#[derive(Clone, Debug, PartialEq)]
pub struct ReleaseAnswer {
    kty: String,
    enc: KeyEncryption,
    wrapped: WrappedSecret,
}

impl ReleaseAnswer {
    /// Checks that an answer is signed with the key of the vault's certificate (DER) and answers this request for the key
    /// `kid`, its URL with the version. The certificate is what the workload knows the vault by; certificates in the answer
    /// itself are not looked at.
    pub fn verify(
        jws: &str,
        vault_certificate: &[u8],
        kid: &str,
        request: &ReleaseRequest,
    ) -> Result<Self, AnswerError> {
        let key = VerificationKey::from_certificate(vault_certificate).map_err(AnswerError::Certificate)?;
        let jws = CompactJws::parse(jws)?;
        let payload = object(jws.verify(&key, Conformance::Strict)?, "the payload")?;
        let asked = payload.get("request").unwrap_or(&Value::Null);
        repeats(asked, "kid", Some(kid))?;
        repeats(asked, "enc", Some(request.enc.as_str()))?;
        repeats(asked, "nonce", request.nonce.as_deref())?;
        let key = payload
            .get("response")
            .and_then(|response| response.pointer("/key/key"))
            .ok_or(malformed("`response.key.key`", "an object"))?;
        repeats(key, "kid", Some(kid))?;
        Ok(Self {
            kty: text(key, "kty", "`kty` of the key")?.to_owned(),
            enc: request.enc,
            wrapped: wrapped_secret(text(key, "key_hsm", "`key_hsm`")?)?,
        })
    }

    /// The key's type, for example `oct-HSM`.
    pub fn kty(&self) -> &str {
        &self.kty
    }

    /// The key, still wrapped.
    pub fn wrapped(&self) -> &WrappedSecret {
        &self.wrapped
    }

    /// The key itself.
    pub fn open(&self, key: &UnwrappingKey) -> Result<Secret, WrapError> {
        key.unwrap(&self.wrapped, self.enc)
    }
}

fn wrapped_secret(key_hsm: &str) -> Result<WrappedSecret, AnswerError> {
    let blob = b64::decode_url(key_hsm).map_err(|_| malformed("`key_hsm`", "base64url"))?;
    let blob = object(&blob, "`key_hsm`")?.into();
    match text(&blob, "schema_version", "`schema_version`")? {
        SCHEMA_VERSION => {}
        _ => return Err(malformed("`schema_version`", SCHEMA_VERSION)),
    }
    b64::decode_url(text(&blob, "ciphertext", "`ciphertext`")?)
        .map(WrappedSecret::from_bytes)
        .map_err(|_| malformed("`ciphertext`", "base64url"))
}

fn object(bytes: &[u8], what: &'static str) -> Result<Map<String, Value>, AnswerError> {
    match json::parse_strict(bytes) {
        Ok(Value::Object(members)) => Ok(members),
        _ => Err(malformed(what, "a JSON object")),
    }
}

fn text<'a>(value: &'a Value, member: &str, what: &'static str) -> Result<&'a str, AnswerError> {
    let text = value.get(member).and_then(Value::as_str);
    text.ok_or(malformed(what, "a string"))
}

fn repeats(value: &Value, member: &'static str, expected: Option<&str>) -> Result<(), AnswerError> {
    let found = value.get(member).and_then(Value::as_str);
    if found == expected {
        return Ok(());
    }
    Err(AnswerError::Unrelated {
        member,
        expected: shown(expected.unwrap_or_default()),
        found: shown(found.unwrap_or_default()),
    })
}

fn malformed(what: &'static str, expected: &'static str) -> AnswerError {
    AnswerError::Malformed { what, expected }
}

#[cfg(test)]
mod tests;
