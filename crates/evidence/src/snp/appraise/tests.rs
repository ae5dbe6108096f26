mod signature;

use attestry_forge::amd::{Processor, ProductLine, SnpEvidence, Tcb};

use super::*;
use crate::snp::world::{DAY, NOW, World, code};

/// A change of evidence, a code for its refusal.
type Change = fn(&mut SnpEvidence);

fn refusal(mut world: World, change: impl FnOnce(&mut SnpEvidence)) -> SnpError {
    change(&mut world.evidence);
    world.refusal()
}

/// Version 1 lacks what came later.
fn version_1(evidence: &mut SnpEvidence) {
    let report = &mut evidence.report;
    report.use_version(1, evidence.vek.line.processor());
    (report.committed_tcb, report.launch_tcb) = (0, 0);
    (report.current_build, report.current_minor, report.current_major) = (0, 0, 0);
    (
        report.committed_build,
        report.committed_minor,
        report.committed_major,
    ) = (0, 0, 0);
}

#[test]
fn good_evidence_of_every_line_version_and_key_is_genuine() {
    for line in ProductLine::ALL {
        for (mut world, key) in [
            (World::of(line), SigningKey::Vcek),
            (World::vlek(line), SigningKey::Vlek),
        ] {
            for version in [5, 4, 3, 2, 1] {
                world.evidence.report.use_version(version, line.processor());
                if version == 1 {
                    version_1(&mut world.evidence);
                    assert_eq!(code(&world.refusal()), "snp_report_version");
                    world.settings.report_versions = vec![1];
                }
                let appraisal = world.appraise().unwrap();
                assert_eq!(appraisal.product().name(), line.name(), "version {version}");
                assert_eq!(appraisal.signing_key(), key);
                assert_eq!(
                    appraisal.csp_id(),
                    (key == SigningKey::Vlek).then_some("forged-csp")
                );
                assert_eq!(appraisal.body().version, version);
            }
        }
    }
}

#[test]
fn every_processor_is_certified_by_its_line() {
    for (processor, product) in [
        (Processor::Milan, Product::Milan),
        (Processor::Genoa, Product::Genoa),
        (Processor::Bergamo, Product::Genoa),
        (Processor::Siena, Product::Genoa),
        (Processor::Turin, Product::Turin),
    ] {
        let mut world = World::of(processor.line());
        world.evidence = world.forge.snp_evidence_of(processor);
        assert_eq!(world.appraise().unwrap().product(), product);
    }
    assert_eq!(World::venice().appraise().unwrap().product(), Product::Venice);
}

/// Whatever a policy may want to decide is told and not judged.
#[test]
fn what_a_policy_decides_is_no_reason_to_refuse() {
    let changes: [Change; 7] = [
        |evidence| evidence.report.set_debug(true),
        |evidence| evidence.report.policy |= 1 << 18,
        |evidence| evidence.report.vmpl = 3,
        |evidence| evidence.report.vmpl = u32::MAX,
        |evidence| evidence.report.platform_info = 1 << 6,
        |evidence| evidence.report.guest_svn = 0,
        |evidence| evidence.report.launch_tcb = evidence.report.current_tcb + 1,
    ];
    for change in changes {
        let mut world = World::milan();
        change(&mut world.evidence);
        world.appraise().unwrap();
    }
}

// Report and certificate.

#[test]
fn a_report_and_its_certificate_are_of_one_kind() {
    let error = refusal(World::vlek(ProductLine::Milan), |evidence| {
        evidence
            .report
            .use_signing_key(attestry_forge::amd::VekKind::Vcek);
    });
    assert_eq!(
        error,
        SnpError::OtherKey {
            stated: SigningKey::Vcek,
            found: SigningKey::Vlek
        }
    );
    assert_eq!(code(&error), "vek_other_key");
    let error = refusal(World::milan(), |evidence| {
        evidence
            .report
            .use_signing_key(attestry_forge::amd::VekKind::Vlek);
    });
    assert_eq!(
        error,
        SnpError::OtherKey {
            stated: SigningKey::Vlek,
            found: SigningKey::Vcek
        }
    );
}

