use attestry_forge::Seed;
use attestry_forge::pki::{CertificateSpec, Extension, Name, P384KeyPair};

use super::*;

type Spec = CertificateSpec<P384KeyPair>;

const START: i64 = 1_700_000_000;
const END: i64 = 1_800_000_000;

fn key(label: &str) -> P384KeyPair {
    Seed::default().p384_key(label)
}

fn spec(subject: &str, issuer: &str, extensions: Vec<Extension>) -> Spec {
    Spec {
        serial: vec![1],
        issuer: Name::forged(issuer),
        subject: Name::forged(subject),
        not_before: START,
        not_after: END,
        subject_key: key(subject),
        issuer_key: key(issuer),
        extensions,
    }
}

fn leaf() -> Spec {
    spec(
        "leaf",
        "below",
        vec![Extension::basic_constraints(None), Extension::key_usage(&[0])],
    )
}

fn authority(subject: &str, issuer: &str) -> Spec {
    spec(
        subject,
        issuer,
        vec![Extension::unbounded_authority(), Extension::key_usage(&[5, 6])],
    )
}

/// Leaf, two authorities, root.
fn specs() -> Vec<Spec> {
    vec![
        leaf(),
        authority("below", "above"),
        authority("above", "root"),
        authority("root", "root"),
    ]
}

fn certificates(specs: &[Spec]) -> Vec<VendorCertificate> {
    specs
        .iter()
        .map(|spec| VendorCertificate::from_der(&spec.to_der()).unwrap())
        .collect()
}

/// The path of the good certificates with one of them changed.
fn changed(index: usize, change: impl FnOnce(&mut Spec)) -> Result<Path, PathError> {
    let mut specs = specs();
    change(&mut specs[index]);
    Path::verify(certificates(&specs))
}

fn at(seconds: i64) -> UnixTime {
    UnixTime::new(seconds)
}

#[test]
fn a_path_leads_from_the_leaf_to_the_root() {
    let path = Path::verify(certificates(&specs())).unwrap();
    assert_eq!(path.leaf().common_name(), "leaf");
    assert_eq!(path.authorities().len(), 3);
    assert_eq!(path.check_root(|root| root.common_name() == "root"), Ok(()));
    let expected = Err(PathError::UntrustedRoot { found: "root".into() });
    assert_eq!(path.check_root(|_| false), expected);
}

#[test]
fn a_path_is_built_of_certificates_in_any_order_without_those_that_do_not_belong() {
    let mut others = certificates(&specs());
    let leaf = others.remove(0);
    others.reverse();
    others.insert(1, certificates(&[authority("stranger", "root")]).remove(0));
    let path = Path::build(leaf, others).unwrap();
    let names: Vec<&str> = path.certificates().map(VendorCertificate::common_name).collect();
    assert_eq!(names, ["leaf", "below", "above", "root"]);
}

#[test]
fn a_root_that_is_left_out_is_known_by_its_key() {
    let mut all = certificates(&specs());
    let root = all.pop().unwrap();
    let path = Path::verify(all).unwrap();
    let root_key = root.public_key().clone();
    assert_eq!(path.check_root_key(std::slice::from_ref(&root_key)), Ok(()));
    let other = path.leaf().public_key().clone();
    let expected = Err(PathError::UntrustedRoot { found: "root".into() });
    assert_eq!(path.check_root_key(&[other]), expected);
    assert_eq!(
        path.check_root(|_| true),
        expected,
        "its last certificate is no root"
    );
    let whole = Path::verify(certificates(&specs())).unwrap();
    assert_eq!(whole.check_root_key(&[root_key]), Ok(()));
    assert_eq!(whole.check_root_key(&[]), expected);
}

#[test]
fn a_root_has_to_have_signed_itself() {
    let path = changed(3, |root| root.issuer_key = key("stranger")).unwrap();
    let expected = Err(PathError::Signature { index: 3 });
    assert_eq!(path.check_root(|_| true), expected);
    let root_key = path.authorities().last().unwrap().public_key().clone();
    assert_eq!(path.check_root_key(&[root_key]), expected);
}

