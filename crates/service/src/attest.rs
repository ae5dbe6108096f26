//! The pipeline from a request to a token.
