//! The time the service works with.
