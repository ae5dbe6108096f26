//! Wire types of the Attestry service: what clients and the service say to each other.
//!
//! It owns the forms of Microsoft Azure Attestation's (MAA) REST interface (attestation types, requests,
//! errors, tokens) and the JOSE pieces under them (base64url, JWS, JWK, JWT), strict in what they verify.
//! It performs no I/O, reads no clock, and knows nothing about evidence or policies.

pub mod access_token;
pub mod api_version;
pub mod attestation_type;
pub mod b64;
pub mod calendar;
pub mod certificate_chain;
pub mod certificate_envelope;
pub mod claim;
pub mod der;
pub mod error;
pub mod hex;
pub mod json;
pub mod jwk;
pub mod jws;
pub mod jwt;
pub mod openid;
pub mod policy_envelope;
pub mod request;
pub mod signed_envelope;
pub mod snp_evidence;
pub mod spki;
pub mod thim;

pub use api_version::{API_VERSIONS, ApiVersion};
pub use attestation_type::AttestationType;
pub use json::canonical_json;
pub use policy_envelope::{policy_hash, policy_token_hash};
pub use spki::kid_of_spki;
