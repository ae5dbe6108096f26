//! `GET /.well-known/openid-configuration`: the provider's metadata.

use attestry_api::openid::OpenIdMetadata;
use axum::{Json, response::IntoResponse};
use http::header;

use super::{address::ForProvider, api_version::OptionalVersion};

pub(super) async fn get(ForProvider(provider): ForProvider, _: OptionalVersion) -> impl IntoResponse {
    let algorithm = provider.tokens.key().algorithm().as_str();
    let metadata = OpenIdMetadata::new(provider.url(), [algorithm]);
    ([(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*")], Json(metadata))
}
