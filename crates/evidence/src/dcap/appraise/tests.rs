use attestry_forge::intel::{PckCa, PckSpec};
use attestry_forge::quote::TdBody;

use super::*;
use crate::dcap::world::{DAY, NOW, World};
use crate::dcap::{CollateralError, PckCa as VerifiedPckCa, Staleness, VerifiedPck};

fn refusal(outcome: Result<Appraisal, Rejected>) -> AppraisalError {
    match outcome.unwrap_err() {
        Rejected::Appraisal(error) => {
            let explanation = error.explain();
            assert!(
                !explanation.code.is_empty() && !explanation.field.is_empty() && !explanation.hint.is_empty()
            );
            assert!(
                !explanation.expected.is_empty() && !explanation.found.is_empty(),
                "{explanation:?}"
            );
            error
        }
        other => panic!("refused elsewhere: {other:?}"),
    }
}

#[test]
fn good_evidence_of_every_kind_is_up_to_date() {
    let world = World::sgx();
    for version in [3, 4, 5] {
        let mut quote = world.sgx_quote();
        quote.header.version = version;
        let appraisal = world.appraise_sgx(&quote).unwrap();
        assert_eq!(
            (appraisal.tee(), appraisal.status()),
            (Tee::Sgx, TcbStatus::UpToDate),
            "version {version}"
        );
        assert_eq!(appraisal.current_status(), None);
        assert_eq!(appraisal.module(), None);
    }
    let world = World::tdx();
    for body in [TdBody::Td10, TdBody::Td15, TdBody::Td15Extended] {
        let appraisal = world.appraise_tdx(&world.tdx_quote(body)).unwrap();
        assert_eq!(
            (appraisal.tee(), appraisal.status()),
            (Tee::Tdx, TcbStatus::UpToDate),
            "{body:?}"
        );
        assert_eq!(
            appraisal.module().map(ComponentVerdict::status),
            Some(TcbStatus::UpToDate)
        );
        assert_eq!(appraisal.current_status().is_some(), body != TdBody::Td10);
    }
}

#[test]
fn a_warm_appraisal_verifies_two_signatures() {
    let world = World::sgx();
    assert_eq!(
        world
            .appraise_sgx(&world.sgx_quote())
            .unwrap()
            .signatures_verified(),
        2
    );
    let bytes = world.forge.sgx_quote(&world.sgx_quote());
    let quote = Quote::parse(&bytes).unwrap();
    let pck = VerifiedPck::verify(&quote.certification_data(), &world.anchors(), World::now()).unwrap();
    assert_eq!(pck.signatures_verified(), 3, "leaf, authority, root");
}

#[test]
fn signatures_are_checked_without_collateral_and_tell_the_same_refusals() {
    let world = World::sgx();
    let check = |change: &dyn Fn(&mut attestry_forge::quote::SgxQuoteSpec)| {
        let mut spec = world.sgx_quote();
        change(&mut spec);
        let bytes = world.forge.sgx_quote(&spec);
        let quote = Quote::parse(&bytes).unwrap();
        let pck = VerifiedPck::verify(&quote.certification_data(), &world.anchors(), World::now()).unwrap();
        check_signatures(&quote, &pck)
    };
    assert_eq!(check(&|_| ()), Ok(()));
    assert_eq!(
        check(&|quote| quote.qe_report_signer = Some(world.other_key())),
        Err(AppraisalError::QeReportSignature.into())
    );
    let unbound = check(&|quote| {
        quote.binds_attestation_key = false;
        quote.qe_report.report_data = [0; 64];
    });
    assert!(matches!(
        unbound,
        Err(Rejected::Appraisal(AppraisalError::QeReportData { .. }))
    ));
    assert_eq!(
        check(&|quote| quote.quote_signer = world.other_key()),
        Err(AppraisalError::QuoteSignature.into())
    );
}

