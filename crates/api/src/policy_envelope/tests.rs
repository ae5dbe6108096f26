use super::*;

fn unsigned(payload: &str) -> String {
    format!("eyJhbGciOiJub25lIn0.{}.", b64::encode_url(payload.as_bytes()))
}

#[test]
fn a_wrapped_policy_opens_again() {
    let text = "version=1.0; authorizationrules{=> permit();}; issuancerules{}; // é";
    let envelope = PolicyEnvelope::open(&wrap_unsigned(text)).unwrap();
    assert_eq!(envelope.policy(), Some(text));
    assert_eq!(envelope.signer(), None);
    assert_eq!(envelope.policy_hash(), policy_hash(text));
}

#[test]
fn the_hash_is_over_the_encoded_text_as_it_was_sent() {
    let padded = unsigned(r#"{"AttestationPolicy":"Zm8="}"#);
    let envelope = PolicyEnvelope::open(&padded).unwrap();
    assert_eq!(envelope.policy(), Some("fo"));
    assert_ne!(envelope.policy_hash(), policy_hash("fo"));
}

#[test]
fn the_default_policy_of_confidential_vms_has_its_published_hash() {
    // `x-ms-policy-hash` of the token in the REST specification's example "AttestSevSnpVm".
    assert_eq!(
        policy_hash("version= 1.0;authorizationrules{=> permit();};"),
        "9NY0VnTQ-IiBriBplVUpFbczcDaEBUwsiFYAzHu_gco"
    );
}

#[test]
fn known_texts_have_their_published_hashes() {
    // The smallest policy of Azure's SDKs, and the SGX default of 2021 as the documentation's unsigned token has
    // it, whose hash is in the specification's example of a token.
    let names = [
        ("$is-debuggable", "is-debuggable"),
        ("$sgx-mrsigner", "sgx-mrsigner"),
        ("$sgx-mrenclave", "sgx-mrenclave"),
        ("$product-id", "product-id"),
        ("$svn", "svn"),
        ("$tee", "tee"),
    ];
    let issued =
        names.map(|(from, to)| format!(r#"c:[type=="{from}"] => issue(type="{to}", value=c.value);"#));
    let older = format!(
        r#"version= 1.0;authorizationrules{{c:[type=="$is-debuggable"] => permit();}};issuancerules{{{}}};"#,
        issued.concat()
    );
    for (text, hash) in [
        (
            "version=1.0; authorizationrules{=> permit();}; issuancerules{};",
            "z0FRjKS0ssQTNur1V6BV8WIrh9M3fzgTo0EfHRvapWU",
        ),
        (&older, "egjnANIzEpS2WgpE4Nk-QEwM69XRCgTs42_G0qLlbnk"),
    ] {
        assert_eq!(policy_hash(text), hash, "{text}");
    }
}

#[test]
fn the_empty_envelope_holds_no_policy() {
    let envelope = PolicyEnvelope::open(EMPTY_ENVELOPE).unwrap();
    assert_eq!((envelope.policy(), envelope.signer()), (None, None));
}

#[test]
fn foreign_payloads_are_refused() {
    let open = |payload: &str| PolicyEnvelope::open(&unsigned(payload)).unwrap_err();
    assert_eq!(open("[]"), PolicyEnvelopeError::Payload);
    assert_eq!(open("{}"), PolicyEnvelopeError::Payload);
    assert_eq!(open(r#"{"AttestationPolicy":1}"#), PolicyEnvelopeError::Payload);
    assert_eq!(
        open(r#"{"AttestationPolicy":"version=1.0"}"#),
        PolicyEnvelopeError::PolicyText
    );
    assert_eq!(
        open(r#"{"AttestationPolicy":"e30","policyCertificate":{}}"#),
        PolicyEnvelopeError::Payload
    );
    assert_eq!(
        open(r#"{"AttestationPolicy":"_w"}"#),
        PolicyEnvelopeError::PolicyText
    );
}

#[test]
fn a_signed_envelope_needs_its_signer() {
    let header = b64::encode_url(br#"{"alg":"RS256"}"#);
    let error = PolicyEnvelope::open(&format!("{header}.e30.AAAA")).unwrap_err();
    assert_eq!(error, PolicyEnvelopeError::Envelope(EnvelopeError::NoSigner));
}

#[test]
fn the_plain_text_of_the_2018_preview_is_read_and_marked() {
    let text = "version=1.0; authorizationrules{=> permit();};";
    let plain = PolicyEnvelope::open(&unsigned(&json!({ "AttestationPolicy": text }).to_string())).unwrap();
    assert_eq!((plain.policy(), plain.is_plain_text()), (Some(text), true));
    // The hash is over the encoded text all the same.
    assert_eq!(plain.policy_hash(), policy_hash(text));
    assert!(
        !PolicyEnvelope::open(&wrap_unsigned(text))
            .unwrap()
            .is_plain_text()
    );
}

#[test]
fn a_reset_carries_nothing() {
    for payload in ["", "{}", "null", r#"{"iat":1}"#] {
        let opened = PolicyEnvelope::open_reset(&unsigned(payload)).unwrap();
        assert_eq!(opened.policy(), None, "{payload}");
    }
    for payload in [
        r#"{"AttestationPolicy":"e30"}"#,
        r#"{"policyCertificate":{}}"#,
        r#"{"maa-policyCertificate":{}}"#,
        r#"{"revision":1}"#,
        r#"{"settings":{}}"#,
        "[]",
        "1",
        "{",
    ] {
        let refused = PolicyEnvelope::open_reset(&unsigned(payload));
        assert_eq!(refused, Err(PolicyEnvelopeError::NotAReset), "{payload}");
    }
}
