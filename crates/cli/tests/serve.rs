//! `attestry serve --dev`, and the commands that talk to it.

mod common;

use common::{Forged, Service, attestry};
use serde_json::Value;

/// A service, and evidence it accepts.
struct Scene {
    forged: Forged,
    service: Service,
}

impl Scene {
    fn new() -> Self {
        let forged = Forged::new();
        let service = Service::start(&forged.path().join("data"), &[]);
        Self { forged, service }
    }

    fn attest(&self, args: &str) -> common::Run {
        let mut all = vec![
            "attest",
            "--endpoint",
            &self.service.url,
            "--ca",
            "data/tls/ca.pem",
        ];
        all.extend(args.split_whitespace());
        self.forged.attestry(&all)
    }
}

#[test]
fn a_service_attests_verifies_reloads_and_drains() {
    let mut scene = Scene::new();
    assert!(
        scene.service.url.starts_with("https://localhost:"),
        "{}",
        scene.service.url
    );
    for (kind, file) in [
        ("sgx-enclave", "quote.bin"),
        ("open-enclave", "report.bin"),
        ("open-enclave", "evidence.bin"),
        ("tdx-vm", "tdquote.bin"),
    ] {
        let args = format!(
            "--type {kind} --evidence {file} --runtime-data runtime.json --runtime-data-type json --nonce 7"
        );
        let answer = scene.attest(&format!("--json {args}")).exits(0).json();
        assert_eq!(answer["validated"], true, "{file}");
        assert_eq!(answer["header"]["alg"], "RS256", "{file}");
        assert_eq!(answer["claims"]["iss"], scene.service.url, "{file}");
        assert_eq!(answer["claims"]["nonce"], "7", "{file}");
        assert_eq!(answer["claims"]["x-ms-runtime"]["key"], "value", "{file}");

        let token = answer["token"].as_str().unwrap();
        let verify = [
            "token",
            "verify",
            token,
            "--endpoint",
            &scene.service.url,
            "--ca",
            "data/tls/ca.pem",
            "--json",
        ];
        let verified = scene.forged.attestry(&verify).exits(0).json();
        assert_eq!(verified["valid"], true);
        assert_eq!(verified["claims"], answer["claims"]);
    }
    scene.service.signal("HUP");
    scene.attest("--type sgx-enclave --evidence quote.bin").exits(0);
    scene.service.signal("TERM");
    assert_eq!(scene.service.wait(), 0);
}

