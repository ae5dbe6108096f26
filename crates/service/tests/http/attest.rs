//! `POST /attest/{type}` as clients see it, over minted evidence.

use crate::support::{BASE_URL, NOW, Service, Setup, forge};
use attestry_api::{
    AttestationType, b64, hex,
    jwt::{self, UnsignedTokens, Validation},
    policy_hash,
};
use attestry_evidence::{
    dcap::{Staleness, TcbStatus},
    time::UnixTime,
};
use attestry_forge::quote::TdBody;
use attestry_service::provider::ExplainLevel;
use aws_lc_rs::digest::{SHA256, digest};
use serde_json::{Map, Value, json};

pub const SGX: &str = "/attest/SgxEnclave?api-version=2022-08-01";
const OPEN_ENCLAVE: &str = "/attest/OpenEnclave?api-version=2022-08-01";
pub const TDX: &str = "/attest/TdxVm?api-version=2025-06-01";
pub const DATA: &[u8] = br#"{ "jwk": {"y": "2", "x": "1"}, "a": [1, true, null] }"#;

async fn service() -> Service {
    Service::start(Setup::forged(&forge())).await
}

pub fn sgx_quote(data: &[u8]) -> Vec<u8> {
    let forge = forge();
    let mut quote = forge.sgx_quote_spec();
    quote.bind_runtime_data(data);
    forge.sgx_quote(&quote)
}

pub fn data(bytes: &[u8], data_type: &str) -> Value {
    json!({ "data": b64::encode_url(bytes), "dataType": data_type })
}

pub fn sgx_request() -> Value {
    json!({ "quote": b64::encode_url(&sgx_quote(DATA)), "runtimeData": data(DATA, "JSON") })
}

/// The claims of a token that verifies.
async fn claims(service: &Service, token: &str) -> Map<String, Value> {
    let validation = Validation {
        issuer: Some(BASE_URL.to_owned()),
        ..Validation::default()
    };
    jwt::validate(token, &service.keys().await, &validation, NOW)
        .unwrap()
        .claims()
        .clone()
}

async fn attest(service: &Service, path: &str, body: &Value) -> Map<String, Value> {
    let token = service.post(path, body).await.token();
    claims(service, &token).await
}

/// A service whose provider at the base URL has this SGX policy.
async fn with_policy(text: &str, explain: ExplainLevel) -> Service {
    let mut setup = Setup::forged(&forge());
    let provider = setup.main_provider();
    provider.settings.explain = explain;
    provider.policies = vec![(
        AttestationType::SgxEnclave,
        attestry_api::policy_envelope::wrap_unsigned(text),
    )];
    Service::start(setup).await
}

#[tokio::test]
async fn sgx_evidence_with_json_data_gets_every_claim() {
    let service = service().await;
    let quote = sgx_quote(DATA);
    let mut request = sgx_request();
    request["quote"] = b64::encode_url(&quote).into();
    request["nonce"] = "n-1".into();
    let claims = attest(&service, SGX, &request).await;
    assert_eq!(
        claims["x-ms-runtime"],
        serde_json::from_slice::<Value>(DATA).unwrap()
    );
    assert_eq!(claims["nonce"], "n-1");
    assert_eq!(claims["x-ms-attestation-type"], "sgx");
    assert_eq!(claims["x-ms-ver"], "1.0");
    assert_eq!(
        claims["x-ms-policy-hash"],
        policy_hash(attestry_policy::defaults::SGX)
    );
    assert_eq!(
        claims["x-ms-sgx-collateral"]["quotehash"],
        hex::encode(digest(&SHA256, &quote).as_ref())
    );
    assert_eq!(claims["x-ms-sgx-collateral"], claims["maa-attestationcollateral"]);
    // The default policy issues the old names at the top level.
    assert_eq!(claims["sgx-mrenclave"], claims["x-ms-sgx-mrenclave"]);
    assert_eq!(
        (&claims["tee"], &claims["is-debuggable"]),
        (&json!("sgx"), &json!(false))
    );
    assert_eq!(claims["exp"].as_i64(), Some(NOW + 28_800));
    for absent in [
        "x-ms-sgx-ehd",
        "x-ms-policy",
        "x-ms-policy-signer",
        "x-ms-sgx-config-id",
        "x-ms-inittime",
    ] {
        assert!(!claims.contains_key(absent), "{absent}");
    }
    assert!(
        !claims.keys().any(|name| name.starts_with("x-attestry-")),
        "{claims:?}"
    );
}

