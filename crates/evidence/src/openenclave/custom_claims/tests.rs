use proptest::prelude::*;

use super::*;

fn serialized(version: u64, count: u64, claims: &[(&[u8], &[u8])]) -> Vec<u8> {
    let mut bytes = [version.to_le_bytes(), count.to_le_bytes()].concat();
    for (name, value) in claims {
        for size in [name.len(), value.len()] {
            bytes.extend(u64::try_from(size).unwrap().to_le_bytes());
        }
        bytes.extend_from_slice(name);
        bytes.extend_from_slice(value);
    }
    bytes
}

#[test]
fn names_and_values_are_read_in_order() {
    let bytes = serialized(1, 3, &[(b"pk\0", &[7; 32]), (b"empty\0", b""), (b"\0", b"x")]);
    let expected = vec![
        CustomClaim {
            name: "pk",
            value: &[7; 32],
        },
        CustomClaim {
            name: "empty",
            value: b"",
        },
        CustomClaim {
            name: "",
            value: b"x",
        },
    ];
    assert_eq!(parse_custom_claims(&bytes), Ok(expected));
    assert_eq!(parse_custom_claims(&serialized(1, 0, &[])), Ok(vec![]));
}

#[test]
fn every_truncation_is_an_error() {
    let bytes = serialized(1, 2, &[(b"pk\0", &[7; 32]), (b"k\0", b"v")]);
    for size in 0..bytes.len() {
        let error = parse_custom_claims(&bytes[..size]).unwrap_err();
        assert!(
            matches!(error, OpenEnclaveError::Truncated { .. }),
            "{size} bytes: {error:?}"
        );
    }
}

#[test]
fn other_versions_are_refused() {
    for found in [0, 2, u64::MAX] {
        let bytes = serialized(found, 0, &[]);
        let error = parse_custom_claims(&bytes);
        assert_eq!(error, Err(OpenEnclaveError::CustomClaimsVersion { found }));
    }
}

#[test]
fn the_number_of_claims_is_limited() {
    let claims = vec![(&b"k\0"[..], &b""[..]); MAX_CUSTOM_CLAIMS];
    assert_eq!(
        parse_custom_claims(&serialized(1, 256, &claims)).unwrap().len(),
        256
    );
    let bytes = serialized(1, 257, &claims);
    let error = parse_custom_claims(&bytes);
    assert_eq!(
        error,
        Err(OpenEnclaveError::CustomClaimsCount {
            found: 257,
            limit: 256
        })
    );
}

#[test]
fn bytes_after_the_last_claim_are_refused() {
    let bytes = serialized(1, 0, &[(b"k\0", b"")]);
    let error = parse_custom_claims(&bytes);
    assert_eq!(
        error,
        Err(OpenEnclaveError::Surplus {
            part: "custom claims",
            offset: 16,
            size: 18
        })
    );
}

#[test]
fn a_name_is_text_that_ends_with_its_only_zero_byte() {
    for name in [&b""[..], b"k", b"a\0b\0", b"\xFF\0"] {
        let bytes = serialized(1, 2, &[(b"k\0", b""), (name, b"")]);
        let error = parse_custom_claims(&bytes);
        assert_eq!(
            error,
            Err(OpenEnclaveError::CustomClaimName { index: 1 }),
            "{name:?}"
        );
    }
}

proptest! {
    #[test]
    fn arbitrary_lists_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..256)) {
        let _ = parse_custom_claims(&bytes);
        let _ = parse_custom_claims(&[&1_u64.to_le_bytes()[..], &bytes].concat());
    }
}
