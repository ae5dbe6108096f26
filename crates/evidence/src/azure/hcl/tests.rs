use super::*;
use crate::azure::fixture::RawHcl;

fn parse(raw: &RawHcl) -> Result<(), HclError> {
    HclReport::parse(&raw.to_bytes()).map(drop)
}

fn snp(change: impl FnOnce(&mut RawHcl)) -> Result<(), HclError> {
    let mut raw = RawHcl::new(HardwareKind::Snp);
    change(&mut raw);
    parse(&raw)
}

#[test]
fn an_snp_report_is_found_with_its_report_data_and_vmpl() {
    let mut raw = RawHcl::new(HardwareKind::Snp);
    raw.hardware[0x30] = 2;
    raw.hardware[1183] = 7;
    let bytes = raw.to_bytes();
    let report = HclReport::parse(&bytes).unwrap();
    let expected = HardwareReport::Snp {
        report: &raw.hardware,
        report_data: raw.hardware[0x50..0x90].try_into().unwrap(),
        vmpl: 2,
    };
    assert_eq!(report.hardware(), expected);
    assert_eq!(report.runtime_claims(), raw.claims);
    assert_eq!(report.version(), 1);
    assert_eq!(report.request_type(), RequestType::AkCertificate);
}

#[test]
fn a_tdreport_is_found_with_its_report_data() {
    let raw = RawHcl::new(HardwareKind::Tdx);
    let bytes = raw.to_bytes();
    let report = HclReport::parse(&bytes).unwrap();
    let expected = HardwareReport::Tdx {
        report: raw.hardware[..1024].try_into().unwrap(),
        report_data: raw.hardware[128..192].try_into().unwrap(),
    };
    assert_eq!(report.hardware(), expected);
    assert_eq!(report.version(), 2);
}

#[test]
fn any_number_of_padding_zeros_is_accepted() {
    for size in [0, 1, 4096] {
        assert_eq!(snp(|raw| raw.padding = vec![0; size]), Ok(()));
    }
}

#[test]
fn the_padding_has_to_be_zero() {
    let size = RawHcl::new(HardwareKind::Snp).to_bytes().len();
    let refused = snp(|raw| *raw.padding.last_mut().unwrap() = 1);
    let expected = HclError::NotZero {
        part: "padding",
        offset: size - 1,
    };
    assert_eq!(refused, Err(expected));
}

#[test]
fn bytes_behind_a_tdreport_have_to_be_zero() {
    let mut raw = RawHcl::new(HardwareKind::Tdx);
    raw.hardware[1024] = 1;
    let expected = HclError::NotZero {
        part: "hardware report padding",
        offset: 32 + 1024,
    };
    assert_eq!(parse(&raw), Err(expected));
}

#[test]
fn reserved_bytes_of_the_header_have_to_be_zero() {
    let expected = HclError::NotZero {
        part: "header",
        offset: 31,
    };
    assert_eq!(snp(|raw| raw.reserved[11] = 1), Err(expected));
}

#[test]
fn every_field_of_the_headers_is_checked() {
    type Change = fn(&mut RawHcl);
    let cases: [(HclError, Change); 12] = [
        (HclError::Signature { found: *b"HCLB" }, |raw| {
            raw.signature = *b"HCLB";
        }),
        (HclError::HeaderVersion { found: 0 }, |raw| raw.version = 0),
        (HclError::HeaderVersion { found: 3 }, |raw| raw.version = 3),
        (HclError::RequestType { found: 0 }, |raw| raw.request_type = 0),
        (HclError::RequestType { found: 4 }, |raw| raw.request_type = 4),
        (HclError::Status { found: 1 }, |raw| raw.status = 1),
        (HclError::DataVersion { found: 2 }, |raw| raw.data_version = 2),
        (HclError::ReportType { found: 3 }, |raw| raw.report_type = 3),
        (HclError::HashType { found: 0 }, |raw| raw.hash_type = 0),
        (HclError::HashType { found: 4 }, |raw| raw.hash_type = 4),
        (HclError::ReportSize { found: 7, data: 22 }, |raw| {
            raw.claims = b"{}".to_vec();
            raw.report_size = Some(7);
        }),
        (HclError::DataSize { found: 21, claims: 2 }, |raw| {
            raw.claims = b"{}".to_vec();
            raw.data_size = Some(21);
        }),
    ];
    for (expected, change) in cases {
        assert_eq!(snp(change), Err(expected));
    }
}

#[test]
fn report_type_and_hardware_report_have_to_agree() {
    let mut raw = RawHcl::new(HardwareKind::Tdx);
    raw.report_type = 2;
    let expected = HclError::HardwareReport {
        expected: HardwareKind::Snp,
        found: Some(HardwareKind::Tdx),
    };
    assert_eq!(parse(&raw), Err(expected));
    let refused = snp(|raw| raw.report_type = 4);
    let expected = HclError::HardwareReport {
        expected: HardwareKind::Tdx,
        found: Some(HardwareKind::Snp),
    };
    assert_eq!(refused, Err(expected));
    let refused = snp(|raw| raw.hardware[0] = 0);
    let expected = HclError::HardwareReport {
        expected: HardwareKind::Snp,
        found: None,
    };
    assert_eq!(refused, Err(expected));
}

#[test]
fn sizes_beyond_the_input_are_refused_before_anything_is_read() {
    for claims in [u32::MAX, u32::MAX - 20, 100_000] {
        let refused = snp(|raw| {
            raw.claims_size = Some(claims);
            raw.data_size = Some(claims.wrapping_add(20));
            raw.report_size = Some(claims.wrapping_add(20 + 1216));
        });
        assert!(refused.is_err(), "{claims}");
    }
}

#[test]
fn a_report_cut_short_anywhere_is_refused() {
    let mut raw = RawHcl::new(HardwareKind::Snp);
    raw.padding.clear();
    let bytes = raw.to_bytes();
    for size in 0..bytes.len() {
        assert!(matches!(
            HclReport::parse(&bytes[..size]),
            Err(HclError::Truncated { .. })
        ));
    }
}

#[test]
fn a_report_larger_than_any_is_refused() {
    let bytes = vec![0; MAX_HCL_REPORT_BYTES + 1];
    let expected = HclError::TooLarge {
        size: MAX_HCL_REPORT_BYTES + 1,
        limit: MAX_HCL_REPORT_BYTES,
    };
    assert_eq!(HclReport::parse(&bytes), Err(expected));
}

#[test]
fn a_refusal_is_told_with_field_and_values() {
    let told = HclError::ReportType { found: 3 }.explain();
    assert_eq!(told.code, "hcl_report_type");
    assert_eq!(told.field, "hcl_report.runtime_data.report_type");
    assert_eq!(told.expected, "2 (SNP) or 4 (TDX)");
    assert_eq!(told.found, "3 (trusted launch)");
}
