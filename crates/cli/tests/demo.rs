//! `attestry demo`: the main job, end to end, through the binary.

mod common;

use common::{attestry, attestry_in};

/// One of every supported kind, then the one that has to be refused.
const EVIDENCE: &[&str] = &[
    "SGX quote, version 3",
    "Open Enclave report",
    "Open Enclave evidence",
    "TDX quote, version 4 (TD 1.0)",
    "TDX quote, version 5 (TD 1.5)",
    "SNP report of Milan (VCEK)",
    "SNP report of Turin (VLEK)",
    "SGX quote, old microcode",
    "Secret for that guest",
    "Secret for a guest in debug mode",
];

#[test]
fn the_demo_attests_everything_and_explains_one_refusal() {
    let run = attestry(&["demo", "--once"]).exits(0);
    for title in EVIDENCE {
        assert!(run.stdout.contains(title), "{title}: {}", run.stdout);
    }
    assert!(!run.stdout.contains('✗'), "{}", run.stdout);
    for said in [
        "development mode",
        "tcb_status_not_accepted",
        "SVN 9, 11 is needed",
        "INTEL-SA-00657",
        "withheld, as it has to be",
    ] {
        assert!(run.stdout.contains(said), "{said}: {}", run.stdout);
    }
    for line in run.stdout.lines() {
        assert!(line.chars().count() <= 110, "too wide: {line}");
        assert!(!line.contains('\u{1b}'), "colour without a terminal: {line:?}");
    }
    assert_eq!(run.stderr, "", "nothing but the report");
}

#[test]
fn the_demo_as_json_has_every_step_with_its_claims() {
    let report = attestry(&["demo", "--once", "--json"]).exits(0).json();
    assert_eq!(report["passed"], true);
    let steps = report["steps"].as_array().unwrap();
    let titles: Vec<_> = steps
        .iter()
        .map(|step| step["evidence"].as_str().unwrap())
        .collect();
    assert_eq!(titles, EVIDENCE);
    for step in &steps[..7] {
        assert_eq!(step["outcome"], "accepted", "{step}");
        assert_eq!(step["claims"]["iss"], report["endpoint"], "{step}");
        assert_eq!(step["claims"]["x-attestry-dev"], true, "{step}");
    }
    assert_eq!(steps[7]["outcome"], "refused");
    assert_eq!(steps[8]["outcome"], "accepted");
    assert_eq!(steps[9]["outcome"], "refused");
    let why = steps[9]["error"]["message"].as_str().unwrap();
    assert!(why.contains("x-ms-sevsnpvm-is-debuggable"), "{why}");
    assert_eq!(steps[7]["error"]["innererror"]["tcbStatus"], "OutOfDate");
}

#[test]
fn what_the_demo_suggests_to_try_next_is_there_and_works() {
    let directory = tempfile::tempdir().unwrap();
    attestry_in(directory.path(), &["demo", "--once", "--data", "kept"]).exits(0);
    let inspected = attestry_in(
        directory.path(),
        &["inspect", "kept/samples/sgx-quote.bin", "--json"],
    )
    .exits(0)
    .json();
    assert_eq!(inspected["type"], "quote");
    let request: serde_json::Value =
        serde_json::from_slice(&std::fs::read(directory.path().join("kept/samples/request.json")).unwrap())
            .unwrap();
    assert_eq!(request["runtimeData"]["dataType"], "JSON");
    assert!(directory.path().join("kept/tls/ca.pem").exists());
}
