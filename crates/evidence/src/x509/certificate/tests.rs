use attestry_forge::pki::{CertificateSpec, Extension, Name, oid};

use super::*;
use crate::dcap::world::World;
use crate::time::UnixTime;

fn read(change: impl FnOnce(&mut CertificateSpec)) -> Result<Certificate, EncodingError> {
    let mut spec = World::sgx().forge.tcb_signing;
    change(&mut spec);
    Certificate::from_der(&spec.to_der())
}

#[test]
fn a_certificate_is_read_in_full() {
    let spec = World::sgx().forge.platform_ca;
    let certificate = Certificate::parse(spec.to_pem().as_bytes()).unwrap();
    assert_eq!(
        certificate,
        Certificate::parse(certificate.der()).unwrap(),
        "PEM or DER"
    );
    assert_eq!(certificate.common_name(), "Intel SGX PCK Platform CA");
    assert_eq!(certificate.issuer_common_name(), "Intel SGX Root CA");
    assert_eq!(
        certificate.serial(),
        Serial::from_magnitude(&spec.serial).unwrap()
    );
    assert_eq!(certificate.not_before(), UnixTime::new(spec.not_before));
    assert_eq!(certificate.not_after(), UnixTime::new(spec.not_after));
    assert_eq!(certificate.public_key().point(), spec.subject_key.public_point());
    assert_eq!(
        certificate.basic_constraints(),
        Some(BasicConstraints {
            ca: true,
            path_length: Some(0)
        })
    );
    let usage = KeyUsage {
        digital_signature: false,
        certificate_sign: true,
        crl_sign: true,
    };
    assert_eq!(certificate.key_usage(), Some(usage));
    assert_eq!(
        certificate.subject_key_identifier(),
        Some(spec.subject_key.key_id().as_slice())
    );
    assert_eq!(
        certificate.authority_key_identifier(),
        Some(spec.issuer_key.key_id().as_slice())
    );
}

#[test]
fn dates_after_2049_are_read() {
    let certificate = read(|spec| spec.not_after = 4_102_444_800).unwrap();
    assert_eq!(certificate.not_after(), UnixTime::new(4_102_444_800));
}

#[test]
fn repeated_and_unknown_critical_extensions_are_refused() {
    let repeated = read(|spec| spec.extensions.push(Extension::basic_constraints(Some(9))));
    assert_eq!(
        repeated.unwrap_err(),
        EncodingError::DuplicateExtension {
            oid: "2.5.29.19".to_owned()
        }
    );
    let unknown = |critical| {
        read(move |spec| {
            spec.extensions
                .push(Extension::new(&[1, 2, 3], critical, vec![5, 0]));
        })
    };
    assert!(unknown(false).is_ok());
    assert_eq!(
        unknown(true).unwrap_err(),
        EncodingError::UnknownCriticalExtension {
            oid: "1.2.3".to_owned()
        }
    );
    let constraints = read(|spec| {
        spec.extensions
            .push(Extension::new(&[2, 5, 29, 30], true, vec![0x30, 0]));
    });
    assert!(
        matches!(
            constraints.unwrap_err(),
            EncodingError::UnknownCriticalExtension { .. }
        ),
        "name constraints"
    );
    let many = read(|spec| {
        spec.extensions = (0..25)
            .map(|last| Extension::new(&[1, 2, last], false, vec![5, 0]))
            .collect();
    });
    assert_eq!(
        many.unwrap_err(),
        EncodingError::Malformed { field: "extensions" }
    );
}

#[test]
fn malformed_extensions_are_refused() {
    for (extension, field) in [
        (oid::BASIC_CONSTRAINTS, "basicConstraints"),
        (oid::KEY_USAGE, "keyUsage"),
        (oid::AUTHORITY_KEY_IDENTIFIER, "authorityKeyIdentifier"),
        (oid::SUBJECT_KEY_IDENTIFIER, "subjectKeyIdentifier"),
    ] {
        let outcome = read(|spec| spec.extension_mut(extension).unwrap().value.push(0));
        assert_eq!(outcome.unwrap_err(), EncodingError::Malformed { field });
    }
}

