//! `GET /.well-known/openid-configuration`: the provider's metadata.

use attestry_api::openid::OpenIdMetadata;
use axum::Json;

use super::{address::ForProvider, api_version::OptionalVersion};

pub(super) async fn get(ForProvider(provider): ForProvider, _: OptionalVersion) -> Json<OpenIdMetadata> {
    let algorithm = provider.tokens.key().algorithm().as_str();
    Json(OpenIdMetadata::new(provider.url(), [algorithm]))
}
