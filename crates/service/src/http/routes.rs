//! Every route: its path, who answers it, and what each of its operations is called and counts as.
//!
//! The router is made of this table; metrics, the diagnostic log, rate limits and the published description of the
//! interface look operations up in it. What an operation does is its own file's.

use axum::routing::{MethodRouter, get, post};
use http::Method;

use super::{
    App, arm, attest, baselines, certificates, certs, changes, dev_issuer, health, history, openapi, openid,
    policies, preview2018, settings,
};

/// A path and what can be done with it.
#[derive(Debug)]
pub(super) struct Route {
    /// The path in lower case, as it is matched.
    pub(super) pattern: &'static str,
    /// Who answers it.
    pub(super) handlers: fn() -> MethodRouter<App>,
    /// One for each method it takes.
    pub(super) operations: &'static [RouteOperation],
}

/// A method of a path.
#[derive(Debug)]
pub(super) struct RouteOperation {
    /// The method.
    pub(super) method: Method,
    /// The operation's name in records, MAA's where MAA has one. Attestations add the type.
    pub(super) name: &'static str,
    /// What it counts as.
    pub(super) class: Class,
}

/// What operations have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// Keys and metadata by which tokens are verified: for anybody.
    Verification,
    /// Evidence in, token out.
    Attest,
    /// Reads what administrators see.
    Read,
    /// An administrative operation that may change something.
    Change,
    /// Health and metrics of the service itself, asked every few seconds.
    Health,
}

/// The operation of a request, by the pattern that matched and its method.
pub(super) fn find(
    pattern: &str,
    method: &Method,
) -> Option<(&'static Route, Option<&'static RouteOperation>)> {
    let route = all()
        .chain(dev_issuer::ROUTES)
        .find(|route| route.pattern == pattern)?;
    let operation = route.operations.iter().find(|operation| {
        // GET handlers also answer HEAD (RFC 9110, 9.3.2).
        operation.method == *method || (operation.method == Method::GET && *method == Method::HEAD)
    });
    Some((route, operation))
}

/// Every route but those of the token issuer of development mode.
pub(super) fn all() -> impl Iterator<Item = &'static Route> {
    ROUTES.iter().chain(arm::ROUTES)
}

pub(super) const fn operation(method: Method, name: &'static str, class: Class) -> RouteOperation {
    RouteOperation { method, name, class }
}

