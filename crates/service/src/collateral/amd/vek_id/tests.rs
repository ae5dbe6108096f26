use attestry_evidence::snp::VekCertificate;
use attestry_forge::Seed;
use attestry_forge::amd::{AmdForge, ProductLine, Tcb, VekSpec};

use super::*;

const NOW: i64 = 1_780_000_000;

fn forge() -> AmdForge {
    AmdForge::new(Seed::default(), NOW)
}

fn product(line: ProductLine) -> Product {
    line.name().parse().unwrap()
}

const TCB: Tcb = Tcb {
    fmc: 1,
    bootloader: 200,
    tee: 3,
    snp: 24,
    microcode: 219,
};

#[test]
fn a_certificate_names_the_key_that_reports_name() {
    for line in ProductLine::ALL {
        let hw_id = vec![7; line.hw_id_size()];
        let der = VekSpec::vcek(&forge(), line, &hw_id, TCB)
            .certificate(&forge())
            .to_der();
        let of_certificate = VekId::of_certificate(&VekCertificate::parse(&der).unwrap()).unwrap();
        let mut chip_id = [0; 64];
        chip_id[..hw_id.len()].fill(7);
        let of_report = VekId::new(product(line), &chip_id, TCB.raw(line).to_le_bytes()).unwrap();
        assert_eq!(of_certificate, of_report, "{line:?}");
        assert_eq!(of_certificate.chip_id_hex(), "07".repeat(line.hw_id_size()));
    }
}

#[test]
fn a_providers_certificate_names_no_chip() {
    let der = VekSpec::vlek(&forge(), ProductLine::Milan, "cloud.example", TCB)
        .certificate(&forge())
        .to_der();
    assert_eq!(VekId::of_certificate(&VekCertificate::parse(&der).unwrap()), None);
}

#[test]
fn every_part_tells_keys_apart() {
    let id = |product, chip: u8, tcb: u64| VekId::new(product, &[chip; 64], tcb.to_le_bytes()).unwrap();
    let one = id(Product::Milan, 1, 3);
    assert_ne!(one, id(Product::Genoa, 1, 3));
    assert_ne!(one, id(Product::Milan, 2, 3));
    assert_ne!(one, id(Product::Milan, 1, 4));
}

#[test]
fn what_no_chip_has_is_no_key() {
    let none = |product| Err(VekUnavailable::NoSuchKey { product });
    assert_eq!(
        VekId::new(Product::Milan, &[0; 64], [0; 8]),
        Err(VekUnavailable::MaskedChip)
    );
    // Reserved bytes of the version.
    let mut tcb = [1, 2, 0, 0, 0, 0, 3, 4];
    assert!(VekId::new(Product::Milan, &[1; 64], tcb).is_ok());
    tcb[3] = 1;
    assert_eq!(VekId::new(Product::Milan, &[1; 64], tcb), none(Product::Milan));
    // More bytes of the identifier than the line has, or fewer.
    assert_eq!(
        VekId::new(Product::Turin, &[1; 64], [1, 2, 3, 4, 0, 0, 0, 5]),
        none(Product::Turin)
    );
    assert_eq!(
        VekId::new(Product::Milan, &[1; 8], [1, 2, 0, 0, 0, 0, 3, 4]),
        none(Product::Milan)
    );
}

#[test]
fn texts_are_read_as_they_are_written() {
    let id = VekId::new(Product::Turin, &[0xab; 8], [1, 2, 3, 4, 0, 0, 0, 5]).unwrap();
    assert_eq!(id.tcb_hex(), "0500000004030201");
    assert_eq!(id.chip_id_hex(), "ab".repeat(8));
    assert_eq!(
        VekId::from_texts("turin", &id.chip_id_hex(), &id.tcb_hex()),
        Some(id)
    );
    for (product, chip, tcb) in [
        ("Naples", "abababababababab", "0500000004030201"),
        ("Turin", "abab", "0500000004030201"),
        ("Turin", "abababababababab", "05"),
        ("Turin", "abababababababab", "05ff000004030201"),
        ("Turin", "xbababababababab", "0500000004030201"),
    ] {
        assert_eq!(
            VekId::from_texts(product, chip, tcb),
            None,
            "{product} {chip} {tcb}"
        );
    }
    assert_eq!(
        id.to_string(),
        "Turin chip abababababababab... at 0500000004030201"
    );
}