#[tokio::test]
async fn binary_data_comes_back_under_its_three_names() {
    let service = service().await;
    let request = json!({
        "quote": b64::encode_standard(&sgx_quote(b"\x00\xff")), "runtimeData": data(b"\x00\xff", "Binary"),
    });
    let claims = attest(&service, SGX, &request).await;
    for name in ["x-ms-sgx-ehd", "aas-ehd", "maa-ehd"] {
        assert_eq!(claims[name], "AP8", "{name}");
    }
    assert!(!claims.contains_key("x-ms-runtime"));
}

#[tokio::test]
async fn open_enclave_reports_and_evidence_get_sgx_claims() {
    let (service, forge) = (service().await, forge());
    let mut quote = forge.sgx_quote_spec();
    quote.bind_runtime_data(DATA);
    let report = forge.oe_report(&quote);
    let request = json!({ "report": b64::encode_url(&report), "runtimeData": data(DATA, "JSON") });
    let claims = attest(&service, OPEN_ENCLAVE, &request).await;
    assert_eq!(claims["x-ms-attestation-type"], "sgx");
    // The hash is over the report as posted, header included.
    assert_eq!(
        claims["x-ms-sgx-collateral"]["quotehash"],
        hex::encode(digest(&SHA256, &report).as_ref())
    );
    let evidence = forge.oe_evidence(&forge.sgx_quote_spec(), &[("name", b"value")]);
    let claims = attest(
        &service,
        OPEN_ENCLAVE,
        &json!({ "report": b64::encode_url(&evidence) }),
    )
    .await;
    assert_eq!(claims["x-ms-sgx-mrenclave"].as_str().map(str::len), Some(64));
    // `oe_get_evidence` writes the header of 28 bytes only when asked to; the hash stays over what was posted.
    let bare = &evidence[28..];
    let claims = attest(
        &service,
        OPEN_ENCLAVE,
        &json!({ "report": b64::encode_url(bare) }),
    )
    .await;
    assert_eq!(
        claims["x-ms-sgx-collateral"]["quotehash"],
        hex::encode(digest(&SHA256, bare).as_ref())
    );
    let mut unbound = bare.to_vec();
    *unbound.last_mut().unwrap() ^= 1;
    let answer = service
        .post(OPEN_ENCLAVE, &json!({ "report": b64::encode_url(&unbound) }))
        .await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.inner()["stage"], "parse");
}

#[tokio::test]
async fn tdx_evidence_gets_the_claims_of_its_profile() {
    let (service, forge) = (service().await, forge());
    for body in [TdBody::Td10, TdBody::Td15] {
        let mut quote = forge.tdx_quote_spec(body);
        quote.bind_runtime_data(DATA);
        let quote = b64::encode_url(&forge.tdx_quote(&quote));
        let claims = attest(
            &service,
            TDX,
            &json!({ "quote": quote, "runtimeData": data(DATA, "JSON") }),
        )
        .await;
        assert_eq!(claims["x-ms-attestation-type"], "tdxvm");
        assert_eq!(claims["attester_tcb_status"], "UpToDate");
        assert_eq!(claims["tdx_mrtd"].as_str().map(str::len), Some(96));
        assert_eq!(claims["x-ms-runtime"]["jwk"]["x"], "1");
        assert!(!claims.contains_key("x-ms-sgx-collateral"));
    }
}

