//! `attestry policy eval`: decisions, their explanation, and what scripts rely on.

#![expect(
    clippy::unwrap_used,
    reason = "a test ends where something unexpected happens"
)]

mod common;

use std::path::Path;

use common::{Forged, Run, attestry_fed, attestry_in};
use serde_json::{Value, json};

const POLICY: &str = r#"version=1.1;
configurationrules { => issueproperty(type="x-ms-sgx-tcbidentifier", value="azuredefault"); };
authorizationrules {
    [type=="x-ms-sgx-is-debuggable", value==true] => deny();
    [type=="x-ms-sgx-svn", value>=1] && [type=="x-ms-sgx-mrsigner"] => permit();
};
issuancerules {
    c:[type=="x-ms-sgx-svn"] => issue(type="svn", value=c.value);
    => issueproperty(type="omit_x5c", value=true);
};
"#;

fn directory() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("policy.txt"), POLICY).unwrap();
    directory
}

fn eval(directory: &Path, claims: &str, more: &[&str]) -> Run {
    let args = [&["policy", "eval", "policy.txt", "--claims", "-"], more].concat();
    attestry_fed(directory, &args, claims.as_bytes())
}

const SOUND: &str = r#"{"x-ms-sgx-is-debuggable": false, "x-ms-sgx-svn": 2, "x-ms-sgx-mrsigner": "ab"}"#;

#[test]
fn a_permission_shows_what_is_issued_and_why() {
    let directory = directory();
    let text = eval(directory.path(), SOUND, &[]).exits(0).stdout;
    insta::assert_snapshot!("policy-eval-permit", text);

    let json = eval(directory.path(), SOUND, &["--json"]).exits(0).json();
    assert_eq!(json["decision"], "permit");
    assert_eq!(json["error"], Value::Null);
    assert_eq!(json["reason"], Value::Null);
    let svn = json!({"type": "svn", "value": 2, "valueType": "Integer", "issuer": "AttestationPolicy"});
    assert_eq!(json["outgoing"], json!([svn]));
    assert_eq!(json["properties"][0]["type"], "omit_x5c");
    assert_eq!(json["configuration"][0]["value"], "azuredefault");
    let given = json!({
        "type": "x-ms-sgx-is-debuggable", "value": false, "valueType": "Boolean", "issuer": "AttestationService",
    });
    assert_eq!(json["incoming"][0], given);
    let fired: Vec<_> = json["trace"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rule| rule["fired"].as_bool().unwrap())
        .collect();
    assert_eq!(fired, [false, true, true, true]);
    assert_eq!(json["trace"][1]["line"], 5);
}

