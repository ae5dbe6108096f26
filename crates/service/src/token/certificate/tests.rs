use ::der::{Decode, Reader, SliceReader};
use attestry_api::jws::VerificationKey;
use x509_cert::{Certificate, ext::pkix::BasicConstraints};

use super::*;
use crate::token::SigningAlgorithm;

const URL: &str = "https://localhost:8443/p/tenant";

fn minted(algorithm: SigningAlgorithm) -> (SigningKey, Certificate, Vec<u8>) {
    let key = SigningKey::generate(algorithm).unwrap();
    let bytes = self_signed(&key, URL).unwrap();
    (key, Certificate::from_der(&bytes).unwrap(), bytes)
}

#[test]
fn the_certificate_has_the_fields_of_maas() {
    let (key, certificate, bytes) = minted(SigningAlgorithm::Rs256);
    let tbs = certificate.tbs_certificate();
    assert_eq!(tbs.serial_number().as_bytes(), [1]);
    assert_eq!(tbs.subject().to_string(), format!("CN={URL}"));
    assert_eq!(tbs.issuer(), tbs.subject());
    // The parser forgets which of the two time types it read.
    assert!(contains(
        &bytes,
        b"\x30\x22\x18\x0f20190501000000Z\x18\x0f20501231235959Z"
    ));
    assert_eq!(tbs.signature().oid.to_string(), "1.2.840.113549.1.1.11");
    let extensions: Vec<_> = tbs
        .extensions()
        .unwrap()
        .iter()
        .map(|e| (e.extn_id.to_string(), e.critical))
        .collect();
    let names = ["2.5.29.19", "2.5.29.14", "2.5.29.35"];
    assert_eq!(extensions, names.map(|name| (name.to_owned(), false)));
    assert_eq!(tbs.extensions().unwrap()[0].extn_value.as_bytes(), b"\x30\x00");
    assert!(!BasicConstraints::from_der(b"\x30\x00").unwrap().ca);
    assert_eq!(
        VerificationKey::from_certificate(&bytes).unwrap().spki(),
        key.spki()
    );
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// The first element of the certificate, as it stands there.
fn tbs_bytes(certificate: &[u8]) -> &[u8] {
    let mut reader = SliceReader::new(certificate).unwrap();
    let tbs = reader.sequence(|inner| {
        let tbs = inner.tlv_bytes()?;
        inner.tlv_bytes()?;
        inner.tlv_bytes()?;
        Ok::<_, ::der::Error>(tbs)
    });
    tbs.unwrap()
}

#[test]
fn it_is_signed_by_its_own_key() {
    use aws_lc_rs::signature::{
        ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey,
        VerificationAlgorithm,
    };
    let cases: [(SigningAlgorithm, &dyn VerificationAlgorithm); 4] = [
        (SigningAlgorithm::Rs256, &RSA_PKCS1_2048_8192_SHA256),
        (SigningAlgorithm::Ps256, &RSA_PKCS1_2048_8192_SHA256),
        (SigningAlgorithm::Es256, &ECDSA_P256_SHA256_ASN1),
        (SigningAlgorithm::Es384, &ECDSA_P384_SHA384_ASN1),
    ];
    for (algorithm, verification) in cases {
        let (key, certificate, bytes) = minted(algorithm);
        let tbs = tbs_bytes(&bytes);
        let bits = spki::public_key_bits(key.spki()).unwrap();
        let public = UnparsedPublicKey::new(verification, bits);
        assert!(
            public.verify(tbs, certificate.signature().raw_bytes()).is_ok(),
            "{algorithm}"
        );
        assert_eq!(
            certificate.signature_algorithm(),
            certificate.tbs_certificate().signature()
        );
    }
}

#[test]
fn a_recorded_certificate_of_maa_has_the_same_bytes_around_key_and_signature() {
    let root = std::env::var_os("ATTESTRY_VECTORS").map_or_else(
        || concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors").into(),
        std::path::PathBuf::from,
    );
    let path = root.join("maa/certs/py-2021-aad-key0-cert0.der");
    let Ok(recorded) = std::fs::read(&path) else {
        eprintln!("SKIPPED: no recording at {}", path.display());
        return;
    };
    // Everything from the version to the subject, and the first extensions, depend on nothing but name and key.
    let name = "https://pylarryoattestationaad.wus.attest.azure.net";
    let key = SigningKey::generate(SigningAlgorithm::Rs256).unwrap();
    let ours = self_signed(&key, name).unwrap();
    let head = |certificate: &[u8]| certificate[8..195].to_vec();
    assert_eq!(head(&ours), head(&recorded));
    let extensions = |certificate: &[u8]| {
        let start = certificate
            .windows(5)
            .position(|w| w == b"\x06\x03\x55\x1d\x13")
            .unwrap();
        let mut bytes = certificate[start..start + 73].to_vec();
        bytes[20..40].fill(0);
        bytes[53..73].fill(0);
        bytes
    };
    assert_eq!(extensions(&ours), extensions(&recorded));
}
