//! Errors as answers: the one place where a failure becomes a status, a public code and a message. Faults of
//! the service are logged here, once, and never shown.

use std::{any::Any, fmt::Display};

use attestry_api::{
    error::{ErrorBody, ErrorCode, InnerError},
    policy_envelope::PolicyEnvelopeError,
};
use attestry_policy::{DENY_MESSAGE, maa_message};
use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::{HeaderName, HeaderValue, StatusCode, header};
use tracing::error;

use super::{explanation, recording::Refusal};
use crate::{
    administration::AdministrationError,
    attest::{AttestError, WorkPoolError},
    collateral::{CollateralUnavailable, VekUnavailable},
    diagnostics::DiagnosticsError,
    provider::{ExplainLevel, PolicyError, UntrustedSigner},
    token::TokenError,
};

pub(super) const ERROR_CODE: HeaderName = HeaderName::from_static("x-ms-error-code");
/// Seconds after which a client that was turned away may come back: the queue empties in less.
const RETRY_AFTER_LOAD: u16 = 1;
/// Seconds after which a collateral source is worth asking again.
const RETRY_AFTER_COLLATERAL: u16 = 10;
/// Seconds after which a log that could not be written may have been mended.
const RETRY_AFTER_LOG: u16 = 30;

/// An answer that is not 200.
#[derive(Debug)]
pub struct ApiError {
    pub(super) code: ErrorCode,
    pub(super) message: String,
    /// The explanation; without one, MAA's form repeats code and message.
    inner: Option<Box<InnerError>>,
    pub(super) retry_after: Option<u16>,
    pub(super) challenge: Option<HeaderValue>,
}