#[test]
fn the_processor_is_of_the_line_that_vouches_for_it() {
    for (line, others) in [
        (
            ProductLine::Milan,
            vec![
                Processor::Genoa,
                Processor::Bergamo,
                Processor::Turin,
                Processor::Venice,
            ],
        ),
        (ProductLine::Genoa, vec![Processor::Milan, Processor::Turin]),
        (ProductLine::Turin, vec![Processor::Siena, Processor::Venice]),
    ] {
        for other in others {
            let error = refusal(World::of(line), |evidence| {
                evidence.report.use_version(3, other);
            });
            assert!(
                matches!(&error, SnpError::OtherProduct { found, .. } if found.starts_with(line.name())),
                "{other:?}: {error:?}"
            );
            assert_eq!(code(&error), "vek_other_product");
        }
    }
}

#[test]
fn the_key_was_derived_for_the_reported_tcb() {
    for line in ProductLine::ALL {
        let certified = line.default_tcb();
        let places = [
            ("fmc", Tcb { fmc: 9, ..certified }),
            (
                "bootloader",
                Tcb {
                    bootloader: 9,
                    ..certified
                },
            ),
            ("tee", Tcb { tee: 9, ..certified }),
            ("snp", Tcb { snp: 9, ..certified }),
            (
                "microcode",
                Tcb {
                    microcode: 9,
                    ..certified
                },
            ),
        ];
        for (name, other) in places {
            if name == "fmc" && !line.has_fmc() {
                continue;
            }
            let error = refusal(World::of(line), |evidence| evidence.report.use_tcb(other, line));
            assert!(
                matches!(error, SnpError::TcbMismatch { component, report: 9, .. } if component == name),
                "{line:?} {name}: {error:?}"
            );
            assert_eq!(code(&error), "snp_tcb_mismatch");
        }
    }
}

/// The eight bytes bear no tag: those of one line mean something else on another.
#[test]
fn a_tcb_in_the_layout_of_another_line_is_refused() {
    for (line, other) in [
        (ProductLine::Milan, ProductLine::Turin),
        (ProductLine::Turin, ProductLine::Milan),
    ] {
        let error = refusal(World::of(line), |evidence| {
            evidence.report.use_tcb(line.default_tcb(), other);
        });
        assert_eq!(code(&error), "snp_tcb_reserved", "{line:?}");
    }
}

#[test]
fn reserved_bytes_of_all_four_versions_are_zero() {
    type Field = fn(&mut SnpEvidence) -> &mut u64;
    let fields: [(&str, Field); 4] = [
        ("reported_tcb", |evidence| &mut evidence.report.reported_tcb),
        ("committed_tcb", |evidence| &mut evidence.report.committed_tcb),
        ("current_tcb", |evidence| &mut evidence.report.current_tcb),
        ("launch_tcb", |evidence| &mut evidence.report.launch_tcb),
    ];
    for line in ProductLine::ALL {
        let reserved = if line.has_fmc() { 4..7 } else { 2..6 };
        for (name, field) in fields {
            for byte in reserved.clone() {
                let error = refusal(World::of(line), |evidence| {
                    *field(evidence) |= 1 << (byte * 8);
                });
                assert_eq!(error, SnpError::TcbReserved { field: name }, "{line:?} {byte}");
                assert_eq!(code(&error), "snp_tcb_reserved");
            }
        }
    }
}

#[test]
fn the_certificate_is_that_of_the_chip() {
    for line in ProductLine::ALL {
        for at in 0..64 {
            let error = refusal(World::of(line), |evidence| evidence.report.chip_id[at] ^= 0x80);
            assert_eq!(error, SnpError::ChipIdMismatch, "{line:?} byte {at}");
            assert_eq!(code(&error), "snp_chip_id_mismatch");
        }
    }
}

