//! `GET /certs`: the keys that tokens are signed with.

use attestry_api::jwk::JwkSet;
use axum::Json;

use super::{ApiError, address::ForProvider, api_version::OptionalVersion};

pub(super) async fn get(
    ForProvider(provider): ForProvider,
    _: OptionalVersion,
) -> Result<Json<JwkSet>, ApiError> {
    Ok(Json(provider.tokens.key_set()?.clone()))
}
