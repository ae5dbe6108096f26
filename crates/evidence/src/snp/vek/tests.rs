mod verification;

use attestry_api::der as write;
use attestry_forge::amd::{ProductLine, VekSpec, vek_extension as oid};
use attestry_forge::pki::{AnyKey, CertificateSpec, Extension, KeyPair, Name};

use super::*;
use crate::snp::Product;
use crate::snp::world::{World, code, refused};
use crate::x509::EncodingError;

/// The outcome of reading a line's VCEK certificate after `change` to what it says.
fn read(line: ProductLine, change: impl FnOnce(&mut VekSpec)) -> Result<VekCertificate, SnpError> {
    let mut world = World::of(line);
    change(&mut world.evidence.vek);
    VekCertificate::parse(&world.vek().to_der())
}

/// The outcome of reading a certificate after `change` to its form.
fn read_form(
    world: &World,
    change: impl FnOnce(&mut CertificateSpec<AnyKey>),
) -> Result<VekCertificate, SnpError> {
    let mut spec = world.vek();
    change(&mut spec);
    VekCertificate::parse(&spec.to_der())
}

/// The extension that is refused, and what stands there.
fn extension(outcome: Result<VekCertificate, SnpError>) -> (&'static str, &'static str) {
    match refused(outcome) {
        error @ SnpError::VekExtension { extension, found } => {
            assert_eq!(code(&error), "vek_extension");
            (extension, found)
        }
        other => panic!("{other:?}"),
    }
}

/// The same INTEGER in the extension, longer or of another type.
fn set(certificate: &mut CertificateSpec<AnyKey>, oid: &[u64], value: Vec<u8>) {
    certificate.extension_mut(oid).unwrap().value = value;
}

#[test]
fn what_a_certificate_says_is_read() {
    for (line, product, name) in [
        (ProductLine::Milan, Product::Milan, "Milan-B0"),
        (ProductLine::Genoa, Product::Genoa, "Genoa"),
        (ProductLine::Turin, Product::Turin, "Turin"),
    ] {
        let world = World::of(line);
        let spec = &world.evidence.vek;
        let vek = read(line, |_| ()).unwrap();
        assert_eq!((vek.kind(), vek.product()), (VekKind::Vcek, product));
        assert_eq!(vek.product_name(), name);
        assert_eq!(vek.hardware_id(), Some(spec.hw_id.as_slice()));
        assert_eq!(vek.csp_id(), None);
        let fmc = line.has_fmc().then_some(("fmc", spec.fmc));
        let expected = fmc.into_iter().chain([
            ("bootloader", spec.bootloader),
            ("tee", spec.tee),
            ("snp", spec.snp),
            ("microcode", spec.microcode),
        ]);
        assert!(vek.tcb().map(|(name, svn)| (name, u64::from(svn))).eq(expected));
        let vlek = VekCertificate::parse(&World::vlek(line).vek().to_der()).unwrap();
        assert_eq!((vlek.kind(), vlek.product()), (VekKind::Vlek, product));
        assert_eq!((vlek.hardware_id(), vlek.csp_id()), (None, Some("forged-csp")));
    }
}

#[test]
fn both_forms_of_the_hardware_id_and_both_spellings_of_the_algorithm_are_read() {
    for line in ProductLine::ALL {
        for (wraps_hw_id, spells_trailer) in [(true, false), (false, true), (true, true)] {
            let mut world = World::of(line);
            world.evidence.vek.wraps_hw_id = wraps_hw_id;
            world.evidence.vek.spells_trailer = spells_trailer;
            world.appraise().unwrap();
        }
    }
}

#[test]
fn the_name_is_that_of_a_vek() {
    let world = World::milan();
    for name in ["SEV-VCEK2", "sev-vcek", "SEV-Milan", "ARK-Milan", ""] {
        let error = refused(read_form(&world, |vek| vek.subject = Name::forged_amd(name)));
        assert_eq!(
            error,
            SnpError::VekName {
                found: name.to_owned()
            }
        );
        assert_eq!(code(&error), "vek_name");
    }
    let twice = read_form(&world, |vek| {
        let Name(attributes) = &mut vek.subject;
        attributes.push((vec![2, 5, 4, 3], "SEV-VCEK".to_owned()));
    });
    assert_eq!(code(&refused(twice)), "vek_name", "two common names are none");
}

#[test]
fn the_key_is_on_p_384() {
    let world = World::milan();
    let p256 = AnyKey::from(KeyPair::from_scalar(&[7; 32]).unwrap());
    let rsa = world.forge.milan.ask.subject_key.clone();
    for key in [p256, rsa] {
        let error = refused(read_form(&world, |vek| vek.subject_key = key));
        assert_eq!(error, SnpError::VekKey);
        assert_eq!(code(&error), "vek_public_key");
    }
}

