use attestry_forge::intel::{EvaluationNumbersSpec, Tee as ForgeTee};
use attestry_forge::pki::pem_chain;

use super::super::world::{DAY, NOW, World};
use super::*;
use crate::x509::CertificateRole;

/// A good list of a world, to be changed.
struct List {
    world: World,
    spec: EvaluationNumbersSpec,
}

impl List {
    fn new(world: World) -> Self {
        let tee = match world.tee {
            Tee::Sgx => ForgeTee::Sgx,
            Tee::Tdx => ForgeTee::Tdx,
        };
        Self {
            spec: world.forge.evaluation_numbers_spec(tee),
            world,
        }
    }

    fn response(&self) -> Vec<u8> {
        self.spec
            .mint(&self.world.forge.tcb_signing.subject_key)
            .into_bytes()
    }

    fn chain(&self) -> Vec<u8> {
        let forge = &self.world.forge;
        pem_chain([forge.tcb_signing.to_der(), forge.root.to_der()]).into_bytes()
    }

    fn verify(&self) -> Result<EvaluationNumbers, EvaluationNumbersError> {
        self.verify_at(&self.response(), NOW)
    }

    fn verify_at(&self, response: &[u8], now: i64) -> Result<EvaluationNumbers, EvaluationNumbersError> {
        let collateral = self.world.collateral().unwrap();
        let anchors = self.world.anchors();
        EvaluationNumbers::verify(response, &self.chain(), &collateral, &anchors, UnixTime::new(now))
    }
}

fn date(text: &str) -> UnixTime {
    UnixTime::parse_rfc3339_z(&format!("{text}T00:00:00Z")).unwrap()
}

#[test]
fn a_date_stands_for_the_oldest_generation_that_is_not_before_it() {
    for world in [World::sgx(), World::tdx()] {
        let list = List::new(world).verify().unwrap();
        let numbers: Vec<_> = list
            .numbers()
            .iter()
            .map(|entry| (entry.number, entry.tcb_date))
            .collect();
        assert_eq!(
            numbers,
            [
                (19, date("2022-11-09")),
                (20, date("2024-11-13")),
                (21, date("2025-08-13"))
            ]
        );
        for (since, number) in [
            ("2020-01-01", Some(19)),
            ("2022-11-09", Some(19)),
            ("2022-11-10", Some(20)),
            ("2024-11-13", Some(20)),
            ("2025-08-13", Some(21)),
            ("2025-08-14", None),
        ] {
            assert_eq!(list.first_since(date(since)), number, "{since}");
        }
    }
}

#[test]
fn the_order_in_the_document_does_not_matter() {
    let mut list = List::new(World::sgx());
    list.spec.tcb_eval_numbers.reverse();
    assert_eq!(list.verify().unwrap().first_since(date("2024-01-01")), Some(20));
}

#[test]
fn a_list_must_be_signed_by_tcb_signing() {
    let list = List::new(World::sgx());
    let forged = list
        .spec
        .mint(&list.world.forge.seed.key("somebody else"))
        .into_bytes();
    assert_eq!(
        list.verify_at(&forged, NOW),
        Err(EvaluationNumbersError::Signature)
    );

    let text = String::from_utf8(list.response()).unwrap();
    let changed = text.replace("2024-11-13T", "2030-11-13T").into_bytes();
    assert_eq!(
        list.verify_at(&changed, NOW),
        Err(EvaluationNumbersError::Signature)
    );
}

#[test]
fn a_revoked_signer_is_refused() {
    let mut list = List::new(World::sgx());
    let good = list.world.collateral().unwrap();
    let serial = list.world.forge.tcb_signing.serial.clone();
    // The collateral's own signer is another one, so that only the list's is revoked.
    list.world.forge.tcb_signing.serial = vec![0x55; 19];
    list.world.documents.root_crl.revoke(&[0x55; 19]);
    assert_ne!(serial, list.world.forge.tcb_signing.serial);
    assert_eq!(good.tee(), Tee::Sgx);
    assert!(
        matches!(
            list.verify(),
            Err(EvaluationNumbersError::Certificate(CertificateError::Revoked {
                role: CertificateRole::TcbSigning,
                ..
            })),
        ),
        "{:?}",
        list.verify(),
    );
}

#[test]
fn a_list_of_another_hierarchy_is_refused() {
    let (here, elsewhere) = (List::new(World::sgx()), List::new(World::elsewhere()));
    let both = here.world.anchors().and(elsewhere.world.anchors());
    let collateral = here.world.collateral().unwrap();
    let verify = |anchors| {
        let (response, chain) = (elsewhere.response(), elsewhere.chain());
        EvaluationNumbers::verify(&response, &chain, &collateral, anchors, UnixTime::new(NOW))
    };
    assert_eq!(verify(&both), Err(EvaluationNumbersError::OtherRoot));
    assert!(matches!(
        verify(&here.world.anchors()),
        Err(EvaluationNumbersError::Certificate(
            CertificateError::UntrustedRoot { .. }
        )),
    ));
}

#[test]
fn a_list_for_the_other_environment_is_refused() {
    let mut list = List::new(World::sgx());
    list.spec.id = "TDX".to_owned();
    assert_eq!(
        list.verify(),
        Err(EvaluationNumbersError::OtherTee {
            expected: "SGX",
            found: "TDX"
        }),
    );
}

#[test]
fn a_list_has_its_time() {
    let list = List::new(World::sgx());
    let response = list.response();
    let next_update = list.verify().unwrap().next_update();
    assert!(list.verify_at(&response, next_update.seconds() - 1).is_ok());
    assert_eq!(
        list.verify_at(&response, next_update.seconds()),
        Err(EvaluationNumbersError::Expired {
            next_update,
            now: next_update
        }),
    );
    let early = NOW - 2 * DAY;
    let refused = list.verify_at(&response, early);
    assert!(
        matches!(refused, Err(EvaluationNumbersError::NotYetValid { now, .. }) if now.seconds() == early),
        "{refused:?}",
    );
}

#[test]
fn another_version_or_a_missing_member_is_refused() {
    let mut list = List::new(World::sgx());
    list.spec.version = 2;
    assert_eq!(
        list.verify(),
        Err(EvaluationNumbersError::Field {
            field: "tcbEvaluationDataNumbers.version".to_owned(),
            expected: "1",
            found: "2".to_owned(),
        }),
    );
    let list = List::new(World::sgx());
    assert!(matches!(
        list.verify_at(b"{", NOW),
        Err(EvaluationNumbersError::Json { .. })
    ));
    assert!(matches!(
        list.verify_at(&vec![b' '; 2 << 20], NOW),
        Err(EvaluationNumbersError::TooLarge { .. }),
    ));
}
