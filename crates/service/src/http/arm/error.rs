//! Errors in Azure Resource Manager's form, `{"error":{"code","message"}}`, with its codes.

use attestry_api::error::ErrorCode;
use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

use super::super::{ApiError, error::ERROR_CODE, recording::Refusal};
use crate::{
    authz::Denied,
    control::{ControlError, NameError, ProviderId},
};

/// An answer that is not good.
#[derive(Debug)]
pub(super) struct ArmError {
    status: StatusCode,
    code: &'static str,
    message: String,
    retry_after: Option<u16>,
    challenge: Option<HeaderValue>,
}

impl ArmError {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            retry_after: None,
            challenge: None,
        }
    }

    /// A request whose content is wrong.
    pub(super) fn content(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "InvalidRequestContent", message)
    }

    /// No such provider, as recorded.
    pub(super) fn no_provider(id: &ProviderId) -> Self {
        let message = format!(
            "The Resource 'Microsoft.Attestation/attestationProviders/{}' under resource group '{}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix",
            id.name, id.group.group
        );
        Self::not_found(message)
    }

    /// No such resource.
    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "ResourceNotFound", message)
    }

    /// No such connection, as recorded.
    pub(super) fn no_connection(name: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "InvalidOperation",
            format!("{name} is not found"),
        )
    }
}

impl From<Denied> for ArmError {
    fn from(denied: Denied) -> Self {
        Self::new(StatusCode::FORBIDDEN, "AuthorizationFailed", denied.to_string())
    }
}

/// What requests have in common with MAA's, in this form.
impl From<ApiError> for ArmError {
    fn from(error: ApiError) -> Self {
        let code = match error.code {
            ErrorCode::Unauthorized => "AuthenticationFailed",
            ErrorCode::Forbidden => "AuthorizationFailed",
            ErrorCode::InvalidParameter => "InvalidRequestContent",
            ErrorCode::InternalError => "InternalServerError",
            other => other.as_str(),
        };
        Self {
            status: StatusCode::from_u16(error.code.http_status())
                .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            code,
            message: error.message,
            retry_after: error.retry_after,
            challenge: error.challenge,
        }
    }
}

impl From<NameError> for ArmError {
    fn from(error: NameError) -> Self {
        let code = match &error {
            NameError::Subscription(_) => "InvalidSubscriptionId",
            NameError::Group(_) => "InvalidResourceGroup",
            NameError::Reserved(_) => "ReservedResourceName",
            _ => "InvalidResourceName",
        };
        Self::new(StatusCode::BAD_REQUEST, code, error.to_string())
    }
}

impl From<ControlError> for ArmError {
    fn from(error: ControlError) -> Self {
        use ControlError as Reason;
        let (status, code) = match error {
            Reason::Name(name) => return name.into(),
            Reason::Location(_) | Reason::LocationNotAvailable { .. } => {
                (StatusCode::BAD_REQUEST, "LocationNotAvailableForResourceType")
            }
            Reason::Content(_) => (StatusCode::BAD_REQUEST, "InvalidRequestContent"),
            Reason::Certificate(_) => (StatusCode::BAD_REQUEST, "InvalidParameter"),
            Reason::NotFound => (StatusCode::NOT_FOUND, "ResourceNotFound"),
            Reason::NameTaken(_) | Reason::Deleted { .. } | Reason::SigningCertificates => {
                (StatusCode::CONFLICT, "Conflict")
            }
            Reason::OtherLocation { .. } => (StatusCode::CONFLICT, "InvalidResourceLocation"),
            Reason::Protected(_) => (StatusCode::CONFLICT, "ScopeLocked"),
            Reason::TooManyProviders(_)
            | Reason::TooManyProvidersInSubscription(_)
            | Reason::TooManyConnections(_) => (StatusCode::CONFLICT, "QuotaExceeded"),
            Reason::Assembly(_) | Reason::Providers(_) | Reason::Store(_) | Reason::Internal(_) => {
                return ApiError::internal(&error).into();
            }
        };
        Self::new(status, code, error.to_string())
    }
}

impl IntoResponse for ArmError {
    fn into_response(self) -> Response {
        let body = json!({ "error": { "code": self.code, "message": self.message } });
        let mut response = (self.status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(ERROR_CODE, HeaderValue::from_static(self.code));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(challenge) = self.challenge {
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        response.extensions_mut().insert(Refusal {
            codes: self.code.to_owned(),
            malformed: matches!(
                self.status,
                StatusCode::METHOD_NOT_ALLOWED | StatusCode::REQUEST_TIMEOUT | StatusCode::PAYLOAD_TOO_LARGE
            ),
        });
        response
    }
}
