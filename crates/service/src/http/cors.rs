//! Cross-origin requests: which web pages may read answers (Fetch standard, "CORS protocol"). Credentials that a
//! browser adds by itself are never accepted from another origin.

use std::time::Duration;

use http::{HeaderName, HeaderValue, Method, header};
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

use super::routes::Class;
use crate::config::{ANY_ORIGIN, CorsConfig};

/// How long a browser may remember what it was told: browsers themselves keep it for ten minutes to two hours.
const REMEMBERED: Duration = Duration::from_mins(10);

/// What a page may read of an answer beside its body.
const EXPOSED: [HeaderName; 3] = [
    HeaderName::from_static("x-ms-request-id"),
    HeaderName::from_static("x-ms-error-code"),
    header::RETRY_AFTER,
];

/// The layer for operations of a class; `None` when no page may call them.
pub(super) fn layer(config: &CorsConfig, class: Class) -> Option<CorsLayer> {
    let (origins, method) = match class {
        Class::Verification => (&config.verification_origins, Method::GET),
        Class::Attest => (&config.attest_origins, Method::POST),
        Class::Read | Class::Change | Class::Health => return None,
    };
    if origins.is_empty() {
        return None;
    }
    let allowed = if origins.iter().any(|origin| origin == ANY_ORIGIN) {
        AllowOrigin::any()
    } else {
        AllowOrigin::list(
            origins
                .iter()
                .filter_map(|origin| HeaderValue::from_str(origin).ok()),
        )
    };
    let layer = CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods([method])
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers(EXPOSED)
        .max_age(REMEMBERED);
    Some(layer)
}
