//! Policies and their signing certificates over HTTP: every dialect of the clients, the modes, and what each answers.

use attestry_api::{
    AttestationType, b64,
    jwt::{self, Validation},
    policy_envelope::{EMPTY_ENVELOPE, policy_token_hash, wrap_unsigned},
};
use attestry_service::{provider::ProviderMode, token::SigningAlgorithm};
use http::Method;
use rcgen::{BasicConstraints, IsCa};
use serde_json::{Map, Value, json};

use crate::signing::{Dialect, Signer, certificate_payload, policy_payload, weak_certificate};
use crate::support::{Answer, NOW, ProviderSetup, Service, Setup, forge};

const PERMIT: &str = "version=1.0; authorizationrules{=> permit();}; issuancerules{};";
const MARKED: &str =
    r#"version=1.0; authorizationrules{=> permit();}; issuancerules{=> issue(type="marked", value=true);};"#;
const SGX: &str = "/policies/SgxEnclave?api-version=2020-10-01";
const RESET: &str = "/policies/SgxEnclave:reset?api-version=2020-10-01";
const CERTIFICATES: &str = "/certificates?api-version=2020-10-01";
const ADD: &str = "/certificates:add?api-version=2020-10-01";
const REMOVE: &str = "/certificates:remove?api-version=2020-10-01";

/// Providers `dev` (AAD) at the base URL, `shared`, and `isolated`, which trusts the signers.
async fn service(signers: &[&Signer]) -> Service {
    let mut setup = Setup::forged(&forge());
    let mut isolated = ProviderSetup::new("isolated", ProviderMode::Isolated);
    isolated.signers = signers.iter().map(|signer| signer.jwk()).collect();
    setup.providers.push(isolated);
    Service::start(setup).await
}

fn at(provider: &str, path: &str) -> String {
    format!("/p/{provider}{path}")
}

impl Service {
    async fn put(&self, path: &str, body: &str) -> Answer {
        self.administer(Method::PUT, path, body.to_owned()).await
    }

    async fn act(&self, path: &str, body: &str) -> Answer {
        self.administer(Method::POST, path, body.to_owned()).await
    }

    /// The claims of a management token, but for issuer and times, which are checked.
    async fn managed(&self, answer: Answer) -> Map<String, Value> {
        let token = answer.token();
        let valid = jwt::validate(&token, &self.keys().await, &Validation::default(), NOW).unwrap();
        let mut claims = valid.claims().clone();
        for claim in ["iss", "iat", "nbf", "exp"] {
            assert!(claims.remove(claim).is_some(), "no {claim}");
        }
        claims
    }

    async fn policy(&self, path: &str) -> String {
        let claims = self.managed(self.read_policy(path).await).await;
        claims["x-ms-policy"].as_str().unwrap().to_owned()
    }

    async fn attest(&self, provider: &str) -> Answer {
        let forge = forge();
        let body = json!({ "quote": b64::encode_url(&forge.sgx_quote(&forge.sgx_quote_spec())) });
        self.post(&at(provider, "/attest/SgxEnclave?api-version=2020-10-01"), &body)
            .await
    }
}

fn claims_of(token: &str) -> Value {
    serde_json::from_slice(&b64::decode_url(token.split('.').nth(1).unwrap()).unwrap()).unwrap()
}

#[track_caller]
fn assert_refused(answer: &Answer, code: &str, part: &str) {
    let (found, message) = answer.error();
    assert_eq!((answer.status.as_u16(), found.as_str()), (400, code), "{message}");
    assert!(message.contains(part), "{message}");
}

#[tokio::test]
async fn a_policy_is_set_counts_at_once_and_is_reset() {
    let service = service(&[]).await;
    let default = service.policy(SGX).await;
    let envelope = wrap_unsigned(MARKED);
    let set = service.managed(service.put(SGX, &envelope).await).await;
    assert_eq!(
        Value::Object(set),
        json!({ "x-ms-policy-result": "Updated", "x-ms-policy-token-hash": policy_token_hash(&envelope) })
    );
    assert_eq!(service.policy(SGX).await, envelope);
    assert_eq!(claims_of(&service.attest("dev").await.token())["marked"], true);

    let reset = service.managed(service.act(RESET, EMPTY_ENVELOPE).await).await;
    assert_eq!(Value::Object(reset), json!({ "x-ms-policy-result": "Removed" }));
    assert_eq!(service.policy(SGX).await, default);
    assert_eq!(
        claims_of(&service.attest("dev").await.token()).get("marked"),
        None
    );
}

