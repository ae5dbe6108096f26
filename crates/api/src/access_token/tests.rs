//! The attacks of RFC 8725, section 2, and of those who collected more since, each against one good token.

use std::sync::LazyLock;

use aws_lc_rs::{
    encoding::{AsDer, PublicKeyX509Der},
    hmac,
    rand::SystemRandom,
    rsa::KeySize,
    signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair,
        RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding, RsaKeyPair,
    },
};
use serde_json::json;

use super::*;
use crate::{
    b64,
    jwk::{Jwk, JwkSet},
    jws::{assemble, signing_input},
    spki::pem,
};

const NOW: i64 = 1_800_000_000;
const ISSUER: &str = "https://login.example/tenant/v2.0";

/// Two keys of the issuer, and one of somebody else.
struct Keys {
    rsa: RsaKeyPair,
    ec: EcdsaKeyPair,
    stranger: RsaKeyPair,
}

static KEYS: LazyLock<Keys> = LazyLock::new(|| Keys {
    rsa: RsaKeyPair::generate(KeySize::Rsa2048).unwrap(),
    ec: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap(),
    stranger: RsaKeyPair::generate(KeySize::Rsa2048).unwrap(),
});

fn rsa_spki(pair: &RsaKeyPair) -> Vec<u8> {
    let der: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
    der.as_ref().to_vec()
}

fn ec_spki() -> Vec<u8> {
    let der: PublicKeyX509Der<'_> = KEYS.ec.public_key().as_der().unwrap();
    der.as_ref().to_vec()
}

fn published(spki: &[u8], kid: &str) -> Jwk {
    Jwk {
        kid: Some(kid.to_owned()),
        key_use: Some("sig".to_owned()),
        ..Jwk::from_spki(spki).unwrap()
    }
}

fn key_set() -> JwkSet {
    JwkSet {
        keys: vec![
            published(&rsa_spki(&KEYS.rsa), "rsa"),
            published(&ec_spki(), "ec"),
        ],
    }
}

fn rules() -> Rules {
    Rules {
        issuer: ISSUER.to_owned(),
        audiences: vec![
            "https://attest.azure.net".to_owned(),
            "https://management.azure.com/".to_owned(),
        ],
        algorithms: vec![
            Algorithm::Rs256,
            Algorithm::Ps256,
            Algorithm::Es256,
            Algorithm::Es384,
        ],
        skew_seconds: 60,
        max_life_seconds: None,
    }
}

fn header() -> Value {
    json!({"alg": "RS256", "kid": "rsa", "typ": "JWT"})
}

fn claims() -> Value {
    json!({
        "iss": ISSUER, "aud": "https://attest.azure.net", "sub": "somebody",
        "iat": NOW - 10, "nbf": NOW - 10, "exp": NOW + 3_590,
    })
}

fn rsa_signature(pair: &RsaKeyPair, padding: &'static dyn RsaEncoding, message: &str) -> Vec<u8> {
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(padding, &SystemRandom::new(), message.as_bytes(), &mut signature)
        .unwrap();
    signature
}

fn signed_by(pair: &RsaKeyPair, header: &Value, claims: &Value) -> String {
    let input = signing_input(header, claims);
    let signature = rsa_signature(pair, &RSA_PKCS1_SHA256, &input);
    assemble(input, &signature)
}

fn token(header: &Value, claims: &Value) -> String {
    signed_by(&KEYS.rsa, header, claims)
}

fn with(mut object: Value, member: &str, value: Value) -> Value {
    object[member] = value;
    object
}

fn without(mut object: Value, member: &str) -> Value {
    object.as_object_mut().unwrap().remove(member);
    object
}

/// Signs texts as they are, for headers and claims that no honest writer makes.
fn raw(header: &str, payload: &str) -> String {
    let input = format!(
        "{}.{}",
        b64::encode_url(header.as_bytes()),
        b64::encode_url(payload.as_bytes())
    );
    let signature = rsa_signature(&KEYS.rsa, &RSA_PKCS1_SHA256, &input);
    assemble(input, &signature)
}

fn verify(token: &str) -> Result<VerifiedAccessToken, AccessTokenError> {
    AccessToken::parse(token)?.verify(&IssuerKeys::from_set(&key_set()), &rules(), NOW)
}

#[track_caller]
fn check_refused(token: &str, error: &AccessTokenError) {
    assert_eq!(verify(token).as_ref(), Err(error));
}

fn signature_fails() -> AccessTokenError {
    JwsError::Signature.into()
}

