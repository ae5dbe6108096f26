//! Enclave identity documents (Intel PCS API v4, QE identity): which quoting enclave is Intel's, and how old it is.
