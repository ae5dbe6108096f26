use super::*;

#[test]
fn metrics_are_rendered_with_their_labels() {
    let metrics = Metrics::new();
    metrics
        .requests
        .get_or_create(&RequestLabels {
            route: "/attest/{type}",
            status: 200,
        })
        .inc();
    metrics.in_flight.inc();
    metrics.request_duration.observe(0.003);

    let text = metrics.render();

    assert!(
        text.contains(r#"attestry_requests_total{route="/attest/{type}",status="200"} 1"#),
        "{text}"
    );
    assert!(text.contains("attestry_requests_in_flight 1"), "{text}");
    assert!(
        text.contains(r#"attestry_request_duration_seconds_bucket{le="0.004"} 1"#),
        "{text}"
    );
    assert!(text.ends_with("# EOF\n"), "{text}");
}
