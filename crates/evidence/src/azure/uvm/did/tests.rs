use super::*;

const HASH: &str = "I__iuL25oXEVFdTP_aBLx_eT1RPHbCQ_ECBQfYZpt9s";

fn parse(policies: &str) -> Result<DidX509, DidError> {
    DidX509::parse(&format!("did:x509:0:sha256:{HASH}{policies}"))
}

fn subject_policy(values: &[(&str, &str)]) -> Policy {
    Policy::Subject(
        values
            .iter()
            .map(|(oid, value)| (ObjectIdentifier::new_unwrap(oid), (*value).to_owned()))
            .collect(),
    )
}

#[test]
fn root_and_policies_are_read() {
    let did = parse("::eku:1.3.6.1.4.1.311.76.59.1.2").unwrap();
    assert_eq!(crate::hex::encode(&did.authority()[..4]), "23ffe2b8");
    assert_eq!(did.policies, [Policy::Eku("1.3.6.1.4.1.311.76.59.1.2".into())]);
    let did = parse("::subject:CN:Container%20Plat:O:A.B-C_D::eku:1.2.3").unwrap();
    let expected = [
        subject_policy(&[("2.5.4.3", "Container Plat"), ("2.5.4.10", "A.B-C_D")]),
        Policy::Eku("1.2.3".into()),
    ];
    assert_eq!(did.policies, expected);
    assert!(did.as_str().ends_with("::eku:1.2.3"));
}

#[test]
fn anything_but_version_0_with_sha_256_and_a_policy_is_refused() {
    let eku = "::eku:1.2.3";
    for text in [
        String::new(),
        format!("did:x509:1:sha256:{HASH}{eku}"),
        format!("did:x509:0:sha384:{HASH}{eku}"),
        format!("did:web:0:sha256:{HASH}{eku}"),
        format!("did:x509:0:sha256:{HASH}"),
        format!("did:x509:0:sha256:{HASH}A{eku}"),
        format!("did:x509:0:sha256:{}{eku}", HASH.strip_prefix('I').unwrap()),
        format!("did:x509:0:sha256:{HASH}={eku}"),
        format!("did:x509:0:sha256:{}t{eku}", HASH.strip_suffix('s').unwrap()),
        format!("did:x509:0:sha256:{HASH}::subject:CN:{}", "a".repeat(1000)),
    ] {
        assert!(
            matches!(DidX509::parse(&text), Err(DidError::Form { .. })),
            "{text}"
        );
    }
}

#[test]
fn a_policy_that_is_not_understood_is_refused() {
    for policy in [
        "::",
        "::eku",
        "::eku:",
        "::eku:a",
        "::eku:1.2.3:1.2.4",
        "::san:dns:example.com",
        "::fulcio-issuer:example.com",
        "::subject",
        "::subject:",
        "::subject:CN",
        "::subject:CN:",
        "::subject:CN:a:CN:b",
        "::subject:UID:a",
        "::subject:CN:a b",
        "::subject:CN:a%2",
        "::subject:CN:%zz",
        "::subject:CN:%ff",
        "::subject:CN:a/b",
        "::eku:1.2.3::",
    ] {
        assert!(matches!(parse(policy), Err(DidError::Policy { .. })), "{policy}");
    }
}
