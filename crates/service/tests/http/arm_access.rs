//! The control plane's changes over time: who may make them, from where a provider is reached, and what deletion leaves.

use std::{
    convert::Infallible,
    fs,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use crate::{
    arm::{GROUP, VERSION, east, service},
    signing::{Signer, certificate_payload, policy_payload},
    support::{Answer, Service, Setup},
};
use attestry_api::policy_envelope::wrap_unsigned;
use attestry_service::{
    authn::Authenticator,
    config::{
        AssignmentConfig, AuthenticationConfig, AuthorizationConfig, ControlPlaneConfig,
        PrivateEndpointConfig,
    },
    http::listener::ClientCertificate,
};
use axum::{body::Body, extract::ConnectInfo};
use bytes::Bytes;
use http::{HeaderName, Method, Request, StatusCode, header};
use hyper::body::Frame;
use serde_json::{Value, json};
use tokio::sync::oneshot;

const PERMIT: &str = "version=1.0; authorizationrules{=> permit();}; issuancerules{};";
const ENDPOINT: &str =
    "/subscriptions/s/resourceGroups/n/providers/Microsoft.Network/privateEndpoints/endpointxyz9882";

fn with_signers(signers: &[&Signer]) -> Value {
    let keys: Vec<_> = signers.iter().map(|signer| signer.jwk()).collect();
    json!({ "location": "eastus", "properties": { "policySigningCertificates": { "keys": keys } } })
}

/// The contents of the token that a provider answers.
fn claims(answer: &Answer) -> Value {
    let token = answer.token();
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&attestry_api::b64::decode_url(payload).unwrap()).unwrap()
}

fn refusal(answer: &Answer) -> (u16, String) {
    (answer.status.as_u16(), answer.error().0)
}

#[tokio::test]
async fn a_provider_with_signing_certificates_is_isolated_from_its_first_moment() {
    let (ours, theirs) = (Signer::rsa("ours"), Signer::rsa("theirs"));
    let service = service(|_| {}).await;
    let body = with_signers(&[&ours]);
    let created = service.create("contoso", &body).await;
    assert_eq!(created.status, StatusCode::CREATED, "{}", created.text());
    assert_eq!(created.json()["properties"]["trustModel"], "Isolated");

    let policies = "/p/contoso/policies/SgxEnclave?api-version=2020-10-01";
    let put = async |jws: String| service.administer(Method::PUT, policies, jws).await;
    assert_eq!(put(wrap_unsigned(PERMIT)).await.status, 400);
    assert_eq!(put(theirs.sign(&policy_payload(PERMIT))).await.status, 400);
    put(ours.sign(&policy_payload(PERMIT))).await.token();
    let listed = service
        .administer(Method::GET, "/p/contoso/certificates?api-version=2020-10-01", "")
        .await;
    let certificates = claims(&listed)["x-ms-policy-certificates"]["keys"].clone();
    assert_eq!(certificates[0]["x5c"][0], ours.jwk().x5c[0]);

    // Repeating the creation is no way round the holders of the keys.
    assert_eq!(service.create("contoso", &body).await.status, StatusCode::OK);
    assert_eq!(service.create("contoso", &east()).await.status, StatusCode::OK);
    let other = service.create("contoso", &with_signers(&[&theirs])).await;
    assert_eq!(refusal(&other), (409, "Conflict".to_owned()));
    let more = service.create("contoso", &with_signers(&[&ours, &theirs])).await;
    assert_eq!(refusal(&more), (409, "Conflict".to_owned()));
    let add = ours.sign(&certificate_payload(&theirs.jwk()));
    service
        .administer(
            Method::POST,
            "/p/contoso/certificates:add?api-version=2020-10-01",
            add,
        )
        .await
        .token();
    put(theirs.sign(&policy_payload(PERMIT))).await.token();
}

#[tokio::test]
async fn certificates_that_cannot_sign_policies_create_nothing() {
    let service = service(|_| {}).await;
    let keys = |keys: Value| json!({ "location": "eastus", "properties": { "policySigningCertificates": { "keys": keys } } });
    for (body, part) in [
        (
            keys(json!([{ "kty": "RSA", "n": "AQAB", "e": "AQAB" }])),
            "PolicySigningCertificate key is not an X509 security key",
        ),
        (keys(json!([{ "kty": "RSA", "x5c": ["AAAA"] }])), "cannot be used"),
        (keys(json!(vec![json!({}); 65])), "65 keys"),
    ] {
        let answer = service.create("contoso", &body).await;
        assert_eq!(refusal(&answer), (400, "InvalidParameter".to_owned()), "{part}");
        assert!(answer.error().1.contains(part), "{}", answer.text());
    }
    let aad = service.create("contoso", &keys(json!([]))).await.json();
    assert_eq!(aad["properties"]["trustModel"], "AAD");
    let isolate = service
        .create("contoso", &with_signers(&[&Signer::rsa("late")]))
        .await;
    assert_eq!(refusal(&isolate), (409, "Conflict".to_owned()));
}

