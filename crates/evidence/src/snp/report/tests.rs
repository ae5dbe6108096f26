use attestry_forge::amd::{ProductLine, SnpEvidence};

use super::*;
use crate::snp::world::{World, code};

/// The outcome for a report of Milan after `change`.
fn admit(change: impl FnOnce(&mut SnpEvidence)) -> Result<(), SnpError> {
    admit_with(&Settings::default(), change)
}

fn admit_with(settings: &Settings, change: impl FnOnce(&mut SnpEvidence)) -> Result<(), SnpError> {
    let mut evidence = World::milan().evidence;
    change(&mut evidence);
    admit_bytes(&evidence.to_report_bytes(), settings)
}

fn admit_bytes(bytes: &[u8], settings: &Settings) -> Result<(), SnpError> {
    let outcome = Report::read(bytes)?.admit(settings).map(drop);
    if let Err(error) = &outcome {
        code(error);
    }
    outcome
}

#[test]
fn a_report_has_1184_bytes() {
    let bytes = World::milan().evidence.to_report_bytes();
    assert_eq!(bytes.len(), 1184);
    for size in (0..1184).chain([1185, 2368]) {
        let mut other = bytes.clone();
        other.resize(size, 0);
        let error = Report::read(&other).unwrap_err();
        assert_eq!(error, SnpError::Size { found: size });
        assert_eq!(code(&error), "snp_report_size");
    }
}

/// Each byte of a report belongs to exactly the field that AMD's table puts there.
#[test]
fn every_field_is_read_at_its_place() {
    let bytes: Vec<u8> = (0..1184_u32)
        .map(|at| u8::try_from(at * 7 % 251).unwrap())
        .collect();
    let report = Report::read(&bytes).unwrap();
    let body = report.body();
    let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    let long = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
    assert_eq!((body.version, body.guest_svn), (word(0), word(4)));
    assert_eq!(body.policy, GuestPolicy(long(8)));
    assert_eq!((body.vmpl, body.signature_algo), (word(0x30), word(0x34)));
    assert_eq!(body.platform_info, PlatformInfo(long(0x40)));
    assert_eq!(body.key_info, word(0x48));
    assert_eq!(
        (body.launch_mitigations, body.current_mitigations),
        (long(0x1f8), long(0x200))
    );
    let fields: [(&[u8], usize); 17] = [
        (&body.family_id, 0x10),
        (&body.image_id, 0x20),
        (&body.current_tcb, 0x38),
        (&body.report_data, 0x50),
        (&body.measurement, 0x90),
        (&body.host_data, 0xc0),
        (&body.id_key_digest, 0xe0),
        (&body.author_key_digest, 0x110),
        (&body.report_id, 0x140),
        (&body.report_id_ma, 0x160),
        (&body.reported_tcb, 0x180),
        (&body.cpuid, 0x188),
        (&body.chip_id, 0x1a0),
        (&body.committed_tcb, 0x1e0),
        (&body.current_firmware, 0x1e8),
        (&body.committed_firmware, 0x1ec),
        (&body.launch_tcb, 0x1f0),
    ];
    for (field, at) in fields {
        assert_eq!(field, &bytes[at..at + field.len()], "{at:#x}");
    }
    assert_eq!(report.bytes().as_slice(), bytes);
}

#[test]
fn versions_2_to_5_are_accepted_and_version_1_by_the_setting() {
    let version = |version: u32| {
        move |evidence: &mut SnpEvidence| {
            let processor = ProductLine::Milan.processor();
            evidence.report.use_version(version, processor);
            if version < 2 {
                as_of_the_preview(evidence);
            }
        }
    };
    for accepted in 2..=5 {
        assert_eq!(admit(version(accepted)), Ok(()), "version {accepted}");
    }
    for refused in [0, 1, 6, 9, 0x0200_0000, u32::MAX] {
        let error = admit(version(refused)).unwrap_err();
        assert_eq!(
            error,
            SnpError::Version {
                found: refused,
                expected: vec![2, 3, 4, 5]
            }
        );
        assert_eq!(code(&error), "snp_report_version");
    }
    let preview = Settings {
        report_versions: vec![1, 2],
        ..Settings::default()
    };
    assert_eq!(admit_with(&preview, version(1)), Ok(()));
    assert_eq!(
        code(&admit_with(&preview, version(3)).unwrap_err()),
        "snp_report_version"
    );
}