#[test]
fn every_extension_of_the_line_is_there() {
    let common = [
        (oid::PRODUCT_NAME, "productName"),
        (oid::STRUCT_VERSION, "structVersion"),
        (oid::BOOTLOADER, "blSPL"),
        (oid::TEE, "teeSPL"),
        (oid::SNP, "snpSPL"),
        (oid::MICROCODE, "ucodeSPL"),
    ];
    let mut worlds: Vec<_> = ProductLine::ALL
        .into_iter()
        .map(|line| (World::of(line), vec![(oid::HW_ID, "hwID")]))
        .collect();
    worlds.push((World::vlek(ProductLine::Milan), vec![(oid::CSP_ID, "cspID")]));
    for (world, mut own) in worlds {
        if world.evidence.vek.line == ProductLine::Turin {
            own.push((oid::FMC, "fmcSPL"));
        }
        for (oid, name) in common.into_iter().chain(own) {
            let outcome = read_form(&world, |vek| vek.remove_extension(oid));
            assert_eq!(extension(outcome), (name, "missing"));
        }
    }
}

#[test]
fn no_extension_appears_twice() {
    let world = World::of(ProductLine::Turin);
    for oid in world.vek().extensions.into_iter().map(|extension| extension.oid) {
        let outcome = read_form(&world, |vek| {
            let again = vek.extension_mut(&oid).unwrap().clone();
            vek.extensions.push(again);
        });
        let error = refused(outcome);
        assert!(
            matches!(
                error,
                SnpError::Encoding(EncodingError::DuplicateExtension { .. })
            ),
            "{oid:?}: {error:?}"
        );
        assert_eq!(code(&error), "x509_duplicate_extension");
    }
}

#[test]
fn critical_extensions_of_amd_are_refused_because_none_is_critical() {
    let outcome = read_form(&World::milan(), |vek| {
        vek.extension_mut(oid::MICROCODE).unwrap().critical = true;
    });
    assert_eq!(code(&refused(outcome)), "x509_unknown_critical_extension");
}

#[test]
fn security_versions_are_integers_of_one_byte_to_the_last_bit() {
    for svn in [0, 1, 127, 128, 200, 255] {
        let vek = read(ProductLine::Milan, |vek| vek.microcode = svn).unwrap();
        assert_eq!(vek.tcb().last(), Some(("microcode", u8::try_from(svn).unwrap())));
    }
    let world = World::of(ProductLine::Turin);
    for (oid, name) in [
        (oid::STRUCT_VERSION, "structVersion"),
        (oid::FMC, "fmcSPL"),
        (oid::BOOTLOADER, "blSPL"),
        (oid::TEE, "teeSPL"),
        (oid::SNP, "snpSPL"),
        (oid::MICROCODE, "ucodeSPL"),
    ] {
        for (value, why) in [
            (write::integer(256), "256, whose last byte is 0"),
            (write::integer(257), "257, whose last byte is 1"),
            (vec![2, 1, 0xff], "negative"),
            (vec![2, 2, 0, 1], "a zero too many in front"),
            (vec![2, 0], "empty"),
            (vec![2, 1, 1, 0], "a byte too many behind"),
            (vec![4, 1, 1], "an OCTET STRING"),
            (vec![2, 0x81, 1, 1], "a length that is not the shortest"),
            (vec![], "nothing"),
        ] {
            let outcome = read_form(&world, |vek| set(vek, oid, value));
            assert_eq!(extension(outcome), (name, "not an INTEGER of one byte"), "{why}");
        }
    }
}

#[test]
fn components_that_no_line_has_are_zero() {
    for (at, name) in [(4, "spl4"), (5, "spl5"), (6, "spl6"), (7, "spl7")] {
        let outcome = read(ProductLine::Milan, |vek| match at {
            4 => vek.spl_4 = 1,
            5 => vek.spl_5 = 1,
            6 => vek.spl_6 = 1,
            _ => vek.spl_7 = 1,
        });
        assert_eq!(extension(outcome), (name, "not 0"));
    }
    let malformed = read_form(&World::milan(), |vek| set(vek, oid::SPL_5, vec![4, 1, 0]));
    assert_eq!(extension(malformed), ("spl5", "not 0"));
    let absent = read_form(&World::milan(), |vek| {
        for oid in [oid::SPL_4, oid::SPL_5, oid::SPL_6, oid::SPL_7] {
            vek.remove_extension(oid);
        }
    });
    assert!(absent.is_ok(), "the newest lines leave them out");
}

#[test]
fn the_fmc_belongs_to_lines_that_have_one() {
    let outcome = read_form(&World::milan(), |vek| {
        vek.extensions
            .push(Extension::new(oid::FMC, false, write::integer(0)));
    });
    assert_eq!(extension(outcome), ("fmcSPL", "present on a line without it"));
}

