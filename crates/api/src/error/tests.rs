use serde_json::json;

use super::*;

#[test]
fn the_envelope_repeats_code_and_message_inside() {
    let body = ErrorBody::new(ErrorCode::InvalidOperation, "the operation is not allowed");
    assert_eq!(
        serde_json::to_value(&body).unwrap(),
        json!({"error": {
            "code": "InvalidOperation",
            "message": "the operation is not allowed",
            "innererror": {"code": "InvalidOperation", "message": "the operation is not allowed"},
        }})
    );
}

#[test]
fn explanations_survive_a_round_trip() {
    let mut body = ErrorBody::new(ErrorCode::InvalidParameter, "refused");
    if let Some(inner) = &mut body.error.innererror {
        inner.stage = Some("appraisal".to_owned());
        inner
            .details
            .insert("advisories".to_owned(), json!(["INTEL-SA-00615"]));
    }
    let text = serde_json::to_string(&body).unwrap();
    assert!(text.contains(r#""advisories":["INTEL-SA-00615"]"#), "{text}");
    assert_eq!(serde_json::from_str::<ErrorBody>(&text).unwrap(), body);
}

#[test]
fn an_envelope_without_explanation_is_read() {
    let text = r#"{"error":{"code":"Odd","message":"m"}}"#;
    assert_eq!(
        serde_json::from_str::<ErrorBody>(text).unwrap().error.innererror,
        None
    );
}