#[tokio::test]
async fn init_time_data_is_bound_to_the_configuration_id() {
    let (service, forge) = (service().await, forge());
    let mut quote = forge.sgx_quote_spec();
    quote.report.set_kss(true);
    quote.report.config_id[..32].copy_from_slice(digest(&SHA256, DATA).as_ref());
    let bound = b64::encode_url(&forge.sgx_quote(&quote));
    let claims = attest(
        &service,
        SGX,
        &json!({ "quote": bound, "inittimeData": data(DATA, "JSON") }),
    )
    .await;
    assert_eq!(claims["x-ms-inittime"]["jwk"]["y"], "2");
    assert_eq!(claims["x-ms-sgx-config-id"].as_str().map(str::len), Some(128));

    let other = json!({ "quote": bound, "initTimeData": data(b"{}", "JSON") });
    let answer = service.post(SGX, &other).await;
    assert_eq!(
        (answer.status.as_u16(), answer.inner()["code"].as_str()),
        (400, Some("init_time_data_hash"))
    );
    let without_kss =
        json!({ "quote": b64::encode_url(&sgx_quote(DATA)), "initTimeData": data(DATA, "JSON") });
    let answer = service.post(SGX, &without_kss).await;
    assert_eq!(answer.inner()["code"], "init_time_data_without_kss");
}

#[tokio::test]
async fn runtime_data_that_the_evidence_does_not_vouch_for_is_refused() {
    let service = service().await;
    let mut request = sgx_request();
    request["runtimeData"] = data(b"{}", "JSON");
    let answer = service.post(SGX, &request).await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.error().0, "InvalidParameter");
    let inner = answer.inner();
    assert_eq!(
        (&inner["stage"], &inner["code"]),
        (&json!("binding"), &json!("runtime_data_hash"))
    );
    assert_eq!(inner["expected"], hex::encode(digest(&SHA256, b"{}").as_ref()));
    assert_eq!(inner["found"], hex::encode(digest(&SHA256, DATA).as_ref()));
    assert_eq!(answer.header("x-ms-error-code"), "InvalidParameter");
}

#[tokio::test]
async fn forged_and_broken_evidence_is_refused_with_its_stage() {
    let (service, forge) = (service().await, forge());
    let good = sgx_quote(DATA);
    let refused = async |path: &str, member: &str, evidence: &[u8]| {
        let answer = service
            .post(path, &json!({ member: b64::encode_url(evidence) }))
            .await;
        assert_eq!(
            (answer.status.as_u16(), answer.error().0.as_str()),
            (400, "InvalidParameter")
        );
        answer.inner()["stage"].as_str().unwrap().to_owned()
    };
    let mut flipped = good.clone();
    flipped[48 + 64] ^= 1;
    assert_eq!(refused(SGX, "quote", &flipped).await, "appraisal");
    assert_eq!(refused(SGX, "quote", &good[..good.len() - 1]).await, "parse");
    assert_eq!(refused(OPEN_ENCLAVE, "report", &good[1..]).await, "parse");
    let other_world = attestry_forge::intel::IntelForge::new(attestry_forge::Seed::from_text("other"), NOW);
    let foreign = other_world.sgx_quote(&other_world.sgx_quote_spec());
    assert_eq!(refused(SGX, "quote", &foreign).await, "platform");
    let tdx = forge.tdx_quote(&forge.tdx_quote_spec(TdBody::Td10));
    assert_eq!(refused(SGX, "quote", &tdx).await, "parse");
    assert_eq!(refused(TDX, "quote", &good).await, "parse");
    assert_eq!(refused(OPEN_ENCLAVE, "report", &tdx).await, "parse");
}

