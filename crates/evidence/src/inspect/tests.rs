use attestry_forge::amd::{AmdForge, ProductLine};

use super::*;
use crate::dcap::Tee;
use crate::dcap::quote::fixture::RawQuote;

/// The nodes inside one begin where it begins, each begins where its predecessor ends, and the last one ends with it.
fn assert_seamless(node: &Node) {
    assert_contiguous(node, node.offset, assert_seamless);
}

/// As [`assert_seamless`], but the tag and length before a value's content are not shown.
fn assert_encoding(node: &Node) {
    let content = node.children.first().map_or(node.offset, |first| first.offset);
    assert!(
        node.children.is_empty() || node.name == "der" || content > node.offset,
        "header of {}",
        node.name
    );
    assert_contiguous(node, content, assert_encoding);
}

fn assert_contiguous(node: &Node, start: usize, inside: fn(&Node)) {
    let mut position = start;
    for child in &node.children {
        assert_eq!(child.offset, position, "{} in {}", child.name, node.name);
        position += child.length;
        inside(child);
    }
    if !node.children.is_empty() {
        assert_eq!(position, node.offset + node.length, "end of {}", node.name);
    }
}

fn amd() -> AmdForge {
    AmdForge::new(attestry_forge::Seed::default(), 1_768_435_200)
}

fn every_quote() -> Vec<RawQuote> {
    let mut quotes = vec![RawQuote::v3(), RawQuote::v4(Tee::Sgx), RawQuote::v4(Tee::Tdx)];
    quotes.extend((1..=4).map(RawQuote::v5));
    quotes
}

#[test]
fn a_quote_is_shown_from_its_first_byte_to_its_last() {
    for raw in every_quote() {
        let bytes = RawQuote {
            trailing: vec![0; 5],
            ..raw
        }
        .build();
        let tree = quote(&bytes).unwrap();
        assert_seamless(&tree);
        assert_eq!((tree.offset, tree.length), (0, bytes.len()));
        assert_eq!(tree.find("padding").unwrap().value, "5 zero bytes");
        let shown = tree.find("signature_data/qe_report_signature").unwrap();
        assert_eq!(bytes[shown.offset..shown.offset + shown.length], [0x52; 64]);
        assert_eq!(shown.value, "52".repeat(64));
    }
}

#[test]
fn values_are_told_in_the_terms_of_the_specification() {
    let tree = quote(&RawQuote::v5(3).build()).unwrap();
    let value = |path: &str| tree.find(path).unwrap_or_else(|| panic!("{path}")).value.clone();
    assert_eq!(value("header/version"), "5");
    assert_eq!(value("header/tee_type"), "81000000 (TDX)");
    assert_eq!(value("body_descriptor/type"), "0300 (TD report 1.5)");
    assert_eq!(value("body_descriptor/size"), "648");
    let attributes = "78797a7b7c7d7e7f (septve_disable, migratable, protection_keys, reserved bits)";
    assert_eq!(value("body/td_attributes"), attributes);
    assert_eq!(
        value("signature_data/certification_data_type"),
        "0500 (PCK certificate chain)"
    );
    assert_eq!(
        value("signature_data/certification_data"),
        "-----BEGIN CERTIFICATE-----"
    );
    assert_eq!(tree.find("body/nothing"), None);
}

#[test]
fn data_after_a_quote_is_shown_as_such() {
    let bytes = RawQuote {
        trailing: b"only for testing\n".to_vec(),
        ..RawQuote::v3()
    }
    .build();
    let tree = quote(&bytes).unwrap();
    assert_eq!(tree.find("trailing_data").unwrap().value, "only for testing");
}

#[test]
fn an_encrypted_platform_identifier_is_taken_apart() {
    let raw = RawQuote {
        certification_type: 3,
        certification_data: vec![0xEE; 404],
        ..RawQuote::v4(Tee::Sgx)
    };
    let tree = quote(&raw.build()).unwrap();
    assert_seamless(&tree);
    assert_eq!(
        tree.find("signature_data/certification_data/encrypted_ppid")
            .unwrap()
            .length,
        384
    );
    assert_eq!(
        tree.find("signature_data/certification_data/pce_svn")
            .unwrap()
            .value,
        "61166"
    );
}

