//! `attestry policy show|set|...`, `signer`, `change` and `provider` against a development server.

#![expect(
    clippy::unwrap_used,
    reason = "a test ends where something unexpected happens"
)]

mod common;

use common::{Forged, Run, Service, attestry_in};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, KeyPair, PKCS_ECDSA_P256_SHA256,
    PKCS_ECDSA_P384_SHA384, PKCS_RSA_SHA256, SignatureAlgorithm,
};
use serde_json::{Value, json};

const PERMIT: &str = "version=1.0; authorizationrules{ => permit(); };\n";
const DENY: &str = "version=1.0; authorizationrules{ => deny(); };\n";
const BROKEN: &str = "version=1.0; authorizationrules{ => permit() };\n";

const DEVELOPMENT_SIGNER: &str = "--key data/tls/policy-signer.key --cert data/tls/policy-signer.pem";
const SET: &str = "policy set permit.txt --type sgx-enclave";
const BY_DEVELOPMENT_SIGNER: &str =
    "--signer-key data/tls/policy-signer.key --signer-cert data/tls/policy-signer.pem";
const BY_NEXT: &str = "--signer-key next.key --signer-cert next.pem";
const IN_GROUP: &str = "--subscription 6c1b31a0-7f3c-4a4e-9a15-0a1c5c3f7d11 --resource-group rg";
const SUBSCRIPTION: &str = "--subscription 6c1b31a0-7f3c-4a4e-9a15-0a1c5c3f7d11";

/// A server, a directory to work in, and the options that every command there needs.
struct Scene {
    directory: tempfile::TempDir,
    service: Service,
    /// Below the base URL: a provider.
    provider: &'static str,
    token: &'static str,
}

impl Scene {
    fn new(provider: &'static str, config: Option<&str>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in [("permit.txt", PERMIT), ("deny.txt", DENY), ("broken.txt", BROKEN)] {
            std::fs::write(directory.path().join(name), text).unwrap();
        }
        let data = directory.path().join("data");
        let path = directory.path().join("config.toml");
        let service = match config {
            None => Service::start(&data, &[]),
            Some(config) => {
                std::fs::write(&path, config).unwrap();
                Service::start(&data, &["--config", path.to_str().unwrap()])
            }
        };
        Self {
            directory,
            service,
            provider,
            token: "alice",
        }
    }

    /// Runs a command with the connection added.
    fn run(&self, line: &str) -> Run {
        let endpoint = format!("{}{}", self.service.url, self.provider);
        let mut args: Vec<_> = line.split_whitespace().collect();
        args.extend([
            "--endpoint",
            &endpoint,
            "--ca",
            "data/tls/ca.pem",
            "--token-auth",
            self.token,
        ]);
        attestry_in(self.directory.path(), &args)
    }

    /// Runs a command that needs no service.
    fn offline(&self, line: &str) -> Run {
        let args: Vec<_> = line.split_whitespace().collect();
        attestry_in(self.directory.path(), &args)
    }

    /// A key and a certificate for it, in `NAME.key` and `NAME.pem`.
    fn signer(&self, name: &str, algorithm: &'static SignatureAlgorithm) {
        let key = KeyPair::generate_for(algorithm).unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap();
        let path = |end| self.directory.path().join(format!("{name}.{end}"));
        std::fs::write(path("key"), key.serialize_pem()).unwrap();
        std::fs::write(path("pem"), certificate.pem()).unwrap();
    }
}

