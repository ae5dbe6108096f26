use attestry_policy::Issuer;

use super::*;

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        other => panic!("not an object: {other}"),
    }
}

fn issued(name: &str, value: impl Into<PolicyValue>) -> Claim {
    Claim::new(name, value, Issuer::AttestationPolicy)
}

#[test]
fn arrays_become_several_claims_and_objects_json_where_the_language_has_it() {
    let service =
        object(json!({"x-ms-sgx-svn": 7, "x-ms-sgx-collateral": {"quotehash": "00"}, "nothing": null}));
    let facts = Claims::from([(
        "x-attestry-advisory".to_owned(),
        json!(["INTEL-SA-1", "INTEL-SA-2"]),
    )]);
    let object = Claim::from_service("x-ms-sgx-collateral", r#"{"quotehash":"00"}"#);
    let expected = [
        Claim::from_service("x-ms-sgx-svn", 7),
        Claim::from_service("x-attestry-advisory", "INTEL-SA-1"),
        Claim::from_service("x-attestry-advisory", "INTEL-SA-2"),
    ];
    for version in [Version::V1_0, Version::V1_1] {
        assert_eq!(incoming(&service, &facts, version).as_slice(), expected);
    }
    let newest = incoming(&service, &facts, Version::V1_2);
    assert!(newest.as_slice().contains(&object));
    assert_eq!(newest.len(), 4);
}

#[test]
fn one_value_is_a_scalar_and_several_are_an_array() {
    let claims = issued_by_policy(&[issued("a", 1), issued("b", "x"), issued("a", true)]);
    assert_eq!(Value::Object(claims), json!({"a": [1, true], "b": "x"}));
}

#[test]
fn reserved_names_are_not_the_policys_to_issue() {
    let families = [
        "x-ms-sgx-config-id",
        "tdx_mrtd",
        "x-ms-sevsnpvm-launchmeasurement",
        "x-ms-azurevm-vmid",
        "x-ms-isolation-tee",
        "x-ms-isolation-tee-other",
        "x-ms-tpm-pcr",
        "x-ms-policy",
        "x-ms-policy-hash",
        "x-ms-policy-signer",
        "x-ms-policy-result",
        "x-ms-certificate-thumbprint",
        "x-attestry-warnings",
    ];
    let names = [
        claim::ISS,
        claim::IAT,
        claim::NBF,
        claim::EXP,
        claim::JTI,
        claim::VERSION,
        claim::ATTESTATION_TYPE,
        claim::RUNTIME,
        claim::INIT_TIME,
        claim::NONCE,
        "cnf",
        "attester_tcb_status",
        "dbgstat",
        "eat_profile",
        "intuse",
        "x-ms-compliance-status",
        "secureboot",
        "ver",
        "rp_data",
        "policy_hash",
        "maa-policyHash",
        "policy_signer",
        "aud",
        "sub",
    ];
    let deprecated = claim::SGX_EHD_DEPRECATED;
    for name in names.into_iter().chain(deprecated).chain(families) {
        assert_eq!(issued_by_policy(&[issued(name, "x")]), Map::new(), "{name}");
    }
    // MAA's default policy issues these.
    let old = [
        "is-debuggable",
        "sgx-mrsigner",
        "sgx-mrenclave",
        "product-id",
        "svn",
        "tee",
    ];
    let claims: Vec<_> = old.into_iter().map(|name| issued(name, "x")).collect();
    assert_eq!(issued_by_policy(&claims).len(), old.len());
}

#[test]
fn binary_runtime_data_has_claims_for_enclaves_only() {
    let request = AttestRequest {
        evidence: Vec::new(),
        runtime_data: Some(attestry_api::request::AttestedData {
            bytes: vec![0xff],
            content: DataContent::Binary,
        }),
        init_time_data: None,
        draft_policy: None,
        nonce: None,
    };
    let sgx = of_request(&request, AttestationType::OpenEnclave);
    assert_eq!(
        Value::Object(sgx),
        json!({"aas-ehd": "_w", "maa-ehd": "_w", "x-ms-sgx-ehd": "_w"})
    );
    assert_eq!(of_request(&request, AttestationType::TdxVm), Map::new());
}

#[test]
fn every_claim_about_evidence_is_reserved() {
    // As recorded MAA tokens have them.
    let recorded = [
        "attester_tcb_status",
        "cnf",
        "dbgstat",
        "eat_profile",
        "intuse",
        "tdx_seam_attributes",
        "x-ms-attestation-type",
        "x-ms-compliance-status",
        "x-ms-runtime",
        "x-ms-sevsnpvm-is-debuggable",
        "x-ms-sgx-is-debuggable",
        "x-ms-ver",
    ];
    for name in recorded {
        assert_eq!(issued_by_policy(&[issued(name, true)]), Map::new(), "{name}");
    }
}
