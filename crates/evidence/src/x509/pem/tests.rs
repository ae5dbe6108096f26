use super::*;
use crate::dcap::world::World;

fn chain() -> (String, Vec<Vec<u8>>) {
    let world = World::sgx();
    let ders = vec![
        world.forge.tcb_signing.to_der(),
        world.forge.root_certificate_der(),
    ];
    (attestry_forge::pki::pem_chain(&ders), ders)
}

#[test]
fn transports_differ_in_white_space_and_nul() {
    let (pem, ders) = chain();
    // Base64 wrapped at another width: break every line in two.
    let narrow = pem.replace("MIIC", "MI\nIC");
    for text in [
        pem.clone(),
        pem.replace('\n', "\r\n"),
        format!("\n \t{pem}\n\0\0"),
        pem.trim_end().to_owned(),
        pem.replace("-----\n-----", "-----\n\n\0\n-----"),
        pem.replace("-----\n-----", "----------"),
        narrow,
    ] {
        assert_eq!(certificates(text.as_bytes()), Ok(ders.clone()), "{text}");
    }
}

#[test]
fn canonical_pem_reads_back_and_has_64_columns() {
    let (pem, ders) = chain();
    assert_eq!(
        certificates_to_pem(ders.iter().map(Vec::as_slice)).as_deref(),
        Some(pem.as_str())
    );
    assert!(pem.lines().all(|line| line.len() <= 64) && pem.ends_with("-----\n"));
    assert!(
        crl_to_pem(&[0x30, 0])
            .unwrap()
            .starts_with("-----BEGIN X509 CRL-----\n")
    );
}

#[test]
fn anything_else_is_refused() {
    let (pem, _) = chain();
    let problem = |text: &str| match certificates(text.as_bytes()) {
        Err(EncodingError::Pem { problem }) => problem,
        other => panic!("{other:?}"),
    };
    assert_eq!(problem(""), "no certificate");
    assert_eq!(problem(" \n\0"), "no certificate");
    assert_eq!(problem(&format!("{pem}x")), "text outside the blocks");
    assert_eq!(problem(&format!("subject=x\n{pem}")), "text outside the blocks");
    assert_eq!(
        problem(&pem.replace("CERTIFICATE", "PUBLIC KEY")),
        "text outside the blocks"
    );
    assert_eq!(problem(pem.split_once("-----END").unwrap().0), "no end line");
    assert_eq!(
        problem("-----BEGIN CERTIFICATE-----\nM*\n-----END CERTIFICATE-----\n"),
        "not base64"
    );
    assert_eq!(
        problem("-----BEGIN CERTIFICATE-----\nM\0==\n-----END CERTIFICATE-----\n"),
        "not base64"
    );
}

#[test]
fn sizes_and_numbers_are_bounded() {
    let (pem, _) = chain();
    assert!(certificates(pem.repeat(2).as_bytes()).is_ok());
    assert_eq!(
        certificates(pem.repeat(3).as_bytes()),
        Err(EncodingError::TooManyCertificates {
            limit: MAX_CHAIN_CERTIFICATES
        })
    );
    let large = vec![b' '; MAX_CHAIN_TEXT_BYTES + 1];
    assert!(matches!(
        certificates(&large),
        Err(EncodingError::TooLarge { .. })
    ));
    let large = vec![b'0'; MAX_CRL_TEXT_BYTES + 1];
    assert!(matches!(crl(&large), Err(EncodingError::TooLarge { .. })));
    assert_eq!(
        certificate(pem.as_bytes()),
        Err(EncodingError::TooManyCertificates { limit: 1 })
    );
}

#[test]
fn a_crl_is_pem_hexadecimal_or_der() {
    let der = World::sgx().forge.root_crl().to_der();
    let pem = crl_to_pem(&der).unwrap();
    let hex = crate::hex::encode(&der);
    for input in [
        der.clone(),
        [der.clone(), vec![0]].concat(),
        pem.clone().into_bytes(),
        format!("{pem}\0").into_bytes(),
        hex.clone().into_bytes(),
        format!("{}\n\0", hex.to_ascii_uppercase()).into_bytes(),
    ] {
        assert_eq!(crl(&input), Ok(der.clone()));
    }
    for input in [
        [der.clone(), vec![1]].concat(),
        format!("{pem}x").into_bytes(),
        format!("{hex}0").into_bytes(),
        Vec::new(),
        b"-----BEGIN CERTIFICATE-----".to_vec(),
    ] {
        assert!(crl(&input).is_err(), "{input:?}");
    }
}