#[test]
fn supplemental_data_are_those_of_certificate_and_collateral() {
    let world = World::sgx();
    let quote = world.sgx_quote();
    let appraisal = world.appraise_sgx(&quote).unwrap();
    let data = appraisal.supplemental();
    assert_eq!(data.fmspc.as_slice(), quote.pck.fmspc);
    assert_eq!(data.ppid.as_slice(), quote.pck.ppid);
    assert_eq!(data.cpu_svn.as_slice(), quote.pck.cpu_svn);
    assert_eq!(u64::from(data.pce_svn), quote.pck.pce_svn);
    assert_eq!(data.pck_ca, VerifiedPckCa::Platform);
    assert_eq!(
        (data.cached_keys, data.dynamic_platform, data.smt_enabled),
        (Some(true), Some(false), Some(true))
    );
    assert_eq!(
        data.platform_instance_id.map(Vec::from),
        quote.pck.platform_instance_id
    );
    assert_eq!(
        u64::from(data.tcb_evaluation_data_number),
        world.documents.tcb_info.tcb_evaluation_data_number
    );
    assert_eq!(data.earliest_issue_date, UnixTime::new(quote.pck.not_before));
    assert_eq!(data.latest_issue_date, UnixTime::new(NOW - DAY));
    assert_eq!(data.earliest_expiration_date, UnixTime::new(NOW - DAY + 30 * DAY));
    assert_eq!(data.tcb_level_date_tag, appraisal.tcb_date());
    assert_eq!((data.root_ca_crl_number, data.pck_crl_number), (1, 1));
}

// Q2: revocation and whose collateral it is.

#[test]
fn a_revoked_platform_is_refused_with_the_crl_of_the_day() {
    let mut world = World::sgx();
    let quote = world.sgx_quote();
    world.documents.pck_crl.revoke(&quote.pck.serial);
    let error = world.appraise_sgx(&quote).unwrap_err();
    assert!(
        matches!(
            error,
            Rejected::Certificate(CertificateError::Revoked {
                role: CertificateRole::Pck,
                ..
            })
        ),
        "{error:?}"
    );
    let mut others = World::sgx();
    others.documents.pck_crl.revoke(&[1, 2, 3]);
    assert!(
        others.appraise_sgx(&quote).is_ok(),
        "another serial number is no reason"
    );
}

#[test]
fn a_revoked_authority_of_the_platform_is_refused_even_if_the_crl_came_by_another_certificate() {
    // The quote carries an older certificate of the same authority, and only that one is revoked.
    let mut world = World::sgx();
    let good = world.forge.platform_ca.clone();
    world.forge.platform_ca.serial = vec![0x55; 19];
    world.documents.root_crl.revoke(&[0x55; 19]);
    world.documents.pck_crl_chain = vec![good, world.forge.root.clone()];
    let error = world.appraise_sgx(&world.sgx_quote()).unwrap_err();
    assert!(
        matches!(
            error,
            Rejected::Certificate(CertificateError::Revoked {
                role: CertificateRole::PckCa,
                ..
            })
        ),
        "{error:?}"
    );
}

#[test]
fn the_crl_of_another_authority_does_not_clear_a_platform() {
    let world = World::sgx();
    let mut quote = world.sgx_quote();
    let key = quote.pck.key.clone();
    quote.use_platform(PckSpec {
        key,
        ..PckSpec::new(&world.forge.seed, PckCa::Processor)
    });
    assert_eq!(
        refusal(world.appraise_sgx(&quote)),
        AppraisalError::OtherPckCa {
            expected: "Intel SGX PCK Processor CA".to_owned(),
            found: "Intel SGX PCK Platform CA".to_owned()
        }
    );
}

