use super::*;

#[test]
fn a_boot_has_the_shape_of_a_real_log() {
    let log = WindowsBoot::default().events();
    let events = log["Events"].as_array().unwrap();
    assert!((50..=70).contains(&events.len()), "{} events", events.len());
    for (seq, event) in (1_u64..).zip(events) {
        assert_eq!(event["EventSeq"], seq);
        assert!(
            event["PcrIndex"].is_u64() && event["EventType"].is_u64() && event["ProcessedData"].is_object()
        );
    }
    let last: Vec<&Value> = events
        .iter()
        .rev()
        .take(3)
        .map(|event| &event["EventTypeString"])
        .collect();
    assert_eq!(last, ["EV_SEPARATOR"; 3]);
}

#[test]
fn the_same_boot_is_minted_the_same_every_time() {
    let (boot, other) = (WindowsBoot::default(), WindowsBoot::default());
    assert_eq!(boot.events(), other.events());
    assert_eq!(boot.pcrs(), other.pcrs());
}

#[test]
fn what_is_not_measured_is_not_there() {
    let boot = WindowsBoot {
        win_pe: None,
        elam_path: None,
        si_policies: Vec::new(),
        closed: false,
        ..WindowsBoot::default()
    };
    let text = boot.events().to_string();
    for absent in ["EVENT_WINPE", "WdBoot", "EVENT_SI_POLICY", "EVENT_DRTM"] {
        assert!(!text.contains(absent), "{absent}");
    }
    assert!(text.contains("EVENT_SAFEMODE"));
}

#[test]
fn a_dynamic_launch_repeats_the_settings_and_ends_with_the_state() {
    let boot = WindowsBoot {
        drtm: Some(DynamicLaunch {
            signature_valid: true,
            smm_level: Some(3),
        }),
        ..WindowsBoot::default()
    };
    let log = boot.events();
    let launch: Vec<&Value> = log["Events"].as_array().unwrap().iter().rev().take(3).collect();
    assert_eq!(
        launch[0]["ProcessedData"]["EVENT_TRUSTBOUNDARY"]["EVENT_DRTM_STATE_AUTH"]["SignatureValid"],
        true
    );
    assert_eq!(launch[1]["ProcessedData"]["EVENT_DRTM_SMM"]["Value"], 3);
    assert_eq!(
        launch[2]["ProcessedData"]["EVENT_TRUSTBOUNDARY"]["EVENT_VBS_VSM_REQUIRED"],
        true
    );
    assert_eq!(launch[2]["PcrIndex"], 19);
}

#[test]
fn structures_have_the_layout_of_the_windows_headers() {
    let list = RevocationList {
        created: 1,
        digest: [7; 32],
    };
    assert_eq!(
        list.payload()[..14],
        [1, 0, 0, 0, 0, 0, 0, 0, 32, 0, 0, 0, 0x0B, 0]
    );
    assert_eq!(list.payload().len(), 46);

    let policy = SiPolicy {
        version: 1 << 48,
        name: "a".to_owned(),
        digest: [7; 32],
    };
    assert_eq!(
        policy.payload()[..20],
        [0, 0, 0, 0, 0, 0, 1, 0, 4, 0, 0x0B, 0, 32, 0, 0, 0, b'a', 0, 0, 0]
    );
}

#[test]
fn pcrs_are_hexadecimal_in_both_banks() {
    let mut boot = WindowsBoot::default();
    boot.pcrs.sha256[3] = [0xAB; 32];
    let pcrs = boot.pcrs();
    assert_eq!(pcrs["PCRs"].as_array().unwrap().len(), 24);
    assert_eq!(pcrs["PCRs"][3]["Index"], 3);
    assert_eq!(pcrs["PCRs"][3]["Digests"]["SHA256"], "ab".repeat(32));
    assert_eq!(pcrs["PCRs"][3]["Digests"]["SHA1"].as_str().unwrap().len(), 40);
}

#[test]
fn fields_are_set_by_name_and_taken_away() {
    let mut boot = WindowsBoot::default();
    boot.set("SecureBoot", "false").unwrap();
    boot.set("bitlocker_boot_manager", "0x40").unwrap();
    boot.set("iommu", "none").unwrap();
    let expected = WindowsBoot {
        secure_boot: false,
        bitlocker: [Some(BITLOCKER_RECOVERY), Some(BITLOCKER_CACHED)],
        iommu: None,
        ..WindowsBoot::default()
    };
    assert_eq!(boot, expected);

    let wrong = |field: &str, value: &str| WindowsBoot::default().set(field, value).unwrap_err();
    assert!(matches!(wrong("iommu", "maybe"), SetError::Flag { .. }));
    assert!(matches!(
        wrong("dep", "-1"),
        SetError::Number { max: 0xFFFF_FFFF, .. }
    ));
    assert!(matches!(wrong("secure_boot", "none"), SetError::Flag { .. }));
    assert!(matches!(wrong("pk", "00"), SetError::UnknownField { .. }));
    assert!(
        boot.fields()
            .iter()
            .any(|field| field.takes == "true or false, or none")
    );
}
