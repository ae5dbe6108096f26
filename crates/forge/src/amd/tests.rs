//! Certificates and lists against OpenSSL's reading of them and against the structure of AMD's own, reports
//! against the byte offsets of AMD's tables.

use aws_lc_rs::signature::{ECDSA_P384_SHA384_FIXED, UnparsedPublicKey};

use super::*;
use crate::{
    Seed, SetError,
    openssl::{Files, openssl, recorded, run, structure},
    pki::{self, AnyKey, SigningKey},
    seed::sha256,
};

const NOW: i64 = 1_768_435_200;

fn forge() -> AmdForge {
    AmdForge::new(Seed::default(), NOW)
}

#[test]
fn openssl_verifies_the_chains_of_every_line() {
    let forge = forge();
    let files = Files::new("snp-chains");
    for line in ProductLine::ALL {
        let mut evidence = forge.snp_evidence(line);
        for kind in [VekKind::Vcek, VekKind::Vlek] {
            if kind == VekKind::Vlek {
                evidence.use_vlek(&forge, "cloud.example", line.default_tcb());
            }
            let certificates = forge.line(line);
            let root = files.write("root", certificates.ark.to_pem());
            let leaf = files.write("leaf", evidence.vek.certificate(&forge).to_pem());
            let verify = |issuer: &str| {
                let issuer = files.write("issuer", issuer);
                let time = NOW.to_string();
                let arguments = [
                    "verify",
                    "-attime",
                    &time,
                    "-CAfile",
                    &root,
                    "-untrusted",
                    &issuer,
                    &leaf,
                ];
                run(&arguments, &[])
            };
            let Some(good) = verify(&certificates.vek_issuer(kind).to_pem()) else {
                return;
            };
            assert!(
                good.status.success(),
                "{line:?} {kind:?}: {}",
                String::from_utf8_lossy(&good.stderr)
            );
            let other = match kind {
                VekKind::Vcek => &certificates.asvk,
                VekKind::Vlek => &certificates.ask,
            };
            assert!(!verify(&other.to_pem()).unwrap().status.success());
        }
    }
}

#[test]
fn openssl_verifies_the_revocation_list() {
    let forge = forge();
    let files = Files::new("snp-crl");
    let mut list = forge.crl(ProductLine::Genoa);
    list.revoke(&[2, 0, 1]);
    let root = files.write("root", forge.genoa.ark.to_pem());
    let arguments = [
        "crl", "-inform", "DER", "-noout", "-text", "-verify", "-CAfile", &root,
    ];
    let Some(output) = run(&arguments, &list.to_der()) else {
        return;
    };
    assert!(String::from_utf8_lossy(&output.stderr).contains("verify OK"));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("CN = ARK-Genoa"), "{text}");
    assert!(text.contains("Serial Number: 020001"), "{text}");
    assert!(text.contains("Last Update: Jan  8 00:00:00 2026 GMT"), "{text}");
    assert!(text.contains("Next Update: Feb 23 00:00:00 2026 GMT"), "{text}");
    list.issuer_key = forge.genoa.ask.subject_key.clone();
    let wrong = run(&arguments, &list.to_der()).unwrap();
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("verify failure"));
}

