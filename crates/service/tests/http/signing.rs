//! Policy signers of tests: keys with certificates, and the JWSs that administrators' tools make with them.

use attestry_api::{b64, jwk::Jwk, jws};
use attestry_service::token::{SigningAlgorithm, SigningKey};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls_pki_types::PrivatePkcs8KeyDer;
use serde_json::{Map, Value, json};

/// Somebody who signs policies.
pub struct Signer {
    key: SigningKey,
    params: CertificateParams,
    /// DER, leaf first.
    pub chain: Vec<Vec<u8>>,
}

/// Where a client puts its certificate, and how it names its algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// RFC 7515: `x5c` beside `RS256` or `ES256`.
    Plain,
    /// As Azure's SDK for Python: `RSA256`, the certificate in `jwk`, blanks in the JSON.
    Python,
    /// As the one for .NET: `RSA256`, `ECDH256`.
    DotNet,
    /// As the one for C++: ECDSA signatures in DER.
    Cpp,
}

impl Signer {
    /// A self-signed certificate that may certify.
    pub fn new(algorithm: SigningAlgorithm, common_name: &str) -> Self {
        Self::self_signed(algorithm, common_name, IsCa::Ca(BasicConstraints::Unconstrained))
    }

    pub fn rsa(common_name: &str) -> Self {
        Self::new(SigningAlgorithm::Rs256, common_name)
    }

    pub fn self_signed(algorithm: SigningAlgorithm, common_name: &str, is_ca: IsCa) -> Self {
        let key = SigningKey::generate(algorithm).unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, common_name);
        params.is_ca = is_ca;
        let certificate = params.self_signed(&pair(&key)).unwrap();
        Self {
            key,
            params,
            chain: vec![certificate.der().to_vec()],
        }
    }

    /// A signer whom this one certifies; `is_ca` says whether it may certify others.
    pub fn certify(&self, common_name: &str, is_ca: IsCa) -> Self {
        self.certify_with(common_name, |params| params.is_ca = is_ca)
    }

    pub fn certify_with(&self, common_name: &str, change: impl FnOnce(&mut CertificateParams)) -> Self {
        let key = SigningKey::generate(SigningAlgorithm::Es256).unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, common_name);
        change(&mut params);
        let issuer = Issuer::new(self.params.clone(), pair(&self.key));
        let certificate = params.signed_by(&pair(&key), &issuer).unwrap();
        let chain = [vec![certificate.der().to_vec()], self.chain.clone()].concat();
        Self { key, params, chain }
    }

    /// `kty` and `x5c` of the first certificate.
    pub fn jwk(&self) -> Jwk {
        let kty = if self.key.algorithm() == SigningAlgorithm::Rs256 {
            "RSA"
        } else {
            "EC"
        };
        Jwk {
            kty: kty.to_owned(),
            x5c: vec![b64::encode_standard(&self.chain[0])],
            ..Jwk::default()
        }
    }

    /// Thumbprint of the first certificate.
    pub fn thumbprint(&self) -> String {
        attestry_api::jwk::thumbprint(&self.chain[0])
    }

    pub fn sign(&self, payload: &str) -> String {
        self.sign_as(Dialect::Plain, payload)
    }

    pub fn sign_as(&self, dialect: Dialect, payload: &str) -> String {
        let rsa = self.key.algorithm() == SigningAlgorithm::Rs256;
        let algorithm = match (dialect, rsa) {
            (Dialect::Python | Dialect::DotNet, true) => "RSA256",
            (Dialect::DotNet, false) => "ECDH256",
            _ => self.key.algorithm().as_str(),
        };
        let x5c: Vec<_> = self.chain.iter().map(|der| b64::encode_standard(der)).collect();
        let header = match dialect {
            Dialect::Python => format!(r#"{{"alg": "{algorithm}", "jwk": {{"x5c": {}}}}}"#, json!(x5c)),
            _ => json!({ "alg": algorithm, "x5c": x5c }).to_string(),
        };
        self.sign_with_header(dialect, &header, payload)
    }

    pub fn sign_with_header(&self, dialect: Dialect, header: &str, payload: &str) -> String {
        let input = format!(
            "{}.{}",
            b64::encode_url(header.as_bytes()),
            b64::encode_url(payload.as_bytes())
        );
        let signature = self.key.sign(input.as_bytes()).unwrap();
        let signature = match dialect {
            Dialect::Cpp if self.key.algorithm() != SigningAlgorithm::Rs256 => der_signature(&signature),
            _ => signature,
        };
        jws::assemble(input, &signature)
    }
}

fn pair(key: &SigningKey) -> KeyPair {
    let pkcs8 = key.pkcs8().unwrap();
    KeyPair::try_from(&PrivatePkcs8KeyDer::from(pkcs8.to_vec())).unwrap()
}

