use crate::b64;
use serde_json::json;

use super::*;

fn sgx(body: &Value) -> Result<AttestRequest, RequestError> {
    AttestRequest::from_json(body.to_string().as_bytes(), AttestationType::SgxEnclave)
}

#[test]
fn member_names_ignore_case_and_unknown_ones_are_ignored() {
    let request = sgx(&json!({
        "QUOTE": "AQI", "RuntimeData": {"Data": "AwQ=", "DATATYPE": "binary"},
        "inittimeData": null, "TenantName": "x",
    }))
    .unwrap();
    assert_eq!(request.evidence, [1, 2]);
    assert_eq!(
        request.runtime_data,
        Some(AttestedData {
            bytes: vec![3, 4],
            content: DataContent::Binary
        })
    );
    assert_eq!(request.init_time_data, None);
}

#[test]
fn each_type_has_its_own_evidence_member() {
    let body = br#"{"report":"AQI"}"#;
    assert_eq!(
        AttestRequest::from_json(body, AttestationType::OpenEnclave)
            .unwrap()
            .evidence,
        [1, 2]
    );
    assert_eq!(
        AttestRequest::from_json(body, AttestationType::TdxVm),
        Err(RequestError::Missing {
            member: "quote".to_owned()
        })
    );
    assert_eq!(
        AttestRequest::from_json(body, AttestationType::Tpm),
        Err(RequestError::Unsupported {
            kind: AttestationType::Tpm
        })
    );
}

#[test]
fn a_member_given_twice_in_different_case_is_refused() {
    assert_eq!(
        AttestRequest::from_json(br#"{"quote":"AQI","Quote":"AwQ"}"#, AttestationType::SgxEnclave)
            .unwrap_err()
            .code(),
        "duplicate_member"
    );
    assert!(matches!(
        AttestRequest::from_json(br#"{"quote":"AQI","quote":"AwQ"}"#, AttestationType::SgxEnclave),
        Err(RequestError::Json(_))
    ));
    let nested = sgx(&json!({"quote": "AQI", "runtimeData": {"data": "", "Data": "AA"}})).unwrap_err();
    assert!(matches!(nested, RequestError::Duplicate { member } if member.starts_with("runtimeData.")));
}

#[test]
fn json_data_keeps_its_bytes_and_its_object() {
    let text = "{ \"b\": 1, \"a\": [null] }";
    let data = json!({"data": b64::encode_url(text.as_bytes()), "dataType": "JSON"});
    let request = sgx(&json!({"quote": "AQI", "runtimeData": data})).unwrap();
    let data = request.runtime_data.unwrap();
    assert_eq!(data.bytes, text.as_bytes());
    assert_eq!(
        data.content,
        DataContent::Json(json!({"b": 1, "a": [null]}).as_object().unwrap().clone())
    );
}

#[test]
fn json_data_that_is_not_an_object_is_refused() {
    for text in ["[]", "1", "", "{", "{\"a\":1,\"a\":2}", "\u{feff}{}"] {
        let data = json!({"data": b64::encode_url(text.as_bytes()), "dataType": "JSON"});
        let error = sgx(&json!({"quote": "AQI", "initTimeData": data})).unwrap_err();
        assert_eq!(
            (error.code(), error.member()),
            ("invalid_json_data", "initTimeData.data"),
            "{text}"
        );
    }
}

#[test]
fn empty_data_of_no_type_is_absent_but_typed_data_is_not() {
    let with = |data: Value| sgx(&json!({"quote": "AQI", "initTimeData": data}));
    assert_eq!(
        with(json!({"data": "", "dataType": ""})).unwrap().init_time_data,
        None
    );
    assert_eq!(with(json!({})).unwrap().init_time_data, None);
    // Declared empty bytes are data like any other: they must be bound to the evidence.
    let declared = with(json!({"data": "", "dataType": "Binary"}))
        .unwrap()
        .init_time_data;
    assert_eq!(declared.map(|data| data.bytes), Some(vec![]));
    // A known fault of the Python client: JSON without data.
    let missing = with(json!({"data": null, "dataType": "JSON"})).unwrap_err();
    assert_eq!(
        missing,
        RequestError::Missing {
            member: "initTimeData.data".to_owned()
        }
    );
    let unknown = with(json!({"data": "AA", "dataType": "XML"})).unwrap_err();
    assert_eq!(unknown.code(), "unknown_data_type");
}

#[test]
fn nonces_are_strings_or_integers() {
    let nonce = |value: Value| sgx(&json!({"quote": "AQI", "nonce": value})).map(|request| request.nonce);
    assert_eq!(nonce(json!("a \u{1f511}")), Ok(Some("a \u{1f511}".to_owned())));
    assert_eq!(
        nonce(json!(1_234_567_890_123_u64)),
        Ok(Some("1234567890123".to_owned()))
    );
    assert_eq!(nonce(json!(0)), Ok(None));
    assert_eq!(nonce(json!(null)), Ok(None));
    assert_eq!(nonce(json!(1.5)).unwrap_err().code(), "wrong_type");
    assert_eq!(nonce(json!([])).unwrap_err().code(), "wrong_type");
}

#[test]
fn wrong_types_and_bad_base64_name_the_member() {
    let error = sgx(&json!({"quote": 7})).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the member `quote` must be a string, not a number"
    );
    let error = sgx(&json!({"quote": "A!I"})).unwrap_err();
    assert_eq!(
        error,
        RequestError::Base64 {
            member: "quote".to_owned(),
            error: Base64Error::Character { position: 1 }
        }
    );
    assert_eq!(sgx(&json!([])), Err(RequestError::NotAnObject));
    assert_eq!(
        sgx(&json!({"quote": "AA", "runtimeData": "AA"}))
            .unwrap_err()
            .member(),
        "runtimeData"
    );
}

#[test]
fn the_2018_form_carries_enclave_held_data() {
    let body = br#"{"Quote":"AQI","EnclaveHeldData":"AwQ"}"#;
    let request = AttestRequest::from_json_2018(body, AttestationType::OpenEnclave).unwrap();
    assert_eq!(request.evidence, [1, 2]);
    assert_eq!(
        request.runtime_data,
        Some(AttestedData {
            bytes: vec![3, 4],
            content: DataContent::Binary
        })
    );
}

#[test]
fn neither_form_reads_requests_of_types_that_are_not_attested() {
    for kind in [AttestationType::AzureGuest, AttestationType::Tpm] {
        let refused = Err(RequestError::Unsupported { kind });
        let body = br#"{"quote":"AQI","report":"AQI"}"#;
        assert_eq!(AttestRequest::from_json(body, kind), refused);
        assert_eq!(AttestRequest::from_json_2018(body, kind), refused);
    }
}

#[test]
fn reports_of_snp_guests_are_not_read_in_the_form_of_2018() {
    let kind = AttestationType::SevSnpVm;
    let body = br#"{"quote":"AQI","report":"AwQ"}"#;
    assert_eq!(AttestRequest::from_json(body, kind).unwrap().evidence, [3, 4]);
    assert_eq!(
        AttestRequest::from_json_2018(body, kind),
        Err(RequestError::Unsupported { kind })
    );
}

#[test]
fn runtime_data_with_an_integer_that_would_be_rewritten_is_refused() {
    let data = b64::encode_url(br#"{"serial": 18446744073709551616}"#);
    let error = sgx(&json!({"quote": "AA", "runtimeData": {"data": data, "dataType": "JSON"}})).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the member `runtimeData.data` is declared as JSON, but is not a JSON object that a token can carry: \
         an integer does not fit into 64 bits at line 1, column 12"
    );
}
