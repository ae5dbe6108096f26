use super::*;
use crate::azure::fixture::{RawHcl, key};

fn bind_snp_report(raw: &RawHcl) -> Result<BoundRuntime, RuntimeBindingError> {
    HclReport::parse(&raw.to_bytes())
        .unwrap()
        .bind_to_snp_report(&raw.hardware)
}

fn bind_quote(
    raw: &mut RawHcl,
    change: impl FnOnce(&mut [u8; 64]),
) -> Result<BoundRuntime, RuntimeBindingError> {
    let mut report_data: [u8; 64] = (&*raw.report_data()).try_into().unwrap();
    change(&mut report_data);
    HclReport::parse(&raw.to_bytes())
        .unwrap()
        .bind_to_tdx_quote(&report_data)
}

#[test]
fn claims_are_bound_by_each_hash_and_each_hardware() {
    for hash_type in [HashType::Sha256, HashType::Sha384, HashType::Sha512] {
        let mut raw = RawHcl::new(HardwareKind::Snp);
        raw.bind(hash_type);
        let bound = bind_snp_report(&raw).unwrap();
        assert_eq!(bound.claims().ak_pub(), Some(&key(0xA1)));
        assert_eq!(
            (bound.hardware(), bound.hash_type()),
            (HardwareKind::Snp, hash_type)
        );
        let mut raw = RawHcl::new(HardwareKind::Tdx);
        raw.bind(hash_type);
        let bound = bind_quote(&mut raw, |_| ()).unwrap();
        assert_eq!(
            (bound.hardware(), bound.hash_type()),
            (HardwareKind::Tdx, hash_type)
        );
    }
}

#[test]
fn a_report_of_the_guest_binds_nothing() {
    for vmpl in [1, 2, 3] {
        let mut raw = RawHcl::new(HardwareKind::Snp);
        raw.hardware[0x30] = vmpl;
        let expected = RuntimeBindingError::Vmpl { found: vmpl.into() };
        assert_eq!(bind_snp_report(&raw), Err(expected));
    }
}

#[test]
fn the_runtime_claims_of_another_report_are_refused() {
    let mut raw = RawHcl::new(HardwareKind::Snp);
    let position = raw.claims.len() - 10;
    raw.claims[position] ^= 1;
    let Err(RuntimeBindingError::ReportData { hash, found, .. }) = bind_snp_report(&raw) else {
        panic!("accepted");
    };
    assert_eq!(hash, HashType::Sha256.digest(&raw.claims).as_ref());
    assert_eq!(found, &raw.report_data()[..32]);
}

#[test]
fn the_hash_has_to_be_the_one_that_the_report_states() {
    let mut raw = RawHcl::new(HardwareKind::Snp);
    raw.bind(HashType::Sha384);
    raw.hash_type = 1;
    assert!(matches!(
        bind_snp_report(&raw),
        Err(RuntimeBindingError::ReportData { .. })
    ));
}

#[test]
fn the_rest_of_the_report_data_has_to_be_zero() {
    for (hash_type, hash_size) in [(HashType::Sha256, 32), (HashType::Sha384, 48)] {
        for position in [hash_size, 63] {
            let mut raw = RawHcl::new(HardwareKind::Snp);
            raw.bind(hash_type);
            raw.report_data()[position] = 1;
            let refused = bind_snp_report(&raw);
            let found = raw.report_data()[hash_size..].to_vec();
            assert_eq!(refused, Err(RuntimeBindingError::ReportDataTail { found }));
        }
    }
}

#[test]
fn the_snp_report_has_to_be_the_one_that_was_verified() {
    let raw = RawHcl::new(HardwareKind::Snp);
    let mut verified = raw.hardware;
    verified[1000] ^= 1;
    let bytes = raw.to_bytes();
    let report = HclReport::parse(&bytes).unwrap();
    assert_eq!(
        report.bind_to_snp_report(&verified),
        Err(RuntimeBindingError::SnpReport)
    );
    assert_eq!(
        report.bind_to_snp_report(&[]),
        Err(RuntimeBindingError::SnpReport)
    );
}

#[test]
fn the_quote_has_to_be_made_of_the_tdreport() {
    let mut raw = RawHcl::new(HardwareKind::Tdx);
    let refused = bind_quote(&mut raw, |report_data| report_data[63] = 1);
    assert!(matches!(
        refused,
        Err(RuntimeBindingError::QuoteReportData { .. })
    ));
}

#[test]
fn evidence_of_the_other_hardware_is_refused() {
    let raw = RawHcl::new(HardwareKind::Tdx);
    let expected = RuntimeBindingError::Hardware {
        expected: HardwareKind::Snp,
        found: HardwareKind::Tdx,
    };
    assert_eq!(bind_snp_report(&raw), Err(expected));
    let mut raw = RawHcl::new(HardwareKind::Snp);
    let expected = RuntimeBindingError::Hardware {
        expected: HardwareKind::Tdx,
        found: HardwareKind::Snp,
    };
    assert_eq!(bind_quote(&mut raw, |_| ()), Err(expected));
}

#[test]
fn bound_bytes_still_have_to_be_runtime_claims() {
    let mut raw = RawHcl::new(HardwareKind::Snp);
    raw.claims = br#"{"a":1,"a":2}"#.to_vec();
    raw.bind(HashType::Sha256);
    assert!(matches!(
        bind_snp_report(&raw),
        Err(RuntimeBindingError::Runtime(RuntimeError::Syntax { .. }))
    ));
}

#[test]
fn only_the_stated_attestation_key_is_bound() {
    let mut raw = RawHcl::new(HardwareKind::Snp);
    let bound = bind_snp_report(&raw).unwrap();
    assert_eq!(bound.check_ak(&key(0xA1)), Ok(()));
    let refused = bound.check_ak(&key(0xE1));
    assert!(matches!(refused, Err(RuntimeBindingError::Ak { .. })));
    let exponent = RsaKey::from_components(key(0xA1).modulus(), &[3]).unwrap();
    assert!(bound.check_ak(&exponent).is_err());
    raw.claims = b"{}".to_vec();
    raw.bind(HashType::Sha256);
    let bound = bind_snp_report(&raw).unwrap();
    assert_eq!(bound.check_ak(&key(0xA1)), Err(RuntimeBindingError::AkMissing));
}

#[test]
fn a_refusal_is_told_with_both_values() {
    let told = RuntimeBindingError::Vmpl { found: 2 }.explain();
    assert_eq!(
        (told.code, told.field.as_str()),
        ("runtime_vmpl", "snp_report.vmpl")
    );
    assert_eq!((told.expected.as_str(), told.found.as_str()), ("0", "2"));
    let told = RuntimeBindingError::ReportDataTail { found: vec![1; 16] }.explain();
    assert_eq!(told.field, "report_data[48..64]");
}