#[test]
fn wrappers_are_shown_around_their_quote() {
    let quote = RawQuote::v3().build();
    let size = u64::try_from(quote.len()).unwrap().to_le_bytes();
    let report = [&[1, 0, 0, 0, 2, 0, 0, 0][..], &size, &quote].concat();
    let tree = open_enclave(&report).unwrap();
    assert_seamless(&tree);
    assert_eq!(tree.length, report.len());
    assert_eq!(
        tree.find("report_header/report_type").unwrap().value,
        "02000000 (remote)"
    );
    assert_eq!(tree.find("quote").unwrap().offset, 16);
    assert_eq!(tree.find("quote/body/mrsigner").unwrap().offset, 16 + 48 + 128);

    let claims = [&[1_u64, 1, 3, 2].map(u64::to_le_bytes).concat()[..], b"pk\0hi"].concat();
    let mut report_data = [0; 64];
    report_data[..32]
        .copy_from_slice(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &claims).as_ref());
    let data = [RawQuote::v3().with_report_data(&report_data).build(), claims].concat();
    let uuid = 0xa3a2_1e87_1b4d_4014_b70a_a125_d2fb_cd8c_u128.to_be_bytes();
    let size = u64::try_from(data.len()).unwrap().to_le_bytes();
    let evidence = [&[3, 0, 0, 0][..], &uuid, &size, &data].concat();
    let tree = open_enclave(&evidence).unwrap();
    assert_seamless(&tree);
    assert!(
        tree.find("attestation_header/format_id")
            .unwrap()
            .value
            .ends_with("(sgx ecdsa)")
    );
    assert_eq!(tree.find("custom_claims/pk").unwrap().value, "hi");
    assert_seamless(&open_enclave(&data).unwrap());
}

#[test]
fn what_is_not_well_formed_is_refused_with_the_parsers_word() {
    let error = quote(&[9; 48]).unwrap_err();
    assert_eq!(error, crate::dcap::QuoteError::Version { found: 0x0909 });
    assert!(open_enclave(&[1, 0, 0, 0]).is_err());
    assert!(endorsements(&[1, 0, 0, 0]).is_err());
}

#[test]
fn certificates_and_lists_are_shown_with_every_value_of_their_encoding() {
    let forge =
        attestry_forge::intel::IntelForge::new(attestry_forge::Seed::from_text("inspect"), 1_768_435_200);
    let root = forge.root_certificate_der();
    // One minting in two forms: another would bear another signature.
    let pem = attestry_forge::pki::pem("CERTIFICATE", &root);
    for text in [root.clone(), pem.into_bytes()] {
        let tree = certificate_chain(&text).unwrap();
        assert_eq!(
            tree.find("certificate/subject").unwrap().value,
            "Intel SGX Root CA"
        );
        let encoding = tree.find("certificate/der").unwrap();
        assert_encoding(encoding);
        assert_eq!(encoding.length, root.len());
        let algorithm = encoding
            .find("sequence/sequence/sequence/object_identifier")
            .unwrap();
        assert_eq!(algorithm.value, "1.2.840.10045.4.3.2 (ecdsa-with-SHA256)");
    }
    let mut list = forge.root_crl();
    list.revoke(&[0x12, 0x34]);
    let der = list.to_der();
    let tree = crl(&der).unwrap();
    assert_eq!(tree.find("revoked_certificates").unwrap().value, "1");
    assert_encoding(tree.find("der").unwrap());
    assert!(certificate_chain(b"\x30\x03abc").is_err());
}

