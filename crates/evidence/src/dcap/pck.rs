//! The platform's certificate (PCK) and its SGX extension.