fn claim_is_not(claim: &'static str, expected: &'static str) -> AccessTokenError {
    AccessTokenError::Claim { claim, expected }
}

#[test]
fn a_token_of_the_issuer_is_believed() {
    let verified = verify(&token(&header(), &claims())).unwrap();
    assert_eq!(verified.text("sub"), Some("somebody"));
    assert_eq!(verified.text("oid"), None);

    let input = signing_input(&json!({"alg": "ES256", "kid": "ec"}), &claims());
    let signature = KEYS.ec.sign(&SystemRandom::new(), input.as_bytes()).unwrap();
    assert!(verify(&assemble(input, signature.as_ref())).is_ok());

    let input = signing_input(&json!({"alg": "PS256", "kid": "rsa", "typ": "at+JWT"}), &claims());
    let signature = rsa_signature(&KEYS.rsa, &RSA_PSS_SHA256, &input);
    assert!(verify(&assemble(input, &signature)).is_ok());
}

#[test]
fn a_token_without_a_signature_is_refused_however_it_is_spelt() {
    for (alg, error) in [
        ("none", JwsError::Unsigned.into()),
        ("None", AccessTokenError::Algorithm),
        ("nOnE", AccessTokenError::Algorithm),
        ("", AccessTokenError::Algorithm),
    ] {
        let input = signing_input(&with(header(), "alg", alg.into()), &claims());
        check_refused(&assemble(input.clone(), &[]), &error);
        // Nor with a good signature beside it.
        let signature = rsa_signature(&KEYS.rsa, &RSA_PKCS1_SHA256, &input);
        check_refused(&assemble(input, &signature), &error);
    }
}

#[test]
fn signatures_that_prove_nothing_are_refused() {
    let input = signing_input(&header(), &claims());
    for signature in [&[][..], &[0; 256], &[0xff; 256], &[1]] {
        check_refused(&assemble(input.clone(), signature), &signature_fails());
    }
    let input = signing_input(&json!({"alg": "ES256", "kid": "ec"}), &claims());
    for signature in [
        &[][..],
        &[0; 64],
        &[0; 96],
        &[0x30, 0x06, 0x02, 0x01, 0, 0x02, 0x01, 0],
    ] {
        check_refused(&assemble(input.clone(), signature), &signature_fails());
    }
    // The DER form of ECDSA signatures is for the policies that C++ clients sign, not for tokens.
    let pkcs8 = KEYS.ec.to_pkcs8v1().unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8.as_ref()).unwrap();
    let signature = pair.sign(&SystemRandom::new(), input.as_bytes()).unwrap();
    check_refused(&assemble(input, signature.as_ref()), &signature_fails());
}

#[test]
fn the_public_key_is_no_shared_secret() {
    let spki = rsa_spki(&KEYS.rsa);
    let text = pem("PUBLIC KEY", &spki);
    for secret in [spki.as_slice(), text.as_bytes(), text.trim_end().as_bytes(), b""] {
        for alg in ["HS256", "HS512", "hs256"] {
            let input = signing_input(&with(header(), "alg", alg.into()), &claims());
            let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), input.as_bytes());
            check_refused(&assemble(input, tag.as_ref()), &AccessTokenError::Algorithm);
        }
    }
}

#[test]
fn only_the_issuers_algorithms_count_and_each_key_has_its_own() {
    let curves_only = Rules {
        algorithms: vec![Algorithm::Es256],
        ..rules()
    };
    let good = token(&header(), &claims());
    let keys = IssuerKeys::from_set(&key_set());
    assert_eq!(
        AccessToken::parse(&good)
            .unwrap()
            .verify(&keys, &curves_only, NOW),
        Err(AccessTokenError::Algorithm)
    );
    // Known to RFC 7518, but not on the list.
    check_refused(
        &token(&with(header(), "alg", "RS512".into()), &claims()),
        &AccessTokenError::Algorithm,
    );
    for alg in [
        "RSA256",
        "PBES2-HS256+A128KW",
        "RSA-OAEP",
        "dir",
        "A128GCM",
        "EdDSA",
    ] {
        check_refused(
            &token(&with(header(), "alg", alg.into()), &claims()),
            &AccessTokenError::Algorithm,
        );
    }
    // The padding belongs to the algorithm, the kind of key too.
    check_refused(
        &token(&with(header(), "alg", "PS256".into()), &claims()),
        &signature_fails(),
    );
    check_refused(
        &token(&with(header(), "alg", "ES256".into()), &claims()),
        &AccessTokenError::UnknownKey,
    );
    check_refused(
        &token(&with(header(), "kid", "ec".into()), &claims()),
        &AccessTokenError::UnknownKey,
    );
    // A key that its issuer dedicates to another algorithm.
    let mut dedicated = key_set();
    dedicated.keys[0].alg = Some("PS256".to_owned());
    let keys = IssuerKeys::from_set(&dedicated);
    assert_eq!(
        AccessToken::parse(&good).unwrap().verify(&keys, &rules(), NOW),
        Err(AccessTokenError::UnknownKey)
    );
}

