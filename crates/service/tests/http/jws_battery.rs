//! The attacks on JWS of RFC 8725 and its kin, against every operation that takes a signed change. An AAD provider lets
//! anybody with the role sign, so there an attack is a signature that was not made by whom it names; on an isolated
//! one it is also a signer who is not trusted.

use attestry_api::{b64, jwk::Jwk, jws::VerificationKey, spki};
use attestry_service::{provider::ProviderMode, token::SigningAlgorithm};
use aws_lc_rs::{digest, hmac};
use http::Method;
use serde_json::{Value, json};

use crate::signing::{Dialect, Signer, WEAKLY_SIGNED, certificate_payload, policy_payload};
use crate::support::{Answer, ProviderSetup, Service, Setup, forge};

const PERMIT: &str = "version=1.0; authorizationrules{=> permit();}; issuancerules{};";

struct Battery {
    service: Service,
    rsa: Signer,
    ec: Signer,
    attacker: Signer,
    /// Operation, and the payload that it takes.
    operations: Vec<(Method, &'static str, String)>,
}

async fn battery() -> Battery {
    let (rsa, ec) = (Signer::rsa("rsa"), Signer::new(SigningAlgorithm::Es256, "ec"));
    let mut setup = Setup::forged(&forge());
    let mut isolated = ProviderSetup::new("isolated", ProviderMode::Isolated);
    isolated.signers = vec![rsa.jwk(), ec.jwk()];
    setup.providers.push(isolated);
    let other = Signer::rsa("other");
    let operations = vec![
        (Method::PUT, "policies/SgxEnclave", policy_payload(PERMIT)),
        (Method::POST, "policies/SgxEnclave:reset", String::new()),
        (
            Method::POST,
            "certificates:add",
            certificate_payload(&other.jwk()),
        ),
        (
            Method::POST,
            "certificates:remove",
            certificate_payload(&other.jwk()),
        ),
    ];
    Battery {
        service: Service::start(setup).await,
        rsa,
        ec,
        attacker: Signer::rsa("attacker"),
        operations,
    }
}

impl Battery {
    async fn send(&self, provider: &str, operation: &(Method, &'static str, String), jws: &str) -> Answer {
        let path = format!("/p/{provider}/{}?api-version=2020-10-01", operation.1);
        self.service
            .administer(operation.0.clone(), &path, jws.to_owned())
            .await
    }

    /// `forge` makes the attack's JWS of a payload; no operation of the isolated provider takes it, nor does the AAD one
    /// that takes policies of any signer when `of_nobody`.
    async fn refuse(&self, attack: &str, of_nobody: bool, forge: impl Fn(&str) -> String) {
        let before = self.policies().await;
        for operation in &self.operations {
            let jws = forge(&operation.2);
            let providers: &[&str] = if of_nobody {
                &["isolated", "dev"]
            } else {
                &["isolated"]
            };
            for provider in providers {
                let answer = self.send(provider, operation, &jws).await;
                let (code, message) = answer.error();
                assert_eq!(
                    answer.status, 400,
                    "{attack}: {} of {provider}: {message}",
                    operation.1
                );
                assert!(
                    ["InvalidOperation", "InvalidParameter"].contains(&code.as_str()),
                    "{attack}: {code}: {message}"
                );
            }
        }
        assert_eq!(self.policies().await, before, "{attack}");
    }

    async fn policies(&self) -> Vec<Value> {
        let mut all = Vec::new();
        for path in [
            "/p/isolated/policies/SgxEnclave",
            "/p/isolated/certificates",
            "/policies/SgxEnclave",
        ] {
            let token = self
                .service
                .read_policy(&format!("{path}?api-version=2020-10-01"))
                .await
                .token();
            let payload = b64::decode_url(token.split('.').nth(1).unwrap()).unwrap();
            let claims: Value = serde_json::from_slice(&payload).unwrap();
            all.push(json!([claims["x-ms-policy"], claims["x-ms-policy-certificates"]]));
        }
        all
    }
}

fn x5c(signer: &Signer) -> Value {
    json!(signer.jwk().x5c)
}

fn encode(text: &str) -> String {
    b64::encode_url(text.as_bytes())
}

fn with_signature(jws: &str, signature: &str) -> String {
    format!("{}.{signature}", jws.rsplit_once('.').unwrap().0)
}

#[tokio::test]
async fn the_honest_are_heard() {
    let battery = battery().await;
    for signer in [&battery.rsa, &battery.ec] {
        for operation in &battery.operations {
            let answer = battery
                .send("isolated", operation, &signer.sign(&operation.2))
                .await;
            assert_eq!(answer.status, 200, "{}: {}", operation.1, answer.text());
        }
    }
}

#[tokio::test]
async fn no_signature_is_none_however_it_is_spelt() {
    let battery = battery().await;
    for algorithm in ["none", "None", "NONE", "nOnE", "", " none"] {
        let header = encode(&json!({ "alg": algorithm, "x5c": x5c(&battery.rsa) }).to_string());
        battery
            .refuse(algorithm, algorithm != "none", |payload| {
                format!("{header}.{}.", encode(payload))
            })
            .await;
        battery
            .refuse(algorithm, true, |payload| {
                format!("{header}.{}.AAAA", encode(payload))
            })
            .await;
    }
    for signer in [&battery.rsa, &battery.ec] {
        for signature in [
            "",
            "AAAA",
            &b64::encode_url(&[0; 64]),
            &b64::encode_url(&[0; 256]),
        ] {
            battery
                .refuse("zeros", true, |payload| {
                    with_signature(&signer.sign(payload), signature)
                })
                .await;
        }
        // Of another message.
        let other = signer.sign("other");
        let (_, signature) = other.rsplit_once('.').unwrap();
        battery
            .refuse("transplanted", true, |payload| {
                with_signature(&signer.sign(payload), signature)
            })
            .await;
    }
}

#[tokio::test]
async fn a_public_key_is_no_shared_secret() {
    let battery = battery().await;
    let certificate = battery.rsa.chain[0].clone();
    let key = VerificationKey::from_certificate(&certificate).unwrap();
    let secrets = [
        key.spki().to_vec(),
        spki::pem("PUBLIC KEY", key.spki()).into_bytes(),
        certificate.clone(),
        b64::encode_standard(&certificate).into_bytes(),
        Vec::new(),
    ];
    for secret in &secrets {
        battery
            .refuse("HS256", true, |payload| {
                let header = json!({ "alg": "HS256", "x5c": x5c(&battery.rsa) }).to_string();
                let input = format!("{}.{}", encode(&header), encode(payload));
                let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), input.as_bytes());
                format!("{input}.{}", b64::encode_url(tag.as_ref()))
            })
            .await;
    }
}

