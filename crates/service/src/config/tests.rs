use super::reference::{SECTIONS, defaults};
use super::*;

fn load(text: &str, environment: &[(&str, &str)]) -> Result<Config, ConfigError> {
    Config::from_layers(
        text,
        environment
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
    )
}

#[track_caller]
fn check_refused(text: &str, key: &str, reason: &str) {
    match load(text, &[]) {
        Err(ConfigError::Key {
            key: named,
            reason: given,
        }) => {
            assert_eq!(named, key);
            assert!(given.contains(reason), "{given}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_empty_file_is_the_default() {
    assert_eq!(load("", &[]), Ok(Config::default()));
}

#[test]
fn the_environment_overrides_the_file() {
    let config = load(
        "[server]\nlisten = \"127.0.0.1:1\"\nmax_headers = 50\n",
        &[
            ("ATTESTRY_SERVER__LISTEN", "127.0.0.1:2"),
            ("ATTESTRY_COLLATERAL__EARLY", "false"),
            (
                "ATTESTRY_VERIFICATION__TCB_IDENTIFIERS__AZUREDEFAULT",
                "number=17",
            ),
            ("ATTESTRY_VERIFICATION__TRUST_ROOTS", r#"["intel", "own.pem"]"#),
            ("ATTESTRY_VECTORS", "not a key of the configuration"),
        ],
    )
    .unwrap();

    assert_eq!(config.server.listen.port(), 2);
    assert_eq!(config.server.max_headers, 50);
    assert!(!config.collateral.early);
    assert_eq!(config.verification.tcb_identifiers["azuredefault"], "number=17");
    assert_eq!(config.verification.trust_roots, ["intel", "own.pem"]);
}

#[test]
fn an_unknown_key_is_refused_and_named() {
    match load("[server]\nlisten = \"127.0.0.1:1\"\nlisen = 5\n", &[]) {
        Err(ConfigError::Key { key, reason }) => {
            assert!(key.starts_with("server"), "{key}");
            assert!(reason.contains("`lisen`"), "{reason}");
        }
        other => panic!("{other:?}"),
    }
    assert!(
        matches!(load("", &[("ATTESTRY_SERVR__LISTEN", "1")]), Err(ConfigError::Key { reason, .. }) if reason.contains("servr"))
    );
}

#[test]
fn values_that_cannot_work_are_refused_by_key() {
    check_refused(
        "[server]\nmax_headers = \"many\"",
        "server.max_headers",
        "expected usize",
    );
    check_refused(
        "[server]\nmax_headers = 3",
        "server.max_headers",
        "3 is not between 16 and 1024",
    );
    check_refused(
        "[server]\nlisten = \"0.0.0.0:443\"",
        "server.tls_certificate",
        "loopback",
    );
    check_refused(
        "[server]\ntls_certificate = \"a.pem\"",
        "server.tls_private_key",
        "together",
    );
    check_refused(
        "[server]\nbase_url = \"attest.example\"",
        "server.base_url",
        "`attest.example`",
    );
    check_refused(
        "[server]\nbase_url = \"https://attest.example/\"",
        "server.base_url",
        "https://host",
    );
    check_refused(
        "[server]\nbase_domain = \"Attest.example\"",
        "server.base_domain",
        "lower-case",
    );
    check_refused("[store]\ndata_dir = \"\"", "store.data_dir", "empty");
    check_refused(
        "[verification]\ntrust_roots = []",
        "verification.trust_roots",
        "at least one",
    );
    check_refused(
        "[verification]\nstaleness = \"never\"",
        "verification.staleness",
        "unknown variant",
    );
    check_refused(
        "[verification.tcb_identifiers]\nnew = \"number>17\"",
        "verification.tcb_identifiers.new",
        "`number>17` is not a baseline",
    );
    check_refused("[telemetry]\nlog_level = \"a=b=c\"", "telemetry.log_level", "");
}

#[test]
fn sources_of_amds_endorsements_are_checked_by_key() {
    let sources = |source: &str| format!("[[snp.sources]]\nkind = \"kds\"\n{source}");
    check_refused(
        &sources("url = \"http://cache.example\""),
        "snp.sources[0].url",
        "neither https nor on this machine",
    );
    check_refused(
        &sources("url = \"https://me:secret@cache.example\""),
        "snp.sources[0].url",
        "user name or password",
    );
    for rate in ["0", "601"] {
        check_refused(
            &sources(&format!("requests_per_minute = {rate}")),
            "snp.sources[0].requests_per_minute",
            "is not between 1 and 600",
        );
    }
    check_refused(&sources("").repeat(9), "snp.sources", "9 is not between 0 and 8");
    let config = load(&sources("url = \"http://127.0.0.1:8081\""), &[]).unwrap();
    assert_eq!(config.snp.sources[0].requests_per_minute, 6);
    assert!(load("", &[]).unwrap().snp.sources.is_empty());
}

#[test]
fn sources_must_be_complete_and_protected() {
    let sources = |source: &str| format!("[[collateral.sources]]\n{source}");
    check_refused(
        &sources("kind = \"pccs\""),
        "collateral.sources[0].url",
        "needs it",
    );
    check_refused(
        &sources("kind = \"directory\""),
        "collateral.sources[0].path",
        "needs it",
    );
    check_refused(
        &sources("kind = \"bundle\"\npath = \"b\""),
        "collateral.sources[0].signer",
        "needs it",
    );
    check_refused(
        &sources("kind = \"pccs\"\nurl = \"http://pccs.example\""),
        "collateral.sources[0].url",
        "neither https",
    );
    check_refused(
        &sources("kind = \"pccs\"\nurl = \"https://p\"\napi_version = 2"),
        "collateral.sources[0].api_version",
        "2 is not",
    );
    check_refused(
        &sources("kind = \"pccs\"\nurl = \"https://user:c0ffee@pccs.example\""),
        "collateral.sources[0].url",
        "must not contain",
    );
    for url in [
        "https://pccs.example:8081",
        "http://127.0.0.1:8081",
        "http://localhost",
        "http://169.254.169.254/metadata",
    ] {
        assert!(
            load(&sources(&format!("kind = \"pccs\"\nurl = \"{url}\"")), &[]).is_ok(),
            "{url}"
        );
    }
}

#[test]
fn providers_are_checked() {
    check_refused("[[provider]]\nname = \"Tenant\"", "provider[0].name", "`Tenant`");
    check_refused(
        "[[provider]]\nname = \"tenant\"\n[[provider]]\nname = \"tenant\"",
        "provider[1].name",
        "twice",
    );
    check_refused(
        "[[provider]]\nname = \"tenant\"\naccepted_tcb_statuses = [\"Fine\"]",
        "provider[0].accepted_tcb_statuses",
        "`Fine`",
    );
    check_refused(
        "[[provider]]\nname = \"one\"\ndefault = true\n[[provider]]\nname = \"two\"\ndefault = true",
        "provider.default",
        "only one",
    );
}

#[test]
fn the_files_of_the_diagnostic_log_are_two() {
    check_refused(
        "[diagnostics]\nfile = \"/logs/all\"\naudit_file = \"/logs/all\"",
        "diagnostics.audit_file",
        "the same",
    );
    check_refused(
        "[store]\ndata_dir = \"/data\"\n[diagnostics]\naudit_file = \"/data/diagnostics.jsonl\"",
        "diagnostics.audit_file",
        "the same",
    );
}

#[test]
fn a_syntax_error_names_its_line() {
    assert!(matches!(
        load("[server]\n\nlisten = ", &[]),
        Err(ConfigError::Syntax { line: 3, .. })
    ));
}

#[test]
fn secrets_are_not_printed() {
    let config = load(
        "[store]\nkey_encryption_key = \"c0ffee\"\n[[collateral.sources]]\nkind = \"intel-pcs\"\napi_key = \"c0ffee\"",
        &[],
    )
    .unwrap();
    assert!(!format!("{config:?}").contains("c0ffee"));
}

#[test]
fn the_reference_lists_every_key_and_no_other() {
    for section in SECTIONS {
        let documented: Vec<_> = section.fields.iter().map(|field| field.key.to_owned()).collect();
        let mut missing = defaults(section.title);
        missing.retain(|key, _| !documented.iter().any(|documented| documented == key));
        assert!(missing.is_empty(), "{}: {missing:?}", section.title);
        let known = defaults(section.title);
        for key in documented {
            assert!(known.contains_key(&key), "{} has no key {key}", section.title);
        }
    }
    let sections = toml::Table::try_from(Config::default()).unwrap();
    for name in sections.keys() {
        assert!(
            SECTIONS
                .iter()
                .any(|section| section.title.trim_matches(['[', ']']) == name),
            "{name}"
        );
    }
}

/// After a deliberate change: `ATTESTRY_BLESS=1 cargo test -p attestry-service reference`.
#[test]
fn the_reference_document_is_up_to_date() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/reference/configuration.md"
    );
    if std::env::var_os("ATTESTRY_BLESS").is_some() {
        std::fs::write(path, reference_markdown()).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap(), reference_markdown());
}