#[test]
fn openssl_reads_names_serials_and_both_spellings_of_the_algorithm() {
    let forge = forge();
    let read = |certificate: &pki::CertificateSpec<AnyKey>| {
        openssl(
            &["x509", "-inform", "DER", "-noout", "-text"],
            &certificate.to_der(),
        )
    };
    let Some(root) = read(&forge.milan.ark) else {
        return;
    };
    assert!(root.contains("Serial Number: 65536 (0x10000)"), "{root}");
    assert!(
        root.contains(
            "Subject: OU = Engineering, C = US, L = Santa Clara, ST = CA, \
         O = \"Attestry Forge - test only, trust nothing\", CN = ARK-Milan"
        ),
        "{root}"
    );
    assert!(root.contains("Public-Key: (4096 bit)"));
    assert!(root.contains("Trailer Field: 0x01\n"));
    assert!(root.contains("Salt Length: 0x30"));
    assert!(root.contains("CA:TRUE\n"));
    let mut evidence = forge.snp_evidence(ProductLine::Milan);
    let vek = read(&evidence.vek.certificate(&forge)).unwrap();
    assert!(vek.contains("Serial Number: 0 (0x0)"), "{vek}");
    assert!(vek.contains("CN = SEV-VCEK"));
    assert!(vek.contains("NIST CURVE: P-384"));
    assert!(vek.contains("Trailer Field: 0x01 (default)"));
    evidence.set("vek.spells_trailer", "true").unwrap();
    let older = read(&evidence.vek.certificate(&forge)).unwrap();
    assert!(older.contains("Trailer Field: 0x01\n"));
    let serial = |line: ProductLine| forge.line(line).ask.serial.clone();
    assert_eq!(serial(ProductLine::Genoa), [2, 0, 2]);
    assert_eq!(serial(ProductLine::Turin), [3, 0, 1]);
    assert_eq!(forge.turin.asvk.serial, [3, 1, 1]);
}

#[test]
fn certificates_have_the_structure_of_amds() {
    let forge = forge();
    let alike = |path: &str, minted: &pki::CertificateSpec<AnyKey>| {
        let Some(real) = recorded(path) else { return };
        // PEM files begin with the VEK.
        let real = if real.starts_with(b"-----BEGIN") {
            let certificate = ["x509", "-outform", "DER"];
            run(&certificate, &real).unwrap().stdout
        } else {
            real
        };
        let (Some(real), Some(minted)) = (structure(&real), structure(&minted.to_der())) else {
            return;
        };
        assert_eq!(minted, real, "{path}");
    };
    for line in ProductLine::ALL {
        let directory = line.name().to_ascii_lowercase();
        let certificates = forge.line(line);
        alike(&format!("snp/roots/{directory}/ark.der"), &certificates.ark);
        alike(&format!("snp/roots/{directory}/ask.der"), &certificates.ask);
        alike(&format!("snp/roots/{directory}/asvk.der"), &certificates.asvk);
    }
    let vek = |line| forge.snp_evidence(line).vek.certificate(&forge);
    alike("snp/reports/tav-milan-v3/vek.pem", &vek(ProductLine::Milan));
    alike("snp/reports/tav-genoa-v3/vek.pem", &vek(ProductLine::Genoa));
    alike("snp/certs-only/vcek-turin-sev.der", &vek(ProductLine::Turin));
    let mut older = forge.snp_evidence(ProductLine::Milan);
    older.vek.spells_trailer = true;
    alike("snp/reports/sev-milan/vek.der", &older.vek.certificate(&forge));
}

#[test]
fn security_versions_above_127_are_positive_integers() {
    let milan = forge().snp_evidence(ProductLine::Milan);
    let microcode = |evidence: &SnpEvidence| {
        let extensions = evidence.vek.extensions();
        let found = extensions
            .iter()
            .find(|extension| extension.oid == vek_extension::MICROCODE);
        found.unwrap().value.clone()
    };
    assert_eq!(microcode(&milan), [2, 2, 0, 0xDB]);
    let turin = forge().snp_evidence(ProductLine::Turin);
    assert_eq!(microcode(&turin), [2, 1, 81]);
    assert!(!milan.vek.extensions().iter().any(|e| e.oid == vek_extension::FMC));
    assert!(
        !turin
            .vek
            .extensions()
            .iter()
            .any(|e| e.oid == vek_extension::SPL_4)
    );
    assert_eq!(turin.vek.extensions().last().unwrap().value.len(), 8);
    assert_eq!(milan.vek.extensions().last().unwrap().value.len(), 64);
}

