//! The attestation policy language of Microsoft Azure Attestation (MAA), versions 1.0, 1.1 and 1.2: text
//! is compiled once to a checked [`Policy`], which is evaluated over claims many times and gives a
//! decision, the claims of a token, and on request the reason.
//!
//! The crate is pure: no I/O, clock, randomness, logging or globals. It must not know evidence,
//! tokens or HTTP. Stages are modules: `lexer`, `parser`, `ast`, `check`, `program`, `eval`.
//!
//! ```
//! use attestry_policy::{Claim, ClaimSet, Limits, Policy, defaults};
//!
//! let policy = Policy::compile(defaults::SGX).unwrap();
//! let claims = ClaimSet::from_iter([
//!     Claim::from_service("x-ms-attestation-type", "sgx"),
//!     Claim::from_service("x-ms-sgx-is-debuggable", false),
//! ]);
//! let outcome = policy.evaluate(claims, &Limits::default()).unwrap();
//! assert!(outcome.decision.is_permit());
//! let issued: Vec<_> = outcome.outgoing.iter().map(|claim| &*claim.claim_type).collect();
//! assert_eq!(issued, ["is-debuggable", "tee"]);
//! ```

#![deny(clippy::arithmetic_side_effects, clippy::as_conversions)]

pub mod catalog;
pub mod configuration;
pub mod defaults;
pub mod editor;
pub mod jmespath;
pub mod json;
pub mod limits;
pub mod lint;
pub mod outcome;
pub mod testing;

mod ast;
mod check;
mod claim;
mod diagnostic;
mod eval;
mod format;
mod fuel;
mod functions;
mod lexer;
mod parser;
mod policy;
mod program;
mod source;
mod suggest;

pub use claim::{Claim, ClaimSet, Issuer, READ_ONLY, Text, Value, ValueType, values_by_type};
pub use diagnostic::{Diagnostic, Severity, maa_message};
pub use eval::EvaluationError;
pub use format::format;
pub use functions::FunctionError;
pub use limits::{Limit, Limits};
pub use outcome::{
    CLAIMS_SHOWN, CallTrace, DENY_MESSAGE, Decision, DenyReason, Miss, NearMiss, Outcome, RuleEffect,
    RuleLocation, RuleTrace, Trace,
};
pub use policy::Policy;
pub use program::{ActionKind, ClaimAction, Function, Property, Relation, SectionKind, Version};
pub use source::{Position, Span};