#[test]
fn an_snp_report_is_shown_from_its_first_byte_to_its_last() {
    for line in ProductLine::ALL {
        for version in 1..=5 {
            let mut evidence = amd().snp_evidence(line);
            evidence.report.use_version(version, line.processor());
            evidence.trailing.clear();
            let bytes = evidence.to_report_bytes();
            let tree = snp_report(&bytes).unwrap();
            assert_seamless(&tree);
            assert_eq!((tree.offset, tree.length), (0, 1184));
            assert_eq!(tree.find("version").unwrap().value, version.to_string());
            for (name, offset) in [
                ("report_data", 0x50),
                ("reported_tcb", 0x180),
                ("chip_id", 0x1a0),
                ("launch_mit_vector", 0x1f8),
                ("signature_r", 0x2a0),
                ("signature_s", 0x2e8),
                ("reserved_330", 0x330),
            ] {
                assert_eq!(tree.find(name).unwrap().offset, offset, "{name}");
            }
            // The layout of the versions follows from the processor, which older reports do not state.
            let fmc = tree.find("reported_tcb/fmc").is_some();
            assert_eq!(fmc, version >= 3 && line == ProductLine::Turin);
            assert_eq!(tree.find("reported_tcb/microcode").is_some(), version >= 3);
        }
    }
    assert_eq!(
        snp_report(&[2; 1183]).unwrap_err(),
        crate::snp::SnpError::Size { found: 1183 }
    );
}

#[test]
fn an_snp_report_is_told_in_the_terms_of_the_specification() {
    let mut evidence = amd().snp_evidence(ProductLine::Milan);
    evidence.report.policy |= 1 << 19 | 1 << 40;
    evidence.report.platform_info = 0b10_0001;
    evidence.report.key_info = 0b0_0111;
    evidence.report.vmpl = u32::MAX;
    let tree = snp_report(&evidence.to_report_bytes()).unwrap();
    let value = |path: &str| tree.find(path).unwrap_or_else(|| panic!("{path}")).value.clone();
    assert_eq!(
        value("policy"),
        "1f000b0000010000 (abi 0.31, smt_allowed, debug_allowed, unknown bits)"
    );
    assert_eq!(
        value("platform_info"),
        "2100000000000000 (smt_enabled, alias_check_complete)"
    );
    assert_eq!(value("key_info"), "07000000 (VLEK, author_key_en, mask_chip_key)");
    assert_eq!(value("vmpl"), "ffffffff (the host)");
    assert_eq!(value("signature_algo"), "01000000 (ECDSA P-384 with SHA-384)");
    assert_eq!(
        value("cpuid"),
        "190101 (family 0x19, model 0x1, stepping 0x1, Milan)"
    );
    assert_eq!(value("current_firmware"), "043701 (1.55.4)");
    assert_eq!(value("reported_tcb/microcode"), "219");
    evidence.report.policy = 0;
    evidence.report.vmpl = 0;
    let tree = snp_report(&evidence.to_report_bytes()).unwrap();
    assert_eq!(tree.find("vmpl").unwrap().value, "00000000");
    assert_eq!(
        tree.find("policy").unwrap().value,
        "0000000000000000 (abi 0.0, bit 17 missing)"
    );
}

#[test]
fn an_hcl_report_is_shown_with_what_is_inside() {
    use attestry_forge::azure::{HclReport, VtpmKeys};
    let seed = attestry_forge::Seed::default();
    let keys = VtpmKeys::new(&seed);
    let snp = HclReport::snp(amd().snp_evidence(ProductLine::Genoa), &keys).mint();
    let tree = hcl_report(&snp.hcl_report).unwrap();
    assert_eq!(tree.length, snp.hcl_report.len());
    let report = tree.find("snp_report").unwrap();
    assert_eq!((report.offset, report.length), (32, 1184));
    assert_seamless(report);
    assert_eq!(report.find("report_data").unwrap().offset, 32 + 0x50);
    assert_eq!(tree.find("header/signature").unwrap().value, "48434c41 (HCLA)");
    assert_eq!(
        tree.find("data_header/report_type").unwrap().value,
        "02000000 (SEV-SNP)"
    );
    let claims = tree.find("runtime_claims").unwrap();
    assert_eq!((claims.offset, claims.length), (1236, snp.runtime_claims.len()));
    assert_eq!(claims.find("keys/0/kid").unwrap().value, "HCLAkPub");
    let intel =
        attestry_forge::intel::IntelForge::new(attestry_forge::Seed::from_text("inspect"), 1_768_435_200);
    let report = intel.tdx_quote_spec(attestry_forge::quote::TdBody::Td10).report;
    let tdx = HclReport::tdx(&seed, report, &keys).mint();
    let tree = hcl_report(&tdx.hcl_report).unwrap();
    let report = tree.find("td_report").unwrap();
    assert_eq!((report.offset, report.length), (32, 1184));
    assert_seamless(report);
    let data = report.find("report_data").unwrap();
    assert_eq!(data.offset, 32 + 128);
    assert!(hcl_report(b"HCLA").is_err());
}