/// In the order in which they are asked for most.
const ROUTES: &[Route] = &[
    Route {
        pattern: "/attest/{kind}",
        handlers: || post(attest::post),
        operations: &[operation(Method::POST, "Attest", Class::Attest)],
    },
    Route {
        pattern: "/attest/tee/{kind}",
        handlers: || post(attest::post_2018),
        operations: &[operation(Method::POST, "Attest", Class::Attest)],
    },
    Route {
        pattern: "/certs",
        handlers: || get(certs::get),
        operations: &[operation(
            Method::GET,
            "GetSigningCertificates",
            Class::Verification,
        )],
    },
    Route {
        pattern: "/.well-known/openid-configuration",
        handlers: || get(openid::get),
        operations: &[operation(
            Method::GET,
            "GetMetadataConfiguration",
            Class::Verification,
        )],
    },
    Route {
        pattern: "/policies/{kind}",
        handlers: || get(policies::get).put(policies::put).post(policies::post),
        operations: &[
            operation(Method::GET, "GetCurrentPolicy", Class::Read),
            operation(Method::PUT, "SetCurrentPolicy", Class::Change),
            operation(Method::POST, "ResetAttestationPolicy", Class::Change),
        ],
    },
    Route {
        pattern: "/certificates",
        handlers: || get(certificates::get),
        operations: &[operation(Method::GET, "GetPolicyCertificates", Class::Read)],
    },
    Route {
        pattern: "/certificates:add",
        handlers: || post(certificates::add),
        operations: &[operation(Method::POST, "AddPolicyCertificate", Class::Change)],
    },
    Route {
        pattern: "/certificates:remove",
        handlers: || post(certificates::remove),
        operations: &[operation(Method::POST, "RemovePolicyCertificate", Class::Change)],
    },
    Route {
        pattern: "/operations/policy/current",
        handlers: || {
            get(preview2018::get_policy)
                .put(preview2018::set_policy)
                .post(preview2018::reset_policy)
        },
        operations: &[
            operation(Method::GET, "GetCurrentPolicy", Class::Read),
            operation(Method::PUT, "SetCurrentPolicy", Class::Change),
            operation(Method::POST, "ResetAttestationPolicy", Class::Change),
        ],
    },
    Route {
        pattern: "/operations/policy/updatepolicy",
        handlers: || post(preview2018::prepare),
        operations: &[operation(Method::POST, "PrepareToUpdatePolicy", Class::Change)],
    },
    Route {
        pattern: "/operations/policy/certificates",
        handlers: || {
            get(preview2018::get_certificates)
                .put(preview2018::add_certificate)
                .post(preview2018::remove_certificate)
        },
        operations: &[
            operation(Method::GET, "GetPolicyCertificates", Class::Read),
            operation(Method::PUT, "AddPolicyCertificate", Class::Change),
            operation(Method::POST, "RemovePolicyCertificate", Class::Change),
        ],
    },
    Route {
        pattern: "/tcbbaselines/{kind}",
        handlers: || get(baselines::get),
        operations: &[operation(Method::GET, "GetTcbBaselines", Class::Read)],
    },
    Route {
        pattern: "/servicehealth",
        handlers: || get(health::service),
        operations: &[operation(Method::GET, "GetServiceHealth", Class::Health)],
    },
    Route {
        pattern: "/attestry/v1/policies/{kind}",
        handlers: || post(history::act),
        operations: &[operation(Method::POST, "RollBackOrTryPolicy", Class::Change)],
    },
    Route {
        pattern: "/attestry/v1/policies/{kind}/history",
        handlers: || get(history::list),
        operations: &[operation(Method::GET, "GetPolicyHistory", Class::Read)],
    },
    Route {
        pattern: "/attestry/v1/policies/{kind}/history/{revision}",
        handlers: || get(history::get),
        operations: &[operation(Method::GET, "GetPolicyRevision", Class::Read)],
    },
    Route {
        pattern: "/attestry/v1/policies/{kind}/diff",
        handlers: || get(history::diff),
        operations: &[operation(Method::GET, "GetPolicyDifference", Class::Read)],
    },
    Route {
        pattern: "/attestry/v1/certificates/history",
        handlers: || get(history::signers),
        operations: &[operation(Method::GET, "GetPolicySignerHistory", Class::Read)],
    },
    Route {
        pattern: "/attestry/v1/settings",
        handlers: || get(settings::get).put(settings::put),
        operations: &[
            operation(Method::GET, "GetProviderSettings", Class::Read),
            operation(Method::PUT, "SetProviderSettings", Class::Change),
        ],
    },
    Route {
        pattern: "/attestry/v1/changes",
        handlers: || get(changes::list),
        operations: &[operation(Method::GET, "ListChanges", Class::Read)],
    },
    Route {
        pattern: "/attestry/v1/changes/{id}",
        handlers: || get(changes::get).post(changes::decide),
        operations: &[
            operation(Method::GET, "GetChange", Class::Read),
            operation(Method::POST, "DecideChange", Class::Change),
        ],
    },
    Route {
        pattern: "/attestry/v1/openapi.json",
        handlers: || get(openapi::get),
        operations: &[operation(Method::GET, "GetDescription", Class::Read)],
    },
    Route {
        pattern: "/healthz",
        handlers: || get(health::live),
        operations: &[operation(Method::GET, "GetLiveness", Class::Health)],
    },
    Route {
        pattern: "/readyz",
        handlers: || get(health::ready),
        operations: &[operation(Method::GET, "GetReadiness", Class::Health)],
    },
    Route {
        pattern: "/metrics",
        handlers: || get(health::metrics),
        operations: &[operation(Method::GET, "GetMetrics", Class::Health)],
    },
];
