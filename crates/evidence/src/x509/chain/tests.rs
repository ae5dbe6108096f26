use attestry_forge::pki::{CertificateSpec, Extension, Name, oid, pem_chain};

use super::*;
use crate::dcap::world::{NOW, World};
use crate::time::UnixTime;

/// The PCK chain of the usual platform after `change` of leaf, authority and root.
fn chain(change: impl FnOnce(&mut [CertificateSpec; 3])) -> Result<VerifiedChain, CertificateError> {
    let world = World::sgx();
    let leaf = world.sgx_quote().pck.certificate(&world.forge);
    let mut specs = [leaf, world.forge.platform_ca.clone(), world.forge.root.clone()];
    change(&mut specs);
    verify(&world, specs.map(|spec| spec.to_der()).to_vec())
}

fn verify(world: &World, ders: Vec<Vec<u8>>) -> Result<VerifiedChain, CertificateError> {
    let certificates = Certificate::parse_chain(pem_chain(ders).as_bytes())?;
    VerifiedChain::verify(certificates, ChainProfile::PCK, &world.anchors(), World::now())
}

fn refused(change: impl FnOnce(&mut [CertificateSpec; 3])) -> CertificateError {
    let error = chain(change).unwrap_err();
    let explanation = error.explain();
    assert!(explanation.field.starts_with("pck_certificate_chain") && !explanation.hint.is_empty());
    assert!(!explanation.expected.is_empty() && !explanation.found.is_empty());
    error
}

fn ders(world: &World) -> [Vec<u8>; 3] {
    let leaf = world.sgx_quote().pck.certificate(&world.forge);
    [
        leaf.to_der(),
        world.forge.platform_ca.to_der(),
        world.forge.root.to_der(),
    ]
}

#[test]
fn a_chain_may_come_in_any_order_and_without_its_root() {
    let world = World::sgx();
    let [leaf, authority, root] = ders(&world);
    for order in [
        vec![&leaf, &authority, &root],
        vec![&root, &authority, &leaf],
        vec![&authority, &root, &leaf],
        vec![&leaf, &authority],
        vec![&authority, &leaf],
    ] {
        let chain = verify(&world, order.into_iter().cloned().collect()).unwrap();
        assert_eq!(chain.leaf().der(), leaf);
        assert_eq!(chain.issued_by_root().der(), authority);
        assert_eq!(
            chain.root_key().point(),
            world.forge.root.subject_key.public_point()
        );
    }
}

#[test]
fn a_chain_is_complete_and_nothing_more() {
    let world = World::sgx();
    let [leaf, authority, root] = ders(&world);
    let refused = |certificates: &[&Vec<u8>]| {
        verify(&world, certificates.iter().copied().cloned().collect()).unwrap_err()
    };
    let length = |found| CertificateError::ChainLength { found, expected: 2 };
    assert_eq!(refused(&[&leaf, &root]), length(1));
    assert_eq!(refused(&[&leaf]), length(1));
    assert_eq!(refused(&[&root]), length(0));
    assert_eq!(refused(&[&leaf, &authority, &authority, &root]), length(3));
    assert_eq!(
        refused(&[&leaf, &authority, &root, &root]),
        CertificateError::SeveralRoots { found: 2 }
    );
    let foreign = World::elsewhere().forge.root_certificate_der();
    assert_eq!(
        refused(&[&leaf, &authority, &root, &foreign]),
        CertificateError::SeveralRoots { found: 2 }
    );
    assert!(matches!(
        refused(&[&authority, &authority, &root]),
        CertificateError::IssuerMissing { .. }
    ));
}

#[test]
fn names_have_to_link_the_certificates() {
    let role = CertificateRole::Pck;
    let error = refused(|[leaf, ..]| leaf.issuer = Name::forged("Intel SGX PCK Processor CA"));
    assert_eq!(error, CertificateError::IssuerMissing { role });
    let role = CertificateRole::PckCa;
    let error = refused(|[_, authority, _]| authority.issuer.0.swap(0, 1));
    assert_eq!(error, CertificateError::IssuerMissing { role });
}

#[test]
fn each_certificate_has_the_name_of_its_place() {
    let common_name = |role, found: &str| CertificateError::CommonName {
        role,
        found: found.to_owned(),
    };
    let error = refused(|[leaf, ..]| leaf.subject = Name::forged("Intel SGX PCK Certificate 2"));
    assert_eq!(
        error,
        common_name(CertificateRole::Pck, "Intel SGX PCK Certificate 2")
    );
    let error = refused(|[leaf, authority, _]| {
        authority.subject = Name::forged("Intel SGX PCK Other CA");
        leaf.issuer = authority.subject.clone();
    });
    assert_eq!(
        error,
        common_name(CertificateRole::PckCa, "Intel SGX PCK Other CA")
    );
    let error = refused(|[_, authority, root]| {
        root.subject = Name::forged("Root");
        root.issuer = root.subject.clone();
        authority.issuer = root.subject.clone();
    });
    assert_eq!(error, common_name(CertificateRole::Root, "Root"));
}

#[test]
fn the_name_of_a_root_that_is_left_out_is_known_from_what_it_issued() {
    let world = World::sgx();
    let [leaf, ..] = ders(&world);
    let mut authority = world.forge.platform_ca.clone();
    authority.issuer = Name::forged("Root");
    let error = verify(&world, vec![leaf, authority.to_der()]).unwrap_err();
    assert_eq!(
        error,
        CertificateError::CommonName {
            role: CertificateRole::Root,
            found: "Root".to_owned()
        }
    );
}

