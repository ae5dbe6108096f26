//! The relying party's side of attestation: a secret goes to a workload that a token vouches for, and to nobody else.
//!
//! It owns what Azure Key Vault and Managed HSM call secure key release: [release policies](ReleasePolicy) over the claims of
//! a token, the choice of the [key](WrappingKey) that the workload keeps, the [wrapping](WrappedSecret) of the secret to that
//! key, and the [answer](ReleaseAnswer) of the vault. It performs no I/O; it must not know where secrets are kept or how a
//! vault is reached.
//!
//! A vault does this:
//!
//! ```
//! use attestry_client::key_release::{KeyEncryption, ReleasePolicy, WrappedSecret, WrappingKey};
//! use attestry_client::{JwkSet, TokenRules};
//!
//! # fn release(token: &str, keys: &JwkSet, now: i64, policy: &[u8], secret: &[u8]) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
//! let policy = ReleasePolicy::from_json(policy)?;
//! // The keys are those of the issuer that the vault is configured to trust, never those that the token points to.
//! let token = TokenRules::new().issuer("https://attest.example").validate(token, keys, now)?;
//! let evaluation = policy.evaluate(&token)?;
//! if !evaluation.is_released() {
//!     return Err(evaluation.to_string().into());
//! }
//! let key = WrappingKey::from_token(&token)?;
//! Ok(WrappedSecret::wrap(secret, &key, KeyEncryption::RsaAesKeyWrap256)?.as_bytes().to_vec())
//! # }
//! ```

mod answer;
mod evaluation;
mod policy;
mod request;
mod wrapping;
mod wrapping_key;

pub use answer::{AnswerError, HeldKey, ReleaseAnswer, ReleaseError};
pub use evaluation::{AuthorityEvaluation, Evaluation, EvaluationError, UnmetCondition};
pub use policy::{Operator, ReleasePolicy, ReleasePolicyError};
pub use request::{ReleaseRequest, ReleaseRequestError};
pub use wrapping::{KeyEncryption, Secret, UnwrappingKey, WrapError, WrappedSecret};
pub use wrapping_key::{WrappingKey, WrappingKeyError};

#[cfg(test)]
mod tests;