#[test]
fn keys_that_a_token_brings_or_points_to_are_not_used() {
    let own = serde_json::to_value(published(&rsa_spki(&KEYS.stranger), "rsa")).unwrap();
    for (member, value) in [
        ("jwk", own),
        ("x5c", json!([b64::encode_standard(&rsa_spki(&KEYS.stranger))])),
        ("jku", "https://attacker.example/keys".into()),
        ("x5u", "https://attacker.example/chain".into()),
        ("x5t", "AAAA".into()),
    ] {
        let header = with(header(), member, value);
        check_refused(&signed_by(&KEYS.stranger, &header, &claims()), &signature_fails());
        let unnamed = without(header, "kid");
        check_refused(
            &signed_by(&KEYS.stranger, &unnamed, &claims()),
            &signature_fails(),
        );
    }
}

#[test]
fn the_name_of_a_key_is_compared_and_nothing_else() {
    for kid in [
        "",
        "RSA",
        "../../../../dev/null",
        "rsa' OR '1'='1",
        "rsa\0",
        "https://attacker.example/key",
        "|/usr/bin/id",
    ] {
        check_refused(
            &token(&with(header(), "kid", kid.into()), &claims()),
            &AccessTokenError::UnknownKey,
        );
    }
    for kid in [json!(1), json!(["rsa"]), json!({"rsa": 1})] {
        let malformed = token(&with(header(), "kid", kid), &claims());
        assert!(matches!(
            verify(&malformed),
            Err(AccessTokenError::Jws(JwsError::Header(_)))
        ));
    }
}

#[test]
fn two_keys_of_one_name_do_not_weaken_each_other() {
    let mut set = key_set();
    set.keys[1].kid = Some("rsa".to_owned());
    let keys = IssuerKeys::from_set(&set);
    let outcome = |text: &str| AccessToken::parse(text).unwrap().verify(&keys, &rules(), NOW);
    assert!(outcome(&token(&header(), &claims())).is_ok());
    assert_eq!(
        outcome(&signed_by(&KEYS.stranger, &header(), &claims())),
        Err(signature_fails())
    );
}

#[test]
fn a_token_names_its_key_unless_there_is_one_only() {
    let unnamed = token(&without(header(), "kid"), &claims());
    // One RSA key and one of another kind.
    assert!(verify(&unnamed).is_ok());
    let mut set = key_set();
    set.keys.push(published(&rsa_spki(&KEYS.stranger), "other"));
    let keys = IssuerKeys::from_set(&set);
    assert_eq!(
        AccessToken::parse(&unnamed).unwrap().verify(&keys, &rules(), NOW),
        Err(AccessTokenError::NoKeyId)
    );
}

#[test]
fn weak_and_unfit_keys_are_as_if_they_were_not_there() {
    let weak = Jwk {
        kty: "RSA".to_owned(),
        n: Some(b64::encode_url(&[0xc5; 128])),
        e: Some("AQAB".to_owned()),
        kid: Some("rsa".to_owned()),
        ..Jwk::default()
    };
    let padded = Jwk {
        n: Some(b64::encode_url(&[vec![0; 128], vec![0xc5; 128]].concat())),
        ..weak.clone()
    };
    let encryption = Jwk {
        key_use: Some("enc".to_owned()),
        ..published(&rsa_spki(&KEYS.rsa), "rsa")
    };
    let wrong_curve = Jwk {
        crv: Some("secp256k1".to_owned()),
        ..published(&ec_spki(), "ec")
    };
    let symmetric = Jwk {
        kty: "oct".to_owned(),
        kid: Some("rsa".to_owned()),
        ..Jwk::default()
    };
    for key in [weak, padded, encryption, wrong_curve, symmetric] {
        let keys = IssuerKeys::from_set(&JwkSet { keys: vec![key] });
        assert!(keys.is_empty());
        assert_eq!(keys.left_out(), 1);
    }
    // A point that is not on its curve verifies nothing.
    let off_curve = Jwk {
        y: Some(b64::encode_url(&[7; 32])),
        ..published(&ec_spki(), "ec")
    };
    let keys = IssuerKeys::from_set(&JwkSet {
        keys: vec![off_curve],
    });
    let input = signing_input(&json!({"alg": "ES256", "kid": "ec"}), &claims());
    let signature = KEYS.ec.sign(&SystemRandom::new(), input.as_bytes()).unwrap();
    let text = assemble(input, signature.as_ref());
    let outcome = AccessToken::parse(&text).unwrap().verify(&keys, &rules(), NOW);
    assert_eq!(outcome, Err(signature_fails()));
}

