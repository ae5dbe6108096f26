use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_RSA_SHA256, SignatureAlgorithm,
};

use super::*;
use crate::b64;

struct Made {
    der: Vec<u8>,
    params: CertificateParams,
    key: KeyPair,
}

impl Made {
    fn parsed(&self) -> ChainCertificate {
        ChainCertificate::from_der(&self.der).unwrap()
    }
}

fn params(common_name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.not_before = rcgen::date_time_ymd(2026, 1, 1);
    params.not_after = rcgen::date_time_ymd(2027, 1, 1);
    params
}

fn root(algorithm: &'static SignatureAlgorithm, change: impl FnOnce(&mut CertificateParams)) -> Made {
    let key = KeyPair::generate_for(algorithm).unwrap();
    let mut params = params("root");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    change(&mut params);
    let der = params.self_signed(&key).unwrap().der().to_vec();
    Made { der, params, key }
}

fn issued(by: &Made, change: impl FnOnce(&mut CertificateParams)) -> Made {
    let key = KeyPair::generate().unwrap();
    let mut params = params("leaf");
    change(&mut params);
    let issuer = Issuer::new(by.params.clone(), &by.key);
    let der = params.signed_by(&key, &issuer).unwrap().der().to_vec();
    Made { der, params, key }
}

fn reason(result: Result<(), ChainError>) -> &'static str {
    match result {
        Err(ChainError::NotIssued { reason, .. }) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_certificate_is_issued_by_whose_key_signed_it() {
    for algorithm in [&PKCS_RSA_SHA256, &PKCS_ECDSA_P256_SHA256, &PKCS_ECDSA_P384_SHA384] {
        let [root, other] = [(); 2].map(|()| root(algorithm, |_| {}));
        let leaf = issued(&root, |_| {}).parsed();
        assert_eq!(leaf.check_issued_by(&root.parsed(), 0), Ok(()));
        assert_eq!(root.parsed().check_issued_by(&root.parsed(), 0), Ok(()));
        assert_eq!(
            reason(leaf.check_issued_by(&other.parsed(), 0)),
            "the signature does not verify"
        );
        assert_eq!((leaf.common_name(), leaf.issuer_common_name()), ("leaf", "root"));
        assert!(!leaf.is_authority());
        assert!(leaf.has_usable_key() && root.parsed().has_usable_key());
        assert!(root.parsed().is_authority());
    }
}

#[test]
fn only_authorities_issue_and_only_as_deep_as_they_may() {
    let ca = |params: &mut CertificateParams| params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    let end = root(&PKCS_ECDSA_P256_SHA256, |params| params.is_ca = IsCa::NoCa);
    let leaf = issued(&end, |_| {}).parsed();
    assert_eq!(
        reason(leaf.check_issued_by(&end.parsed(), 0)),
        "that is not a certification authority"
    );
    let no_signing = root(&PKCS_ECDSA_P256_SHA256, |params| {
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    });
    let leaf = issued(&no_signing, |_| {}).parsed();
    assert_eq!(
        reason(leaf.check_issued_by(&no_signing.parsed(), 0)),
        "that is not a certification authority"
    );
    let root = root(&PKCS_ECDSA_P256_SHA256, ca);
    let leaf = issued(&root, |_| {}).parsed();
    assert_eq!(leaf.check_issued_by(&root.parsed(), 0), Ok(()));
    assert_eq!(
        reason(leaf.check_issued_by(&root.parsed(), 1)),
        "that allows fewer authorities below it"
    );
    let renamed = issued(&root, |_| {}).parsed();
    let mut other = root.params.clone();
    other.distinguished_name.push(DnType::OrganizationName, "other");
    let other = other.self_signed(&root.key).unwrap();
    let other = ChainCertificate::from_der(other.der()).unwrap();
    assert_eq!(
        reason(renamed.check_issued_by(&other, 0)),
        "its issuer has another name"
    );
}

#[test]
fn dates_are_judged_when_a_time_is_given() {
    let root = root(&PKCS_ECDSA_P256_SHA256, |_| {}).parsed();
    let (first, last) = (1_767_225_600, 1_798_761_600);
    for inside in [None, Some(first), Some(last)] {
        assert_eq!(root.check_dates(inside), Ok(()), "{inside:?}");
    }
    for outside in [first - 1, last + 1, i64::MIN, i64::MAX] {
        assert!(
            matches!(root.check_dates(Some(outside)), Err(ChainError::NotValid { now, .. }) if now == outside)
        );
    }
}

#[test]
fn what_must_be_understood_and_is_not_is_refused() {
    let mut unknown = CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![0x05, 0x00]);
    let tolerated = root(&PKCS_ECDSA_P256_SHA256, |params| {
        params.custom_extensions = vec![unknown.clone()];
    });
    assert!(ChainCertificate::from_der(&tolerated.der).is_ok());
    unknown.set_criticality(true);
    let refused = root(&PKCS_ECDSA_P256_SHA256, |params| {
        params.custom_extensions = vec![unknown];
    });
    assert!(matches!(
        ChainCertificate::from_der(&refused.der),
        Err(ChainError::CriticalExtension { oid, .. }) if oid == "1.2.3.4"
    ));
    assert_eq!(
        ChainCertificate::from_der(&vec![0x30; 20_000]).unwrap_err(),
        ChainError::TooLarge { found: 20_000 }
    );
}

