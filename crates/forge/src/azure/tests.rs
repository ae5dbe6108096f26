//! Byte offsets against the published layouts, recorded evidence as a model of shape, and OpenSSL and a CBOR
//! library of others as independent readers.

use aws_lc_rs::{
    digest::{self, digest},
    signature::{
        RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384,
        RSA_PSS_2048_8192_SHA512, RsaPublicKeyComponents,
    },
};
use ciborium::Value;

use super::*;
use crate::{
    Seed,
    amd::{AmdForge, ProductLine},
    intel::IntelForge,
    openssl::{Files, openssl, recorded, run},
    pki::{self, AnyKey, SigningKey},
    quote::TdBody,
    seed::sha256,
};

const NOW: i64 = 1_768_435_200;

fn snp() -> HclReport {
    let forge = AmdForge::new(Seed::default(), NOW);
    HclReport::snp(
        forge.snp_evidence(ProductLine::Milan),
        &VtpmKeys::new(&forge.seed),
    )
}

fn tdx() -> HclReport {
    let forge = IntelForge::new(Seed::default(), NOW);
    let report = forge.tdx_quote_spec(TdBody::Td10).report;
    HclReport::tdx(&forge.seed, report, &VtpmKeys::new(&forge.seed))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
}

#[test]
fn an_hcl_report_has_azures_layout() {
    for (hcl, version, report_type, size) in [(snp(), 1, 2, 1184), (tdx(), 2, 4, 1024)] {
        let minted = hcl.mint();
        let bytes = &minted.hcl_report;
        let claims_size = minted.runtime_claims.len();
        assert_eq!(bytes.len(), 2600);
        assert_eq!(&bytes[..4], b"HCLA");
        assert_eq!(u32_at(bytes, 4), version);
        assert_eq!(u32_at(bytes, 8) as usize, 32 + 1184 + 20 + claims_size);
        assert_eq!(u32_at(bytes, 12), 2);
        assert_eq!(bytes[16..32], [0; 16]);
        assert_eq!(minted.hardware_report.len(), size);
        assert_eq!(bytes[32..32 + size], minted.hardware_report);
        assert!(bytes[32 + size..1216].iter().all(|&byte| byte == 0));
        assert_eq!(u32_at(bytes, 1216) as usize, 20 + claims_size);
        assert_eq!(u32_at(bytes, 1220), 1);
        assert_eq!(u32_at(bytes, 1224), report_type);
        assert_eq!(u32_at(bytes, 1228), 1);
        assert_eq!(u32_at(bytes, 1232) as usize, claims_size);
        assert_eq!(bytes[1236..1236 + claims_size], minted.runtime_claims);
        assert!(bytes[1236 + claims_size..].iter().all(|&byte| byte == 0));
    }
}

#[test]
fn the_report_data_hold_the_hash_of_the_claims() {
    for (hcl, offset) in [(snp(), 0x50), (tdx(), 128)] {
        let minted = hcl.mint();
        let report_data = &minted.hardware_report[offset..offset + 64];
        assert_eq!(report_data[..32], sha256(&[&minted.runtime_claims]));
        assert_eq!(report_data[32..], [0; 32]);
        assert_eq!(report_data, hcl.report_data());
        let mut unbound = hcl;
        unbound.set("report.report_data", &"5a".repeat(64)).unwrap();
        assert_eq!(unbound.mint().hardware_report[offset..offset + 64], [0x5A; 64]);
    }
}

#[test]
fn a_tdreport_covers_its_parts_by_hashes() {
    let report = tdx().mint().hardware_report;
    let sha384 = |bytes: &[u8]| digest(&digest::SHA384, bytes).as_ref().to_vec();
    assert_eq!(report[..4], [0x81, 0, 0, 0]);
    assert_eq!(report[32..80], sha384(&report[256..495]));
    assert_eq!(report[80..128], sha384(&report[512..1024]));
    assert_eq!(report[495..512], [0; 17]);
    let forge = IntelForge::new(Seed::default(), NOW);
    let trust_domain = forge.tdx_quote_spec(TdBody::Td10).report;
    // TDINFO: attributes, XFAM, MRTD.
    assert_eq!(report[512..520], trust_domain.td_attributes.to_le_bytes());
    assert_eq!(report[520..528], trust_domain.xfam.to_le_bytes());
    assert_eq!(report[528..576], trust_domain.mr_td);
}