#[test]
fn hardware_identifiers_can_be_wrapped_and_providers_replace_them() {
    let forge = forge();
    let mut evidence = forge.snp_evidence(ProductLine::Milan);
    evidence.vek.wraps_hw_id = true;
    let value = evidence.vek.extensions().last().unwrap().value.clone();
    assert_eq!((value[0], value[1], value.len()), (0x04, 64, 66));
    evidence.use_vlek(&forge, "cloud.example", ProductLine::Milan.default_tcb());
    let last = evidence.vek.extensions().pop().unwrap();
    assert_eq!(last.oid, vek_extension::CSP_ID);
    assert_eq!(last.value, b"\x16\x0dcloud.example");
    let report = evidence.to_report_bytes();
    assert_eq!(report[0x1A0..0x1E0], [0; 64], "a VLEK masks the chip");
    assert_eq!(report[0x48..0x4C], [4, 0, 0, 0]);
}

#[test]
fn fields_lie_where_amds_table_puts_them() {
    let evidence = forge().snp_evidence(ProductLine::Milan);
    let before = evidence.report.to_bytes();
    assert_eq!(before.len(), 0x2A0);
    for (field, value, offset, size) in [
        ("report.version", "0xffffffff", 0x000, 4),
        ("report.guest_svn", "0xffffffff", 0x004, 4),
        ("report.policy", "0xfffffffffffcff00", 0x008, 8),
        ("report.family_id", &"ee".repeat(16), 0x010, 16),
        ("report.image_id", &"ee".repeat(16), 0x020, 16),
        ("report.vmpl", "0xffffffff", 0x030, 4),
        ("report.signature_algo", "0xfffffffe", 0x034, 4),
        ("report.current_tcb", "0x0102030405060708", 0x038, 8),
        ("report.platform_info", "0xfffffffffffffffe", 0x040, 8),
        ("report.key_info", "0xffffffff", 0x048, 4),
        ("report.reserved_4c", "0xffffffff", 0x04C, 4),
        ("report.report_data", &"ee".repeat(64), 0x050, 64),
        ("report.measurement", &"00".repeat(48), 0x090, 48),
        ("report.host_data", &"ee".repeat(32), 0x0C0, 32),
        ("report.id_key_digest", &"00".repeat(48), 0x0E0, 48),
        ("report.author_key_digest", &"ee".repeat(48), 0x110, 48),
        ("report.report_id", &"00".repeat(32), 0x140, 32),
        ("report.report_id_ma", &"ee".repeat(32), 0x160, 32),
        ("report.reported_tcb", "0x0102030405060708", 0x180, 8),
        ("report.cpuid_family", "0xff", 0x188, 1),
        ("report.cpuid_model", "0xff", 0x189, 1),
        ("report.cpuid_stepping", "0xff", 0x18A, 1),
        ("report.reserved_18b", &"ee".repeat(21), 0x18B, 21),
        ("report.chip_id", &"00".repeat(64), 0x1A0, 64),
        ("report.committed_tcb", "0x0102030405060708", 0x1E0, 8),
        ("report.current_build", "0xff", 0x1E8, 1),
        ("report.current_minor", "0xff", 0x1E9, 1),
        ("report.current_major", "0xff", 0x1EA, 1),
        ("report.reserved_1eb", "0xff", 0x1EB, 1),
        ("report.committed_build", "0xff", 0x1EC, 1),
        ("report.committed_minor", "0xff", 0x1ED, 1),
        ("report.committed_major", "0xff", 0x1EE, 1),
        ("report.reserved_1ef", "0xff", 0x1EF, 1),
        ("report.launch_tcb", "0x0102030405060708", 0x1F0, 8),
        ("report.launch_mit_vector", "0xffffffffffffffff", 0x1F8, 8),
        ("report.current_mit_vector", "0xffffffffffffffff", 0x200, 8),
        ("report.reserved_208", &"ee".repeat(152), 0x208, 152),
    ] {
        let mut changed = evidence.clone();
        changed.set(field, value).unwrap();
        let after = changed.report.to_bytes();
        let differing: Vec<_> = (0..before.len()).filter(|&at| before[at] != after[at]).collect();
        assert!(!differing.is_empty(), "{field}");
        assert!(*differing.first().unwrap() >= offset, "{field}");
        assert!(*differing.last().unwrap() < offset + size, "{field}");
    }
}