#[test]
fn a_policy_is_set_shown_compared_rolled_back_and_reset() {
    let scene = Scene::new("", None);
    let shown = |kind: &str| scene.run(&format!("policy show --type {kind}")).exits(0).stdout;
    let default = shown("sgx-enclave");
    assert!(default.contains("permit();"), "{default}");
    assert_eq!(shown("tpm"), "");

    let set = scene
        .run("policy set permit.txt --type sgx-enclave --json")
        .exits(0)
        .json();
    assert_eq!(
        (&set["done"], &set["claims"]["x-ms-policy-result"]),
        (&json!(true), &json!("Updated"))
    );
    // Byte for byte, so that the hash of a saved file is the one that tokens carry.
    assert_eq!(shown("sgx-enclave"), PERMIT);
    let json = scene.run("policy show --type SgxEnclave --json").exits(0).json();
    let hash = scene.offline("policy hash permit.txt --json").exits(0).json();
    assert_eq!(json["policy_hash"], hash["hashes"][0]["hash"]);
    assert_eq!(json["signer"], Value::Null);

    scene.run("policy set deny.txt --type sgx-enclave").exits(0);
    let history = scene
        .run("policy history --type sgx-enclave --json")
        .exits(0)
        .json();
    let revisions: Vec<_> = history["revisions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["revision"])
        .collect();
    assert_eq!(revisions.len(), 2, "{history}");
    let (newest, first) = (revisions[0].as_i64().unwrap(), revisions[1].as_i64().unwrap());
    let one = scene
        .run(&format!("policy history --type sgx-enclave --revision {first}"))
        .exits(0);
    assert_eq!(one.stdout, PERMIT);

    let diff = scene.run("policy diff --type sgx-enclave").exits(0).stdout;
    assert!(
        diff.contains("-version=1.0; authorizationrules{ => permit(); };"),
        "{diff}"
    );
    assert!(
        diff.contains("+version=1.0; authorizationrules{ => deny(); };"),
        "{diff}"
    );

    scene
        .run(&format!("policy rollback --type sgx-enclave --revision {first}"))
        .exits(0);
    assert_eq!(shown("sgx-enclave"), PERMIT);
    let text = scene.run("policy history --type sgx-enclave").exits(0).stdout;
    assert!(text.contains(&format!("rollback to {first}")), "{text}");
    scene
        .run(&format!(
            "policy rollback --type sgx-enclave --revision {}",
            newest + 100
        ))
        .exits(1);

    scene.run("policy reset --type sgx-enclave").exits(0);
    assert_eq!(shown("sgx-enclave"), default);
}

#[test]
fn a_refused_policy_is_explained_and_a_dry_run_changes_nothing() {
    let scene = Scene::new("", None);
    let before = scene.run("policy show --type tdx-vm").exits(0).stdout;
    let refused = scene.run("policy set broken.txt --type tdx-vm").exits(1);
    assert!(
        refused.stderr.contains("refused:") && refused.stderr.contains("line 1, column"),
        "{refused:?}"
    );
    let json = scene
        .run("policy set broken.txt --type tdx-vm --json")
        .exits(1)
        .json();
    assert_eq!(json["error"]["code"], "PolicyParsingError", "{json}");

    let tried = scene
        .run("policy set broken.txt --type tdx-vm --dry-run --json")
        .exits(1)
        .json();
    assert_eq!(tried["accepted"], false, "{tried}");
    let tried = scene
        .run("policy set deny.txt --type tdx-vm --dry-run --json")
        .exits(0)
        .json();
    assert_eq!(tried["accepted"], true, "{tried}");
    assert_eq!(scene.run("policy show --type tdx-vm").exits(0).stdout, before);
    let history = scene.run("policy history --type tdx-vm --json").exits(0).json();
    assert_eq!(history["revisions"], json!([]));

    // Whose fault it is decides the exit status.
    scene.run("policy set missing.txt --type tdx-vm").exits(2);
    scene.run("policy set permit.txt --type tdx").exits(2);
    scene
        .run("policy set permit.txt --type tdx-vm --decisions 3")
        .exits(2);
    scene
        .offline("policy show --type tdx-vm --endpoint https://127.0.0.1:1")
        .exits(3);
    let shared = scene.run("signer list").exits(0).stdout;
    assert!(shared.contains("not isolated"), "{shared}");
}

#[test]
fn an_isolated_provider_takes_signed_policies_and_its_certificates_are_rolled() {
    let scene = Scene::new("/p/isolated", None);
    scene.signer("next", &PKCS_ECDSA_P256_SHA256);
    scene.signer("stranger", &PKCS_ECDSA_P384_SHA384);
    let refused = scene.run(SET).exits(1);
    assert!(refused.stderr.contains("Unsigned JWS"), "{refused:?}");
    scene
        .run(&format!("{SET} --key stranger.key --cert stranger.pem"))
        .exits(1);

    // Signed elsewhere, and on the way.
    scene
        .offline(&format!(
            "policy sign permit.txt {DEVELOPMENT_SIGNER} --out permit.jws"
        ))
        .exits(0);
    let set = scene
        .run("policy set permit.jws --type sgx-enclave --json")
        .exits(0)
        .json();
    assert_eq!(set["claims"]["x-ms-policy-signer"]["alg"], "RS256", "{set}");
    scene
        .run(&format!(
            "policy set permit.jws --type sgx-enclave {DEVELOPMENT_SIGNER}"
        ))
        .exits(2);
    scene.run(&format!("{SET} {DEVELOPMENT_SIGNER} --bind")).exits(0);

    let listed = scene.run("signer list --json").exits(0).json();
    let first = listed["certificates"][0]["thumbprint"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(listed["certificates"].as_array().unwrap().len(), 1);
    assert_eq!(
        scene.run("policy show --type sgx-enclave --json").exits(0).json()["signer"],
        first
    );

    // The last one stays; a stranger adds nothing.
    scene
        .run(&format!(
            "signer remove --cert data/tls/policy-signer.pem {BY_DEVELOPMENT_SIGNER}"
        ))
        .exits(1);
    scene
        .run("signer add --cert next.pem --signer-key stranger.key --signer-cert stranger.pem")
        .exits(1);

    let added = scene
        .run(&format!(
            "signer add --cert next.pem {BY_DEVELOPMENT_SIGNER} --bind --json"
        ))
        .exits(0)
        .json();
    assert_eq!(
        added["claims"]["x-ms-policycertificates-result"], "IsPresent",
        "{added}"
    );
    scene
        .run(&format!("{SET} --key next.key --cert next.pem"))
        .exits(0);
    scene
        .run(&format!(
            "signer remove --cert data/tls/policy-signer.pem {BY_NEXT}"
        ))
        .exits(0);
    let listed = scene.run("signer list").exits(0).stdout;
    assert!(listed.contains("CN=next") && !listed.contains(&first), "{listed}");
    scene.run(&format!("{SET} {DEVELOPMENT_SIGNER}")).exits(1);

    scene.run("policy reset --type sgx-enclave").exits(1);
    scene
        .run("policy reset --type sgx-enclave --key next.key --cert next.pem")
        .exits(0);
}

#[test]
fn a_signature_is_made_without_a_service_and_names_its_use() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("permit.txt"), PERMIT).unwrap();
    let run = |line: &str| attestry_in(directory.path(), &line.split_whitespace().collect::<Vec<_>>());
    for (name, algorithm) in [("rsa", &PKCS_RSA_SHA256), ("ec", &PKCS_ECDSA_P384_SHA384)] {
        let key = KeyPair::generate_for(algorithm).unwrap();
        let certificate = CertificateParams::new([name.to_owned()])
            .unwrap()
            .self_signed(&key)
            .unwrap();
        std::fs::write(directory.path().join(format!("{name}.key")), key.serialize_pem()).unwrap();
        std::fs::write(directory.path().join(format!("{name}.pem")), certificate.pem()).unwrap();
    }
    let signed = run("policy sign permit.txt --key rsa.key --cert rsa.pem")
        .exits(0)
        .stdout;
    let opened = attestry_api::policy_envelope::PolicyEnvelope::open(signed.trim()).unwrap();
    assert_eq!(opened.policy(), Some(PERMIT));

    let json =
        run("policy sign permit.txt --key ec.key --cert ec.pem --for https://a/p/b/policies/tdxvm --json")
            .exits(0)
            .json();
    assert_eq!(
        (&json["algorithm"], &json["for"]),
        (&json!("ES384"), &json!("https://a/p/b/policies/TdxVm"))
    );
    let opened = attestry_api::policy_envelope::PolicyEnvelope::open(json["jws"].as_str().unwrap()).unwrap();
    let payload: Value = serde_json::from_slice(opened.payload()).unwrap();
    assert_eq!(payload["aud"], "https://a/p/b/policies/TdxVm");
    assert!(payload["iat"].is_i64(), "{payload}");

    let reset = run("policy sign --reset --key ec.key --cert ec.pem")
        .exits(0)
        .stdout;
    assert!(reset.contains(".."), "an empty payload: {reset}");

    let other = run("policy sign permit.txt --key ec.key --cert rsa.pem").exits(2);
    assert!(other.stderr.contains("private key"), "{other:?}");
    run("policy sign permit.txt --key rsa.key --cert rsa.pem --for https://a").exits(2);
    run("policy sign --key rsa.key --cert rsa.pem").exits(2);
}

