use super::*;

/// RSASSA-PSS-params of SHA-384, salt 48, as AMD's key server writes them today, and as it wrote them before.
const PSS_SHA384: &str = "304106092a864886f70d01010a3034a00f300d06096086480165030402020500a11c301a06092a864886f70d010108300d06096086480165030402020500a203020130";
const PSS_SHA384_TRAILER: &str = "304606092a864886f70d01010a3039a00f300d06096086480165030402020500a11c301a06092a864886f70d010108300d06096086480165030402020500a203020130a303020101";

fn algorithm(hex: &str) -> Option<SignatureAlgorithm> {
    VendorKey::algorithm(&crate::hex::decode(hex.as_bytes()).unwrap())
}

#[test]
fn both_spellings_of_pss_are_one_algorithm() {
    let expected = Some(SignatureAlgorithm::RsaPss(Hash::Sha384));
    assert_eq!(algorithm(PSS_SHA384), expected);
    assert_eq!(algorithm(PSS_SHA384_TRAILER), expected);
}

#[test]
fn other_pss_parameters_are_refused() {
    let other_salt = PSS_SHA384.replace("a203020130", "a203020120");
    let other_mask = PSS_SHA384.replacen(
        "300d06096086480165030402020500a2",
        "300d06096086480165030402010500a2",
        1,
    );
    let other_trailer = PSS_SHA384_TRAILER.replace("a303020101", "a303020102");
    let sha1 = "300d06092a864886f70d01010a3000";
    let after = PSS_SHA384_TRAILER.replacen("3046", "3048", 1) + "0500";
    for identifier in [&other_salt, &other_mask, &other_trailer, sha1, &after] {
        assert_eq!(algorithm(identifier), None, "{identifier}");
    }
}

#[test]
fn the_parameters_are_those_of_the_algorithm() {
    let pkcs1 = "300d06092a864886f70d01010c0500";
    assert_eq!(algorithm(pkcs1), Some(SignatureAlgorithm::RsaPkcs1(Hash::Sha384)));
    assert_eq!(algorithm("300b06092a864886f70d01010c"), None);
    let ecdsa = "300a06082a8648ce3d040303";
    assert_eq!(algorithm(ecdsa), Some(SignatureAlgorithm::Ecdsa(Hash::Sha384)));
    assert_eq!(algorithm("300c06082a8648ce3d0403030500"), None);
    let sha1_with_rsa = "300d06092a864886f70d0101050500";
    assert_eq!(algorithm(sha1_with_rsa), None);
}

fn rsa(modulus_bytes: usize, exponent: &[u8]) -> Option<VendorKey> {
    let mut modulus = vec![0xff; modulus_bytes];
    modulus.insert(0, 0);
    let integer = |bytes: &[u8]| {
        let mut out = vec![0x02, 0x82];
        out.extend(u16::try_from(bytes.len()).unwrap().to_be_bytes());
        out.extend(bytes);
        out
    };
    let short = |bytes: &[u8]| [&[0x02, u8::try_from(bytes.len()).unwrap()], bytes].concat();
    let body = [integer(&modulus), short(exponent)].concat();
    let mut encoded = vec![0x30, 0x82];
    encoded.extend(u16::try_from(body.len()).unwrap().to_be_bytes());
    encoded.extend(body);
    VendorKey::from_public_key_info(RSA_ENCRYPTION, &encoded)
}

#[test]
fn rsa_keys_have_2048_to_4096_bits_and_an_odd_exponent() {
    const F4: &[u8] = &[1, 0, 1];
    assert!(rsa(256, F4).is_some());
    assert!(rsa(512, F4).is_some());
    assert!(rsa(255, F4).is_none(), "2040 bits");
    assert!(rsa(513, F4).is_none(), "4104 bits");
    assert!(
        rsa(256, &[1]).is_none(),
        "exponent 1 makes every signature its own message"
    );
    assert!(rsa(256, &[1, 0, 0]).is_none(), "even");
    assert!(rsa(256, &[1, 0, 0, 0, 1]).is_none(), "five bytes");
}

#[test]
fn an_rsa_key_is_the_same_by_its_numbers_and_in_its_encoding() {
    let Some(VendorKey::Rsa(key)) = rsa(256, &[1, 0, 1]) else {
        panic!("refused");
    };
    assert_eq!(
        RsaKey::from_components(&[0xff; 256], &[1, 0, 1]),
        Some(key.clone())
    );
    let padded = [&[0, 0][..], &[0xff; 256]].concat();
    assert_eq!(RsaKey::from_components(&padded, &[0, 1, 0, 1]), Some(key.clone()));
    assert_ne!(RsaKey::from_components(&[0xff; 256], &[3]), Some(key));
    assert_eq!(RsaKey::from_components(&[], &[]), None);
    assert_eq!(RsaKey::from_components(&[0xff; 256], &[]), None);
}
