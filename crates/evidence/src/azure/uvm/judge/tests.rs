use attestry_forge::azure::UvmEndorsement as Forged;

use super::*;
use crate::azure::uvm::fixture::{NOW, authority, trust};

/// Verified endorsements, each of a measurement of this byte and this version number.
fn verified(builds: &[(u8, u32)]) -> Vec<UvmEndorsement> {
    let signer = authority();
    let minted: Vec<Vec<u8>> = builds
        .iter()
        .map(|(byte, svn)| {
            let mut forged = Forged::new(&signer, &[*byte; 48]);
            forged.svn = *svn;
            forged.mint()
        })
        .collect();
    all(&minted).unwrap()
}

fn all(minted: &[Vec<u8>]) -> Result<Vec<UvmEndorsement>, UvmError> {
    verify_all(minted.iter().map(Vec::as_slice), trust(), UnixTime::new(NOW), 0)
}

fn feeds(minimum_svn: u64) -> Vec<UvmFeed> {
    vec![UvmFeed {
        issuer: authority().did_by_eku(),
        feed: "ContainerPlat-AMD-UVM".into(),
        minimum_svn,
    }]
}

#[test]
fn the_measurement_selects_the_endorsement() {
    let endorsements = verified(&[(1, 100), (2, 104)]);
    let endorsed = endorses(&endorsements, &[2; 48], 104, &feeds(104)).unwrap();
    assert_eq!(endorsed.endorsement.svn(), 104);
    assert!(endorsed.guest_svn_agrees);
    let other_svn = endorses(&endorsements, &[2; 48], 2, &feeds(104)).unwrap();
    assert!(!other_svn.guest_svn_agrees);
    let expected = UvmError::NotEndorsed {
        measurement: Box::new([3; 48]),
    };
    assert_eq!(
        endorses(&endorsements, &[3; 48], 104, &feeds(0)),
        Err(expected.clone())
    );
    assert_eq!(endorses(&[], &[3; 48], 104, &feeds(0)), Err(expected));
}

#[test]
fn a_build_that_is_too_old_is_refused() {
    let endorsements = verified(&[(1, 103)]);
    assert!(endorses(&endorsements, &[1; 48], 103, &feeds(103)).is_ok());
    let expected = UvmError::Svn {
        feed: "ContainerPlat-AMD-UVM".into(),
        found: 103,
        minimum: 104,
    };
    assert_eq!(endorses(&endorsements, &[1; 48], 103, &feeds(104)), Err(expected));
    let both = verified(&[(1, 103), (1, 104)]);
    assert!(endorses(&both, &[1; 48], 103, &feeds(104)).is_ok());
}

#[test]
fn feed_and_issuer_have_to_be_accepted_together() {
    let endorsements = verified(&[(1, 104)]);
    let mut other_feed = feeds(0);
    other_feed[0].feed = "ConfAKS-AMD-UVM".into();
    let mut other_issuer = feeds(0);
    other_issuer[0].issuer = authority().did_by_subject();
    for accepted in [other_feed, other_issuer, Vec::new(), UvmFeed::microsoft()] {
        let refusal = endorses(&endorsements, &[1; 48], 104, &accepted).unwrap_err();
        assert_eq!(refusal.explain().code, "uvm_feed");
    }
}

#[test]
fn microsofts_feeds_name_the_root_that_is_built_in() {
    for feed in UvmFeed::microsoft() {
        let did = crate::azure::uvm::DidX509::parse(&feed.issuer).unwrap();
        assert_eq!(crate::hex::encode(&did.authority()[28..]), "8669b7db");
    }
}

#[test]
fn one_bad_endorsement_spoils_them_all_and_their_number_is_bounded() {
    let signer = authority();
    let good = Forged::new(&signer, &[1; 48]).mint();
    assert_eq!(all(&vec![good.clone(); 8]).unwrap().len(), 8);
    assert_eq!(all(&vec![good.clone(); 9]), Err(UvmError::TooMany { limit: 8 }));
    assert!(all(&[good.clone(), good[1..].to_vec()]).is_err());
}