#[tokio::test]
async fn a_draft_policy_is_evaluated_and_the_token_is_worth_nothing() {
    let service = service().await;
    let mut request = sgx_request();
    let draft =
        "version=1.0; authorizationrules{=> permit();}; issuancerules{=> issue(type=\"mine\", value=7);};";
    request["draftPolicyForAttestation"] = draft.into();
    let token = service.post(SGX, &request).await.token();
    assert!(token.ends_with('.'));
    let keys = service.keys().await;
    assert!(jwt::validate(&token, &keys, &Validation::default(), NOW).is_err());
    let accept = Validation {
        unsigned: UnsignedTokens::Accept,
        ..Validation::default()
    };
    let draft_token = jwt::validate(&token, &keys, &accept, NOW).unwrap();
    assert_eq!(draft_token.claims()["mine"], 7);
    assert_eq!(draft_token.claims()["x-ms-policy-hash"], policy_hash(draft));
    assert_eq!(draft_token.header()["kid"], keys.keys[0].kid.clone().unwrap());

    request["draftPolicyForAttestation"] = "version= 1.0\n[type==\"a\"] => permit();".into();
    let answer = service.post(SGX, &request).await;
    let (code, message) = answer.error();
    assert_eq!(
        (answer.status.as_u16(), code.as_str()),
        (400, "PolicyParsingError")
    );
    assert!(
        message.starts_with(
            "Invalid policy was specified Msg:[Policy Parser Exception Thrown: Offending symbol: '['"
        ),
        "{message}"
    );
    assert_eq!(answer.inner()["diagnostics"][0]["line"], 2);
}

const DENY_DEBUG: &str = "version=1.0; authorizationrules{\
    [type==\"x-ms-sgx-is-debuggable\", value==true] => permit();}; issuancerules{};";

#[tokio::test]
async fn a_denial_is_told_as_maa_does_and_explained_as_far_as_the_provider_allows() {
    for level in [ExplainLevel::None, ExplainLevel::Reason, ExplainLevel::Full] {
        let service = with_policy(DENY_DEBUG, level).await;
        let answer = service.post(SGX, &sgx_request()).await;
        assert_eq!(answer.status, 400);
        let (code, message) = answer.error();
        assert_eq!(code, "PolicyEvaluationError");
        assert_eq!(
            message,
            "Policy Evaluation Error has occurred Msg:[Policy Engine Exception: A Deny claim was issued, \
             authorization failed.]"
        );
        let inner = answer.inner();
        let reason = inner["message"].as_str().unwrap();
        assert_eq!(
            level != ExplainLevel::None,
            reason.contains("expected value == true, found false"),
            "{reason}"
        );
        assert_eq!(
            level == ExplainLevel::None,
            inner["code"] == "PolicyEvaluationError"
        );
        assert_eq!(level == ExplainLevel::Full, inner["trace"][0]["fired"] == false);
        assert_eq!(level == ExplainLevel::Full, inner["claims"].is_array());
    }
}

#[tokio::test]
async fn what_the_service_vouches_for_cannot_be_issued_by_a_policy() {
    let policy = "version=1.0; authorizationrules{=> permit();}; issuancerules{\
        => issue(type=\"x-ms-sgx-mrsigner\", value=\"00\"); => issue(type=\"iss\", value=\"https://evil\");\
        => issue(type=\"nonce\", value=\"x\"); => issue(type=\"x-ms-sgx-ehd\", value=\"x\");\
        => issue(type=\"x-attestry-dev\", value=false); => issue(type=\"x-ms-policy-signer\", value=\"x\");\
        => issue(type=\"attester_tcb_status\", value=\"UpToDate\"); => issue(type=\"dbgstat\", value=\"disabled\");\
        => issue(type=\"cnf\", value=\"x\"); => issue(type=\"x-ms-compliance-status\", value=\"azure-compliant-cvm\");\
        => issue(type=\"x-ms-sevsnpvm-is-debuggable\", value=false); => issue(type=\"x-ms-isolation-tee\", value=\"x\");\
        => issue(type=\"many\", value=1); => issue(type=\"many\", value=\"two\"); => issue(type=\"one\", value=true);};";
    let service = with_policy(policy, ExplainLevel::Reason).await;
    let claims = attest(&service, SGX, &sgx_request()).await;
    assert_eq!(claims["x-ms-sgx-mrsigner"].as_str().map(str::len), Some(64));
    assert_eq!(claims["iss"], BASE_URL);
    for absent in [
        "nonce",
        "x-ms-sgx-ehd",
        "x-attestry-dev",
        "x-ms-policy-signer",
        "attester_tcb_status",
        "dbgstat",
        "cnf",
        "x-ms-compliance-status",
        "x-ms-sevsnpvm-is-debuggable",
        "x-ms-isolation-tee",
    ] {
        assert!(!claims.contains_key(absent), "{absent}");
    }
    assert_eq!(
        (&claims["many"], &claims["one"]),
        (&json!([1, "two"]), &json!(true))
    );
}