#[tokio::test]
async fn a_deleted_provider_is_gone_until_it_is_restored_with_all_it_had() {
    let signer = Signer::rsa("ours");
    let service = service(|_| {}).await;
    service.create("contoso", &with_signers(&[&signer])).await;
    let policies = "/p/contoso/policies/SgxEnclave?api-version=2020-10-01";
    let jws = signer.sign(&policy_payload(PERMIT));
    service
        .administer(Method::PUT, policies, jws.clone())
        .await
        .token();

    let path = format!("{GROUP}/contoso");
    let deleted = service.arm(Method::DELETE, &path, &Value::Null).await;
    assert_eq!((deleted.status.as_u16(), deleted.text().as_str()), (200, ""));
    let again = service.arm(Method::DELETE, &path, &Value::Null).await;
    assert_eq!(again.status, StatusCode::NO_CONTENT);
    assert_eq!(service.arm(Method::GET, &path, &Value::Null).await.status, 404);
    assert_eq!(service.read_policy(policies).await.status, 404);
    let list = service.arm(Method::GET, GROUP, &Value::Null).await.json();
    assert_eq!(list, json!({ "value": [] }));
    let taken = service.create("contoso", &east()).await;
    assert_eq!(refusal(&taken), (409, "Conflict".to_owned()));
    assert!(
        taken.error().1.contains("restored until 2027-"),
        "{}",
        taken.text()
    );

    let waiting = service
        .arm(Method::GET, "/attestry/v1/deleted-providers", &Value::Null)
        .await
        .json();
    assert_eq!(waiting["value"][0]["provider"]["name"], "contoso");
    assert_eq!(waiting["value"][0]["deletedAt"], "2027-01-15T08:00:00Z");
    assert_eq!(waiting["value"][0]["restorableUntil"], "2027-01-22T08:00:00Z");
    let restore = "/attestry/v1/deleted-providers/contoso:restore";
    let restored = service.arm(Method::POST, restore, &Value::Null).await;
    assert_eq!(restored.status, StatusCode::OK, "{}", restored.text());
    let policy = claims(&service.read_policy(policies).await);
    assert_eq!(policy["x-ms-policy"], jws);
    let unsigned = service
        .administer(Method::PUT, policies, wrap_unsigned(PERMIT))
        .await;
    assert_eq!(unsigned.status, 400, "it is isolated still");
    let twice = service.arm(Method::POST, restore, &Value::Null).await;
    assert_eq!(twice.status, 404);
}

#[tokio::test]
async fn a_protected_provider_is_not_deleted() {
    let service = service(|_| {}).await;
    service.create("contoso", &east()).await;
    let act = async |action: &str| {
        let path = format!("/attestry/v1/providers/contoso:{action}");
        service.arm(Method::POST, &path, &Value::Null).await
    };
    let path = format!("{GROUP}/contoso");
    assert_eq!(act("protect").await.json()["protected"], true);
    let refused = service.arm(Method::DELETE, &path, &Value::Null).await;
    assert_eq!(refusal(&refused), (409, "ScopeLocked".to_owned()));
    assert_eq!(service.arm(Method::GET, &path, &Value::Null).await.status, 200);
    assert_eq!(act("unprotect").await.json()["protected"], false);
    assert_eq!(service.arm(Method::DELETE, &path, &Value::Null).await.status, 200);
    assert_eq!(act("protect").await.status, 404);
    assert_eq!(act("explode").await.status, 404);
}

