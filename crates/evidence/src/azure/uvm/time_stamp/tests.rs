use attestry_forge::azure::{TimeStamp, UvmAuthority};
use attestry_forge::pki::Extension;

use super::*;
use crate::azure::uvm::fixture::{NOW, authority, trust};

const STAMPED: i64 = NOW - 1000;
const MESSAGE: &[u8] = b"a signature";

fn good() -> TimeStamp {
    TimeStamp::new(&authority(), STAMPED, MESSAGE)
}

fn verify_bytes(token: &[u8]) -> Result<UnixTime, TimeStampError> {
    verify(token, MESSAGE, trust(), UnixTime::new(NOW))
}

fn refused(change: impl FnOnce(&mut TimeStamp)) -> TimeStampError {
    let mut stamp = good();
    change(&mut stamp);
    verify_bytes(&stamp.to_der()).unwrap_err()
}

/// A token of a signer whose certificate, and whose root's, is changed before they are issued.
fn by(change: impl FnOnce(&mut UvmAuthority)) -> Result<UnixTime, TimeStampError> {
    let mut authority = authority();
    change(&mut authority);
    verify_bytes(&TimeStamp::new(&authority, STAMPED, MESSAGE).to_der())
}

/// The good token with a byte changed where `part` stands in it.
fn patched(part: &[u8], offset: usize, value: u8) -> TimeStampError {
    let mut token = good().to_der();
    let position = token
        .windows(part.len())
        .position(|bytes| bytes == part)
        .expect("the token has the part");
    token[position + offset] = value;
    verify_bytes(&token).unwrap_err()
}

#[test]
fn a_good_token_says_when() {
    assert_eq!(verify_bytes(&good().to_der()), Ok(UnixTime::new(STAMPED)));
    let mut whole = good();
    whole.milliseconds = 0;
    assert_eq!(verify_bytes(&whole.to_der()), Ok(UnixTime::new(STAMPED)));
    let mut without_root = good();
    without_root.certificates.pop();
    assert_eq!(verify_bytes(&without_root.to_der()), Ok(UnixTime::new(STAMPED)));
}

#[test]
fn a_token_for_other_bytes_is_refused() {
    assert_eq!(
        refused(|stamp| stamp.message = b"another".to_vec()),
        TimeStampError::Imprint
    );
}

#[test]
fn a_token_from_the_future_is_refused() {
    assert!(matches!(
        refused(|stamp| stamp.time = NOW + 301),
        TimeStampError::InTheFuture { .. }
    ));
    let mut skewed = good();
    skewed.time = NOW + 300;
    assert!(verify_bytes(&skewed.to_der()).is_ok());
}

#[test]
fn the_signature_has_to_be_the_signers() {
    let other = authority().time_stamp_root.subject_key;
    assert_eq!(refused(|stamp| stamp.key = other), TimeStampError::Signature);
    assert_eq!(
        refused(|stamp| drop(stamp.certificates.remove(0))),
        TimeStampError::SignerMissing
    );
}

#[test]
fn the_attributes_name_the_very_certificate() {
    // Another certificate of the same issuer, serial number and key.
    let mut reissued = authority().time_stamp;
    reissued.not_after += 1;
    assert_eq!(
        refused(|stamp| stamp.certificates[0] = reissued.to_der()),
        TimeStampError::SigningCertificate
    );
}

#[test]
fn the_key_is_for_time_stamping_and_nothing_else() {
    const TIME_STAMPING: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 3, 8];
    const CODE_SIGNING: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 3, 3];
    let leaf = |purposes: &[&[u64]]| {
        by(|authority| {
            authority.time_stamp.remove_extension(&[2, 5, 29, 37]);
            if !purposes.is_empty() {
                let usage = Extension::extended_key_usage(false, purposes);
                authority.time_stamp.extensions.push(usage);
            }
        })
    };
    assert!(leaf(&[TIME_STAMPING]).is_ok(), "not marked as critical");
    for purposes in [&[][..], &[CODE_SIGNING], &[TIME_STAMPING, CODE_SIGNING]] {
        assert_eq!(leaf(purposes), Err(TimeStampError::Purpose));
    }
    let root = |purpose: &[u64]| {
        by(|authority| {
            let usage = Extension::extended_key_usage(false, &[purpose]);
            authority.time_stamp_root.extensions.push(usage);
        })
    };
    assert!(root(TIME_STAMPING).is_ok());
    assert_eq!(root(CODE_SIGNING), Err(TimeStampError::Purpose));
}

#[test]
fn the_authority_has_to_be_trusted_and_valid_at_the_time() {
    let token = good().to_der();
    let stranger = UvmTrust::microsoft();
    assert!(matches!(
        verify(&token, MESSAGE, &stranger, UnixTime::new(NOW)),
        Err(TimeStampError::Path {
            error: PathError::UntrustedRoot { .. }
        })
    ));
    let expired = by(|authority| authority.time_stamp.not_after = STAMPED - 1);
    assert!(matches!(
        expired,
        Err(TimeStampError::Path {
            error: PathError::Expired { index: 0, .. }
        })
    ));
    let expired_since = by(|authority| authority.time_stamp.not_after = STAMPED);
    assert!(expired_since.is_ok(), "it was valid when it stamped");
    let issuer = authority().issuer.subject_key;
    let forged = by(|authority| authority.time_stamp.issuer_key = issuer);
    assert!(matches!(
        forged,
        Err(TimeStampError::Path {
            error: PathError::Signature { index: 0 }
        })
    ));
}