#[test]
fn every_truncation_is_refused_and_every_flipped_bit_breaks_the_chain() {
    let root = root(&PKCS_ECDSA_P256_SHA256, |_| {});
    let leaf = issued(&root, |_| {});
    let authority = root.parsed();
    for length in 0..leaf.der.len() {
        assert!(
            ChainCertificate::from_der(&leaf.der[..length]).is_err(),
            "{length}"
        );
    }
    let trailing = [leaf.der.as_slice(), &[0]].concat();
    assert!(ChainCertificate::from_der(&trailing).is_err());
    for bit in 0..leaf.der.len() * 8 {
        let mut flipped = leaf.der.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let accepted = ChainCertificate::from_der(&flipped)
            .is_ok_and(|certificate| certificate.check_issued_by(&authority, 0).is_ok());
        assert!(!accepted, "bit {bit}");
    }
}

/// A certification authority with an RSA key of 1,024 bits, made with OpenSSL.
const WEAK_AUTHORITY: &str = "\
    MIIB+jCCAWOgAwIBAgIUQoqw/PzKoATeykFT5dtB+lwSMMAwDQYJKoZIhvcNAQELBQAwDzENMAsGA1UEAwwEd2Vh\
    azAeFw0yNjExMjgwMjQ2NTdaFw0zNjExMjUwMjQ2NTdaMA8xDTALBgNVBAMMBHdlYWswgZ8wDQYJKoZIhvcNAQEB\
    BQADgY0AMIGJAoGBAMRVS9t18/lr17wlH0Rk3HgloX3i9v5+GENx08K+U/pEcxBmB1D/JqxVyIMwE9d3iY6CW2fS\
    JB9Ot6TzYlJ03Ig78E80pt/e2+TzdEPzEIwf4FXknhkqIoQMAAMz8NY9cBICc2J6UzR17Jfp0H5c2Ry/s2vVseNV\
    mV3bpdelSUS3AgMBAAGjUzBRMB0GA1UdDgQWBBR3wgYbjl7ycylRYyYxBeA8r8o29TAfBgNVHSMEGDAWgBR3wgYb\
    jl7ycylRYyYxBeA8r8o29TAPBgNVHRMBAf8EBTADAQH/MA0GCSqGSIb3DQEBCwUAA4GBADSsO+1xVylI8YssbAwf\
    Yq1c/LnSvpI3uSS0L86o0ihur9h7D4aHrz8EXsb6zGy6bEKdglkTO6zOpCte5V5QSf3WGRhOYNRR0gkcNuwqnvFM\
    JQema07Dzb3xA0KrkoK3WBVwQOZBUjtq1zVdH31Pab8FyRQllGe7sjectRQgzoiG";

#[test]
fn keys_that_verify_nothing_are_not_usable() {
    let weak = ChainCertificate::from_der(&b64::decode_lenient(WEAK_AUTHORITY).unwrap()).unwrap();
    assert!(weak.is_authority());
    assert!(!weak.has_usable_key(), "RSA with 1,024 bits");

    // A point beside its curve.
    let root = root(&PKCS_ECDSA_P256_SHA256, |_| {});
    let mut der = root.der.clone();
    let key = root.key.public_key_raw();
    let place = der.windows(key.len()).position(|window| window == key).unwrap();
    der[place + key.len() - 1] ^= 1;
    let off_curve = ChainCertificate::from_der(&der).unwrap();
    assert!(off_curve.is_authority());
    assert!(!off_curve.has_usable_key());
}
