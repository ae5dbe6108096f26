//! The query engine seen from outside: the official compliance suite, hostile queries and documents, and
//! what the errors say.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "jmespath/compliance.rs"]
mod compliance;
#[path = "jmespath/hostile.rs"]
mod hostile;
