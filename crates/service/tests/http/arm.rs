//! The control plane as Azure Resource Manager's clients see it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::support::{Answer, BASE_URL, Service, Setup, forge};
use attestry_service::config::ControlPlaneConfig;
use axum::body::Body;
use http::{Method, Request, StatusCode, header};
use serde_json::{Value, json};

pub const GROUP: &str = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.Attestation/attestationProviders";
pub const VERSION: &str = "api-version=2021-06-01";

pub async fn service(change: impl FnOnce(&mut Setup)) -> Service {
    let mut setup = Setup::forged(&forge());
    setup.base_domain = "attest.azure.net";
    change(&mut setup);
    Service::start(setup).await
}

impl Service {
    pub async fn arm(&self, method: Method, path: &str, body: &Value) -> Answer {
        let body = if body.is_null() {
            Body::empty()
        } else {
            Body::from(body.to_string())
        };
        let separator = if path.contains('?') { "" } else { "?" };
        let version = if path.contains("api-version") { "" } else { VERSION };
        self.administer(method, &format!("{path}{separator}{version}"), body)
            .await
    }

    pub async fn create(&self, name: &str, body: &Value) -> Answer {
        self.arm(Method::PUT, &format!("{GROUP}/{name}"), body).await
    }

    /// A request at a provider's own host.
    pub async fn at_host(&self, host: &str, path: &str) -> Answer {
        let request = Request::get(path)
            .header(header::HOST, host)
            .header(header::AUTHORIZATION, "Bearer test");
        self.send(request.body(Body::empty()).unwrap()).await
    }
}

pub fn east() -> Value {
    json!({ "location": "eastus" })
}

fn vectors() -> Option<PathBuf> {
    let root = std::env::var_os("ATTESTRY_VECTORS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors"),
        PathBuf::from,
    );
    if root.join("maa/arm").is_dir() {
        return Some(root.join("maa"));
    }
    eprintln!("SKIPPED: no recordings at {}", root.display());
    None
}

fn read_json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// The recorded service has the default port.
fn without_port(text: &str) -> String {
    text.replace(":8443", "")
}

#[tokio::test]
async fn the_recorded_life_of_a_provider_is_answered_as_recorded() {
    let Some(root) = vectors() else { return };
    let service = service(|_| {}).await;
    let recorded = read_json(&root.join("arm/provider-lifecycle-2023.json"));
    for exchange in recorded.as_array().unwrap() {
        let (request, response) = (&exchange["request"], &exchange["response"]);
        let method: Method = request["method"].as_str().unwrap().parse().unwrap();
        let path = request["path"].as_str().unwrap();
        let answer = service.arm(method.clone(), path, &request["body"]).await;
        assert_eq!(
            answer.status.as_u16(),
            response["status"],
            "{method}: {}",
            answer.text()
        );
        let text = without_port(&answer.text());
        match &response["body"] {
            Value::Null => assert_eq!(text, "", "{method}"),
            body => assert_eq!(&serde_json::from_str::<Value>(&text).unwrap(), body, "{method}"),
        }
        if let Some(location) = response["headers"]["Location"].as_str() {
            assert_eq!(without_port(answer.header("location")), location);
        }
        for name in ["Cache-Control", "Pragma", "Expires"] {
            if let Some(value) = response["headers"][name].as_str() {
                assert_eq!(answer.header(name), value);
            }
        }
    }
    let missing = service
        .arm(Method::GET, &format!("{GROUP}/testprovider955"), &Value::Null)
        .await;
    let expected = read_json(&root.join("errors/arm-404.json"));
    assert_eq!(missing.status.as_u16(), expected["status"]);
    let text = missing
        .text()
        .replace("testprovider955", "X")
        .replace("'rg'", "'RG'");
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), expected["body"]);
}

#[tokio::test]
async fn early_versions_show_fewer_properties() {
    let Some(root) = vectors() else { return };
    let service = service(|_| {}).await;
    let shapes = read_json(&root.join("arm/cli-2020-10-01-shapes.json"));
    let provider = &shapes["provider_2020_10_01"];
    let name = provider["name"].as_str().unwrap();
    service.create(name, &json!({ "location": "westus" })).await;
    for version in ["2018-09-01-preview", "2018-09-01", "2020-10-01"] {
        let answer = service
            .arm(
                Method::GET,
                &format!("{GROUP}/{name}?api-version={version}"),
                &Value::Null,
            )
            .await;
        let shown: Value = serde_json::from_str(&without_port(&answer.text())).unwrap();
        assert_eq!(&shown, provider, "{version}");
    }
    for version in ["2021-06-01-preview", "2021-06-01"] {
        let answer = service
            .arm(
                Method::GET,
                &format!("{GROUP}/{name}?api-version={version}"),
                &Value::Null,
            )
            .await
            .json();
        for (property, value) in shapes["provider_2021_06_01_extra_properties"]
            .as_object()
            .unwrap()
        {
            assert_eq!(answer["properties"].get(property), Some(value), "{version}");
        }
        assert_eq!(answer.get("systemData").is_some(), version == "2021-06-01");
    }
}

