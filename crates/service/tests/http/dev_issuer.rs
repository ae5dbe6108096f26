//! The token issuer of development mode, as clients of OAuth 2.0 use it.

use std::sync::Arc;

use attestry_api::jwk::JwkSet;
use attestry_api::jwt::{Validation, validate};
use attestry_service::authn::{Authenticator, DevelopmentIssuer};
use attestry_service::config::Config;
use axum::body::Body;
use http::{Request, StatusCode, header};
use serde_json::Value;

use super::support::{Answer, BASE_URL, NOW, Service, Setup, forge};

const METADATA: &str = "/Contoso/v2.0/.well-known/openid-configuration";
const TOKEN: &str = "/contoso/oauth2/v2.0/token";
const SCOPE: &str = "scope=https%3A%2F%2Fattest.azure.net%2F.default";
const POLICY: &str = "/policies/SgxEnclave?api-version=2020-10-01";

async fn service() -> Service {
    let config = Config::default();
    let embedded = DevelopmentIssuer::new(BASE_URL).unwrap();
    let authenticator =
        Authenticator::new_for_development(&config.authentication, &config.authorization, embedded);
    Service::start(Setup {
        authenticator: Arc::new(authenticator.unwrap()),
        ..Setup::forged(&forge())
    })
    .await
}

async fn ask(service: &Service, path: &str, form: &str) -> Answer {
    let request = Request::post(path).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    service
        .send(request.body(Body::from(form.to_owned())).unwrap())
        .await
}

async fn token_for(service: &Service, client: &str) -> String {
    let form = format!("grant_type=client_credentials&client_id={client}&client_secret=s&{SCOPE}");
    let answer = ask(service, TOKEN, &form).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    answer.json()["access_token"].as_str().unwrap().to_owned()
}

async fn with_token(service: &Service, request: http::request::Builder, token: &str) -> StatusCode {
    let request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    let body = Body::from("eyJhbGciOiJub25lIn0..");
    service.send(request.body(body).unwrap()).await.status
}