#[test]
fn headers_that_ask_for_more_are_refused() {
    for header in [
        r#"{"alg":"RS256","kid":"rsa","crit":["exp"],"exp":1}"#,
        r#"{"alg":"RS256","kid":"rsa","crit":["b64"],"b64":false}"#,
        r#"{"alg":"RS256","kid":"rsa","crit":[]}"#,
    ] {
        check_refused(
            &raw(header, &claims().to_string()),
            &JwsError::CriticalExtension.into(),
        );
    }
    for typ in ["JOSE", "dpop+jwt", "secevent+jwt", "logout+jwt", "id_token", ""] {
        check_refused(
            &token(&with(header(), "typ", typ.into()), &claims()),
            &AccessTokenError::Type,
        );
    }
}

#[test]
fn json_that_reads_in_two_ways_is_refused() {
    let twice = format!(
        r#"{{"iss":"{ISSUER}","aud":"other","aud":"https://attest.azure.net","sub":"s","exp":{}}}"#,
        NOW + 60
    );
    assert!(matches!(
        verify(&raw(&header().to_string(), &twice)),
        Err(AccessTokenError::Claims(_))
    ));
    let twice = r#"{"alg":"none","alg":"RS256","kid":"rsa"}"#;
    assert!(matches!(
        verify(&raw(twice, &claims().to_string())),
        Err(AccessTokenError::Jws(JwsError::Header(_)))
    ));
    let deep = format!("{}{}", "[".repeat(1_000), "]".repeat(1_000));
    for payload in ["", "null", "[]", "\"text\"", deep.as_str(), "{\"iss\":1}{}"] {
        assert!(
            matches!(
                verify(&raw(&header().to_string(), payload)),
                Err(AccessTokenError::Claims(_))
            ),
            "{payload}"
        );
    }
}

#[test]
fn encodings_have_one_form() {
    let good = token(&header(), &claims());
    let [head, payload, signature] = good.split('.').collect::<Vec<_>>()[..] else {
        panic!("three parts")
    };
    for (text, part) in [
        (format!("{head}=.{payload}.{signature}"), "header"),
        (format!("{head}.{payload}\n.{signature}"), "payload"),
        (format!("{head}.{payload}.{signature}=="), "signature"),
        (format!("{head}.{payload}.{signature}+"), "signature"),
        (format!(" {head}.{payload}.{signature}"), "header"),
    ] {
        check_refused(&text, &JwsError::Base64 { part }.into());
    }
    // The last character carries bits that belong to nothing.
    let last = signature.chars().last().unwrap();
    let other = match last {
        'A' => 'B',
        'Q' => 'R',
        'g' => 'h',
        _ => 'x',
    };
    let loose = format!("{}{other}", good.strip_suffix(last).unwrap());
    check_refused(&loose, &JwsError::Base64 { part: "signature" }.into());
    // Five parts are an encrypted token, which might be compressed; four are nothing.
    for (text, found) in [
        (format!("{good}.AAAA.AAAA"), 5),
        (format!("{good}.AAAA"), 4),
        (format!("{head}.{payload}"), 2),
    ] {
        check_refused(&text, &JwsError::Parts { found }.into());
    }
}

#[test]
fn a_token_within_a_token_is_none() {
    let nested = token(&header(), &claims());
    let outer = raw(
        &with(header(), "cty", "JWT".into()).to_string(),
        &format!("\"{nested}\""),
    );
    check_refused(&outer, &AccessTokenError::Claims("not an object".to_owned()));
}

#[test]
fn lengths_are_limited() {
    let long = token(&with(header(), "pad", "a".repeat(40_000).into()), &claims());
    check_refused(&long, &AccessTokenError::TooLong { found: long.len() });
    let million = "a".repeat(1_000_000);
    check_refused(&million, &AccessTokenError::TooLong { found: 1_000_000 });
}