#[tokio::test]
async fn a_purged_name_is_free_and_its_next_provider_starts_from_nothing() {
    let signer = Signer::rsa("ours");
    let service = service(|_| {}).await;
    service.create("contoso", &with_signers(&[&signer])).await;
    let policies = "/p/contoso/policies/SgxEnclave?api-version=2020-10-01";
    let default = claims(&service.read_policy(policies).await)["x-ms-policy"].clone();
    let jws = signer.sign(&policy_payload(PERMIT));
    service.administer(Method::PUT, policies, jws).await.token();
    let purge = "/attestry/v1/deleted-providers/contoso:purge";
    let alive = service.arm(Method::POST, purge, &Value::Null).await;
    assert_eq!(alive.status, 404, "only what was deleted is purged");
    service
        .arm(Method::DELETE, &format!("{GROUP}/contoso"), &Value::Null)
        .await;
    assert_eq!(service.arm(Method::POST, purge, &Value::Null).await.status, 200);

    let created = service.create("contoso", &east()).await;
    assert_eq!(created.status, StatusCode::CREATED, "{}", created.text());
    assert_eq!(created.json()["properties"]["trustModel"], "AAD");
    assert_eq!(
        claims(&service.read_policy(policies).await)["x-ms-policy"],
        default
    );
    service
        .administer(Method::PUT, policies, wrap_unsigned(PERMIT))
        .await
        .token();
    let history = service
        .arm(
            Method::GET,
            "/attestry/v1/providers/contoso/changes",
            &Value::Null,
        )
        .await
        .json();
    let operations: Vec<_> = history["value"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| change["operation"].as_str().unwrap())
        .collect();
    assert_eq!(operations, ["create", "delete", "purge", "create"]);
}

#[tokio::test]
async fn without_retention_a_deleted_name_is_free_at_once() {
    let service = service(|setup| setup.control_plane.retention_days = 0).await;
    for _ in 0..2 {
        assert_eq!(
            service.create("contoso", &east()).await.status,
            StatusCode::CREATED
        );
        let deleted = service
            .arm(Method::DELETE, &format!("{GROUP}/contoso"), &Value::Null)
            .await;
        assert_eq!(deleted.status, StatusCode::OK);
    }
}

fn endpoints() -> ControlPlaneConfig {
    ControlPlaneConfig {
        private_endpoint: vec![PrivateEndpointConfig {
            id: ENDPOINT.to_owned(),
            networks: vec!["10.1.0.0/16".parse().unwrap()],
        }],
        ..ControlPlaneConfig::default()
    }
}

impl Service {
    /// `GET /certs` of a provider by somebody at this address, with these headers.
    async fn certs_from(&self, peer: Option<&str>, headers: &[(&str, &str)]) -> u16 {
        let mut request = Request::get("/p/contoso/certs").body(Body::empty()).unwrap();
        for (name, value) in headers {
            let name: HeaderName = name.parse().unwrap();
            request.headers_mut().insert(name, value.parse().unwrap());
        }
        if let Some(peer) = peer {
            let peer: SocketAddr = peer.parse().unwrap();
            request.extensions_mut().insert(ConnectInfo(peer));
        }
        self.send(request).await.status.as_u16()
    }

    async fn connect(&self, name: &str, properties: Value) -> Answer {
        let path = format!("{GROUP}/contoso/privateEndpointConnections/{name}");
        self.arm(Method::PUT, &path, &json!({ "properties": properties }))
            .await
    }
}

#[tokio::test]
async fn a_private_provider_is_reached_through_approved_connections_only() {
    let service = service(|setup| setup.control_plane = endpoints()).await;
    let private = json!({ "location": "eastus", "properties": { "publicNetworkAccess": "Disabled" } });
    service.create("contoso", &private).await;
    let (inside, outside) = (Some("10.1.2.3:5000"), Some("10.2.2.3:5000"));
    assert_eq!(service.certs_from(inside, &[]).await, 403);
    let state = |status: &str| {
        json!({ "privateEndpoint": { "id": ENDPOINT.to_uppercase() },
            "privateLinkServiceConnectionState": { "status": status } })
    };
    for (status, expected) in [
        ("Pending", 403),
        ("Approved", 200),
        ("Rejected", 403),
        ("approved", 200),
    ] {
        let answer = service.connect("endpointxyz9882.0a1b", state(status)).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(service.certs_from(inside, &[]).await, expected, "{status}");
        assert_eq!(service.certs_from(outside, &[]).await, 403, "{status}");
    }
    assert_eq!(service.certs_from(Some("[::ffff:10.1.2.3]:5000"), &[]).await, 200);
    assert_eq!(
        service.certs_from(None, &[]).await,
        403,
        "an unknown address is nobody's"
    );
    for name in [
        "x-forwarded-for",
        "forwarded",
        "x-real-ip",
        "x-original-forwarded-for",
        "client-ip",
    ] {
        for value in ["10.1.2.3", "for=10.1.2.3"] {
            assert_eq!(service.certs_from(outside, &[(name, value)]).await, 403, "{name}");
        }
    }
    // Nothing is looked at before: not the path, not the caller, not the body.
    for path in [
        "/p/contoso/attest/SgxEnclave",
        "/p/contoso/nothing",
        "/p/contoso/policies/SgxEnclave",
    ] {
        let answer = service
            .administer(Method::POST, path, "x".repeat(2_000_000))
            .await;
        assert_eq!(refusal(&answer), (403, "Forbidden".to_owned()), "{path}");
    }
    // The other providers and the control plane are where they were.
    assert_eq!(service.get("/certs").await.status, 200);
    let path = format!("{GROUP}/contoso");
    let open = json!({ "properties": { "publicNetworkAccess": "Enabled" } });
    assert_eq!(service.arm(Method::PATCH, &path, &open).await.status, 200);
    assert_eq!(service.certs_from(outside, &[]).await, 200);
}

