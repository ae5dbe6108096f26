use super::*;
use crate::dcap::Tee;
use crate::dcap::quote::fixture::RawQuote;
use attestry_forge::Seed;
use attestry_forge::amd::{AmdForge, ProductLine};

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
        attestry_forge::intel::IntelForge::new(Seed::from_text("inspect"), 1_768_435_200);
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
fn documents_inside_collateral_are_opened() {
    let forge =
        attestry_forge::intel::IntelForge::new(Seed::from_text("inspect"), 1_768_435_200);
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

#[test]
fn an_snp_report_is_covered_to_its_last_byte_and_explains_itself() {
    let forge = AmdForge::new(Seed::default(), 0);
    for line in ProductLine::ALL {
        let evidence = forge.snp_evidence(line);
        let tree = snp_report(&evidence.to_report_bytes()).unwrap();
        let mut end = 0;
        for child in &tree.children {
            assert_eq!(child.offset, end, "{}", child.name);
            end += child.length;
        }
        assert_eq!(end, crate::snp::REPORT_BYTES);
        let value = |name: &str| tree.find(name).unwrap().value.clone();
        assert!(value("cpuid").ends_with(line.name()), "{}", value("cpuid"));
        assert!(value("key_info").contains("VCEK"));
        assert!(value("policy").contains("smt allowed"));
        assert_eq!(value("reported_tcb").contains("fmc"), line == ProductLine::Turin);
        let chain = certificate_chain(evidence.chain_pem(&forge).as_bytes()).unwrap();
        let subjects: Vec<_> = chain
            .children
            .iter()
            .map(|certificate| certificate.find("subject").unwrap().value.as_str())
            .collect();
        assert_eq!(
            subjects,
            [
                "SEV-VCEK".to_owned(),
                format!("SEV-{}", line.name()),
                format!("ARK-{}", line.name())
            ]
        );
        assert!(chain.children[0].find("hardware_id").is_some());
        let list = crl(&forge.crl(line).to_der()).unwrap();
        assert_eq!(list.find("issuer").unwrap().value, format!("ARK-{}", line.name()));
    }
    assert!(snp_report(&[0; 1183]).is_err());
}
