//! Everything that can go wrong between a program and an attestation service, sorted by whose fault it is.

use attestry_api::error::InnerError;

use crate::token::TokenError;

/// Why a call did not give a result.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The endpoint is not a URL this client will talk to: `https`, or `http` on a loopback address.
    #[error("`{endpoint}` is not a usable endpoint: {reason}")]
    Endpoint {
        /// The endpoint as it was given.
        endpoint: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The certificate authority that was given cannot be used.
    #[error("the certificate authority is not usable: {reason}")]
    CertificateAuthority {
        /// What is wrong with it.
        reason: String,
    },
    /// The client certificate that was given cannot be used.
    #[error("the client certificate is not usable: {reason}")]
    Identity {
        /// What is wrong with it.
        reason: String,
    },
    /// A certificate that is to be sent cannot be used.
    #[error("the certificate is not usable: {reason}")]
    Certificate {
        /// What is wrong with it.
        reason: String,
    },
    /// A JWS that is to be sent is not one that the operation could take.
    #[error("the JWS is not usable: {reason}")]
    Envelope {
        /// What is wrong with it.
        reason: String,
    },
    /// Data given as JSON is not a JSON object, so the service could not make a claim of it.
    #[error("{what} was given as JSON but is not a JSON object")]
    NotAJsonObject {
        /// `runtime data` or `init-time data`.
        what: &'static str,
    },
    /// The service could not be reached, or TLS failed, or the connection broke.
    #[error("cannot reach `{url}`: {reason}")]
    Unreachable {
        /// What was asked for.
        url: String,
        /// The innermost cause.
        reason: String,
    },
    /// The service took longer than the client's timeout.
    #[error("no answer from `{url}` within {seconds} seconds")]
    TimedOut {
        /// What was asked for.
        url: String,
        /// The timeout.
        seconds: u64,
    },
    /// The service answered with an error.
    #[error("the service answered {status}: {message}")]
    Service {
        /// HTTP status.
        status: u16,
        /// Error code, for instance `InvalidParameter`; empty when the answer was not in the service's form.
        code: String,
        /// The service's sentence.
        message: String,
        /// `innererror` as received: the explanation of a refusal.
        inner: Option<Box<InnerError>>,
        /// `x-ms-request-id` of the answer, to ask the operator about.
        request_id: Option<String>,
        /// `Retry-After` in seconds.
        retry_after: Option<u64>,
    },
    /// The answer is not what the protocol says.
    #[error("the answer to `{url}` is not usable: {reason}")]
    Malformed {
        /// What was asked for.
        url: String,
        /// What is wrong with the answer.
        reason: String,
    },
    /// The service gave a token that does not pass validation.
    #[error(transparent)]
    Token(#[from] TokenError),
}

impl ClientError {
    /// Whether the service looked at the request and said no (evidence rejected, policy denied, no permission), so
    /// that asking again with the same input cannot help.
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Service { status, .. } => matches!(status, 400..=499) && !matches!(status, 408 | 429),
            Self::Token(_) => true,
            _ => false,
        }
    }
}