#[tokio::test]
async fn networks_given_with_a_connection_count_beside_the_configured_ones() {
    let service = service(|setup| setup.control_plane = endpoints()).await;
    let private = json!({ "location": "eastus", "properties": { "publicNetworkAccess": "Disabled" } });
    service.create("contoso", &private).await;
    let approved = json!({ "status": "Approved" });
    // Clients cannot send the endpoint's id; the name tells it.
    service
        .connect(
            "EndpointXYZ9882.7f",
            json!({ "privateLinkServiceConnectionState": approved, "x-attestry-networks": ["192.0.2.0/24"] }),
        )
        .await;
    assert_eq!(service.certs_from(Some("10.1.0.1:1"), &[]).await, 200);
    assert_eq!(service.certs_from(Some("192.0.2.1:1"), &[]).await, 200);
    assert_eq!(service.certs_from(Some("192.0.3.1:1"), &[]).await, 403);
    for networks in [
        json!(["10.0.0.0/33"]),
        json!(["everywhere"]),
        json!("10.0.0.0/8"),
        json!(vec!["10.0.0.0/8"; 65]),
    ] {
        let answer = service
            .connect("other", json!({ "x-attestry-networks": networks }))
            .await;
        assert_eq!(
            refusal(&answer),
            (400, "InvalidRequestContent".to_owned()),
            "{networks}"
        );
    }
    let path = format!("{GROUP}/contoso/privateEndpointConnections/endpointxyz9882.7F");
    assert_eq!(service.arm(Method::DELETE, &path, &Value::Null).await.status, 200);
    assert_eq!(service.arm(Method::DELETE, &path, &Value::Null).await.status, 204);
    assert_eq!(service.certs_from(Some("10.1.0.1:1"), &[]).await, 403);
}

#[tokio::test]
async fn connections_are_shown_as_recorded() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors/maa");
    let Ok(recorded) = fs::read(root.join("arm/private-endpoint-2023.json")) else {
        eprintln!("SKIPPED: no recordings at {}", root.display());
        return;
    };
    let recorded = String::from_utf8(recorded).unwrap().replace("<guid>", "0a1b");
    let recorded: Value = serde_json::from_str(&recorded).unwrap();
    let service = service(|_| {}).await;
    service.create("testprovider955", &east()).await;
    let connections = format!("{GROUP}/testprovider955/privateEndpointConnections");
    let empty = service.arm(Method::GET, &connections, &Value::Null).await.json();
    assert_eq!(empty, json!({ "value": [] }));
    let expected = &recorded["list_connections"]["value"][0];
    let path = expected["id"].as_str().unwrap();
    let put = service.arm(Method::PUT, path, expected).await;
    assert_eq!(&put.json(), expected);
    assert_eq!(
        &service.arm(Method::GET, path, &Value::Null).await.json(),
        expected
    );
    let all = service.arm(Method::GET, &connections, &Value::Null).await.json();
    assert_eq!(all, recorded["list_connections"]);
    let provider = format!("{GROUP}/testprovider955");
    let shown = service.arm(Method::GET, &provider, &Value::Null).await.json();
    assert_eq!(&shown["properties"]["privateEndpointConnections"][0], expected);
    let resources = service
        .arm(
            Method::GET,
            &format!("{provider}/privateLinkResources"),
            &Value::Null,
        )
        .await
        .json();
    assert_eq!(resources, recorded["private_link_resources"]);
    let missing = service
        .arm(Method::GET, &format!("{connections}/Nothing"), &Value::Null)
        .await;
    let expected: Value =
        serde_json::from_slice(&fs::read(root.join("errors/arm-404.json")).unwrap()).unwrap();
    let text = missing.text().replace("Nothing", "<name>");
    assert_eq!(
        serde_json::from_str::<Value>(&text).unwrap(),
        expected["private_endpoint_connection"]["body"]
    );
    assert_eq!(missing.status, 404);
}