#[tokio::test]
async fn policies_see_the_tcb_and_choose_the_baseline() {
    let policy = |identifier: &str| {
        format!(
            "version=1.1; configurationrules{{=> issueproperty(type=\"x-ms-sgx-tcbidentifier\", \
             value=\"{identifier}\");}}; authorizationrules{{[type==\"x-attestry-tcb-status\", \
             value==\"UpToDate\"] && [type==\"$tee\", value==\"sgx\"] => permit();}}; issuancerules{{}};"
        )
    };
    let service = with_policy(&policy("azuredefault"), ExplainLevel::Reason).await;
    attest(&service, SGX, &sgx_request()).await;
    let service = with_policy(&policy("strange"), ExplainLevel::Reason).await;
    let answer = service.post(SGX, &sgx_request()).await;
    assert_eq!(
        (answer.error().0.as_str(), answer.inner()["code"].as_str()),
        ("InvalidParameter", Some("unknown_baseline"))
    );
    assert_eq!(answer.inner()["found"], "strange");
}

#[tokio::test]
async fn tcb_statuses_are_accepted_as_the_provider_says() {
    let forge = forge();
    let mut quote = forge.sgx_quote_spec();
    // The forge's collateral calls this outdated, and asks for more.
    quote.pck.set_component_svn(0, 9);
    let platform = quote.pck.clone();
    quote.use_platform(platform);
    let request = json!({ "quote": b64::encode_url(&forge.sgx_quote(&quote)) });
    let strict = Service::start(Setup::forged(&forge)).await;
    let answer = strict.post(SGX, &request).await;
    let inner = answer.inner();
    assert_eq!(answer.status, 400, "{}", answer.text());
    assert_eq!(inner["code"], "tcb_status_not_accepted", "{inner}");
    assert_eq!(inner["tcbStatus"], "OutOfDate");
    let short = &inner["shortfalls"][0];
    assert_eq!(
        (&short["component"], &short["found"]),
        (
            &json!("SGX TCB component 1 (BIOS: Early Microcode Update)"),
            &json!(9)
        )
    );
    assert!(short["needed"].as_u64() > Some(9), "{short}");
    assert_eq!(inner["components"]["platform"], "OutOfDate");
    let hint = inner["hint"].as_str().unwrap();
    assert!(
        hint.contains("SGX TCB component 1 (BIOS: Early Microcode Update) from 9 to "),
        "{hint}"
    );
    let mut setup = Setup::forged(&forge);
    setup
        .main_provider()
        .settings
        .accepted_tcb_statuses
        .insert(TcbStatus::OutOfDate);
    let tolerant = Service::start(setup).await;
    attest(&tolerant, SGX, &request).await;
}

#[tokio::test]
async fn development_and_extensions_show_in_the_token_only_when_they_are_on() {
    let mut setup = Setup::forged(&forge());
    let settings = &mut setup.main_provider().settings;
    (settings.development, settings.token_extensions) = (true, true);
    let service = Service::start(setup).await;
    let claims = attest(&service, SGX, &sgx_request()).await;
    assert_eq!(claims["x-attestry-dev"], true);
    assert_eq!(claims["x-attestry-tcb-status"], "UpToDate");
    assert!(!claims.contains_key("x-attestry-warnings"), "{claims:?}");
    assert!(!claims.keys().any(|name| name.starts_with('$')), "{claims:?}");
}

