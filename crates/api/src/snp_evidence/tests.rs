use super::*;

fn read(value: &Value) -> Result<SnpEvidence, RequestError> {
    SnpEvidence::from_json(value.to_string().as_bytes())
}

#[test]
fn members_ignore_case_and_white_space_around_them_is_nothing() {
    let text = "\r\n  { \"snpreport\" : \"AQI=\",\r\n \"VCEKCERTCHAIN\": \"LS0t\", \"TenantName\": 1 }\r\n";
    let evidence = SnpEvidence::from_json(text.as_bytes()).unwrap();
    assert_eq!(evidence.report, [1, 2]);
    assert_eq!(evidence.vcek_cert_chain.as_deref(), Some(b"---".as_slice()));
    assert!(evidence.uvm_endorsements.is_empty());
}

#[test]
fn the_chain_and_the_endorsements_may_be_absent_or_empty() {
    for value in [
        json!({"SnpReport": "AQI"}),
        json!({"SnpReport": "AQI", "VcekCertChain": "", "Endorsements": ""}),
        json!({"SnpReport": "AQI", "VcekCertChain": null, "Endorsements": null}),
        json!({"SnpReport": "AQI", "Endorsements": b64::encode_url(b"{}")}),
    ] {
        let evidence = read(&value).unwrap();
        assert_eq!(evidence.vcek_cert_chain, None);
        assert!(evidence.uvm_endorsements.is_empty());
    }
}

#[test]
fn endorsements_are_a_json_text_inside() {
    let endorsements = |list: Value| {
        let text = json!({"Uvm": list}).to_string();
        read(&json!({"SnpReport": "AQI", "Endorsements": b64::encode_url(text.as_bytes())}))
    };
    assert_eq!(
        endorsements(json!(["AQI", "AwQ="])).unwrap().uvm_endorsements,
        [[1, 2], [3, 4]]
    );
    assert!(endorsements(json!(vec!["AQI"; MAX_UVM_ENDORSEMENTS])).is_ok());
    let many = endorsements(json!(vec!["AQI"; MAX_UVM_ENDORSEMENTS + 1])).unwrap_err();
    assert_eq!(many.code(), "too_many_entries");
    assert_eq!(endorsements(json!("AQI")).unwrap_err().code(), "wrong_type");
    assert_eq!(endorsements(json!([1])).unwrap_err().code(), "wrong_type");
    let bad = endorsements(json!(["?"])).unwrap_err();
    assert_eq!(
        (bad.code(), bad.member()),
        ("invalid_base64", "report.Endorsements.Uvm")
    );
}

#[test]
fn what_is_not_such_a_text_is_refused_by_name() {
    let raw_report = SnpEvidence::from_json(&[2, 0, 0, 0]).unwrap_err();
    assert_eq!(
        (raw_report.code(), raw_report.member()),
        ("invalid_json_data", "report")
    );
    let missing = read(&json!({"VcekCertChain": "LS0t"})).unwrap_err();
    assert_eq!(
        (missing.code(), missing.member()),
        ("missing_member", "report.SnpReport")
    );
    let twice = SnpEvidence::from_json(br#"{"SnpReport":"AQI","snpReport":"AQI"}"#).unwrap_err();
    assert_eq!(twice.code(), "duplicate_member");
}

#[test]
fn what_is_written_is_read_again() {
    for (chain, endorsements) in [(None, vec![]), (Some(b"---".to_vec()), vec![vec![1, 2], vec![]])] {
        let evidence = SnpEvidence {
            report: vec![9; 3],
            vcek_cert_chain: chain,
            uvm_endorsements: endorsements,
        };
        assert_eq!(
            SnpEvidence::from_json(evidence.to_json().as_bytes()).unwrap(),
            evidence
        );
    }
}
