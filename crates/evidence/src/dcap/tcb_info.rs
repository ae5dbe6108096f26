//! TCB info documents (Intel PCS API v4): the security levels of a platform.
