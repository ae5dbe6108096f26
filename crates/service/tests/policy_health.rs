//! The cookbook's policies over minted measured boots: the Windows health policy gives the claims of the token that the
//! Windows documentation publishes, and each recipe the claims of the published recipe that it is after.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::path::{Path, PathBuf};

use attestry_api::b64;
use attestry_forge::linux::LinuxBoot;
use attestry_forge::windows::{BITLOCKER_NONE, BITLOCKER_RECOVERY, DynamicLaunch, WindowsBoot};
use attestry_policy::lint::lint;
use attestry_policy::{Claim, ClaimSet, Limits, Policy, Value, values_by_type};
use serde_json::{Map, Value as Json, json};

#[test]
fn the_health_policy_describes_a_healthy_boot() {
    let boot = WindowsBoot::default();
    let raw = |payload: Vec<u8>| b64::encode_url(&payload);
    let policies: Vec<String> = boot
        .si_policies
        .iter()
        .map(|policy| raw(policy.payload()))
        .collect();
    assert!(
        policies.len() > 1 && !policies.is_sorted(),
        "the log's order is to be told from any other"
    );
    let revoked =
        |list: &Option<attestry_forge::windows::RevocationList>| raw(list.as_ref().unwrap().payload());
    let expected = json!({
        "WindowsDefenderElamDriverLoaded": true,
        "bitlockerEnabled": true,
        "bitlockerEnabledValue": 4,
        "bootAppSvn": 1,
        "bootDebuggingDisabled": true,
        "bootMgrSvn": 1,
        "bootRevListInfo": revoked(&boot.boot_rev_list),
        "codeIntegrityEnabled": true,
        "codeIntegrityPolicy": policies,
        "depPolicy": 0,
        "flightSigningNotEnabled": true,
        "hvciEnabled": true,
        "iommuEnabled": true,
        "notSafeMode": true,
        "notWinPE": true,
        "osKernelDebuggingDisabled": true,
        "osRevListInfo": revoked(&boot.os_rev_list),
        "secureBootEnabled": true,
        "testSigningDisabled": true,
        "vbsEnabled": true,
    });
    assert_eq!(
        Json::from(issued(&recipe("tpm/windows-health"), &boot.events())),
        expected
    );
}

#[test]
fn the_health_policy_gives_the_claims_of_the_published_token() {
    let token = vectors().join("tpm/maa/healthattestation-token-claims.json");
    let Ok(token) = fs::read_to_string(&token) else {
        eprintln!("SKIPPED: no published token at {}", token.display());
        return;
    };
    let mut published: Map<String, Json> = serde_json::from_str::<Json>(&token).unwrap()["claims"]
        .as_object()
        .unwrap()
        .clone();
    published.retain(|name, _| !OF_THE_SERVICE.contains(&&**name));

    // It was issued to a preview build.
    let boot = WindowsBoot {
        flight_signing: Some(true),
        ..WindowsBoot::default()
    };
    let minted = issued(&recipe("tpm/windows-health"), &boot.events());

    assert_eq!(shapes(&minted), shapes(&published));
    for (name, value) in &published {
        // What is measured differs from one machine to another; what is found out about it does not.
        if value.is_boolean() || value.is_number() {
            assert_eq!(minted[name], *value, "{name}");
        }
    }
}

