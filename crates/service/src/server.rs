//! Assembly of a running server.
