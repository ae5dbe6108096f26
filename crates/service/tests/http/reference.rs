//! `x-ms-compliance-status` as clients see it: an operator's reference values decide it, policies can ask what they say.

use std::sync::Arc;

use attestry_api::{
    b64,
    jwt::{self, Validation},
};
use attestry_evidence::{azure::uvm::UvmTrust, hex, reference::ReferenceValues};
use attestry_forge::{
    Seed,
    amd::{AmdForge, ProductLine, SnpEvidence},
    azure::{UvmAuthority, UvmEndorsement},
    quote::TdBody,
};
use attestry_service::collateral::UvmVerifier;
use serde_json::{Map, Value, json};

use crate::{
    attest::data,
    support::{BASE_URL, NOW, Service, Setup, forge},
};

const SNP: &str = "/attest/SevSnpVm?api-version=2022-08-01";
const TDX: &str = "/attest/TdxVm?api-version=2025-06-01";
const DATA: &[u8] = br#"{"keys": [{"kid": "HCLAkPub", "kty": "RSA"}]}"#;
const STATUS: &str = "x-ms-compliance-status";

/// Values for this guest, current at the test's time.
fn values(evidence: &SnpEvidence) -> Value {
    json!({
        "version": 7,
        "issued": "2027-01-01T00:00:00Z",
        "expires": "2027-04-01T00:00:00Z",
        "hcl": { "snp": [{ "name": "hcl", "id_key_digest": hex::encode(&evidence.report.id_key_digest) }] },
        "chips": { "deny": { "Milan": ["ab".repeat(64)] } },
    })
}

async fn service(values: &Value, token_extensions: bool) -> Service {
    let mut setup = Setup::forged(&forge());
    let settings = &mut setup.main_provider().settings;
    let values = ReferenceValues::parse(values.to_string().as_bytes()).unwrap();
    settings.reference = Some(Arc::new(values));
    settings.token_extensions = token_extensions;
    Service::start(setup).await
}

fn guest() -> SnpEvidence {
    let mut evidence = AmdForge::new(Seed::default(), NOW).snp_evidence(ProductLine::Milan);
    evidence.bind_runtime_data(DATA);
    evidence
}

fn request(evidence: &SnpEvidence) -> Value {
    let report = evidence.to_json(&AmdForge::new(Seed::default(), NOW));
    json!({ "report": b64::encode_url(report.as_bytes()), "runtimeData": data(DATA, "JSON") })
}

async fn claims(service: &Service, path: &str, body: &Value) -> Map<String, Value> {
    let token = service.post(path, body).await.token();
    let validation = Validation {
        issuer: Some(BASE_URL.to_owned()),
        ..Validation::default()
    };
    jwt::validate(&token, &service.keys().await, &validation, NOW)
        .unwrap()
        .claims()
        .clone()
}

#[tokio::test]
async fn a_guest_with_a_known_paravisor_is_compliant() {
    let evidence = guest();
    let service = service(&values(&evidence), false).await;
    let token = claims(&service, SNP, &request(&evidence)).await;
    assert_eq!(token[STATUS], "azure-compliant-cvm");
    // As of everything that MAA's tokens do not have.
    assert!(!token.keys().any(|name| name.starts_with("x-attestry-reference")));

    let mut unbound = request(&evidence);
    unbound.as_object_mut().unwrap().remove("runtimeData");
    let token = claims(&service, SNP, &unbound).await;
    assert!(!token.contains_key(STATUS));

    let mut other = guest();
    other.report.id_key_digest = [9; 48];
    let token = claims(&service, SNP, &request(&other)).await;
    assert!(!token.contains_key(STATUS));

    // Bytes that nothing vouches for are no paravisor's.
    let mut rest = guest();
    rest.report.report_data[63] = 1;
    let refused = service.post(SNP, &request(&rest)).await;
    assert_eq!(refused.status.as_u16(), 400);
    assert_eq!(refused.inner()["code"], "runtime_data_tail");
}

#[tokio::test]
async fn without_reference_values_nothing_is_compliant() {
    let service = Service::start(Setup::forged(&forge())).await;
    let token = claims(&service, SNP, &request(&guest())).await;
    assert!(!token.contains_key(STATUS));
}