#[test]
fn a_second_person_approves_and_recorded_decisions_are_tried_again() {
    let config = "[collateral]\nsources = []\n[[provider]]\nname = \"dev\"\ndefault = true\nmode = \"aad\"\n\
                  two_person_changes = true\nrecord_decisions = 10\n";
    let mut scene = Scene::new("", Some(config));
    let forged = Forged::new();
    std::fs::copy(
        forged.path().join("quote.bin"),
        scene.directory.path().join("quote.bin"),
    )
    .unwrap();
    scene
        .run("attest --type sgx-enclave --evidence quote.bin")
        .exits(0);
    let tried = scene
        .run("policy set deny.txt --type sgx-enclave --dry-run --json")
        .exits(0)
        .json();
    assert_eq!(tried["needsApproval"], true, "{tried}");
    assert_eq!(tried["replay"]["changed"][0]["candidate"], "deny", "{tried}");
    let text = scene
        .run("policy set deny.txt --type sgx-enclave --dry-run")
        .exits(0)
        .stdout;
    assert!(
        text.contains("1 recorded decision made again: 0 unchanged, 1 changed"),
        "{text}"
    );

    let ask = |scene: &Scene| {
        let asked = scene
            .run("policy set deny.txt --type sgx-enclave --json")
            .exits(0)
            .json();
        assert_eq!(asked["done"], false, "{asked}");
        asked["change"]["id"].as_str().unwrap().to_owned()
    };
    let first = ask(&scene);
    assert_ne!(scene.run("policy show --type sgx-enclave").exits(0).stdout, DENY);
    scene.run(&format!("change approve {first}")).exits(1);
    let listed = scene.run("change list").exits(0).stdout;
    assert!(
        listed.contains("set the policy of SgxEnclave") && listed.contains("pending"),
        "{listed}"
    );

    scene.token = "bob";
    scene.run(&format!("change approve {first}")).exits(0);
    assert_eq!(scene.run("policy show --type sgx-enclave").exits(0).stdout, DENY);
    let refused = scene
        .run("attest --type sgx-enclave --evidence quote.bin")
        .exits(1);
    assert!(refused.stderr.contains("refused:"), "{refused:?}");

    scene.token = "alice";
    let second = ask(&scene);
    scene.token = "bob";
    let rejected = scene
        .run(&format!("change reject {second} --json"))
        .exits(0)
        .json();
    assert_eq!(rejected["change"]["state"], "rejected", "{rejected}");
    scene.run("change approve nonsense").exits(1);
}