#[test]
fn the_attributes_carry_the_hash_of_the_statement() {
    // The serial number of the token is in the statement and nowhere else.
    assert_eq!(
        patched(&[0x02, 0x04, 0x63, 0xC6, 0x8B, 1], 5, 2),
        TimeStampError::MessageDigest
    );
}

#[test]
fn versions_types_and_algorithms_are_checked() {
    const SHA_384: [u8; 11] = [0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02];
    let malformed = |field| TimeStampError::Malformed { field };
    // The type of the token, then the version of its content.
    let start = &good().to_der()[..28];
    assert_eq!(start[..2], [0x30, 0x82]);
    assert_eq!(patched(start, 14, 3), malformed("ContentInfo.contentType"));
    let version = start.windows(3).position(|bytes| bytes == [2, 1, 3]).unwrap();
    assert_eq!(patched(start, version + 2, 1), malformed("SignedData.version"));
    // SHA-384 becomes SHA-512 in the list of digests only.
    assert_eq!(
        patched(&SHA_384, 10, 3),
        TimeStampError::Algorithm {
            field: "SignedData.digestAlgorithms"
        }
    );
    let tst_info = [
        0x06, 0x0b, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x04,
    ];
    assert_eq!(
        patched(&tst_info, 12, 1),
        malformed("encapContentInfo.eContentType")
    );
}

#[test]
fn a_token_is_read_whole_or_not_at_all() {
    let token = good().to_der();
    for size in 0..token.len() {
        assert!(matches!(
            verify_bytes(&token[..size]),
            Err(TimeStampError::Malformed { .. })
        ));
    }
    assert!(matches!(
        verify_bytes(&[&token[..], &[0]].concat()),
        Err(TimeStampError::Malformed { .. })
    ));
}

#[test]
fn no_bit_outside_the_certificates_can_be_changed() {
    let stamp = good();
    let mut token = stamp.to_der();
    let certificates: Vec<_> = stamp
        .certificates
        .iter()
        .map(|certificate| {
            let start = token
                .windows(certificate.len())
                .position(|bytes| bytes == certificate)
                .unwrap();
            start..start + certificate.len()
        })
        .collect();
    let mut accepted = Vec::new();
    for position in 0..token.len() {
        if certificates.iter().any(|range| range.contains(&position)) {
            continue;
        }
        for bit in 0..8 {
            token[position] ^= 1 << bit;
            if verify_bytes(&token).is_ok() {
                accepted.push((position, bit));
            }
            token[position] ^= 1 << bit;
        }
    }
    assert_eq!(accepted, []);
}

#[test]
fn the_number_of_certificates_is_bounded() {
    let mut stamp = good();
    let root = stamp.certificates[1].clone();
    stamp.certificates.extend(vec![root.clone(); 4]);
    assert!(verify_bytes(&stamp.to_der()).is_ok());
    stamp.certificates.push(root);
    assert_eq!(
        verify_bytes(&stamp.to_der()),
        Err(TimeStampError::Malformed {
            field: "SignedData.certificates"
        })
    );
}

#[test]
fn times_have_the_form_of_the_standard() {
    let time = |text: &str| {
        let value = AnyRef::new(Tag::GeneralizedTime, text.as_bytes()).unwrap();
        general_time(value).map(|time| time.to_string())
    };
    let expected = Some("2023-02-08T05:42:23Z".to_owned());
    assert_eq!(time("20230208054223Z"), expected);
    assert_eq!(time("20230208054223.572Z"), expected);
    for text in [
        "20230208054223",
        "20230208054223.Z",
        "20230208054223.570Z",
        "20230208054223.5x7Z",
        "202302080542Z",
        "20230208054223+0100",
        "20231308054223Z",
        "2023020805422Z",
        "",
        "Z",
    ] {
        assert_eq!(time(text), None, "{text}");
    }
    let utc = AnyRef::new(Tag::UtcTime, b"20230208054223Z").unwrap();
    assert_eq!(general_time(utc), None);
}

#[test]
fn the_signature_uses_the_hash_of_the_digest() {
    let rsa_sha384 = crate::hex::decode(b"300d06092a864886f70d01010c0500").unwrap();
    let expected = Ok(SignatureAlgorithm::RsaPkcs1(Hash::Sha384));
    assert_eq!(signature_algorithm(&rsa_sha384, Hash::Sha384), expected);
    assert_eq!(signature_algorithm(RSA_ENCRYPTION, Hash::Sha384), expected);
    let refusal = TimeStampError::Algorithm {
        field: "signatureAlgorithm",
    };
    assert_eq!(
        signature_algorithm(&rsa_sha384, Hash::Sha256),
        Err(refusal.clone())
    );
    assert_eq!(signature_algorithm(&[0x30, 0], Hash::Sha256), Err(refusal));
}
