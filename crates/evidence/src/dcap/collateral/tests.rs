use attestry_forge::intel::{CollateralSpec, CrlForm};
use attestry_forge::pki::{Extension, pem_chain};

use super::*;
use crate::dcap::world::{DAY, NOW, World};
use crate::x509::{CertificateRole, TrustAnchors};

fn refused(change: impl FnOnce(&mut World)) -> CollateralError {
    let mut world = World::sgx();
    change(&mut world);
    let error = world.collateral().unwrap_err();
    let explanation = error.explain();
    assert!(
        explanation.field.starts_with(error.document().identifier()),
        "{explanation:?}"
    );
    assert!(
        !explanation.expected.is_empty() && !explanation.found.is_empty() && !explanation.hint.is_empty()
    );
    error
}

fn refused_documents(change: impl FnOnce(&mut CollateralDocuments)) -> CollateralError {
    let world = World::sgx();
    let mut documents = world.mint();
    change(&mut documents);
    verify(&world, documents).unwrap_err()
}

fn verify(world: &World, documents: CollateralDocuments) -> Result<VerifiedCollateral, CollateralError> {
    VerifiedCollateral::verify(
        documents,
        world.tee,
        &world.anchors(),
        World::now(),
        Staleness::Strict,
    )
}

#[test]
fn good_collateral_states_what_it_is_for_and_how_long() {
    let world = World::tdx();
    let collateral = world.collateral().unwrap();
    assert_eq!((collateral.tee(), collateral.ca()), (Tee::Tdx, PckCa::Platform));
    assert_eq!(collateral.fmspc().as_slice(), world.documents.tcb_info.fmspc);
    assert_eq!(collateral.valid_from(), UnixTime::new(NOW - DAY));
    assert_eq!(collateral.valid_until(), UnixTime::new(NOW + 29 * DAY));
    assert_eq!(
        u64::from(collateral.evaluation_number()),
        world.documents.tcb_info.tcb_evaluation_data_number
    );
}

#[test]
fn crls_may_come_in_any_of_three_forms() {
    for form in [CrlForm::Der, CrlForm::Pem, CrlForm::HexDer] {
        let mut world = World::sgx();
        world.documents.crl_form = form;
        assert!(world.collateral().is_ok());
        let mut documents = world.mint();
        documents.root_ca_crl.push(0);
        documents.tcb_info.push(0);
        documents.pck_crl_issuer_chain.push(0);
        assert!(verify(&world, documents).is_ok(), "a trailing NUL is tolerated");
    }
}

#[test]
fn the_nine_texts_give_the_same_collateral() {
    let world = World::sgx();
    let json = world.documents.mint().to_json();
    let documents = CollateralDocuments::from_json(json.as_bytes()).unwrap();
    assert!(verify(&world, documents).is_ok());
    for member in [
        "pck_crl_issuer_chain",
        "root_ca_crl",
        "tcb_info",
        "tcb_info_signature",
        "qe_identity",
    ] {
        let mut value: serde_json::Value = serde_json::from_str(&json).unwrap();
        value.as_object_mut().unwrap().remove(member);
        let error = CollateralDocuments::from_json(value.to_string().as_bytes()).unwrap_err();
        assert!(
            matches!(&error, CollateralError::Field { document: Document::Collateral, field, .. }
                if field == &format!("collateral.{member}")),
            "{error:?}"
        );
    }
}

// C1: the chains.

#[test]
fn each_chain_has_to_end_in_a_trust_anchor() {
    let world = World::sgx();
    let anchors = World::elsewhere().anchors();
    let outcome =
        VerifiedCollateral::verify(world.mint(), Tee::Sgx, &anchors, World::now(), Staleness::Strict);
    assert_eq!(
        outcome.unwrap_err(),
        CollateralError::Certificate {
            document: Document::TcbInfoIssuerChain,
            error: CertificateError::UntrustedRoot {
                found: "Intel SGX Root CA".to_owned()
            }
        }
    );
}

