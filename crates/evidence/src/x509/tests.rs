use attestry_forge::pki::{CertificateSpec, Extension, Name, oid, pem_chain};

use super::*;
use crate::dcap::world::{NOW, World};
use crate::time::UnixTime;

// Reading one certificate.

fn read(change: impl FnOnce(&mut CertificateSpec)) -> Result<Certificate, EncodingError> {
    let mut spec = World::sgx().forge.tcb_signing;
    change(&mut spec);
    Certificate::from_der(&spec.to_der())
}

#[test]
fn a_certificate_is_read_in_full() {
    let spec = World::sgx().forge.platform_ca;
    let certificate = Certificate::parse(spec.to_pem().as_bytes()).unwrap();
    assert_eq!(
        certificate,
        Certificate::parse(certificate.der()).unwrap(),
        "PEM or DER"
    );
    assert_eq!(certificate.common_name(), "Intel SGX PCK Platform CA");
    assert_eq!(certificate.issuer_common_name(), "Intel SGX Root CA");
    assert_eq!(
        certificate.serial(),
        Serial::from_magnitude(&spec.serial).unwrap()
    );
    assert_eq!(certificate.not_before(), UnixTime::new(spec.not_before));
    assert_eq!(certificate.not_after(), UnixTime::new(spec.not_after));
    assert_eq!(certificate.public_key().point(), spec.subject_key.public_point());
    assert_eq!(
        certificate.basic_constraints(),
        Some(BasicConstraints {
            ca: true,
            path_length: Some(0)
        })
    );
    let usage = KeyUsage {
        digital_signature: false,
        certificate_sign: true,
        crl_sign: true,
    };
    assert_eq!(certificate.key_usage(), Some(usage));
    assert_eq!(
        certificate.subject_key_identifier(),
        Some(spec.subject_key.key_id().as_slice())
    );
    assert_eq!(
        certificate.authority_key_identifier(),
        Some(spec.issuer_key.key_id().as_slice())
    );
}

#[test]
fn dates_after_2049_are_read() {
    let certificate = read(|spec| spec.not_after = 4_102_444_800).unwrap();
    assert_eq!(certificate.not_after(), UnixTime::new(4_102_444_800));
}

#[test]
fn repeated_and_unknown_critical_extensions_are_refused() {
    let repeated = read(|spec| spec.extensions.push(Extension::basic_constraints(Some(9))));
    assert_eq!(
        repeated.unwrap_err(),
        EncodingError::DuplicateExtension {
            oid: "2.5.29.19".to_owned()
        }
    );
    let unknown = |critical| {
        read(move |spec| {
            spec.extensions
                .push(Extension::new(&[1, 2, 3], critical, vec![5, 0]))
        })
    };
    assert!(unknown(false).is_ok());
    assert_eq!(
        unknown(true).unwrap_err(),
        EncodingError::UnknownCriticalExtension {
            oid: "1.2.3".to_owned()
        }
    );
    let constraints = read(|spec| {
        spec.extensions
            .push(Extension::new(&[2, 5, 29, 30], true, vec![0x30, 0]))
    });
    assert!(
        matches!(
            constraints.unwrap_err(),
            EncodingError::UnknownCriticalExtension { .. }
        ),
        "name constraints"
    );
    let many = read(|spec| {
        spec.extensions = (0..17)
            .map(|last| Extension::new(&[1, 2, last], false, vec![5, 0]))
            .collect();
    });
    assert_eq!(
        many.unwrap_err(),
        EncodingError::Malformed { field: "extensions" }
    );
}

#[test]
fn malformed_extensions_are_refused() {
    for (extension, field) in [
        (oid::BASIC_CONSTRAINTS, "basicConstraints"),
        (oid::KEY_USAGE, "keyUsage"),
        (oid::AUTHORITY_KEY_IDENTIFIER, "authorityKeyIdentifier"),
        (oid::SUBJECT_KEY_IDENTIFIER, "subjectKeyIdentifier"),
    ] {
        let outcome = read(|spec| spec.extension_mut(extension).unwrap().value.push(0));
        assert_eq!(outcome.unwrap_err(), EncodingError::Malformed { field });
    }
}

#[test]
fn serial_numbers_have_at_most_twenty_octets() {
    assert!(read(|spec| spec.serial = vec![0xff; 20]).is_ok());
    let outcome = read(|spec| spec.serial = vec![0x01; 21]);
    assert_eq!(
        outcome.unwrap_err(),
        EncodingError::Malformed {
            field: "serialNumber"
        }
    );
}

#[test]
fn a_name_with_two_common_names_has_none() {
    let certificate = read(|spec| {
        let mut name = Name::forged("Intel SGX TCB Signing");
        name.0.push((vec![2, 5, 4, 3], "Other".to_owned()));
        spec.subject = name;
    });
    assert_eq!(certificate.unwrap().common_name(), "");
}

/// A good certificate with one place of its DER overwritten.
fn overwritten(old: &[u8], new: &[u8], occurrence: usize) -> Result<Certificate, EncodingError> {
    let mut der = World::sgx().forge.tcb_signing.to_der();
    let position = der
        .windows(old.len())
        .enumerate()
        .filter(|(_, bytes)| *bytes == old)
        .nth(occurrence)
        .unwrap()
        .0;
    der[position..position + old.len()].copy_from_slice(new);
    Certificate::from_der(&der)
}

const ECDSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
const ECDSA_SHA384: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03];