#[test]
fn the_version_of_the_form_is_that_of_the_line() {
    for (line, others) in [
        (ProductLine::Milan, [1, 2]),
        (ProductLine::Genoa, [1, 2]),
        (ProductLine::Turin, [0, 2]),
    ] {
        for other in others {
            let outcome = read(line, |vek| vek.struct_version = other);
            assert_eq!(
                extension(outcome),
                ("structVersion", "that of another product line")
            );
        }
    }
}

#[test]
fn the_product_name_is_a_known_one_in_ia5() {
    for name in ["Rome", "Milan B0", "milan", "Naples-A1"] {
        let outcome = read(ProductLine::Milan, |vek| vek.product_name = name.to_owned());
        assert_eq!(
            extension(outcome),
            ("productName", "not a known product"),
            "{name}"
        );
    }
    let not_text = "not an IA5String of a sensible size";
    let long = format!("Milan-{}", "B".repeat(249));
    assert!(read(ProductLine::Milan, |vek| vek.product_name = long.clone()).is_ok());
    for value in [
        write::ia5_string(""),
        write::ia5_string(&format!("{long}B")),
        write::utf8_string("Milan"),
        vec![0x16, 5, b'M', b'i', b'l', b'a', 0xff],
        [write::ia5_string("Milan"), vec![0]].concat(),
    ] {
        let outcome = read_form(&World::milan(), |vek| set(vek, oid::PRODUCT_NAME, value));
        assert_eq!(extension(outcome), ("productName", not_text));
    }
    for value in [
        write::ia5_string(""),
        write::ia5_string(&"c".repeat(256)),
        write::utf8_string("csp"),
    ] {
        let vlek = World::vlek(ProductLine::Genoa);
        let outcome = read_form(&vlek, |vek| set(vek, oid::CSP_ID, value));
        assert_eq!(extension(outcome), ("cspID", not_text));
    }
}

#[test]
fn the_hardware_id_is_as_long_as_the_line_has_it() {
    let other_size = ("hwID", "of another size than the line's chip ids");
    for line in ProductLine::ALL {
        let size = line.hw_id_size();
        for wraps in [false, true] {
            for wrong in [0, 1, 8, 16, 63, 64, 65, size - 1, size + 1] {
                if wrong != size {
                    let outcome = read(line, |vek| {
                        vek.hw_id = vec![0x5a; wrong];
                        vek.wraps_hw_id = wraps;
                    });
                    assert_eq!(extension(outcome), other_size, "{line:?}: {wrong} bytes");
                }
            }
        }
    }
    let trailing = read_form(&World::milan(), |vek| {
        let hw_id = &mut vek.extension_mut(oid::HW_ID).unwrap().value;
        *hw_id = [write::octet_string(hw_id), vec![0]].concat();
    });
    assert_eq!(extension(trailing), other_size);
}

#[test]
fn a_vcek_names_no_provider_and_a_vlek_no_chip() {
    let present = "present in the other kind's certificate";
    let csp = Extension::new(oid::CSP_ID, false, write::ia5_string("csp"));
    let outcome = read_form(&World::milan(), |vek| vek.extensions.push(csp));
    assert_eq!(extension(outcome), ("cspID", present));
    let hw_id = Extension::new(oid::HW_ID, false, vec![1; 64]);
    let vlek = World::vlek(ProductLine::Milan);
    let outcome = read_form(&vlek, |vek| vek.extensions.push(hw_id));
    assert_eq!(extension(outcome), ("hwID", present));
    let renamed = read_form(&vlek, |vek| vek.subject = Name::forged_amd("SEV-VCEK"));
    assert_eq!(extension(renamed), ("cspID", present));
}

#[test]
fn a_cut_certificate_is_refused_at_every_length() {
    let der = World::milan().vek().to_der();
    for size in 0..der.len() {
        let error = refused(SuppliedChain::parse(&der[..size]));
        assert!(matches!(error, SnpError::Encoding(_)), "{size} bytes: {error:?}");
    }
    let longer = [der.as_slice(), &[0]].concat();
    assert_eq!(code(&refused(VekCertificate::parse(&longer))), "x509_malformed");
}

/// No bit of a certificate can change without the change being noticed.
#[test]
fn every_flipped_bit_of_a_certificate_is_refused() {
    for world in [World::milan(), World::vlek(ProductLine::Turin)] {
        let der = world.vek().to_der();
        world.verify(&der).unwrap();
        for bit in 0..der.len() * 8 {
            let mut flipped = der.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(
                world.verify(&flipped).is_err(),
                "byte {:#x}, bit {}",
                bit / 8,
                bit % 8
            );
        }
    }
}