/// What a report of version 1 lacks.
fn as_of_the_preview(evidence: &mut SnpEvidence) {
    let report = &mut evidence.report;
    (report.committed_tcb, report.launch_tcb) = (0, 0);
    (report.current_build, report.current_minor, report.current_major) = (0, 0, 0);
    (
        report.committed_build,
        report.committed_minor,
        report.committed_major,
    ) = (0, 0, 0);
}

#[test]
fn every_reserved_byte_must_be_zero() {
    let bytes = World::milan().evidence.to_report_bytes();
    for (field, range) in [
        ("reserved_04c", 0x4c..0x50),
        ("reserved_18b", 0x18b..0x1a0),
        ("reserved_1eb", 0x1eb..0x1ec),
        ("reserved_1ef", 0x1ef..0x1f0),
        ("reserved_208", 0x208..0x2a0),
        ("signature.r", 0x2a0 + 48..0x2e8),
        ("signature.s", 0x2e8 + 48..0x330),
        ("reserved_330", 0x330..0x4a0),
    ] {
        for at in range {
            let mut changed = bytes.clone();
            changed[at] = 0x80;
            let error = admit_bytes(&changed, &Settings::default()).unwrap_err();
            assert_eq!(error, SnpError::Reserved { field }, "{at:#x}");
            assert_eq!(code(&error), "snp_report_reserved");
        }
    }
}

/// Fields of later versions are reserved in earlier ones.
#[test]
fn fields_of_later_versions_must_be_zero_before() {
    let every = Settings {
        report_versions: vec![1, 2, 3, 4, 5],
        ..Settings::default()
    };
    let fields = [
        ("mit_vector", 0x1f8..0x208, 5),
        ("cpuid", 0x188..0x18b, 3),
        ("committed_tcb", 0x1e0..0x1eb, 2),
        ("committed_tcb", 0x1ec..0x1ef, 2),
        ("committed_tcb", 0x1f0..0x1f8, 2),
    ];
    for version in 1..=5 {
        let mut evidence = World::milan().evidence;
        as_of_the_preview(&mut evidence);
        evidence
            .report
            .use_version(version, ProductLine::Milan.processor());
        let bytes = evidence.to_report_bytes();
        assert_eq!(admit_bytes(&bytes, &every), Ok(()), "version {version}");
        for (field, range, since) in fields.clone() {
            for at in range {
                let mut changed = bytes.clone();
                changed[at] |= 1;
                let expected = if version < since {
                    Err(SnpError::Reserved { field })
                } else {
                    Ok(())
                };
                assert_eq!(
                    admit_bytes(&changed, &every),
                    expected,
                    "version {version}, byte {at:#x}"
                );
            }
        }
    }
}

#[test]
fn no_signature_algorithm_but_ecdsa_p384_is_known() {
    for found in [0, 2, 0x101, u32::MAX] {
        let error = admit(|evidence| evidence.report.signature_algo = found).unwrap_err();
        assert_eq!(error, SnpError::SignatureAlgorithm { found });
        assert_eq!(code(&error), "snp_signature_algorithm");
    }
}

#[test]
fn the_key_is_a_vcek_or_a_vlek_and_not_masked() {
    let key_info = |key_info: u32| admit(|evidence| evidence.report.key_info = key_info);
    for accepted in [0b0_0000, 0b0_0001, 0b0_0100, 0b0_0101] {
        assert_eq!(key_info(accepted), Ok(()), "{accepted:#b}");
    }
    for found in 2..=7 {
        let error = key_info(found << 2).unwrap_err();
        assert_eq!(error, SnpError::SigningKey { found });
        assert_eq!(code(&error), "snp_signing_key");
    }
    for masked in [0b0_0010, 0b0_0011, 0b1_1110] {
        let error = key_info(masked).unwrap_err();
        assert_eq!(error, SnpError::ChipKeyMasked);
        assert_eq!(code(&error), "snp_chip_key_masked");
    }
    for bit in 5..32 {
        let error = key_info(1 << bit).unwrap_err();
        assert_eq!(error, SnpError::Reserved { field: "key_info" }, "bit {bit}");
    }
}

#[test]
fn the_signing_key_is_told() {
    for (key_info, expected) in [(0, SigningKey::Vcek), (0b100, SigningKey::Vlek)] {
        let mut evidence = World::milan().evidence;
        evidence.report.key_info = key_info;
        let bytes = evidence.to_report_bytes();
        let report = Report::read(&bytes).unwrap().admit(&Settings::default()).unwrap();
        assert_eq!(report.signing_key(), expected);
    }
}

