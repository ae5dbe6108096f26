//! The Rust SDK of an attestation service that speaks Microsoft Azure Attestation's (MAA) REST interface: Attestry,
//! or MAA itself.
//!
//! A [`Client`] asks a service for tokens and validates them; a relying party that only receives tokens uses
//! [`Client::validate`], or [`TokenRules::validate`] with keys it already has. Everything an answer claims is checked
//! before it is handed out: signature by the published keys, issuer, times, algorithm, nonce.
//!
//! ```no_run
//! use attestry_client::{Attestation, AttestationType, Client, Data};
//!
//! # async fn example(quote: Vec<u8>, key: Vec<u8>) -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::builder("https://localhost:8443").ca_pem(std::fs::read("data/tls/ca.pem")?).build()?;
//! let attestation = Attestation::new(AttestationType::SgxEnclave, quote).runtime_data(Data::Binary(key));
//! match client.attest(&attestation).await {
//!     Ok(result) => println!("{}", result.token()),
//!     Err(refusal) if refusal.is_refusal() => println!("refused: {refusal}"),
//!     Err(error) => return Err(error.into()),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! The same client administers a provider's policies and their signers ([`Client::set_policy`],
//! [`Client::add_policy_certificate`], ...), and a [`ControlPlane`] creates and manages providers. Whoever changes
//! something gets the service's signed word that exactly that was done, or an error.
//!
//! ```no_run
//! use attestry_client::{AttestationType, Client, Outcome, PolicySigner};
//!
//! # async fn example(key: &[u8], certificate: &[u8], text: &str) -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::builder("https://localhost:8443/p/mine").bearer("...").build()?;
//! let jws = PolicySigner::from_pem(key, certificate)?.sign_policy(text, None)?;
//! match client.set_policy(AttestationType::SgxEnclave, &jws).await? {
//!     Outcome::Done(token) => println!("{}", token.token()),
//!     Outcome::Waiting(change) => println!("a second person must approve {}", change.id),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Whoever keeps secrets for attested workloads finds in [`key_release`] what decides over a token and wraps the secret.
//!
//! It knows the wire and the rules of tokens; it must not know how the service works inside.

mod administration;
mod attestation;
mod client;
mod control_plane;
mod error;
pub mod key_release;
mod signing;
mod token;
mod transport;

pub use attestry_api::AttestationType;
pub use attestry_api::error::InnerError;
pub use attestry_api::jwk::{Jwk, JwkSet};
pub use attestry_api::jws::Algorithm;
pub use attestry_api::jwt::{JwtError, ValidatedToken};
pub use attestry_api::openid::OpenIdMetadata;

pub use crate::administration::dry_run::{ChangedDecision, DryRun, Finding, Replay, SkippedDecision};
pub use crate::administration::history::{PolicyDifference, PolicyRevision, RolledBack, SignerChange};
pub use crate::administration::second_person::{Outcome, PendingChange};
pub use crate::administration::settings::{NewSettings, ProviderSettings};
pub use crate::administration::{ManagementToken, PolicyCertificate, Rollback, StoredPolicy};
pub use crate::attestation::{Attestation, AttestationResult, Data};
pub use crate::client::{Client, ClientBuilder};
pub use crate::control_plane::{
    ControlPlane, DeletedProvider, NewProvider, Provider, ProviderProperties, ProviderUpdate,
};
pub use crate::error::ClientError;
pub use crate::signing::{CertifiedKey, PolicySigner, SignedUse, SigningError};
pub use crate::token::{TokenError, TokenRules};
