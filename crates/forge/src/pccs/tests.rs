//! The protocol as a client meets it, over real sockets.

mod amd;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::*;
use crate::{
    Seed,
    intel::{PckCa, PckSpec, Tee, split_envelope},
};

const FMSPC: &str = "F006E0000000";

async fn server() -> PccsServer {
    PccsServer::start(IntelForge::new(Seed::default(), 1_768_435_200))
        .await
        .unwrap()
}

/// Status, head and body of a GET.
struct Reply {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Reply {
    fn header(&self, name: &str) -> Option<&str> {
        let wanted = name.to_ascii_lowercase();
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            (key.to_ascii_lowercase() == wanted).then_some(value)
        })
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

async fn get_with(server: &PccsServer, path: &str, headers: &str) -> Reply {
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).await.unwrap();
    let split = reply.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(reply[..split].to_vec()).unwrap();
    Reply {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        head,
        body: reply[split + 4..].to_vec(),
    }
}

async fn get(server: &PccsServer, path: &str) -> Reply {
    get_with(server, path, "").await
}

#[tokio::test]
async fn every_document_of_version_4_is_there() {
    let server = server().await;
    for (path, header) in [
        (
            format!("/sgx/certification/v4/tcb?fmspc={FMSPC}"),
            Some("TCB-Info-Issuer-Chain"),
        ),
        (
            format!("/tdx/certification/v4/tcb?fmspc={}", FMSPC.to_lowercase()),
            Some("TCB-Info-Issuer-Chain"),
        ),
        (
            "/sgx/certification/v4/qe/identity".into(),
            Some("SGX-Enclave-Identity-Issuer-Chain"),
        ),
        (
            "/sgx/certification/v4/qve/identity".into(),
            Some("SGX-Enclave-Identity-Issuer-Chain"),
        ),
        (
            "/tdx/certification/v4/qe/identity?update=early".into(),
            Some("SGX-Enclave-Identity-Issuer-Chain"),
        ),
        (
            "/sgx/certification/v4/pckcrl?ca=platform&encoding=der".into(),
            Some("SGX-PCK-CRL-Issuer-Chain"),
        ),
        (
            "/sgx/certification/v4/pckcert?qeid=00".into(),
            Some("SGX-PCK-Certificate-Issuer-Chain"),
        ),
        (
            "/sgx/certification/v4/tcbevaluationdatanumbers".into(),
            Some("TCB-Evaluation-Data-Numbers-Issuer-Chain"),
        ),
        ("/tdx/certification/v4/tcbevaluationdatanumbers".into(), None),
        ("/sgx/certification/v4/fmspcs".into(), None),
        ("/sgx/certification/v4/rootcacrl".into(), None),
        ("/IntelSGXRootCA.der".into(), None),
        ("/IntelSGXRootCA.crl".into(), None),
    ] {
        let reply = get(&server, &path).await;
        assert_eq!(reply.status, 200, "{path}");
        assert!(!reply.body.is_empty());
        if let Some(header) = header {
            let chain = reply
                .header(header)
                .unwrap_or_else(|| panic!("{path}: no {header}"));
            assert!(
                chain.starts_with("-----BEGIN%20CERTIFICATE-----%0AMII"),
                "{chain}"
            );
        }
    }
}