#[test]
fn the_issuer_is_compared_exactly() {
    for issuer in [
        "https://login.example/tenant/v2.0/",
        "https://LOGIN.example/tenant/v2.0",
        "https://login.example/other/v2.0",
        "",
    ] {
        check_refused(
            &token(&header(), &with(claims(), "iss", issuer.into())),
            &AccessTokenError::Issuer,
        );
    }
    for issuer in [json!([ISSUER]), json!(null), json!(1)] {
        check_refused(
            &token(&header(), &with(claims(), "iss", issuer)),
            &claim_is_not("iss", "a string"),
        );
    }
    check_refused(
        &token(&header(), &without(claims(), "iss")),
        &claim_is_not("iss", "a string"),
    );
}

#[test]
fn the_audience_must_be_one_of_ours() {
    for audience in [
        json!("https://attest.azure.net/"),
        json!("https://management.azure.com"),
        json!(["https://graph.microsoft.com", "https://attest.azure.net"]),
    ] {
        assert!(verify(&token(&header(), &with(claims(), "aud", audience))).is_ok());
    }
    for audience in [
        json!("https://vault.azure.net"),
        json!("https://ATTEST.azure.net"),
        json!("https://attest.azure.net.attacker.example"),
        json!("https://attest.azure.net//"),
        json!(""),
        json!([]),
    ] {
        check_refused(
            &token(&header(), &with(claims(), "aud", audience)),
            &AccessTokenError::Audience,
        );
    }
    let malformed = claim_is_not("aud", "a string or a list of strings");
    for audience in [
        json!(null),
        json!(true),
        json!({"https://attest.azure.net": 1}),
        json!(["https://attest.azure.net", 1]),
    ] {
        check_refused(&token(&header(), &with(claims(), "aud", audience)), &malformed);
    }
    check_refused(&token(&header(), &without(claims(), "aud")), &malformed);
}

#[test]
fn times_are_whole_seconds_and_hold_within_the_skew() {
    let at = |claim: &str, seconds: i64| verify(&token(&header(), &with(claims(), claim, seconds.into())));
    assert!(at("exp", NOW - 59).is_ok());
    assert_eq!(
        at("exp", NOW - 60),
        Err(AccessTokenError::Expired {
            exp: NOW - 60,
            now: NOW
        })
    );
    assert!(at("nbf", NOW + 60).is_ok());
    assert_eq!(
        at("nbf", NOW + 61),
        Err(AccessTokenError::NotYetValid {
            nbf: NOW + 61,
            now: NOW
        })
    );
    assert!(at("iat", NOW + 60).is_ok());
    assert_eq!(
        at("iat", NOW + 61),
        Err(AccessTokenError::IssuedInFuture {
            iat: NOW + 61,
            now: NOW
        })
    );
    assert!(at("exp", i64::MAX).is_ok());

    for claim in ["exp", "nbf", "iat"] {
        for value in [
            json!("1800003590"),
            json!(1_800_003_590.5),
            json!(-1),
            json!(9_223_372_036_854_775_808_u64),
            json!(null),
            json!([NOW]),
            json!(true),
        ] {
            check_refused(
                &token(&header(), &with(claims(), claim, value)),
                &claim_is_not(claim, SECONDS),
            );
        }
    }
    check_refused(
        &token(&header(), &without(claims(), "exp")),
        &claim_is_not("exp", SECONDS),
    );
    let undated = without(without(claims(), "nbf"), "iat");
    assert!(verify(&token(&header(), &undated)).is_ok());
}

#[test]
fn a_long_life_is_refused_where_it_is_limited() {
    let rules = Rules {
        max_life_seconds: Some(3_600),
        ..rules()
    };
    let keys = IssuerKeys::from_set(&key_set());
    let outcome = |claims: &Value| {
        let text = token(&header(), claims);
        AccessToken::parse(&text)
            .unwrap()
            .verify(&keys, &rules, NOW)
            .map(drop)
    };
    assert_eq!(outcome(&claims()), Ok(()));
    assert_eq!(
        outcome(&with(claims(), "exp", (NOW + 3_591).into())),
        Err(AccessTokenError::TooLongLived {
            life: 3_601,
            limit: 3_600
        })
    );
    assert_eq!(
        outcome(&without(claims(), "iat")),
        Err(claim_is_not("iat", SECONDS))
    );
}
