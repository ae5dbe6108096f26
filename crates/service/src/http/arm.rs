//! The control plane's surface: Azure Resource Manager's provider `Microsoft.Attestation`, and this service's own
//! operations on deleted and protected providers.
//!
//! It owns paths, api-versions, shapes and error bodies as Azure Resource Manager has them. It is served where the
//! service itself is, never at a provider's address. What a change means is [`crate::control`]'s.

mod catalog;
mod connections;
mod defaults;
mod error;
mod own;
mod providers;
mod request;
mod shape;
mod version;

use axum::{
    middleware,
    response::Response,
    routing::{MethodRouter, get, post},
};
use http::{HeaderValue, Method, header};

use self::error::ArmError;
use super::{
    App,
    routes::{Class, Route, operation},
};

/// The routes.
pub(super) const ROUTES: &[Route] = &[
    Route {
        pattern: "/subscriptions/{subscription}/resourcegroups/{group}/providers/microsoft.attestation/attestationproviders/{name}",
        handlers: || {
            uncached(
                get(providers::get)
                    .put(providers::put)
                    .patch(providers::patch)
                    .delete(providers::delete),
            )
        },
        operations: &[
            operation(Method::GET, "GetAttestationProvider", Class::Read),
            operation(Method::PUT, "CreateAttestationProvider", Class::Change),
            operation(Method::PATCH, "UpdateAttestationProvider", Class::Change),
            operation(Method::DELETE, "DeleteAttestationProvider", Class::Change),
        ],
    },
    Route {
        pattern: "/subscriptions/{subscription}/resourcegroups/{group}/providers/microsoft.attestation/attestationproviders",
        handlers: || uncached(get(providers::list_of_group)),
        operations: &[operation(Method::GET, "ListAttestationProviders", Class::Read)],
    },
    Route {
        pattern: "/subscriptions/{subscription}/providers/microsoft.attestation/attestationproviders",
        handlers: || uncached(get(providers::list_of_subscription)),
        operations: &[operation(Method::GET, "ListAttestationProviders", Class::Read)],
    },
    Route {
        pattern: "/subscriptions/{subscription}/providers/microsoft.attestation/defaultproviders",
        handlers: || uncached(get(defaults::list)),
        operations: &[operation(Method::GET, "ListDefaultProviders", Class::Read)],
    },
    Route {
        pattern: "/subscriptions/{subscription}/providers/microsoft.attestation/locations/{location}/defaultprovider",
        handlers: || uncached(get(defaults::at_location)),
        operations: &[operation(Method::GET, "GetDefaultProvider", Class::Read)],
    },
    Route {
        pattern: "/subscriptions/{subscription}/resourcegroups/{group}/providers/microsoft.attestation/attestationproviders/{name}/privateendpointconnections",
        handlers: || uncached(get(connections::list)),
        operations: &[operation(
            Method::GET,
            "ListPrivateEndpointConnections",
            Class::Read,
        )],
    },
    Route {
        pattern: "/subscriptions/{subscription}/resourcegroups/{group}/providers/microsoft.attestation/attestationproviders/{name}/privateendpointconnections/{connection}",
        handlers: || {
            uncached(
                get(connections::get)
                    .put(connections::put)
                    .delete(connections::delete),
            )
        },
        operations: &[
            operation(Method::GET, "GetPrivateEndpointConnection", Class::Read),
            operation(Method::PUT, "PutPrivateEndpointConnection", Class::Change),
            operation(Method::DELETE, "DeletePrivateEndpointConnection", Class::Change),
        ],
    },
    Route {
        pattern: "/subscriptions/{subscription}/resourcegroups/{group}/providers/microsoft.attestation/attestationproviders/{name}/privatelinkresources",
        handlers: || uncached(get(connections::link_resources)),
        operations: &[operation(Method::GET, "ListPrivateLinkResources", Class::Read)],
    },
    Route {
        pattern: "/providers/microsoft.attestation/operations",
        handlers: || uncached(get(catalog::get)),
        operations: &[operation(Method::GET, "ListOperations", Class::Read)],
    },
    Route {
        pattern: "/attestry/v1/deleted-providers",
        handlers: || uncached(get(own::list_deleted)),
        operations: &[operation(Method::GET, "ListDeletedProviders", Class::Read)],
    },
    Route {
        pattern: "/attestry/v1/deleted-providers/{name}",
        handlers: || uncached(post(own::post_deleted)),
        operations: &[operation(Method::POST, "RestoreOrPurgeProvider", Class::Change)],
    },
    Route {
        pattern: "/attestry/v1/providers/{name}",
        handlers: || uncached(post(own::post)),
        operations: &[operation(Method::POST, "ProtectProvider", Class::Change)],
    },
    Route {
        pattern: "/attestry/v1/providers/{name}/changes",
        handlers: || uncached(get(own::changes)),
        operations: &[operation(Method::GET, "GetProviderHistory", Class::Read)],
    },
];

fn uncached(routes: MethodRouter<App>) -> MethodRouter<App> {
    // Not around the answer to a method that a path does not take, which is the service's own.
    routes.route_layer(middleware::map_response(never_cached))
}

/// As recorded: answers about resources are not kept.
async fn never_cached(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    headers.insert(header::EXPIRES, HeaderValue::from_static("-1"));
    response
}
