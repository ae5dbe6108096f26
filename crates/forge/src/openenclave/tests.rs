use super::*;
use crate::{Seed, intel::Tee};

fn forge() -> IntelForge {
    IntelForge::new(Seed::default(), 1_768_435_200)
}

#[test]
fn a_report_is_sixteen_bytes_and_the_quote() {
    let report = report(&[7; 300]);
    assert_eq!(report[..16], [1, 0, 0, 0, 2, 0, 0, 0, 0x2C, 1, 0, 0, 0, 0, 0, 0]);
    assert_eq!(report[16..], [7; 300]);
}

#[test]
fn evidence_is_twenty_eight_bytes_and_the_data() {
    let evidence = evidence(Format::SgxEcdsa, b"data");
    assert_eq!(evidence[..4], [3, 0, 0, 0]);
    assert_eq!(
        attestry_api::hex::encode(&evidence[4..20]),
        "a3a21e871b4d4014b70aa125d2fbcd8c"
    );
    assert_eq!(evidence[20..], [4, 0, 0, 0, 0, 0, 0, 0, b'd', b'a', b't', b'a']);
}

#[test]
fn custom_claims_count_the_nul_of_their_names() {
    let claims = custom_claims(&[("pk", &[9; 3])]);
    let expected = [
        &1_u64.to_le_bytes()[..],
        &1_u64.to_le_bytes(),
        &3_u64.to_le_bytes(),
        &3_u64.to_le_bytes(),
        b"pk\0",
        &[9; 3],
    ];
    assert_eq!(claims, expected.concat());
}

#[test]
fn evidence_binds_its_claims() {
    let forge = forge();
    let bound = |evidence: &[u8]| evidence[28 + 48 + 320..28 + 48 + 352].to_vec();
    let evidence = forge.oe_evidence(&forge.sgx_quote_spec(), &[("pk", &[9; 32])]);
    let claims = custom_claims(&[("pk", &[9; 32])]);
    assert!(evidence.ends_with(&claims));
    assert_eq!(bound(&evidence), sha256(&[&claims]));
    // SHA-256 of nothing (FIPS 180-4).
    let without = forge.oe_evidence(&forge.sgx_quote_spec(), &[]);
    let nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(attestry_api::hex::encode(&bound(&without)), nothing);
}

#[test]
fn the_other_formats_wrap_what_they_name() {
    let forge = forge();
    let sgx = forge.sgx_quote_spec();
    let legacy = forge.oe_legacy_evidence(&sgx);
    assert_eq!(legacy[4..20], Format::LegacyReport.uuid());
    assert_eq!(legacy[28..36], [1, 0, 0, 0, 2, 0, 0, 0]);
    assert_eq!(forge.oe_raw_quote_evidence(&sgx)[28..30], [3, 0]);
    let td = forge.oe_tdx_evidence(&forge.tdx_quote_spec(crate::quote::TdBody::Td10));
    assert_eq!(td[4..20], Format::TdxQuote.uuid());
    assert_eq!(td[28..30], [4, 0]);
}

#[test]
fn endorsements_point_at_their_nine_items() {
    let collateral = forge().collateral(Tee::Sgx);
    let bytes = endorsements(&collateral, 1_768_435_200);
    let number = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    assert_eq!((number(28), number(32), number(40)), (1, 2, 9));
    assert_eq!(number(36), bytes.len() - 44);
    let items_at = 44 + 9 * 4;
    let item = |index: usize| {
        let start = items_at + number(44 + 4 * index);
        let end = if index == 8 {
            bytes.len()
        } else {
            items_at + number(48 + 4 * index)
        };
        &bytes[start..end]
    };
    assert_eq!(item(0), [1, 0, 0, 0]);
    assert_eq!(item(1), [collateral.tcb_info.as_slice(), &[0]].concat());
    assert_eq!(item(4), [collateral.root_ca_crl.as_slice(), &[0]].concat());
    assert_eq!(
        item(7),
        [collateral.qe_identity_issuer_chain.as_slice(), &[0]].concat()
    );
    assert_eq!(item(8), b"2026-01-15T00:00:00Z\0");
}
