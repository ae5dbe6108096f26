//! The accept loop: TLS, limits, timeouts, graceful drain.