#[tokio::test]
async fn editions_differ_in_their_number() {
    let server = server().await;
    for (query, number) in [
        ("", 20),
        ("&update=standard", 20),
        ("&update=early", 21),
        ("&tcbEvaluationDataNumber=19", 19),
        ("&tcbEvaluationDataNumber=21", 21),
    ] {
        let reply = get(
            &server,
            &format!("/sgx/certification/v4/tcb?fmspc={FMSPC}{query}"),
        )
        .await;
        assert!(
            reply
                .text()
                .contains(&format!(r#""tcbEvaluationDataNumber":{number},"#)),
            "{query}"
        );
    }
}

#[tokio::test]
async fn refusals_have_intels_statuses() {
    let server = server().await;
    for (path, status) in [
        ("/sgx/certification/v4/tcb?fmspc=00906ED50000", 404),
        (
            "/sgx/certification/v4/tcb?fmspc=F006E0000000&tcbEvaluationDataNumber=18",
            410,
        ),
        (
            "/sgx/certification/v4/tcb?fmspc=F006E0000000&tcbEvaluationDataNumber=22",
            404,
        ),
        (
            "/sgx/certification/v4/tcb?fmspc=F006E0000000&tcbEvaluationDataNumber=20&update=early",
            400,
        ),
        ("/sgx/certification/v4/tcb?fmspc=F006E0000000&update=late", 400),
        ("/sgx/certification/v4/tcb?fmspc=xx", 400),
        ("/sgx/certification/v4/tcb", 400),
        ("/sgx/certification/v4/pckcrl?ca=other", 400),
        ("/sgx/certification/v4/pckcrl?ca=platform&encoding=json", 400),
        ("/sgx/certification/v4/nothing", 404),
        ("/tdx/certification/v3/tcb?fmspc=F006E0000000", 404),
        ("/", 404),
    ] {
        assert_eq!(get(&server, path).await.status, status, "{path}");
    }
}

#[tokio::test]
async fn older_interfaces_have_their_own_forms() {
    let server = server().await;
    for base in [
        "/sgx/certification/v3",
        "/sgx/certification/v2",
        "/sgx/certification",
    ] {
        let reply = get(
            &server,
            &format!("{base}/tcb?fmspc={FMSPC}&clientid=c&api-version=2018-10-01-preview"),
        )
        .await;
        assert!(reply.text().starts_with(r#"{"tcbInfo":{"version":2,"#), "{base}");
        assert!(reply.header("SGX-TCB-Info-Issuer-Chain").is_some());
        assert!(reply.header("TCB-Info-Issuer-Chain").is_none());
    }
    let mut lists = Vec::new();
    for uri in [
        "https%3A%2F%2Fapi.invalid%2Fsgx%2Fcertification%2Fv1%2Fpckcrl%3Fca%3Dprocessor",
        "https%3A%2F%2Fcertificates.invalid%2FIntelSGXRootCA.crl",
    ] {
        let path = format!("/sgx/certification/pckcrl?uri={uri}&api-version=2020-02-12-preview");
        let reply = get(&server, &path).await;
        assert!(reply.text().starts_with("-----BEGIN X509 CRL-----\n"));
        lists.push(reply.text().to_owned());
    }
    assert_ne!(lists[0], lists[1], "the authority's list and the root's");
}

#[tokio::test]
async fn the_cache_inside_virtual_machines_wants_its_header() {
    let server = server().await;
    let path = "/metadata/THIM/sgx/certification/v4/qe/identity";
    assert_eq!(get(&server, path).await.status, 400);
    assert_eq!(get_with(&server, path, "Metadata: true\r\n").await.status, 200);
}

#[tokio::test]
async fn lists_come_in_three_forms() {
    let server = server().await;
    let der = get(&server, "/sgx/certification/v4/pckcrl?ca=processor&encoding=der").await;
    let pem = get(&server, "/sgx/certification/v4/pckcrl?ca=processor").await;
    assert_eq!(der.body[0], 0x30);
    assert!(pem.text().starts_with("-----BEGIN X509 CRL-----\n"));
    let hex = get(&server, "/sgx/certification/v4/rootcacrl").await;
    assert_eq!(attestry_api::hex::decode(hex.text()).unwrap()[0], 0x30);
}

#[tokio::test]
async fn documents_change_only_when_their_content_does() {
    let server = server().await;
    let path = "/sgx/certification/v4/qe/identity";
    let first = get(&server, path).await;
    assert_eq!(first.body, get(&server, path).await.body);
    server.controls().change(|content| content.standard_number = 19);
    let lower = get(&server, path).await;
    assert!(lower.text().contains(r#""tcbEvaluationDataNumber":19,"#));
    server
        .controls()
        .change(|content| content.age_seconds = 40 * 86_400);
    assert!(
        get(&server, path)
            .await
            .text()
            .contains(r#""issueDate":"2025-12-05T00:00:00Z""#)
    );
}

#[tokio::test]
async fn content_switches_reach_the_documents() {
    let forge = IntelForge::new(Seed::default(), 1_768_435_200);
    let server = server().await;
    let serial = PckSpec::new(&forge.seed, PckCa::Platform).serial;
    server.controls().change(|content| {
        content.pck_crl_number = 0x1234;
        content.revoked_pck_serials = vec![serial.clone()];
        content.fmspcs.insert(vec![1, 2, 3, 4, 5, 6]);
    });
    let list = get(&server, "/sgx/certification/v4/pckcrl?ca=platform&encoding=der")
        .await
        .body;
    assert!(list.windows(serial.len()).any(|window| window == serial));
    assert!(list.windows(4).any(|window| window == [2, 2, 0x12, 0x34]));
    let other = get(&server, "/tdx/certification/v4/tcb?fmspc=010203040506").await;
    assert!(other.text().contains(r#""fmspc":"010203040506""#));

    let verifies = |envelope: &[u8]| {
        let (text, signature) = split_envelope(envelope);
        let key = forge.tcb_signing.subject_key.public_point().to_vec();
        let signature = attestry_api::hex::decode(&signature).unwrap();
        aws_lc_rs::signature::UnparsedPublicKey::new(&aws_lc_rs::signature::ECDSA_P256_SHA256_FIXED, key)
            .verify(text.as_bytes(), &signature)
            .is_ok()
    };
    let path = format!("/sgx/certification/v4/tcb?fmspc={FMSPC}");
    assert!(verifies(&get(&server, &path).await.body));
    assert!(verifies(&forge.collateral(Tee::Sgx).tcb_info));
    server.controls().change(|content| content.bad_signatures = true);
    assert!(!verifies(&get(&server, &path).await.body));
}

#[tokio::test]
async fn faults_strike_as_often_as_asked_and_where_asked() {
    let server = server().await;
    let fault = Fault::Status {
        status: 429,
        retry_after: Some(7),
    };
    server.controls().fail_next(2, "/tcb", fault);
    let path = format!("/sgx/certification/v4/tcb?fmspc={FMSPC}");
    assert_eq!(
        get(&server, "/sgx/certification/v4/qe/identity").await.status,
        200
    );
    let reply = get(&server, &path).await;
    assert_eq!((reply.status, reply.header("Retry-After")), (429, Some("7")));
    assert_eq!(get(&server, &path).await.status, 429);
    assert_eq!(get(&server, &path).await.status, 200);
    assert_eq!(server.controls().requests("/tcb"), 3);
    assert_eq!(server.controls().requests(""), 4);
    server.controls().fail_next(1, "", fault);
    server.controls().clear_faults();
    assert_eq!(get(&server, &path).await.status, 200);
}

#[tokio::test]
async fn held_requests_are_counted_and_answered_on_release() {
    let server = server().await;
    server.controls().hold();
    let path = "/sgx/certification/v4/qe/identity";
    let release = async {
        server.controls().wait_for_requests(2).await;
        server.controls().release();
    };
    let (first, second, ()) = tokio::join!(get(&server, path), get(&server, path), release);
    assert_eq!((first.status, second.status), (200, 200));
}

#[tokio::test]
async fn a_hanging_server_takes_the_request_and_stops_when_dropped() {
    let server = server().await;
    server.controls().fail_next(1, "", Fault::Hang);
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await
        .unwrap();
    server.controls().wait_for_requests(1).await;
    let address = server.address();
    drop(server);
    // Once the task is gone its listener is closed; until then a connection is accepted or reset.
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
}