#[test]
fn only_ecdsa_with_sha256_is_accepted_and_stated_twice() {
    let outer = overwritten(ECDSA_SHA256, ECDSA_SHA384, 1).unwrap_err();
    assert_eq!(
        outer,
        EncodingError::UnsupportedSignatureAlgorithm {
            found: "1.2.840.10045.4.3.3".to_owned()
        }
    );
    assert_eq!(
        overwritten(ECDSA_SHA256, ECDSA_SHA384, 0).unwrap_err(),
        EncodingError::SignatureAlgorithmMismatch
    );
}

#[test]
fn only_points_on_p256_are_accepted() {
    let secp256r1 = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
    let other_curve = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x06];
    assert_eq!(
        overwritten(&secp256r1, &other_curve, 0).unwrap_err(),
        EncodingError::UnsupportedKey
    );
    let point = *World::sgx().forge.tcb_signing.subject_key.public_point();
    let mut off_curve = point;
    off_curve[64] ^= 1;
    assert_eq!(
        overwritten(&point, &off_curve, 0).unwrap_err(),
        EncodingError::UnsupportedKey
    );
}

#[test]
fn other_versions_are_refused() {
    let version = overwritten(&[0xa0, 3, 2, 1, 2], &[0xa0, 3, 2, 1, 1], 0);
    assert_eq!(
        version.unwrap_err(),
        EncodingError::UnsupportedVersion {
            structure: "certificate"
        }
    );
}

#[test]
fn a_default_value_must_not_be_written_out() {
    // The boolean of the key usage extension becomes an explicit FALSE.
    let critical = [0x55, 0x1d, 0x0f, 1, 1, 0xff];
    let outcome = overwritten(&critical, &[0x55, 0x1d, 0x0f, 1, 1, 0], 0);
    assert_eq!(
        outcome.unwrap_err(),
        EncodingError::Malformed { field: "extensions" }
    );
}

#[test]
fn every_truncation_is_an_error_and_nothing_may_follow() {
    let der = World::sgx().forge.tcb_signing.to_der();
    for size in 0..der.len() {
        assert!(Certificate::from_der(&der[..size]).is_err(), "{size} bytes");
    }
    assert!(Certificate::from_der(&[der.as_slice(), &[0]].concat()).is_err());
    let large = vec![0x30; MAX_CERTIFICATE_BYTES + 1];
    assert!(matches!(
        Certificate::from_der(&large),
        Err(EncodingError::TooLarge { .. })
    ));
}

// Chains.

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
        *leaf.extension_mut(oid::BASIC_CONSTRAINTS).unwrap() = Extension::basic_constraints(Some(0))
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

// Trust anchors.

#[test]
fn intels_root_is_built_in() {
    let anchors = TrustAnchors::intel();
    assert_eq!(anchors.keys().count(), 1);
    // SHA-384 of the point is the root key identifier that Intel's verification library states.
    let key = anchors.keys().next().unwrap();
    let id = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA384, key.point());
    assert!(crate::hex::encode(id.as_ref()).starts_with("46e403bd34f05a3f"));
}

#[test]
fn a_trust_anchor_is_the_self_signed_certificate_of_an_authority() {
    let world = World::sgx();
    let root = world.forge.root_certificate_der();
    let anchors = |certificates: &[Vec<u8>]| TrustAnchors::from_certificates(certificates);
    assert!(
        anchors(&[root.clone()]).is_ok()
            && anchors(&[world.forge.root_certificate_pem().into_bytes()]).is_ok()
    );
    assert_eq!(anchors(&[]).unwrap_err(), AnchorError::None);
    assert_eq!(
        anchors(&vec![root.clone(); 17]).unwrap_err(),
        AnchorError::TooMany { found: 17, limit: 16 }
    );
    assert!(matches!(
        anchors(&[root.clone(), vec![0x30]]),
        Err(AnchorError::Encoding { index: 1, .. })
    ));
    let not_a_root = AnchorError::NotARoot { index: 0 };
    assert_eq!(
        anchors(&[world.forge.platform_ca.to_der()]).unwrap_err(),
        not_a_root
    );
    let mut forged = world.forge.root.clone();
    forged.issuer_key = world.other_key();
    assert_eq!(anchors(&[forged.to_der()]).unwrap_err(), not_a_root);
    let mut leaf = world.forge.root.clone();
    leaf.remove_extension(oid::BASIC_CONSTRAINTS);
    assert_eq!(anchors(&[leaf.to_der()]).unwrap_err(), not_a_root);
}

#[test]
fn a_fingerprint_depends_on_the_keys_and_nothing_else() {
    let (world, other) = (World::sgx(), World::elsewhere());
    let (one, two) = (
        world.forge.root_certificate_der(),
        other.forge.root_certificate_der(),
    );
    let mut renewed = world.forge.root.clone();
    renewed.serial = vec![0x44; 19];
    let fingerprint = |certificates: &[Vec<u8>]| {
        TrustAnchors::from_certificates(certificates)
            .unwrap()
            .fingerprint()
    };
    assert_eq!(
        fingerprint(&[one.clone(), two.clone()]),
        fingerprint(&[two.clone(), one.clone()])
    );
    assert_eq!(
        fingerprint(&[one.clone(), renewed.to_der()]),
        fingerprint(&[one.clone()])
    );
    assert_ne!(fingerprint(&[one.clone()]), fingerprint(&[two]));
    assert_ne!(fingerprint(&[one]), TrustAnchors::intel().fingerprint());
}
