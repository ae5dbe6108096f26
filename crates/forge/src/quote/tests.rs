//! Sizes and positions against the published tables; whether the whole is right is decided by an
//! independent verifier in `oracles/`.

use super::*;
use crate::{
    Seed, SetError,
    intel::{IntelForge, PckCa, PckSpec},
    seed::sha256,
};

fn forge() -> IntelForge {
    IntelForge::new(Seed::default(), 1_768_435_200)
}

fn u32_at(bytes: &[u8], at: usize) -> usize {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize
}

#[test]
fn bodies_have_their_published_sizes() {
    let forge = forge();
    assert_eq!(forge.sgx_quote_spec().header.to_bytes().len(), 48);
    assert_eq!(forge.sgx_quote_spec().report.to_bytes().len(), 384);
    for (body, size) in [
        (TdBody::Td10, 584),
        (TdBody::Td15, 648),
        (TdBody::Td15Extended, 885),
    ] {
        assert_eq!(forge.tdx_quote_spec(body).report.to_bytes().len(), size);
    }
}

#[test]
fn fields_lie_where_the_tables_put_them() {
    let forge = forge();
    let at = |field: &str, value: &str, version: u16| {
        let mut quote = forge.sgx_quote_spec();
        quote.header.version = version;
        let before = quote.signed_bytes();
        quote.set(field, value).unwrap();
        let after = quote.signed_bytes();
        (0..before.len())
            .find(|&index| before[index] != after[index])
            .unwrap()
    };
    // QuoteLibReference A.1; SDM volume 3D, REPORT: the body begins at 48.
    assert_eq!(at("header.attestation_key_type", "3", 3), 2);
    assert_eq!(at("header.tee_type", "1", 3), 4);
    assert_eq!(at("report.miscselect", "1", 3), 48 + 16);
    assert_eq!(at("report.isvextprodid", &"ff".repeat(16), 3), 48 + 32);
    assert_eq!(at("report.debug", "true", 3), 48 + 48);
    assert_eq!(at("report.mrenclave", &"00".repeat(32), 3), 48 + 64);
    assert_eq!(at("report.mrsigner", &"00".repeat(32), 3), 48 + 128);
    assert_eq!(at("report.configid", &"ff".repeat(64), 3), 48 + 192);
    assert_eq!(at("report.isvprodid", "0xff", 3), 48 + 256);
    assert_eq!(at("report.isvsvn", "7", 3), 48 + 258);
    assert_eq!(at("report.configsvn", "7", 3), 48 + 260);
    assert_eq!(at("report.isvfamilyid", &"ff".repeat(16), 3), 48 + 304);
    assert_eq!(at("report.report_data", &"ff".repeat(64), 3), 48 + 320);
    // Version 5 puts a type and a size before the body.
    assert_eq!(at("report.isvsvn", "7", 5), 54 + 258);
}

#[test]
fn trust_domain_fields_lie_where_the_tables_put_them() {
    let forge = forge();
    for (field, size, offset) in [
        ("report.tee_tcb_svn", 16, 0),
        ("report.mrseam", 48, 16),
        ("report.mrsignerseam", 48, 64),
        ("report.mrtd", 48, 136),
        ("report.mrconfigid", 48, 184),
        ("report.mrowner", 48, 232),
        ("report.mrownerconfig", 48, 280),
        ("report.rtmr0", 48, 328),
        ("report.rtmr3", 48, 472),
        ("report.report_data", 64, 520),
        ("report.tee_tcb_svn_2", 16, 584),
        ("report.mrservicetd", 48, 600),
        ("report.td_id", 32, 649),
        ("report.current_service_td_attributes", 8, 877),
    ] {
        let mut spec = forge.tdx_quote_spec(TdBody::Td15Extended);
        spec.set(field, &"ee".repeat(size)).unwrap();
        let bytes = spec.report.to_bytes();
        assert_eq!(bytes[offset..offset + size], vec![0xEE; size], "{field}");
    }
    let mut spec = forge.tdx_quote_spec(TdBody::Td10);
    spec.set("report.td_attributes", "0").unwrap();
    spec.set("report.perfmon", "true").unwrap();
    spec.set("report.xfam", "0xe7").unwrap();
    assert_eq!(
        spec.report.to_bytes()[120..136],
        [0, 0, 0, 0, 0, 0, 0, 0x80, 0xE7, 0, 0, 0, 0, 0, 0, 0]
    );
}

#[test]
fn versions_lay_out_their_authentication_data() {
    let forge = forge();
    for version in [3, 4, 5] {
        let mut spec = forge.sgx_quote_spec();
        spec.header.version = version;
        let quote = spec.mint(&forge);
        let length_at = if version == 5 { 54 + 384 } else { 48 + 384 };
        assert_eq!(
            u32_at(&quote, length_at),
            quote.len() - length_at - 4,
            "version {version}"
        );
        let key_at = length_at + 4 + 64;
        assert_eq!(quote[key_at..key_at + 64], spec.attestation_key.public_xy());
        let qe_report_at = key_at + 64 + if version == 3 { 0 } else { 6 };
        if version != 3 {
            assert_eq!(quote[key_at + 64..key_at + 66], [6, 0]);
            assert_eq!(u32_at(&quote, key_at + 66), quote.len() - qe_report_at);
        }
        let binding = sha256(&[&spec.attestation_key.public_xy(), &spec.qe_auth_data]);
        assert_eq!(quote[qe_report_at + 320..qe_report_at + 352], binding);
    }
    let quote = forge.tdx_quote_spec(TdBody::Td15).mint(&forge);
    assert_eq!(quote[48..54], [3, 0, 0x88, 2, 0, 0]);
}