#[test]
fn an_authority_of_the_same_name_with_another_key_is_another_authority() {
    let mut world = World::sgx();
    let mut twin = world.forge.platform_ca.clone();
    twin.subject_key = world.other_key();
    world.documents.pck_crl.issuer_key = world.other_key();
    world.documents.pck_crl.extensions[1] =
        attestry_forge::pki::Extension::authority_key_id(&world.other_key());
    twin.extensions[2] = attestry_forge::pki::Extension::subject_key_id(&world.other_key());
    world.documents.pck_crl_chain = vec![twin, world.forge.root.clone()];
    assert!(matches!(
        refusal(world.appraise_sgx(&world.sgx_quote())),
        AppraisalError::OtherPckCa { .. }
    ));
}

#[test]
fn collateral_of_one_trusted_hierarchy_does_not_vouch_for_a_platform_of_another() {
    let (world, other) = (World::sgx(), World::elsewhere());
    let roots = [
        world.forge.root_certificate_der(),
        other.forge.root_certificate_der(),
    ];
    let anchors = crate::x509::TrustAnchors::from_certificates(&roots).unwrap();
    let bytes = world.forge.sgx_quote(&world.sgx_quote());
    let quote = Quote::parse(&bytes).unwrap();
    let pck = VerifiedPck::verify(&quote.certification_data(), &anchors, World::now()).unwrap();
    let collateral =
        VerifiedCollateral::verify(other.mint(), Tee::Sgx, &anchors, World::now(), Staleness::Strict)
            .unwrap();
    let outcome = appraise(&quote, &pck, &collateral, World::now(), Staleness::Strict);
    assert_eq!(refusal(outcome), AppraisalError::OtherRoot);
}

// Dates are judged at every appraisal.

#[test]
fn kept_collateral_and_certificates_are_judged_again_at_every_appraisal() {
    let world = World::sgx();
    let mut spec = world.sgx_quote();
    spec.pck.not_after = NOW + 40 * DAY;
    let bytes = world.forge.sgx_quote(&spec);
    let quote = Quote::parse(&bytes).unwrap();
    let pck = VerifiedPck::verify(&quote.certification_data(), &world.anchors(), World::now()).unwrap();
    let collateral = world.collateral().unwrap();
    let at = |days: i64, staleness| {
        appraise(
            &quote,
            &pck,
            &collateral,
            UnixTime::new(NOW + days * DAY),
            staleness,
        )
    };
    assert!(at(28, Staleness::Strict).unwrap().warnings().is_empty());
    assert!(matches!(
        at(29, Staleness::Strict),
        Err(Rejected::Collateral(CollateralError::Expired { .. }))
    ));
    let tolerated = at(35, Staleness::Grace { seconds: 864_000 }).unwrap();
    assert!(matches!(tolerated.warnings(), [Warning::StaleCollateral { .. }]));
    let expired = at(41, Staleness::Grace { seconds: u32::MAX }).unwrap_err();
    assert!(
        matches!(
            expired,
            Rejected::Certificate(CertificateError::Expired {
                role: CertificateRole::Pck,
                ..
            })
        ),
        "{expired:?}"
    );
}

// Q3 to Q5.

#[test]
fn collateral_for_enclaves_does_not_appraise_a_trust_domain() {
    let (sgx, tdx) = (World::sgx(), World::tdx());
    let outcome = sgx.appraise(&tdx.forge.tdx_quote(&tdx.tdx_quote(TdBody::Td10)));
    let expected = AppraisalError::OtherTee {
        quote: TeeName(Tee::Tdx),
        collateral: TeeName(Tee::Sgx),
    };
    assert_eq!(refusal(outcome), expected);
}

#[test]
fn collateral_of_another_kind_of_platform_is_refused() {
    let mut world = World::sgx();
    let quote = world.sgx_quote();
    let platform: [u8; 6] = quote.pck.fmspc.clone().try_into().unwrap();
    world.documents.tcb_info.fmspc = vec![9; 6];
    assert_eq!(
        refusal(world.appraise_sgx(&quote)),
        AppraisalError::Fmspc {
            platform,
            tcb_info: [9; 6]
        }
    );
    let mut world = World::sgx();
    world.documents.tcb_info.pce_id = vec![1, 0];
    assert_eq!(
        refusal(world.appraise_sgx(&quote)),
        AppraisalError::PceId {
            platform: [0, 0],
            tcb_info: [1, 0]
        }
    );
}

