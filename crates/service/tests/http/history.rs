//! What a policy was, the way back, dry runs, and changes that need a second person.

use attestry_api::{AttestationType, b64, policy_envelope::wrap_unsigned};
use attestry_evidence::time::UnixTime;
use attestry_service::provider::ProviderMode;
use http::{Method, header};
use serde_json::{Value, json};

use crate::signing::{Signer, policy_payload};
use crate::support::{Answer, NOW, ProviderSetup, Service, Setup, forge};

const PERMIT: &str = "version=1.0;\nauthorizationrules{=> permit();};\nissuancerules{};";
const MARKED: &str =
    "version=1.0;\nauthorizationrules{=> permit();};\nissuancerules{=> issue(type=\"marked\", value=true);};";
const DENY: &str = "version=1.0;\nauthorizationrules{=> deny();};";
const SGX: &str = "/policies/SgxEnclave?api-version=2020-10-01";

async fn service(change: impl FnOnce(&mut Setup)) -> Service {
    let mut setup = Setup::forged(&forge());
    change(&mut setup);
    Service::start(setup).await
}

impl Service {
    /// A request of the person `who`.
    async fn as_person(&self, who: &str, method: Method, path: &str, body: &str) -> Answer {
        let request = http::Request::builder()
            .method(method)
            .uri(path)
            .header(header::AUTHORIZATION, format!("Bearer {who}"));
        self.send(request.body(body.to_owned().into()).unwrap()).await
    }

    async fn set(&self, text: &str) {
        self.administer(Method::PUT, SGX, wrap_unsigned(text))
            .await
            .token();
    }