/// r and s side by side as an ECDSA-Sig-Value (RFC 3279, 2.2.3).
fn der_signature(fixed: &[u8]) -> Vec<u8> {
    let (r, s) = fixed.split_at(fixed.len() / 2);
    let integer = |bytes: &[u8]| {
        let mut bytes: Vec<u8> = bytes.iter().copied().skip_while(|byte| *byte == 0).collect();
        if bytes[0] & 0x80 != 0 {
            bytes.insert(0, 0);
        }
        [&[2, u8::try_from(bytes.len()).unwrap()][..], &bytes].concat()
    };
    let content = [integer(r), integer(s)].concat();
    [&[0x30, u8::try_from(content.len()).unwrap()][..], &content].concat()
}

/// The payload that carries a policy.
pub fn policy_payload(text: &str) -> String {
    bound_policy_payload(text, &json!({}))
}

/// The same with more members.
pub fn bound_policy_payload(text: &str, members: &Value) -> String {
    let mut payload = Map::from_iter([(
        "AttestationPolicy".to_owned(),
        b64::encode_url(text.as_bytes()).into(),
    )]);
    payload.extend(members.as_object().unwrap().clone());
    Value::Object(payload).to_string()
}

/// The payload that adds or removes a certificate.
pub fn certificate_payload(certificate: &Jwk) -> String {
    json!({ "policyCertificate": certificate }).to_string()
}

/// A policy that permits everything, honestly signed with an RSA key of 1,024 bits whose certificate may certify; made
/// with OpenSSL.
pub const WEAKLY_SIGNED: &str = "\
    eyJhbGciOiJSUzI1NiIsIng1YyI6WyJNSUlCK2pDQ0FXT2dBd0lCQWdJVVFvcXcvUHpLb0FUZXlrRlQ1ZHRCK2x3\
    U01NQXdEUVlKS29aSWh2Y05BUUVMQlFBd0R6RU5NQXNHQTFVRUF3d0VkMlZoYXpBZUZ3MHlOakV4TWpnd01qUTJO\
    VGRhRncwek5qRXhNalV3TWpRMk5UZGFNQTh4RFRBTEJnTlZCQU1NQkhkbFlXc3dnWjh3RFFZSktvWklodmNOQVFF\
    QkJRQURnWTBBTUlHSkFvR0JBTVJWUzl0MTgvbHIxN3dsSDBSazNIZ2xvWDNpOXY1K0dFTngwOEsrVS9wRWN4Qm1C\
    MUQvSnF4VnlJTXdFOWQzaVk2Q1cyZlNKQjlPdDZUellsSjAzSWc3OEU4MHB0L2UyK1R6ZEVQekVJd2Y0Rlhrbmhr\
    cUlvUU1BQU16OE5ZOWNCSUNjMko2VXpSMTdKZnAwSDVjMlJ5L3MydlZzZU5WbVYzYnBkZWxTVVMzQWdNQkFBR2pV\
    ekJSTUIwR0ExVWREZ1FXQkJSM3dnWWJqbDd5Y3lsUll5WXhCZUE4cjhvMjlUQWZCZ05WSFNNRUdEQVdnQlIzd2dZ\
    YmpsN3ljeWxSWXlZeEJlQThyOG8yOVRBUEJnTlZIUk1CQWY4RUJUQURBUUgvTUEwR0NTcUdTSWIzRFFFQkN3VUFB\
    NEdCQURTc08rMXhWeWxJOFlzc2JBd2ZZcTFjL0xuU3ZwSTN1U1MwTDg2bzBpaHVyOWg3RDRhSHJ6OEVYc2I2ekd5\
    NmJFS2RnbGtUTzZ6T3BDdGU1VjVRU2YzV0dSaE9ZTlJSMGdrY051d3FudkZNSlFlbWEwN0R6YjN4QTBLcmtvSzNX\
    QlZ3UU9aQlVqdHExelZkSDMxUGFiOEZ5UlFsbEdlN3NqZWN0UlFnem9pRyJdfQ.eyJBdHRlc3RhdGlvblBvbGlje\
    SI6ImRtVnljMmx2YmoweExqQTdJR0YxZEdodmNtbDZZWFJwYjI1eWRXeGxjM3M5UGlCd1pYSnRhWFFvS1R0OU95Q\
    nBjM04xWVc1alpYSjFiR1Z6ZTMwNyJ9.najXwTH9qKO-Mxf7tmN9SOAencB2mO2tUlqtu6Uutk_lPUAlzyg-WTxy\
    aIlvdkWsBCIwtTXuLlD-4CXS09MTy-8dEfcCp8hQUCUiZ6qzRBVJTvnc5EJd_2yQ_9_EmZseexBpfhkas8NJd4B4\
    Z1n1ytCnxm_oKL4JN8BgpkJFHBc";

/// The certificate of that key, as in `x5c`.
pub fn weak_certificate() -> String {
    let header = b64::decode_url(WEAKLY_SIGNED.split('.').next().unwrap()).unwrap();
    let header: Value = serde_json::from_slice(&header).unwrap();
    header["x5c"][0].as_str().unwrap().to_owned()
}
