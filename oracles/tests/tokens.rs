//! Our tokens and our validation against `jsonwebtoken`, an independent implementation: both ways, and the confusions
//! of RFC 8725 that it and we have to refuse alike.
#![cfg(test)]

use attestry_api::b64;
use attestry_api::jwt::{Validation as OurValidation, validate};
use attestry_evidence::time::UnixTime;
use attestry_oracles::minted::NOW;
use attestry_service::token::{KeyRing, SigningAlgorithm, TokenIssuer};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde_json::{Map, Value, json};

const ISSUER: &str = "https://tokens.example";

struct Case {
    issuer: TokenIssuer,
    token: String,
}

impl Case {
    fn new() -> Self {
        let ring = KeyRing::generate(SigningAlgorithm::Rs256).unwrap();
        let issuer = TokenIssuer::new(ISSUER, &ring, SigningAlgorithm::Rs256).unwrap();
        let claims = Map::from_iter([
            ("x-ms-sgx-svn".to_owned(), json!(7)),
            ("tee".to_owned(), json!("sgx")),
        ]);
        let token = issuer.attestation(claims, UnixTime::new(NOW)).unwrap();
        Self { issuer, token }
    }

    /// What the other implementation says of a token.
    fn peer(&self, token: &str) -> Result<Value, jsonwebtoken::errors::Error> {
        let jwk = &self.issuer.key_set().unwrap().keys[0];
        let key = DecodingKey::from_rsa_components(jwk.n.as_ref().unwrap(), jwk.e.as_ref().unwrap())?;
        let mut validation = Validation::new(Algorithm::RS256);
        validation.set_issuer(&[ISSUER]);
        // The token is of the minted world's day, and its time is judged by our own validation below.
        validation.validate_exp = false;
        validation.validate_aud = false;
        decode::<Value>(token, &key, &validation).map(|data| data.claims)
    }

    /// What we say of it.
    fn ours(&self, token: &str) -> Result<Value, String> {
        let validation = OurValidation {
            issuer: Some(ISSUER.to_owned()),
            ..OurValidation::default()
        };
        validate(token, self.issuer.key_set().unwrap(), &validation, NOW)
            .map(|token| Value::Object(token.claims().clone()))
            .map_err(|error| error.to_string())
    }
}

fn with_header(token: &str, header: &Value) -> String {
    let rest = token.split_once('.').unwrap().1;
    format!("{}.{rest}", b64::encode_url(header.to_string().as_bytes()))
}

#[test]
fn both_accept_our_token_and_read_the_same_claims() {
    let case = Case::new();
    let ours = case.ours(&case.token).unwrap();
    assert_eq!(case.peer(&case.token).unwrap(), ours);
    assert_eq!(ours["x-ms-sgx-svn"], 7);
}

#[test]
fn both_accept_a_token_that_the_peer_signs_with_our_key() {
    let ring = KeyRing::generate(SigningAlgorithm::Rs256).unwrap();
    let issuer = TokenIssuer::new(ISSUER, &ring, SigningAlgorithm::Rs256).unwrap();
    let key = EncodingKey::from_rsa_der(&rsa_private_key(&issuer.key().pkcs8().unwrap()));
    let header = Header {
        kid: Some(issuer.key().kid().to_owned()),
        ..Header::new(Algorithm::RS256)
    };
    let claims = json!({ "iss": ISSUER, "iat": NOW, "nbf": NOW, "exp": NOW + 60 });
    let token = encode(&header, &claims, &key).unwrap();
    let case = Case { issuer, token };
    assert_eq!(case.ours(&case.token).unwrap(), claims);
    assert_eq!(case.peer(&case.token).unwrap(), claims);
}

#[test]
fn both_refuse_every_confusion() {
    let case = Case::new();
    let kid = case.issuer.key().kid().to_owned();
    let parts: Vec<&str> = case.token.split('.').collect();
    let forged_claims = b64::encode_url(
        json!({ "iss": ISSUER, "iat": NOW, "nbf": NOW, "exp": NOW + 60 })
            .to_string()
            .as_bytes(),
    );
    let hmac_key = EncodingKey::from_secret(case.issuer.key().spki());
    let hmac_header = Header {
        kid: Some(kid.clone()),
        ..Header::new(Algorithm::HS256)
    };
    let hostile = [
        (
            "algorithm none with the signature kept",
            with_header(&case.token, &json!({ "alg": "none", "kid": kid })),
        ),
        ("algorithm none without signature", {
            let header = b64::encode_url(json!({ "alg": "none", "kid": kid }).to_string().as_bytes());
            format!("{header}.{}.", parts[1])
        }),
        (
            "algorithm None in another case",
            with_header(&case.token, &json!({ "alg": "nOnE", "kid": kid })),
        ),
        (
            "HMAC under the public key",
            encode(
                &hmac_header,
                &json!({ "iss": ISSUER, "exp": NOW + 60 }),
                &hmac_key,
            )
            .unwrap(),
        ),
        (
            "another hash than was signed",
            with_header(&case.token, &json!({ "alg": "RS384", "kid": kid })),
        ),
        (
            "PSS instead of PKCS#1",
            with_header(&case.token, &json!({ "alg": "PS256", "kid": kid })),
        ),
        (
            "other claims under the same signature",
            format!("{}.{forged_claims}.{}", parts[0], parts[2]),
        ),
        ("an empty signature", format!("{}.{}.", parts[0], parts[1])),
        (
            "a truncated signature",
            case.token.chars().take(case.token.len() - 8).collect(),
        ),
        ("two parts", format!("{}.{}", parts[0], parts[1])),
        ("four parts", format!("{}.AAAA", case.token)),
        (
            "padded base64url",
            format!("{}.{}=.{}", parts[0], parts[1], parts[2]),
        ),
        ("white space", format!("{} .{}.{}", parts[0], parts[1], parts[2])),
    ];
    for (what, token) in hostile {
        assert!(case.ours(&token).is_err(), "we accept {what}");
        assert!(case.peer(&token).is_err(), "jsonwebtoken accepts {what}");
    }
}

#[test]
fn a_key_inside_the_header_is_never_used() {
    let (case, stranger) = (Case::new(), Case::new());
    let jwk = serde_json::to_value(&stranger.issuer.key_set().unwrap().keys[0]).unwrap();
    let token = with_header(
        &stranger.token,
        &json!({ "alg": "RS256", "typ": "JWT", "jwk": jwk }),
    );
    assert!(case.ours(&token).is_err());
    assert!(case.ours(&stranger.token).is_err());
    assert!(case.peer(&stranger.token).is_err());
}

/// The RSAPrivateKey inside a PKCS#8 PrivateKeyInfo (RFC 5208, 5): the OCTET STRING after version and algorithm.
fn rsa_private_key(pkcs8: &[u8]) -> Vec<u8> {
    let algorithm_end = pkcs8.windows(2).position(|pair| pair == [0x05, 0x00]).unwrap() + 2;
    // 04 82 hh ll: an RSA-2048 key's OCTET STRING has more than 255 and less than 65,536 bytes.
    assert_eq!(pkcs8[algorithm_end..algorithm_end + 2], [0x04, 0x82]);
    pkcs8[algorithm_end + 4..].to_vec()
}
