use super::*;

fn options(ca_pem: Option<&[u8]>, identity_pem: Option<&[u8]>) -> Options {
    Options {
        ca_pem: ca_pem.map(<[u8]>::to_vec),
        identity_pem: identity_pem.map(<[u8]>::to_vec),
        bearer: None,
        timeout: Duration::from_secs(1),
    }
}

fn endpoint(text: &str) -> Result<String, ClientError> {
    Transport::new(text, options(None, None)).map(|transport| transport.endpoint().to_owned())
}

#[test]
fn an_endpoint_is_https_or_plain_http_on_loopback() {
    assert_eq!(
        endpoint("https://attest.example/"),
        Ok("https://attest.example".to_owned())
    );
    assert_eq!(
        endpoint("https://localhost:8443/p/one/"),
        Ok("https://localhost:8443/p/one".to_owned())
    );
    for loopback in [
        "http://127.0.0.1:80",
        "http://localhost:8080",
        "http://dev.localhost:1",
        "http://[::1]:9",
    ] {
        assert!(endpoint(loopback).is_ok(), "{loopback}");
    }
    for bad in [
        "http://attest.example",
        "ftp://localhost",
        "attest.example",
        "https://a/?x=1",
        "https://u@a/",
        "",
    ] {
        assert!(
            matches!(endpoint(bad), Err(ClientError::Endpoint { .. })),
            "{bad}"
        );
    }
}

#[test]
fn a_file_without_certificates_is_no_authority() {
    let result = Transport::new("https://localhost", options(Some(b"not a certificate"), None));
    assert!(matches!(result, Err(ClientError::CertificateAuthority { .. })));
}

#[test]
fn a_file_without_certificate_and_key_is_no_identity() {
    let result = Transport::new("https://localhost", options(None, Some(b"not a certificate")));
    assert!(matches!(result, Err(ClientError::Identity { .. })));
}

#[test]
fn a_refusal_keeps_the_services_explanation() {
    let body = br#"{"error":{"code":"InvalidParameter","message":"the quote is bad",
        "innererror":{"code":"quote_version","message":"m","stage":"parse","field":"version","expected":"3","found":"9"}}}"#;
    let error = service_error(400, body, Some("id".to_owned()), None);
    assert!(error.is_refusal());
    let ClientError::Service {
        code,
        message,
        inner: Some(inner),
        ..
    } = error
    else {
        panic!("{error:?}")
    };
    assert_eq!(
        (code.as_str(), message.as_str()),
        ("InvalidParameter", "the quote is bad")
    );
    assert_eq!(inner.found.as_deref(), Some("9"));
}

#[test]
fn an_answer_that_is_not_in_the_services_form_is_still_an_error() {
    let error = service_error(502, b"<html>Bad Gateway</html>", None, Some(3));
    assert!(!error.is_refusal());
    let ClientError::Service {
        status: 502,
        code,
        retry_after: Some(3),
        ..
    } = error
    else {
        panic!("{error:?}")
    };
    assert_eq!(code, "");
}
