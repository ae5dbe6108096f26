use serde_json::json;

use super::*;

fn read(body: &Value) -> Result<ReleaseRequest, ReleaseRequestError> {
    ReleaseRequest::from_json(body.to_string().as_bytes())
}

#[test]
fn what_is_sent_is_what_is_read() {
    let full = ReleaseRequest {
        target: "a.b.c".to_owned(),
        enc: KeyEncryption::RsaAesKeyWrap384,
        nonce: Some("n".to_owned()),
    };
    assert_eq!(read(&full.to_json()), Ok(full.clone()));
    let plain = ReleaseRequest {
        enc: KeyEncryption::CkmRsaAesKeyWrap,
        nonce: None,
        ..full
    };
    assert_eq!(read(&plain.to_json()), Ok(plain.clone()));
    // The REST interface's default, and null for what is left out.
    assert_eq!(read(&json!({"target": "a.b.c"})), Ok(plain.clone()));
    assert_eq!(
        read(&json!({"target": "a.b.c", "enc": null, "nonce": null})),
        Ok(plain)
    );
}

#[test]
fn every_new_request_has_a_nonce_of_its_own() {
    let new = || ReleaseRequest::new("a.b.c", KeyEncryption::RsaAesKeyWrap256).unwrap();
    let (one, two) = (new(), new());
    assert_ne!(one.nonce, two.nonce);
    assert_eq!(read(&one.to_json()), Ok(one));
}

#[test]
fn what_is_not_a_request_is_refused() {
    for (body, said) in [
        (json!([]), "the request is not a JSON object"),
        (json!({}), "`target` is not there"),
        (json!({"target": 1}), "`target` is not a string"),
        (
            json!({"target": "t", "enc": "RSA-OAEP"}),
            "the key encryption algorithm is `RSA-OAEP`",
        ),
        (json!({"target": "t", "enc": 1}), "`enc` is not a string"),
        (json!({"target": "t", "nonce": 1}), "`nonce` is not a string"),
        (
            json!({"target": "t", "nonce": "n".repeat(MAX_NONCE_BYTES + 1)}),
            "the nonce has 1025 bytes",
        ),
        (json!({"target": "t", "key": {}}), "the unknown member `key`"),
    ] {
        let found = read(&body).unwrap_err().to_string();
        assert!(found.contains(said), "{found}: {said}");
    }
    let twice = ReleaseRequest::from_json(br#"{"target":"a","target":"b"}"#).unwrap_err();
    assert!(twice.to_string().contains("`target` occurs twice"), "{twice}");
    let found = MAX_REQUEST_BYTES + 1;
    assert_eq!(
        ReleaseRequest::from_json(&vec![b' '; found]),
        Err(ReleaseRequestError::TooLarge { found })
    );
    assert!(read(&json!({"target": "t", "nonce": "n".repeat(MAX_NONCE_BYTES)})).is_ok());
}