#[test]
fn every_field_of_the_list_can_be_set() {
    let evidence = forge().snp_evidence(ProductLine::Milan);
    for field in evidence.fields() {
        let value = match field.takes.split_once(" bytes") {
            Some((size, _)) => "ab".repeat(size.parse().unwrap()),
            None if field.takes == "bytes" => "abcd".to_owned(),
            None if field.takes == "true or false" => "true".to_owned(),
            None => "7".to_owned(),
        };
        let mut changed = evidence.clone();
        changed.set(&field.name, &value).unwrap();
    }
    let unknown = evidence.clone().set("report.nothing", "1");
    assert!(matches!(unknown, Err(SetError::UnknownField { .. })));
    let large = evidence.clone().set("report.cpuid_model", "256");
    assert!(matches!(large, Err(SetError::Number { max: 255, .. })));
}

#[test]
fn bits_are_those_of_amds_tables() {
    let mut evidence = forge().snp_evidence(ProductLine::Milan);
    assert_eq!(evidence.report.policy, 0x3_001F);
    evidence.set("report.policy.debug", "true").unwrap();
    evidence.set("report.policy.smt", "false").unwrap();
    assert_eq!(evidence.report.policy, 0xA_001F);
    evidence
        .set("report.platform_info.alias_check_complete", "true")
        .unwrap();
    assert_eq!(evidence.report.platform_info, 0x21);
    let mut other = forge().snp_evidence(ProductLine::Milan);
    other.report.set_debug(true);
    assert_eq!(other.report.policy, 0xB_001F);
    other.report.set_debug(false);
    assert_eq!(other.report.policy, 0x3_001F);
}

#[test]
fn the_certified_key_signs_672_bytes_little_endian() {
    let evidence = forge().snp_evidence(ProductLine::Genoa);
    let report = evidence.to_report_bytes();
    assert_eq!(report.len(), 1184);
    let component = |at: usize| {
        assert_eq!(report[at + 48..at + 72], [0; 24]);
        report[at..at + 48].iter().rev().copied()
    };
    let signature: Vec<u8> = component(0x2A0).chain(component(0x2E8)).collect();
    let key = UnparsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, evidence.vek.key.public_point());
    key.verify(&report[..0x2A0], &signature).unwrap();
    assert_eq!(report[0x330..], [0; 368]);
    assert!(key.verify(&report[..0x2A1], &signature).is_err());
}

#[test]
fn a_signature_can_be_anything() {
    let mut evidence = forge().snp_evidence(ProductLine::Milan);
    evidence.set("signature_r", &"11".repeat(72)).unwrap();
    evidence.set("signature_s", &"22".repeat(72)).unwrap();
    evidence.set("trailing", "0102").unwrap();
    evidence.flip_bits = vec![8 * 0x2A0];
    let report = evidence.to_report_bytes();
    assert_eq!(report.len(), 1186);
    assert_eq!(report[0x2A0..0x2A2], [0x10, 0x11]);
    assert_eq!(report[0x2E8..0x330], [0x22; 72]);
    let mut foreign = forge().snp_evidence(ProductLine::Milan);
    foreign.report_signer = Some(Seed::default().p384_key("somebody else"));
    let bytes = foreign.to_report_bytes();
    let signature: Vec<u8> = [0x2A0, 0x2E8]
        .into_iter()
        .flat_map(|at| bytes[at..at + 48].iter().rev().copied())
        .collect();
    let verifies = |key: &pki::P384KeyPair| {
        let key = UnparsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, key.public_point());
        key.verify(&bytes[..0x2A0], &signature).is_ok()
    };
    assert!(verifies(foreign.report_signer.as_ref().unwrap()));
    assert!(!verifies(&foreign.vek.key));
}

