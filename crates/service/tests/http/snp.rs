//! `POST /attest/SevSnpVm` as clients see it, over minted evidence, and the recorded exchange with the real service.

use attestry_api::{
    b64,
    jwt::{self, UnsignedTokens, Validation},
};
use attestry_evidence::snp::ClaimProfile;
use attestry_forge::{
    Seed,
    amd::{AmdForge, LineEnds, Processor, ProductLine, SnpEvidence},
};
use serde_json::{Map, Value, json};

use crate::{
    attest::data,
    recorded_exchanges::{read_json, vectors},
    support::{BASE_URL, NOW, Service, Setup, forge},
};

const SNP: &str = "/attest/SevSnpVm?api-version=2022-08-01";
const DATA: &[u8] =
    br#"{"keys": [{"kid": "HCLAkPub", "kty": "RSA"}], "vm-configuration": {"secure-boot": true}}"#;

async fn service() -> Service {
    Service::start(Setup::forged(&forge())).await
}

fn amd() -> AmdForge {
    AmdForge::new(Seed::default(), NOW)
}

fn bound(line: ProductLine) -> SnpEvidence {
    let mut evidence = amd().snp_evidence(line);
    evidence.bind_runtime_data(DATA);
    evidence
}

fn request(evidence: &SnpEvidence) -> Value {
    json!({ "report": b64::encode_url(evidence.to_json(&amd()).as_bytes()), "runtimeData": data(DATA, "JSON") })
}

async fn claims(service: &Service, body: &Value) -> Map<String, Value> {
    let token = service.post(SNP, body).await.token();
    let validation = Validation {
        issuer: Some(BASE_URL.to_owned()),
        ..Validation::default()
    };
    jwt::validate(&token, &service.keys().await, &validation, NOW)
        .unwrap()
        .claims()
        .clone()
}

async fn refusal(service: &Service, body: &Value) -> (u16, String) {
    let answer = service.post(SNP, body).await;
    let code = answer.inner()["code"].as_str().unwrap_or_default().to_owned();
    (answer.status.as_u16(), code)
}

#[tokio::test]
async fn guests_of_every_processor_get_a_token() {
    let service = service().await;
    for (processor, family) in [
        (Processor::Milan, "Milan"),
        (Processor::Genoa, "Genoa"),
        (Processor::Bergamo, "Genoa"),
        (Processor::Siena, "Genoa"),
        (Processor::Turin, "Turin"),
    ] {
        let mut evidence = amd().snp_evidence_of(processor);
        evidence.bind_runtime_data(DATA);
        let claims = claims(&service, &request(&evidence)).await;
        assert_eq!(claims["x-ms-attestation-type"], "sevsnpvm");
        assert_eq!(claims["x-ms-sevsnpvm-chip-family"], family, "{processor:?}");
        assert_eq!(claims["x-ms-sevsnpvm-vmpl"], 0);
        assert_eq!(claims["x-ms-sevsnpvm-is-debuggable"], false);
        assert_eq!(claims["x-ms-runtime"]["vm-configuration"]["secure-boot"], true);
        // The hash of the published default policy.
        assert_eq!(
            claims["x-ms-policy-hash"],
            "9NY0VnTQ-IiBriBplVUpFbczcDaEBUwsiFYAzHu_gco"
        );
        assert_eq!(
            claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(),
            28_800
        );
    }
}

#[tokio::test]
async fn the_profile_of_the_provider_says_which_claims_a_token_has() {
    for (profile, chip_id, chip_family, count) in [
        (ClaimProfile::Of2022, false, false, 17),
        (ClaimProfile::Of2025, true, false, 18),
        (ClaimProfile::Of2026, true, true, 25),
    ] {
        let mut setup = Setup::forged(&forge());
        setup.main_provider().settings.snp_claims = profile;
        let service = Service::start(setup).await;
        // What is not in the token can be asked by a policy all the same.
        let mut body = request(&bound(ProductLine::Milan));
        let claims = claims(&service, &body).await;
        assert_eq!(claims.contains_key("x-ms-sevsnpvm-chipid"), chip_id);
        assert_eq!(claims.contains_key("x-ms-sevsnpvm-chip-family"), chip_family);
        let of_report = claims.keys().filter(|name| name.starts_with("x-ms-sevsnpvm-"));
        assert_eq!(of_report.count(), count);
        body["draftPolicyForAttestation"] = "version= 1.0;authorizationrules{\
            [type==\"x-ms-sevsnpvm-chip-family\", value==\"Milan\"] => permit();};issuancerules{};"
            .into();
        assert_eq!(service.post(SNP, &body).await.status.as_u16(), 200);
    }
}