impl ApiError {
    /// An error without further explanation.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            inner: None,
            retry_after: None,
            challenge: None,
        }
    }

    /// Whether the caller can do something about it.
    pub(super) fn is_the_callers(&self) -> bool {
        self.code.http_status() < 429
    }

    /// The body of the answer.
    pub(super) fn into_body(self) -> ErrorBody {
        let mut body = ErrorBody::new(self.code, self.message);
        if let Some(inner) = self.inner {
            body.error.innererror = Some(*inner);
        }
        body
    }

    /// A wrong parameter of the request itself.
    pub(super) fn parameter(code: &str, field: &str, message: impl Display) -> Self {
        let message = message.to_string();
        let inner = InnerError {
            code: code.to_owned(),
            message: message.clone(),
            stage: Some("request".to_owned()),
            field: Some(field.to_owned()),
            ..InnerError::default()
        };
        Self::new(ErrorCode::InvalidParameter, message).explained(inner)
    }

    /// Adds what would have been right.
    pub(super) fn with_expected(mut self, expected: String) -> Self {
        if let Some(inner) = &mut self.inner {
            inner.expected = Some(expected);
        }
        self
    }

    /// The answer to an attest request that got no token.
    pub(super) fn from_attest(error: &AttestError, level: ExplainLevel) -> Self {
        let answer = match error {
            AttestError::Request(_)
            | AttestError::OtherTee { .. }
            | AttestError::Rejected(_)
            | AttestError::TcbStatus(_)
            | AttestError::UnknownBaseline { .. } => {
                Self::new(ErrorCode::InvalidParameter, error.to_string())
            }
            AttestError::DraftPolicy(policy) => {
                Self::new(ErrorCode::PolicyParsingError, parsing_message(policy))
            }
            AttestError::Denied(_) => {
                Self::new(ErrorCode::PolicyEvaluationError, evaluation_message(DENY_MESSAGE))
            }
            AttestError::Evaluation(cause) => Self::new(
                ErrorCode::PolicyEvaluationError,
                evaluation_message(&cause.to_string()),
            ),
            AttestError::UnusablePolicy(_) => Self::new(
                ErrorCode::PolicyEvaluationError,
                evaluation_message(&error.to_string()),
            ),
            AttestError::NoPolicy { .. } | AttestError::UntrustedPolicy { .. } => {
                Self::new(ErrorCode::InvalidOperation, error.to_string())
            }
            AttestError::Collateral(cause) => Self::from_collateral(cause),
            AttestError::Vek(cause) => Self::from_vek(cause),
            AttestError::CollateralLate { .. } => Self::new(ErrorCode::ServiceUnavailable, error.to_string())
                .retry_after(RETRY_AFTER_COLLATERAL),
            AttestError::Pool(WorkPoolError::Overloaded) => {
                Self::new(ErrorCode::TooManyRequests, "the service is busy, try again")
                    .retry_after(RETRY_AFTER_LOAD)
            }
            AttestError::Pool(WorkPoolError::Lost) | AttestError::Token(_) => Self::internal(error),
        };
        match explanation::of(error, level) {
            Some(inner) => answer.explained(inner),
            None => answer,
        }
    }

    /// A platform or baseline that nobody offers collateral for is the caller's matter; everything else about
    /// collateral is the operator's, or passes.
    fn from_collateral(cause: &CollateralUnavailable) -> Self {
        match cause {
            CollateralUnavailable::UnknownPlatform { .. }
            | CollateralUnavailable::BaselineNotOffered { .. } => {
                Self::new(ErrorCode::InvalidParameter, cause.to_string())
            }
            _ => Self::new(ErrorCode::ServiceUnavailable, cause.to_string())
                .retry_after(RETRY_AFTER_COLLATERAL),
        }
    }

    /// A certificate that the caller could have brought, or that nobody has, is the caller's matter; what sources do
    /// wrong is the operator's, or passes.
    fn from_vek(cause: &VekUnavailable) -> Self {
        if cause.is_the_callers() {
            return Self::new(ErrorCode::InvalidParameter, cause.to_string());
        }
        let seconds = cause.wait().map(|wait| wait.as_secs().saturating_add(1));
        let seconds = seconds.and_then(|seconds| u16::try_from(seconds).ok());
        Self::new(ErrorCode::ServiceUnavailable, cause.to_string())
            .retry_after(seconds.unwrap_or(RETRY_AFTER_COLLATERAL))
    }

    /// An administrative operation that was not begun, because it could not have been recorded.
    pub(super) fn unrecorded(reason: &DiagnosticsError) -> Self {
        error!(error = %reason, "an administrative operation was refused");
        Self::new(
            ErrorCode::ServiceUnavailable,
            "the service cannot record administrative operations at present, nothing was done",
        )
        .retry_after(RETRY_AFTER_LOG)
    }

    /// An administrative operation that may have been done, and could not be recorded.
    pub(super) fn record_lost(reason: &DiagnosticsError) -> Self {
        error!(error = %reason, "the record of an administrative operation may be lost");
        Self::new(
            ErrorCode::InternalError,
            "the operation may have been done, but its record could not be written",
        )
    }

    /// A fault of the service: told to the log, not to the client.
    pub(super) fn internal(cause: &dyn std::error::Error) -> Self {
        error!(error = %cause, "a request failed");
        Self::new(ErrorCode::InternalError, "the service failed to answer")
    }

    fn explained(mut self, mut inner: InnerError) -> Self {
        if inner.message.is_empty() {
            inner.message.clone_from(&self.message);
        }
        self.inner = Some(Box::new(inner));
        self
    }

    /// Adds how the caller can make themselves known, for `WWW-Authenticate`.
    pub(super) fn challenging(mut self, challenge: HeaderValue) -> Self {
        self.challenge = Some(challenge);
        self
    }

    /// Whether the caller asked too often.
    pub(super) fn is_throttled(&self) -> bool {
        self.code == ErrorCode::TooManyRequests
    }

    pub(super) fn retry_after(mut self, seconds: u16) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// For the records: codes only, since messages may quote what was sent.
    fn refusal(&self) -> Refusal {
        let inner = self.inner.as_deref();
        let precise = inner.map_or("", |inner| inner.code.as_str());
        let codes = match precise {
            "" => self.code.as_str().to_owned(),
            precise => format!("{}/{precise}", self.code),
        };
        let malformed = matches!(
            self.code,
            ErrorCode::MethodNotAllowed | ErrorCode::RequestTimeout | ErrorCode::PayloadTooLarge
        ) || inner.and_then(|inner| inner.stage.as_deref()) == Some("request");
        Refusal { codes, malformed }
    }
}