#[tokio::test]
async fn a_header_cannot_name_one_and_be_signed_by_another() {
    let battery = battery().await;
    let key_of = |signer: &Signer| {
        let key = VerificationKey::from_certificate(&signer.chain[0]).unwrap();
        Jwk::from_spki(key.spki()).unwrap()
    };
    let (own, trusted) = (key_of(&battery.attacker), key_of(&battery.rsa));
    let mixed = |key: &Jwk, of: &Signer| {
        json!(Jwk {
            x5c: of.jwk().x5c,
            ..key.clone()
        })
    };
    let chain = json!([battery.rsa.jwk().x5c[0], battery.attacker.jwk().x5c[0]]);
    let headers = [
        json!({ "alg": "RS256", "x5c": x5c(&battery.rsa) }),
        json!({ "alg": "RS256", "x5c": x5c(&battery.rsa), "jwk": own }),
        json!({ "alg": "RS256", "jwk": mixed(&own, &battery.rsa) }),
        json!({ "alg": "RS256", "jwk": mixed(&trusted, &battery.rsa) }),
        json!({ "alg": "RS256", "jwk": mixed(&trusted, &battery.attacker) }),
        json!({ "alg": "RS256", "x5c": chain }),
        json!({ "alg": "RS256", "kid": "rsa", "jku": "https://attacker.example/certs" }),
        json!({ "alg": "RS256", "x5u": "https://attacker.example/cert.pem" }),
        json!({ "alg": "RS256", "kid": "' OR 1=1 --" }),
        json!({ "alg": "RS256", "kid": "../../../../dev/null" }),
    ];
    for header in headers {
        let header = header.to_string();
        battery
            .refuse(&header, true, |payload| {
                battery
                    .attacker
                    .sign_with_header(Dialect::Plain, &header, payload)
            })
            .await;
    }
    // Signed by whom they name, who is nobody here.
    for header in [
        json!({ "alg": "RS256", "x5c": x5c(&battery.attacker), "jwk": trusted }),
        json!({ "alg": "RS256", "x5c": [battery.attacker.jwk().x5c[0], battery.rsa.jwk().x5c[0]] }),
        json!({ "alg": "RS256", "jwk": own }),
    ] {
        let header = header.to_string();
        battery
            .refuse(&header, false, |payload| {
                battery
                    .attacker
                    .sign_with_header(Dialect::Plain, &header, payload)
            })
            .await;
    }
}

#[tokio::test]
async fn algorithms_go_with_their_keys_only() {
    let battery = battery().await;
    let p384 = Signer::new(SigningAlgorithm::Es384, "p384");
    for (signer, algorithms) in [
        (
            &battery.rsa,
            &[
                "ES256",
                "ECDH256",
                "PS256",
                "RS512",
                "HS256",
                "PBES2-HS256+A128KW",
                "RSA1_5",
                "dir",
                "RS256 ",
            ][..],
        ),
        (
            &battery.ec,
            &[
                "RS256", "RSA256", "ES384", "ES512", "ES256K", "EdDSA", "HS256", "A128GCM",
            ],
        ),
        (&p384, &["ES256", "ECDH256", "RS256"]),
    ] {
        for algorithm in algorithms {
            let header = json!({ "alg": algorithm, "x5c": x5c(signer), "p2c": 2_147_483_647 }).to_string();
            battery
                .refuse(algorithm, true, |payload| {
                    signer.sign_with_header(Dialect::Plain, &header, payload)
                })
                .await;
        }
    }
}