#[test]
fn the_vcek_of_another_chip_is_refused() {
    for line in ProductLine::ALL {
        let mut world = World::of(line);
        let other = vec![0x77; line.hw_id_size()];
        world.evidence.vek =
            attestry_forge::amd::VekSpec::vcek(&world.forge, line, &other, line.default_tcb());
        assert_eq!(code(&world.refusal()), "snp_chip_id_mismatch");
        // The other chip cannot sign for this one either.
        let mut hers = World::of(line);
        hers.evidence.report_signer = Some(world.evidence.vek.key.clone());
        assert_eq!(code(&hers.refusal()), "snp_signature");
    }
}

#[test]
fn a_masked_chip_id_needs_the_setting() {
    for line in ProductLine::ALL {
        let mut world = World::of(line);
        world.evidence.report.chip_id = [0; 64];
        let error = world.refusal();
        assert_eq!(error, SnpError::ChipIdMasked);
        assert_eq!(code(&error), "snp_chip_id_masked");
        world.settings.allow_masked_chip_id = true;
        world.appraise().unwrap();
        // What is not masked is compared all the same, and so is the TCB.
        world.evidence.report.chip_id[0] = 1;
        assert_eq!(code(&world.refusal()), "snp_chip_id_mismatch");
        world.evidence.report.chip_id = [0; 64];
        world.evidence.report.reported_tcb -= 1;
        assert_eq!(code(&world.refusal()), "snp_tcb_mismatch");
    }
}

#[test]
fn a_report_signed_by_a_providers_key_names_no_chip() {
    let mut world = World::vlek(ProductLine::Milan);
    world.settings.allow_masked_chip_id = true;
    world.evidence.report.chip_id[63] = 1;
    let error = world.refusal();
    assert_eq!(error, SnpError::ChipIdUnexpected);
    assert_eq!(code(&error), "snp_chip_id_unexpected");
}

#[test]
fn only_listed_providers_are_accepted_once_there_is_a_list() {
    let mut world = World::vlek(ProductLine::Genoa);
    world.settings.accepted_csp_ids = vec!["another".to_owned(), "forged-csp".to_owned()];
    world.appraise().unwrap();
    world.settings.accepted_csp_ids.pop();
    let error = world.refusal();
    assert_eq!(
        error,
        SnpError::UnknownCsp {
            found: "forged-csp".to_owned()
        }
    );
    assert_eq!(code(&error), "vek_unknown_csp");
    world.settings.accepted_csp_ids = vec!["FORGED-CSP".to_owned(), "forged".to_owned()];
    assert_eq!(code(&world.refusal()), "vek_unknown_csp");
    let mut chip = World::of(ProductLine::Genoa);
    chip.settings.accepted_csp_ids = vec!["another".to_owned()];
    chip.appraise().unwrap();
}

// The order of the versions.

#[test]
fn less_may_be_reported_than_committed_and_committed_than_running() {
    for line in ProductLine::ALL {
        let mut world = World::of(line);
        let of = |microcode, snp| {
            Tcb {
                microcode,
                snp,
                ..line.default_tcb()
            }
            .raw(line)
        };
        world.evidence.use_tcb(
            &world.forge,
            Tcb {
                microcode: 10,
                snp: 3,
                ..line.default_tcb()
            },
        );
        world.evidence.report.committed_tcb = of(11, 3);
        world.evidence.report.current_tcb = of(200, 4);
        world.appraise().unwrap();
    }
}

