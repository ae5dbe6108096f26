//! `GET /certs`: the keys that tokens are signed with.

use axum::{Json, response::IntoResponse};
use http::header;

use super::{ApiError, address::ForProvider, api_version::OptionalVersion};

pub(super) async fn get(
    ForProvider(provider): ForProvider,
    _: OptionalVersion,
) -> Result<impl IntoResponse, ApiError> {
    // As MAA does, keys may be read by scripts of any origin.
    Ok((
        [(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*")],
        Json(provider.tokens.key_set()?.clone()),
    ))
}