#[test]
fn serial_numbers_have_at_most_twenty_octets() {
    assert!(read(|spec| spec.serial = vec![0xff; 20]).is_ok());
    let outcome = read(|spec| spec.serial = vec![0x01; 21]);
    assert_eq!(
        outcome.unwrap_err(),
        EncodingError::Malformed {
            field: "serialNumber"
        }
    );
}

#[test]
fn a_name_with_two_common_names_has_none() {
    let certificate = read(|spec| {
        let mut name = Name::forged("Intel SGX TCB Signing");
        name.0.push((vec![2, 5, 4, 3], "Other".to_owned()));
        spec.subject = name;
    });
    assert_eq!(certificate.unwrap().common_name(), "");
}

/// A good certificate with one place of its DER overwritten.
fn overwritten(old: &[u8], new: &[u8], occurrence: usize) -> Result<Certificate, EncodingError> {
    let mut der = World::sgx().forge.tcb_signing.to_der();
    let position = der
        .windows(old.len())
        .enumerate()
        .filter(|(_, bytes)| *bytes == old)
        .nth(occurrence)
        .unwrap()
        .0;
    der[position..position + old.len()].copy_from_slice(new);
    Certificate::from_der(&der)
}

const ECDSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
const ECDSA_SHA384: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03];

#[test]
fn only_ecdsa_with_sha256_is_accepted_and_stated_twice() {
    let outer = overwritten(ECDSA_SHA256, ECDSA_SHA384, 1).unwrap_err();
    assert_eq!(
        outer,
        EncodingError::UnsupportedSignatureAlgorithm {
            expected: "1.2.840.10045.4.3.2 (ECDSA with SHA-256)",
            found: "1.2.840.10045.4.3.3".to_owned()
        }
    );
    assert_eq!(
        overwritten(ECDSA_SHA256, ECDSA_SHA384, 0).unwrap_err(),
        EncodingError::SignatureAlgorithmMismatch
    );
}

#[test]
fn only_points_on_p256_are_accepted() {
    let secp256r1 = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
    let other_curve = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x06];
    assert_eq!(
        overwritten(&secp256r1, &other_curve, 0).unwrap_err(),
        EncodingError::UnsupportedKey {
            expected: "an uncompressed point on P-256"
        }
    );
    let point = *World::sgx().forge.tcb_signing.subject_key.public_point();
    let mut off_curve = point;
    off_curve[64] ^= 1;
    assert_eq!(
        overwritten(&point, &off_curve, 0).unwrap_err(),
        EncodingError::UnsupportedKey {
            expected: "an uncompressed point on P-256"
        }
    );
}

#[test]
fn other_versions_are_refused() {
    let version = overwritten(&[0xa0, 3, 2, 1, 2], &[0xa0, 3, 2, 1, 1], 0);
    assert_eq!(
        version.unwrap_err(),
        EncodingError::UnsupportedVersion {
            structure: "certificate"
        }
    );
}

#[test]
fn a_default_value_must_not_be_written_out() {
    // The boolean of the key usage extension becomes an explicit FALSE.
    let critical = [0x55, 0x1d, 0x0f, 1, 1, 0xff];
    let outcome = overwritten(&critical, &[0x55, 0x1d, 0x0f, 1, 1, 0], 0);
    assert_eq!(
        outcome.unwrap_err(),
        EncodingError::Malformed { field: "extensions" }
    );
}

#[test]
fn every_truncation_is_an_error_and_nothing_may_follow() {
    let der = World::sgx().forge.tcb_signing.to_der();
    for size in 0..der.len() {
        assert!(Certificate::from_der(&der[..size]).is_err(), "{size} bytes");
    }
    assert!(Certificate::from_der(&[der.as_slice(), &[0]].concat()).is_err());
    let large = vec![0x30; MAX_CERTIFICATE_BYTES + 1];
    assert!(matches!(
        Certificate::from_der(&large),
        Err(EncodingError::TooLarge { .. })
    ));
}