#[tokio::test]
async fn stale_collateral_that_is_tolerated_shows_in_the_token() {
    const DAY: i64 = 86_400;
    let mut setup = Setup::forged(&forge());
    // The forge's documents have a successor due after 30 days.
    setup.now = UnixTime::new(NOW + 31 * DAY);
    setup.staleness = Staleness::Grace { seconds: 10 * 86_400 };
    setup.main_provider().settings.staleness = setup.staleness;
    let service = Service::start(setup).await;
    let claims = attest(&service, SGX, &sgx_request()).await;
    let warnings = claims["x-attestry-warnings"].as_array().unwrap();
    assert!(
        warnings[0].as_str().unwrap().contains(" was due at "),
        "{warnings:?}"
    );
    // The other provider keeps to the dates.
    let answer = service.post(&format!("/p/shared{SGX}"), &sgx_request()).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.inner()["stage"]),
        (400, &json!("collateral"))
    );
}

#[tokio::test]
async fn the_2018_form_is_answered_with_a_bare_string() {
    let service = service().await;
    let request =
        json!({ "Quote": b64::encode_url(&sgx_quote(DATA)), "EnclaveHeldData": b64::encode_url(DATA) });
    for path in [
        "/attest/Tee/SgxEnclave?api-version=2018-09-01-preview",
        "/attest/sgxenclave?api-version=2018-09-01-preview",
    ] {
        let answer = service.post(path, &request).await;
        let token = answer
            .json()
            .as_str()
            .unwrap_or_else(|| panic!("{}", answer.text()))
            .to_owned();
        assert_eq!(claims(&service, &token).await["maa-ehd"], b64::encode_url(DATA));
    }
}

#[tokio::test]
async fn types_of_later_releases_and_unknown_ones_are_refused_clearly() {
    let service = service().await;
    // The default policies of some of them permit anything: good evidence of another type must not get there.
    let quote = b64::encode_url(&sgx_quote(DATA));
    let evidence = json!({ "quote": quote, "report": quote });
    for kind in ["AzureGuest", "Tpm"] {
        for path in [
            format!("/attest/{kind}?api-version=2022-08-01"),
            format!("/attest/{kind}?api-version=2018-09-01-preview"),
            format!("/attest/tee/{kind}?api-version=2022-08-01"),
        ] {
            let answer = service.post(&path, &evidence).await;
            assert_eq!(
                (answer.status.as_u16(), answer.inner()["code"].as_str()),
                (400, Some("unsupported_type")),
                "{path}"
            );
            assert_eq!(
                answer.error().1,
                format!("attest requests for `{kind}` are not supported by this release")
            );
        }
    }
    let answer = service
        .post("/attest/Pluton?api-version=2022-08-01", &json!({}))
        .await;
    assert_eq!(
        (answer.status.as_u16(), answer.inner()["code"].as_str()),
        (400, Some("unknown_type"))
    );
}

#[tokio::test]
async fn shared_providers_issue_under_their_own_name_by_the_policy_of_their_kind() {
    let service = service().await;
    let token = service
        .post(&format!("/p/shared{SGX}"), &sgx_request())
        .await
        .token();
    let issuer = format!("{BASE_URL}/p/shared");
    let validation = Validation {
        issuer: Some(issuer),
        ..Validation::default()
    };
    let valid = jwt::validate(&token, &service.keys().await, &validation, NOW).unwrap();
    assert_eq!(
        valid.claims()["x-ms-policy-hash"],
        policy_hash(attestry_policy::defaults::SGX_SHARED)
    );
    assert_eq!(valid.header()["jku"], format!("{BASE_URL}/p/shared/certs"));
}
