use super::*;

fn headers(pairs: &[(HeaderName, &'static str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| (name.clone(), HeaderValue::from_static(value)))
        .collect()
}

#[test]
fn a_callers_trace_is_continued() {
    let id = request_id(&headers(&[(
        TRACEPARENT,
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    )]));
    assert!(id.starts_with("00-0af7651916cd43dd8448eb211c80319c-"), "{id}");
    assert!(!id.contains("b7ad6b7169203331"), "{id}");
    assert_eq!(id.len(), 55);
}

#[test]
fn malformed_traces_are_replaced() {
    for bad in [
        "",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-short-01",
    ] {
        assert_eq!(trace_id(bad), None, "{bad}");
    }
    let (one, other) = (request_id(&HeaderMap::new()), request_id(&HeaderMap::new()));
    assert_ne!(one, other);
    assert!(trace_id(&one).is_some());
}

#[test]
fn the_clients_identifier_comes_back_only_when_asked_for() {
    let id = (CLIENT_REQUEST_ID, "7f3a");
    assert_eq!(client_request_id(&headers(std::slice::from_ref(&id))), None);
    assert_eq!(
        client_request_id(&headers(&[id.clone(), (RETURN_CLIENT_REQUEST_ID, "false")])),
        None
    );
    let echoed = client_request_id(&headers(&[id, (RETURN_CLIENT_REQUEST_ID, "true")]));
    assert_eq!(echoed, Some(HeaderValue::from_static("7f3a")));
}