#[test]
fn the_token_alone_goes_to_stdout() {
    let scene = Scene::new();
    let run = scene.attest("--type sgx-enclave --evidence quote.bin").exits(0);
    assert_eq!(run.stdout.lines().count(), 1, "{}", run.stdout);
    assert_eq!(run.stdout.trim().split('.').count(), 3);
    assert!(
        run.stderr.contains("signature, issuer and times are good"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_refusal_exits_1_with_the_services_explanation() {
    let scene = Scene::new();
    scene.forged.write("other.json", b"{}");
    let args = "--type sgx-enclave --evidence quote.bin --runtime-data other.json";
    let text = scene.attest(args).exits(1);
    assert_eq!(text.stdout, "");
    for said in ["refused:", "binding", "runtime_data_hash", "request id"] {
        assert!(text.stderr.contains(said), "{said}: {}", text.stderr);
    }
    let refused = scene.attest(&format!("--json {args}")).exits(1).json();
    assert_eq!(
        (&refused["token"], &refused["validated"]),
        (&Value::Null, &Value::Bool(false))
    );
    assert_eq!(refused["error"]["code"], "InvalidParameter");
    assert_eq!(refused["error"]["innererror"]["stage"], "binding");
}

#[test]
fn a_draft_policy_is_tried_and_its_token_proves_nothing() {
    let scene = Scene::new();
    let policy = |rule: &str| {
        format!("version=1.0; authorizationrules {{ {rule} => permit(); }}; issuancerules {{}};")
    };
    scene.forged.write(
        "permits.txt",
        policy(r#"c:[type=="x-ms-sgx-svn", value==1]"#).as_bytes(),
    );
    scene.forged.write(
        "denies.txt",
        policy(r#"c:[type=="x-ms-sgx-svn", value>3]"#).as_bytes(),
    );
    scene
        .forged
        .write("broken.txt", b"version=1.0; authorizationrules {");

    let case = "--type sgx-enclave --evidence quote.bin --draft-policy";
    let permitted = scene
        .attest(&format!("--json {case} permits.txt"))
        .exits(0)
        .json();
    assert_eq!(
        (&permitted["header"]["alg"], &permitted["validated"]),
        (&"none".into(), &Value::Bool(false))
    );
    let denied = scene.attest(&format!("{case} denies.txt")).exits(1);
    assert!(
        denied.stderr.contains("expected value > 3, found 1"),
        "{}",
        denied.stderr
    );
    scene.attest(&format!("{case} broken.txt")).exits(1);
}

#[test]
fn what_cannot_be_reached_or_trusted_exits_3_with_a_hint() {
    let scene = Scene::new();
    let untrusted = [
        "attest",
        "--endpoint",
        &scene.service.url,
        "--type",
        "sgx-enclave",
        "--evidence",
        "quote.bin",
    ];
    let run = scene.forged.attestry(&untrusted).exits(3);
    assert!(run.stderr.contains("--ca"), "{}", run.stderr);

    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let nobody = format!("https://{free}");
    let run = scene
        .forged
        .attestry(&[
            "attest",
            "--endpoint",
            &nobody,
            "--type",
            "sgx-enclave",
            "--evidence",
            "quote.bin",
        ])
        .exits(3);
    assert!(run.stderr.contains("is the service running"), "{}", run.stderr);

    let plain = [
        "attest",
        "--endpoint",
        "http://attest.example",
        "--type",
        "sgx-enclave",
        "--evidence",
        "quote.bin",
    ];
    scene.forged.attestry(&plain).exits(2);
}

#[test]
fn the_providers_are_at_their_paths_and_old_evidence_can_be_judged_as_of_its_day() {
    let forged = Forged::new();
    forged
        .attestry(&[
            "forge",
            "sgx-quote",
            "--at",
            "2025-03-01T00:00:00Z",
            "--out",
            "old.bin",
        ])
        .exits(0);
    let service = Service::start(&forged.path().join("data"), &["--as-of", "2025-03-01T00:00:00Z"]);
    for path in ["", "/p/isolated", "/p/shared"] {
        let endpoint = format!("{}{path}", service.url);
        let args = [
            "attest",
            "--json",
            "--endpoint",
            &endpoint,
            "--ca",
            "data/tls/ca.pem",
            "--type",
            "sgx-enclave",
            "--evidence",
            "old.bin",
        ];
        let answer = forged.attestry(&args).exits(0).json();
        assert_eq!(answer["claims"]["iss"], endpoint);
    }
}

#[test]
fn a_server_that_cannot_start_says_why() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().to_str().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = taken.local_addr().unwrap().to_string();
    let run = attestry(&["serve", "--dev", "--listen", &listen, "--data", data]).exits(3);
    assert!(run.stderr.contains(&listen), "{}", run.stderr);
    let run = attestry(&["serve", "--dev", "--listen", "0.0.0.0:0", "--data", data]).exits(2);
    assert!(run.stderr.contains("loopback"), "{}", run.stderr);
    attestry(&["serve", "--listen", "127.0.0.1:0"]).exits(2);
    let run = attestry(&["serve", "--config", "missing.toml"]).exits(2);
    assert!(run.stderr.contains("missing.toml"), "{}", run.stderr);
}

#[test]
fn a_configured_service_trusts_what_it_is_told_and_takes_in_collateral_on_reload() {
    let forged = Forged::new();
    let root = forged.path().join("root.pem");
    let configuration = |trust_roots: &str| {
        format!(
            "[server]\nlisten = \"127.0.0.1:0\"\n[store]\ndata_dir = {:?}\n[collateral]\nsources = []\n\
             [verification]\ntrust_roots = [{trust_roots}]\n[[provider]]\nname = \"tenant\"\ndefault = true\n",
            forged.path().join("store"),
        )
    };
    let attest = |url: &str| {
        let args = [
            "attest",
            "--json",
            "--endpoint",
            url,
            "--type",
            "sgx-enclave",
            "--evidence",
            "quote.bin",
        ];
        forged.attestry(&args)
    };
    let file = forged.path().join("attestry.toml");
    let serve = ["serve", "--config", file.to_str().unwrap()];

    forged.write("attestry.toml", configuration("\"intel\"").as_bytes());
    let mut vendors_root = Service::run(&serve);
    let refused = attest(&vendors_root.url).exits(1).json();
    assert_eq!(refused["error"]["innererror"]["stage"], "platform", "{refused}");
    vendors_root.signal("TERM");
    assert_eq!(vendors_root.wait(), 0);

    forged.write("attestry.toml", configuration(&format!("{root:?}")).as_bytes());
    let service = Service::run(&serve);
    let unknown = attest(&service.url).exits(1).json();
    assert_eq!(
        unknown["error"]["innererror"]["code"], "platform_unknown",
        "{unknown}"
    );
    let import = [
        "collateral",
        "import",
        "sgx-collateral.json",
        "--data",
        "store",
        "--root",
        "root.pem",
    ];
    forged.attestry(&import).exits(0);
    service.signal("HUP");
    service.wait_for_log("reloaded");
    let accepted = attest(&service.url).exits(0).json();
    assert_eq!(
        accepted["claims"].get("x-attestry-dev"),
        None,
        "only development tokens say so"
    );
}