#[tokio::test]
async fn the_dialects_of_real_clients_are_understood() {
    let service = service().await;
    let mut evidence = bound(ProductLine::Milan);
    evidence.line_ends = LineEnds::CrLf;
    let inner: Value = serde_json::from_str(&evidence.to_json(&amd())).unwrap();
    let (report, chain) = (
        inner["SnpReport"].as_str().unwrap(),
        inner["VcekCertChain"].as_str().unwrap(),
    );
    let standard = |text: &str| b64::encode_standard(&b64::decode_lenient(text).unwrap());
    let spaced = format!(
        "\r\n {{ \"snpreport\": \"{}\",\r\n\t\"VCEKCERTCHAIN\": \"{}\", \"TenantName\": \"x\" }}\r\n",
        standard(report),
        standard(chain)
    );
    let body = json!({
        "Report": b64::encode_standard(spaced.as_bytes()),
        "RuntimeData": {"Data": b64::encode_standard(DATA), "DataType": "json"},
        "initTimeData": {"data": "", "dataType": ""},
        "nonce": 77,
    });
    let number = claims(&service, &body).await;
    assert_eq!(number["nonce"], "77");
    assert!(!number.contains_key("x-ms-inittime"));
    let binary = json!({
        "report": body["Report"],
        "runtimeData": data(DATA, "Binary"),
        "nonce": "n-1",
    });
    let binary = claims(&service, &binary).await;
    assert_eq!(binary["nonce"], "n-1");
    assert!(!binary.contains_key("x-ms-runtime"));
    assert!(
        !binary.contains_key("x-ms-sgx-ehd"),
        "that is a claim of enclaves"
    );
    let without = claims(&service, &json!({ "report": body["Report"] })).await;
    assert!(!without.contains_key("x-ms-runtime"));
    assert!(!without.contains_key("x-ms-compliance-status"));
}