#[tokio::test]
async fn every_type_takes_a_policy_also_those_without_a_default() {
    let service = service(&[]).await;
    for kind in AttestationType::ALL {
        let path = format!("/policies/{kind}?api-version=2025-06-01");
        let reset = format!("/policies/{kind}:reset?api-version=2025-06-01");
        let before = service.policy(&path).await;
        let envelope = wrap_unsigned(PERMIT);
        service.put(&path, &envelope).await.token();
        assert_eq!(service.policy(&path).await, envelope, "{kind}");
        service.act(&reset, EMPTY_ENVELOPE).await.token();
        assert_eq!(service.policy(&path).await, before, "{kind}");
    }
    assert_eq!(
        service.policy("/policies/tpm?api-version=2020-10-01").await,
        EMPTY_ENVELOPE
    );
}

#[tokio::test]
async fn bodies_come_in_every_dialect_and_the_hash_is_of_the_jws_alone() {
    let service = service(&[]).await;
    let jws = wrap_unsigned(PERMIT);
    let bodies = [
        jws.clone(),
        format!("  {jws}\r\n"),
        format!("\"{jws}\""),
        format!(" \"{jws}\" \n"),
        format!("\u{feff}{jws}"),
        json!({ "token": jws }).to_string(),
    ];
    for body in bodies {
        for content_type in ["text/plain", "application/json", "application/octet-stream"] {
            let request = http::Request::put(SGX)
                .header("authorization", "Bearer test")
                .header("content-type", content_type)
                .body(axum::body::Body::from(body.clone()))
                .unwrap();
            let claims = service.managed(service.send(request).await).await;
            assert_eq!(
                claims["x-ms-policy-token-hash"],
                policy_token_hash(&jws),
                "{body}"
            );
        }
        assert_eq!(service.policy(SGX).await, jws);
    }
}

#[tokio::test]
async fn signed_policies_are_taken_in_every_dialect_and_name_their_signer() {
    let signers = [
        Signer::rsa("rsa"),
        Signer::new(SigningAlgorithm::Es256, "p256"),
        Signer::new(SigningAlgorithm::Es384, "p384"),
    ];
    let service = service(&signers.iter().collect::<Vec<_>>()).await;
    for signer in &signers {
        for dialect in [Dialect::Plain, Dialect::Python, Dialect::DotNet, Dialect::Cpp] {
            // .NET and Python have names of their own for two algorithms only.
            if signer.jwk().kty == "EC"
                && dialect == Dialect::DotNet
                && signer.thumbprint() == signers[2].thumbprint()
            {
                continue;
            }
            let jws = signer.sign_as(dialect, &policy_payload(MARKED));
            for provider in ["dev", "isolated"] {
                let path = at(provider, SGX);
                let claims = service.managed(service.put(&path, &jws).await).await;
                assert_eq!(claims["x-ms-policy-token-hash"], policy_token_hash(&jws));
                let shown = &claims["x-ms-policy-signer"];
                assert_eq!(shown["x5c"], json!(signer.jwk().x5c), "{dialect:?}");
                assert_eq!(
                    (&shown["kty"], &shown["use"]),
                    (&json!(signer.jwk().kty), &json!("sig"))
                );
                assert_eq!(service.policy(&path).await, jws, "{dialect:?}");
                let token = claims_of(&service.attest(provider).await.token());
                assert_eq!(token["marked"], true);
                // In attestation tokens the signer has neither `alg` nor `use`.
                assert_eq!(
                    token["x-ms-policy-signer"],
                    json!({ "kty": signer.jwk().kty, "x5c": signer.jwk().x5c })
                );
            }
        }
    }
}