#[test]
fn a_guest_policy_has_bit_17_and_no_unknown_bits_unless_the_setting_accepts_them() {
    let accept = Settings {
        unknown_policy_bits: UnknownPolicyBits::Accept,
        ..Settings::default()
    };
    for bit in 0..64 {
        let policy = 0x3_001f_u64 ^ (1 << bit);
        let change = |evidence: &mut SnpEvidence| evidence.report.policy = policy;
        let refusal = Err(SnpError::GuestPolicy { found: policy });
        let (strict, lenient) = match bit {
            17 => (refusal.clone(), refusal),
            26.. => (refusal, Ok(())),
            _ => (Ok(()), Ok(())),
        };
        assert_eq!(admit(change), strict, "bit {bit}");
        assert_eq!(admit_with(&accept, change), lenient, "bit {bit}");
    }
    let error = admit(|evidence| evidence.report.policy = 0).unwrap_err();
    assert_eq!(code(&error), "snp_guest_policy");
}

#[test]
fn each_bit_of_the_guest_policy_means_one_thing() {
    type Meaning = fn(GuestPolicy) -> bool;
    let meanings: [(u32, Meaning); 10] = [
        (16, GuestPolicy::smt_allowed),
        (17, GuestPolicy::must_be_one),
        (18, GuestPolicy::migration_allowed),
        (19, GuestPolicy::debug_allowed),
        (20, GuestPolicy::single_socket),
        (21, GuestPolicy::cxl_allowed),
        (22, GuestPolicy::mem_aes_256_xts_required),
        (23, GuestPolicy::rapl_disabled),
        (24, GuestPolicy::ciphertext_hiding_required),
        (25, GuestPolicy::page_swap_disabled),
    ];
    for bit in 0..64 {
        for (own, meaning) in meanings {
            assert_eq!(meaning(GuestPolicy(1 << bit)), bit == own, "bit {bit}");
        }
    }
    assert_eq!(GuestPolicy(0x3_011f).abi(), (1, 0x1f));
}

#[test]
fn each_bit_of_the_platform_info_means_one_thing_and_none_is_a_reason_to_refuse() {
    type Meaning = fn(PlatformInfo) -> bool;
    let meanings: [(u32, Meaning); 7] = [
        (0, PlatformInfo::smt_enabled),
        (1, PlatformInfo::tsme_enabled),
        (2, PlatformInfo::ecc_enabled),
        (3, PlatformInfo::rapl_disabled),
        (4, PlatformInfo::ciphertext_hiding_enabled),
        (5, PlatformInfo::alias_check_complete),
        (7, PlatformInfo::tio_enabled),
    ];
    for bit in 0..64 {
        for (own, meaning) in meanings {
            assert_eq!(meaning(PlatformInfo(1 << bit)), bit == own, "bit {bit}");
        }
    }
    assert_eq!(admit(|evidence| evidence.report.platform_info = u64::MAX), Ok(()));
}

#[test]
fn a_processor_of_no_known_line_is_refused_where_the_report_states_it() {
    let processor = |version: u32, cpuid: (u8, u8, u8)| {
        admit(move |evidence| {
            evidence.report.version = version;
            let report = &mut evidence.report;
            (report.cpuid_family, report.cpuid_model, report.cpuid_stepping) = cpuid;
        })
    };
    for (family, model) in [(0, 0), (0x17, 0x31), (0x19, 0x20), (0x1a, 0x12), (0xff, 0xff)] {
        let error = processor(3, (family, model, 7)).unwrap_err();
        assert_eq!(
            error,
            SnpError::UnknownProcessor {
                family,
                model,
                stepping: 7
            }
        );
        assert_eq!(code(&error), "snp_unknown_processor");
    }
    assert_eq!(processor(2, (0, 0, 0)), Ok(()));
    assert_eq!(processor(3, (0x19, 0xaf, 0xff)), Ok(()));
}

/// What is wrong first is told first: form before meaning.
#[test]
fn the_version_is_judged_before_the_rest() {
    let error = admit(|evidence| {
        evidence.report.version = 9;
        evidence.report.reserved_4c = 1;
        evidence.report.signature_algo = 7;
    });
    assert_eq!(code(&error.unwrap_err()), "snp_report_version");
}