#[test]
fn a_vek_certificate_and_amds_lists_are_shown_with_amds_names() {
    let forge = amd();
    let mut evidence = forge.snp_evidence(ProductLine::Turin);
    let tree = certificate_chain(evidence.chain_pem(&forge).as_bytes()).unwrap();
    let names: Vec<_> = tree
        .children
        .iter()
        .map(|certificate| certificate.find("subject").unwrap().value.as_str())
        .collect();
    assert_eq!(names, ["SEV-VCEK", "SEV-Turin", "ARK-Turin"]);
    let vek = tree.find("certificate/vek").unwrap();
    let value = |name: &str| vek.find(name).unwrap().value.clone();
    assert_eq!(value("kind"), "VCEK");
    assert_eq!(value("product_name"), "Turin");
    assert_eq!((value("fmc"), value("microcode")), ("1".into(), "81".into()));
    assert_eq!(value("hw_id"), crate::hex::encode(&evidence.vek.hw_id));
    assert!(tree.children[1].find("vek").is_none());
    assert!(
        tree.children[1]
            .find("public_key")
            .unwrap()
            .value
            .ends_with("exponent 010001")
    );
    evidence.use_vlek(&forge, "forged-csp", ProductLine::Turin.default_tcb());
    let der = evidence.vek_der(&forge);
    let tree = certificate_chain(&der).unwrap();
    assert_eq!(tree.find("certificate/vek/csp_id").unwrap().value, "forged-csp");
    assert_encoding(tree.find("certificate/der").unwrap());
    let list = forge.crl(ProductLine::Milan).to_der();
    assert_eq!(crl(&list).unwrap().find("issuer").unwrap().value, "ARK-Milan");
}

#[test]
fn documents_inside_collateral_are_opened() {
    let forge =
        attestry_forge::intel::IntelForge::new(attestry_forge::Seed::from_text("inspect"), 1_768_435_200);
    let collateral = forge.collateral(attestry_forge::intel::Tee::Sgx);
    let tree = json("collateral", collateral.to_json().as_bytes()).unwrap();
    assert_eq!(tree.find("tcb_info/id").unwrap().value, "SGX");
    assert_eq!(
        tree.find("root_ca_crl/issuer").unwrap().value,
        "Intel SGX Root CA"
    );
    assert_eq!(
        tree.find("pck_crl_issuer_chain/certificate/issuer")
            .unwrap()
            .value,
        "Intel SGX Root CA"
    );
    assert!(
        !tree
            .find("tcb_info/tcbLevels/0/tcbStatus")
            .unwrap()
            .value
            .is_empty()
    );
    assert_eq!(json("collateral", b"{"), None);
}

#[test]
fn encodings_are_followed_only_so_deep() {
    let deep = (0_u8..60).fold(vec![0x05, 0x00], |inner, _| {
        [&[0x30, u8::try_from(inner.len()).unwrap()][..], &inner].concat()
    });
    let mut node = &der::values(&deep, 0).unwrap()[0];
    let mut depth = 1;
    while let Some(child) = node.children.first() {
        (node, depth) = (child, depth + 1);
    }
    assert_eq!(depth, 32);
    assert_eq!(der::values(&[0x30, 0x80], 0), None);
    assert_eq!(der::values(&[0x30, 0x84, 0xFF, 0xFF, 0xFF, 0xFF], 0), None);
}