#[tokio::test]
async fn a_refused_policy_changes_nothing() {
    let service = service(&[]).await;
    let set = wrap_unsigned(MARKED);
    service.put(SGX, &set).await.token();
    let text = |text: &str| wrap_unsigned(text);
    let payload = |payload: &str| format!("eyJhbGciOiJub25lIn0.{}.", b64::encode_url(payload.as_bytes()));
    let signer = Signer::rsa("somebody");
    let signed = signer.sign(&policy_payload(PERMIT));
    let (rest, _) = signed.rsplit_once('.').unwrap();
    let cases = [
        (
            text("version=1.0 authorizationrules{};"),
            "PolicyParsingError",
            "Line: '1', Column: '13'",
        ),
        (text(""), "PolicyParsingError", "Invalid policy"),
        (
            payload(r#"{"AttestationPolicy":"version=1.0; authorizationrules{=> permit();};"}"#),
            "PolicyParsingError",
            "2018-09-01-preview",
        ),
        (
            payload(r#"{"AttestationPolicy":"!"}"#),
            "PolicyParsingError",
            "base64url",
        ),
        (
            payload(r#"{"policy":"e30"}"#),
            "InvalidOperation",
            "AttestationPolicy",
        ),
        (
            payload(r#"{"AttestationPolicy":"e30","AttestationPolicy":"e30"}"#),
            "InvalidOperation",
            "AttestationPolicy",
        ),
        (EMPTY_ENVELOPE.to_owned(), "InvalidOperation", ":reset"),
        (PERMIT.to_owned(), "InvalidOperation", ""),
        (String::new(), "InvalidOperation", ""),
        ("\"".to_owned(), "InvalidOperation", "Malformed JWT"),
        ("{}".to_owned(), "InvalidOperation", "Malformed JWT"),
        ("[]".to_owned(), "InvalidOperation", ""),
        (format!("{rest}.AAAA"), "InvalidOperation", "signature"),
        (format!("{rest}."), "InvalidOperation", "signature"),
        (
            signer.sign_with_header(Dialect::Plain, r#"{"alg":"RS256"}"#, &policy_payload(PERMIT)),
            "InvalidOperation",
            "x5c",
        ),
        (
            signer.sign(&certificate_payload(&signer.jwk())),
            "InvalidOperation",
            "AttestationPolicy",
        ),
    ];
    for (body, code, part) in cases {
        let answer = service.put(SGX, &body).await;
        assert_refused(&answer, code, part);
        assert_eq!(service.policy(SGX).await, set, "{body}");
    }
    let findings = service
        .put(SGX, &text("version=1.0; authorizationrules{ => premit(); };"))
        .await;
    assert_eq!(findings.inner()["diagnostics"][0]["line"], 1);
    assert_eq!(claims_of(&service.attest("dev").await.token())["marked"], true);
}

#[tokio::test]
async fn a_shared_provider_is_read_by_anybody_and_changed_by_nobody() {
    let signer = Signer::rsa("signer");
    let service = service(&[]).await;
    let path = at("shared", SGX);
    let anonymous = service.get(&path).await;
    assert_eq!(service.managed(anonymous).await.len(), 1);
    let certificates = service
        .managed(service.get(&at("shared", CERTIFICATES)).await)
        .await;
    assert_eq!(certificates["x-ms-policy-certificates"], json!({ "keys": [] }));
    let refused = "InvalidOperation";
    assert_refused(
        &service.put(&path, &wrap_unsigned(PERMIT)).await,
        refused,
        "shared provider",
    );
    assert_refused(
        &service.act(&at("shared", RESET), EMPTY_ENVELOPE).await,
        refused,
        "shared provider",
    );
    let body = signer.sign(&certificate_payload(&signer.jwk()));
    assert_refused(&service.act(&at("shared", ADD), &body).await, refused, "isolated");
}

#[tokio::test]
async fn an_isolated_provider_listens_to_its_signers_only() {
    let (trusted, stranger) = (Signer::rsa("trusted"), Signer::rsa("stranger"));
    let service = service(&[&trusted]).await;
    let (sgx, reset) = (at("isolated", SGX), at("isolated", RESET));
    let default = service.policy(&sgx).await;
    // The default policy counts until somebody sets one.
    service.attest("isolated").await.token();

    let unsigned = "Unsigned JWS specified but enclave is configured with signing certificates.";
    assert_refused(
        &service.put(&sgx, &wrap_unsigned(PERMIT)).await,
        "InvalidOperation",
        unsigned,
    );
    assert_refused(
        &service.act(&reset, EMPTY_ENVELOPE).await,
        "InvalidOperation",
        unsigned,
    );
    let unknown = "Unable to find issuer certificate CN=stranger";
    let foreign = stranger.sign(&policy_payload(PERMIT));
    assert_refused(&service.put(&sgx, &foreign).await, "InvalidParameter", unknown);
    assert_refused(
        &service.act(&reset, &stranger.sign("")).await,
        "InvalidParameter",
        unknown,
    );
    assert_eq!(service.policy(&sgx).await, default);

    let own = trusted.sign(&policy_payload(MARKED));
    service.put(&sgx, &own).await.token();
    assert_eq!(service.policy(&sgx).await, own);
    // A signed policy is not a signed reset.
    assert_refused(
        &service.act(&reset, &own).await,
        "InvalidOperation",
        "empty payload",
    );
    assert_eq!(service.policy(&sgx).await, own);
    service.act(&reset, &trusted.sign("")).await.token();
    assert_eq!(service.policy(&sgx).await, default);
}

#[tokio::test]
async fn signers_may_certify_others() {
    let root = Signer::rsa("root");
    let ca = |length| IsCa::Ca(BasicConstraints::Constrained(length));
    let middle = root.certify("middle", ca(0));
    let (leaf, below) = (middle.certify("leaf", IsCa::NoCa), middle.certify("below", ca(0)));
    let service = service(&[&root]).await;
    let sgx = at("isolated", SGX);
    let put = async |signer: &Signer| service.put(&sgx, &signer.sign(&policy_payload(PERMIT))).await;
    put(&middle).await.token();
    put(&leaf).await.token();
    // The root need not come along.
    let mut short = middle.certify("short", IsCa::NoCa);
    short.chain.pop();
    put(&short).await.token();

    let mut gap = middle.certify("gap", IsCa::NoCa);
    gap.chain.remove(1);
    assert_refused(
        &put(&gap).await,
        "InvalidParameter",
        "`CN=gap` is not issued by `CN=root`",
    );
    let too_deep = below.certify("deep", IsCa::NoCa);
    assert_refused(&put(&too_deep).await, "InvalidParameter", "fewer authorities");
    let no_authority = leaf.certify("child", IsCa::NoCa);
    assert_refused(
        &put(&no_authority).await,
        "InvalidParameter",
        "not a certification authority",
    );
    let expired = root.certify_with("expired", |params| {
        params.not_before = rcgen::date_time_ymd(2000, 1, 1);
        params.not_after = rcgen::date_time_ymd(2001, 1, 1);
    });
    assert_refused(
        &put(&expired).await,
        "InvalidParameter",
        "is valid from 946684800 to 978307200",
    );
    // Same names, another key.
    let imposter = Signer::rsa("root").certify("leaf", IsCa::NoCa);
    assert_refused(
        &put(&imposter).await,
        "InvalidParameter",
        "Unable to find issuer certificate CN=root",
    );
}

#[tokio::test]
async fn certificates_are_listed_added_and_removed() {
    let (first, second) = (
        Signer::rsa("first"),
        Signer::new(SigningAlgorithm::Es256, "second"),
    );
    let service = service(&[&first]).await;
    let listed = async || {
        let claims = service
            .managed(service.read_policy(&at("isolated", CERTIFICATES)).await)
            .await;
        claims["x-ms-policy-certificates"]["keys"].clone()
    };
    let shown = |signer: &Signer, algorithm: &str| json!({ "alg": algorithm, "kty": signer.jwk().kty, "use": "sig", "x5c": signer.jwk().x5c });
    assert_eq!(listed().await, json!([shown(&first, "RS256")]));

    let add = first.sign(&certificate_payload(&second.jwk()));
    let expected = |result: &str, signer: &Signer| {
        json!({
            "x-ms-certificate-thumbprint": signer.thumbprint(),
            "x-ms-policycertificates-result": result,
        })
    };
    let bodies = [
        format!("\"{add}\""),
        add.clone(),
        json!({ "policyCertificateToAdd": add }).to_string(),
    ];
    for body in bodies {
        // Adding what is there is no error.
        let claims = service
            .managed(service.act(&at("isolated", ADD), &body).await)
            .await;
        assert_eq!(Value::Object(claims), expected("IsPresent", &second));
        assert_eq!(
            listed().await,
            json!([shown(&first, "RS256"), shown(&second, "ES256")])
        );
    }

    let own_policy = first.sign(&policy_payload(MARKED));
    service.put(&at("isolated", SGX), &own_policy).await.token();
    service.attest("isolated").await.token();
    let remove = second.sign(&certificate_payload(&first.jwk()));
    for body in [
        remove.clone(),
        json!({ "policyCertificateToRemove": remove }).to_string(),
    ] {
        let claims = service
            .managed(service.act(&at("isolated", REMOVE), &body).await)
            .await;
        assert_eq!(Value::Object(claims), expected("IsAbsent", &first));
        assert_eq!(listed().await, json!([shown(&second, "ES256")]));
    }

    // The policy that the removed one signed is shown, and counts no more.
    assert_eq!(service.policy(&at("isolated", SGX)).await, own_policy);
    let refused = service.attest("isolated").await;
    assert_refused(
        &refused,
        "InvalidOperation",
        "the policy for `SgxEnclave` does not count",
    );
    assert_eq!(refused.inner()["code"], "policy_signer_not_trusted");
    let last = second.sign(&certificate_payload(&second.jwk()));
    assert_refused(
        &service.act(&at("isolated", REMOVE), &last).await,
        "InvalidOperation",
        "last",
    );
    // Nor can the removed one undo it.
    assert_refused(
        &service
            .act(
                &at("isolated", ADD),
                &first.sign(&certificate_payload(&first.jwk())),
            )
            .await,
        "InvalidParameter",
        "Unable to find issuer certificate CN=first",
    );
    service
        .put(&at("isolated", SGX), &second.sign(&policy_payload(PERMIT)))
        .await
        .token();
    service.attest("isolated").await.token();
}

#[tokio::test]
async fn certificates_that_cannot_be_signers_are_refused() {
    let signer = Signer::rsa("signer");
    let service = service(&[&signer]).await;
    let payload = |payload: Value| signer.sign(&payload.to_string());
    let jwk = signer.jwk();
    let cases = [
        (
            signer.sign(&policy_payload(PERMIT)),
            "InvalidOperation",
            "policyCertificate",
        ),
        (signer.sign(""), "InvalidOperation", "policyCertificate"),
        (
            payload(json!({ "policyCertificate": { "kty": "RSA" } })),
            "InvalidOperation",
            "x5c",
        ),
        (
            payload(json!({ "policyCertificate": { "kty": "RSA", "x5c": ["AAAA"] } })),
            "InvalidOperation",
            "malformed",
        ),
        (
            payload(json!({ "policyCertificate": jwk, "maa-policyCertificate": jwk })),
            "InvalidOperation",
            "one member",
        ),
        (
            payload(json!({ "policyCertificate": jwk, "AttestationPolicy": "e30" })),
            "InvalidOperation",
            "one member",
        ),
    ];
    for (body, code, part) in cases {
        assert_refused(&service.act(&at("isolated", ADD), &body).await, code, part);
    }
    for name in [
        "policyCertificate",
        "maa-policyCertificate",
        "aas-policyCertificate",
        "x-ms-policyCertificate",
    ] {
        let body = payload(json!({ name: jwk }));
        service.act(&at("isolated", ADD), &body).await.token();
    }
    let body = signer.sign(&certificate_payload(&signer.jwk()));
    for path in [ADD, REMOVE] {
        assert_refused(
            &service.act(path, &body).await,
            "InvalidOperation",
            "isolated mode",
        );
    }
}

#[tokio::test]
async fn a_certificate_that_is_no_authority_is_listed_and_cannot_sign() {
    let signer = Signer::rsa("signer");
    let not_ca = Signer::self_signed(SigningAlgorithm::Rs256, "leaf", IsCa::ExplicitNoCa);
    let service = service(&[&signer]).await;
    let add = signer.sign(&certificate_payload(&not_ca.jwk()));
    service.act(&at("isolated", ADD), &add).await.token();
    let refused = service
        .put(&at("isolated", SGX), &not_ca.sign(&policy_payload(PERMIT)))
        .await;
    assert_refused(
        &refused,
        "InvalidParameter",
        "Unable to find issuer certificate CN=leaf",
    );
    // Were the only one that can sign removed, nobody could change the provider again.
    let remove = signer.sign(&certificate_payload(&signer.jwk()));
    assert_refused(
        &service.act(&at("isolated", REMOVE), &remove).await,
        "InvalidOperation",
        "last",
    );
}

#[tokio::test]
async fn what_the_linter_finds_is_told_beside_the_answer() {
    let service = service(&[]).await;
    let text = "version=1.0;\nauthorizationrules{[type==\"x-ms-sgx-svm\"] => permit();};";
    let answer = service.put(SGX, &wrap_unsigned(text)).await;
    assert_eq!(answer.header("x-attestry-policy-warnings"), "unknown-claim@2:27");
    answer.token();
    let careful =
        "version=1.0; authorizationrules{[type==\"x-ms-sgx-is-debuggable\", value==false] => permit();};";
    let clean = service.put(SGX, &wrap_unsigned(careful)).await;
    assert_eq!(clean.header("x-attestry-policy-warnings"), "");
}

/// What counts as the last certificate is the last one that a signature can be verified with.
#[tokio::test]
async fn a_certificate_with_a_key_too_weak_to_verify_does_not_count() {
    let x5c = json!([weak_certificate()]);
    let signer = Signer::rsa("signer");
    let service = service(&[&signer]).await;
    let weak = json!({ "policyCertificate": { "kty": "RSA", "x5c": x5c } });
    service
        .act(&at("isolated", ADD), &signer.sign(&weak.to_string()))
        .await
        .token();
    let remove = signer.sign(&certificate_payload(&signer.jwk()));
    assert_refused(
        &service.act(&at("isolated", REMOVE), &remove).await,
        "InvalidOperation",
        "no other one could sign",
    );
}