#[tokio::test]
async fn headers_that_ask_for_more_or_read_in_two_ways_are_refused() {
    let battery = battery().await;
    let certificates = x5c(&battery.rsa);
    for header in [
        format!(r#"{{"alg":"RS256","x5c":{certificates},"crit":["exp"],"exp":1}}"#),
        format!(r#"{{"alg":"RS256","x5c":{certificates},"crit":["b64"],"b64":false}}"#),
        format!(r#"{{"alg":"RS256","x5c":{certificates},"crit":[]}}"#),
        format!(r#"{{"alg":"none","alg":"RS256","x5c":{certificates}}}"#),
        format!(
            r#"{{"alg":"RS256","x5c":{certificates},"x5c":{}}}"#,
            x5c(&battery.attacker)
        ),
        format!(r#"{{"alg":["RS256"],"x5c":{certificates}}}"#),
        format!(r#"{{"ALG":"RS256","x5c":{certificates}}}"#),
        format!(r#"{{"alg":"RS256","x5c":{certificates}}}{{}}"#),
        r#"{"alg":"RS256","x5c":[]}"#.to_owned(),
        r#"{"alg":"RS256","x5c":["AAAA"]}"#.to_owned(),
        format!(r#"["RS256",{certificates}]"#),
    ] {
        battery
            .refuse(&header, true, |payload| {
                battery.rsa.sign_with_header(Dialect::Plain, &header, payload)
            })
            .await;
    }
}

#[tokio::test]
async fn encodings_have_one_form_and_texts_have_three_parts() {
    let battery = battery().await;
    let changes: [fn(&str) -> String; 8] = [
        |jws| format!("{jws}="),
        |jws| format!("{jws}=="),
        |jws| jws.replacen('.', "=.", 1),
        |jws| format!("{jws}.AAAA"),
        |jws| format!("{jws}A"),
        |jws| jws.replacen('.', ".\n", 1),
        |jws| jws.rsplit_once('.').unwrap().0.to_owned(),
        |jws| format!("{jws}\0"),
    ];
    for change in changes {
        battery
            .refuse("encoding", true, |payload| change(&battery.rsa.sign(payload)))
            .await;
    }
    battery
        .refuse("nested", true, |payload| {
            battery.rsa.sign(&battery.rsa.sign(payload))
        })
        .await;
    battery
        .refuse("twice", true, |_| {
            battery
                .rsa
                .sign(r#"{"AttestationPolicy":"e30","AttestationPolicy":"e30","policyCertificate":1}"#)
        })
        .await;
}

/// The signature is good: what is refused is the key.
#[tokio::test]
async fn weak_keys_sign_nothing() {
    let battery = battery().await;
    for provider in ["dev", "isolated"] {
        let answer = battery
            .send(provider, &battery.operations[0], WEAKLY_SIGNED)
            .await;
        assert_eq!(answer.status, 400, "{provider}: {}", answer.text());
    }
    // With the exponent 1 every message is its own signature.
    let key = VerificationKey::from_certificate(&battery.rsa.chain[0]).unwrap();
    let key = Jwk::from_spki(key.spki()).unwrap();
    let size = b64::decode_url(key.n.as_deref().unwrap()).unwrap().len();
    let header = json!({ "alg": "RS256", "jwk": Jwk { e: Some("AQ".to_owned()), ..key } }).to_string();
    battery
        .refuse("exponent 1", true, |payload| {
            let input = format!("{}.{}", encode(&header), encode(payload));
            format!(
                "{input}.{}",
                b64::encode_url(&padded_hash(input.as_bytes(), size))
            )
        })
        .await;
}

/// EMSA-PKCS1-v1_5 with SHA-256 (RFC 8017, 9.2).
fn padded_hash(message: &[u8], size: usize) -> Vec<u8> {
    const SHA_256: [u8; 19] = [
        0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00,
        0x04, 0x20,
    ];
    let hash = digest::digest(&digest::SHA256, message);
    let end = [&[0][..], &SHA_256, hash.as_ref()].concat();
    [&[0, 1][..], &vec![0xff; size - 2 - end.len()], &end].concat()
}

#[tokio::test]
async fn long_headers_and_bodies_are_cut_off() {
    let battery = battery().await;
    let header = json!({ "alg": "RS256", "x5c": x5c(&battery.rsa), "pad": "A".repeat(900_000) }).to_string();
    let jws = battery
        .rsa
        .sign_with_header(Dialect::Plain, &header, &policy_payload(PERMIT));
    let answer = battery.send("isolated", &battery.operations[0], &jws).await;
    assert_eq!(
        (answer.status.as_u16(), answer.error().0.as_str()),
        (413, "PayloadTooLarge")
    );
    let many: Vec<_> = std::iter::repeat_n(battery.rsa.jwk().x5c[0].clone(), 400).collect();
    let header = json!({ "alg": "RS256", "x5c": many }).to_string();
    battery
        .refuse("400 certificates", true, |payload| {
            battery.rsa.sign_with_header(Dialect::Plain, &header, payload)
        })
        .await;
}