#[test]
fn each_signature_is_verified() {
    let signature = |role| CertificateError::Signature { role };
    let other = World::sgx().other_key();
    let error = refused(|[leaf, ..]| leaf.issuer_key = other.clone());
    assert_eq!(error, signature(CertificateRole::Pck));
    let error = refused(|[_, authority, _]| authority.issuer_key = other.clone());
    assert_eq!(error, signature(CertificateRole::PckCa));
    let error = refused(|[_, _, root]| root.issuer_key = other.clone());
    assert_eq!(error, signature(CertificateRole::Root));
}

#[test]
fn the_roots_key_has_to_be_trusted() {
    let untrusted = CertificateError::UntrustedRoot {
        found: "Intel SGX Root CA".to_owned(),
    };
    let other = World::sgx().other_key();
    // A whole chain of someone else's.
    let error = refused(|[_, authority, root]| {
        root.subject_key = other.clone();
        root.issuer_key = other.clone();
        authority.issuer_key = other.clone();
    });
    assert_eq!(error, untrusted);
    // A good chain under a certificate of the same name and another key.
    let error = refused(|[_, _, root]| {
        root.subject_key = other.clone();
        root.issuer_key = other.clone();
    });
    assert_eq!(error, untrusted);
    // Without a root, no anchor has signed.
    let world = World::sgx();
    let [leaf, ..] = ders(&world);
    let mut authority = world.forge.platform_ca.clone();
    authority.issuer_key = other;
    assert_eq!(
        verify(&world, vec![leaf, authority.to_der()]).unwrap_err(),
        untrusted
    );
}

#[test]
fn another_certificate_of_the_trusted_key_is_as_good() {
    assert!(chain(|[_, _, root]| root.serial = vec![0x44; 19]).is_ok());
}

#[test]
fn authorities_are_authorities_and_leaves_are_not() {
    for (position, role) in [(1, CertificateRole::PckCa), (2, CertificateRole::Root)] {
        let set = |extension: Extension| {
            refused(move |specs| {
                let oid = extension.oid.clone();
                *specs[position].extension_mut(&oid).unwrap() = extension;
            })
        };
        assert_eq!(
            set(Extension::basic_constraints(None)),
            CertificateError::NotAnAuthority { role }
        );
        assert_eq!(
            set(Extension::key_usage(&[6])),
            CertificateError::KeyUsage {
                role,
                needed: "keyCertSign"
            }
        );
        assert_eq!(
            set(Extension::key_usage(&[5])),
            CertificateError::KeyUsage {
                role,
                needed: "cRLSign"
            }
        );
        let error = refused(|specs| specs[position].remove_extension(oid::BASIC_CONSTRAINTS));
        assert_eq!(error, CertificateError::NotAnAuthority { role });
        let error = refused(|specs| specs[position].remove_extension(oid::KEY_USAGE));
        assert_eq!(
            error,
            CertificateError::KeyUsage {
                role,
                needed: "keyCertSign"
            }
        );
    }
    let role = CertificateRole::Pck;
    let error = refused(|[leaf, ..]| {
        *leaf.extension_mut(oid::BASIC_CONSTRAINTS).unwrap() = Extension::basic_constraints(Some(0));
    });
    assert_eq!(error, CertificateError::UnexpectedAuthority { role });
    let error =
        refused(|[leaf, ..]| *leaf.extension_mut(oid::KEY_USAGE).unwrap() = Extension::key_usage(&[1]));
    assert_eq!(
        error,
        CertificateError::KeyUsage {
            role,
            needed: "digitalSignature"
        }
    );
    assert!(
        chain(|[leaf, ..]| leaf.remove_extension(oid::BASIC_CONSTRAINTS)).is_ok(),
        "absent means no authority"
    );
}

#[test]
fn the_roots_path_length_has_to_allow_the_authority() {
    let error = refused(|[_, _, root]| {
        *root.extension_mut(oid::BASIC_CONSTRAINTS).unwrap() = Extension::basic_constraints(Some(0));
    });
    assert_eq!(
        error,
        CertificateError::PathLength {
            role: CertificateRole::Root,
            found: 0,
            needed: 1
        }
    );
    let world = World::sgx();
    let mut root = world.forge.root.clone();
    *root.extension_mut(oid::BASIC_CONSTRAINTS).unwrap() = Extension::basic_constraints(Some(0));
    let ders = [world.forge.tcb_signing.to_der(), root.to_der()];
    let certificates = Certificate::parse_chain(pem_chain(ders).as_bytes()).unwrap();
    let verified = VerifiedChain::verify(
        certificates,
        ChainProfile::TCB_SIGNING,
        &world.anchors(),
        World::now(),
    );
    assert!(verified.is_ok(), "a leaf below the root needs no path length");
}

#[test]
fn every_certificate_has_to_be_valid_with_five_minutes_of_skew_at_the_start() {
    let roles = [
        CertificateRole::Pck,
        CertificateRole::PckCa,
        CertificateRole::Root,
    ];
    for (position, role) in roles.into_iter().enumerate() {
        assert!(chain(|specs| specs[position].not_after = NOW).is_ok());
        let error = refused(|specs| specs[position].not_after = NOW - 1);
        let (not_after, now) = (UnixTime::new(NOW - 1), World::now());
        assert_eq!(error, CertificateError::Expired { role, not_after, now });
        assert!(chain(|specs| specs[position].not_before = NOW + 300).is_ok());
        let error = refused(|specs| specs[position].not_before = NOW + 301);
        let not_before = UnixTime::new(NOW + 301);
        assert_eq!(
            error,
            CertificateError::NotYetValid {
                role,
                not_before,
                now
            }
        );
    }
}
