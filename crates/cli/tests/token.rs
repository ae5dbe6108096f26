//! `attestry token` without a service.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test ends where something unexpected happens"
)]

mod common;

use attestry_api::jwk::Jwk;
use attestry_api::{b64, jws};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use common::{attestry_fed, attestry_in};
use serde_json::{Value, json};

/// A token of an issuer `https://a`, valid from 1000 to 2000, and its key set in `jwks.json`.
fn scene() -> (tempfile::TempDir, String) {
    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let point = key.public_key().as_ref();
    let jwk = Jwk {
        kty: "EC".to_owned(),
        crv: Some("P-256".to_owned()),
        kid: Some("k".to_owned()),
        x: Some(b64::encode_url(&point[1..33])),
        y: Some(b64::encode_url(&point[33..])),
        ..Jwk::default()
    };
    let header = json!({"alg": "ES256", "kid": "k", "typ": "JWT"});
    let claims = json!({
        "iss": "https://a", "iat": 1000, "nbf": 1000, "exp": 2000, "sub": "s",
        "x-ms-isolation-tee": {"x-ms-attestation-type": "sevsnpvm", "debug": false, "svn": 3},
    });
    let input = jws::signing_input(&header, &claims);
    let signature = key.sign(&SystemRandom::new(), input.as_bytes()).unwrap();
    let token = jws::assemble(input, signature.as_ref());
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(
        directory.path().join("jwks.json"),
        json!({"keys": [jwk]}).to_string(),
    )
    .unwrap();
    std::fs::write(directory.path().join("token.jwt"), format!("{token}\n")).unwrap();
    (directory, token)
}

#[test]
fn a_token_is_decoded_from_argument_file_and_standard_input() {
    let (directory, token) = scene();
    for argument in [token.as_str(), "token.jwt"] {
        let json = attestry_in(directory.path(), &["token", "inspect", argument, "--json"])
            .exits(0)
            .json();
        assert_eq!(json["claims"]["sub"], "s");
        assert_eq!(json["header"]["alg"], "ES256");
        assert_eq!(json["signed"], true);
    }
    let fed = attestry_fed(directory.path(), &["token", "inspect", "-"], token.as_bytes()).exits(0);
    assert!(
        fed.stdout.contains("1970-01-01T00:33:20Z") && fed.stdout.contains("not verified"),
        "{}",
        fed.stdout
    );
}

#[test]
fn a_token_is_verified_with_a_key_set_as_of_a_time() {
    let (directory, token) = scene();
    let verify = |args: &[&str]| {
        let all = [
            &["token", "verify", "token.jwt", "--jwks", "jwks.json", "--json"],
            args,
        ]
        .concat();
        attestry_in(directory.path(), &all)
    };
    let good = verify(&["--at", "1500"]).exits(0).json();
    assert_eq!(
        (&good["valid"], &good["claims"]["sub"], &good["error"]),
        (&json!(true), &json!("s"), &Value::Null)
    );
    verify(&["--at", "1970-01-01T00:25:00Z", "--issuer", "https://a"]).exits(0);
    for (args, said) in [
        (&["--at", "2000"][..], "expired"),
        (&["--at", "999"], "not valid before"),
        (&["--at", "1500", "--issuer", "https://b"], "issuer"),
        (&[], "expired"),
    ] {
        let refused = verify(args).exits(1).json();
        assert_eq!(refused["valid"], false, "{args:?}");
        assert!(
            refused["error"]["message"].as_str().unwrap().contains(said),
            "{args:?}: {refused}"
        );
    }
    let forged = token.replacen("eyJl", "eyJm", 1);
    let args = ["token", "verify", &forged, "--jwks", "jwks.json", "--at", "1500"];
    assert_ne!(attestry_in(directory.path(), &args).status, 0);
}

#[test]
fn an_unsigned_token_is_never_valid_and_nonsense_is_no_token() {
    let (directory, _) = scene();
    let unsigned = jws::assemble(
        jws::signing_input(
            &json!({"alg": "none"}),
            &json!({"iss": "https://a", "iat": 1000, "nbf": 1000, "exp": 2000}),
        ),
        &[],
    );
    let args = [
        "token",
        "verify",
        &unsigned,
        "--jwks",
        "jwks.json",
        "--at",
        "1500",
    ];
    let run = attestry_in(directory.path(), &args).exits(1);
    assert!(run.stdout.contains("not signed"), "{}", run.stdout);
    let run = attestry_in(directory.path(), &["token", "inspect", "jwks.json"]).exits(2);
    assert!(run.stderr.contains("not a token"), "{}", run.stderr);
    attestry_in(directory.path(), &["token", "verify", "token.jwt"]).exits(2);
}

