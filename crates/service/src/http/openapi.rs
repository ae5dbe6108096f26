//! `GET /attestry/v1/openapi.json`: the description of the whole interface, for tools. It is written by hand; tests hold
//! it to the routes and to what they answer.

use axum::response::IntoResponse;
use http::header;

/// An OpenAPI 3.1 document.
const DESCRIPTION: &str = include_str!("../../../../openapi/attestry.json");

pub(super) async fn get() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], DESCRIPTION)
}

#[cfg(test)]
mod tests;
