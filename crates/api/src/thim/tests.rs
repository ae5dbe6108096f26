use serde_json::json;

use super::*;

const VCEK: &str = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
const ISSUERS: &str = "-----BEGIN CERTIFICATE-----\nBBBB\n-----END CERTIFICATE-----\n";

fn answer() -> Value {
    json!({"vcekCert": VCEK, "tcbm": "DB18000000000004", "certificateChain": ISSUERS, "cacheControl": "86400"})
}

fn check(change: impl FnOnce(&mut Map<String, Value>), expected: &str) {
    let mut answer = answer();
    change(answer.as_object_mut().unwrap());
    let error = ThimCertificates::from_json(answer.to_string().as_bytes()).unwrap_err();
    assert_eq!(error.to_string(), expected);
}

#[test]
fn an_answer_is_read() {
    let read = ThimCertificates::from_json(answer().to_string().as_bytes()).unwrap();
    assert_eq!(read.tcb, 0xdb18_0000_0000_0004);
    assert_eq!(read.cache_seconds, Some(86_400));
    assert_eq!(read.chain(), format!("{VCEK}{ISSUERS}"));
}

#[test]
fn what_caches_leave_out_or_write_otherwise_does_not_matter() {
    let mut text = answer();
    let members = text.as_object_mut().unwrap();
    members.remove("cacheControl");
    members.insert("tcbm".to_owned(), "3".into());
    members.insert("vcekCert".to_owned(), VCEK.trim_end().into());
    members.insert("more".to_owned(), json!([1]));
    let read = ThimCertificates::from_json(text.to_string().as_bytes()).unwrap();
    assert_eq!((read.tcb, read.cache_seconds), (3, None));
    assert_eq!(read.chain(), format!("{VCEK}{ISSUERS}"));
}

#[test]
fn every_member_is_held_to_its_form() {
    for member in ["vcekCert", "tcbm", "certificateChain"] {
        let missing = format!("the THIM answer has no `{member}`");
        check(|members| drop(members.remove(member)), &missing);
        check(
            |members| drop(members.insert(member.to_owned(), Value::Null)),
            &missing,
        );
        check(
            |members| drop(members.insert(member.to_owned(), 7.into())),
            &format!("`{member}` of the THIM answer is not a string"),
        );
    }
    for member in ["vcekCert", "certificateChain"] {
        check(
            |members| drop(members.insert(member.to_owned(), "MIIB".into())),
            &format!("`{member}` of the THIM answer is not a PEM certificate"),
        );
    }
    for tcb in ["", "+3", "0x3", "db180000000000040", "g"] {
        check(
            |members| drop(members.insert("tcbm".to_owned(), tcb.into())),
            "`tcbm` of the THIM answer is not a number of up to 16 hexadecimal digits",
        );
    }
    for seconds in [json!("-1"), json!(""), json!(1.5), json!("+5"), json!([])] {
        check(
            |members| drop(members.insert("cacheControl".to_owned(), seconds)),
            "`cacheControl` of the THIM answer is not a number of seconds",
        );
    }
}

#[test]
fn other_texts_are_refused() {
    let refused = |text: &[u8]| ThimCertificates::from_json(text).unwrap_err();
    assert_eq!(refused(b"[]"), ThimError::NotAnObject);
    assert!(matches!(refused(b"{"), ThimError::Json(_)));
    let twice = format!(r#"{{"tcbm":"1","tcbm":"2","vcekCert":"{}"}}"#, "x");
    assert!(matches!(refused(twice.as_bytes()), ThimError::Json(_)));
    let long = vec![b' '; MAX_THIM_BYTES + 1];
    assert_eq!(refused(&long), ThimError::TooLarge { found: long.len() });
}
