//! Signing keys and tokens.