#[test]
fn certification_data_have_their_published_sizes() {
    let forge = forge();
    for (kind, size) in [(1, 36), (2, 276), (3, 404)] {
        let mut spec = forge.sgx_quote_spec();
        spec.certification_type = kind;
        let quote = spec.mint(&forge);
        assert_eq!(u32_at(&quote, quote.len() - size - 4), size);
        assert_eq!(
            quote[quote.len() - size - 6..quote.len() - size - 4],
            kind.to_le_bytes()
        );
    }
    let mut spec = forge.sgx_quote_spec();
    let chain = spec.mint(&forge);
    assert_eq!(chain.last(), Some(&0));
    spec.certification_type = certification_type::PCK_LEAF;
    assert!(spec.mint(&forge).ends_with(b"-----END CERTIFICATE-----\n"));
}

#[test]
fn names_forgive_case_and_underscores() {
    let mut spec = forge().sgx_quote_spec();
    spec.set("report.ISV_SVN", "0x10").unwrap();
    assert_eq!(spec.report.isv_svn, 16);
    spec.set("report.kss", "true").unwrap();
    assert_eq!(spec.report.flags, 0x85);
    spec.set("report.kss", "false").unwrap();
    assert_eq!(spec.report.flags, 0x05);
}

#[test]
fn wrong_settings_say_what_is_right() {
    let mut spec = forge().sgx_quote_spec();
    let message = |error: Result<(), SetError>| error.unwrap_err().to_string();
    assert_eq!(
        message(spec.set("report.mrenclave", "aabb")),
        "field `report.mrenclave` takes 32 bytes, not 2"
    );
    assert_eq!(
        message(spec.set("report.isvsvn", "70000")),
        "field `report.isvsvn` takes a number from 0 to 65535, decimal or 0x hexadecimal, not `70000`"
    );
    assert_eq!(
        message(spec.set("report.debug", "yes")),
        "field `report.debug` takes true or false, not `yes`"
    );
    assert_eq!(
        message(spec.set("trailing", "0g")),
        "field `trailing` takes hexadecimal bytes, not `0g`"
    );
    assert_eq!(
        message(spec.set("pck.not_after", "soon")),
        "field `pck.not_after` takes unix seconds, not `soon`"
    );
    let Err(SetError::UnknownField { field, known }) = spec.set("report.svn", "1") else {
        panic!("an unknown field was accepted");
    };
    assert_eq!(field, "report.svn");
    let listed: Vec<_> = spec.fields().into_iter().map(|field| field.name).collect();
    assert_eq!(known, listed);
    assert!(known.contains(&"report.isvsvn".to_owned()) && known.contains(&"pck.component_16".to_owned()));
}

#[test]
fn a_component_svn_takes_its_byte_of_the_cpu_svn_along() {
    let mut spec = forge().sgx_quote_spec();
    spec.set("pck.component_06", "0").unwrap();
    assert_eq!((spec.pck.component_svns[5], spec.pck.cpu_svn[5]), (0, 0));
    spec.set("pck.cpu_svn", &"09".repeat(16)).unwrap();
    assert_eq!((spec.pck.component_svns[0], spec.pck.cpu_svn[0]), (11, 9));
}

#[test]
fn setting_the_qe_report_data_wins_over_the_binding() {
    let forge = forge();
    let mut spec = forge.sgx_quote_spec();
    spec.set("qe_report.report_data", &"ab".repeat(64)).unwrap();
    let quote = spec.mint(&forge);
    let qe_report_at = 432 + 4 + 128;
    assert_eq!(quote[qe_report_at + 320..qe_report_at + 384], [0xAB; 64]);
}

#[test]
fn runtime_data_fill_half_of_the_report_data() {
    let mut spec = forge().sgx_quote_spec();
    spec.report.report_data = [1; 64];
    spec.bind_runtime_data(b"abc");
    // SHA-256 of "abc" (FIPS 180-4, example B.1).
    let hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(
        attestry_api::hex::encode(&spec.report.report_data),
        format!("{hash}{}", "00".repeat(32))
    );
}

#[test]
fn flips_change_one_bit_and_trailing_bytes_follow_the_quote() {
    let forge = forge();
    let mut spec = forge.sgx_quote_spec();
    spec.trailing = vec![7; 3];
    spec.flip_bits = vec![8 * 48 + 1];
    let quote = spec.mint(&forge);
    let sound = spec.report.to_bytes()[0];
    assert_eq!(quote[48], sound ^ 2);
    assert!(quote.ends_with(&[7; 3]));
    assert_eq!(u32_at(&quote, 432), quote.len() - 436 - 3);
}

#[test]
fn another_platform_brings_its_cpu_svn_and_key() {
    let forge = forge();
    let mut spec = forge.sgx_quote_spec();
    let mut processor = PckSpec::new(&forge.seed, PckCa::Processor);
    processor.set_component_svn(0, 3);
    spec.use_platform(processor);
    assert_eq!(spec.qe_report.cpu_svn[0], 3);
    assert_eq!(spec.pck.platform_instance_id, None);
}
