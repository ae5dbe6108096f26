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
fn arrays_become_several_claims_and_objects_none() {
    let service =
        object(json!({"x-ms-sgx-svn": 7, "x-ms-sgx-collateral": {"quotehash": "00"}, "nothing": null}));
    let facts = Claims::from([(
        "x-attestry-advisory".to_owned(),
        json!(["INTEL-SA-1", "INTEL-SA-2"]),
    )]);
    let claims = incoming(&service, &facts);
    let expected = [
        Claim::from_service("x-ms-sgx-svn", 7),
        Claim::from_service("x-attestry-advisory", "INTEL-SA-1"),
        Claim::from_service("x-attestry-advisory", "INTEL-SA-2"),
    ];
    assert_eq!(claims.as_slice(), expected);
}

#[test]
fn one_value_is_a_scalar_and_several_are_an_array() {
    let claims = issued_by_policy(&[issued("a", 1), issued("b", "x"), issued("a", true)]);
    assert_eq!(Value::Object(claims), json!({"a": [1, true], "b": "x"}));
}

#[test]
fn reserved_names_are_not_the_policys_to_issue() {
    let reserved =
        RESERVED_NAMES
            .into_iter()
            .chain(["x-ms-sgx-config-id", "tdx_mrtd", "x-attestry-warnings"]);
    let claims: Vec<_> = reserved.map(|name| issued(name, "x")).collect();
    assert_eq!(issued_by_policy(&claims), Map::new());
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
