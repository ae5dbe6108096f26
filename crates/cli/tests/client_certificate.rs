//! The command line as a caller with a client certificate.

#![expect(
    clippy::unwrap_used,
    reason = "a test ends where something unexpected happens"
)]

mod common;

use std::path::Path;

use common::{Service, attestry_in};
use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};

const CONFIG: &str = r#"
[server]
listen = "127.0.0.1:0"
tls_certificate = "server.pem"
tls_private_key = "server.key"
[store]
data_dir = "data"
[collateral]
sources = []
[authentication.client_certificates]
ca_file = "ca.pem"
[[authorization.assignment]]
role = "contributor"
scopes = ["mine"]
claim = "certificate_name"
value = "admin.example"
[[provider]]
name = "mine"
default = true
mode = "aad"
"#;

/// An authority, and certificates that it issued: `NAME.pem` and `NAME.key`.
fn issue(directory: &Path) {
    let key = KeyPair::generate().unwrap();
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    std::fs::write(
        directory.join("ca.pem"),
        authority.self_signed(&key).unwrap().pem(),
    )
    .unwrap();
    let issuer = Issuer::new(authority, key);
    for (name, names, usage) in [
        (
            "server",
            ["localhost", "127.0.0.1"],
            ExtendedKeyUsagePurpose::ServerAuth,
        ),
        (
            "admin",
            ["admin.example", "a.example"],
            ExtendedKeyUsagePurpose::ClientAuth,
        ),
        (
            "nobody",
            ["nobody.example", "b.example"],
            ExtendedKeyUsagePurpose::ClientAuth,
        ),
    ] {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(names.map(str::to_owned)).unwrap();
        params.extended_key_usages = vec![usage];
        let certificate = params.signed_by(&key, &issuer).unwrap();
        std::fs::write(directory.join(format!("{name}.pem")), certificate.pem()).unwrap();
        std::fs::write(directory.join(format!("{name}.key")), key.serialize_pem()).unwrap();
    }
}

#[test]
fn a_client_certificate_has_the_roles_that_its_name_is_given() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    issue(at);
    std::fs::write(
        at.join("permit.txt"),
        "version=1.0; authorizationrules{ => permit(); };",
    )
    .unwrap();
    let absolute = |text: &str| {
        let names = ["server.pem", "server.key", "ca.pem", "data"];
        names.iter().fold(text.to_owned(), |text, name| {
            text.replace(&format!("= \"{name}\""), &format!("= {:?}", at.join(name)))
        })
    };
    std::fs::write(at.join("attestry.toml"), absolute(CONFIG)).unwrap();
    let service = Service::run(&["serve", "--config", at.join("attestry.toml").to_str().unwrap()]);
    let set = |identity: &[&str]| {
        let set = [
            "policy",
            "set",
            "permit.txt",
            "--type",
            "sgx-enclave",
            "--ca",
            "ca.pem",
        ];
        attestry_in(at, &[&set[..], &["--endpoint", &service.url], identity].concat())
    };
    let refused = set(&[]).exits(1);
    assert!(refused.stderr.contains("refused:"), "{refused:?}");
    set(&["--client-cert", "nobody.pem", "--client-key", "nobody.key"]).exits(1);
    set(&["--client-cert", "admin.pem", "--client-key", "admin.key"]).exits(0);
    // Half an identity, and none at all.
    set(&["--client-cert", "admin.pem"]).exits(2);
    set(&["--client-cert", "permit.txt", "--client-key", "admin.key"]).exits(2);
}