#[test]
fn only_intels_tdx_module_is_accepted() {
    let world = World::tdx();
    let mut quote = world.tdx_quote(TdBody::Td10);
    quote.report.mr_signer_seam = [7; 48];
    assert_eq!(
        refusal(world.appraise_tdx(&quote)),
        AppraisalError::MrsignerSeam {
            expected: Box::new([0; 48]),
            found: Box::new([7; 48])
        }
    );
    let mut quote = world.tdx_quote(TdBody::Td10);
    quote.report.seam_attributes = 1;
    let found = [1, 0, 0, 0, 0, 0, 0, 0];
    assert_eq!(
        refusal(world.appraise_tdx(&quote)),
        AppraisalError::SeamAttributes {
            expected: [0; 8],
            found
        }
    );
    let mut quote = world.tdx_quote(TdBody::Td10);
    quote.report.tee_tcb_svn[1] = 0xab;
    assert_eq!(
        refusal(world.appraise_tdx(&quote)),
        AppraisalError::TdxModuleUnknown {
            id: "TDX_AB".to_owned()
        }
    );
}

#[test]
fn module_attributes_are_refused_even_when_the_identity_has_them() {
    let mut world = World::tdx();
    for identity in world.documents.tcb_info.tdx_module_identities.as_mut().unwrap() {
        identity.module.attributes = vec![1, 0, 0, 0, 0, 0, 0, 0];
    }
    let mut quote = world.tdx_quote(TdBody::Td10);
    assert!(matches!(
        refusal(world.appraise_tdx(&quote)),
        AppraisalError::SeamAttributes { .. }
    ));
    quote.report.seam_attributes = 1;
    assert!(matches!(
        refusal(world.appraise_tdx(&quote)),
        AppraisalError::SeamAttributes { .. }
    ));
}

