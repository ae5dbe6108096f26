use attestry_forge::amd::{ProductLine, Tcb};
use serde_json::Value;

use super::*;
use crate::snp::world::World;

/// A guest each of whose fields is told from every other, on a line.
fn guest(line: ProductLine) -> World {
    let mut world = World::of(line);
    let tcb = Tcb {
        fmc: if line.has_fmc() { 5 } else { 0 },
        bootloader: 1,
        tee: 2,
        snp: 3,
        microcode: 200,
    };
    world.evidence.use_tcb(&world.forge, tcb);
    let report = &mut world.evidence.report;
    report.use_version(5, line.processor());
    report.guest_svn = 11;
    report.vmpl = 2;
    report.family_id = [0x11; 16];
    report.image_id = [0x22; 16];
    report.report_data = [0x33; 64];
    report.measurement = [0x44; 48];
    report.host_data = [0x55; 32];
    report.id_key_digest = [0x66; 48];
    report.author_key_digest = [0x77; 48];
    report.report_id = [0x88; 32];
    report.report_id_ma = [0x99; 32];
    report.key_info |= 1;
    report.platform_info = 0b1010_0101;
    (report.current_build, report.current_minor, report.current_major) = (7, 55, 1);
    (
        report.committed_build,
        report.committed_minor,
        report.committed_major,
    ) = (6, 54, 1);
    (report.launch_mit_vector, report.current_mit_vector) = (0xb, 0x3f);
    let later = Tcb {
        microcode: 210,
        ..tcb
    };
    report.committed_tcb = Tcb {
        microcode: 205,
        ..tcb
    }
    .raw(line);
    report.current_tcb = later.raw(line);
    report.launch_tcb = Tcb {
        microcode: 201,
        ..tcb
    }
    .raw(line);
    world
}

fn object(value: &Value) -> Claims {
    value.as_object().unwrap().clone().into_iter().collect()
}

/// The claims by MAA's documentation, "Claim sets", for the guest above.
fn expected_2022() -> Value {
    json!({
        "x-ms-attestation-type": "sevsnpvm",
        "x-ms-sevsnpvm-authorkeydigest": "77".repeat(48),
        "x-ms-sevsnpvm-bootloader-svn": 1,
        "x-ms-sevsnpvm-familyId": "11".repeat(16),
        "x-ms-sevsnpvm-guestsvn": 11,
        "x-ms-sevsnpvm-hostdata": "55".repeat(32),
        "x-ms-sevsnpvm-idkeydigest": "66".repeat(48),
        "x-ms-sevsnpvm-imageId": "22".repeat(16),
        "x-ms-sevsnpvm-is-debuggable": false,
        "x-ms-sevsnpvm-launchmeasurement": "44".repeat(48),
        "x-ms-sevsnpvm-microcode-svn": 200,
        "x-ms-sevsnpvm-migration-allowed": false,
        "x-ms-sevsnpvm-reportdata": "33".repeat(64),
        "x-ms-sevsnpvm-reportid": "88".repeat(32),
        "x-ms-sevsnpvm-smt-allowed": true,
        "x-ms-sevsnpvm-snpfw-svn": 3,
        "x-ms-sevsnpvm-tee-svn": 2,
        "x-ms-sevsnpvm-vmpl": 2,
    })
}

fn expected_2026(family: &str) -> Value {
    json!({
        "x-ms-sevsnpvm-chip-family": family,
        "x-ms-sevsnpvm-ciphertext-hiding-dram-enabled": false,
        "x-ms-sevsnpvm-cxl-allowed": false,
        "x-ms-sevsnpvm-mem-aes256-xts-required": false,
        "x-ms-sevsnpvm-page-swap-disabled": false,
        "x-ms-sevsnpvm-rapl-disabled": false,
        "x-ms-sevsnpvm-singlesocket": false,
    })
}

#[test]
fn the_claims_of_each_profile_are_exactly_the_documented_ones() {
    for line in ProductLine::ALL {
        let world = guest(line);
        let appraisal = world.appraise().unwrap();
        let mut expected = object(&expected_2022());
        assert_eq!(expected.len(), 18);
        assert_eq!(token_claims(&appraisal, ClaimProfile::Of2022), expected);
        let chip_id = match line {
            ProductLine::Turin => hex::encode(&world.evidence.vek.hw_id) + &"00".repeat(56),
            _ => hex::encode(&world.evidence.vek.hw_id),
        };
        expected.insert("x-ms-sevsnpvm-chipid".to_owned(), json!(chip_id));
        assert_eq!(token_claims(&appraisal, ClaimProfile::Of2025), expected);
        expected.extend(object(&expected_2026(line.name())));
        assert_eq!(token_claims(&appraisal, ClaimProfile::Of2026), expected);
    }
    assert_eq!(ClaimProfile::default(), ClaimProfile::Of2026);
}

/// Each bit of the guest policy changes its own claim and no other.
#[test]
fn each_bit_of_the_guest_policy_is_one_claim() {
    let bits = [
        (16, "x-ms-sevsnpvm-smt-allowed"),
        (18, "x-ms-sevsnpvm-migration-allowed"),
        (19, "x-ms-sevsnpvm-is-debuggable"),
        (20, "x-ms-sevsnpvm-singlesocket"),
        (21, "x-ms-sevsnpvm-cxl-allowed"),
        (22, "x-ms-sevsnpvm-mem-aes256-xts-required"),
        (23, "x-ms-sevsnpvm-rapl-disabled"),
        (24, "x-ms-sevsnpvm-ciphertext-hiding-dram-enabled"),
        (25, "x-ms-sevsnpvm-page-swap-disabled"),
    ];
    for (bit, name) in bits {
        let mut world = World::milan();
        world.evidence.report.policy = 1 << 17 | 1 << bit;
        let claims = token_claims(&world.appraise().unwrap(), ClaimProfile::Of2026);
        let set: Vec<_> = claims
            .iter()
            .filter(|(_, value)| **value == Value::Bool(true))
            .map(|(name, _)| name.as_str())
            .collect();
        assert_eq!(set, [name]);
    }
}

