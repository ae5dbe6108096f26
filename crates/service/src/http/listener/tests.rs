//! Every limit is observed from outside, as a client sees it: the test waits for the server to close, and is
//! itself bounded by [`PATIENCE`].

use std::path::Path;

use axum::extract::rejection::BytesRejection;
use axum::routing::{get, post};
use bytes::Bytes;
use http::StatusCode;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::*;

mod client_certificates;

/// A test that waits longer than this has failed.
const PATIENCE: Duration = Duration::from_secs(20);
/// A timeout that a test waits for.
const SHORT: Duration = Duration::from_millis(200);
/// A timeout that must not strike in a test.
const LONG: Duration = Duration::from_hours(1);

fn limits() -> ListenerLimits {
    ListenerLimits {
        max_connections: 16,
        max_header_bytes: 8_192,
        max_headers: 16,
        max_concurrent_streams: 8,
        handshake_timeout: LONG,
        header_timeout: LONG,
        body_timeout: LONG,
        idle_timeout: LONG,
        drain_timeout: LONG,
    }
}

struct TestServer {
    address: SocketAddr,
    shutdown: CancellationToken,
    serving: JoinHandle<bool>,
    metrics: Arc<Metrics>,
    certificates: Option<Certificates>,
}

struct Certificates {
    directory: TempDir,
    identity: TlsIdentity,
    certificate: CertificateDer<'static>,
}

impl Certificates {
    fn new() -> Self {
        let directory = TempDir::new().unwrap();
        let certificate = write_identity(directory.path());
        let (chain, key) = (directory.path().join("c.pem"), directory.path().join("k.pem"));
        let identity = TlsIdentity::from_files(files(&chain, &key)).unwrap();
        Self {
            directory,
            identity,
            certificate,
        }
    }
}

fn files<'a>(certificate: &'a Path, private_key: &'a Path) -> TlsFiles<'a> {
    TlsFiles {
        certificate,
        private_key,
        client_authorities: None,
    }
}

fn write_identity(directory: &Path) -> CertificateDer<'static> {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    std::fs::write(directory.join("c.pem"), cert.pem()).unwrap();
    std::fs::write(directory.join("k.pem"), signing_key.serialize_pem()).unwrap();
    cert.der().clone()
}

impl TestServer {
    async fn plain(router: Router, limits: ListenerLimits) -> Self {
        Self::start(router, limits, None).await
    }

    async fn tls(router: Router, limits: ListenerLimits) -> Self {
        Self::start(router, limits, Some(Certificates::new())).await
    }

    async fn start(router: Router, limits: ListenerLimits, certificates: Option<Certificates>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (shutdown, metrics) = (CancellationToken::new(), Arc::new(Metrics::new()));
        let identity = certificates
            .as_ref()
            .map(|certificates| certificates.identity.clone());
        let serving = tokio::spawn(serve(
            listener,
            identity,
            router,
            limits,
            Arc::clone(&metrics),
            shutdown.clone(),
        ));
        Self {
            address,
            shutdown,
            serving,
            metrics,
            certificates,
        }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    async fn connect_tls(&self, protocols: &[&[u8]]) -> TlsStream<TcpStream> {
        let certificate = self.certificates.as_ref().unwrap().certificate.clone();
        self.connect_trusting(certificate, protocols).await.unwrap()
    }

    async fn connect_trusting(
        &self,
        certificate: CertificateDer<'static>,
        protocols: &[&[u8]],
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(certificate).unwrap();
        let mut config =
            ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_root_certificates(roots)
                .with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::new(config))
            .connect(name, self.connect().await)
            .await
    }
}

fn hello() -> Router {
    Router::new()
        .route("/", get(async || "hello"))
        .route("/echo", post(echo))
}

async fn echo(body: Result<Bytes, BytesRejection>) -> Result<Bytes, StatusCode> {
    body.map_err(|_| StatusCode::REQUEST_TIMEOUT)
}

/// Reads until the server closes.
async fn rest(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut received = Vec::new();
    match timeout(PATIENCE, stream.read_to_end(&mut received))
        .await
        .expect("the server should have closed")
    {
        Ok(_) => {}
        // A reset, or a TLS stream without its farewell: closed all the same.
        Err(error) => assert_ne!(error.kind(), std::io::ErrorKind::WouldBlock),
    }
    String::from_utf8_lossy(&received).into_owned()
}

/// Reads until what was received ends with `end`.
async fn read_to(stream: &mut (impl AsyncRead + Unpin), end: &str) -> String {
    let mut received = String::new();
    while !received.ends_with(end) {
        let byte = timeout(PATIENCE, stream.read_u8())
            .await
            .expect("an answer should have come");
        received.push(char::from(byte.expect("the connection should be open")));
    }
    received
}

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";

