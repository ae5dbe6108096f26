use attestry_forge::intel::SvnLevel;
use attestry_forge::quote::TdBody;

use super::*;
use crate::dcap::Appraisal;
use crate::dcap::world::World;
use crate::rejection::Rejected;

fn refusal(outcome: Result<Appraisal, Rejected>) -> AppraisalError {
    match outcome.unwrap_err() {
        Rejected::Appraisal(error) => {
            let explanation = error.explain();
            assert!(
                !explanation.expected.is_empty() && !explanation.found.is_empty(),
                "{explanation:?}"
            );
            error
        }
        other => panic!("refused elsewhere: {other:?}"),
    }
}

/// Components by index, and the SVN each is set to.
type Svns<'a> = &'a [(usize, u8)];

#[test]
fn lower_svns_reach_every_status_with_its_advisories() {
    let world = World::sgx();
    let cases: [(Svns, u64, TcbStatus, &[&str]); 6] = [
        (&[], 13, TcbStatus::UpToDate, &[]),
        (&[(5, 0)], 13, TcbStatus::SwHardeningNeeded, &["INTEL-SA-00615"]),
        (&[(4, 3)], 13, TcbStatus::ConfigurationNeeded, &["INTEL-SA-00219"]),
        (
            &[(4, 3), (5, 0)],
            13,
            TcbStatus::ConfigurationAndSwHardeningNeeded,
            &["INTEL-SA-00219", "INTEL-SA-00615"],
        ),
        (&[(0, 10)], 13, TcbStatus::OutOfDate, &["INTEL-SA-00657"]),
        (
            &[(0, 10), (4, 0)],
            13,
            TcbStatus::OutOfDateConfigurationNeeded,
            &["INTEL-SA-00219", "INTEL-SA-00657"],
        ),
    ];
    for (svns, pce_svn, status, advisories) in cases {
        let mut quote = world.sgx_quote();
        for (index, svn) in svns {
            quote.pck.set_component_svn(*index, *svn);
        }
        quote.pck.pce_svn = pce_svn;
        let appraisal = world.appraise_sgx(&quote).unwrap();
        assert_eq!(appraisal.status(), status);
        assert_eq!(appraisal.launch_status(), status);
        assert!(
            appraisal.advisories().iter().eq(advisories),
            "{:?}",
            appraisal.advisories()
        );
        assert_eq!(appraisal.shortfalls().is_empty(), status.is_current());
    }
}

#[test]
fn the_shortfall_tells_which_svn_is_too_low() {
    let world = World::sgx();
    let mut quote = world.sgx_quote();
    quote.pck.set_component_svn(1, 10);
    quote.pck.pce_svn = 12;
    let appraisal = world.appraise_sgx(&quote).unwrap();
    let told: Vec<String> = appraisal
        .shortfalls()
        .iter()
        .map(|short| format!("{}: {} < {}", short.component, short.found, short.needed))
        .collect();
    assert_eq!(
        told,
        [
            "SGX TCB component 2 (OS/VMM: SGX Late Microcode Update): 10 < 11",
            "PCESVN: 12 < 13"
        ]
    );
}

#[test]
fn the_pce_counts_like_a_component() {
    let world = World::sgx();
    let mut quote = world.sgx_quote();
    quote.pck.pce_svn = 12;
    assert_eq!(world.appraise_sgx(&quote).unwrap().status(), TcbStatus::OutOfDate);
    quote.pck.pce_svn = 0x8000;
    assert_eq!(world.appraise_sgx(&quote).unwrap().status(), TcbStatus::UpToDate);
    quote.pck.pce_svn = 4;
    assert_eq!(
        refusal(world.appraise_sgx(&quote)),
        AppraisalError::TcbNotSupported {
            component: TcbComponent::Platform,
            moment: TcbMoment::Launch,
            shortfalls: vec![Shortfall {
                component: SvnComponent::Pce,
                found: 4,
                needed: 5
            }]
        }
    );
}

#[test]
fn a_revoked_level_of_any_component_refuses_the_evidence() {
    let revoked = |outcome| match refusal(outcome) {
        AppraisalError::TcbRevoked {
            component, moment, ..
        } => (component, moment),
        other => panic!("{other:?}"),
    };
    let world = World::sgx();
    let mut quote = world.sgx_quote();
    quote.pck.pce_svn = 5;
    assert_eq!(
        revoked(world.appraise_sgx(&quote)),
        (TcbComponent::Platform, TcbMoment::Launch)
    );
    let mut quote = world.sgx_quote();
    quote.qe_report.isv_svn = 5;
    assert_eq!(
        revoked(world.appraise_sgx(&quote)),
        (TcbComponent::Qe, TcbMoment::Launch)
    );
    let world = World::tdx();
    let mut quote = world.tdx_quote(TdBody::Td15);
    quote.report.tee_tcb_svn[0] = 2;
    assert_eq!(
        revoked(world.appraise_tdx(&quote)),
        (TcbComponent::TdxModule, TcbMoment::Launch)
    );
    let mut quote = world.tdx_quote(TdBody::Td15);
    quote.report.tee_tcb_svn_2[0] = 2;
    assert_eq!(
        revoked(world.appraise_tdx(&quote)),
        (TcbComponent::TdxModule, TcbMoment::Current)
    );
}

