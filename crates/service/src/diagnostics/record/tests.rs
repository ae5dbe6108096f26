use std::net::Ipv4Addr;

use super::*;

fn record() -> Record {
    Record {
        time: "2021-11-03T19:33:54.3318081Z".parse().unwrap(),
        operation: "SetCurrentPolicy".to_owned(),
        category: Category::Operational,
        administrative: true,
        status: 200,
        duration: Duration::from_micros(1_234),
        caller_address: Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7))),
        trace_id: "0af7651916cd43dd8448eb211c80319c".to_owned(),
        parent_id: "b7ad6b7169203331".to_owned(),
        identity: Some(Identity {
            name: Some("ada@example.com".to_owned()),
            object_id: Some("oid-1".to_owned()),
            tenant_id: Some("tid-1".to_owned()),
            id: "https://issuer#oid-1".to_owned(),
        }),
        uri: "https://dev.example/policies/SgxEnclave?api-version=2020-10-01".to_owned(),
        resource_id: "/providers/Microsoft.Attestation/attestationProviders/dev".to_owned(),
        location: "eastus".to_owned(),
        failure: None,
        received: Received {
            user_agent: "azsdk-python".to_owned(),
            header_count: 3,
            content_type: "text/plain".to_owned(),
            content_length: Some(12),
            cookie_count: 0,
            traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned(),
        },
    }
}

fn lines(record: &Record) -> Vec<Value> {
    let text = record.to_lines();
    assert!(text.ends_with('\n') && text.is_ascii());
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn inner(value: &Value) -> Value {
    serde_json::from_str(value.as_str().unwrap()).unwrap()
}

#[test]
fn a_record_has_the_fields_of_maas() {
    let lines = lines(&record());
    let line = &lines[0];
    let names: Vec<_> = line.as_object().unwrap().keys().map(String::as_str).collect();
    let mut expected = vec![
        "Time",
        "resourceId",
        "region",
        "location",
        "operationName",
        "category",
        "resultType",
        "resultSignature",
        "durationMs",
        "callerIpAddress",
        "traceContext",
        "identity",
        "uri",
        "level",
        "properties",
    ];
    expected.sort_unstable();
    let mut names = names;
    names.sort_unstable();
    assert_eq!(names, expected);
    assert_eq!(line["Time"], "2021-11-03T19:33:54.3318081Z");
    assert_eq!(line["callerIpAddress"], "::ffff:192.0.2.7");
    assert_eq!(line["durationMs"], 1.234);
    assert_eq!(line["resultSignature"], "200");
    assert_eq!(
        inner(&line["traceContext"]),
        json!({ "traceId": "0af7651916cd43dd8448eb211c80319c", "parentId": "b7ad6b7169203331" })
    );
    assert_eq!(
        inner(&line["identity"]),
        json!({ "callerAadUPN": "ada@example.com", "callerAadObjectId": "oid-1", "callerId": "https://issuer#oid-1" })
    );
    assert_eq!(
        line["properties"],
        json!({
            "failureResourceId": "", "failureCategory": "None", "failureDetails": "",
            "infoDataReceived": {
                "Headers": { "User-Agent": "azsdk-python" }, "HeaderCount": 3, "ContentType": "text/plain",
                "ContentLength": 12, "CookieCount": 0,
                "TraceParent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            },
        })
    );
}

#[test]
fn administrative_operations_get_an_audit_event_of_who_and_what() {
    let all = lines(&record());
    assert_eq!(all.len(), 2);
    let event = &all[1];
    assert_eq!(event["category"], "AuditEvent");
    assert_eq!(event["auditEventCategory"], json!(["ApplicationManagement"]));
    assert_eq!(event["callerDisplayName"], "ada@example.com");
    assert_eq!(
        event["callerIdentities"],
        json!([
            { "callerIdentityType": "ObjectID", "callerIdentity": "oid-1" },
            { "callerIdentityType": "TenantId", "callerIdentity": "tid-1" },
            { "callerIdentityType": "UPN", "callerIdentity": "ada@example.com" },
            { "callerIdentityType": "Subject", "callerIdentity": "https://issuer#oid-1" },
        ])
    );
    assert_eq!(
        event["targetResources"],
        json!([
            { "targetResourceType": "ResourceId",
              "targetResourceName": "/providers/Microsoft.Attestation/attestationProviders/dev" },
            { "targetResourceType": "ResourceRegion", "targetResourceName": "eastus" },
        ])
    );
    let other = Record {
        administrative: false,
        ..record()
    };
    assert_eq!(lines(&other).len(), 1);
}

#[test]
fn the_result_is_true() {
    for (status, result, level) in [
        (200, "Succeeded", "Informational"),
        (204, "Succeeded", "Informational"),
        (400, "Failed", "Warning"),
        (429, "Failed", "Warning"),
        (499, "Failed", "Warning"),
        (500, "Failed", "Error"),
    ] {
        for line in lines(&Record { status, ..record() }) {
            assert_eq!(line["resultType"], result, "{status}");
            assert_eq!(line["resultSignature"], status.to_string());
        }
        assert_eq!(
            lines(&Record { status, ..record() })[0]["level"],
            level,
            "{status}"
        );
    }
}

#[test]
fn nothing_in_a_record_ends_its_line() {
    let nasty = "a\nb\r\u{85}\u{2028}\u{2029}\u{1b}[0m\u{7f}\0ü\u{1f600}\"\\";
    let mut record = record();
    record.received.user_agent = nasty.to_owned();
    record.uri = nasty.to_owned();
    record.identity.as_mut().unwrap().name = Some(nasty.to_owned());
    let text = record.to_lines();
    assert_eq!(text.matches('\n').count(), 2);
    assert!(
        text.bytes()
            .all(|byte| byte == b'\n' || (0x20..0x7f).contains(&byte))
    );
    let lines = lines(&record);
    assert_eq!(
        lines[0]["properties"]["infoDataReceived"]["Headers"]["User-Agent"],
        nasty
    );
    assert_eq!(inner(&lines[0]["identity"])["callerAadUPN"], nasty);
    assert_eq!(lines[1]["callerDisplayName"], nasty);
}

#[test]
fn addresses_are_written_as_ipv6() {
    for (address, written) in [
        ("2001:db8::1", "2001:db8::1"),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.1"),
        ("10.0.0.1", "::ffff:10.0.0.1"),
    ] {
        let record = Record {
            caller_address: Some(address.parse().unwrap()),
            ..record()
        };
        assert_eq!(lines(&record)[0]["callerIpAddress"], written);
    }
}