#[test]
fn a_chain_of_another_trusted_root_does_not_fit_with_the_others() {
    let (world, other) = (World::sgx(), World::elsewhere());
    let roots = [
        world.forge.root_certificate_der(),
        other.forge.root_certificate_der(),
    ];
    let anchors = TrustAnchors::from_certificates(&roots).unwrap();
    let mixed = |change: fn(&mut CollateralDocuments, CollateralDocuments)| {
        let mut documents = world.mint();
        change(&mut documents, other.mint());
        VerifiedCollateral::verify(documents, Tee::Sgx, &anchors, World::now(), Staleness::Strict)
            .unwrap_err()
    };
    let error = mixed(|mine, theirs| {
        mine.qe_identity = theirs.qe_identity;
        mine.qe_identity_issuer_chain = theirs.qe_identity_issuer_chain;
    });
    assert_eq!(
        error,
        CollateralError::OtherRoot {
            document: Document::QeIdentityIssuerChain
        }
    );
    let error = mixed(|mine, theirs| {
        mine.pck_crl = theirs.pck_crl;
        mine.pck_crl_issuer_chain = theirs.pck_crl_issuer_chain;
    });
    assert_eq!(
        error,
        CollateralError::OtherRoot {
            document: Document::PckCrlIssuerChain
        }
    );
}

#[test]
fn only_the_tcb_signing_certificate_signs_documents() {
    let error = refused(|world| {
        // The PCK CA is issued by the root too.
        world.documents.signing_chain = vec![world.forge.platform_ca.clone(), world.forge.root.clone()];
        world.documents.tcb_info_key = world.forge.platform_ca.subject_key.clone();
    });
    assert!(matches!(
        error,
        CollateralError::Certificate {
            document: Document::TcbInfoIssuerChain,
            error: CertificateError::CommonName {
                role: CertificateRole::TcbSigning,
                ..
            }
        }
    ));
}

#[test]
fn the_root_may_be_left_out_of_every_chain() {
    let mut world = World::sgx();
    world.documents.signing_chain.pop();
    world.documents.pck_crl_chain.pop();
    assert!(world.collateral().is_ok());
}

// C2, C3: the CRLs.

#[test]
fn what_the_root_revoked_is_refused() {
    let revoked = |serial: fn(&World) -> Vec<u8>| {
        refused(|world| {
            let serial = serial(world);
            world.documents.root_crl.revoke(&serial);
        })
    };
    for (error, document, role) in [
        (
            revoked(|world| world.forge.tcb_signing.serial.clone()),
            Document::TcbInfoIssuerChain,
            CertificateRole::TcbSigning,
        ),
        (
            revoked(|world| world.forge.platform_ca.serial.clone()),
            Document::PckCrlIssuerChain,
            CertificateRole::PckCa,
        ),
        (
            revoked(|world| world.forge.root.serial.clone()),
            Document::TcbInfoIssuerChain,
            CertificateRole::Root,
        ),
    ] {
        assert!(
            matches!(&error, CollateralError::Certificate { document: found, error: CertificateError::Revoked { role: whose, .. } }
                if *found == document && *whose == role),
            "{error:?}"
        );
    }
}

#[test]
fn a_revoked_root_is_refused_even_when_the_chains_leave_it_out() {
    let error = refused(|world| {
        world.documents.signing_chain.pop();
        world.documents.pck_crl_chain.pop();
        world.documents.root_crl.revoke(&world.forge.root.serial);
    });
    assert!(matches!(
        error,
        CollateralError::Certificate {
            error: CertificateError::Revoked {
                role: CertificateRole::Root,
                ..
            },
            ..
        }
    ));
}