#[test]
fn a_changed_measurement_changes_its_claims_and_no_others() {
    let healthy = issued(&recipe("tpm/windows-health"), &WindowsBoot::default().events());
    let changes: &[(&str, Json, Change)] = &[
        ("secureBootEnabled", json!(false), |boot| boot.secure_boot = false),
        ("codeIntegrityEnabled", json!(false), |boot| {
            boot.code_integrity = Some(false);
        }),
        ("osKernelDebuggingDisabled", json!(false), |boot| {
            boot.kernel_debugging = Some(true);
        }),
        ("bootDebuggingDisabled", json!(false), |boot| {
            boot.boot_debugging = Some(true);
        }),
        ("testSigningDisabled", json!(false), |boot| {
            boot.test_signing = Some(true);
        }),
        ("flightSigningNotEnabled", json!(false), |boot| {
            boot.flight_signing = None;
        }),
        ("notSafeMode", json!(false), |boot| boot.safe_mode = Some(true)),
        ("notWinPE", json!(false), |boot| boot.win_pe = Some(true)),
        ("vbsEnabled", json!(false), |boot| {
            boot.vbs_mandatory = Some(false);
        }),
        ("hvciEnabled", json!(false), |boot| boot.hvci = Some(false)),
        ("iommuEnabled", json!(false), |boot| boot.iommu = None),
        ("depPolicy", json!(3), |boot| boot.dep = Some(3)),
        ("bitlockerEnabledValue", json!(64), |boot| {
            boot.bitlocker = [Some(BITLOCKER_RECOVERY); 2];
        }),
        ("WindowsDefenderElamDriverLoaded", json!(false), |boot| {
            boot.elam_validated = false;
        }),
        ("bootMgrSvn", json!(2), |boot| boot.boot_mgr_svn = Some(2)),
        ("bootAppSvn", json!(7), |boot| boot.boot_app_svn = Some(7)),
        ("bootRevListInfo", Json::Null, |boot| boot.boot_rev_list = None),
        ("osRevListInfo", Json::Null, |boot| boot.os_rev_list = None),
    ];
    for (name, value, change) in changes {
        let mut expected = healthy.clone();
        if value.is_null() {
            expected.remove(*name);
        } else {
            expected.insert((*name).to_owned(), value.clone());
        }
        let mut boot = WindowsBoot::default();
        change(&mut boot);
        assert_eq!(
            issued(&recipe("tpm/windows-health"), &boot.events()),
            expected,
            "{name}"
        );
    }
}

/// Three recipes are published so: the line break between a comment and the rule after it is lost.
#[test]
fn a_rule_that_is_glued_to_a_comment_falls_back_silently_and_is_warned_about() {
    let sound = r#"version=1.2;
authorizationrules { => permit(); };
issuancerules {
log:[type=="events", issuer=="AttestationService"] => add(type="windows", value=JmesPath(log.value, "Events[?PcrIndex==`12`].ProcessedData.EVENT_TRUSTBOUNDARY"));
// Preview builds
all:[type=="windows", issuer=="AttestationPolicy"] => add(type="flights", value=JsonToClaimValue(JmesPath(all.value, "[*].EVENT_FLIGHTSIGNING")));
seen:[type=="flights", issuer=="AttestationPolicy"] => issue(type="flightSigningNotEnabled", value=ContainsOnlyValue(seen.value, false));
![type=="flightSigningNotEnabled", issuer=="AttestationPolicy"] => issue(type="flightSigningNotEnabled", value=false);
};
"#;
    let glued = sound.replace("builds\n", "builds");
    let events = WindowsBoot::default().events();
    let claim = |value| Map::from_iter([("flightSigningNotEnabled".to_owned(), Json::Bool(value))]);

    assert_eq!(issued(sound, &events), claim(true));
    assert_eq!(issued(&glued, &events), claim(false));
    let codes = |text| {
        lint(text, None)
            .iter()
            .map(|finding| (finding.line, finding.code))
            .collect::<Vec<_>>()
    };
    assert!(!codes(sound).iter().any(|(_, code)| *code == "comment-hides-rule"));
    assert!(codes(&glued).contains(&(5, "comment-hides-rule")));
}

/// The published recipe for the boot manager, as it is and with its line break.
#[test]
fn the_published_boot_manager_recipe_is_such_a_trap() {
    let Some(published) = published_recipe("13-boot-manager-version") else {
        return;
    };
    let events = WindowsBoot::default().events();
    assert_eq!(issued(&as_policy(&published), &events), Map::new());
    assert_eq!(
        issued(&as_policy(&repaired(&published)), &events)["bootMgrSvn"],
        1
    );
}

#[test]
fn each_recipe_gives_the_claims_of_the_published_one() {
    for (published, ours) in PUBLISHED {
        let Some(text) = published_recipe(published) else {
            return;
        };
        let mut text = repaired(&text);
        if *published == "19-boot-application-subversion" {
            // It builds on the recipe for the boot manager.
            text = format!(
                "{}\n{text}",
                repaired(&published_recipe("13-boot-manager-version").unwrap())
            );
        }
        let ours = recipe(&format!("tpm/{ours}"));
        for (name, boot) in boots() {
            let events = boot.events();
            assert_eq!(
                issued(&ours, &events),
                issued(&as_policy(&text), &events),
                "{published}, {name}"
            );
        }
    }
}

