//! The published description against what is served.

use std::{
    collections::VecDeque,
    pin::Pin,
    task::{Context, Poll},
};

use attestry_service::http::listener::BodyError;
use axum::body::Body;
use bytes::Bytes;
use http::{Method, Request};
use hyper::body::Frame;
use serde_json::{Value, json};

use crate::support::{Service, Setup, forge};

/// A path with something for every parameter.
fn filled(path: &str) -> String {
    let mut filled = String::new();
    for part in path.split('{') {
        let rest = part.split_once('}').map(|(name, rest)| {
            let value = match name {
                "kind" => "SgxEnclave",
                "revision" | "id" => "1",
                _ => "something",
            };
            format!("{value}{rest}")
        });
        filled.push_str(rest.as_deref().unwrap_or(part));
    }
    filled
}

#[tokio::test]
async fn the_description_is_served_and_every_operation_in_it_is_there() {
    let service = Service::start(Setup::forged(&forge())).await;
    let answer = service.get("/attestry/v1/openapi.json").await;
    assert_eq!(answer.header("content-type"), "application/json; charset=utf-8");
    let description = answer.json();
    assert_eq!(description["openapi"], "3.1.0");
    let methods = [
        Method::GET,
        Method::PUT,
        Method::POST,
        Method::PATCH,
        Method::DELETE,
    ];
    // The token issuer is there in development mode only.
    let paths = description["paths"].as_object().unwrap().iter();
    for (path, _) in paths.filter(|(path, _)| !path.starts_with("/{tenant}")) {
        if path.contains("}:") {
            continue;
        }
        for method in &methods {
            let request = Request::builder()
                .method(method)
                .uri(filled(path))
                .header("authorization", "Bearer test")
                .body(Body::empty())
                .unwrap();
            let answer = service.send(request).await;
            // Paths with actions are one path to the router.
            let known = of_same_route(&description, path)
                .any(|described| described.get(method.as_str().to_ascii_lowercase()).is_some());
            let allowed = if known {
                answer.status != 405
            } else {
                answer.status == 405
            };
            assert!(allowed, "{method} {path}: {} {}", answer.status, answer.text());
        }
    }
}

/// The path itself and its actions.
fn of_same_route<'d>(description: &'d Value, path: &str) -> impl Iterator<Item = &'d Value> {
    let paths = description["paths"].as_object().unwrap().iter();
    let is_action = move |other: &str| {
        let rest = other.strip_prefix(path).unwrap_or_default();
        other == path || (path.ends_with('}') && rest.starts_with(':'))
    };
    paths
        .filter(|(other, _)| is_action(other))
        .map(|(_, described)| described)
        .collect::<Vec<_>>()
        .into_iter()
}

/// Every operation that takes a body.
fn with_bodies(description: &Value) -> Vec<(Method, String)> {
    let paths = description["paths"].as_object().unwrap();
    let own = paths.iter().filter(|(path, _)| !path.starts_with("/{tenant}"));
    let all = own.flat_map(|(path, methods)| {
        let methods = methods.as_object().unwrap();
        let with_body = methods
            .iter()
            .filter(|(_, operation)| operation.get("requestBody").is_some());
        with_body.map(|(method, operation)| {
            let method: Method = method.to_ascii_uppercase().parse().unwrap();
            (
                method,
                format!("{}{}", filled(path), query(description, operation)),
            )
        })
    });
    all.collect()
}

/// The query parameters that an operation needs, each with its last value.
fn query(description: &Value, operation: &Value) -> String {
    let mut query = String::new();
    for parameter in operation["parameters"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default()
    {
        let reference = parameter["$ref"].as_str().unwrap().trim_start_matches('#');
        let parameter = description.pointer(reference).unwrap();
        if parameter["in"] == "query" && parameter["required"] == true {
            let values = parameter["schema"]["enum"].as_array().unwrap();
            let separator = if query.is_empty() { '?' } else { '&' };
            let (name, value) = (&parameter["name"], values.last().unwrap());
            query = format!(
                "{query}{separator}{}={}",
                name.as_str().unwrap(),
                value.as_str().unwrap()
            );
        }
    }
    query
}

async fn send(service: &Service, method: &Method, path: &str, body: Body) -> (u16, String) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", "Bearer test");
    let answer = service.send(request.body(body).unwrap()).await;
    (answer.status.as_u16(), answer.error().0)
}

/// A body without an announced length that comes in these pieces.
struct Pieces(VecDeque<Result<Bytes, BodyError>>);

impl Pieces {
    fn of(pieces: impl IntoIterator<Item = Result<Bytes, BodyError>>) -> Self {
        Self(pieces.into_iter().collect())
    }
}

impl hyper::body::Body for Pieces {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        Poll::Ready(self.0.pop_front().map(|piece| piece.map(Frame::data)))
    }
}

#[tokio::test]
async fn bodies_that_are_too_large_or_too_slow_are_refused_everywhere() {
    const LIMIT: usize = 65_536;
    let mut setup = Setup::forged(&forge());
    setup.max_body_bytes = LIMIT;
    let service = Service::start(setup).await;
    let description = service.get("/attestry/v1/openapi.json").await.json();
    let operations = with_bodies(&description);
    assert!(operations.len() > 15, "{operations:?}");
    // What is changed must be there: nothing is read about what is not.
    let provider = "/subscriptions/something/resourceGroups/something/providers/Microsoft.Attestation/attestationProviders/something?api-version=2021-06-01";
    let body = Body::from(json!({ "location": "eastus" }).to_string());
    assert_eq!(send(&service, &Method::PUT, provider, body).await.0, 201);
    for (method, path) in operations {
        let large = vec![b'{'; LIMIT + 1];
        let announced = send(&service, &method, &path, Body::from(large.clone())).await;
        assert_eq!(announced, (413, "PayloadTooLarge".to_owned()), "{method} {path}");
        let unannounced = Body::new(Pieces::of([Ok(large.into())]));
        let unannounced = send(&service, &method, &path, unannounced).await;
        assert_eq!(
            unannounced,
            (413, "PayloadTooLarge".to_owned()),
            "{method} {path}"
        );
        let slow = Pieces::of([Ok(Bytes::from_static(b"{")), Err(BodyError::Timeout)]);
        let slow = send(&service, &method, &path, Body::new(slow)).await;
        assert_eq!(slow, (408, "RequestTimeout".to_owned()), "{method} {path}");
    }
}
