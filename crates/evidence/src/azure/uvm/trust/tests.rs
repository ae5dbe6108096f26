use super::*;
use crate::azure::uvm::fixture::authority;

#[test]
fn microsofts_roots_are_built_in() {
    let trust = UvmTrust::microsoft();
    assert_eq!(trust.signer_roots.len(), 1);
    let [VendorKey::Rsa(root)] = trust.time_stamp_roots.as_slice() else {
        panic!("the constant is not a key");
    };
    assert_eq!(root.modulus().len(), 512);
}

#[test]
fn certificates_of_roots_are_read_and_added() {
    let (root, stamps) = (authority().root, authority().time_stamp_root);
    let ours = UvmTrust::from_certificates(&[root.to_der()], &[stamps.to_pem().into_bytes()]).unwrap();
    assert_eq!(ours.signer_roots.len(), 1);
    assert_eq!(ours.time_stamp_roots.len(), 1);
    let both = UvmTrust::microsoft().and(ours.clone());
    assert_eq!(both.signer_roots.len(), 2);
    assert_eq!(both.time_stamp_roots.len(), 2);
    let prints = [both, ours, UvmTrust::microsoft()].map(|trust| trust.fingerprint());
    assert_ne!(prints[0], prints[1]);
    assert_ne!(prints[1], prints[2]);
    assert_ne!(prints[0], prints[2]);
}

#[test]
fn what_is_no_root_is_refused() {
    let not_a_root = |certificate: Vec<u8>| {
        UvmTrust::from_certificates(&[authority().root.to_der(), certificate], &[]).unwrap_err()
    };
    let authority = authority();
    let mut signed_by_another = authority.root.clone();
    signed_by_another.issuer_key = authority.issuer.subject_key.clone();
    for certificate in [authority.leaf, authority.issuer, signed_by_another] {
        assert_eq!(
            not_a_root(certificate.to_der()),
            AnchorError::NotARoot { index: 1 }
        );
    }
    assert!(matches!(
        not_a_root(vec![0x30, 0]),
        AnchorError::Encoding { index: 1, .. }
    ));
    let many = vec![authority.root.to_der(); 17];
    assert_eq!(
        UvmTrust::from_certificates(&[], &many),
        Err(AnchorError::TooMany { found: 17, limit: 16 })
    );
}
