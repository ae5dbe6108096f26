use super::*;
use crate::reader::Reader;
use crate::tdx::TdReportBody;

/// A body whose fields are each filled with a number of their own.
fn body(attributes: u64) -> TdReportBody {
    let mut bytes = Vec::new();
    for (fill, size) in [(1, 16), (2, 48), (3, 48), (4, 8)] {
        bytes.extend(vec![fill; size]);
    }
    bytes.extend(attributes.to_le_bytes());
    for (fill, size) in [
        (6, 8),
        (7, 48),
        (8, 48),
        (9, 48),
        (10, 48),
        (11, 48),
        (12, 48),
        (13, 48),
        (14, 48),
        (15, 64),
    ] {
        bytes.extend(vec![fill; size]);
    }
    bytes.extend([16; 16]);
    bytes.extend([17; 48]);
    for (fill, size) in [
        (18, 1),
        (19, 32),
        (20, 48),
        (21, 48),
        (22, 8),
        (23, 16),
        (24, 16),
        (25, 12),
        (26, 48),
        (27, 8),
    ] {
        bytes.extend(vec![fill; size]);
    }
    TdReportBody::read_1_5_extended(&mut Reader::new(&bytes)).unwrap()
}

#[test]
fn a_report_is_claimed_under_the_names_of_the_eat_profile() {
    let claims = report_claims(&body(1 << 28), TcbStatus::UpToDate);
    let expected = json!({
        "attester_tcb_status": "UpToDate",
        "dbgstat": "disabled",
        "eat_profile": "https://aka.ms/maa-eat-profile-tdxvm",
        "intuse": "generic",
        "tdx_mrconfigid": "08".repeat(48),
        "tdx_mrowner": "09".repeat(48),
        "tdx_mrownerconfig": "0a".repeat(48),
        "tdx_mrseam": "02".repeat(48),
        "tdx_mrsignerseam": "03".repeat(48),
        "tdx_mrtd": "07".repeat(48),
        "tdx_report_data": "0f".repeat(64),
        "tdx_rtmr0": "0b".repeat(48),
        "tdx_rtmr1": "0c".repeat(48),
        "tdx_rtmr2": "0d".repeat(48),
        "tdx_rtmr3": "0e".repeat(48),
        "tdx_seam_attributes": "04".repeat(8),
        "tdx_seamsvn": 1,
        "tdx_td_attributes": "0000001000000000",
        "tdx_td_attributes_debug": false,
        "tdx_td_attributes_key_locker": false,
        "tdx_td_attributes_perfmon": false,
        "tdx_td_attributes_protection_keys": false,
        "tdx_td_attributes_septve_disable": true,
        "tdx_tee_tcb_svn": "01".repeat(16),
        "tdx_xfam": "06".repeat(8),
        "x-ms-attestation-type": "tdxvm",
    });
    assert_eq!(json!(claims), expected);
}

#[test]
fn each_attribute_is_claimed_by_itself() {
    for (bit, name) in [
        (0, "tdx_td_attributes_debug"),
        (28, "tdx_td_attributes_septve_disable"),
        (30, "tdx_td_attributes_protection_keys"),
        (31, "tdx_td_attributes_key_locker"),
        (63, "tdx_td_attributes_perfmon"),
    ] {
        let claims = report_claims(&body(1 << bit), TcbStatus::OutOfDate);
        let set: Vec<&str> = claims
            .iter()
            .filter(|(_, value)| **value == true)
            .map(|(name, _)| name.as_str())
            .collect();
        assert_eq!(set, [name]);
        assert_eq!(claims["dbgstat"], if bit == 0 { "enabled" } else { "disabled" });
        assert_eq!(claims["attester_tcb_status"], "OutOfDate");
    }
}

#[test]
fn what_tdx_1_5_adds_is_offered_to_policies() {
    let facts = report_facts(&body(1 << 29));
    assert_eq!(facts["x-attestry-tdx-migratable"], true);
    assert_eq!(facts["x-attestry-tdx-reserved-attributes"], false);
    assert_eq!(facts["x-attestry-tdx-tee-tcb-svn-2"], "10".repeat(16));
    assert_eq!(facts["x-attestry-tdx-mrservicetd"], "11".repeat(48));
    assert_eq!(facts["x-attestry-tdx-vm-id"], 18);
    assert_eq!(facts["x-attestry-tdx-td-id"], "13".repeat(32));
    assert_eq!(facts["x-attestry-tdx-current-servtd-attributes"], "1b".repeat(8));

    let plain = TdReportBody {
        td15: None,
        ..body(1 << 7)
    };
    let expected = json!({ "x-attestry-tdx-migratable": false, "x-attestry-tdx-reserved-attributes": true });
    assert_eq!(json!(report_facts(&plain)), expected);
}
