//! The diagnostic log as an operator reads it.

use std::path::PathBuf;
use std::pin::Pin;

use attestry_service::diagnostics::{DiagnosticsOptions, FileOptions};
use axum::body::Body;
use axum::extract::ConnectInfo;
use http::{Method, Request};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    arm::{GROUP, east},
    attest::{SGX, sgx_request},
    limits::{Silence, poll_once},
    support::{Service, Setup, forge},
};

const POLICY: &str = "/policies/SgxEnclave?api-version=2020-10-01";

struct Logged {
    service: Service,
    directory: PathBuf,
    _data: TempDir,
}

impl Logged {
    async fn start() -> Self {
        let data = TempDir::new().unwrap();
        let directory = data.path().join("logs");
        std::fs::create_dir(&directory).unwrap();
        let mut setup = Setup::forged(&forge());
        setup.max_body_bytes = 65_536;
        let file = |name: &str| FileOptions {
            path: directory.join(name),
            max_bytes: 10_000_000,
            keep: 1,
        };
        setup.diagnostics = Some(DiagnosticsOptions {
            file: Some(file("log.jsonl")),
            audit_file: Some(file("audit.jsonl")),
            stdout: false,
        });
        Self {
            service: Service::start(setup).await,
            directory,
            _data: data,
        }
    }

    /// What was recorded of strangers and of those who read.
    async fn lines(&self) -> Vec<Value> {
        self.service.diagnostics.as_ref().unwrap().flush().await.unwrap();
        self.lines_in("log.jsonl")
    }

    /// What is recorded of changes at this moment.
    fn audited(&self) -> Vec<Value> {
        self.lines_in("audit.jsonl")
    }