#[tokio::test]
async fn runtime_and_init_time_data_must_be_what_the_report_vouches_for() {
    let service = service().await;
    let policy = br#"{"containers": []}"#;
    let mut evidence = bound(ProductLine::Genoa);
    evidence.bind_init_time_data(policy);
    let mut body = request(&evidence);
    body["initTimeData"] = data(policy, "JSON");
    assert_eq!(
        claims(&service, &body).await["x-ms-inittime"],
        json!({"containers": []})
    );
    let mut other = body.clone();
    other["initTimeData"] = data(br#"{"containers": [1]}"#, "JSON");
    assert_eq!(
        refusal(&service, &other).await,
        (400, "init_time_data_hash".to_owned())
    );
    body["runtimeData"] = data(b"{}", "JSON");
    assert_eq!(
        refusal(&service, &body).await,
        (400, "runtime_data_hash".to_owned())
    );
}

/// A guest may put any JSON into a genuine report. What passes for the paravisor's must have been made at its level,
/// and nothing may stand behind its hash.
#[tokio::test]
async fn runtime_data_of_a_paravisor_come_from_the_highest_level_only() {
    let service = service().await;
    let mut forged = bound(ProductLine::Milan);
    forged.report.vmpl = 2;
    let answer = refusal(&service, &request(&forged)).await;
    assert_eq!(answer, (400, "runtime_vmpl".to_owned()));
    let mut behind = bound(ProductLine::Milan);
    behind.report.report_data[63] = 1;
    let answer = refusal(&service, &request(&behind)).await;
    assert_eq!(answer, (400, "runtime_data_tail".to_owned()));
    // Data of the guest's own say nothing about a paravisor.
    let own = br#"{"purpose": "mine"}"#;
    forged.bind_runtime_data(own);
    let body = json!({
        "report": b64::encode_url(forged.to_json(&amd()).as_bytes()),
        "runtimeData": data(own, "JSON"),
    });
    assert_eq!(claims(&service, &body).await["x-ms-sevsnpvm-vmpl"], 2);
}

#[tokio::test]
async fn a_providers_key_needs_its_certificate_and_no_chip() {
    let service = service().await;
    let mut evidence = bound(ProductLine::Milan);
    let tcb = ProductLine::Milan.default_tcb();
    evidence.use_vlek(&amd(), "cloud.example", tcb);
    let claims = claims(&service, &request(&evidence)).await;
    assert_eq!(claims["x-ms-sevsnpvm-chipid"], "0".repeat(128));
    let without_chain = json!({ "SnpReport": b64::encode_url(&evidence.to_report_bytes()) });
    let body = json!({ "report": b64::encode_url(without_chain.to_string().as_bytes()) });
    let answer = service.post(SNP, &body).await;
    assert_eq!(answer.inner()["code"], "vek_unavailable");
    assert!(answer.error().1.contains("VcekCertChain"), "{}", answer.error().1);
}

#[tokio::test]
async fn refusals_name_the_check() {
    let service = service().await;
    let report = |body: &Value| b64::decode_lenient(body["report"].as_str().unwrap()).unwrap();
    for (field, value, code) in [
        ("report.version", "9", "snp_report_version"),
        ("report.vmpl", "1", "runtime_vmpl"),
        ("report.policy.debug", "true", ""),
        ("report.measurement", "01", "skip"),
    ] {
        let mut evidence = bound(ProductLine::Milan);
        if evidence.set(field, value).is_err() {
            assert_eq!(code, "skip", "{field}");
            continue;
        }
        let body = request(&evidence);
        assert!(!report(&body).is_empty());
        let (status, found) = refusal(&service, &body).await;
        assert_eq!(
            (status == 200, found.as_str()),
            (code.is_empty(), code),
            "{field}"
        );
    }
    let mut flipped = bound(ProductLine::Turin);
    flipped.flip_bits = vec![0x90 * 8];
    assert_eq!(
        refusal(&service, &request(&flipped)).await,
        (400, "snp_signature".to_owned())
    );
    let other_world = AmdForge::new(Seed::from_text("elsewhere"), NOW);
    let foreign = other_world.snp_evidence(ProductLine::Milan);
    let body = json!({ "report": b64::encode_url(foreign.to_json(&other_world).as_bytes()) });
    assert_eq!(refusal(&service, &body).await, (400, "vek_signature".to_owned()));
    let raw = json!({ "report": b64::encode_url(&flipped.to_report_bytes()) });
    assert_eq!(
        refusal(&service, &raw).await,
        (400, "invalid_json_data".to_owned())
    );
}

#[tokio::test]
async fn a_draft_gives_an_unsigned_token() {
    let service = service().await;
    let mut body = request(&bound(ProductLine::Milan));
    body["draftPolicyForAttestation"] =
        "version= 1.0;authorizationrules{c:[type==\"x-ms-sevsnpvm-is-debuggable\", value==false] => permit();};\
         issuancerules{c:[type==\"x-ms-sevsnpvm-vmpl\"] => issue(type=\"level\", value=c.value);};"
            .into();
    let token = service.post(SNP, &body).await.token();
    let validation = Validation {
        unsigned: UnsignedTokens::Accept,
        ..Validation::default()
    };
    let token = jwt::validate(&token, &service.keys().await, &validation, NOW).unwrap();
    assert_eq!(token.claims()["level"], 0);
}

/// Claims that cannot equal the recorded ones: another provider answers at another time. Compliance takes the
/// reference values of an operator; the other members of the two recordings are the same.
const DIFFERENT: [&str; 6] = ["exp", "iat", "iss", "jti", "nbf", "x-ms-compliance-status"];

fn comparable(claims: &Map<String, Value>) -> Map<String, Value> {
    claims
        .iter()
        .filter(|(name, _)| !DIFFERENT.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

async fn with_profile_of_2022() -> Service {
    let mut setup = Setup::forged(&forge());
    setup.main_provider().settings.snp.report_versions = vec![1, 2, 3, 4, 5];
    setup.main_provider().settings.snp_claims = ClaimProfile::Of2022;
    Service::start(setup).await
}

/// The request of the REST specification's example, and the token that the real service answered with.
#[tokio::test]
async fn the_specifications_exchange_gives_the_recorded_claims() {
    let Some(root) = vectors() else { return };
    let exchange = read_json(&root.join("maa/exchanges/spec-attest_SevSnpVm-2022.json"));
    let mut request = exchange["request"]["body_json"].clone();
    // The example leaves out what its token shows.
    request["nonce"] = "noncesevsnp987".into();
    let found = claims(&with_profile_of_2022().await, &request).await;
    let recorded = exchange["decoded"]["token_body"].as_object().unwrap();
    assert_eq!(comparable(&found), comparable(recorded));
}

/// The request of a sample program of Microsoft's, and the token that the real service gave it: no runtime data.
#[tokio::test]
async fn the_samples_exchange_gives_the_recorded_claims() {
    let Some(root) = vectors() else { return };
    let read = |path: &str| std::fs::read_to_string(root.join(path)).unwrap();
    let report = read("maa/evidence/snp/sample-sevsnpvm-report.b64u.txt");
    let found = claims(&with_profile_of_2022().await, &json!({ "report": report.trim() })).await;
    let token = read("snp/maa-tokens/sevsnpvm-2022-no-runtime.jwt");
    let payload = b64::decode_lenient(token.trim().split('.').nth(1).unwrap()).unwrap();
    let recorded: Map<String, Value> = serde_json::from_slice(&payload).unwrap();
    assert_eq!(comparable(&found), comparable(&recorded));
    assert!(!recorded.contains_key("x-ms-compliance-status"));
    assert!(!found.contains_key("x-ms-compliance-status"));
}