#[test]
fn an_outdated_quoting_enclave_or_module_makes_the_whole_outdated() {
    let world = World::tdx();
    let mut quote = world.tdx_quote(TdBody::Td10);
    quote.qe_report.isv_svn = 7;
    let appraisal = world.appraise_tdx(&quote).unwrap();
    assert_eq!(appraisal.status(), TcbStatus::OutOfDate);
    assert_eq!(appraisal.platform().status(), TcbStatus::UpToDate);
    assert_eq!(appraisal.qe().status(), TcbStatus::OutOfDate);
    assert_eq!(
        appraisal.tcb_date(),
        appraisal.qe().tcb_date(),
        "the oldest date counts"
    );
    let [short] = appraisal.shortfalls() else {
        panic!("{:?}", appraisal.shortfalls())
    };
    assert_eq!((&short.component, short.found), (&SvnComponent::Qe, 7));

    let mut quote = world.tdx_quote(TdBody::Td10);
    quote.report.tee_tcb_svn[0] = 3;
    let appraisal = world.appraise_tdx(&quote).unwrap();
    assert_eq!(appraisal.status(), TcbStatus::OutOfDate);
    assert_eq!(
        appraisal.module().map(ComponentVerdict::status),
        Some(TcbStatus::OutOfDate)
    );
    assert!(appraisal.advisories().contains("INTEL-SA-01036"));
}

#[test]
fn a_component_below_every_level_is_not_supported() {
    let world = World::tdx();
    let mut quote = world.tdx_quote(TdBody::Td10);
    quote.qe_report.isv_svn = 3;
    assert!(matches!(
        refusal(world.appraise_tdx(&quote)),
        AppraisalError::TcbNotSupported {
            component: TcbComponent::Qe,
            ..
        }
    ));
    let mut quote = world.tdx_quote(TdBody::Td10);
    quote.report.tee_tcb_svn[0] = 0;
    assert!(matches!(
        refusal(world.appraise_tdx(&quote)),
        AppraisalError::TcbNotSupported {
            component: TcbComponent::TdxModule,
            ..
        }
    ));
}

#[test]
fn tdx_components_from_the_third_on_count_when_the_module_has_a_version() {
    let world = World::tdx();
    let mut quote = world.tdx_quote(TdBody::Td10);
    quote.report.tee_tcb_svn[2] = 1;
    let appraisal = world.appraise_tdx(&quote).unwrap();
    assert_eq!(appraisal.status(), TcbStatus::OutOfDate);
    let [short] = appraisal.shortfalls() else {
        panic!("{:?}", appraisal.shortfalls())
    };
    assert!(matches!(short.component, SvnComponent::Tdx { number: 3, .. }));
    assert_eq!((short.found, short.needed), (1, 2));
}

#[test]
fn an_outdated_launch_on_an_updated_platform_is_advised_to_relaunch() {
    let world = World::tdx();
    let mut quote = world.tdx_quote(TdBody::Td15);
    quote.report.tee_tcb_svn[0] = 3;
    let appraisal = world.appraise_tdx(&quote).unwrap();
    assert_eq!(appraisal.status(), TcbStatus::TdRelaunchAdvised);
    assert_eq!(appraisal.launch_status(), TcbStatus::OutOfDate);
    assert_eq!(appraisal.current_status(), Some(TcbStatus::UpToDate));

    quote.report.tee_tcb_svn_2[0] = 3;
    assert_eq!(
        world.appraise_tdx(&quote).unwrap().status(),
        TcbStatus::OutOfDate,
        "nothing was updated"
    );

    let mut quote = world.tdx_quote(TdBody::Td15);
    quote.report.tee_tcb_svn_2[0] = 3;
    let appraisal = world.appraise_tdx(&quote).unwrap();
    assert_eq!(appraisal.status(), TcbStatus::UpToDate, "the launch counts");
    assert_eq!(
        appraisal.current_status(),
        Some(TcbStatus::OutOfDate),
        "and the present is told"
    );
}

#[test]
fn a_current_tcb_below_every_level_is_refused() {
    let world = World::tdx();
    let mut quote = world.tdx_quote(TdBody::Td15);
    quote.report.tee_tcb_svn_2[0] = 0;
    assert!(matches!(
        refusal(world.appraise_tdx(&quote)),
        AppraisalError::TcbNotSupported {
            component: TcbComponent::TdxModule,
            moment: TcbMoment::Current,
            ..
        }
    ));
}

#[test]
fn the_order_of_levels_in_a_document_does_not_matter() {
    let mut world = World::tdx();
    world.documents.tcb_info.tcb_levels.reverse();
    world.documents.qe_identity.tcb_levels.reverse();
    for identity in world.documents.tcb_info.tdx_module_identities.as_mut().unwrap() {
        identity.tcb_levels.reverse();
    }
    assert_eq!(
        world
            .appraise_tdx(&world.tdx_quote(TdBody::Td15))
            .unwrap()
            .status(),
        TcbStatus::UpToDate
    );
}

#[test]
fn raising_an_svn_never_worsens_the_status() {
    let world = World::sgx();
    let rank = |pce_svn: u64| {
        let mut quote = world.sgx_quote();
        quote.pck.pce_svn = pce_svn;
        match world.appraise_sgx(&quote) {
            Ok(appraisal) if appraisal.status().is_current() => 3,
            Ok(_) => 2,
            Err(Rejected::Appraisal(AppraisalError::TcbRevoked { .. })) => 1,
            Err(_) => 0,
        }
    };
    let ranks: Vec<u8> = (0..=14).map(rank).collect();
    assert!(ranks.is_sorted(), "{ranks:?}");
    assert_eq!((ranks[0], ranks[14]), (0, 3));
}

#[test]
fn an_svn_equal_to_a_levels_meets_it() {
    let mut world = World::sgx();
    world.documents.qe_identity.tcb_levels = vec![SvnLevel::new(8, "2024-11-13T00:00:00Z", "UpToDate", &[])];
    let mut quote = world.sgx_quote();
    quote.qe_report.isv_svn = 8;
    assert!(world.appraise_sgx(&quote).is_ok());
    quote.qe_report.isv_svn = 7;
    assert!(world.appraise_sgx(&quote).is_err());
}
