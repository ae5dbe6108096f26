use super::*;

fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| {
            (
                HeaderName::from_static(name),
                http::HeaderValue::from_static(value),
            )
        })
        .collect()
}

#[test]
fn urls_are_shown_without_what_may_be_secret() {
    let shown_at = |uri: &str| shown(&uri.parse().unwrap(), &headers(&[("host", "dev.example:8443")]));
    assert_eq!(
        shown_at("/policies/SgxEnclave?api-version=2020-10-01&tee=SgxEnclave"),
        "https://dev.example:8443/policies/SgxEnclave?api-version=2020-10-01&tee=SgxEnclave"
    );
    assert_eq!(
        shown_at("/x?access_token=abc&API-Version=1&sig=a=b&flag&%61pi-version=hidden"),
        "https://dev.example:8443/x?access_token=***&API-Version=1&sig=***&flag&%61pi-version=***"
    );
    assert_eq!(shown_at("https://user:pass@host/x"), "https://host/x");
    let long = format!("/{}", "a".repeat(20_000));
    assert!(shown_at(&long).len() < 5_000);
}

#[test]
fn cookies_are_counted_and_their_values_are_not_kept() {
    let received = received(&headers(&[
        ("cookie", "a=1; b=2"),
        ("user-agent", "agent"),
        ("content-length", "12"),
        ("authorization", "Bearer secret"),
    ]));
    assert_eq!((received.cookie_count, received.header_count), (2, 4));
    assert_eq!(received.content_length, Some(12));
    assert!(!format!("{received:?}").contains("secret"));
}

#[test]
fn the_callers_span_is_taken_when_it_is_one() {
    let of = |traceparent| parent_id(&headers(&[("traceparent", traceparent)]));
    assert_eq!(
        of("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        "b7ad6b7169203331"
    );
    assert_eq!(of("00-0af7651916cd43dd8448eb211c80319c-short-01"), "");
    assert_eq!(of("nonsense"), "");
}
