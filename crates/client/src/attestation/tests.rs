use super::*;

#[test]
fn a_request_carries_what_was_set_and_nothing_else() {
    let bare = Attestation::new(AttestationType::SgxEnclave, vec![0xfb, 0xff])
        .to_json()
        .unwrap();
    assert_eq!(bare, json!({"quote": "-_8"}));

    let full = Attestation::new(AttestationType::OpenEnclave, vec![1])
        .runtime_data(Data::Json(b"{ \"a\": 1 }".to_vec()))
        .init_time_data(Data::Binary(vec![0]))
        .draft_policy("version= 1.0;")
        .nonce("n")
        .to_json()
        .unwrap();
    assert_eq!(
        full,
        json!({
            "report": "AQ",
            // The bytes as given, blanks included: the evidence binds their hash.
            "runtimeData": {"data": "eyAiYSI6IDEgfQ", "dataType": "JSON"},
            "initTimeData": {"data": "AA", "dataType": "Binary"},
            "draftPolicyForAttestation": "version= 1.0;",
            "nonce": "n",
        })
    );
}

#[test]
fn every_type_names_its_evidence_as_the_rest_interface_does() {
    let member = |kind| {
        let body = Attestation::new(kind, vec![1]).to_json().unwrap();
        body.as_object().unwrap().keys().next().unwrap().clone()
    };
    assert_eq!(member(AttestationType::SgxEnclave), "quote");
    assert_eq!(member(AttestationType::TdxVm), "quote");
    assert_eq!(member(AttestationType::OpenEnclave), "report");
    assert_eq!(member(AttestationType::SevSnpVm), "report");
    assert_eq!(member(AttestationType::AzureGuest), "attestationInfo");
}

#[test]
fn json_data_that_is_no_object_is_refused_before_it_is_sent() {
    for text in ["[1]", "\"text\"", "{", ""] {
        let attestation =
            Attestation::new(AttestationType::SgxEnclave, vec![1]).runtime_data(Data::Json(text.into()));
        assert_eq!(
            attestation.to_json(),
            Err(ClientError::NotAJsonObject { what: "runtime data" }),
            "{text}"
        );
    }
}
