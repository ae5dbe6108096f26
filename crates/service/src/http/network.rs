//! From where a provider is reached: whoever comes from elsewhere is turned away before anything else of the request is
//! looked at. The address is the connection's; what headers say about it is anybody's invention.

use std::{net::SocketAddr, sync::Arc};

use attestry_api::error::ErrorCode;
use axum::{
    extract::{ConnectInfo, Request},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::ApiError;
use crate::provider::Provider;

pub(super) async fn guard(request: Request, next: Next) -> Response {
    let provider = request.extensions().get::<Arc<Provider>>();
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let peer = peer.map(|ConnectInfo(address)| address.ip());
    if provider.is_some_and(|provider| !provider.network.permit(peer)) {
        let message = "public network access to this attestation provider is disabled; it is reached through its private endpoints only";
        return ApiError::new(ErrorCode::Forbidden, message).into_response();
    }
    next.run(request).await
}
