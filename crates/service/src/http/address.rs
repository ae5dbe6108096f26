//! From the request's host and path to the provider and the route: repeated slashes are folded, letters are
//! lower-cased (clients spell `/attest/sevsnpvm` and `/attest/SevSnpVM`), the provider's prefix is taken off.

use std::sync::Arc;

use attestry_api::error::ErrorCode;
use axum::extract::{FromRequestParts, Request, State};
use http::{HeaderMap, Uri, header, request::Parts, uri::PathAndQuery};

use super::{ApiError, App};
use crate::provider::Provider;

/// The path of a request for the service itself, not for one of its providers, as its sender spelled it but for
/// repeated slashes: names of resources come back as they were given.
#[derive(Debug, Clone)]
pub(super) struct BasePath(pub(super) String);

/// Rewrites the path to one of the routes and remembers the provider it was for.
pub(super) async fn resolve(State(app): State<App>, mut request: Request) -> Request {
    let given = folded(request.uri().path());
    let path = given.to_ascii_lowercase();
    let host = host(request.uri(), request.headers()).map(str::to_owned);
    let providers = app.directory.current();
    if providers.is_base(host.as_deref(), &path) {
        request.extensions_mut().insert(BasePath(given));
    }
    let (provider, path) = match providers.resolve(host.as_deref(), &path) {
        Some((provider, rest)) => (Some(provider), rest.to_owned()),
        None => (None, path.clone()),
    };
    if let Some(provider) = provider {
        request.extensions_mut().insert(provider);
    }
    let text = match request.uri().query() {
        Some(query) => format!("{path}?{query}"),
        None => path,
    };
    let mut parts = request.uri().clone().into_parts();
    if let Ok(rewritten) = PathAndQuery::try_from(text) {
        parts.path_and_query = Some(rewritten);
        if let Ok(uri) = Uri::from_parts(parts) {
            *request.uri_mut() = uri;
        }
    }
    request
}

/// Single slashes, none at the end.
fn folded(path: &str) -> String {
    let mut folded = String::with_capacity(path.len());
    for segment in path.split('/').filter(|segment| !segment.is_empty()) {
        folded.push('/');
        folded.push_str(segment);
    }
    if folded.is_empty() { "/".to_owned() } else { folded }
}

/// HTTP/2 carries the host in the URI, HTTP/1.1 in a header.
fn host<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> Option<&'a str> {
    let in_header = || headers.get(header::HOST).and_then(|value| value.to_str().ok());
    uri.authority()
        .map(http::uri::Authority::as_str)
        .or_else(in_header)
}

/// What is said where host and path name none.
pub(super) const NO_PROVIDER: &str = "no attestation provider is at this address";

/// The provider the request is for.
pub(super) struct ForProvider(pub(super) Arc<Provider>);

impl<S: Sync> FromRequestParts<S> for ForProvider {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let provider = parts.extensions.get::<Arc<Provider>>().cloned();
        provider
            .map(Self)
            .ok_or_else(|| ApiError::new(ErrorCode::NotFound, NO_PROVIDER))
    }
}
