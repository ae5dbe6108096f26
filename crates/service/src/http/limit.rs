//! Rate limits at the door: who is asking, and the refusal of those who ask too often.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
};

use attestry_api::error::ErrorCode;
use axum::extract::{ConnectInfo, FromRequestParts};
use http::request::Parts;

use super::{ApiError, App, routes::Class};
use crate::{
    provider::Provider,
    telemetry::metrics::ThrottleLabels,
    throttle::{Asker, Demand},
};

/// An attestation by somebody who was not asked who they are. Taken before the body is read.
pub(super) struct Admitted;

impl FromRequestParts<App> for Admitted {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        admit(app, parts, None).map(|()| Self)
    }
}

/// Counts a request: of a caller who was verified, else of an address.
pub(super) fn admit(app: &App, parts: &Parts, caller: Option<&str>) -> Result<(), ApiError> {
    let demand = match parts.extensions.get::<Class>() {
        Some(Class::Attest) => Demand::Attest,
        _ => Demand::Administration,
    };
    let provider = parts.extensions.get::<Arc<Provider>>();
    let provider = provider.map(|provider| provider.name.as_str());
    let asker = caller.map_or_else(|| Asker::At(address(parts)), Asker::Known);
    app.throttle.take(demand, provider, asker).map_err(|throttled| {
        let labels = ThrottleLabels {
            demand: match demand {
                Demand::Attest => "attest",
                Demand::Administration => "administration",
            },
            bound: if throttled.by_provider {
                "provider"
            } else {
                "caller"
            },
        };
        app.metrics.throttled.get_or_create(&labels).inc();
        let seconds = u16::try_from(throttled.seconds()).unwrap_or(u16::MAX);
        ApiError::new(ErrorCode::TooManyRequests, throttled.to_string()).retry_after(seconds)
    })
}

/// Without a connection all are the same stranger.
fn address(parts: &Parts) -> IpAddr {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(peer)| peer.ip())
}