/// The one recipe that is not to give the same.
#[test]
fn the_published_antimalware_recipe_is_true_whatever_was_loaded() {
    let Some(published) = published_recipe("04-early-launch-antimalware-elam") else {
        return;
    };
    let events = WindowsBoot {
        elam_path: None,
        ..WindowsBoot::default()
    }
    .events();
    assert_eq!(issued(&as_policy(&published), &events)["elamDriverLoaded"], true);
    assert_eq!(
        issued(&recipe("tpm/windows/early-launch-antimalware"), &events)["elamDriverLoaded"],
        false
    );
}

#[test]
fn the_policy_for_linux_describes_a_boot_of_linux() {
    let boot = LinuxBoot {
        kernel_versions: vec!["6.12.48".to_owned(), "6.17.8".to_owned()],
        ..LinuxBoot::default()
    };
    let data = |data: &attestry_forge::VariableData| b64::encode_url(&data.0);
    let expected = json!({
        "bootOrder": "AQAAAA",
        "secureBootEnabled": true,
        "platformKey": data(&boot.platform_key),
        "keyExchangeKey": data(&boot.key_exchange_key),
        "keyDatabase": data(&boot.allowed),
        "forbiddenSignatures": data(&boot.forbidden),
        "kernelVersions": ["6.12.48", "6.17.8"],
        "builtintrustedkeys": boot.trusted_keys[0],
    });
    assert_eq!(
        Json::from(issued(&recipe("tpm/linux-ima"), &boot.events())),
        expected
    );
}

type Change = fn(&mut WindowsBoot);

/// Claims of tokens that policies have no part in.
const OF_THE_SERVICE: &[&str] = &[
    "nbf",
    "exp",
    "iat",
    "iss",
    "jti",
    "ver",
    "x-ms-ver",
    "rp_data",
    "nonce",
    "cnf",
    "x-ms-policy-hash",
];

/// Published recipes and ours.
const PUBLISHED: &[(&str, &str)] = &[
    ("01-secure-boot", "windows/secure-boot"),
    ("02-code-integrity", "windows/code-integrity"),
    ("03-bitlocker-boot-state", "windows/bitlocker"),
    ("05-boot-debugging", "windows/boot-debugging"),
    ("06-kernel-debugging", "windows/kernel-debugging"),
    (
        "07-data-execution-prevention-dep-policy",
        "windows/data-execution-prevention",
    ),
    ("08-test-and-flight-signing", "windows/signing"),
    (
        "09-virtual-secure-mode-vbs",
        "windows/virtualization-based-security",
    ),
    (
        "10-hypervisor-protected-code-integrity-hvci",
        "windows/hypervisor-code-integrity",
    ),
    ("11-input-output-memory-management-unit-iomm", "windows/iommu"),
    ("13-boot-manager-version", "windows/boot-manager-svn"),
    ("14-safe-mode", "windows/safe-mode"),
    ("15-winpe-boot", "windows/windows-pe"),
    ("16-code-integrity-ci-policy", "windows/code-integrity-policy"),
    (
        "17-secure-boot-configuration-policy-hash-sb",
        "windows/secure-boot-custom-policy",
    ),
    ("18-system-guard-drtm-validation-and-smm-lev", "system-guard"),
    ("19-boot-application-subversion", "windows/boot-application-svn"),
    ("20-boot-revision-list", "windows/boot-revocation-list"),
];