#[test]
fn versions_decide_on_cpuid_and_mitigation_vectors() {
    let mut evidence = forge().snp_evidence(ProductLine::Turin);
    let bytes = |evidence: &SnpEvidence| evidence.report.to_bytes();
    assert_eq!(bytes(&evidence)[0x188..0x18B], [0x1A, 0x02, 1]);
    assert_eq!(bytes(&evidence)[0x1F8..0x208], [0; 16]);
    evidence.report.use_version(5, Processor::Turin);
    assert_eq!(bytes(&evidence)[0x1F8], 0x3F);
    assert_eq!(bytes(&evidence)[0x200], 0x3F);
    evidence.report.use_version(2, Processor::Turin);
    assert_eq!(bytes(&evidence)[0], 2);
    assert_eq!(bytes(&evidence)[0x188..0x18B], [0; 3]);
    assert_eq!(bytes(&evidence)[0x1F8], 0);
}

#[test]
fn processors_are_told_by_cpuid_and_certified_by_their_line() {
    for (processor, cpuid, line) in [
        (Processor::Milan, (0x19, 0x00..=0x0F), ProductLine::Milan),
        (Processor::Genoa, (0x19, 0x10..=0x1F), ProductLine::Genoa),
        (Processor::Bergamo, (0x19, 0xA0..=0xAF), ProductLine::Genoa),
        (Processor::Siena, (0x19, 0xA0..=0xAF), ProductLine::Genoa),
        (Processor::Turin, (0x1A, 0x00..=0x11), ProductLine::Turin),
        (Processor::Venice, (0x1A, 0x50..=0x57), ProductLine::Turin),
    ] {
        let evidence = forge().snp_evidence_of(processor);
        assert_eq!(evidence.vek.line, line);
        assert_eq!(evidence.report.cpuid_family, cpuid.0);
        assert!(cpuid.1.contains(&evidence.report.cpuid_model), "{processor:?}");
    }
}

#[test]
fn security_versions_are_laid_out_by_line() {
    let tcb = Tcb {
        fmc: 1,
        bootloader: 2,
        tee: 3,
        snp: 4,
        microcode: 5,
    };
    assert_eq!(
        tcb.raw(ProductLine::Turin).to_le_bytes(),
        [1, 2, 3, 4, 0, 0, 0, 5]
    );
    for line in [ProductLine::Milan, ProductLine::Genoa] {
        assert_eq!(tcb.raw(line).to_le_bytes(), [2, 3, 0, 0, 0, 0, 4, 5]);
        assert_eq!(Tcb::from_raw(tcb.raw(line), line), Tcb { fmc: 0, ..tcb });
    }
    assert_eq!(
        Tcb::from_raw(tcb.raw(ProductLine::Turin), ProductLine::Turin),
        tcb
    );
}

#[test]
fn another_tcb_is_another_key_and_all_of_the_evidence_agrees() {
    let forge = forge();
    let mut evidence = forge.snp_evidence(ProductLine::Milan);
    let before = evidence.vek.key.clone();
    let tcb = Tcb {
        microcode: 200,
        ..ProductLine::Milan.default_tcb()
    };
    evidence.use_tcb(&forge, tcb);
    assert_ne!(evidence.vek.key.key_id(), before.key_id());
    assert_eq!(evidence.vek.microcode, 200);
    let raw = tcb.raw(ProductLine::Milan);
    let report = &evidence.report;
    assert_eq!(
        [
            report.current_tcb,
            report.reported_tcb,
            report.committed_tcb,
            report.launch_tcb
        ],
        [raw; 4]
    );
    evidence.use_tcb(&forge, ProductLine::Milan.default_tcb());
    assert_eq!(evidence.vek.key.key_id(), before.key_id());
    evidence.use_chip(&forge, &[7; 64], tcb);
    assert_eq!(evidence.report.chip_id, [7; 64]);
    assert_eq!(evidence.vek.hw_id, [7; 64]);
    let mut turin = forge.snp_evidence(ProductLine::Turin);
    turin.use_chip(&forge, &[7; 8], ProductLine::Turin.default_tcb());
    assert_eq!(turin.report.chip_id[..9], [7, 7, 7, 7, 7, 7, 7, 7, 0]);
}