#[test]
fn nothing_is_reported_beyond_what_is_committed_or_committed_beyond_what_runs() {
    for line in ProductLine::ALL {
        let high = Tcb {
            fmc: if line.has_fmc() { 5 } else { 0 },
            bootloader: 5,
            tee: 5,
            snp: 5,
            microcode: 5,
        };
        let lower = [
            ("fmc", Tcb { fmc: 4, ..high }),
            (
                "bootloader",
                Tcb {
                    bootloader: 4,
                    ..high
                },
            ),
            ("tee", Tcb { tee: 4, ..high }),
            ("snp", Tcb { snp: 4, ..high }),
            ("microcode", Tcb { microcode: 4, ..high }),
        ];
        for (name, low) in lower {
            if name == "fmc" && !line.has_fmc() {
                continue;
            }
            let mut world = World::of(line);
            world.evidence.use_tcb(&world.forge, high);
            world.evidence.report.committed_tcb = low.raw(line);
            let error = world.refusal();
            assert_eq!(
                error,
                SnpError::TcbOrder {
                    component: name,
                    above: "reported_tcb",
                    found: 5,
                    below: "committed_tcb",
                    limit: 4
                }
            );
            assert_eq!(code(&error), "snp_tcb_order");
            world.evidence.report.committed_tcb = high.raw(line);
            world.evidence.report.current_tcb = low.raw(line);
            let error = world.refusal();
            assert_eq!(
                error,
                SnpError::TcbOrder {
                    component: name,
                    above: "committed_tcb",
                    found: 5,
                    below: "current_tcb",
                    limit: 4
                }
            );
        }
    }
}

/// Version 1 has no committed version: what is reported is bound by what runs.
#[test]
fn a_report_of_version_1_reports_no_more_than_what_runs() {
    let mut world = World::milan();
    version_1(&mut world.evidence);
    world.settings.report_versions = vec![1];
    world.evidence.report.current_tcb += 1;
    world.appraise().unwrap();
    world.evidence.report.current_tcb -= 2;
    let error = world.refusal();
    assert!(
        matches!(
            error,
            SnpError::TcbOrder {
                above: "reported_tcb",
                below: "current_tcb",
                component: "bootloader",
                ..
            }
        ),
        "{error:?}"
    );
}

// Validity.

#[test]
fn an_expired_vek_counts_as_long_as_the_setting_grants_and_with_a_warning() {
    let mut world = World::milan();
    world.evidence.vek.not_after = NOW - DAY;
    assert_eq!(code(&world.refusal()), "vek_expired");
    world.settings.vek_grace_seconds = 86_400;
    let appraisal = world.appraise().unwrap();
    let not_after = UnixTime::new(NOW - DAY);
    assert!(appraisal.warnings().contains(&Warning::ExpiredVek { not_after }));
    world.settings.vek_grace_seconds = 86_399;
    assert_eq!(code(&world.refusal()), "vek_expired");
    world.evidence.vek.not_after = NOW;
    let appraisal = world.appraise().unwrap();
    let expired = |warning: &Warning| matches!(warning, Warning::ExpiredVek { .. });
    assert!(!appraisal.warnings().iter().any(expired));
}

#[test]
fn a_vek_of_the_future_is_refused() {
    let mut world = World::milan();
    world.evidence.vek.not_before = NOW + DAY;
    assert_eq!(code(&world.refusal()), "vek_not_yet_valid");
}

#[test]
fn versions_of_the_platform_are_told() {
    let mut world = World::of(ProductLine::Turin);
    let of = |microcode| Tcb {
        microcode,
        ..ProductLine::Turin.default_tcb()
    };
    world.evidence.use_tcb(&world.forge, of(10));
    let report = &mut world.evidence.report;
    report.committed_tcb = of(11).raw(ProductLine::Turin);
    report.current_tcb = of(12).raw(ProductLine::Turin);
    report.launch_tcb = of(9).raw(ProductLine::Turin);
    let appraisal = world.appraise().unwrap();
    let told = [
        appraisal.reported_tcb(),
        appraisal.committed_tcb(),
        appraisal.current_tcb(),
        appraisal.launch_tcb(),
    ];
    assert_eq!(told.map(|tcb| tcb.microcode), [10, 11, 12, 9]);
    assert!(told.iter().all(|tcb| tcb.fmc == Some(1)));
}