#[tokio::test]
async fn a_created_provider_attests_under_its_own_host_and_only_there() {
    let service = service(|_| {}).await;
    let created = service.create("Contoso-1", &east()).await;
    assert_eq!(created.status, StatusCode::CREATED);
    let uri = "https://contoso-1.eus.attest.azure.net:8443";
    assert_eq!(created.json()["properties"]["attestUri"], uri);
    assert_eq!(created.header("location"), format!("{uri}/"));
    let metadata = service
        .at_host(
            "CONTOSO-1.eus.attest.azure.net:8443",
            "/.well-known/openid-configuration",
        )
        .await;
    assert_eq!(metadata.json()["issuer"], uri);
    let by_path = service.get("/p/contoso-1/.well-known/openid-configuration").await;
    assert_eq!(by_path.json()["issuer"], uri);
    for host in ["contoso-1.attest.azure.net", "contoso-1.weu.attest.azure.net"] {
        assert_eq!(service.at_host(host, "/certs").await.status, 404, "{host}");
    }
    let policy = service
        .at_host(
            "contoso-1.eus.attest.azure.net",
            "/policies/SgxEnclave?api-version=2022-08-01",
        )
        .await;
    policy.token();
}

#[tokio::test]
async fn names_come_back_as_given_and_are_found_in_any_case() {
    let service = service(|_| {}).await;
    let path = "/subscriptions/ABC-1/resourceGroups/Gruppe_(S%C3%BCd)/providers/Microsoft.Attestation/attestationProviders/Contoso";
    let created = service.arm(Method::PUT, path, &east()).await.json();
    assert_eq!(
        created["id"],
        "/subscriptions/ABC-1/resourceGroups/Gruppe_(Süd)/providers/Microsoft.Attestation/attestationProviders/Contoso"
    );
    let other_case = "/Subscriptions/abc-1/resourcegroups/gruppe_(S%C3%BCd)/Providers/microsoft.attestation/AttestationProviders/CONTOSO";
    let found = service.arm(Method::GET, other_case, &Value::Null).await;
    assert_eq!(found.status, StatusCode::OK, "{}", found.text());
    assert_eq!(found.json()["id"], created["id"]);
}