#[test]
fn a_crl_has_to_be_its_authoritys() {
    let crl = |error: CollateralError| match error {
        CollateralError::Crl { document, error } => (document, error),
        other => panic!("{other:?}"),
    };
    let error = refused(|world| world.documents.root_crl.issuer_key = world.other_key());
    assert_eq!(crl(error), (Document::RootCaCrl, CrlError::Signature));
    let error = refused(|world| world.documents.pck_crl.issuer_key = world.other_key());
    assert_eq!(crl(error), (Document::PckCrl, CrlError::Signature));
    let error = refused(|world| {
        world.documents.pck_crl.extensions[1] = Extension::authority_key_id(&world.other_key());
    });
    assert_eq!(crl(error), (Document::PckCrl, CrlError::AuthorityKeyIdentifier));
    let error = refused(|world| {
        world.documents.root_crl.extensions[1] = Extension::authority_key_id(&world.other_key());
    });
    assert_eq!(
        crl(error),
        (Document::RootCaCrl, CrlError::AuthorityKeyIdentifier)
    );
    // The two lists exchanged: each is signed, but by another authority.
    let error =
        refused_documents(|documents| std::mem::swap(&mut documents.pck_crl, &mut documents.root_ca_crl));
    assert!(matches!(
        crl(error),
        (Document::RootCaCrl, CrlError::IssuerName { .. })
    ));
    let error = refused_documents(|documents| documents.pck_crl.clone_from(&documents.root_ca_crl));
    assert!(matches!(
        crl(error),
        (Document::PckCrl, CrlError::IssuerName { .. })
    ));
}

// C4: signatures over the documents as received.

#[test]
fn documents_signed_by_another_key_are_refused() {
    let error = refused(|world| world.documents.tcb_info_key = world.other_key());
    assert_eq!(
        error,
        CollateralError::Signature {
            document: Document::TcbInfo
        }
    );
    let error = refused(|world| world.documents.qe_identity_key = world.other_key());
    assert_eq!(
        error,
        CollateralError::Signature {
            document: Document::QeIdentity
        }
    );
}

#[test]
fn a_document_altered_or_only_reformatted_is_refused() {
    let altered = refused_documents(|documents| {
        let text = String::from_utf8(documents.tcb_info.clone()).unwrap();
        documents.tcb_info = text.replacen("OutOfDate", "UpToDate", 1).into_bytes();
    });
    assert_eq!(
        altered,
        CollateralError::Signature {
            document: Document::TcbInfo
        }
    );
    let reformatted = refused_documents(|documents| {
        let value: serde_json::Value = serde_json::from_slice(&documents.qe_identity).unwrap();
        documents.qe_identity = serde_json::to_vec_pretty(&value).unwrap();
    });
    assert_eq!(
        reformatted,
        CollateralError::Signature {
            document: Document::QeIdentity
        }
    );
}

#[test]
fn a_second_document_in_the_envelope_is_not_overlooked() {
    let error = refused_documents(|documents| {
        let text = String::from_utf8(documents.tcb_info.clone()).unwrap();
        documents.tcb_info = text.replacen('{', "{\"tcbInfo\":{},", 1).into_bytes();
    });
    assert!(
        matches!(&error, CollateralError::Json { document: Document::TcbInfo, reason } if reason.contains("twice")),
        "{error:?}"
    );
}

// C5, C6: shapes are tested with the documents; here that they are asked for.

#[test]
fn a_signed_document_of_the_wrong_shape_is_refused() {
    let error = refused(|world| world.documents.tcb_info.tcb_type = 1);
    assert!(matches!(
        error,
        CollateralError::Field {
            document: Document::TcbInfo,
            ..
        }
    ));
    let error = refused(|world| world.documents.qe_identity.version = 3);
    assert!(matches!(
        error,
        CollateralError::Field {
            document: Document::QeIdentity,
            ..
        }
    ));
}

#[test]
fn documents_for_the_other_environment_are_refused() {
    let (sgx, tdx) = (World::sgx(), World::tdx());
    let other_tee = |document| CollateralError::OtherTee {
        document,
        expected: "SGX",
        found: "TDX",
    };
    let error = refused(|world| world.documents.tcb_info = tdx.documents.tcb_info.clone());
    assert_eq!(error, other_tee(Document::TcbInfo));
    let error = refused(|world| world.documents.qe_identity = tdx.documents.qe_identity.clone());
    assert_eq!(error, other_tee(Document::QeIdentity));
    assert!(sgx.collateral().is_ok());
}

// Dates.

