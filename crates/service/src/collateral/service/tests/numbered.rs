//! Editions that are asked for by their TCB evaluation data number.

use super::*;

#[tokio::test]
async fn numbers_that_nobody_offers_leave_nothing_behind() {
    let world = World::new();
    world.publish(Edition::Standard, &world.spec(STANDARD));
    let service = world
        .service(world.options(vec![world.directory_source()]), NOW)
        .await;
    for number in 100..200 {
        let baseline = Baseline::Number(number);
        let error = service.obtain(&world.pck(), Tee::Sgx, &baseline, NOW).await;
        assert_eq!(
            error.unwrap_err(),
            CollateralUnavailable::BaselineNotOffered { baseline }
        );
    }
    assert_eq!(service.status(NOW).keys.len(), 1, "the standard edition");
}

#[tokio::test]
async fn wrong_documents_for_ever_new_numbers_are_counted_together() {
    let world = World::new();
    world.publish(Edition::Standard, &world.spec(STANDARD));
    let service = world
        .service(world.options(vec![world.directory_source()]), NOW)
        .await;
    for number in 100..110 {
        world.publish(Edition::Number(number), &world.spec(STANDARD));
        let baseline = Baseline::Number(number);
        let refused = service.obtain(&world.pck(), Tee::Sgx, &baseline, NOW).await;
        assert!(refused.is_err());
    }
    let text = service.0.metrics.render();
    let alarms = text
        .lines()
        .filter(|line| line.starts_with("attestry_collateral_alarms_total{"));
    assert_eq!(alarms.count(), 1, "{text}");
}

#[tokio::test]
async fn numbered_editions_beyond_the_limit_are_refused() {
    let world = World::new();
    world.publish(Edition::Standard, &world.spec(STANDARD));
    for edition in 1..=9 {
        world.publish(Edition::Number(edition), &world.spec(edition.into()));
    }
    let service = world
        .service(world.options(vec![world.directory_source()]), NOW)
        .await;
    let pck = world.pck();
    for edition in 1..=8 {
        let obtained = service
            .obtain(&pck, Tee::Sgx, &Baseline::Number(edition), NOW)
            .await;
        assert_eq!(obtained.unwrap().evaluation_number(), edition);
    }
    let refused = service.obtain(&pck, Tee::Sgx, &Baseline::Number(9), NOW).await;
    assert_eq!(
        refused.unwrap_err(),
        CollateralUnavailable::TooManyEditions { limit: 8 }
    );
    let import = service.import(
        Tee::Sgx,
        Edition::Number(9),
        documents(&world.spec(9)),
        "operator",
        NOW,
    );
    assert!(matches!(
        import.await,
        Err(ImportError::TooManyEditions { limit: 8 })
    ));
}

#[tokio::test]
async fn numbers_that_were_taken_for_one_platform_bind_all() {
    type Change = fn(&mut CollateralSpec);
    let cases: [(Edition, Change, &str); 5] = [
        (
            Edition::Standard,
            |spec| spec.pck_crl.set_number(CRL_NUMBER - 1),
            "pck_crl.crlNumber",
        ),
        (
            Edition::Number(number(STANDARD)),
            |spec| spec.root_crl.set_number(CRL_NUMBER - 1),
            "root_ca_crl.crlNumber",
        ),
        (
            Edition::Standard,
            |spec| spec.tcb_info.tcb_evaluation_data_number = STANDARD - 1,
            "tcb_info.tcbEvaluationDataNumber",
        ),
        (
            Edition::Standard,
            |spec| spec.qe_identity.tcb_evaluation_data_number = STANDARD - 1,
            "qe_identity.tcbEvaluationDataNumber",
        ),
        // What will be enforced is not older than what is.
        (
            Edition::Early,
            |spec| spec.tcb_info.tcb_evaluation_data_number = STANDARD - 1,
            "tcb_info.tcbEvaluationDataNumber",
        ),
    ];
    for (edition, older, field) in cases {
        let world = World::new();
        let service = world.service(world.options(vec![]), NOW).await;
        let first = documents(&world.spec(STANDARD));
        service
            .import(Tee::Sgx, Edition::Standard, first, "operator", NOW)
            .await
            .unwrap();
        let offered = of_another_platform(&world, older);
        let refused = service.import(Tee::Sgx, edition, offered, "operator", NOW).await;
        assert!(
            matches!(&refused, Err(ImportError::Regressed { regression, .. }) if regression.field == field),
            "{field}: {refused:?}"
        );
        let offered = of_another_platform(&world, |_| ());
        service
            .import(Tee::Sgx, edition, offered, "operator", NOW)
            .await
            .unwrap();
    }
}
