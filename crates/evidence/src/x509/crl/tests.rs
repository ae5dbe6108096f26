use attestry_forge::pki::{CrlSpec, Extension};

use super::*;
use crate::dcap::world::{NOW, World};

fn read(change: impl FnOnce(&mut CrlSpec)) -> Result<Crl, CrlError> {
    let mut spec = World::sgx().forge.root_crl();
    change(&mut spec);
    Crl::parse(&spec.to_der())
}

fn encoding(outcome: Result<Crl, CrlError>) -> EncodingError {
    match outcome.unwrap_err() {
        CrlError::Encoding(error) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_list_is_read_in_full() {
    let crl = read(|spec| {
        spec.set_number(77);
        spec.revoke(&[1, 2, 3]);
        spec.revoke(&[0xff; 20]);
        spec.next_update = Some(NOW);
    })
    .unwrap();
    assert_eq!(
        (crl.number(), crl.revoked_count(), crl.next_update()),
        (77, 2, UnixTime::new(NOW))
    );
    assert_eq!(crl.issuer_common_name(), "Intel SGX Root CA");
    let revokes = |magnitude: &[u8]| crl.revokes(&Serial::from_magnitude(magnitude).unwrap());
    assert!(revokes(&[1, 2, 3]) && revokes(&[0, 1, 2, 3]) && revokes(&[0xff; 20]));
    assert!(!revokes(&[1, 2]) && !revokes(&[1, 2, 3, 0]) && !revokes(&[]));
}

#[test]
fn the_two_extensions_of_a_complete_list_are_needed() {
    let number = read(|spec| drop(spec.extensions.remove(0)));
    assert_eq!(
        number.unwrap_err(),
        CrlError::MissingExtension {
            extension: "crlNumber"
        }
    );
    let authority = read(|spec| drop(spec.extensions.remove(1)));
    assert_eq!(
        authority.unwrap_err(),
        CrlError::MissingExtension {
            extension: "authorityKeyIdentifier"
        }
    );
}

#[test]
fn next_update_is_needed() {
    let outcome = read(|spec| spec.next_update = None);
    assert_eq!(
        encoding(outcome),
        EncodingError::Malformed { field: "nextUpdate" }
    );
}

#[test]
fn partial_lists_are_refused_whether_marked_critical_or_not() {
    for (last, name) in [(27, "deltaCRLIndicator"), (28, "issuingDistributionPoint")] {
        for critical in [true, false] {
            let outcome = read(|spec| {
                spec.extensions
                    .push(Extension::new(&[2, 5, 29, last], critical, vec![0x30, 0]));
            });
            assert_eq!(outcome.unwrap_err(), CrlError::Partial { extension: name });
        }
    }
}

#[test]
fn unknown_extensions_are_refused_when_critical_and_repeated_ones_always() {
    let unknown = |critical| {
        read(move |spec| {
            spec.extensions
                .push(Extension::new(&[1, 2, 3], critical, vec![5, 0]));
        })
    };
    assert!(unknown(false).is_ok());
    assert_eq!(
        encoding(unknown(true)),
        EncodingError::UnknownCriticalExtension {
            oid: "1.2.3".to_owned()
        }
    );
    let repeated = read(|spec| spec.extensions.push(spec.extensions[0].clone()));
    assert_eq!(
        encoding(repeated),
        EncodingError::DuplicateExtension {
            oid: "2.5.29.20".to_owned()
        }
    );
}

#[test]
fn a_crl_number_has_at_most_eight_octets() {
    let with = |der: &[u8]| read(|spec| spec.extensions[0].value = der.to_vec());
    let largest = with(&[2, 9, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
    assert_eq!(largest.unwrap().number(), u64::MAX);
    for der in [
        [2, 9, 1, 0, 0, 0, 0, 0, 0, 0, 0].as_slice(),
        &[2, 1, 0x80],
        &[2, 1],
        &[4, 1, 1],
    ] {
        assert_eq!(
            encoding(with(der)),
            EncodingError::Malformed { field: "crlNumber" }
        );
    }
}

#[test]
fn version_1_is_refused() {
    let der = World::sgx().forge.root_crl().to_der();
    let version = der.windows(3).position(|bytes| bytes == [2, 1, 1]).unwrap();
    let mut other = der.clone();
    other[version + 2] = 0;
    assert_eq!(
        encoding(Crl::parse(&other)),
        EncodingError::UnsupportedVersion { structure: "CRL" }
    );
}

#[test]
fn a_truncated_list_is_an_error_at_every_length() {
    let mut spec = World::sgx().forge.root_crl();
    spec.revoke(&[1, 2, 3]);
    let der = spec.to_der();
    for size in 0..der.len() {
        assert!(Crl::from_der(&der[..size]).is_err(), "{size} bytes");
    }
    assert!(
        Crl::from_der(&[der.as_slice(), &[0]].concat()).is_err(),
        "trailing byte"
    );
}