#[tokio::test]
async fn lists_are_by_subscription_and_by_group() {
    let service = service(|_| {}).await;
    let at = |subscription: &str, group: &str, name: &str| {
        format!(
            "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Attestation/attestationProviders/{name}"
        )
    };
    for (subscription, group, name) in [("s1", "a", "one"), ("s1", "b", "two"), ("s2", "a", "three")] {
        let created = service
            .arm(Method::PUT, &at(subscription, group, name), &east())
            .await;
        assert_eq!(created.status, StatusCode::CREATED, "{}", created.text());
    }
    let names = async |path: &str| {
        let answer = service.arm(Method::GET, path, &Value::Null).await.json();
        assert!(answer.get("nextLink").is_none());
        let all = answer["value"].as_array().unwrap().clone();
        all.iter()
            .map(|one| one["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let of = |subscription: &str| {
        format!("/subscriptions/{subscription}/providers/Microsoft.Attestation/attestationProviders")
    };
    assert_eq!(names(&of("S1")).await, ["one", "two"]);
    assert_eq!(names(&of("s3")).await, Vec::<String>::new());
    let group = "/subscriptions/s1/resourceGroups/A/providers/Microsoft.Attestation/attestationProviders";
    assert_eq!(names(group).await, ["one"]);
    let elsewhere = service
        .arm(Method::GET, &at("s1", "a", "three"), &Value::Null)
        .await;
    assert_eq!(elsewhere.status, 404, "the provider of another subscription");
}

#[tokio::test]
async fn a_change_replaces_tags_as_a_whole_and_leaves_the_rest() {
    let service = service(|_| {}).await;
    let body = json!({ "location": "East US", "tags": { "a": "1", "b": "2" },
        "properties": { "publicNetworkAccess": "Disabled", "tpmAttestationAuthentication": "Disabled" } });
    let created = service.create("contoso", &body).await.json();
    assert_eq!(created["location"], "eastus");
    let path = format!("{GROUP}/contoso");
    let changed = service
        .arm(Method::PATCH, &path, &json!({ "tags": { "c": "3" } }))
        .await
        .json();
    assert_eq!(changed["tags"], json!({ "c": "3" }));
    assert_eq!(changed["properties"]["publicNetworkAccess"], "Disabled");
    assert_eq!(changed["properties"]["tpmAttestationAuthentication"], "Disabled");
    let properties = json!({ "properties": { "tpmAttestationAuthentication": "Enabled" } });
    let changed = service.arm(Method::PATCH, &path, &properties).await.json();
    assert_eq!(changed["tags"], json!({ "c": "3" }));
    assert_eq!(changed["properties"]["tpmAttestationAuthentication"], "Enabled");
    // A repeated creation is a change; it opens nothing that was closed.
    let again = service.create("Contoso", &east()).await;
    assert_eq!(again.status, StatusCode::OK);
    assert_eq!(again.json().get("tags"), None);
    assert_eq!(again.json()["properties"]["publicNetworkAccess"], "Disabled");
    let other = service.create("contoso", &json!({ "location": "westus" })).await;
    assert_eq!(
        (other.status.as_u16(), other.error().0.as_str()),
        (409, "InvalidResourceLocation")
    );
}

#[tokio::test]
async fn default_providers_are_the_shared_ones() {
    let service = service(|_| {}).await;
    let all = service
        .arm(
            Method::GET,
            "/subscriptions/s/providers/Microsoft.Attestation/defaultProviders",
            &Value::Null,
        )
        .await
        .json();
    let shared = json!({
        "id": "/providers/Microsoft.Attestation/attestationProviders/shared",
        "name": "shared",
        "type": "Microsoft.Attestation/attestationProviders",
        "location": "global",
        "properties": {
            "trustModel": "AAD", "status": "Ready", "attestUri": "https://shared.attest.azure.net:8443",
            "publicNetworkAccess": "Enabled", "tpmAttestationAuthentication": "Enabled",
        },
    });
    assert_eq!(all, json!({ "value": [shared] }));
    let at = "/subscriptions/s/providers/Microsoft.Attestation/locations/West%20US/defaultProvider";
    let one = service.arm(Method::GET, at, &Value::Null).await.json();
    assert_eq!(one["location"], "westus");
    assert_eq!(one["name"], "shared");
}

#[tokio::test]
async fn a_method_that_a_resource_does_not_take_is_refused_in_the_usual_form() {
    let service = service(|_| {}).await;
    let answer = service
        .arm(Method::POST, &format!("{GROUP}/contoso"), &Value::Null)
        .await;
    assert_eq!(
        (answer.status.as_u16(), answer.error().0.as_str()),
        (405, "MethodNotAllowed")
    );
}

#[tokio::test]
async fn operations_are_listed() {
    let service = service(|_| {}).await;
    let answer = service
        .arm(
            Method::GET,
            "/providers/Microsoft.Attestation/operations",
            &Value::Null,
        )
        .await
        .json();
    let all = answer["value"].as_array().unwrap();
    assert!(
        all.iter()
            .any(|one| one["name"] == "Microsoft.Attestation/attestationProviders/write")
    );
    assert!(all.iter().all(|one| one["display"]["description"].is_string()));
}

#[tokio::test]
async fn versions_are_required_and_known() {
    let service = service(|_| {}).await;
    for (query, code) in [
        ("?x=1", "MissingApiVersionParameter"),
        ("?api-version=2022-08-01", "InvalidApiVersionParameter"),
        ("?api-version=", "InvalidApiVersionParameter"),
        (
            "?api-version=2021-06-01&api-version=2018-09-01",
            "InvalidApiVersionParameter",
        ),
    ] {
        let answer = service
            .administer(Method::GET, &format!("{GROUP}{query}"), Body::empty())
            .await;
        assert_eq!(
            (answer.status.as_u16(), answer.error().0.as_str()),
            (400, code),
            "{query}"
        );
        assert_eq!(
            answer.json()["error"].as_object().unwrap().len(),
            2,
            "code and message"
        );
    }
}

#[tokio::test]
async fn wrong_requests_are_refused_and_change_nothing() {
    let service = service(|setup| {
        setup.control_plane = ControlPlaneConfig {
            locations: vec!["West US".to_owned(), "eastus".to_owned()],
            max_providers: 2,
            ..ControlPlaneConfig::default()
        };
    })
    .await;
    let many: serde_json::Map<_, _> = (0..51).map(|tag| (format!("t{tag}"), json!("v"))).collect();
    let cases = [
        ("contoso", json!({}), 400, "LocationRequired"),
        ("contoso", json!(["eastus"]), 400, "InvalidRequestContent"),
        (
            "contoso",
            json!({ "location": "eastus", "properties": ["Disabled"] }),
            400,
            "InvalidRequestContent",
        ),
        ("contoso", json!({ "location": 7 }), 400, "InvalidRequestContent"),
        (
            "contoso",
            json!({ "location": "a/b" }),
            400,
            "LocationNotAvailableForResourceType",
        ),
        (
            "contoso",
            json!({ "location": "westeurope" }),
            400,
            "LocationNotAvailableForResourceType",
        ),
        (
            "contoso",
            json!({ "location": "eastus", "tags": many }),
            400,
            "InvalidRequestContent",
        ),
        (
            "contoso",
            json!({ "location": "eastus", "tags": { "a": 1 } }),
            400,
            "InvalidRequestContent",
        ),
        (
            "contoso",
            json!({ "location": "eastus", "properties": { "publicNetworkAccess": "Maybe" } }),
            400,
            "InvalidRequestContent",
        ),
        ("ab", east(), 400, "InvalidResourceName"),
        ("con_toso", east(), 400, "InvalidResourceName"),
        ("sharedeus", east(), 400, "ReservedResourceName"),
        // Of the configuration.
        ("dev", east(), 409, "Conflict"),
    ];
    for (name, body, status, code) in cases {
        let answer = service.create(name, &body).await;
        assert_eq!(
            (answer.status.as_u16(), answer.error().0.as_str()),
            (status, code),
            "{name} {body}: {}",
            answer.text()
        );
    }
    let fifty: serde_json::Map<_, _> = (0..50).map(|tag| (format!("t{tag}"), json!("v"))).collect();
    let created = service
        .create("one", &json!({ "location": "eastus", "tags": fifty }))
        .await;
    assert_eq!(created.status, StatusCode::CREATED);
    // Names are unique in the service, not in the group.
    let elsewhere = GROUP.replace("/rg/", "/other/");
    let taken = service
        .arm(Method::PUT, &format!("{elsewhere}/ONE"), &east())
        .await;
    assert_eq!(
        (taken.status.as_u16(), taken.error().0.as_str()),
        (409, "Conflict")
    );
    assert_eq!(service.create("two", &east()).await.status, StatusCode::CREATED);
    let more = service.create("three", &east()).await;
    assert_eq!(
        (more.status.as_u16(), more.error().0.as_str()),
        (409, "QuotaExceeded")
    );
    let list = service.arm(Method::GET, GROUP, &Value::Null).await.json();
    assert_eq!(list["value"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn the_control_plane_is_not_at_a_providers_address() {
    let service = service(|_| {}).await;
    service.create("contoso", &east()).await;
    let path = format!("{GROUP}/contoso?{VERSION}");
    let by_host = service.at_host("contoso.eus.attest.azure.net", &path).await;
    assert_eq!(by_host.status, 404);
    let by_path = service
        .administer(Method::GET, &format!("/p/contoso{path}"), Body::empty())
        .await;
    assert_eq!(by_path.status, 404);
    let at_base = service.at_host("localhost:8443", &path).await;
    assert_eq!(at_base.status, 200, "{} {}", BASE_URL, at_base.text());
}

#[tokio::test]
async fn nobody_unknown_sees_anything() {
    let service = service(|_| {}).await;
    service.create("contoso", &east()).await;
    for path in [
        GROUP.to_owned(),
        format!("{GROUP}/contoso"),
        format!("{GROUP}/contoso/privateEndpointConnections"),
        "/providers/Microsoft.Attestation/operations".to_owned(),
        "/subscriptions/s/providers/Microsoft.Attestation/defaultProviders".to_owned(),
        "/attestry/v1/deleted-providers".to_owned(),
        "/attestry/v1/providers/contoso/changes".to_owned(),
    ] {
        let answer = service.get(&format!("{path}?{VERSION}")).await;
        assert_eq!(answer.status, 401, "{path}");
        assert_eq!(answer.error().0, "AuthenticationFailed", "{path}");
        assert!(answer.header("www-authenticate").starts_with("Bearer"), "{path}");
    }
}

#[tokio::test]
async fn a_subscription_takes_so_many_providers() {
    let service = service(|setup| setup.control_plane.max_providers_per_subscription = 1).await;
    assert_eq!(service.create("one", &east()).await.status, StatusCode::CREATED);
    // What is there can be changed all the same.
    assert_eq!(service.create("one", &east()).await.status, StatusCode::OK);
    let more = service.create("two", &east()).await;
    assert_eq!(
        (more.status.as_u16(), more.error().0.as_str()),
        (409, "QuotaExceeded")
    );
    let other = GROUP.replace(
        "00000000-0000-0000-0000-000000000000",
        "00000000-0000-0000-0000-000000000001",
    );
    let there = service.arm(Method::PUT, &format!("{other}/two"), &east()).await;
    assert_eq!(there.status, StatusCode::CREATED, "{}", there.text());
}