#[test]
fn claims_are_written_like_the_paravisors() {
    let Some(real) = recorded("snp/hcl/coco-tdx.bin") else {
        return;
    };
    let size = u32_at(&real, 1232) as usize;
    let skeleton = |json: &[u8]| {
        let text = String::from_utf8(json.to_vec()).unwrap();
        // Names stay, values of strings and truth values go.
        let mut out = String::new();
        for (index, part) in text.split('"').enumerate() {
            let is_name = index % 2 == 1;
            let followed_by = text.split('"').nth(index + 1).unwrap_or_default();
            out.push_str(match (is_name, followed_by.starts_with(':')) {
                (true, false) => "text",
                _ => part,
            });
            out.push('"');
        }
        out.replace("true", "flag").replace("false", "flag")
    };
    assert_eq!(
        skeleton(&tdx().mint().runtime_claims),
        skeleton(&real[1236..1236 + size])
    );
}

#[test]
fn every_field_of_an_hcl_report_can_be_set() {
    for hcl in [snp(), tdx()] {
        for field in hcl.fields() {
            let value = match field.takes.split_once(" bytes") {
                Some((size, _)) => "ab".repeat(size.parse().unwrap()),
                None if field.takes == "bytes" => "abcd".to_owned(),
                None if field.takes == "true or false" => "true".to_owned(),
                None => "7".to_owned(),
            };
            hcl.clone().set(&field.name, &value).unwrap();
        }
    }
    let mut hcl = snp();
    for (field, offset) in [
        ("header.version", 4),
        ("header.report_size", 8),
        ("header.request_type", 12),
        ("header.status", 16),
        ("report.vmpl", 32 + 0x30),
        ("data.size", 1216),
        ("data.version", 1220),
        ("data.report_type", 1224),
        ("data.hash_type", 1228),
        ("data.claims_size", 1232),
    ] {
        hcl.set(field, "0x01020304").unwrap();
        assert_eq!(u32_at(&hcl.mint().hcl_report, offset), 0x0102_0304, "{field}");
    }
}

#[test]
fn the_claims_name_the_keys_of_the_tpm() {
    let keys = VtpmKeys::new(&Seed::default());
    let claims: serde_json::Value = serde_json::from_slice(&snp().mint().runtime_claims).unwrap();
    let key = &claims["keys"][0];
    assert_eq!(key["kid"], "HCLAkPub");
    assert_eq!(key["key_ops"][0], "sign");
    assert_eq!(key["e"], "AQAB");
    let modulus = attestry_api::b64::decode_url(key["n"].as_str().unwrap()).unwrap();
    assert_eq!(modulus.len(), 256);
    let public = RsaPublicKeyComponents {
        n: modulus,
        e: vec![1, 0, 1],
    };
    let signature = keys.ak.sign(b"a quote");
    let verified = public.verify(&RSA_PKCS1_2048_8192_SHA256, b"a quote", &signature);
    verified.unwrap();
    assert_eq!(claims["keys"][1]["kid"], "HCLEkPub");
    assert_ne!(VtpmKeys::another().ak.modulus(), keys.ak.modulus());
    assert_eq!(claims["vm-configuration"]["secure-boot"], true);
    assert_eq!(claims["user-data"].as_str().unwrap().len(), 128);
}

#[test]
fn cbor_is_encoded_like_the_examples_of_its_standard() {
    // RFC 8949, appendix A.
    for (item, bytes) in [
        (Cbor::Int(0), "00"),
        (Cbor::Int(23), "17"),
        (Cbor::Int(24), "1818"),
        (Cbor::Int(1000), "1903e8"),
        (Cbor::Int(1_000_000), "1a000f4240"),
        (Cbor::Int(1_000_000_000_000), "1b000000e8d4a51000"),
        (Cbor::Int(-1), "20"),
        (Cbor::Int(-100), "3863"),
        (Cbor::Int(-1000), "3903e7"),
        (Cbor::Tag(1, Box::new(Cbor::Int(1_363_896_240))), "c11a514b67b0"),
        (Cbor::Bytes(vec![1, 2, 3, 4]), "4401020304"),
        (Cbor::text("IETF"), "6449455446"),
        (Cbor::Array(vec![Cbor::Int(1), Cbor::Int(2)]), "820102"),
        (Cbor::Map(vec![(Cbor::text("a"), Cbor::Int(1))]), "a1616101"),
        (Cbor::Raw(vec![0xF6]), "f6"),
    ] {
        assert_eq!(attestry_api::hex::encode(&item.encode()), bytes);
    }
}