/// The facts that no token of MAA has, for the guest above on Turin.
fn expected_facts() -> Value {
    json!({
        "x-attestry-snp-report-version": 5,
        "x-attestry-snp-signing-key": "VCEK",
        "x-attestry-snp-author-key-enabled": true,
        "x-attestry-snp-platform-smt-enabled": true,
        "x-attestry-snp-platform-tsme-enabled": false,
        "x-attestry-snp-platform-ecc-enabled": true,
        "x-attestry-snp-platform-rapl-disabled": false,
        "x-attestry-snp-platform-ciphertext-hiding-enabled": false,
        "x-attestry-snp-platform-alias-check-complete": true,
        "x-attestry-snp-platform-tio-enabled": true,
        "x-attestry-snp-platform-info": "00000000000000a5",
        "x-attestry-snp-report-id-ma": "99".repeat(32),
        "x-attestry-snp-current-firmware": "1.55.7",
        "x-attestry-snp-committed-firmware": "1.54.6",
        "x-attestry-snp-launch-mitigations": "000000000000000b",
        "x-attestry-snp-current-mitigations": "000000000000003f",
        "x-attestry-snp-revocation-list": "none",
        "x-attestry-warnings": ["no revocation list of Turin was at hand"],
        "x-attestry-snp-fmc-svn": 5,
        "x-attestry-snp-current-fmc-svn": 5,
        "x-attestry-snp-current-bootloader-svn": 1,
        "x-attestry-snp-current-tee-svn": 2,
        "x-attestry-snp-current-snpfw-svn": 3,
        "x-attestry-snp-current-microcode-svn": 210,
        "x-attestry-snp-committed-fmc-svn": 5,
        "x-attestry-snp-committed-bootloader-svn": 1,
        "x-attestry-snp-committed-tee-svn": 2,
        "x-attestry-snp-committed-snpfw-svn": 3,
        "x-attestry-snp-committed-microcode-svn": 205,
        "x-attestry-snp-launch-fmc-svn": 5,
        "x-attestry-snp-launch-bootloader-svn": 1,
        "x-attestry-snp-launch-tee-svn": 2,
        "x-attestry-snp-launch-snpfw-svn": 3,
        "x-attestry-snp-launch-microcode-svn": 201,
    })
}

#[test]
fn a_policy_can_ask_for_what_the_token_does_not_say() {
    let appraisal = guest(ProductLine::Turin).appraise().unwrap();
    assert_eq!(
        policy_facts(&appraisal, ClaimProfile::Of2026),
        object(&expected_facts())
    );
}

#[test]
fn a_policy_can_ask_the_same_whatever_the_profile() {
    for world in [guest(ProductLine::Milan), World::vlek(ProductLine::Turin)] {
        let appraisal = world.appraise().unwrap();
        let all = |profile| {
            let (token, facts) = (
                token_claims(&appraisal, profile),
                policy_facts(&appraisal, profile),
            );
            assert!(facts.keys().all(|name| !token.contains_key(name)), "{profile}");
            let mut all = token;
            all.extend(facts);
            all
        };
        let expected = all(ClaimProfile::Of2026);
        for profile in ClaimProfile::ALL {
            assert_eq!(all(profile), expected);
        }
    }
}

#[test]
fn facts_that_a_report_has_not_are_left_out() {
    let milan = policy_facts(&World::milan().appraise().unwrap(), ClaimProfile::Of2026);
    assert!(
        !milan
            .keys()
            .any(|name| name.contains("fmc") || name.contains("csp-id"))
    );
    let vlek = World::vlek(ProductLine::Milan).appraise().unwrap();
    let facts = policy_facts(&vlek, ClaimProfile::Of2026);
    assert_eq!(facts["x-attestry-snp-csp-id"], "forged-csp");
    assert_eq!(facts["x-attestry-snp-signing-key"], "VLEK");
    let mut preview = World::milan();
    preview.settings.report_versions = vec![1];
    let report = &mut preview.evidence.report;
    report.use_version(1, ProductLine::Milan.processor());
    (report.committed_tcb, report.launch_tcb) = (0, 0);
    (report.current_build, report.current_minor, report.current_major) = (0, 0, 0);
    (
        report.committed_build,
        report.committed_minor,
        report.committed_major,
    ) = (0, 0, 0);
    let facts = policy_facts(&preview.appraise().unwrap(), ClaimProfile::Of2026);
    assert!(!facts.contains_key("x-attestry-snp-committed-tee-svn"));
}

#[test]
fn profiles_are_named_by_their_year() {
    for profile in ClaimProfile::ALL {
        assert_eq!(profile.to_string().parse(), Ok(profile));
    }
    for unknown in ["2023", "", "of2022", " 2022"] {
        let error = unknown.parse::<ClaimProfile>().unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("`{unknown}` is no claim profile; there are 2022, 2025 and 2026")
        );
    }
}