/// People known by their certificates.
struct People {
    service: Service,
    group_owner: Signer,
    reader: Signer,
    operator: Signer,
    stranger: Signer,
}

impl People {
    async fn new() -> Self {
        let people = ["group-owner", "reader", "operator", "stranger"].map(Signer::rsa);
        let group = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/RG";
        let assignment = |role: &str, scope: &str, name: &str| AssignmentConfig {
            role: role.to_owned(),
            scopes: vec![scope.to_owned()],
            claim: "certificate_subject".to_owned(),
            value: format!("CN={name}"),
            ..AssignmentConfig::default()
        };
        let mut authentication = AuthenticationConfig::default();
        authentication.client_certificates.ca_file = "authorities.pem".into();
        let authorization = AuthorizationConfig {
            assignment: vec![
                assignment("owner", group, "group-owner"),
                assignment("reader", "contoso", "reader"),
                assignment("operator", "/", "operator"),
            ],
            ..AuthorizationConfig::default()
        };
        let authenticator = Authenticator::new(&authentication, &authorization).unwrap();
        let set = |setup: &mut Setup| setup.authenticator = Arc::new(authenticator);
        let service = service(set).await;
        let [group_owner, reader, operator, stranger] = people;
        Self {
            service,
            group_owner,
            reader,
            operator,
            stranger,
        }
    }

    async fn ask(&self, who: &Signer, method: Method, path: &str, body: Value) -> Answer {
        let request = Request::builder().method(method).uri(format!("{path}?{VERSION}"));
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let mut request = request
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body))
            .unwrap();
        let certificate = attestry_api::b64::decode_lenient(&who.jwk().x5c[0]).unwrap();
        request
            .extensions_mut()
            .insert(ClientCertificate(certificate.into()));
        self.service.send(request).await
    }

    async fn statuses(&self, method: Method, path: &str, body: Value) -> [u16; 4] {
        let mut statuses = [0; 4];
        let people = [&self.group_owner, &self.reader, &self.operator, &self.stranger];
        for (status, who) in statuses.iter_mut().zip(people) {
            *status = self
                .ask(who, method.clone(), path, body.clone())
                .await
                .status
                .as_u16();
        }
        statuses
    }
}

#[tokio::test]
async fn roles_decide_who_sees_and_changes_which_provider() {
    let people = People::new().await;
    let path = format!("{GROUP}/contoso");
    // Whether there is a provider is nobody's business who may not see it.
    assert_eq!(
        people.statuses(Method::GET, &path, Value::Null).await,
        [404, 403, 404, 403]
    );
    assert_eq!(
        people.statuses(Method::PUT, &path, east()).await,
        [201, 403, 200, 403]
    );
    assert_eq!(
        people.statuses(Method::GET, &path, Value::Null).await,
        [200, 200, 200, 403]
    );
    let tags = json!({ "tags": { "a": "b" } });
    assert_eq!(
        people.statuses(Method::PATCH, &path, tags).await,
        [200, 403, 200, 403]
    );
    let connection = format!("{path}/privateEndpointConnections/one");
    assert_eq!(
        people.statuses(Method::PUT, &connection, json!({})).await,
        [200, 403, 200, 403]
    );
    assert_eq!(
        people.statuses(Method::GET, &connection, Value::Null).await,
        [200, 200, 200, 403]
    );
    let protect = "/attestry/v1/providers/contoso:unprotect";
    assert_eq!(
        people.statuses(Method::POST, protect, Value::Null).await,
        [200, 403, 200, 403]
    );
    let changes = "/attestry/v1/providers/contoso/changes";
    assert_eq!(
        people.statuses(Method::GET, changes, Value::Null).await,
        [200, 200, 200, 403]
    );

    let other = format!("{}/fabrikam", GROUP.replace("/rg/", "/other/"));
    assert_eq!(
        people.statuses(Method::PUT, &other, east()).await,
        [403, 403, 201, 403]
    );
    let all = "/subscriptions/00000000-0000-0000-0000-000000000000/providers/Microsoft.Attestation/attestationProviders";
    for (who, expected) in [
        (&people.group_owner, vec!["contoso"]),
        (&people.reader, vec!["contoso"]),
        (&people.operator, vec!["contoso", "fabrikam"]),
        (&people.stranger, vec![]),
    ] {
        let list = people.ask(who, Method::GET, all, Value::Null).await.json();
        let names = list["value"].as_array().unwrap().iter();
        assert_eq!(
            names.map(|one| one["name"].as_str().unwrap()).collect::<Vec<_>>(),
            expected
        );
    }
    let refused = people
        .ask(&people.reader, Method::DELETE, &path, Value::Null)
        .await;
    assert_eq!(refusal(&refused), (403, "AuthorizationFailed".to_owned()));
    assert_eq!(
        people.statuses(Method::DELETE, &path, Value::Null).await,
        [200, 403, 204, 403]
    );
    let purge = "/attestry/v1/deleted-providers/contoso:purge";
    assert_eq!(
        people.statuses(Method::POST, purge, Value::Null).await,
        [403, 403, 200, 403]
    );
}

