use super::*;

/// AMD's processor programming references: the models of each family that have SEV-SNP.
const MODELS: [(u8, std::ops::RangeInclusive<u8>, Product); 8] = [
    (0x19, 0x00..=0x0f, Product::Milan),
    (0x19, 0x10..=0x1f, Product::Genoa),
    (0x19, 0xa0..=0xaf, Product::Genoa),
    (0x1a, 0x00..=0x11, Product::Turin),
    (0x1a, 0x50..=0x57, Product::Venice),
    (0x1a, 0x90..=0x9f, Product::Venice),
    (0x1a, 0xa0..=0xaf, Product::Venice),
    (0x1a, 0xc0..=0xc7, Product::Venice),
];

#[test]
fn every_processor_is_told_by_family_and_model() {
    for family in 0..=u8::MAX {
        for model in 0..=u8::MAX {
            let expected = MODELS
                .iter()
                .find(|(known, models, _)| *known == family && models.contains(&model));
            assert_eq!(
                Product::from_cpuid(family, model),
                expected.map(|(.., product)| *product),
                "{family:#x} {model:#x}"
            );
        }
    }
}

#[test]
fn product_names_may_bear_a_stepping_and_nothing_else() {
    for (name, product) in [
        ("Milan", Product::Milan),
        ("Milan-B0", Product::Milan),
        ("Milan-B1", Product::Milan),
        ("Genoa", Product::Genoa),
        ("Genoa-B1", Product::Genoa),
        ("Bergamo-A1", Product::Genoa),
        ("Siena-B0", Product::Genoa),
        ("Turin", Product::Turin),
        ("Turin-C1", Product::Turin),
        ("Venice", Product::Venice),
    ] {
        assert_eq!(Product::from_product_name(name), Some(product), "{name}");
    }
    for name in [
        "",
        "-",
        "milan",
        "Milan B0",
        "MilanB0",
        "xMilan",
        "Rome",
        "Naples-B2",
    ] {
        assert_eq!(Product::from_product_name(name), None, "{name}");
    }
}

#[test]
fn lines_are_written_and_read_by_the_name_of_their_hierarchy() {
    for product in Product::ALL {
        assert_eq!(product.to_string(), product.name());
        assert_eq!(product.name().to_lowercase().parse(), Ok(product));
    }
    for unknown in ["Bergamo", "", "Milan-B0"] {
        assert_eq!(unknown.parse::<Product>(), Err(()), "{unknown}");
    }
}

#[test]
fn the_layout_of_a_tcb_version_is_that_of_the_line() {
    let bytes = [1, 2, 3, 4, 5, 6, 7, 8];
    for product in [Product::Milan, Product::Genoa] {
        let tcb = TcbVersion::of(product, bytes);
        let components: Vec<_> = tcb.components().collect();
        assert_eq!(
            components,
            [("bootloader", 1), ("tee", 2), ("snp", 7), ("microcode", 8)]
        );
    }
    for product in [Product::Turin, Product::Venice] {
        let tcb = TcbVersion::of(product, bytes);
        let components: Vec<_> = tcb.components().collect();
        assert_eq!(
            components,
            [
                ("fmc", 1),
                ("bootloader", 2),
                ("tee", 3),
                ("snp", 4),
                ("microcode", 8)
            ]
        );
        assert_eq!(tcb.raw, 0x0807_0605_0403_0201);
    }
}

#[test]
fn each_reserved_byte_of_a_tcb_version_is_noticed() {
    for product in Product::ALL {
        let reserved = if product.has_fmc() { 4..7 } else { 2..6 };
        for at in 0..8 {
            let mut bytes = [0; 8];
            bytes[at] = 0x80;
            assert_eq!(
                TcbVersion::of(product, bytes).reserved_set,
                reserved.contains(&at),
                "{product} byte {at}"
            );
        }
    }
}

/// A version is above another when one component is, whatever the others are: the number as a whole does not count.
#[test]
fn versions_are_compared_component_by_component() {
    for product in Product::ALL {
        let limit = TcbVersion::of(product, [9; 8]);
        assert_eq!(limit.exceeds(&limit), None);
        let places = if product.has_fmc() {
            vec![0, 1, 2, 3, 7]
        } else {
            vec![0, 1, 6, 7]
        };
        for ((name, _), place) in limit.components().zip(places) {
            let mut bytes = [0; 8];
            bytes[place] = 10;
            let above = TcbVersion::of(product, bytes);
            assert_eq!(above.exceeds(&limit), Some((name, 10, 9)), "{product}");
        }
    }
}
