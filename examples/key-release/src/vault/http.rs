//! The one operation, and the errors of Key Vault's REST interface.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use attestry_client::key_release::{HeldKey, ReleaseError, ReleaseRequest, ReleaseRequestError};
use attestry_client::{CertifiedKey, Client, ClientError};
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::configuration::Keys;

/// Bytes of a request's body; the request itself checks that again.
const MAX_BODY: usize = 256 * 1024;
/// Versions of the interface in which releasing is the same.
const API_VERSIONS: [&str; 4] = ["7.3", "7.4", "7.5", "7.6"];

pub struct Vault {
    pub keys: Keys,
    pub issuer: Client,
    pub signer: CertifiedKey,
    pub as_of: Option<i64>,
}

pub fn router(vault: Arc<Vault>) -> Router {
    Router::new()
        .route("/keys/{name}/{version}/release", post(release))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(vault)
}

#[derive(Deserialize)]
struct Parameters {
    #[serde(rename = "api-version", default)]
    api_version: String,
}

async fn release(
    State(vault): State<Arc<Vault>>,
    Path((name, version)): Path<(String, String)>,
    Query(parameters): Query<Parameters>,
    body: Bytes,
) -> Result<Json<Value>, Refusal> {
    let answer = vault
        .release(&name, &version, &parameters.api_version, &body)
        .await;
    match &answer {
        Ok(_) => eprintln!("{name}/{version} was released"),
        Err(refusal) => eprintln!("{name}/{version} was not released: {refusal}"),
    }
    Ok(Json(json!({"value": answer?})))
}

impl Vault {
    async fn release(
        &self,
        name: &str,
        version: &str,
        api_version: &str,
        body: &[u8],
    ) -> Result<String, Refusal> {
        if !API_VERSIONS.contains(&api_version) {
            return Err(Refusal::ApiVersion(api_version.to_owned()));
        }
        let key = self.key(name, version)?;
        let request = ReleaseRequest::from_json(body)?;
        let token = self.issuer.validate_at(&request.target, self.now()).await?;
        Ok(key.release(&request, &token, api_version, &self.signer)?)
    }

    fn key(&self, name: &str, version: &str) -> Result<&HeldKey, Refusal> {
        let found = self.keys.get(&(name.to_owned(), version.to_owned()));
        found.ok_or_else(|| Refusal::NoSuchKey(format!("{name}/{version}")))
    }

    fn now(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.as_of
            .unwrap_or_else(|| i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
    }
}

/// Why a key is not released.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("the api-version `{0}` is not supported")]
    ApiVersion(String),
    #[error("there is no key `{0}`")]
    NoSuchKey(String),
    #[error(transparent)]
    Request(#[from] ReleaseRequestError),
    #[error(transparent)]
    Token(#[from] ClientError),
    #[error(transparent)]
    Release(#[from] ReleaseError),
}

impl Refusal {
    /// Status and code; Key Vault answers a token or a policy that stands in the way with the same 403.
    fn status(&self) -> (StatusCode, &'static str) {
        match self {
            Self::ApiVersion(_) | Self::Request(_) => (StatusCode::BAD_REQUEST, "BadParameter"),
            Self::NoSuchKey(_) => (StatusCode::NOT_FOUND, "KeyNotFound"),
            Self::Token(error) if !error.is_refusal() => (StatusCode::BAD_GATEWAY, "IssuerUnavailable"),
            Self::Release(ReleaseError::Wrap(_) | ReleaseError::Signing(_)) => {
                (StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError")
            }
            Self::Token(_) | Self::Release(_) => (StatusCode::FORBIDDEN, "Forbidden"),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, code) = self.status();
        let body = json!({"error": {"code": code, "message": self.to_string()}});
        (status, Json(body)).into_response()
    }
}