#[test]
fn a_documents_successor_is_due_at_next_update_and_not_before() {
    let world = World::sgx();
    let next_update = NOW + 29 * DAY;
    assert!(world.collateral_at(next_update - 1, Staleness::Strict).is_ok());
    assert_eq!(
        world.collateral_at(next_update, Staleness::Strict).unwrap_err(),
        CollateralError::Expired {
            document: Document::TcbInfo,
            next_update: UnixTime::new(next_update),
            now: UnixTime::new(next_update)
        }
    );
}

#[test]
fn a_crl_is_good_up_to_and_including_next_update() {
    let mut world = World::sgx();
    world.documents.pck_crl.next_update = Some(NOW);
    assert!(world.collateral().is_ok());
    world.documents.pck_crl.next_update = Some(NOW - 1);
    let expired = |next_update| CrlError::Expired {
        next_update,
        now: World::now(),
    };
    assert_eq!(
        world.collateral().unwrap_err(),
        CollateralError::Crl {
            document: Document::PckCrl,
            error: expired(UnixTime::new(NOW - 1))
        }
    );
}

#[test]
fn what_begins_in_the_future_is_granted_five_minutes() {
    let issued_at = |document: Document, seconds: i64| {
        let mut world = World::sgx();
        let date = UnixTime::new(NOW + seconds).to_string();
        let CollateralSpec {
            tcb_info,
            qe_identity,
            root_crl,
            pck_crl,
            ..
        } = &mut world.documents;
        match document {
            Document::TcbInfo => tcb_info.issue_date = date,
            Document::QeIdentity => qe_identity.issue_date = date,
            Document::RootCaCrl => root_crl.this_update = NOW + seconds,
            _ => pck_crl.this_update = NOW + seconds,
        }
        world.collateral()
    };
    for document in [
        Document::TcbInfo,
        Document::QeIdentity,
        Document::RootCaCrl,
        Document::PckCrl,
    ] {
        assert!(issued_at(document, 300).is_ok(), "{document}");
        let error = issued_at(document, 301).unwrap_err();
        assert_eq!(error.document(), document);
        assert!(
            matches!(
                error,
                CollateralError::NotYetValid { .. }
                    | CollateralError::Crl {
                        error: CrlError::NotYetValid { .. },
                        ..
                    }
            ),
            "{error:?}"
        );
    }
}

#[test]
fn a_stale_document_is_tolerated_as_long_as_the_setting_says() {
    let world = World::sgx();
    let due = NOW + 29 * DAY;
    let grace = Staleness::Grace { seconds: 60 };
    let collateral = world.collateral().unwrap();
    let at = |now, staleness| collateral.is_usable_at(UnixTime::new(now), staleness);
    assert_eq!(at(due - 1, grace), Ok(Freshness::Fresh));
    let stale = Freshness::Stale {
        document: Document::TcbInfo,
        next_update: UnixTime::new(due),
    };
    assert_eq!(at(due, grace), Ok(stale));
    assert!(matches!(
        at(due + 61, grace),
        Err(CollateralError::Crl { .. } | CollateralError::Expired { .. })
    ));
}

#[test]
fn maa_compatibility_tolerates_old_documents_but_no_old_crl() {
    let mut world = World::sgx();
    world.documents.tcb_info.next_update = "2021-05-20T00:00:00Z".to_owned();
    world.documents.tcb_info.issue_date = "2021-04-20T00:00:00Z".to_owned();
    assert!(matches!(
        world.collateral(),
        Err(CollateralError::Expired {
            document: Document::TcbInfo,
            ..
        })
    ));
    let collateral = world.collateral_at(NOW, Staleness::MaaCompat).unwrap();
    let freshness = collateral
        .is_usable_at(World::now(), Staleness::MaaCompat)
        .unwrap();
    assert!(matches!(
        freshness,
        Freshness::Stale {
            document: Document::TcbInfo,
            ..
        }
    ));
    for list in [Document::PckCrl, Document::RootCaCrl] {
        let mut world = World::sgx();
        match list {
            Document::PckCrl => world.documents.pck_crl.next_update = Some(NOW - 1),
            _ => world.documents.root_crl.next_update = Some(NOW - 1),
        }
        let error = world.collateral_at(NOW, Staleness::MaaCompat).unwrap_err();
        assert!(
            matches!(error, CollateralError::Crl { document, error: CrlError::Expired { .. } } if document == list)
        );
    }
}