    fn lines_in(&self, file: &str) -> Vec<Value> {
        let text = std::fs::read_to_string(self.directory.join(file)).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

fn unsigned(text: &str) -> String {
    attestry_api::policy_envelope::wrap_unsigned(text)
}

const DENY: &str = "version=1.0; authorizationrules{}; issuancerules{};";
const PERMIT: &str = "version=1.0; authorizationrules{=> permit();}; issuancerules{};";

/// Operation, category, result, status.
fn summary(line: &Value) -> (&str, &str, &str, &str) {
    let text = |name: &str| line[name].as_str().unwrap();
    (
        text("operationName"),
        text("category"),
        text("resultType"),
        text("resultSignature"),
    )
}

#[tokio::test]
async fn every_request_has_one_record_that_tells_the_truth() {
    let logged = Logged::start().await;
    let service = &logged.service;
    service.post(SGX, &sgx_request()).await.token();
    service.post(SGX, &json!({ "quote": "AAAA" })).await;
    service.post(SGX, &json!({ "quote": "A".repeat(70_000) })).await;
    service.post("/attest/SgxEnclave", &json!({})).await;
    service.get("/certs").await;
    service.get("/nothing").await;
    service.get(SGX).await;
    service.get(POLICY).await;
    service.administer(Method::GET, POLICY, Body::empty()).await;
    service.get("/p/shared/certs").await;
    // Probes are no operations of a provider.
    for probe in ["/healthz", "/readyz", "/metrics", "/servicehealth"] {
        service.get(probe).await;
    }
    let lines = logged.lines().await;
    let summaries: Vec<_> = lines.iter().map(summary).collect();
    assert_eq!(
        summaries,
        [
            ("AttestSgxEnclave", "Operational", "Succeeded", "200"),
            ("AttestSgxEnclave", "Operational", "Failed", "400"),
            ("AttestSgxEnclave", "NotProcessed", "Failed", "413"),
            ("AttestSgxEnclave", "NotProcessed", "Failed", "400"),
            ("GetSigningCertificates", "Operational", "Succeeded", "200"),
            ("Unknown", "NotProcessed", "Failed", "404"),
            ("Unknown", "NotProcessed", "Failed", "405"),
            ("GetCurrentPolicy", "Operational", "Failed", "401"),
            ("GetCurrentPolicy", "Operational", "Succeeded", "200"),
            ("GetSigningCertificates", "Operational", "Succeeded", "200"),
        ]
    );
    let provider = |line: &Value| line["resourceId"].as_str().unwrap().to_owned();
    assert!(provider(&lines[0]).ends_with("/attestationProviders/dev"));
    assert!(provider(&lines[9]).ends_with("/attestationProviders/shared"));
    assert_eq!(
        lines[1]["properties"]["failureDetails"],
        "InvalidParameter/quote_version"
    );
    assert_eq!(lines[7]["properties"]["failureCategory"], "AzureAuthorization");
    assert_eq!(lines[7]["identity"].as_str().unwrap(), NOBODY);
    assert!(lines[8]["identity"].as_str().unwrap().contains("development#"));
    assert_eq!(lines[9]["uri"].as_str().unwrap(), "https:///p/shared/certs");
}

const NOBODY: &str = r#"{"callerAadObjectId":"","callerAadUPN":"","callerId":""}"#;

#[tokio::test]
async fn a_change_is_on_disk_with_its_audit_event_when_it_is_answered() {
    let logged = Logged::start().await;
    let answer = logged
        .service
        .administer(Method::PUT, POLICY, unsigned(PERMIT))
        .await;
    answer.token();
    let lines = logged.audited();
    assert_eq!(lines.len(), 2);
    assert_eq!(
        summary(&lines[0]),
        ("SetCurrentPolicy", "Operational", "Succeeded", "200")
    );
    assert_eq!(
        summary(&lines[1]),
        ("SetCurrentPolicy", "AuditEvent", "Succeeded", "200")
    );
    assert_eq!(lines[0]["traceContext"], lines[1]["traceContext"]);
    let trace: Value = serde_json::from_str(lines[0]["traceContext"].as_str().unwrap()).unwrap();
    assert!(
        answer
            .header("x-ms-request-id")
            .contains(trace["traceId"].as_str().unwrap())
    );
    // Refused ones have theirs, too.
    let answer = logged.service.administer(Method::PUT, POLICY, "x.y.z").await;
    assert_eq!(answer.status, 400);
    assert_eq!(
        summary(&logged.audited()[3]),
        ("SetCurrentPolicy", "AuditEvent", "Failed", "400")
    );
}

#[tokio::test]
async fn strangers_leave_nothing_in_the_audit_file() {
    let logged = Logged::start().await;
    let request = Request::put(POLICY).body(Body::from(unsigned(PERMIT))).unwrap();
    assert_eq!(logged.service.send(request).await.status, 401);
    logged
        .service
        .administer(Method::GET, POLICY, Body::empty())
        .await;
    assert_eq!(
        logged.lines().await.iter().map(summary).collect::<Vec<_>>(),
        [
            ("SetCurrentPolicy", "Operational", "Failed", "401"),
            ("SetCurrentPolicy", "AuditEvent", "Failed", "401"),
            ("GetCurrentPolicy", "Operational", "Succeeded", "200"),
        ]
    );
    assert_eq!(logged.audited(), Vec::<Value>::new());
}

#[tokio::test]
async fn a_change_whose_caller_went_away_is_recorded_as_what_became_of_it() {
    let logged = Logged::start().await;
    let service = &logged.service;
    let mut left = Box::pin(service.administer(Method::PUT, POLICY, unsigned(PERMIT)));
    assert!(poll_once(left.as_mut()).await.is_none());
    drop(left);
    while logged.audited().is_empty() {
        tokio::task::yield_now().await;
    }
    let lines: Vec<_> = logged.audited();
    assert_eq!(
        lines.iter().map(summary).collect::<Vec<_>>(),
        [
            ("SetCurrentPolicy", "Operational", "Succeeded", "200"),
            ("SetCurrentPolicy", "AuditEvent", "Succeeded", "200"),
        ]
    );
    let history = "/attestry/v1/policies/SgxEnclave/history";
    let history = service.administer(Method::GET, history, Body::empty()).await;
    assert_eq!(history.json()["revisions"].as_array().unwrap().len(), 1);
    assert!(
        logged
            .lines()
            .await
            .iter()
            .all(|line| line["resultSignature"] != "499")
    );
}

#[tokio::test]
async fn records_of_the_control_plane_say_which_provider_and_what_went_wrong() {
    let logged = Logged::start().await;
    let service = &logged.service;
    let path = format!("{GROUP}/Contoso");
    service.create("Contoso", &east()).await;
    service.create("contoso", &json!({})).await;
    for (name, action, status) in [
        ("providers", "protect", 200),
        ("", "", 409),
        ("providers", "unprotect", 200),
        ("", "", 200),
        ("deleted-providers", "restore", 200),
        ("", "", 200),
        ("deleted-providers", "purge", 200),
    ] {
        let answer = if action.is_empty() {
            service.arm(Method::DELETE, &path, &Value::Null).await
        } else {
            let path = format!("/attestry/v1/{name}/Contoso:{action}");
            service.administer(Method::POST, &path, Body::empty()).await
        };
        assert_eq!(answer.status, status, "{name} {action}: {}", answer.text());
    }
    let lines = logged.audited();
    let lines: Vec<_> = lines
        .iter()
        .filter(|line| line["category"] == "Operational")
        .collect();
    assert_eq!(lines.len(), 9);
    for line in &lines {
        let id = line["resourceId"].as_str().unwrap();
        assert!(id.eq_ignore_ascii_case(&path), "{line}");
    }
    let details = |line: &Value| line["properties"]["failureDetails"].as_str().unwrap().to_owned();
    assert_eq!(
        [details(lines[0]), details(lines[1]), details(lines[3])],
        ["", "LocationRequired", "ScopeLocked"]
    );
}

#[tokio::test]
async fn secrets_and_evidence_are_in_no_record() {
    let logged = Logged::start().await;
    let secret = "c2VjcmV0LXNlY3JldA";
    let requests = [
        Request::get(format!(
            "/policies/SgxEnclave?api-version=2020-10-01&token={secret}"
        ))
        .header("authorization", format!("Bearer {secret}"))
        .header("cookie", format!("session={secret}"))
        .body(Body::empty()),
        Request::post(SGX).body(Body::from(
            json!({ "quote": secret, "nonce": secret }).to_string(),
        )),
        Request::put(POLICY)
            .header("authorization", format!("Bearer {secret}"))
            .body(Body::from(format!("{secret}.{secret}.{secret}"))),
    ];
    for request in requests {
        logged.service.send(request.unwrap()).await;
    }
    logged.lines().await;
    let text = ["log.jsonl", "audit.jsonl"].map(|name| {
        let read = std::fs::read_to_string(logged.directory.join(name));
        read.unwrap()
    });
    let text = text.concat();
    assert!(text.lines().count() >= 4);
    assert!(!text.contains(secret), "{text}");
}

#[tokio::test]
async fn the_caller_is_recorded_by_address() {
    let logged = Logged::start().await;
    let mut request = Request::get("/certs").body(Body::empty()).unwrap();
    let peer: std::net::SocketAddr = "192.0.2.9:4711".parse().unwrap();
    request.extensions_mut().insert(ConnectInfo(peer));
    logged.service.send(request).await;
    assert_eq!(logged.lines().await[0]["callerIpAddress"], "::ffff:192.0.2.9");
}

#[tokio::test]
async fn a_request_that_its_client_gave_up_is_recorded() {
    let logged = Logged::start().await;
    let slow = Request::post(SGX).body(Body::new(Silence)).unwrap();
    let mut slow: Pin<Box<_>> = Box::pin(logged.service.send(slow));
    assert!(poll_once(slow.as_mut()).await.is_none());
    drop(slow);
    let lines = logged.lines().await;
    assert_eq!(
        summary(&lines[0]),
        ("AttestSgxEnclave", "Operational", "Failed", "499")
    );
    assert_eq!(lines[0]["properties"]["failureCategory"], "Connection");
}

#[tokio::test]
async fn nothing_is_changed_that_could_not_be_recorded() {
    let logged = Logged::start().await;
    let service = &logged.service;
    std::fs::remove_dir_all(&logged.directory).unwrap();
    // The first one finds out: it is not acknowledged.
    let answer = service.administer(Method::PUT, POLICY, unsigned(DENY)).await;
    assert_eq!(answer.status, 500);

    let before = service.read_policy(POLICY).await.token();
    let answer = service.administer(Method::PUT, POLICY, unsigned(PERMIT)).await;
    assert_eq!(
        (answer.status.as_u16(), answer.error().0.as_str()),
        (503, "ServiceUnavailable")
    );
    assert_eq!(answer.header("retry-after"), "30");
    let payload = |token: &str| token.split('.').nth(1).unwrap().to_owned();
    let after = service.read_policy(POLICY).await.token();
    let policy = |token: &str| {
        let bytes = attestry_api::b64::decode_lenient(&payload(token)).unwrap();
        serde_json::from_slice::<Value>(&bytes).unwrap()["x-ms-policy"].clone()
    };
    assert_eq!(policy(&before), policy(&after));
    // Evidence is judged all the same; who watches is told.
    service.post(SGX, &sgx_request()).await.token();
    let ready = service.get("/readyz").await;
    assert_eq!(
        (ready.status.as_u16(), &ready.json()["diagnostics"]),
        (503, &json!(false))
    );
    assert!(service.metrics.diagnostic_records_lost.get() > 0);

    std::fs::create_dir(&logged.directory).unwrap();
    while service.get("/readyz").await.status != 200 {
        tokio::task::yield_now().await;
    }
    service
        .administer(Method::PUT, POLICY, unsigned(PERMIT))
        .await
        .token();
    let lines = logged.audited();
    assert_eq!(lines[0]["operationName"], "RecordsLost");
    assert_eq!(summary(lines.last().unwrap()).0, "SetCurrentPolicy");
}