#[test]
fn data_is_bound_by_its_hash() {
    let mut evidence = forge().snp_evidence(ProductLine::Milan);
    evidence.bind_runtime_data(b"runtime");
    evidence.bind_init_time_data(b"init time");
    let report = evidence.to_report_bytes();
    assert_eq!(report[0x50..0x70], sha256(&[b"runtime"]));
    assert_eq!(report[0x70..0x90], [0; 32]);
    assert_eq!(report[0xC0..0xE0], sha256(&[b"init time"]));
}

#[test]
fn the_body_carries_report_chain_and_endorsements() {
    let forge = forge();
    let mut evidence = forge.snp_evidence(ProductLine::Milan);
    let member = |body: &str, name: &str| -> Option<Vec<u8>> {
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        let text = body.get(name)?.as_str()?.to_owned();
        Some(attestry_api::b64::decode_url(&text).unwrap())
    };
    let body = evidence.to_json(&forge);
    assert_eq!(member(&body, "SnpReport").unwrap().len(), 1184);
    let chain = String::from_utf8(member(&body, "VcekCertChain").unwrap()).unwrap();
    assert_eq!(chain.matches("BEGIN CERTIFICATE").count(), 3);
    assert!(!chain.contains('\r'));
    assert_eq!(member(&body, "Endorsements"), None);
    evidence.line_ends = LineEnds::CrLf;
    evidence.uvm_endorsements = vec![vec![0xD2, 1], vec![0xD2, 2]];
    let body = evidence.to_json(&forge);
    let chain = String::from_utf8(member(&body, "VcekCertChain").unwrap()).unwrap();
    assert_eq!(chain.matches("\r\n").count(), chain.matches('\n').count());
    let endorsements = String::from_utf8(member(&body, "Endorsements").unwrap()).unwrap();
    assert_eq!(endorsements, r#"{"Uvm":["0gE","0gI"]}"#);
}

#[test]
fn the_worlds_of_other_seeds_have_other_keys() {
    let other = AmdForge::new(Seed::from_text("other"), NOW);
    let key = |forge: &AmdForge, line| forge.line(line).ark.subject_key.key_id();
    assert_ne!(key(&forge(), ProductLine::Milan), key(&other, ProductLine::Milan));
    assert_ne!(
        key(&forge(), ProductLine::Milan),
        key(&forge(), ProductLine::Genoa)
    );
    let vek = |forge: &AmdForge| forge.snp_evidence(ProductLine::Milan).vek.key.key_id();
    assert_ne!(vek(&forge()), vek(&other));
    assert_ne!(vek(&other), vek(&AmdForge::new(Seed::from_text("third"), NOW)));
}

#[test]
fn the_default_roots_are_the_same_in_every_process() {
    // Pinned: development servers and published demo evidence rely on these keys.
    let ids =
        ProductLine::ALL.map(|line| attestry_api::hex::encode(&forge().line(line).ark.subject_key.key_id()));
    assert_eq!(ids, PINNED_ROOT_KEY_IDS);
    let vek = forge().snp_evidence(ProductLine::Milan).vek.key;
    assert_eq!(attestry_api::hex::encode(&vek.key_id()), PINNED_VCEK_KEY_ID);
}

const PINNED_ROOT_KEY_IDS: [&str; 3] = [
    "c90c23b021977a2fce2c78bc9f5df851f4bdbe52",
    "3f6176e1d66279580b1f109d4b0b063d9cd79596",
    "449a683ffa20bcd8923f52fd4a058f9274a38e17",
];
const PINNED_VCEK_KEY_ID: &str = "bed84d11e4632a5b0e9263f87cd5cf334171134f";