impl From<AdministrationError> for ApiError {
    fn from(error: AdministrationError) -> Self {
        use AdministrationError as Reason;
        let code = match &error {
            Reason::Gone | Reason::UnknownRevision { .. } | Reason::UnknownChange => ErrorCode::NotFound,
            Reason::SamePerson => ErrorCode::Forbidden,
            Reason::Decided { .. }
            | Reason::TooLate
            | Reason::Overtaken
            | Reason::TooManyPending
            | Reason::HistoryFull { .. } => ErrorCode::Conflict,
            Reason::Envelope(PolicyEnvelopeError::PolicyText) | Reason::PlainText => {
                ErrorCode::PolicyParsingError
            }
            Reason::Shared
            | Reason::NotIsolated
            | Reason::NoPolicy
            | Reason::LastCertificate
            | Reason::Envelope(_)
            | Reason::RollbackEnvelope(_)
            | Reason::RollbackPayload { .. }
            | Reason::SettingsPayload
            | Reason::Configured
            | Reason::CertificateEnvelope(_)
            | Reason::Binding(_)
            | Reason::Untrusted(UntrustedSigner::Unsigned) => ErrorCode::InvalidOperation,
            Reason::Untrusted(_) | Reason::Certificate(_) | Reason::Settings(_) => {
                ErrorCode::InvalidParameter
            }
            Reason::Policy(policy) => {
                let answer = Self::new(ErrorCode::PolicyParsingError, parsing_message(policy));
                return answer.explained(explanation::of_policy(policy));
            }
            Reason::Pool(WorkPoolError::Overloaded) => {
                return Self::new(ErrorCode::TooManyRequests, "the service is busy, try again")
                    .retry_after(RETRY_AFTER_LOAD);
            }
            Reason::Pool(WorkPoolError::Lost) | Reason::Store(_) | Reason::Internal(_) => {
                return Self::internal(&error);
            }
        };
        Self::new(code, error.to_string())
    }
}

impl From<TokenError> for ApiError {
    fn from(error: TokenError) -> Self {
        Self::internal(&error)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status =
            StatusCode::from_u16(self.code.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let refusal = self.refusal();
        let (code, retry_after, challenge) = (self.code, self.retry_after, self.challenge.clone());
        let mut response = (status, Json(self.into_body())).into_response();
        let headers = response.headers_mut();
        headers.insert(ERROR_CODE, HeaderValue::from_static(code.as_str()));
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(challenge) = challenge {
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        response.extensions_mut().insert(refusal);
        response
    }
}

/// The answer after a handler panicked; the panic itself was reported on standard error.
pub(super) fn panicked(_: Box<dyn Any + Send + 'static>) -> Response {
    error!("a request handler panicked");
    ApiError::new(ErrorCode::InternalError, "the service failed to answer").into_response()
}

/// MAA's wording (MAA documentation, "Troubleshooting guide").
fn evaluation_message(cause: &str) -> String {
    format!("Policy Evaluation Error has occurred Msg:[{cause}]")
}

/// MAA's wording (MAA documentation, "Troubleshooting guide").
fn parsing_message(error: &PolicyError) -> String {
    match error {
        PolicyError::Text(findings) => {
            format!("Invalid policy was specified Msg:[{}]", maa_message(findings))
        }
        other => format!("Invalid policy was specified Msg:[{other}]"),
    }
}