/// Sets a policy of the provider `contoso`.
fn set_policy(who: &Signer, body: Body) -> Request<Body> {
    let certificate = attestry_api::b64::decode_lenient(&who.jwk().x5c[0]).unwrap();
    Request::put("/p/contoso/policies/SgxEnclave?api-version=2020-10-01")
        .extension(ClientCertificate(certificate.into()))
        .body(body)
        .unwrap()
}

#[tokio::test]
async fn an_operator_creates_providers_for_others_and_owns_none() {
    let people = People::new().await;
    let path = format!("{GROUP}/contoso");
    let created = people.ask(&people.operator, Method::PUT, &path, east()).await;
    assert_eq!(created.status, 201, "{}", created.text());
    let created_by = created.json()["systemData"]["createdBy"].clone();
    assert!(created_by.as_str().unwrap().starts_with("client certificate#"));
    let send = async |who| {
        let request = set_policy(who, Body::from(wrap_unsigned(PERMIT)));
        people.service.send(request).await
    };
    assert_eq!(
        refusal(&send(&people.operator).await),
        (403, "Forbidden".to_owned())
    );
    // The group's owner owns what is in it, whoever created it.
    send(&people.group_owner).await.token();
}

/// A body that comes when it is let go, and tells when somebody waits for it.
struct Held {
    awaited: Option<oneshot::Sender<()>>,
    rest: oneshot::Receiver<String>,
}

impl hyper::body::Body for Held {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(awaited) = self.awaited.take() {
            awaited.send(()).unwrap();
        }
        if self.rest.is_terminated() {
            return Poll::Ready(None);
        }
        let rest = Pin::new(&mut self.rest).poll(context);
        rest.map(|text| Some(Ok(Frame::data(Bytes::from(text.unwrap())))))
    }
}

/// Who begins a change and ends it when the name is another tenant's changes nothing of theirs.
#[tokio::test]
async fn a_change_begun_before_a_provider_was_replaced_is_not_made_to_the_next_one() {
    let people = People::new().await;
    let path = format!("{GROUP}/contoso");
    people.ask(&people.group_owner, Method::PUT, &path, east()).await;
    let (awaited, waiting) = oneshot::channel();
    let (release, rest) = oneshot::channel();
    let held = Held {
        awaited: Some(awaited),
        rest,
    };
    let late = people
        .service
        .send(set_policy(&people.group_owner, Body::new(held)));
    let replaced = async {
        waiting.await.unwrap();
        let operator = &people.operator;
        let purge = "/attestry/v1/deleted-providers/contoso:purge";
        let elsewhere = format!("{}/contoso", GROUP.replace("/rg/", "/other/"));
        for (method, path, body, expected) in [
            (Method::DELETE, path.as_str(), Value::Null, 200),
            (Method::POST, purge, Value::Null, 200),
            (Method::PUT, elsewhere.as_str(), east(), 201),
        ] {
            let done = people.ask(operator, method, path, body).await;
            assert_eq!(done.status, expected, "{}", done.text());
        }
        release.send(wrap_unsigned(PERMIT)).unwrap();
    };
    let (late, ()) = tokio::join!(late, replaced);
    assert_eq!(refusal(&late), (404, "NotFound".to_owned()), "{}", late.text());
    let history = "/p/contoso/attestry/v1/policies/SgxEnclave/history";
    let history = people.ask(&people.operator, Method::GET, history, Value::Null);
    assert_eq!(history.await.json()["revisions"], json!([]));
}