/// `token verify` with a release policy of this authority and condition, as text and as JSON.
fn verify_against(authority: &str, condition: &Value, status: i32) -> (String, Value) {
    let (directory, _) = scene();
    let policy = json!({"version": "1.0.0", "anyOf": [{"authority": authority, "allOf": [condition]}]});
    std::fs::write(directory.path().join("policy.json"), policy.to_string()).unwrap();
    let args = [
        &[
            "token",
            "verify",
            "token.jwt",
            "--jwks",
            "jwks.json",
            "--at",
            "1500",
        ][..],
        &["--release-policy", "policy.json"],
    ]
    .concat();
    let text = attestry_in(directory.path(), &args).exits(status).stdout;
    let json = attestry_in(directory.path(), &[&args[..], &["--json"]].concat())
        .exits(status)
        .json();
    (text, json)
}

#[test]
fn a_release_policy_that_is_met_is_met() {
    let condition = json!({"allOf": [
        {"claim": "x-ms-isolation-tee.x-ms-attestation-type", "equals": "sevsnpvm"},
        {"claim": "x-ms-isolation-tee.debug", "equals": "false"},
        {"claim": "x-ms-isolation-tee.svn", "greaterOrEquals": 3},
    ]});
    let (text, json) = verify_against("https://a/", &condition, 0);
    assert!(text.contains("released: by `https://a/` (anyOf[0])"), "{text}");
    assert_eq!((&json["valid"], &json["error"]), (&json!(true), &Value::Null));
    assert_eq!(json["release"]["released"], true);
    assert_eq!(json["release"]["issuer"], "https://a");
}

#[test]
fn a_release_policy_that_is_not_met_is_explained() {
    let condition = json!({"claim": "x-ms-isolation-tee.svn", "greater": 3});
    let (text, json) = verify_against("https://a", &condition, 1);
    let message = "the claim `x-ms-isolation-tee.svn` is the number 3, it must be greater than the number 3";
    assert!(text.contains("not released:") && text.contains(message), "{text}");
    assert!(text.contains("anyOf[0].allOf[0]"), "{text}");
    assert_eq!(
        json["release"]["authorities"],
        json!([{
            "place": "anyOf[0]", "authority": "https://a", "is_issuer": true, "released": false,
            "unmet": [{
                "place": "anyOf[0].allOf[0]", "claim": "x-ms-isolation-tee.svn", "operator": "greater",
                "expected": 3, "found": 3, "message": message,
            }],
        }])
    );
    assert_eq!(json["valid"], true);
    assert!(
        json["error"]["message"].as_str().unwrap().contains(message),
        "{json}"
    );

    let (text, json) = verify_against("https://b", &json!({"claim": "sub", "equals": "s"}), 1);
    assert!(
        text.contains("issuer `https://a` is no authority of the release policy"),
        "{text}"
    );
    assert_eq!(json["release"]["authorities"][0]["is_issuer"], false);
}

#[test]
fn a_release_policy_never_makes_up_for_a_bad_token() {
    let (directory, _) = scene();
    let policy =
        r#"{"version":"1.0.0","anyOf":[{"authority":"https://a","allOf":[{"claim":"sub","exists":true}]}]}"#;
    std::fs::write(directory.path().join("policy.json"), policy).unwrap();
    let with = |at, policy| {
        let keys = ["token", "verify", "token.jwt", "--jwks", "jwks.json", "--at", at];
        attestry_in(
            directory.path(),
            &[&keys[..], &["--release-policy", policy]].concat(),
        )
    };
    assert!(with("2000", "policy.json").exits(1).stdout.contains("expired"));
    with("1500", "policy.json").exits(0);
    std::fs::write(
        directory.path().join("bad.json"),
        r#"{"version":"1.0.0","anyOf":[]}"#,
    )
    .unwrap();
    let bad = with("1500", "bad.json").exits(2);
    assert!(
        bad.stderr.contains("`bad.json`: `anyOf` is empty"),
        "{}",
        bad.stderr
    );
    with("1500", "absent.json").exits(2);
}