#[tokio::test]
async fn a_silent_connection_is_closed() {
    let server = TestServer::plain(
        hello(),
        ListenerLimits {
            header_timeout: SHORT,
            ..limits()
        },
    )
    .await;
    assert_eq!(rest(&mut server.connect().await).await, "");
}

#[tokio::test]
async fn a_connection_that_says_nothing_in_tls_is_closed() {
    let limits = ListenerLimits {
        handshake_timeout: SHORT,
        ..limits()
    };
    let server = TestServer::tls(hello(), limits).await;
    assert_eq!(rest(&mut server.connect().await).await, "");
    assert_eq!(server.metrics.handshake_failures.get(), 1);
}

#[tokio::test]
async fn a_connection_that_is_silent_after_the_handshake_is_closed() {
    for protocol in [tls::ALPN_HTTP2, b"http/1.1"] {
        let limits = ListenerLimits {
            header_timeout: SHORT,
            ..limits()
        };
        let server = TestServer::tls(hello(), limits).await;
        let mut stream = server.connect_tls(&[protocol]).await;
        rest(&mut stream).await;
    }
}

#[tokio::test]
async fn a_half_sent_header_is_closed() {
    let server = TestServer::plain(
        hello(),
        ListenerLimits {
            header_timeout: SHORT,
            ..limits()
        },
    )
    .await;
    let mut stream = server.connect().await;
    stream.write_all(&REQUEST[..20]).await.unwrap();
    assert_eq!(rest(&mut stream).await, "");
}

#[tokio::test]
async fn a_half_sent_header_after_a_request_is_closed() {
    let server = TestServer::plain(
        hello(),
        ListenerLimits {
            header_timeout: SHORT,
            ..limits()
        },
    )
    .await;
    let mut stream = server.connect().await;
    stream.write_all(REQUEST).await.unwrap();
    read_to(&mut stream, "hello").await;
    stream.write_all(&REQUEST[..20]).await.unwrap();
    assert_eq!(rest(&mut stream).await, "");
}

#[tokio::test]
async fn an_idle_connection_is_kept_beyond_the_header_timeout() {
    let limits = ListenerLimits {
        header_timeout: SHORT,
        ..limits()
    };
    let server = TestServer::plain(hello(), limits).await;
    let (mut idle, mut silent) = (server.connect().await, server.connect().await);
    idle.write_all(REQUEST).await.unwrap();
    read_to(&mut idle, "hello").await;
    // Twice: the second connection begins its wait after the first one's request was answered.
    rest(&mut silent).await;
    rest(&mut server.connect().await).await;

    idle.write_all(REQUEST).await.unwrap();
    read_to(&mut idle, "hello").await;
}

#[tokio::test]
async fn an_idle_connection_is_closed_at_last() {
    let server = TestServer::plain(
        hello(),
        ListenerLimits {
            idle_timeout: SHORT,
            ..limits()
        },
    )
    .await;
    let mut stream = server.connect().await;
    stream.write_all(REQUEST).await.unwrap();
    assert!(rest(&mut stream).await.ends_with("hello"));
}

