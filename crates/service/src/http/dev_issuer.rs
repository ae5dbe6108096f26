//! The routes of the token issuer that development mode embeds: metadata (OpenID Connect Discovery 1.0, section 3), keys,
//! and tokens for client credentials (RFC 6749, 4.4), at the paths and in the forms of Entra ID's, so that the
//! credential classes of Azure's client libraries work against it as they are.

use axum::{
    Form, Json,
    extract::{State, rejection::FormRejection},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use tracing::error;

use super::{
    App,
    path::Segment,
    routes::{Class, Route, operation},
};
use crate::authn::{DEVELOPMENT_TOKEN_SECONDS, DevelopmentIssuer};

/// The routes; they are there in development mode only.
pub(super) const ROUTES: &[Route] = &[
    Route {
        pattern: "/{tenant}/v2.0/.well-known/openid-configuration",
        handlers: || get(metadata),
        operations: &[operation(Method::GET, "GetIssuerMetadata", Class::Read)],
    },
    Route {
        pattern: "/{tenant}/.well-known/openid-configuration",
        handlers: || get(metadata),
        operations: &[operation(Method::GET, "GetIssuerMetadata", Class::Read)],
    },
    Route {
        pattern: "/{tenant}/discovery/v2.0/keys",
        handlers: || get(keys),
        operations: &[operation(Method::GET, "GetIssuerKeys", Class::Read)],
    },
    Route {
        pattern: "/{tenant}/discovery/keys",
        handlers: || get(keys),
        operations: &[operation(Method::GET, "GetIssuerKeys", Class::Read)],
    },
    Route {
        pattern: "/{tenant}/oauth2/v2.0/token",
        handlers: || post(token),
        operations: &[operation(Method::POST, "IssueToken", Class::Read)],
    },
    Route {
        pattern: "/{tenant}/oauth2/token",
        handlers: || post(token_v1),
        operations: &[operation(Method::POST, "IssueToken", Class::Read)],
    },
];

/// Why there is no token (RFC 6749, 5.2).
#[derive(Debug)]
struct Refusal {
    error: &'static str,
    description: &'static str,
    /// Whether the client tried to authenticate with a header, and is told so with one.
    challenged: bool,
}

/// The parameters of a token request, each given once.
struct Parameters(Vec<(String, String)>);

async fn metadata(State(app): State<App>, Segment(tenant): Segment) -> Result<Json<Value>, Refusal> {
    let issuer = issuer(&app, &tenant)?;
    let below = |path: &str| format!("{}/{tenant}/{path}", issuer.base_url());
    Ok(Json(json!({
        "issuer": issuer.issuer_of(&tenant),
        "token_endpoint": below("oauth2/v2.0/token"),
        "jwks_uri": below("discovery/v2.0/keys"),
        // Client libraries do not go on without one. Nobody signs in here, so nothing is served there.
        "authorization_endpoint": below("oauth2/v2.0/authorize"),
        "grant_types_supported": ["client_credentials"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "response_types_supported": ["token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    })))
}

async fn keys(State(app): State<App>, Segment(tenant): Segment) -> Result<Response, Refusal> {
    Ok(Json(issuer(&app, &tenant)?.key_set()).into_response())
}

/// The endpoint whose clients ask with a scope, `<resource>/.default`.
async fn token(
    State(app): State<App>,
    Segment(tenant): Segment,
    headers: HeaderMap,
    form: Result<Form<Vec<(String, String)>>, FormRejection>,
) -> Result<Response, Refusal> {
    let parameters = Parameters::read(form)?;
    let scopes = parameters.needed("scope", "the parameter `scope` is missing")?;
    let resource = scopes
        .split(' ')
        .find_map(|scope| scope.strip_suffix("/.default"))
        .filter(|resource| !resource.is_empty())
        .ok_or(Refusal::new(
            "invalid_scope",
            "the scope is not of the form `<resource>/.default`",
        ))?;
    let access_token = issue(&app, &tenant, &headers, &parameters, resource)?;
    Ok(granted(json!({
        "token_type": "Bearer",
        "expires_in": DEVELOPMENT_TOKEN_SECONDS,
        "ext_expires_in": DEVELOPMENT_TOKEN_SECONDS,
        "access_token": access_token,
    })))
}

/// The older endpoint, whose clients name the resource itself and expect numbers as text.
async fn token_v1(
    State(app): State<App>,
    Segment(tenant): Segment,
    headers: HeaderMap,
    form: Result<Form<Vec<(String, String)>>, FormRejection>,
) -> Result<Response, Refusal> {
    let parameters = Parameters::read(form)?;
    let resource = parameters.needed("resource", "the parameter `resource` is missing")?;
    let access_token = issue(&app, &tenant, &headers, &parameters, resource)?;
    let now = app.token_clock.now().seconds();
    Ok(granted(json!({
        "token_type": "Bearer",
        "expires_in": DEVELOPMENT_TOKEN_SECONDS.to_string(),
        "not_before": now.to_string(),
        "expires_on": now.saturating_add(DEVELOPMENT_TOKEN_SECONDS).to_string(),
        "resource": resource,
        "access_token": access_token,
    })))
}

fn issue(
    app: &App,
    tenant: &str,
    headers: &HeaderMap,
    parameters: &Parameters,
    resource: &str,
) -> Result<String, Refusal> {
    let issuer = issuer(app, tenant)?;
    let grant = parameters.needed("grant_type", "the parameter `grant_type` is missing")?;
    if grant != "client_credentials" {
        return Err(Refusal::new(
            "unsupported_grant_type",
            "only `client_credentials` is granted here",
        ));
    }
    let client = client(headers, parameters)?;
    let token = issuer.token(tenant, &client, resource, app.token_clock.now());
    token.map_err(|cause| {
        error!(error = %cause, "the embedded issuer failed to sign");
        Refusal::new("server_error", "the service failed to answer")
    })
}

fn issuer<'a>(app: &'a App, tenant: &str) -> Result<&'a DevelopmentIssuer, Refusal> {
    let plain = tenant.len() <= MAX_TENANT_LENGTH
        && tenant
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'));
    app.authenticator
        .embedded_issuer()
        .filter(|_| plain)
        .ok_or(Refusal::new("invalid_request", "the tenant's name is malformed"))
}

/// The client that authenticates, by header or by parameters (RFC 6749, 2.3.1). Any secret will do.
fn client(headers: &HeaderMap, parameters: &Parameters) -> Result<String, Refusal> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        return basic(value).ok_or(Refusal {
            challenged: true,
            ..Refusal::new(
                "invalid_client",
                "the `Authorization` header has no client with a secret",
            )
        });
    }
    match (parameters.get("client_id"), parameters.get("client_secret")) {
        (Some(client), Some(secret)) if !client.is_empty() && !secret.is_empty() => Ok(client.to_owned()),
        _ => Err(Refusal::new(
            "invalid_client",
            "`client_id` and `client_secret` are needed",
        )),
    }
}

/// The client of `Authorization: Basic`, whose name and secret are form-encoded before they are joined.
fn basic(value: &HeaderValue) -> Option<String> {
    let (scheme, credentials) = value.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let credentials = String::from_utf8(BASE64_STANDARD.decode(credentials.trim()).ok()?).ok()?;
    let (client, secret) = credentials.split_once(':')?;
    let client = client.replace('+', " ");
    let client = percent_decode_str(&client).decode_utf8().ok()?.into_owned();
    (!client.is_empty() && !secret.is_empty()).then_some(client)
}

/// Tokens are not to be kept by anybody on the way (RFC 6749, 5.1).
fn granted(answer: Value) -> Response {
    ([(header::CACHE_CONTROL, "no-store")], Json(answer)).into_response()
}

impl Parameters {
    fn read(form: Result<Form<Vec<(String, String)>>, FormRejection>) -> Result<Self, Refusal> {
        let Form(pairs) = form.map_err(|_| Refusal::new("invalid_request", "the body is not a form"))?;
        if pairs.len() > MAX_PARAMETERS {
            return Err(Refusal::new(
                "invalid_request",
                "the form has too many parameters",
            ));
        }
        // RFC 6749, 3.2.
        let twice = pairs
            .iter()
            .enumerate()
            .any(|(index, (name, _))| pairs.iter().take(index).any(|(other, _)| other == name));
        if twice {
            return Err(Refusal::new("invalid_request", "a parameter is given twice"));
        }
        Ok(Self(pairs))
    }

    fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(given, _)| given == name);
        found.map(|(_, value)| value.as_str())
    }

    fn needed(&self, name: &str, missing: &'static str) -> Result<&str, Refusal> {
        self.get(name)
            .filter(|value| !value.is_empty())
            .ok_or(Refusal::new("invalid_request", missing))
    }
}

impl Refusal {
    const fn new(error: &'static str, description: &'static str) -> Self {
        Self {
            error,
            description,
            challenged: false,
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = match self.error {
            "invalid_client" => StatusCode::UNAUTHORIZED,
            "server_error" => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        };
        let body = json!({"error": self.error, "error_description": self.description});
        let mut response = (status, granted(body)).into_response();
        if self.challenged {
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic"));
        }
        response
    }
}

/// Tenants are identifiers of 36 characters or domain names, of 253 at most.
const MAX_TENANT_LENGTH: usize = 253;

/// Client libraries send some ten.
const MAX_PARAMETERS: usize = 64;
