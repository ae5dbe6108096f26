//! The HTTP interface: MAA's data plane, health and metrics.
//!
//! It owns paths, headers, bodies, api-versions and the mapping of errors to answers; one file a resource.
//! What an attestation or a policy means is decided elsewhere.

mod address;
mod api_version;
mod arm;
mod attest;
mod baselines;
mod body;
mod caller;
mod certificates;
mod certs;
mod changes;
mod cors;
mod dev_issuer;
mod dry_run;
mod error;
mod explanation;
mod health;
mod history;
mod limit;
pub mod listener;
mod network;
mod observe;
mod openapi;
mod openid;
mod path;
mod policies;
mod preview2018;
mod recording;
mod routes;
mod settings;
mod signed_body;

use std::sync::Arc;

use attestry_api::error::ErrorCode;
use axum::{Extension, Router, extract::Request, middleware};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower_http::catch_panic::CatchPanicLayer;

pub use self::error::ApiError;
use self::routes::{Class, Route};
use crate::{
    administration::Administration,
    attest::Attestor,
    authn::Authenticator,
    clock::Clock,
    config::CorsConfig,
    control::ControlPlane,
    decisions::Decisions,
    diagnostics::DiagnosticLog,
    provider::{Directory, Provider},
    store::Store,
    telemetry::Metrics,
    throttle::Throttle,
};

/// What the routes work with.
#[derive(Clone)]
pub struct App {
    /// The providers.
    pub directory: Arc<Directory>,
    /// The attestation pipeline.
    pub attestor: Attestor,
    /// Changes to policies and signers.
    pub administration: Administration,
    /// Decisions that providers want to have recorded.
    pub decisions: Decisions,
    /// Providers as resources.
    pub control: ControlPlane,
    /// Who callers are.
    pub authenticator: Arc<Authenticator>,
    /// Whether a caller without the role that is needed gets 401, as from MAA, instead of 403; a setting.
    pub unauthorized_for_missing_role: bool,
    /// The time that answers to policy operations are dated by: the present, also when evidence is judged as of
    /// an earlier time.
    pub token_clock: Clock,
    /// Counters and histograms.
    pub metrics: Arc<Metrics>,
    /// The store, for readiness.
    pub store: Store,
    /// Cancelled when the service begins to drain.
    pub draining: CancellationToken,
    /// Most bytes of a request body, a setting.
    pub max_body_bytes: usize,
    /// The diagnostic log; `None`: requests are not recorded.
    pub diagnostics: Option<DiagnosticLog>,
    /// Requests that may change something; each goes to its end, with the store and the log still there.
    pub changes: TaskTracker,
    /// How often callers may ask.
    pub throttle: Arc<Throttle>,
    /// Which web pages may call, a setting.
    pub cors: CorsConfig,
}

/// Every route, ready to be served by [`listener::serve`].
pub fn router(app: App) -> Router {
    let classes = [
        Class::Verification,
        Class::Attest,
        Class::Read,
        Class::Change,
        Class::Health,
    ];
    let routes = classes
        .into_iter()
        .map(|class| routes_of(class, &app))
        .fold(embedded_issuer(&app), Router::merge)
        .fallback(nothing_here)
        .layer(Extension(Arc::new(health::StoreProbe::new(app.store.clone()))))
        .layer(middleware::from_fn(network::guard))
        .layer(CatchPanicLayer::custom(error::panicked))
        .layer(middleware::from_fn_with_state(app.clone(), observe::observe))
        .with_state(app.clone());
    // Paths are rewritten before they are routed, so the rewriting must stand outside the router.
    Router::new()
        .fallback_service(routes)
        .layer(middleware::map_request_with_state(app, address::resolve))
}

/// The routes of the token issuer of development mode, where there is one.
fn embedded_issuer(app: &App) -> Router<App> {
    match app.authenticator.embedded_issuer() {
        Some(_) => dev_issuer::ROUTES
            .iter()
            .fold(Router::new(), |router, route| {
                router.route(route.pattern, (route.handlers)())
            })
            .method_not_allowed_fallback(wrong_method),
        None => Router::new(),
    }
}

/// The routes whose first operation is of this class; cross-origin requests are a matter of all methods of a path.
fn routes_of(class: Class, app: &App) -> Router<App> {
    let of_class = |route: &&Route| {
        route
            .operations
            .first()
            .is_some_and(|operation| operation.class == class)
    };
    let routes = routes::all()
        .filter(of_class)
        .fold(Router::new(), |router, route| {
            router.route(route.pattern, (route.handlers)())
        })
        .method_not_allowed_fallback(wrong_method);
    match cors::layer(&app.cors, class) {
        Some(layer) => routes.layer(layer),
        None => routes,
    }
}

async fn nothing_here(request: Request) -> ApiError {
    let message = match request.extensions().get::<Arc<Provider>>() {
        Some(_) => "nothing is served at this path",
        None => address::NO_PROVIDER,
    };
    ApiError::new(ErrorCode::NotFound, message)
}

async fn wrong_method() -> ApiError {
    ApiError::new(ErrorCode::MethodNotAllowed, "this path does not take this method")
}