#[tokio::test]
async fn a_body_that_does_not_arrive_is_given_up() {
    let server = TestServer::plain(
        hello(),
        ListenerLimits {
            body_timeout: SHORT,
            ..limits()
        },
    )
    .await;
    let mut stream = server.connect().await;
    stream
        .write_all(b"POST /echo HTTP/1.1\r\nhost: l\r\ncontent-length: 10\r\n\r\nhalf")
        .await
        .unwrap();
    let answer = rest(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
}

#[tokio::test]
async fn too_many_or_too_long_header_fields_are_refused() {
    let server = TestServer::plain(hello(), limits()).await;
    for header in ["a: b\r\n".repeat(17), format!("a: {}\r\n", "b".repeat(10_000))] {
        let mut stream = server.connect().await;
        let request = format!("GET / HTTP/1.1\r\nhost: l\r\n{header}\r\n");
        // The server may answer and close before everything is written.
        let _ = stream.write_all(request.as_bytes()).await;
        let answer = rest(&mut stream).await;
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 431"),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn connections_beyond_the_cap_wait_for_room() {
    let (started, mut arrivals) = mpsc::unbounded_channel();
    let release = Arc::new(Notify::new());
    let gate = Arc::clone(&release);
    let router = Router::new().route(
        "/",
        get(move || {
            let (started, gate) = (started.clone(), Arc::clone(&gate));
            async move {
                let open = gate.notified();
                started.send(()).unwrap();
                open.await;
                "hello"
            }
        }),
    );
    let server = TestServer::plain(
        router,
        ListenerLimits {
            max_connections: 1,
            ..limits()
        },
    )
    .await;
    let (mut first, mut second) = (server.connect().await, server.connect().await);
    first.write_all(REQUEST).await.unwrap();
    arrivals.recv().await.unwrap();
    second.write_all(REQUEST).await.unwrap();

    // The second request cannot have been seen: the only place is taken until the first connection ends.
    assert_eq!(server.metrics.connections.get(), 1);
    assert!(arrivals.try_recv().is_err());
    release.notify_waiters();
    read_to(&mut first, "hello").await;
    assert!(arrivals.try_recv().is_err());
    drop(first);

    arrivals.recv().await.unwrap();
    release.notify_waiters();
    read_to(&mut second, "hello").await;
}

#[tokio::test]
async fn shutdown_answers_what_is_in_flight_and_accepts_no_more() {
    let (started, mut arrivals) = mpsc::unbounded_channel();
    let release = Arc::new(Notify::new());
    let gate = Arc::clone(&release);
    let router = Router::new().route(
        "/",
        get(move || {
            let (started, gate) = (started.clone(), Arc::clone(&gate));
            async move {
                let open = gate.notified();
                started.send(()).unwrap();
                open.await;
                "hello"
            }
        }),
    );
    let server = TestServer::plain(router, limits()).await;
    let (mut busy, mut idle) = (server.connect().await, server.connect().await);
    busy.write_all(REQUEST).await.unwrap();
    arrivals.recv().await.unwrap();

    server.shutdown.cancel();

    assert_eq!(rest(&mut idle).await, "", "an idle connection is closed at once");
    assert!(
        TcpStream::connect(server.address).await.is_err(),
        "the listener is closed"
    );
    assert!(!server.serving.is_finished(), "a request is in flight");
    release.notify_waiters();
    assert!(rest(&mut busy).await.ends_with("hello"));
    assert!(timeout(PATIENCE, server.serving).await.unwrap().unwrap());
}

#[tokio::test]
async fn a_request_that_outlasts_the_drain_timeout_is_cut_off() {
    let (started, mut arrivals) = mpsc::unbounded_channel();
    let router = Router::new().route(
        "/",
        get(move || {
            let started = started.clone();
            async move {
                started.send(()).unwrap();
                std::future::pending::<()>().await;
            }
        }),
    );
    let server = TestServer::plain(
        router,
        ListenerLimits {
            drain_timeout: SHORT,
            ..limits()
        },
    )
    .await;
    let mut stream = server.connect().await;
    stream.write_all(REQUEST).await.unwrap();
    arrivals.recv().await.unwrap();

    server.shutdown.cancel();

    assert_eq!(rest(&mut stream).await, "");
    assert!(!timeout(PATIENCE, server.serving).await.unwrap().unwrap());
}

#[tokio::test]
async fn http_2_is_spoken_when_the_client_offers_it() {
    let server = TestServer::tls(hello(), limits()).await;
    for (offered, version) in [
        (
            vec![tls::ALPN_HTTP2, b"http/1.1".as_slice()],
            Some(tls::ALPN_HTTP2),
        ),
        (vec![b"http/1.1".as_slice()], Some(b"http/1.1".as_slice())),
        (vec![], None),
    ] {
        let stream = server.connect_tls(&offered).await;
        assert_eq!(stream.get_ref().1.alpn_protocol(), version);
    }
    let (mut sender, connection) = hyper::client::conn::http2::handshake(
        TokioExecutor::new(),
        TokioIo::new(server.connect_tls(&[tls::ALPN_HTTP2]).await),
    )
    .await
    .unwrap();
    tokio::spawn(connection);
    let request = Request::get("https://localhost/").body(Body::empty()).unwrap();
    let response = sender.send_request(request).await.unwrap();
    assert_eq!(response.version(), http::Version::HTTP_2);
    assert_eq!(response.status(), StatusCode::OK);
}

#[tokio::test]
async fn plain_http_to_a_tls_listener_is_not_answered() {
    let server = TestServer::tls(hello(), limits()).await;
    let mut stream = server.connect().await;
    stream.write_all(REQUEST).await.unwrap();
    let answer = rest(&mut stream).await;
    assert!(!answer.contains("HTTP/1.1"), "{answer}");
}

#[tokio::test]
async fn a_replaced_certificate_is_used_for_new_connections() {
    let server = TestServer::tls(hello(), limits()).await;
    let certificates = server.certificates.as_ref().unwrap();
    let directory = certificates.directory.path();
    let (chain, key) = (directory.join("c.pem"), directory.join("k.pem"));
    let renewed = write_identity(directory);

    certificates.identity.reload(files(&chain, &key)).unwrap();

    assert!(server.connect_trusting(renewed.clone(), &[]).await.is_ok());
    assert!(
        server
            .connect_trusting(certificates.certificate.clone(), &[])
            .await
            .is_err()
    );

    std::fs::write(&key, "no key").unwrap();
    let refused = certificates.identity.reload(files(&chain, &key));
    assert!(
        matches!(
            refused,
            Err(TlsError::File {
                what: "private key",
                ..
            })
        ),
        "{refused:?}"
    );
    assert!(
        server.connect_trusting(renewed, &[]).await.is_ok(),
        "what was there stays in use"
    );
}