#[test]
fn a_provider_lives_from_creation_to_restoration() {
    let mut scene = Scene::new("", None);
    scene.signer("signer", &PKCS_ECDSA_P256_SHA256);
    let created = scene
        .run(&format!(
            "provider create --name Mine {IN_GROUP} --location eastus --tags team=a env --json"
        ))
        .exits(0)
        .json();
    assert_eq!(created["properties"]["trustModel"], "AAD", "{created}");
    assert_eq!(created["tags"], json!({"team": "a", "env": ""}));
    let isolated = format!("provider create -n other {IN_GROUP} -l eastus --certs-input-path signer.pem");
    let isolated = scene.run(&isolated).exits(0).stdout;
    assert!(isolated.contains("Isolated"), "{isolated}");

    let listed = scene
        .run(&format!("provider list {SUBSCRIPTION}"))
        .exits(0)
        .stdout;
    assert!(listed.contains("Mine") && listed.contains("other"), "{listed}");
    let shown = scene
        .run(&format!("provider show -n mine {IN_GROUP} --json"))
        .exits(0)
        .json();
    assert_eq!(
        shown["properties"]["attestUri"],
        created["properties"]["attestUri"]
    );
    let updated = scene
        .run(&format!(
            "provider update -n mine {IN_GROUP} --tags team=b --json"
        ))
        .exits(0)
        .json();
    assert_eq!(updated["tags"], json!({"team": "b"}));
    let updated = scene
        .run(&format!("provider update -n mine {IN_GROUP} --tags --json"))
        .exits(0)
        .json();
    assert_eq!(updated["tags"], json!({}));
    scene.run(&format!("provider update -n mine {IN_GROUP}")).exits(2);

    let defaults = scene
        .run(&format!("provider list-default {SUBSCRIPTION} --json"))
        .exits(0)
        .json();
    assert_eq!(defaults["value"][0]["name"], "shared", "{defaults}");
    scene
        .run(&format!("provider list-default {SUBSCRIPTION} --location eastus"))
        .exits(0);

    // Its policies are administered at its own endpoint.
    scene.provider = "/p/other";
    scene
        .run("policy set permit.txt --type sgx-enclave --key signer.key --cert signer.pem --bind")
        .exits(0);
    std::fs::write(
        scene.directory.path().join("settings.json"),
        r#"{"recordDecisions": 7}"#,
    )
    .unwrap();
    scene.run("provider settings settings.json").exits(1);
    scene
        .run("provider settings settings.json --key signer.key --cert signer.pem --bind")
        .exits(0);
    let settings = scene.run("provider settings --json").exits(0).json();
    assert_eq!(
        (&settings["settings"]["recordDecisions"], &settings["changeable"]),
        (&json!(7), &json!(true))
    );
    scene.run("provider settings permit.txt").exits(2);
    scene.provider = "";
    scene.run("provider protect --name other").exits(0);
    scene
        .run(&format!("provider delete -n other {IN_GROUP}"))
        .exits(1);
    scene.run("provider unprotect --name other").exits(0);
    scene
        .run(&format!("provider delete -n other {IN_GROUP}"))
        .exits(0);
    let missing = scene
        .run(&format!("provider show -n other {IN_GROUP} --json"))
        .exits(1)
        .json();
    assert_eq!(missing["error"]["code"], "ResourceNotFound", "{missing}");
    assert_eq!(
        scene
            .run(&format!("provider delete -n other {IN_GROUP} --json"))
            .exits(0)
            .json()["deleted"],
        false
    );
    let deleted = scene.run("provider list-deleted").exits(0).stdout;
    assert!(
        deleted.contains("other") && !deleted.contains("mine"),
        "{deleted}"
    );
    scene.run("provider restore --name other").exits(0);
    scene.provider = "/p/other";
    assert_eq!(
        scene.run("policy show --type sgx-enclave").exits(0).stdout,
        PERMIT
    );
}