#[tokio::test]
async fn its_metadata_lead_to_keys_and_tokens_that_hold() {
    let service = service().await;
    let metadata = service.get(METADATA).await.json();
    assert_eq!(metadata["issuer"], format!("{BASE_URL}/contoso/v2.0"));
    let path = |member: &str| metadata[member].as_str().unwrap().strip_prefix(BASE_URL).unwrap();
    let keys = JwkSet::from_json(&service.get(path("jwks_uri")).await.bytes).unwrap();
    let form = format!("client_id=c&client_secret=s&grant_type=client_credentials&{SCOPE}");
    let answer = ask(&service, path("token_endpoint"), &form).await;
    assert_eq!(answer.header("cache-control"), "no-store");
    let answer = answer.json();
    assert_eq!(answer["token_type"], "Bearer");
    assert_eq!(answer["expires_in"], 3_600);

    let expected = Validation {
        issuer: Some(format!("{BASE_URL}/contoso/v2.0")),
        ..Validation::default()
    };
    let token = validate(answer["access_token"].as_str().unwrap(), &keys, &expected, NOW).unwrap();
    let claim = |name: &str| token.claims()[name].clone();
    assert_eq!(claim("aud"), "https://attest.azure.net");
    assert_eq!(claim("exp"), NOW + 3_600);
    assert_eq!(claim("appid"), "c");
    assert_eq!(claim("oid"), claim("sub"));
    assert_eq!(claim("roles").as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn clients_named_as_roles_have_those_rights_and_no_more() {
    let service = service().await;
    for (client, read, reset) in [
        ("reader", 200, 403),
        ("contributor", 200, 200),
        ("owner", 200, 200),
        ("operator", 200, 403),
        ("my-test", 200, 200),
    ] {
        let token = token_for(&service, client).await;
        assert_eq!(
            with_token(&service, Request::get(POLICY), &token).await,
            read,
            "{client}"
        );
        let action = Request::post("/policies/SgxEnclave:reset?api-version=2020-10-01");
        assert_eq!(with_token(&service, action, &token).await, reset, "{client}");
    }
}

#[tokio::test]
async fn a_forged_token_of_its_is_refused_where_any_other_text_passes() {
    let service = service().await;
    let token = token_for(&service, "reader").await;
    let (input, _) = token.rsplit_once('.').unwrap();
    assert_eq!(with_token(&service, Request::get(POLICY), "anything").await, 200);
    assert_eq!(
        with_token(&service, Request::get(POLICY), &format!("{input}.AAAA")).await,
        401
    );
}

#[tokio::test]
async fn the_older_endpoint_takes_a_resource_and_answers_in_text() {
    let service = service().await;
    let form = "grant_type=client_credentials&client_id=c&client_secret=s&resource=https%3A%2F%2Fmanagement.azure.com%2F";
    let answer = ask(&service, "/contoso/oauth2/token", form).await.json();
    assert_eq!(answer["resource"], "https://management.azure.com/");
    assert_eq!(answer["expires_in"], "3600");
    assert_eq!(answer["expires_on"], (NOW + 3_600).to_string());
    let token = answer["access_token"].as_str().unwrap();
    assert_eq!(with_token(&service, Request::get(POLICY), token).await, 200);
}

#[tokio::test]
async fn a_client_may_authenticate_by_header() {
    let service = service().await;
    let by = async |credentials: &str| {
        let request = Request::post(TOKEN)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::AUTHORIZATION, credentials);
        let form = format!("grant_type=client_credentials&{SCOPE}");
        service.send(request.body(Body::from(form)).unwrap()).await
    };
    // `my%20client:secret`
    let answer = by("Basic bXklMjBjbGllbnQ6c2VjcmV0").await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    // No secret; not base64; another scheme.
    for credentials in ["Basic cmVhZGVyOg==", "Basic !", "Bearer cmVhZGVyOnM="] {
        let answer = by(credentials).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert_eq!(answer.header("www-authenticate"), "Basic");
        assert_eq!(answer.json()["error"], "invalid_client");
    }
}

#[tokio::test]
async fn requests_that_are_wrong_get_the_errors_of_the_standard() {
    let service = service().await;
    let good = format!("grant_type=client_credentials&client_id=c&client_secret=s&{SCOPE}");
    for (form, status, error) in [
        (String::new(), 400, "invalid_request"),
        (
            good.replace("client_credentials", "password"),
            400,
            "unsupported_grant_type",
        ),
        (
            good.replace("grant_type=client_credentials&", ""),
            400,
            "invalid_request",
        ),
        (good.replace("client_secret=s&", ""), 401, "invalid_client"),
        (
            good.replace("client_secret=s", "client_secret="),
            401,
            "invalid_client",
        ),
        (good.replace(".default", ""), 400, "invalid_scope"),
        (
            good.replace("https%3A%2F%2Fattest.azure.net", ""),
            400,
            "invalid_scope",
        ),
        (format!("{good}&client_id=d"), 400, "invalid_request"),
        (format!("{good}{}", "&a=b".repeat(100)), 400, "invalid_request"),
    ] {
        let answer = ask(&service, TOKEN, &form).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.json()["error"]),
            (status, &Value::from(error)),
            "{form}"
        );
        assert!(answer.json()["error_description"].is_string());
    }
    let json = Request::post(TOKEN).header(header::CONTENT_TYPE, "application/json");
    let answer = service.send(json.body(Body::from("{}")).unwrap()).await;
    assert_eq!(answer.json()["error"], "invalid_request");
    let answer = ask(&service, "/con%20toso/oauth2/v2.0/token", &good).await;
    assert_eq!(answer.json()["error"], "invalid_request");
    assert_eq!(service.get(TOKEN).await.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn outside_of_development_mode_there_is_none() {
    let service = Service::start(Setup::forged(&forge())).await;
    assert_eq!(service.get(METADATA).await.status, StatusCode::NOT_FOUND);
    assert_eq!(ask(&service, TOKEN, "").await.status, StatusCode::NOT_FOUND);
}