#[test]
fn every_signature_is_checked() {
    for index in 0..3 {
        let refused = changed(index, |spec| spec.issuer_key = key("stranger"));
        assert_eq!(refused, Err(PathError::Signature { index }));
    }
}

#[test]
fn every_name_is_checked() {
    for index in 0..3 {
        let refused = changed(index, |spec| spec.issuer = Name::forged("stranger"));
        assert_eq!(refused, Err(PathError::Issuer { index: index + 1 }));
    }
}

#[test]
fn authorities_have_to_be_such() {
    for index in 1..=3 {
        let refused = changed(index, |spec| {
            spec.extensions[0] = Extension::basic_constraints(None);
        });
        assert_eq!(refused, Err(PathError::NotAnAuthority { index }));
        let refused = changed(index, |spec| drop(spec.extensions.remove(0)));
        assert_eq!(refused, Err(PathError::NotAnAuthority { index }));
        let refused = changed(index, |spec| spec.extensions[1] = Extension::key_usage(&[0, 6]));
        assert_eq!(refused, Err(PathError::KeyUsage { index }));
        let refused = changed(index, |spec| drop(spec.extensions.remove(1)));
        assert_eq!(refused, Err(PathError::KeyUsage { index }));
    }
}

#[test]
fn the_path_length_counts_the_authorities_below() {
    let bounded = |index, length| {
        changed(index, |spec: &mut Spec| {
            spec.extensions[0] = Extension::basic_constraints(Some(length));
        })
    };
    assert!(bounded(1, 0).is_ok());
    assert!(bounded(3, 2).is_ok());
    let expected = PathError::PathLength {
        index: 3,
        found: 1,
        needed: 2,
    };
    assert_eq!(bounded(3, 1), Err(expected));
}

#[test]
fn the_leaf_is_no_authority_and_may_sign() {
    let refused = changed(0, |leaf| leaf.extensions[0] = Extension::unbounded_authority());
    assert_eq!(refused, Err(PathError::LeafIsAuthority));
    let refused = changed(0, |leaf| leaf.extensions[1] = Extension::key_usage(&[5]));
    assert_eq!(refused, Err(PathError::LeafKeyUsage));
    assert!(changed(0, |leaf| leaf.extensions.clear()).is_ok());
}

#[test]
fn dates_count_at_the_given_moment() {
    let path = changed(1, |spec| spec.not_after = END - 10).unwrap();
    assert_eq!(path.check_validity(at(START - 300), 0), Ok(()));
    let refused = path.check_validity(at(START - 301), 0);
    assert!(matches!(refused, Err(PathError::NotYetValid { index: 0, .. })));
    assert_eq!(path.check_validity(at(END - 10), 0), Ok(()));
    let expected = PathError::Expired {
        index: 1,
        not_after: at(END - 10),
        at: at(END - 9),
    };
    assert_eq!(path.check_validity(at(END - 9), 0), Err(expected));
    assert_eq!(path.check_validity(at(END - 9), 1), Ok(()));
    assert!(path.check_validity(at(END - 8), 1).is_err());
}

#[test]
fn the_number_of_certificates_is_bounded() {
    assert_eq!(Path::verify(Vec::new()), Err(PathError::Empty));
    let many = certificates(&vec![leaf(); 7]);
    let expected = PathError::TooLong { found: 7, limit: 6 };
    assert_eq!(Path::verify(many), Err(expected));
}

#[test]
fn authorities_that_issue_each_other_end() {
    let mut others = certificates(&[authority("below", "above"), authority("above", "below")]);
    let path = Path::build(certificates(&[leaf()]).remove(0), others.clone()).unwrap();
    assert_eq!(path.authorities().len(), 2);
    others.extend(certificates(&specs()));
    assert!(Path::build(certificates(&[leaf()]).remove(0), others).is_ok());
}