#[tokio::test]
async fn policies_and_extended_tokens_have_what_was_compared() {
    let evidence = guest();
    let service = service(&values(&evidence), true).await;
    let mut body = request(&evidence);
    let token = claims(&service, SNP, &body).await;
    assert_eq!(token["x-attestry-reference-version"], 7);
    assert_eq!(token["x-attestry-reference-current"], true);
    assert_eq!(token["x-attestry-reference-matched"], json!(["hcl"]));
    assert_eq!(token["x-attestry-snp-chip-denied"], false);

    for (condition, status) in [
        (
            r#"type=="x-ms-compliance-status", value=="azure-compliant-cvm""#,
            200,
        ),
        (r#"type=="x-attestry-reference-matched", value=="hcl""#, 200),
        (r#"type=="x-attestry-reference-matched", value=="other""#, 400),
        (r#"type=="x-attestry-snp-chip-denied", value==true"#, 400),
    ] {
        let policy =
            format!("version= 1.0;authorizationrules{{[{condition}] => permit();}};issuancerules{{}};");
        body["draftPolicyForAttestation"] = policy.into();
        let answer = service.post(SNP, &body).await;
        assert_eq!(answer.status.as_u16(), status, "{condition}: {}", answer.text());
    }
}

#[tokio::test]
async fn expired_values_make_nothing_compliant_and_say_so() {
    let evidence = guest();
    let mut expired = values(&evidence);
    expired["expires"] = json!("2027-01-02T00:00:00Z");
    let service = service(&expired, true).await;
    let token = claims(&service, SNP, &request(&evidence)).await;
    assert!(!token.contains_key(STATUS));
    assert_eq!(token["x-attestry-reference-current"], false);
    let warnings = token["x-attestry-warnings"].as_array().unwrap();
    let warning = "the reference values expired at 2027-01-02T00:00:00Z";
    assert!(warnings.contains(&json!(warning)), "{warnings:?}");
}

#[tokio::test]
async fn a_trust_domain_with_a_known_paravisor_is_compliant() {
    let forge = forge();
    let mut quote = forge.tdx_quote_spec(TdBody::Td10);
    quote.bind_runtime_data(DATA);
    let entry = json!({ "name": "hcl-tdx", "mrtd": hex::encode(&quote.report.mr_td) });
    let mut file = values(&guest());
    file["hcl"]["tdx"] = json!([entry]);
    let body = json!({
        "quote": b64::encode_url(&forge.tdx_quote(&quote)),
        "runtimeData": data(DATA, "JSON"),
    });
    let known = service(&file, false).await;
    assert_eq!(claims(&known, TDX, &body).await[STATUS], "azure-compliant-cvm");
    file["hcl"]["tdx"][0]["mrtd"] = json!("99".repeat(48));
    let unknown = service(&file, false).await;
    assert!(!claims(&unknown, TDX, &body).await.contains_key(STATUS));
}

/// A service that believes the forge's endorsements, and takes them for containers.
async fn container_service(evidence: &SnpEvidence, authority: &UvmAuthority) -> Service {
    let mut file = values(evidence);
    file["hcl"] = json!({});
    file["uvm"] = json!([{
        "name": "containers",
        "issuer": authority.did_by_eku(),
        "feed": "ContainerPlat-AMD-UVM",
        "minimum_svn": 104,
        "status": "azure-compliant-uvm",
    }]);
    let mut setup = Setup::forged(&forge());
    let (roots, stamps) = (authority.root.to_der(), authority.time_stamp_root.to_der());
    setup.uvm = UvmVerifier::new(UvmTrust::from_certificates(&[roots], &[stamps]).unwrap(), 0);
    let settings = &mut setup.main_provider().settings;
    settings.reference = Some(Arc::new(
        ReferenceValues::parse(file.to_string().as_bytes()).unwrap(),
    ));
    settings.token_extensions = true;
    Service::start(setup).await
}

#[tokio::test]
async fn a_container_group_is_compliant_by_its_endorsement() {
    let authority = UvmAuthority::new(NOW);
    let mut evidence = guest();
    let service = container_service(&evidence, &authority).await;
    let mut endorsement = UvmEndorsement::new(&authority, &evidence.report.measurement);
    evidence.uvm_endorsements = vec![endorsement.mint()];
    for _ in 0..2 {
        let token = claims(&service, SNP, &request(&evidence)).await;
        assert_eq!(token[STATUS], "azure-compliant-uvm");
        assert_eq!(token["x-attestry-uvm-feed"], "ContainerPlat-AMD-UVM");
        assert_eq!(token["x-attestry-uvm-svn"], 104);
        assert_eq!(token["x-attestry-uvm-issuer"], authority.did_by_eku());
        assert_eq!(token["x-attestry-reference-matched"], json!(["containers"]));
    }

    // Too old for the operator, who is not the one to refuse evidence.
    endorsement.svn = 103;
    evidence.uvm_endorsements = vec![endorsement.mint()];
    let token = claims(&service, SNP, &request(&evidence)).await;
    assert!(!token.contains_key(STATUS));
    assert_eq!(token["x-attestry-uvm-svn"], 103);

    // An endorsement of something else is none.
    endorsement.measurement = vec![7; 48];
    evidence.uvm_endorsements = vec![endorsement.mint()];
    let token = claims(&service, SNP, &request(&evidence)).await;
    assert!(!token.contains_key(STATUS));
    assert!(!token.contains_key("x-attestry-uvm-svn"));
}

#[tokio::test]
async fn endorsements_of_nobody_known_are_refused() {
    let authority = UvmAuthority::new(NOW);
    let mut evidence = guest();
    let believing = container_service(&evidence, &authority).await;
    let good = UvmEndorsement::new(&authority, &evidence.report.measurement).mint();
    let mut broken = UvmEndorsement::new(&authority, &evidence.report.measurement);
    broken.flip_bits = vec![good.len() * 8 - 1];
    for endorsements in [vec![broken.mint()], vec![good.clone(); 9]] {
        evidence.uvm_endorsements = endorsements;
        let answer = believing.post(SNP, &request(&evidence)).await;
        assert_eq!(answer.status.as_u16(), 400, "{}", answer.text());
    }
    evidence.uvm_endorsements = vec![good];
    let elsewhere = service(&values(&evidence), true).await;
    let answer = elsewhere.post(SNP, &request(&evidence)).await;
    assert_eq!(answer.status.as_u16(), 400, "{}", answer.text());
}
