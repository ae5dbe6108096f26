use tokio::net::TcpListener;

use super::*;

/// A server that answers with the subscription key that it was sent.
async fn echo() -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = axum::Router::new().fallback(async |headers: HeaderMap| {
        let key = headers.get("subscription-key");
        key.map_or_else(Vec::new, |key| key.as_bytes().to_vec())
    });
    tokio::spawn(async move { axum::serve(listener, router).await });
    url.parse().unwrap()
}

#[tokio::test]
async fn the_subscription_key_is_for_the_service_alone() {
    let (service, other) = (echo().await, echo().await);
    let headers = HeaderMap::from_iter([(
        HeaderName::from_static("subscription-key"),
        HeaderValue::from_static("secret"),
    )]);
    let fetcher = Fetcher::new(service.clone(), headers, None, Duration::from_secs(5), 1).unwrap();
    assert_eq!(fetcher.get(&service).await.unwrap().body, b"secret");
    assert_eq!(fetcher.get(&other).await.unwrap().body, b"");
}