/// Boots between which the recipes tell.
fn boots() -> Vec<(&'static str, WindowsBoot)> {
    let healthy = WindowsBoot::default();
    let launch = |signature_valid| DynamicLaunch {
        signature_valid,
        smm_level: Some(3),
    };
    let bare = WindowsBoot {
        bitlocker: [None; 2],
        code_integrity: None,
        boot_debugging: None,
        kernel_debugging: None,
        test_signing: None,
        flight_signing: None,
        safe_mode: None,
        win_pe: None,
        vsm_required: None,
        vbs_mandatory: None,
        iommu: None,
        hvci: None,
        dep: None,
        boot_mgr_svn: None,
        boot_app_svn: None,
        si_policies: Vec::new(),
        boot_rev_list: None,
        os_rev_list: None,
        ..healthy.clone()
    };
    let ill = WindowsBoot {
        secure_boot: false,
        custom_policy: Some(attestry_forge::VariableData(b"custom".to_vec())),
        bitlocker: [Some(BITLOCKER_NONE); 2],
        code_integrity: Some(false),
        boot_debugging: Some(true),
        kernel_debugging: Some(true),
        test_signing: Some(true),
        flight_signing: Some(true),
        safe_mode: Some(true),
        win_pe: Some(true),
        vsm_required: Some(false),
        vbs_mandatory: Some(false),
        iommu: Some(false),
        hvci: Some(false),
        dep: Some(2),
        boot_mgr_svn: Some(0),
        boot_app_svn: Some(0),
        ..healthy.clone()
    };
    vec![
        (
            "a dynamic launch",
            WindowsBoot {
                drtm: Some(launch(true)),
                ..healthy.clone()
            },
        ),
        (
            "a bad dynamic launch",
            WindowsBoot {
                drtm: Some(launch(false)),
                ..ill.clone()
            },
        ),
        (
            "an open log",
            WindowsBoot {
                closed: false,
                boot_mgr_svn: Some(3),
                ..healthy.clone()
            },
        ),
        (
            "an application without version",
            WindowsBoot {
                boot_app_svn: None,
                ..healthy.clone()
            },
        ),
        ("healthy", healthy),
        ("ill", ill),
        ("bare", bare),
    ]
}

/// What `policy` issues for `events`: a scalar for one value, an array for several.
fn issued(policy: &str, events: &Json) -> Map<String, Json> {
    let policy = Policy::compile(policy).unwrap_or_else(|findings| panic!("{findings:#?}"));
    let claims = ClaimSet::from_iter([
        Claim::from_service("aikValidated", true),
        Claim::from_service("events", events.to_string()),
    ]);
    let outcome = policy.evaluate(claims, &Limits::default()).unwrap();
    assert!(outcome.decision.is_permit());
    let of_value = |value: &Value| match value {
        Value::Boolean(value) => json!(value),
        Value::Integer(value) => json!(value),
        Value::String(value) => json!(**value),
    };
    values_by_type(&outcome.outgoing)
        .into_iter()
        .map(|(name, values)| match values.as_slice() {
            [value] => (name.to_owned(), of_value(value)),
            several => (
                name.to_owned(),
                several.iter().map(|value| of_value(value)).collect(),
            ),
        })
        .collect()
}

/// Names, and the type of each value.
fn shapes(claims: &Map<String, Json>) -> Vec<(&str, &'static str)> {
    let mut shapes: Vec<_> = claims
        .iter()
        .map(|(name, value)| {
            let shape = match value {
                Json::Bool(_) => "boolean",
                Json::Number(_) => "number",
                Json::String(_) => "string",
                Json::Array(values) if values.iter().all(Json::is_string) => "strings",
                _ => "other",
            };
            (&**name, shape)
        })
        .collect();
    shapes.sort_unstable();
    shapes
}

fn recipe(name: &str) -> String {
    let cookbook = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../cookbook");
    fs::read_to_string(cookbook.join(format!("{name}.policy.txt"))).unwrap()
}

fn published_recipe(name: &str) -> Option<String> {
    let path = vectors().join(format!("tpm/maa/policies/v12-recipe-{name}.fragment.txt"));
    let text = fs::read_to_string(&path).ok();
    if text.is_none() {
        eprintln!("SKIPPED: no published recipe at {}", path.display());
    }
    text
}

/// Without what the documentation's markup did to it: lost line breaks, backslashes, one lost condition.
fn repaired(recipe: &str) -> String {
    let lines = recipe.lines().map(|line| {
        let rule = ["c:[type", "c1:[type"]
            .iter()
            .filter_map(|start| line.find(start))
            .min();
        let glued = rule.filter(|_| line.starts_with("//"));
        match glued.and_then(|at| line.split_at_checked(at)) {
            Some((comment, rule)) => format!("{comment}\n{rule}\n"),
            None if line.starts_with("=>") => format!("c:[type==\"efiConfigVariables\"] {line}\n"),
            None => format!("{line}\n"),
        }
    });
    lines.collect::<String>().replace(r"\[\*\]", "[*]")
}

fn as_policy(rules: &str) -> String {
    format!("version=1.2;\nauthorizationrules{{ => permit(); }};\nissuancerules{{\n{rules}\n}};\n")
}

fn vectors() -> PathBuf {
    std::env::var_os("ATTESTRY_VECTORS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors"),
        PathBuf::from,
    )
}
