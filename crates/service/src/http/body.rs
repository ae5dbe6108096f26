//! Request bodies, read whole and bounded.

use std::error::Error;

use attestry_api::error::ErrorCode;
use axum::{
    body,
    extract::{FromRequest, Request},
};
use bytes::Bytes;
use http::header;
use http_body_util::LengthLimitError;

use super::{ApiError, App, listener::BodyError};

/// The body of a request, whatever content type it claims: clients of MAA disagree about that.
pub(super) struct Body(pub(super) Bytes);

impl FromRequest<App> for Body {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        let limit = app.max_body_bytes;
        let announced = request.headers().get(header::CONTENT_LENGTH);
        let announced = announced.and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
        if announced.is_some_and(|length| length > limit) {
            return Err(too_large(limit));
        }
        body::to_bytes(request.into_body(), limit)
            .await
            .map(Self)
            .map_err(|error| failure(&error, limit))
    }
}

fn failure(error: &(dyn Error + 'static), limit: usize) -> ApiError {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.is::<LengthLimitError>() {
            return too_large(limit);
        }
        if matches!(error.downcast_ref(), Some(BodyError::Timeout)) {
            return ApiError::new(
                ErrorCode::RequestTimeout,
                "the request body did not arrive in time",
            );
        }
        cause = error.source();
    }
    ApiError::new(ErrorCode::InvalidParameter, "the request body could not be read")
}

fn too_large(limit: usize) -> ApiError {
    ApiError::new(
        ErrorCode::PayloadTooLarge,
        format!("the request body is larger than {limit} bytes"),
    )
}