#[test]
fn no_setting_tolerates_an_expired_certificate() {
    for staleness in [
        Staleness::Strict,
        Staleness::Grace { seconds: u32::MAX },
        Staleness::MaaCompat,
    ] {
        let mut world = World::sgx();
        world.documents.signing_chain[0].not_after = NOW - 1;
        let error = world.collateral_at(NOW, staleness).unwrap_err();
        assert!(matches!(
            error,
            CollateralError::Certificate {
                document: Document::TcbInfoIssuerChain,
                error: CertificateError::Expired {
                    role: CertificateRole::TcbSigning,
                    ..
                }
            }
        ));
    }
}

// C7.

#[test]
fn a_baseline_binds_both_documents() {
    let mut world = World::sgx();
    world.documents.tcb_info.tcb_evaluation_data_number = 18;
    world.documents.qe_identity.tcb_evaluation_data_number = 17;
    let collateral = world.collateral().unwrap();
    assert_eq!(collateral.evaluation_number(), 17);
    assert_eq!(collateral.check_baseline(Baseline::AtLeast(17)), Ok(()));
    let refused = |required, document, found| {
        assert_eq!(
            collateral.check_baseline(required),
            Err(CollateralError::EvaluationNumber {
                document,
                required,
                found
            })
        );
    };
    refused(Baseline::AtLeast(18), Document::QeIdentity, 17);
    refused(Baseline::Exactly(18), Document::QeIdentity, 17);
    refused(Baseline::Exactly(17), Document::TcbInfo, 18);
}

// MAA's collateral hashes.

#[test]
fn hashes_are_over_canonical_texts_that_end_in_nul() {
    let world = World::sgx();
    let documents = world.mint();
    let hashes = *verify(&world, documents.clone()).unwrap().hashes();
    let sha256 = |parts: &[&[u8]]| -> [u8; 32] {
        digest::digest(&digest::SHA256, &parts.concat())
            .as_ref()
            .try_into()
            .unwrap()
    };
    let chain = pem_chain([
        documents_der(&documents.tcb_info_issuer_chain, 0),
        documents_der(&documents.tcb_info_issuer_chain, 1),
    ]);
    let crl = attestry_forge::pki::pem("X509 CRL", &documents.root_ca_crl);
    assert_eq!(hashes.tcbinfocertshash, sha256(&[chain.as_bytes(), b"\0"]));
    assert_eq!(hashes.qeidcertshash, hashes.tcbinfocertshash);
    assert_eq!(hashes.tcbinfocrlhash, sha256(&[crl.as_bytes(), b"\0"]));
    assert_eq!(hashes.qeidcrlhash, hashes.tcbinfocrlhash);
    assert_eq!(hashes.tcbinfohash, sha256(&[&documents.tcb_info, b"\0"]));
    assert_eq!(hashes.qeidhash, sha256(&[&documents.qe_identity, b"\0"]));
}

#[test]
fn hashes_do_not_depend_on_the_transport() {
    let world = World::sgx();
    let documents = world.mint();
    let expected = *verify(&world, documents.clone()).unwrap().hashes();
    let text = String::from_utf8(documents.tcb_info_issuer_chain.clone()).unwrap();
    let transported = CollateralDocuments {
        tcb_info_issuer_chain: format!("\r\n{}\0", text.replace('\n', "\r\n")).into_bytes(),
        root_ca_crl: crate::hex::encode(&documents.root_ca_crl)
            .to_ascii_uppercase()
            .into_bytes(),
        tcb_info: [documents.tcb_info.as_slice(), b"\0"].concat(),
        ..documents
    };
    assert_eq!(verify(&world, transported).unwrap().hashes(), &expected);
}

fn documents_der(chain: &[u8], index: usize) -> Vec<u8> {
    Certificate::parse_chain(chain).unwrap()[index].der().to_vec()
}