    async fn json_at(&self, path: &str) -> Value {
        let answer = self.administer(Method::GET, path, "").await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    async fn revisions(&self) -> Vec<Value> {
        let history = self.json_at("/attestry/v1/policies/SgxEnclave/history").await;
        history["revisions"].as_array().unwrap().clone()
    }

    async fn attest_sgx(&self) -> Answer {
        let forge = forge();
        let body = json!({ "quote": b64::encode_url(&forge.sgx_quote(&forge.sgx_quote_spec())) });
        self.post("/attest/SgxEnclave?api-version=2020-10-01", &body)
            .await
    }

    async fn roll_back(&self, revision: &Value) -> Answer {
        let body = json!({ "revision": revision }).to_string();
        self.administer(Method::POST, "/attestry/v1/policies/SgxEnclave:rollback", body)
            .await
    }
}

#[tokio::test]
async fn every_change_is_kept_with_who_and_what_it_replaced() {
    let service = service(|_| {}).await;
    service.set(PERMIT).await;
    service.set(MARKED).await;
    let reset = "/policies/SgxEnclave:reset?api-version=2020-10-01";
    let empty = attestry_api::policy_envelope::EMPTY_ENVELOPE;
    service.administer(Method::POST, reset, empty).await.token();

    let revisions = service.revisions().await;
    let operations: Vec<_> = revisions
        .iter()
        .map(|revision| revision["operation"].clone())
        .collect();
    assert_eq!(operations, ["reset", "set", "set"]);
    let numbers: Vec<_> = revisions
        .iter()
        .map(|revision| revision["revision"].clone())
        .collect();
    let previous: Vec<_> = revisions
        .iter()
        .map(|revision| revision["previous"].clone())
        .collect();
    assert_eq!(previous, [numbers[1].clone(), numbers[2].clone(), Value::Null]);
    for revision in &revisions {
        assert!(
            revision["actor"].as_str().unwrap().starts_with("development#"),
            "{revision}"
        );
        assert_eq!(revision["createdAt"], "2027-01-15T08:00:00Z");
    }
    assert_eq!(revisions[2]["policyHash"], attestry_api::policy_hash(PERMIT));
    let path = format!("/attestry/v1/policies/SgxEnclave/history/{}", numbers[1]);
    let marked = service.json_at(&path).await;
    assert_eq!(
        (&marked["policy"], &marked["token"]),
        (&MARKED.into(), &wrap_unsigned(MARKED).into())
    );
    let page = format!(
        "/attestry/v1/policies/SgxEnclave/history?before={}&limit=1",
        numbers[0]
    );
    assert_eq!(service.json_at(&page).await["revisions"], json!([revisions[1]]));
    for path in ["history/999", "history/one"] {
        let path = format!("/attestry/v1/policies/SgxEnclave/{path}");
        assert_eq!(service.administer(Method::GET, &path, "").await.status, 404);
    }
    assert_eq!(
        service
            .get("/attestry/v1/policies/SgxEnclave/history")
            .await
            .status,
        401
    );
}

#[tokio::test]
async fn two_revisions_are_compared_line_by_line() {
    let service = service(|_| {}).await;
    service.set(PERMIT).await;
    service.set(MARKED).await;
    let diff = service.json_at("/attestry/v1/policies/SgxEnclave/diff").await;
    let text = diff["diff"].as_str().unwrap();
    assert!(text.contains("-issuancerules{};"), "{text}");
    assert!(
        text.contains("+issuancerules{=> issue(type=\"marked\", value=true);};"),
        "{text}"
    );
    assert!(text.contains(" authorizationrules{=> permit();};"), "{text}");
    let from_default = service
        .json_at("/attestry/v1/policies/SgxEnclave/diff?from=0")
        .await;
    assert!(
        from_default["diff"]
            .as_str()
            .unwrap()
            .contains("x-ms-sgx-mrsigner")
    );
    let unknown = service
        .administer(Method::GET, "/attestry/v1/policies/SgxEnclave/diff?to=77", "")
        .await;
    assert_eq!(unknown.status, 404);
}

#[tokio::test]
async fn rolling_back_is_a_change_of_its_own() {
    let service = service(|_| {}).await;
    service.set(MARKED).await;
    let marked = service.revisions().await[0]["revision"].clone();
    service.set(DENY).await;
    assert_eq!(service.attest_sgx().await.status, 400);
    let answer = service.roll_back(&marked).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    service.attest_sgx().await.token();
    let newest = service.revisions().await[0].clone();
    assert_eq!(
        (&newest["operation"], &newest["restored"]),
        (&"rollback".into(), &marked)
    );
    assert_eq!(newest["policyHash"], attestry_api::policy_hash(MARKED));
    assert_eq!(service.roll_back(&json!(999)).await.status, 404);
    assert_eq!(service.roll_back(&json!("x")).await.status, 400);
    // A revision of another type is none of this one's.
    let other = "/attestry/v1/policies/OpenEnclave:rollback";
    let body = json!({ "revision": marked }).to_string();
    assert_eq!(service.administer(Method::POST, other, body).await.status, 404);
}

#[tokio::test]
async fn an_isolated_provider_is_rolled_back_by_its_signers_only() {
    let (signer, stranger) = (Signer::rsa("signer"), Signer::rsa("stranger"));
    let jwk = signer.jwk();
    let service = service(|setup| {
        let mut isolated = ProviderSetup::new("isolated", ProviderMode::Isolated);
        isolated.signers = vec![jwk];
        setup.providers.insert(0, isolated);
    })
    .await;
    for text in [MARKED, DENY] {
        let jws = signer.sign(&policy_payload(text));
        service.administer(Method::PUT, SGX, jws).await.token();
    }
    let first = service.revisions().await[1]["revision"].clone();
    let rollback = "/attestry/v1/policies/SgxEnclave:rollback";
    let payload = json!({ "revision": first }).to_string();
    for (body, message) in [
        (payload.clone(), "Unsigned JWS"),
        (stranger.sign(&payload), "Unable to find issuer"),
    ] {
        let answer = service.administer(Method::POST, rollback, body).await;
        assert_eq!(answer.status, 400);
        assert!(answer.error().1.contains(message), "{}", answer.text());
    }
    // Nothing else that the signer signed is an order to roll back, nor is this one anything else.
    let policy = json!({ "revision": first, "AttestationPolicy": b64::encode_url(DENY.as_bytes()) });
    let mixed = service
        .administer(Method::POST, rollback, signer.sign(&policy.to_string()))
        .await;
    assert_eq!(mixed.error().0, "InvalidOperation", "{}", mixed.text());
    let answer = service
        .administer(Method::POST, rollback, signer.sign(&payload))
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    service.attest_sgx().await.token();
    let changes = service.json_at("/attestry/v1/certificates/history").await;
    assert_eq!(
        changes["changes"],
        json!([]),
        "given with the provider, in this test"
    );
}

#[tokio::test]
async fn a_dry_run_tells_what_would_change_and_changes_nothing() {
    let service = service(|setup| setup.main_provider().settings.recorded_decisions = 2).await;
    let dry_run = async |text: &str| {
        let path = "/attestry/v1/policies/SgxEnclave:dryRun";
        let answer = service.administer(Method::POST, path, wrap_unsigned(text)).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    };
    let empty = dry_run(DENY).await;
    assert_eq!(
        (&empty["accepted"], &empty["replay"]["decisions"]),
        (&true.into(), &0.into())
    );
    for _ in 0..3 {
        service.attest_sgx().await.token();
    }
    service.recorded(AttestationType::SgxEnclave, 3).await;

    let same = dry_run(attestry_policy::defaults::SGX).await;
    assert_eq!(
        (&same["replay"]["decisions"], &same["replay"]["unchanged"]),
        (&2.into(), &2.into())
    );
    let denied = dry_run(DENY).await;
    let changed = denied["replay"]["changed"].as_array().unwrap();
    assert_eq!(changed.len(), 2);
    for change in changed {
        assert_eq!(
            (&change["recorded"], &change["current"], &change["candidate"]),
            (&"permit".into(), &"permit".into(), &"deny".into())
        );
    }
    let marked = dry_run(MARKED).await;
    let change = &marked["replay"]["changed"][0];
    assert_eq!(change["added"], json!({ "marked": true }));
    assert!(
        change["removed"]
            .as_object()
            .unwrap()
            .contains_key("sgx-mrsigner")
    );

    let broken = dry_run("version=1.0 authorizationrules{};").await;
    assert_eq!(broken["accepted"], false);
    assert_eq!(broken["refusal"]["code"], "PolicyParsingError");
    let warned = dry_run("version=1.0; authorizationrules{[type==\"x-ms-sgx-svm\"] => permit();};").await;
    assert_eq!(warned["diagnostics"][0]["severity"], "warning", "{warned}");
    assert_eq!(service.revisions().await, Vec::<Value>::new());
}

#[tokio::test]
async fn two_persons_make_a_change() {
    let service = service(|setup| setup.main_provider().settings.two_person = true).await;
    let put = async |who: &str, text: &str| {
        let answer = service
            .as_person(who, Method::PUT, SGX, &wrap_unsigned(text))
            .await;
        assert_eq!(answer.status, 202, "{}", answer.text());
        answer.json()["change"]["id"].as_str().unwrap().to_owned()
    };
    let decide = async |who: &str, id: &str, action: &str| {
        let path = format!("/attestry/v1/changes/{id}:{action}");
        service.as_person(who, Method::POST, &path, "").await
    };
    // What would be refused does not wait for anybody.
    let broken = service
        .as_person("alice", Method::PUT, SGX, &wrap_unsigned("version=1.0"))
        .await;
    assert_eq!(broken.error().0, "PolicyParsingError");

    let id = put("alice", DENY).await;
    service.attest_sgx().await.token();
    let own = decide("alice", &id, "approve").await;
    assert_eq!((own.status.as_u16(), own.error().0.as_str()), (403, "Forbidden"));
    assert_eq!(decide("bob", &id, "approve").await.status, 200);
    assert_eq!(service.attest_sgx().await.error().0, "PolicyEvaluationError");
    assert_eq!(decide("carol", &id, "approve").await.status, 409);
    let revision = service.revisions().await[0].clone();
    assert_ne!(revision["actor"], revision["approver"]);
    assert!(revision["approver"].is_string());

    // Of two that wait, the second is about something else than its author saw.
    let (first, second) = (put("alice", PERMIT).await, put("bob", MARKED).await);
    assert_eq!(decide("carol", &first, "approve").await.status, 200);
    let overtaken = decide("carol", &second, "approve").await;
    assert_eq!(overtaken.status, 409);
    assert!(
        overtaken.error().1.contains("was changed since"),
        "{}",
        overtaken.text()
    );
    assert_eq!(
        decide("bob", &second, "reject").await.json()["change"]["state"],
        "rejected"
    );

    let listed = service.json_at("/attestry/v1/changes").await;
    let states: std::collections::BTreeSet<_> = listed["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| {
            (
                change["id"].as_str().unwrap().to_owned(),
                change["state"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    let expected = [(id, "applied"), (first, "applied"), (second, "rejected")];
    assert_eq!(states, expected.map(|(id, state)| (id, state.to_owned())).into());
    assert_eq!(decide("bob", "0000", "approve").await.status, 404);
}

#[tokio::test]
async fn forgotten_changes_do_not_lock_a_provider() {
    let service = service(|setup| setup.main_provider().settings.two_person = true).await;
    let mut first = String::new();
    for number in 0..100 {
        let text = format!("{PERMIT} // {number}");
        let answer = service
            .as_person("alice", Method::PUT, SGX, &wrap_unsigned(&text))
            .await;
        assert_eq!(answer.status, 202, "{}", answer.text());
        first = answer.json()["change"]["id"].as_str().unwrap().to_owned();
    }
    let put = async || {
        service
            .as_person("bob", Method::PUT, SGX, &wrap_unsigned(DENY))
            .await
    };
    assert_eq!(put().await.error().0, "Conflict");
    // Rejecting makes room at once, and so does time: what has waited for a week counts no more, and can only be
    // rejected.
    let path = format!("/attestry/v1/changes/{first}:reject");
    assert_eq!(
        service.as_person("carol", Method::POST, &path, "").await.status,
        200
    );
    assert_eq!(put().await.status, 202);
}

#[tokio::test]
async fn what_has_waited_for_a_week_can_only_be_rejected() {
    let service = service(|setup| setup.main_provider().settings.two_person = true).await;
    let answer = service
        .as_person("alice", Method::PUT, SGX, &wrap_unsigned(DENY))
        .await;
    let id = answer.json()["change"]["id"].as_str().unwrap().to_owned();
    let week = attestry_service::administration::CHANGE_LIFE_SECONDS;
    let mut old = service.store.change_get("dev", &id).await.unwrap().unwrap();
    old.id = "0".repeat(32);
    for (age, status) in [(week, 409), (week - 1, 200)] {
        old.id.replace_range(..1, if age == week { "a" } else { "b" });
        old.created_at = UnixTime::new(NOW - age);
        service.store.change_put(&old).await.unwrap();
        let path = format!("/attestry/v1/changes/{}:approve", old.id);
        let answer = service.as_person("bob", Method::POST, &path, "").await;
        assert_eq!(answer.status, status, "{}", answer.text());
        if status == 409 {
            assert!(answer.error().1.contains("7 days"), "{}", answer.text());
            let reject = format!("/attestry/v1/changes/{}:reject", old.id);
            assert_eq!(
                service.as_person("bob", Method::POST, &reject, "").await.status,
                200
            );
        }
    }
}

#[tokio::test]
async fn only_so_many_policies_are_tried_at_a_time() {
    let service = service(|_| {}).await;
    let trials: Vec<_> = std::iter::from_fn(|| service.decisions.trial()).collect();
    let path = "/attestry/v1/policies/SgxEnclave:dryRun";
    let busy = service.administer(Method::POST, path, wrap_unsigned(DENY)).await;
    assert_eq!(
        (busy.status.as_u16(), busy.error().0.as_str()),
        (429, "TooManyRequests")
    );
    drop(trials);
    assert_eq!(
        service
            .administer(Method::POST, path, wrap_unsigned(DENY))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn drafts_and_very_large_requests_are_not_recorded_and_denials_are() {
    let service = service(|setup| {
        let provider = setup.main_provider();
        provider.settings.recorded_decisions = 10;
        provider.policies = vec![(AttestationType::SgxEnclave, wrap_unsigned(DENY))];
    })
    .await;
    let forge = forge();
    let quote = b64::encode_url(&forge.sgx_quote(&forge.sgx_quote_spec()));
    let attest = "/attest/SgxEnclave?api-version=2020-10-01";
    let draft = json!({ "quote": quote, "draftPolicyForAttestation": PERMIT });
    service.post(attest, &draft).await.token();
    let large = format!("{}{}", json!({ "quote": quote }), " ".repeat(128 * 1024));
    let request = http::Request::post(attest).body(large.into()).unwrap();
    assert_eq!(service.send(request).await.status, 400);
    assert_eq!(service.metrics.decisions_lost.get(), 1);
    // Evidence that does not stand says nothing about a policy.
    service.post(attest, &json!({ "quote": "AAAA" })).await;
    assert_eq!(service.attest_sgx().await.status, 400);
    service.recorded(AttestationType::SgxEnclave, 1).await;
    let kept = service
        .decisions
        .newest("dev", AttestationType::SgxEnclave, 10)
        .await
        .unwrap();
    assert_eq!(kept.len(), 1);
    let decision = service
        .decisions
        .get("dev", AttestationType::SgxEnclave, kept[0])
        .await
        .unwrap()
        .unwrap();
    assert_eq!(decision.outcome, "deny");
}
