//! Clients with certificates: good ones reach the routes, others never get that far.

use axum::Extension;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    date_time_ymd,
};
use rustls_pki_types::PrivateKeyDer;

use super::*;

/// An authority, and what it certified.
struct Authority {
    params: CertificateParams,
    key: KeyPair,
}

struct Client {
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self {
            params,
            key: KeyPair::generate().unwrap(),
        }
    }

    fn write(&self, path: &Path) {
        std::fs::write(path, self.params.self_signed(&self.key).unwrap().pem()).unwrap();
    }

    fn client(&self, until: i32, usage: ExtendedKeyUsagePurpose) -> Client {
        let mut params = CertificateParams::new(vec!["client.example".to_owned()]).unwrap();
        params.extended_key_usages = vec![usage];
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(until, 1, 1);
        let key = KeyPair::generate().unwrap();
        let issuer = Issuer::from_params(&self.params, &self.key);
        Client {
            certificate: params.signed_by(&key, &issuer).unwrap().der().clone(),
            key: PrivateKeyDer::Pkcs8(key.serialize_der().into()),
        }
    }

    fn good_client(&self) -> Client {
        self.client(4000, ExtendedKeyUsagePurpose::ClientAuth)
    }
}

/// A server that answers with the hash of the client's certificate, or `nobody`.
struct Server {
    server: TestServer,
    authority: Authority,
}

impl Server {
    async fn start() -> Self {
        let certificates = Certificates::new();
        let authority = Authority::new("clients");
        authority.write(&certificates.directory.path().join("ca.pem"));
        let server = Self {
            server: TestServer::start(who(), limits(), Some(certificates)).await,
            authority,
        };
        server.reload().unwrap();
        server
    }

    fn reload(&self) -> Result<(), TlsError> {
        let certificates = self.server.certificates.as_ref().unwrap();
        let file = |name| certificates.directory.path().join(name);
        certificates.identity.reload(TlsFiles {
            certificate: &file("c.pem"),
            private_key: &file("k.pem"),
            client_authorities: Some(&file("ca.pem")),
        })
    }

    async fn connect(
        &self,
        client: Option<&Client>,
        protocol: &[u8],
        version: &'static rustls::SupportedProtocolVersion,
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        let certificates = self.server.certificates.as_ref().unwrap();
        roots.add(certificates.certificate.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(roots);
        let mut config = match client {
            Some(client) => builder
                .with_client_auth_cert(vec![client.certificate.clone()], client.key.clone_key())
                .unwrap(),
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = vec![protocol.to_vec()];
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::new(config))
            .connect(name, self.server.connect().await)
            .await
    }

    /// What the server answers over HTTP/1.1; nothing when it ends the connection before.
    async fn ask(
        &self,
        client: Option<&Client>,
        version: &'static rustls::SupportedProtocolVersion,
    ) -> String {
        let Ok(mut stream) = self.connect(client, b"http/1.1", version).await else {
            return String::new();
        };
        let request = b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
        // With TLS 1.3 the client may write before the server has judged it.
        let _ = stream.write_all(request).await;
        let answer = rest(&mut stream).await;
        answer
            .rsplit_once("\r\n\r\n")
            .map_or(String::new(), |(_, body)| body.to_owned())
    }
}

fn who() -> Router {
    Router::new().route(
        "/",
        get(async |certificate: Option<Extension<ClientCertificate>>| {
            certificate.map_or_else(
                || "nobody".to_owned(),
                |Extension(certificate)| hash(&certificate.0),
            )
        }),
    )
}

fn hash(der: &[u8]) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, der);
    attestry_api::hex::encode(digest.as_ref())
}

const VERSIONS: [&rustls::SupportedProtocolVersion; 2] = [&rustls::version::TLS12, &rustls::version::TLS13];

#[tokio::test]
async fn a_client_may_show_a_certificate_and_need_not() {
    let server = Server::start().await;
    let client = server.authority.good_client();
    for version in VERSIONS {
        assert_eq!(
            server.ask(Some(&client), version).await,
            hash(&client.certificate)
        );
        assert_eq!(server.ask(None, version).await, "nobody");
    }
}

#[tokio::test]
async fn the_certificate_is_that_of_every_request_of_an_http_2_connection() {
    let server = Server::start().await;
    let client = server.authority.good_client();
    let stream = server
        .connect(Some(&client), tls::ALPN_HTTP2, &rustls::version::TLS13)
        .await
        .unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
    tokio::spawn(connection);
    for _ in 0..2 {
        let request = Request::get("https://localhost/").body(Body::empty()).unwrap();
        let response = sender.send_request(request).await.unwrap();
        let body = axum::body::to_bytes(Body::new(response.into_body()), 100)
            .await
            .unwrap();
        assert_eq!(body, hash(&client.certificate));
    }
}

#[tokio::test]
async fn certificates_that_do_not_hold_end_the_handshake() {
    let server = Server::start().await;
    let authority = &server.authority;
    let good = authority.good_client();
    let expired = authority.client(2024, ExtendedKeyUsagePurpose::ClientAuth);
    let of_a_server = authority.client(4000, ExtendedKeyUsagePurpose::ServerAuth);
    // Of the same name, with another key.
    let of_another = Authority::new("clients").good_client();
    let anothers_key = Client {
        certificate: good.certificate.clone(),
        key: of_another.key.clone_key(),
    };
    for client in [expired, of_a_server, of_another] {
        for version in VERSIONS {
            assert_eq!(server.ask(Some(&client), version).await, "");
        }
    }
    assert_eq!(server.server.metrics.handshake_failures.get(), 6);
    // A client that does not hold the key cannot even begin.
    let builder =
        ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(RootCertStore::empty());
    assert!(
        builder
            .with_client_auth_cert(vec![anothers_key.certificate], anothers_key.key)
            .is_err()
    );
    assert_eq!(
        server.ask(Some(&good), &rustls::version::TLS13).await,
        hash(&good.certificate)
    );
}

#[tokio::test]
async fn authorities_are_replaced_while_serving() {
    let server = Server::start().await;
    let before = server.authority.good_client();
    let next = Authority::new("next");
    let after = next.good_client();
    let certificates = server.server.certificates.as_ref().unwrap();
    let file = certificates.directory.path().join("ca.pem");

    next.write(&file);
    server.reload().unwrap();
    let version = &rustls::version::TLS13;
    assert_eq!(server.ask(Some(&before), version).await, "");
    assert_eq!(server.ask(Some(&after), version).await, hash(&after.certificate));

    std::fs::write(&file, "no certificate").unwrap();
    assert!(matches!(
        server.reload(),
        Err(TlsError::ClientAuthorities { .. } | TlsError::File { .. })
    ));
    assert_eq!(server.ask(Some(&after), version).await, hash(&after.certificate));
}