#[test]
fn a_module_without_version_is_judged_by_the_only_module_there_was() {
    let mut world = World::tdx();
    let mut quote = world.tdx_quote(TdBody::Td10);
    quote.report.tee_tcb_svn = [5, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let appraisal = world.appraise_tdx(&quote).unwrap();
    assert_eq!(
        (appraisal.status(), appraisal.module()),
        (TcbStatus::UpToDate, None)
    );
    quote.report.tee_tcb_svn[0] = 4;
    assert_eq!(
        world.appraise_tdx(&quote).unwrap().status(),
        TcbStatus::OutOfDate,
        "without a version the first component counts"
    );
    quote.report.tee_tcb_svn[0] = 5;
    world.documents.tcb_info.tdx_module.as_mut().unwrap().mrsigner = vec![7; 48];
    assert!(matches!(
        refusal(world.appraise_tdx(&quote)),
        AppraisalError::MrsignerSeam { .. }
    ));
}

// Q6 to Q9.

#[test]
fn a_qe_report_signed_by_another_key_is_refused() {
    let world = World::sgx();
    let mut quote = world.sgx_quote();
    quote.qe_report_signer = Some(world.other_key());
    assert_eq!(
        refusal(world.appraise_sgx(&quote)),
        AppraisalError::QeReportSignature
    );
}

#[test]
fn the_attestation_key_has_to_be_the_one_that_the_quoting_enclave_bound() {
    let world = World::sgx();
    let mut quote = world.sgx_quote();
    quote.binds_attestation_key = false;
    quote.qe_report.report_data = [0; 64];
    assert!(matches!(
        refusal(world.appraise_sgx(&quote)),
        AppraisalError::QeReportData { found, .. } if *found == [0; 64]
    ));
}

#[test]
fn the_second_half_of_the_qe_reports_data_has_to_be_zero() {
    let world = World::sgx();
    let mut quote = world.sgx_quote();
    let bound = Quote::parse(&world.forge.sgx_quote(&quote))
        .unwrap()
        .qe_report()
        .report_data;
    quote.binds_attestation_key = false;
    quote.qe_report.report_data = bound;
    assert!(world.appraise_sgx(&quote).is_ok());
    quote.qe_report.report_data[63] = 1;
    assert!(matches!(
        refusal(world.appraise_sgx(&quote)),
        AppraisalError::QeReportData { .. }
    ));
}

#[test]
fn authentication_data_of_any_length_are_bound() {
    let world = World::sgx();
    for length in [0, 1, 64, 1000] {
        let mut quote = world.sgx_quote();
        quote.qe_auth_data = vec![7; length];
        assert!(world.appraise_sgx(&quote).is_ok(), "{length} bytes");
    }
}

#[test]
fn another_enclave_cannot_pose_as_the_quoting_enclave() {
    let world = World::sgx();
    let refused = |field: &str, change: fn(&mut attestry_forge::quote::SgxQuoteSpec)| {
        let mut quote = world.sgx_quote();
        change(&mut quote);
        match refusal(world.appraise_sgx(&quote)) {
            AppraisalError::QeIdentity { field: found, .. } => assert_eq!(found, field),
            other => panic!("{field}: {other:?}"),
        }
    };
    refused("misc_select", |quote| quote.qe_report.misc_select = 1);
    refused("attributes", |quote| quote.qe_report.flags |= 1 << 5);
    refused("attributes", |quote| quote.qe_report.set_debug(true));
    refused("mrsigner", |quote| quote.qe_report.mr_signer = [9; 32]);
    refused("isv_prod_id", |quote| quote.qe_report.isv_prod_id = 9);
}

#[test]
fn an_attribute_outside_the_mask_does_not_matter_but_debug_does() {
    let mut world = World::sgx();
    let mut quote = world.sgx_quote();
    quote.qe_report.flags |= 1 << 2;
    assert!(world.appraise_sgx(&quote).is_ok(), "bit 2 is outside the mask");
    world.documents.qe_identity.attributes_mask[0] &= !2;
    quote.qe_report.set_debug(true);
    assert_eq!(refusal(world.appraise_sgx(&quote)), AppraisalError::QeDebug);
}

#[test]
fn a_quote_signed_by_another_key_is_refused() {
    let world = World::sgx();
    let mut quote = world.sgx_quote();
    quote.quote_signer = world.other_key();
    assert_eq!(
        refusal(world.appraise_sgx(&quote)),
        AppraisalError::QuoteSignature
    );
}

// Q11.

#[test]
fn what_an_enclave_may_do_is_stated_and_not_judged() {
    let world = World::sgx();
    let mut quote = world.sgx_quote();
    quote.report.set_debug(true);
    let appraisal = world.appraise_sgx(&quote).unwrap();
    assert!(matches!(appraisal.body(), QuoteBody::Sgx(body) if body.attributes.debug()));
    let world = World::tdx();
    let mut quote = world.tdx_quote(TdBody::Td15);
    quote.report.set_debug(true);
    quote.report.set_sept_ve_disable(false);
    quote.report.mr_service_td = [3; 48];
    assert_eq!(world.appraise_tdx(&quote).unwrap().status(), TcbStatus::UpToDate);
}

#[test]
fn documents_of_different_recoveries_are_told() {
    let mut world = World::sgx();
    world.documents.qe_identity.tcb_evaluation_data_number = 99;
    let appraisal = world.appraise_sgx(&world.sgx_quote()).unwrap();
    let tcb_info = u32::try_from(world.documents.tcb_info.tcb_evaluation_data_number).unwrap();
    assert_eq!(
        appraisal.warnings(),
        [Warning::EvaluationNumbersDiffer {
            tcb_info,
            qe_identity: 99
        }]
    );
    assert_eq!(appraisal.supplemental().tcb_evaluation_data_number, tcb_info);
}