/// The four parts of COSE_Sign1, as another library reads them.
struct Cose {
    protected: Vec<u8>,
    unprotected: Vec<(Value, Value)>,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

fn cose(bytes: &[u8]) -> Cose {
    let Value::Tag(18, message) = ciborium::from_reader(bytes).unwrap() else {
        panic!("not tagged as COSE_Sign1");
    };
    let parts: [Value; 4] = message.into_array().unwrap().try_into().unwrap();
    let [protected, unprotected, payload, signature] = parts;
    Cose {
        protected: protected.into_bytes().unwrap(),
        unprotected: unprotected.into_map().unwrap(),
        payload: payload.into_bytes().unwrap(),
        signature: signature.into_bytes().unwrap(),
    }
}

fn endorsement() -> UvmEndorsement {
    UvmEndorsement::new(&UvmAuthority::new(NOW), &[0xAB; 48])
}

/// Sig_structure of RFC 9052, 4.4, as another library writes it.
fn signed_part(parts: &Cose) -> Vec<u8> {
    let signed = Value::Array(vec![
        Value::from("Signature1"),
        Value::Bytes(parts.protected.clone()),
        Value::Bytes(Vec::new()),
        Value::Bytes(parts.payload.clone()),
    ]);
    let mut bytes = Vec::new();
    ciborium::into_writer(&signed, &mut bytes).unwrap();
    bytes
}

#[test]
fn the_leaf_signs_what_cose_says() {
    let mut named = endorsement();
    let AnyKey::Rsa(leaf) = named.signer.clone() else {
        unreachable!()
    };
    assert_eq!(leaf.modulus().len(), 384);
    let public = RsaPublicKeyComponents {
        n: leaf.modulus(),
        e: &leaf.exponent(),
    };
    let mut claims = endorsement();
    claims.use_cwt_claims();
    for spec in [&named, &claims] {
        let parts = cose(&spec.mint());
        let bytes = signed_part(&parts);
        public
            .verify(&RSA_PSS_2048_8192_SHA384, &bytes, &parts.signature)
            .unwrap();
    }
    for (algorithm, parameters) in [(-37, &RSA_PSS_2048_8192_SHA256), (-39, &RSA_PSS_2048_8192_SHA512)] {
        named.algorithm = algorithm;
        let parts = cose(&named.mint());
        let bytes = signed_part(&parts);
        public.verify(parameters, &bytes, &parts.signature).unwrap();
        let other = public.verify(&RSA_PSS_2048_8192_SHA384, &bytes, &parts.signature);
        assert!(other.is_err(), "{algorithm}");
    }
}

#[test]
fn an_endorsement_has_the_headers_of_microsofts() {
    let Some(real) = recorded("snp/reports/aci-milan-v2/uvm-endorsement.cose") else {
        return;
    };
    let keys = |bytes: &[u8]| {
        let Cose {
            protected,
            unprotected,
            ..
        } = cose(bytes);
        let header: Value = ciborium::from_reader(protected.as_slice()).unwrap();
        let kind = |value: &Value| std::mem::discriminant(value);
        let list = |map: Vec<(Value, Value)>| -> Vec<_> {
            map.iter()
                .map(|(key, value)| (key.clone(), kind(value)))
                .collect()
        };
        (list(header.into_map().unwrap()), list(unprotected))
    };
    assert_eq!(keys(&endorsement().mint()), keys(&real));
    let payload = cose(&real).payload;
    let members = |payload: &[u8]| -> Vec<String> {
        let payload: serde_json::Value = serde_json::from_slice(payload).unwrap();
        payload.as_object().unwrap().keys().cloned().collect()
    };
    assert_eq!(members(&endorsement().payload()), members(&payload));
}

#[test]
fn payloads_and_claims_hold_what_was_set() {
    let mut spec = endorsement();
    spec.set("svn", "22").unwrap();
    spec.set("feed", "ConfAKS-AMD-UVM").unwrap();
    spec.set("maa_api_version", "1.0").unwrap();
    let payload: serde_json::Value = serde_json::from_slice(&spec.payload()).unwrap();
    assert_eq!(payload["x-ms-sevsnpvm-guestsvn"], "22");
    assert_eq!(payload["x-ms-sevsnpvm-launchmeasurement"], "ab".repeat(48));
    assert_eq!(payload["x-ms-maa-api-version"], "1.0");
    spec.use_cwt_claims();
    assert_eq!(spec.payload(), [0xAB; 48]);
    let header = spec.protected_header();
    let (_, claims) = header.iter().find(|(key, _)| *key == Cbor::Int(15)).unwrap();
    let Cbor::Map(claims) = claims else {
        panic!("{claims:?}")
    };
    assert!(claims.contains(&(Cbor::Int(2), Cbor::text("ConfAKS-AMD-UVM"))));
    assert!(claims.contains(&(Cbor::text("svn"), Cbor::Int(22))));
    spec.protected = Some(vec![(Cbor::Int(1), Cbor::Int(-7)); 2]);
    assert_eq!(cose(&spec.mint()).protected, [0xA2, 1, 0x26, 1, 0x26]);
    spec.set("signature", "0102").unwrap();
    assert_eq!(cose(&spec.mint()).signature, [1, 2]);
}

#[test]
fn the_issuer_is_the_hash_of_the_root() {
    let authority = UvmAuthority::new(NOW);
    let hash = attestry_api::b64::encode_url(&sha256(&[&authority.root.to_der()]));
    let spec = UvmEndorsement::new(&authority, &[0; 48]);
    assert_eq!(
        spec.issuer,
        format!("did:x509:0:sha256:{hash}::eku:1.3.6.1.4.1.311.76.59.1.2")
    );
    assert!(authority.did_by_subject().ends_with("::subject:CN:ContainerPlat"));
    // Pinned: development servers and published demo evidence rely on this root.
    assert_eq!(hash, PINNED_UVM_ROOT);
}

#[test]
fn openssl_verifies_the_chain() {
    let authority = UvmAuthority::new(NOW);
    let files = Files::new("uvm-chain");
    let root = files.write("root", authority.root.to_pem());
    let issuer = files.write("issuer", authority.issuer.to_pem());
    let leaf = files.write("leaf", authority.leaf.to_pem());
    let verify = |time: i64| {
        let time = time.to_string();
        run(
            &[
                "verify",
                "-attime",
                &time,
                "-CAfile",
                &root,
                "-untrusted",
                &issuer,
                &leaf,
            ],
            &[],
        )
    };
    let Some(good) = verify(NOW) else { return };
    assert!(good.status.success(), "{}", String::from_utf8_lossy(&good.stderr));
    assert!(
        !verify(NOW + 365 * 86_400).unwrap().status.success(),
        "a leaf lives for a year"
    );
    let text = openssl(&["x509", "-noout", "-text"], authority.leaf.to_pem().as_bytes()).unwrap();
    assert!(text.contains("CN = ContainerPlat"), "{text}");
    assert!(text.contains("1.3.6.1.4.1.311.76.59.1.1, 1.3.6.1.4.1.311.76.59.1.2"));
    assert!(text.contains("Public-Key: (3072 bit)"));
    assert!(text.contains("sha384WithRSAEncryption"));
}

#[test]
fn openssl_verifies_the_time_stamp_over_the_signature() {
    let authority = UvmAuthority::new(NOW);
    let spec = UvmEndorsement::new(&authority, &[0xAB; 48]);
    let Cose {
        unprotected,
        signature,
        ..
    } = cose(&spec.mint());
    let token = unprotected[0].1.clone().into_bytes().unwrap();
    let files = Files::new("time-stamp");
    let root = files.write("root", authority.time_stamp_root.to_pem());
    let token = files.write("token", token);
    let verify = |message: &[u8]| {
        let message = files.write("message", message);
        let time = NOW.to_string();
        run(
            &[
                "ts",
                "-verify",
                "-attime",
                &time,
                "-token_in",
                "-in",
                &token,
                "-data",
                &message,
                "-CAfile",
                &root,
            ],
            &[],
        )
    };
    let Some(good) = verify(&signature) else { return };
    assert!(good.status.success(), "{}", String::from_utf8_lossy(&good.stderr));
    assert!(!verify(b"another message").unwrap().status.success());
    let text = openssl(
        &["ts", "-reply", "-token_in", "-in", &token, "-token_out", "-text"],
        &[],
    )
    .unwrap();
    assert!(
        text.contains("Time stamp: Jan  8 00:00:00.572 2026 GMT"),
        "{text}"
    );
}

#[test]
fn a_time_stamp_can_be_over_something_else() {
    let authority = UvmAuthority::new(NOW);
    let mut spec = UvmEndorsement::new(&authority, &[0; 48]);
    spec.signature = Some(b"fixed".to_vec());
    let token = |spec: &UvmEndorsement| cose(&spec.mint()).unprotected[0].1.clone().into_bytes().unwrap();
    let holds = |token: &[u8], message: &[u8]| {
        let hash = digest(&digest::SHA384, message);
        token.windows(48).any(|window| window == hash.as_ref())
    };
    assert!(holds(&token(&spec), b"fixed"));
    spec.keeps_stamped_message = true;
    assert!(!holds(&token(&spec), b"fixed"));
    spec.time_stamp = None;
    assert!(cose(&spec.mint()).unprotected.is_empty());
}

#[test]
fn other_algorithms_sign_with_other_keys() {
    let key = Seed::default().p384_key("uvm leaf");
    let mut authority = UvmAuthority::new(NOW);
    authority.leaf.subject_key = key.clone().into();
    let mut spec = UvmEndorsement::new(&authority, &[0; 48]);
    spec.algorithm = -35;
    assert_eq!(cose(&spec.mint()).signature.len(), 96);
    let leaf = &spec.chain[0];
    let point = key.public_point();
    assert!(leaf.windows(97).any(|window| window == point));
    let certificate: &pki::CertificateSpec<AnyKey> = &authority.leaf;
    assert_eq!(certificate.subject_key.key_id(), key.key_id());
}

const PINNED_UVM_ROOT: &str = "vORBARceY9kv0w9unnzZ9baiPZFvGEFvav9BnBB4j-4";
