//! The error envelope of the REST interface: `{"error":{"code","message","innererror"}}`.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The invariant, programmatic part of an error. The first seven are MAA's own; the others cover what
/// MAA leaves to its gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorCode {
    /// Evidence, or any field of the request, is wrong (400).
    InvalidParameter,
    /// The operation is not allowed here (400).
    InvalidOperation,
    /// The policy denied, or could not be evaluated (400).
    PolicyEvaluationError,
    /// A policy text is not well formed (400).
    PolicyParsingError,
    /// The caller is not known or not allowed (401).
    Unauthorized,
    /// The caller is known and not allowed to do this (403).
    Forbidden,
    /// Nothing is served at this path (404).
    NotFound,
    /// Azure Resource Manager's code for a resource that is not there (404).
    ResourceNotFound,
    /// The state of the resource does not allow this now (409).
    Conflict,
    /// Too many requests (429).
    TooManyRequests,
    /// The path is served, but not with this method (405).
    MethodNotAllowed,
    /// The body is larger than allowed (413).
    PayloadTooLarge,
    /// The body did not arrive in time (408).
    RequestTimeout,
    /// Collateral for this evidence cannot be had at present, or the service is draining (503).
    ServiceUnavailable,
    /// A fault of the service itself (500).
    InternalError,
}

impl ErrorCode {
    /// The code as it stands in the envelope and in the header `x-ms-error-code`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidParameter => "InvalidParameter",
            Self::InvalidOperation => "InvalidOperation",
            Self::PolicyEvaluationError => "PolicyEvaluationError",
            Self::PolicyParsingError => "PolicyParsingError",
            Self::Unauthorized => "Unauthorized",
            Self::Forbidden => "Forbidden",
            Self::NotFound => "NotFound",
            Self::ResourceNotFound => "ResourceNotFound",
            Self::Conflict => "Conflict",
            Self::TooManyRequests => "TooManyRequests",
            Self::MethodNotAllowed => "MethodNotAllowed",
            Self::PayloadTooLarge => "PayloadTooLarge",
            Self::RequestTimeout => "RequestTimeout",
            Self::ServiceUnavailable => "ServiceUnavailable",
            Self::InternalError => "InternalError",
        }
    }

    /// The HTTP status that goes with the code.
    pub fn http_status(self) -> u16 {
        match self {
            Self::InvalidParameter
            | Self::InvalidOperation
            | Self::PolicyEvaluationError
            | Self::PolicyParsingError => 400,
            Self::Unauthorized => 401,
            Self::Forbidden => 403,
            Self::NotFound | Self::ResourceNotFound => 404,
            Self::Conflict => 409,
            Self::MethodNotAllowed => 405,
            Self::RequestTimeout => 408,
            Self::PayloadTooLarge => 413,
            Self::TooManyRequests => 429,
            Self::InternalError => 500,
            Self::ServiceUnavailable => 503,
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The body of every answer that is not 200.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// The error.
    pub error: ErrorDetail,
}

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ErrorDetail {
    /// An [`ErrorCode`], or a code of another server that this client does not know.
    pub code: String,
    /// One sentence for people.
    pub message: String,
    /// The explanation; MAA repeats code and message there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub innererror: Option<InnerError>,
}

/// The explanation of a refusal. `code` is the precise code of the stage that refused.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct InnerError {
    /// Precise code, for example `tcb_status_not_accepted`; MAA repeats the outer code.
    pub code: String,
    /// Message; MAA repeats the outer message.
    pub message: String,
    /// Stage that refused: `request`, `parse`, `collateral`, `platform`, `appraisal`, `binding`, `policy`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// Field of the evidence, collateral or request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What was expected there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// What was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
    /// What the caller can do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// More facts, by stage (for a TCB refusal: status, shortfalls, advisories, `tcbDate`).
    #[serde(flatten)]
    pub details: serde_json::Map<String, serde_json::Value>,
}

impl ErrorBody {
    /// An envelope whose `innererror` repeats code and message, as MAA's does.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        let message = message.into();
        let inner = InnerError {
            code: code.to_string(),
            message: message.clone(),
            ..InnerError::default()
        };
        Self {
            error: ErrorDetail {
                code: code.to_string(),
                message,
                innererror: Some(inner),
            },
        }
    }
}

#[cfg(test)]
mod tests;
