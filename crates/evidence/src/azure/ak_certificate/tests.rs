use super::*;

/// A DER SEQUENCE of 300 bytes of content.
fn certificate() -> Vec<u8> {
    let mut der = vec![0x30, 0x82, 0x01, 0x2c];
    der.extend([0x5a; 300]);
    der
}

#[test]
fn the_padding_of_the_tpm_is_cut_off() {
    let certificate = certificate();
    let mut buffer = certificate.clone();
    assert_eq!(ak_certificate(&buffer), Ok(&certificate[..]));
    buffer.resize(4096, 0);
    assert_eq!(ak_certificate(&buffer), Ok(&certificate[..]));
}

#[test]
fn anything_but_zeros_behind_the_certificate_is_refused() {
    let mut buffer = certificate();
    buffer.extend([0, 0, 1]);
    assert_eq!(
        ak_certificate(&buffer),
        Err(AkCertificateError::Tail { offset: 306 })
    );
}

#[test]
fn what_is_not_a_complete_sequence_is_refused() {
    let certificate = certificate();
    for size in 0..certificate.len() {
        assert_eq!(
            ak_certificate(&certificate[..size]),
            Err(AkCertificateError::NotDer)
        );
    }
    assert_eq!(ak_certificate(&[0; 4096]), Err(AkCertificateError::NotDer));
    assert_eq!(ak_certificate(&[0x31, 1, 0]), Err(AkCertificateError::NotDer));
}

#[test]
fn a_buffer_larger_than_any_is_refused() {
    assert!(matches!(
        ak_certificate(&vec![0x30; MAX_CERTIFICATE_BYTES + 1]),
        Err(AkCertificateError::TooLarge { .. })
    ));
}
