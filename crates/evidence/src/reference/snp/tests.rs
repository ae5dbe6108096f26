//! One guest that has everything, and one change at a time.

use attestry_forge::amd::{ProductLine, SnpEvidence};
use serde_json::{Value, json};

use super::super::fixture::{ISSUER, NOW, appraised, file, forge, guest, parse};
use super::super::{ComplianceStatus, ReferenceValues, Standing};
use super::{Endorsement, SnpGuest, endorsement_facts};
use crate::hex;
use crate::snp::Appraisal;

const CVM: Option<ComplianceStatus> = Some(ComplianceStatus::AzureCompliantCvm);
const UVM: Option<ComplianceStatus> = Some(ComplianceStatus::AzureCompliantUvm);

/// What became of a guest with bound runtime data: its status, and every field that missed.
fn outcome(values: &ReferenceValues, appraisal: &Appraisal) -> (Option<ComplianceStatus>, Vec<String>) {
    judged(values, appraisal, true, &[])
}

fn judged(
    values: &ReferenceValues,
    appraisal: &Appraisal,
    runtime_bound: bool,
    endorsements: &[Endorsement<'_>],
) -> (Option<ComplianceStatus>, Vec<String>) {
    let guest = SnpGuest {
        appraisal,
        runtime_bound,
        endorsements,
    };
    let matched = values.match_snp(&guest, NOW);
    let missed = matched
        .comparisons()
        .iter()
        .filter(|comparison| comparison.section != "uvm")
        .flat_map(|comparison| {
            let section = comparison.section;
            comparison
                .missed()
                .map(move |field| format!("{section}.{}", field.field))
        });
    (matched.compliance(), missed.collect())
}

/// A guest of that line and values made for it.
fn world(line: ProductLine) -> (SnpEvidence, Value) {
    let evidence = guest(&forge(), line);
    let mut file = file(&evidence);
    if line != ProductLine::Milan {
        file["chips"]["allow"] = json!({});
    }
    (evidence, file)
}

#[test]
fn a_known_paravisor_with_runtime_data_makes_a_compliant_virtual_machine() {
    let (evidence, file) = world(ProductLine::Milan);
    let appraisal = appraised(&forge(), &evidence);
    let guest = SnpGuest {
        appraisal: &appraisal,
        runtime_bound: true,
        endorsements: &[],
    };
    let values = parse(&file);
    let matched = values.match_snp(&guest, NOW);
    assert_eq!(matched.compliance(), CVM);
    assert_eq!(matched.standing(), Standing::Current);
    assert_eq!(matched.matched().collect::<Vec<_>>(), ["hcl-snp"]);
    assert_eq!(
        json!(matched.token_claims()),
        json!({ "x-ms-compliance-status": "azure-compliant-cvm" })
    );
    assert_eq!(
        json!(matched.policy_facts()),
        json!({
            "x-attestry-reference-version": 7,
            "x-attestry-reference-current": true,
            "x-attestry-reference-matched": ["hcl-snp"],
            "x-attestry-snp-product-refused": false,
            "x-attestry-snp-tcb-floor-met": true,
            "x-attestry-snp-chip-listed": true,
            "x-attestry-snp-chip-denied": false,
        })
    );
    assert_eq!(matched.warning(), None);
}

#[test]
fn without_runtime_data_nothing_is_compliant() {
    let (evidence, file) = world(ProductLine::Milan);
    let appraisal = appraised(&forge(), &evidence);
    let (status, missed) = judged(&parse(&file), &appraisal, false, &[]);
    assert_eq!((status, missed), (None, vec!["guest.report_data".to_owned()]));
}

#[test]
fn every_field_of_the_report_that_is_compared_can_miss() {
    let bytes = |length| "99".repeat(length);
    let cases: &[(&str, String, &str)] = &[
        ("report.vmpl", "1".to_owned(), "guest.vmpl"),
        ("report.policy.debug", "true".to_owned(), "guest.policy.debug"),
        (
            "report.policy.migrate_ma",
            "true".to_owned(),
            "guest.policy.migration",
        ),
        ("report.id_key_digest", bytes(48), "hcl.id_key_digest"),
        ("report.author_key_digest", bytes(48), "hcl.author_key_digest"),
        ("report.measurement", bytes(48), "hcl.measurement"),
        ("report.family_id", bytes(16), "hcl.family_id"),
        ("report.image_id", bytes(16), "hcl.image_id"),
        ("report.guest_svn", "10".to_owned(), "hcl.guest_svn"),
    ];
    let (evidence, file) = world(ProductLine::Milan);
    let values = parse(&file);
    for (field, value, missed) in cases {
        let mut evidence = evidence.clone();
        evidence.set(field, value).unwrap();
        let outcome = outcome(&values, &appraised(&forge(), &evidence));
        assert_eq!(outcome, (None, vec![(*missed).to_owned()]), "{field}");
    }
}

#[test]
fn every_component_of_a_floor_can_miss() {
    let members = [
        ("fmc", json!(2)),
        ("bootloader", json!(2)),
        ("tee", json!(2)),
        ("snp", json!(5)),
        ("microcode", json!(82)),
    ];
    let (mut evidence, mut file) = world(ProductLine::Turin);
    evidence.report.version = 5;
    evidence.report.launch_mit_vector = 0x3f;
    evidence.report.current_mit_vector = 0x3f;
    let appraisal = appraised(&forge(), &evidence);
    assert_eq!(outcome(&parse(&file), &appraisal), (CVM, Vec::new()));
    let floor = file["tcb_floors"]["Turin"].clone();
    for (member, above) in members {
        file["tcb_floors"]["Turin"][member] = above;
        let missed = vec![format!("tcb_floors.{member}")];
        assert_eq!(outcome(&parse(&file), &appraisal), (None, missed));
        file["tcb_floors"]["Turin"] = floor.clone();
    }
}

#[test]
fn mitigations_count_at_launch_and_now() {
    let (mut evidence, file) = world(ProductLine::Turin);
    let values = parse(&file);
    evidence.report.version = 5;
    let cases = [
        (0x0b, 0x0b, Vec::new()),
        (0x03, 0x0b, vec!["tcb_floors.launch_mitigations"]),
        (0x0b, 0x08, vec!["tcb_floors.current_mitigations"]),
    ];
    for (launch, current, missed) in cases {
        evidence.report.launch_mit_vector = launch;
        evidence.report.current_mit_vector = current;
        assert_eq!(outcome(&values, &appraised(&forge(), &evidence)).1, missed);
    }
    evidence.report.version = 3;
    evidence.report.launch_mit_vector = 0;
    evidence.report.current_mit_vector = 0;
    assert_eq!(outcome(&values, &appraised(&forge(), &evidence)).1.len(), 2);
}

#[test]
fn the_alias_check_can_be_demanded() {
    let (mut evidence, mut file) = world(ProductLine::Genoa);
    file["tcb_floors"]["Genoa"] = json!({ "alias_check": true });
    let values = parse(&file);
    assert_eq!(outcome(&values, &appraised(&forge(), &evidence)).0, CVM);
    evidence.report.platform_info &= !(1 << 5);
    let missed = vec!["tcb_floors.alias_check".to_owned()];
    assert_eq!(outcome(&values, &appraised(&forge(), &evidence)), (None, missed));
}

#[test]
fn a_line_without_a_floor_meets_none_and_needs_none() {
    let (evidence, file) = world(ProductLine::Genoa);
    let appraisal = appraised(&forge(), &evidence);
    let values = parse(&file);
    let guest = SnpGuest {
        appraisal: &appraisal,
        runtime_bound: true,
        endorsements: &[],
    };
    let matched = values.match_snp(&guest, NOW);
    assert_eq!(matched.compliance(), CVM);
    assert!(
        !matched
            .policy_facts()
            .contains_key("x-attestry-snp-tcb-floor-met")
    );
}

#[test]
fn a_line_can_be_refused() {
    let (evidence, mut file) = world(ProductLine::Milan);
    let appraisal = appraised(&forge(), &evidence);
    file["refused_products"] = json!(["Milan"]);
    let missed = vec!["refused_products.product".to_owned()];
    assert_eq!(outcome(&parse(&file), &appraisal), (None, missed));
}

#[test]
fn a_paravisor_can_be_known_for_some_lines_only() {
    let (evidence, mut file) = world(ProductLine::Milan);
    let appraisal = appraised(&forge(), &evidence);
    file["hcl"]["snp"][0]["products"] = json!(["Turin"]);
    let missed = vec!["hcl.product".to_owned()];
    assert_eq!(outcome(&parse(&file), &appraisal), (None, missed));
    file["hcl"]["snp"][0].as_object_mut().unwrap().remove("products");
    assert_eq!(outcome(&parse(&file), &appraisal).0, CVM);
}

#[test]
fn a_chip_must_be_on_the_list_of_its_line_and_not_on_the_other() {
    let (evidence, mut file) = world(ProductLine::Milan);
    let appraisal = appraised(&forge(), &evidence);
    let own = hex::encode(&evidence.report.chip_id);
    let cases = [
        (json!({}), json!({}), None, None, true),
        (json!({ "Turin": [] }), json!({ "Milan": [] }), None, None, true),
        (json!({ "Milan": [] }), json!({}), Some(false), None, false),
        (
            json!({ "Milan": ["ab".repeat(64)] }),
            json!({}),
            Some(false),
            None,
            false,
        ),
        (
            json!({ "Milan": ["ab".repeat(64), own] }),
            json!({}),
            Some(true),
            None,
            true,
        ),
        (
            json!({}),
            json!({ "Milan": ["ab".repeat(64)] }),
            None,
            Some(false),
            true,
        ),
        (json!({}), json!({ "Milan": [own] }), None, Some(true), false),
        (
            json!({ "Milan": [own] }),
            json!({ "Milan": [own] }),
            Some(true),
            Some(true),
            false,
        ),
    ];
    for (allow, deny, listed, denied, compliant) in cases {
        file["chips"] = json!({ "allow": allow, "deny": deny });
        let values = parse(&file);
        let guest = SnpGuest {
            appraisal: &appraisal,
            runtime_bound: true,
            endorsements: &[],
        };
        let matched = values.match_snp(&guest, NOW);
        assert_eq!(matched.compliance().is_some(), compliant, "{}", file["chips"]);
        let facts = matched.policy_facts();
        let fact = |name: &str| facts.get(name).and_then(Value::as_bool);
        assert_eq!(fact("x-attestry-snp-chip-listed"), listed, "{}", file["chips"]);
        assert_eq!(fact("x-attestry-snp-chip-denied"), denied, "{}", file["chips"]);
    }
}

#[test]
fn a_short_chip_id_is_compared_with_its_zeros() {
    let (mut evidence, mut file) = world(ProductLine::Turin);
    evidence.report.version = 5;
    evidence.report.launch_mit_vector = 0x3f;
    evidence.report.current_mit_vector = 0x3f;
    let appraisal = appraised(&forge(), &evidence);
    let own = hex::encode(&evidence.report.chip_id[..8]);
    file["chips"] = json!({ "deny": { "Turin": [own] } });
    assert_eq!(outcome(&parse(&file), &appraisal).1, ["chips.deny.chip_id"]);
}

#[test]
fn a_masked_chip_is_on_no_list_and_may_be_one_that_is_denied() {
    let (mut evidence, mut file) = world(ProductLine::Milan);
    evidence.use_vlek(&forge(), "cloud.example", ProductLine::Milan.default_tcb());
    let appraisal = appraised(&forge(), &evidence);
    file["chips"] = json!({ "allow": { "Milan": ["ab".repeat(64)] } });
    assert_eq!(outcome(&parse(&file), &appraisal).1, ["chips.allow.chip_id"]);
    file["chips"] = json!({ "deny": { "Milan": ["ab".repeat(64)] } });
    let values = parse(&file);
    assert_eq!(outcome(&values, &appraisal).1, ["chips.deny.chip_id"]);
    let guest = SnpGuest {
        appraisal: &appraisal,
        runtime_bound: true,
        endorsements: &[],
    };
    let facts = values.match_snp(&guest, NOW).policy_facts();
    assert!(!facts.contains_key("x-attestry-snp-chip-denied"));
    file["chips"] = json!({});
    assert_eq!(outcome(&parse(&file), &appraisal), (CVM, Vec::new()));
}

#[test]
fn an_endorsed_utility_vm_has_the_status_of_its_issuer() {
    let (evidence, mut file) = world(ProductLine::Milan);
    file["hcl"] = json!({});
    let appraisal = appraised(&forge(), &evidence);
    let good = Endorsement {
        issuer: ISSUER,
        feed: "ContainerPlat-AMD-UVM",
        svn: 100,
        measurement: &evidence.report.measurement,
    };
    let values = parse(&file);
    let status = |endorsements: &[Endorsement<'_>]| judged(&values, &appraisal, false, endorsements).0;
    assert_eq!(status(&[good]), UVM);
    let wrong = [
        Endorsement {
            issuer: "did:x509:0:sha256:other::eku:1.2.3",
            ..good
        },
        Endorsement {
            feed: "ConfAKS-AMD-UVM",
            ..good
        },
        Endorsement { svn: 99, ..good },
        Endorsement {
            measurement: &[7; 48],
            ..good
        },
    ];
    for endorsement in wrong {
        assert_eq!(status(&[endorsement]), None, "{endorsement:?}");
    }
    assert_eq!(status(&wrong), None);
    assert_eq!(status(&[wrong[0], good]), UVM);
    assert_eq!(status(&[]), None);

    file["uvm"][0]["status"] = json!("azure-signed-katacc-uvm");
    let (katacc, _) = judged(&parse(&file), &appraisal, false, &[good]);
    assert_eq!(katacc, Some(ComplianceStatus::AzureSignedKataccUvm));
}

#[test]
fn an_endorsement_makes_up_for_no_weak_platform() {
    let (evidence, mut file) = world(ProductLine::Milan);
    file["hcl"] = json!({});
    file["tcb_floors"]["Milan"]["snp"] = json!(25);
    let appraisal = appraised(&forge(), &evidence);
    let good = Endorsement {
        issuer: ISSUER,
        feed: "ContainerPlat-AMD-UVM",
        svn: 100,
        measurement: &evidence.report.measurement,
    };
    let (status, missed) = judged(&parse(&file), &appraisal, true, &[good]);
    assert_eq!((status, missed), (None, vec!["tcb_floors.snp".to_owned()]));
}

#[test]
fn of_several_paravisors_one_is_enough() {
    let (evidence, mut file) = world(ProductLine::Milan);
    let other = json!({ "name": "other", "measurement": "11".repeat(48) });
    file["hcl"]["snp"].as_array_mut().unwrap().insert(0, other);
    let (status, missed) = outcome(&parse(&file), &appraised(&forge(), &evidence));
    assert_eq!((status, missed), (CVM, vec!["hcl.measurement".to_owned()]));
}

#[test]
fn the_endorsement_of_the_measurement_is_told_to_policies() {
    let (evidence, _) = world(ProductLine::Milan);
    let appraisal = appraised(&forge(), &evidence);
    let good = Endorsement {
        issuer: ISSUER,
        feed: "ContainerPlat-AMD-UVM",
        svn: 104,
        measurement: &evidence.report.measurement,
    };
    let other = Endorsement {
        svn: 999,
        measurement: &[7; 48],
        ..good
    };
    assert_eq!(
        json!(endorsement_facts(appraisal.body(), &[other, good])),
        json!({
            "x-attestry-uvm-issuer": ISSUER,
            "x-attestry-uvm-feed": "ContainerPlat-AMD-UVM",
            "x-attestry-uvm-svn": 104,
        })
    );
    assert!(endorsement_facts(appraisal.body(), &[other]).is_empty());
}