#[test]
fn a_denial_shows_what_would_have_to_change() {
    let directory = directory();
    let text = eval(directory.path(), r#"{"x-ms-sgx-svn": 0}"#, &[])
        .exits(1)
        .stdout;
    insta::assert_snapshot!("policy-eval-deny", text);

    let json = eval(directory.path(), r#"{"x-ms-sgx-svn": 0}"#, &["--json"])
        .exits(1)
        .json();
    assert_eq!(
        (&json["decision"], &json["error"]),
        (&json!("deny"), &Value::Null)
    );
    assert_eq!(json["outgoing"], json!([]));
    assert_eq!(json["reason"]["rule"]["line"], 5);
    assert_eq!(json["reason"]["misses"][0]["expected"], json!([1]));
    assert_eq!(json["reason"]["misses"][0]["found"], json!([0]));
    assert_eq!(json["reason"]["to_permit"].as_array().unwrap().len(), 2);

    let debug = SOUND.replace("false", "true");
    let json = eval(directory.path(), &debug, &["--json"]).exits(1).json();
    assert_eq!(json["reason"]["rule"]["number"], 1);
}

#[test]
fn claims_may_be_listed_with_their_issuer() {
    let directory = directory();
    let claims = r#"[{"type": "x-ms-sgx-svn", "value": 2, "valueType": "Integer"},
        {"type": "x-ms-sgx-mrsigner", "value": "ab", "issuer": "CustomClaim"}]"#;
    let json = eval(directory.path(), claims, &["--json"]).exits(0).json();
    assert_eq!(json["incoming"][0]["issuer"], "AttestationService");
    assert_eq!(json["incoming"][1]["issuer"], "CustomClaim");

    for (claims, told) in [
        ("{", "EOF"),
        (r#"{"a": 1.5}"#, "`1.5` is not a 64-bit integer"),
        (
            r#"[{"type": "a", "value": 1, "issuer": "me"}]"#,
            "unknown issuer `me`",
        ),
        (r#"{"a": 1, "a": 2}"#, "claim `a` stands there twice"),
    ] {
        let refused = eval(directory.path(), claims, &[]).exits(2);
        assert!(
            refused.stderr.contains(told) && refused.stderr.contains("is not a claims file"),
            "{}",
            refused.stderr
        );
    }
}

#[test]
fn a_broken_policy_and_a_failed_evaluation_are_refusals() {
    let directory = directory();
    std::fs::write(
        directory.path().join("broken.txt"),
        "version=1.0; authorizationrules { => premit(); };",
    )
    .unwrap();
    let args = ["policy", "eval", "broken.txt", "--claims", "-"];
    let text = attestry_fed(directory.path(), &args, b"{}").exits(1).stdout;
    assert!(text.contains("did you mean `permit`?"), "{text}");
    let json = attestry_fed(directory.path(), &[&args[..], &["--json"]].concat(), b"{}")
        .exits(1)
        .json();
    assert_eq!(
        (&json["decision"], &json["error"]["code"]),
        (&json!("deny"), &json!("not-a-policy"))
    );
    assert_eq!(json["error"]["diagnostics"][0]["line"], 1);

    let failing = r#"version=1.0; authorizationrules { => permit(); };
        issuancerules { c:[type=="a"] => issue(type=c.value, value=1); };"#;
    std::fs::write(directory.path().join("failing.txt"), failing).unwrap();
    let args = ["policy", "eval", "failing.txt", "--claims", "-", "--json"];
    let json = attestry_fed(directory.path(), &args, br#"{"a": 3}"#)
        .exits(1)
        .json();
    assert_eq!(
        (&json["decision"], &json["error"]["code"]),
        (&json!("deny"), &json!("evaluation"))
    );
    assert_eq!(json["incoming"][0]["value"], 3);
    assert!(
        json["error"]["message"].as_str().unwrap().contains("line 2"),
        "{json}"
    );
}

#[test]
fn evidence_is_verified_and_gives_the_claims_of_the_service() {
    let forged = Forged::new();
    forged.write("policy.txt", POLICY.as_bytes());
    let run = |more: &[&str]| {
        let args = [
            "policy",
            "eval",
            "--json",
            "policy.txt",
            "--type",
            "sgx-enclave",
            "--evidence",
            "quote.bin",
            "--collateral",
            "sgx-collateral.json",
        ];
        forged.attestry(&[&args[..], more].concat())
    };
    let json = run(&["--root", "root.pem", "--runtime-data", "runtime.json"])
        .exits(0)
        .json();
    assert_eq!(json["decision"], "permit");
    let incoming = json["incoming"].as_array().unwrap();
    // The old names are there too, as in the service.
    for name in ["x-ms-sgx-mrenclave", "$is-debuggable", "x-ms-attestation-type"] {
        assert!(
            incoming.iter().any(|claim| claim["type"] == name),
            "{name}: {incoming:#?}"
        );
    }

    let json = run(&[]).exits(1).json();
    assert_eq!(json["decision"], "deny");
    assert_eq!(json["error"]["stage"], "platform", "{json}");
    forged.write("other.json", b"{}");
    let json = run(&["--root", "root.pem", "--runtime-data", "other.json"])
        .exits(1)
        .json();
    assert!(json["error"]["message"].is_string(), "{json}");
}

#[test]
fn claims_or_evidence_are_needed_not_both() {
    let directory = directory();
    for args in [
        &["policy", "eval", "policy.txt"][..],
        &["policy", "eval", "policy.txt", "--evidence", "quote.bin"],
        &[
            "policy",
            "eval",
            "policy.txt",
            "--claims",
            "a",
            "--evidence",
            "b",
            "--type",
            "tdx-vm",
        ],
        &["policy", "eval", "missing.txt", "--claims", "-"],
        &["policy", "eval", "-", "--claims", "-"],
    ] {
        attestry_in(directory.path(), args).exits(2);
    }
}

#[test]
fn claims_cannot_write_to_the_terminal() {
    let directory = directory();
    let hostile = r#"{"x-ms-sgx-is-debuggable": true, "a\u001b[2J": "b\u001b[31m\n", "x-ms-sgx-svn": "\u001b]0;c\u0007"}"#;
    for policy in [
        POLICY.to_owned(),
        POLICY.replace("=> deny()", "=> permit()"),
        POLICY.replace("[type==\"x-ms-sgx-is-debuggable\", value==true]", ""),
        r#"version=1.0; authorizationrules { => permit(); };
           issuancerules { c:[issuer=="AttestationService"] => issue(claim=c); };"#
            .to_owned(),
    ] {
        std::fs::write(directory.path().join("policy.txt"), policy).unwrap();
        let run = eval(directory.path(), hostile, &[]);
        let printed = run
            .stdout
            .chars()
            .filter(|printed| printed.is_control() && *printed != '\n');
        assert_eq!(printed.count(), 0, "{run:?}");
    }
}
