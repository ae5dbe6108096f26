use super::*;

/// A list with `header` whose entries have `size` bytes each, owner included.
fn list(signature_type: Guid, header: &[u8], size: u32, entries: &[u8]) -> Vec<u8> {
    let header_size = u32::try_from(header.len()).unwrap();
    let total = 28 + header_size + u32::try_from(entries.len()).unwrap();
    let sizes = [total, header_size, size].map(u32::to_le_bytes).concat();
    [&signature_type.0[..], &sizes, header, entries].concat()
}

#[test]
fn lists_are_read_to_their_entries() {
    let hashes = [[1; 16].as_slice(), &[0xAA; 32], &[2; 16], &[0xBB; 32]].concat();
    let certificate = [[3; 16].as_slice(), &[0x30; 100]].concat();
    let variable = [
        list(Guid::CERT_SHA256, b"", 48, &hashes),
        list(Guid::CERT_X509, b"head", 116, &certificate),
        list(Guid([9; 16]), b"", 17, b""),
    ]
    .concat();
    let lists = SignatureList::parse_all(&variable).unwrap();
    let [hashes, certificates, unknown] = lists.as_slice() else {
        panic!("{lists:?}")
    };
    assert_eq!(hashes.type_name(), Some("EFI_CERT_SHA256_GUID"));
    assert_eq!(
        hashes.signatures,
        [
            Signature {
                owner: Guid([1; 16]),
                data: &[0xAA; 32]
            },
            Signature {
                owner: Guid([2; 16]),
                data: &[0xBB; 32]
            },
        ]
    );
    assert_eq!(
        (certificates.header, certificates.signatures.len()),
        (&b"head"[..], 1)
    );
    assert_eq!((unknown.type_name(), unknown.signatures.len()), (None, 0));
    assert_eq!(SignatureList::parse_all(&[]), Ok(Vec::new()));
}

#[test]
fn lists_cut_short_or_prolonged_are_refused() {
    let variable = list(Guid::CERT_SHA256, b"", 48, &[7; 96]);
    for length in 1..variable.len() {
        let error = SignatureList::parse_all(&variable[..length]).unwrap_err();
        assert!(matches!(error, EfiError::Truncated { .. }), "{length}: {error:?}");
    }
    let surplus = [&variable[..], &[0]].concat();
    assert!(SignatureList::parse_all(&surplus).is_err());
}

#[test]
fn sizes_that_cannot_be_are_refused() {
    let good = list(Guid::CERT_SHA256, b"", 48, &[7; 96]);
    for (at, size, part) in [
        (16, 0, "SignatureListSize"),
        (16, 27, "SignatureListSize"),
        (16, u32::MAX, "Signatures"),
        (20, 97, "SignatureHeader"),
        (20, u32::MAX, "SignatureHeader"),
        (20, 1, "SignatureSize"),
        (24, 0, "SignatureSize"),
        (24, 16, "SignatureSize"),
        (24, 47, "SignatureSize"),
        (24, u32::MAX, "SignatureSize"),
    ] {
        let mut bad = good.clone();
        bad[at..at + 4].copy_from_slice(&size.to_le_bytes());
        let error = SignatureList::parse_all(&bad).unwrap_err();
        let field = error.explain("event").field;
        assert_eq!(field, format!("event.EFI_SIGNATURE_LIST.{part}"), "{at} {size}");
    }
}

#[test]
fn lists_and_entries_are_limited() {
    let empty = list(Guid::CERT_X509, b"", 17, b"").repeat(MAX_LISTS);
    assert_eq!(SignatureList::parse_all(&empty).unwrap().len(), MAX_LISTS);
    let more = [&empty[..], &empty[..28]].concat();
    let error = SignatureList::parse_all(&more).unwrap_err();
    assert_eq!(error.explain("event").code, "efi_too_many");

    let half = list(Guid::CERT_SHA256, b"", 17, &vec![1; 17 * MAX_SIGNATURES / 2]);
    assert!(SignatureList::parse_all(&half.repeat(2)).is_ok());
    let more = [&half.repeat(2)[..], &list(Guid::CERT_SHA256, b"", 17, &[1; 17])].concat();
    let error = SignatureList::parse_all(&more).unwrap_err();
    assert_eq!(error.explain("event").code, "efi_too_many");
}
