use super::*;
use crate::reader::Reader;

fn report(attributes: u8) -> SgxReportBody {
    let mut bytes = [0; SgxReportBody::SIZE];
    bytes[32..48].fill(0xE1); // ISVEXTPRODID
    bytes[48] = attributes;
    bytes[64..96].fill(0xAA); // MRENCLAVE
    bytes[128..160].fill(0xBB); // MRSIGNER
    bytes[192..256].fill(0xC1); // CONFIGID
    bytes[256..258].copy_from_slice(&[0x34, 0x12]); // ISVPRODID
    bytes[258..260].copy_from_slice(&[0x02, 0x01]); // ISVSVN
    bytes[260..262].copy_from_slice(&[0x05, 0x00]); // CONFIGSVN
    bytes[304..320].fill(0xF1); // ISVFAMILYID
    bytes[320..384].fill(0xDD); // REPORTDATA
    SgxReportBody::read(&mut Reader::new(&bytes)).unwrap()
}

#[test]
fn a_report_is_claimed_under_the_documented_names() {
    let expected = json!({
        "x-ms-attestation-type": "sgx",
        "x-ms-sgx-is-debuggable": false,
        "x-ms-sgx-mrenclave": "aa".repeat(32),
        "x-ms-sgx-mrsigner": "bb".repeat(32),
        "x-ms-sgx-product-id": 0x1234,
        "x-ms-sgx-svn": 0x0102,
        "x-ms-sgx-report-data": "dd".repeat(64),
    });
    assert_eq!(json!(report_claims(&report(0b0000_0101))), expected);
}

#[test]
fn fields_of_key_separation_and_sharing_are_claimed_only_with_it() {
    let with = report_claims(&report(0b1000_0101));
    assert_eq!(with["x-ms-sgx-config-id"], "c1".repeat(64));
    assert_eq!(with["x-ms-sgx-config-svn"], 5);
    assert_eq!(with["x-ms-sgx-isv-extended-product-id"], "e1".repeat(16));
    assert_eq!(with["x-ms-sgx-isv-family-id"], "f1".repeat(16));
    assert_eq!(with.len(), report_claims(&report(0b0000_0101)).len() + 4);
}

#[test]
fn a_debug_enclave_says_so_under_both_names() {
    let debug = report(0b0000_0111);
    assert_eq!(report_claims(&debug)["x-ms-sgx-is-debuggable"], true);
    assert_eq!(deprecated_names(&debug)["$is-debuggable"], true);
}

#[test]
fn the_deprecated_names_of_policies_have_the_values_of_the_new_ones() {
    let report = report(0b0000_0101);
    let (claims, deprecated) = (report_claims(&report), deprecated_names(&report));
    for (old, new) in [
        ("$is-debuggable", "x-ms-sgx-is-debuggable"),
        ("$product-id", "x-ms-sgx-product-id"),
        ("$sgx-mrenclave", "x-ms-sgx-mrenclave"),
        ("$sgx-mrsigner", "x-ms-sgx-mrsigner"),
        ("$svn", "x-ms-sgx-svn"),
        ("$tee", "x-ms-attestation-type"),
    ] {
        assert_eq!(deprecated[old], claims[new], "{old}");
    }
    assert_eq!(deprecated.len(), 6);
}

#[test]
fn each_collateral_hash_stands_under_its_own_name() {
    let hashes = CollateralHashes {
        qeidcertshash: [1; 32],
        qeidcrlhash: [2; 32],
        qeidhash: [3; 32],
        tcbinfocertshash: [4; 32],
        tcbinfocrlhash: [5; 32],
        tcbinfohash: [6; 32],
    };
    let expected = json!({
        "qeidcertshash": "01".repeat(32),
        "qeidcrlhash": "02".repeat(32),
        "qeidhash": "03".repeat(32),
        "quotehash": "07".repeat(32),
        "tcbinfocertshash": "04".repeat(32),
        "tcbinfocrlhash": "05".repeat(32),
        "tcbinfohash": "06".repeat(32),
    });
    assert_eq!(collateral_hashes([7; 32], &hashes), expected);
}
