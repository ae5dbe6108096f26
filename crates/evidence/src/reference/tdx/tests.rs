//! One trust domain that has everything, and one change at a time.

use attestry_forge::amd::ProductLine;
use attestry_forge::quote::TdBody;
use serde_json::{Value, json};

use super::super::fixture::{NOW, file, forge, guest, parse};
use super::super::{ComplianceStatus, ReferenceValues};
use super::TdxGuest;
use crate::dcap::{QuoteBody, world::World};
use crate::tdx::{TdAttributes, TdReportBody};

/// The report of an appraised domain with what the file lists.
fn report() -> TdReportBody {
    let world = World::tdx();
    let appraisal = world.appraise_tdx(&world.tdx_quote(TdBody::Td10)).unwrap();
    let QuoteBody::Tdx(report) = appraisal.body() else {
        panic!("an enclave");
    };
    TdReportBody {
        mrtd: [0x11; 48],
        mrseam: [0x22; 48],
        mrsignerseam: [0; 48],
        mrconfigid: [0x44; 48],
        mrowner: [0x55; 48],
        mrownerconfig: [0x66; 48],
        tee_tcb_svn: [1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9],
        ..*report
    }
}

type Change = fn(&mut TdReportBody);

fn values() -> ReferenceValues {
    parse(&file(&guest(&forge(), ProductLine::Milan)))
}

fn outcome(
    values: &ReferenceValues,
    report: &TdReportBody,
    runtime_bound: bool,
) -> (Option<ComplianceStatus>, Vec<&'static str>) {
    let guest = TdxGuest {
        report,
        runtime_bound,
    };
    let matched = values.match_tdx(&guest, NOW);
    let missed = matched
        .comparisons()
        .iter()
        .flat_map(|comparison| comparison.missed().map(|field| field.field));
    (matched.compliance(), missed.collect())
}

#[test]
fn a_known_paravisor_with_runtime_data_makes_a_compliant_trust_domain() {
    let (values, report) = (values(), report());
    assert_eq!(
        outcome(&values, &report, true),
        (Some(ComplianceStatus::AzureCompliantCvm), Vec::new())
    );
    let guest = TdxGuest {
        report: &report,
        runtime_bound: true,
    };
    assert_eq!(
        json!(values.match_tdx(&guest, NOW).policy_facts()),
        json!({
            "x-attestry-reference-version": 7,
            "x-attestry-reference-current": true,
            "x-attestry-reference-matched": ["hcl-tdx"],
        })
    );
    assert_eq!(outcome(&values, &report, false), (None, vec!["report_data"]));
}

#[test]
fn every_field_that_is_compared_can_miss() {
    let cases: [(&str, Change); 10] = [
        ("td_attributes.debug", |report| report.td_attributes.0[0] |= 1),
        ("td_attributes.migratable", |report| {
            report.td_attributes.0[3] |= 1 << 5;
        }),
        ("mrtd", |report| report.mrtd[47] ^= 1),
        ("mrseam", |report| report.mrseam[0] ^= 1),
        ("mrsignerseam", |report| report.mrsignerseam[0] ^= 1),
        ("mrconfigid", |report| report.mrconfigid[0] ^= 1),
        ("mrowner", |report| report.mrowner[0] ^= 1),
        ("mrownerconfig", |report| report.mrownerconfig[0] ^= 1),
        ("tee_tcb_svn", |report| {
            report.tee_tcb_svn = [1, 3, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        }),
        ("tee_tcb_svn", |report| report.tee_tcb_svn[0] = 0),
    ];
    let values = values();
    for (field, change) in cases {
        let mut report = report();
        change(&mut report);
        assert_eq!(outcome(&values, &report, true), (None, vec![field]));
    }
}

#[test]
fn what_an_entry_leaves_out_may_be_anything() {
    let mut file: Value = file(&guest(&forge(), ProductLine::Milan));
    file["hcl"]["tdx"][0] = json!({ "name": "hcl-tdx", "mrtd": "11".repeat(48) });
    let report = TdReportBody {
        mrtd: [0x11; 48],
        td_attributes: TdAttributes([0; 8]),
        ..report()
    };
    let other = TdReportBody {
        mrseam: [9; 48],
        mrconfigid: [9; 48],
        tee_tcb_svn: [0; 16],
        ..report
    };
    assert_eq!(
        outcome(&parse(&file), &other, true),
        (Some(ComplianceStatus::AzureCompliantCvm), Vec::new())
    );
}
