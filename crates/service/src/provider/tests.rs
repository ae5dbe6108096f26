use std::sync::Arc;

use super::*;
use crate::token::{KeyRing, SigningAlgorithm};

fn addressing(base_domain: &str) -> Addressing {
    Addressing {
        base_url: "https://localhost:8443".to_owned(),
        base_domain: base_domain.to_owned(),
    }
}

fn provider(name: &str, ring: &KeyRing) -> Arc<Provider> {
    let tokens = TokenIssuer::new("https://localhost:8443", ring, SigningAlgorithm::Es256).unwrap();
    Arc::new(Provider::new(
        name,
        ProviderMode::Aad,
        Settings::default(),
        tokens,
    ))
}

fn providers(base_domain: &str) -> Providers {
    let ring = KeyRing::generate(SigningAlgorithm::Es256).unwrap();
    let all = ["dev", "tenant"].map(|name| provider(name, &ring));
    Providers::new(&addressing(base_domain), all, Some("dev")).unwrap()
}

fn found(providers: &Providers, host: Option<&str>, path: &str) -> Option<(String, String)> {
    providers
        .resolve(host, path)
        .map(|(provider, rest)| (provider.name.clone(), rest.to_owned()))
}

fn hit(name: &str, rest: &str) -> (String, String) {
    (name.to_owned(), rest.to_owned())
}

#[test]
fn the_path_names_the_provider_in_any_case() {
    let providers = providers("");
    assert_eq!(
        found(&providers, None, "/p/tenant/certs"),
        Some(hit("tenant", "/certs"))
    );
    assert_eq!(
        found(&providers, None, "/P/Tenant/certs"),
        Some(hit("tenant", "/certs"))
    );
    assert_eq!(found(&providers, None, "/p/tenant"), Some(hit("tenant", "/")));
    assert_eq!(found(&providers, None, "/p/nobody/certs"), None);
    assert_eq!(
        found(&providers, None, "/policies/Tpm"),
        Some(hit("dev", "/policies/Tpm"))
    );
}

#[test]
fn the_host_names_the_provider_under_the_base_domain_only() {
    let providers = providers("attest.test");
    let at = |host| found(&providers, Some(host), "/certs");
    assert_eq!(at("Tenant.attest.test:8443"), Some(hit("tenant", "/certs")));
    assert_eq!(at("tenant.attest.test."), Some(hit("tenant", "/certs")));
    assert_eq!(at("nobody.attest.test"), None);
    assert_eq!(at("a.tenant.attest.test"), None);
    assert_eq!(at("localhost:8443"), Some(hit("dev", "/certs")));
    assert_eq!(at("tenantattest.test"), Some(hit("dev", "/certs")));
    // A request is for one provider: host and path must not name two.
    let both = |host, path| found(&providers, Some(host), path);
    assert_eq!(both("dev.attest.test", "/p/tenant/certs"), None);
    assert_eq!(
        both("tenant.attest.test", "/p/tenant/certs"),
        Some(hit("tenant", "/certs"))
    );
    assert_eq!(
        both("localhost", "/p/tenant/certs"),
        Some(hit("tenant", "/certs"))
    );
}

#[test]
fn the_services_own_host_may_be_below_the_base_domain() {
    let ring = KeyRing::generate(SigningAlgorithm::Es256).unwrap();
    let addressing = Addressing {
        base_url: "https://API.attest.test:8443".to_owned(),
        base_domain: "attest.test".to_owned(),
    };
    let providers = Providers::new(&addressing, [provider("dev", &ring)], Some("dev")).unwrap();
    let own = Some("api.attest.test:8443");
    assert_eq!(found(&providers, own, "/certs"), Some(hit("dev", "/certs")));
    assert!(providers.is_base(own, "/subscriptions"));
    assert!(!providers.is_base(own, "/p/dev/certs"));
    assert!(!providers.is_base(Some("dev.attest.test"), "/subscriptions"));

    // Nobody else is there: their tokens would name the default provider as issuer.
    let api = || [provider("dev", &ring), provider("api", &ring)];
    assert_eq!(
        Providers::new(&addressing, api(), Some("dev")).err(),
        Some(ProvidersError::OwnHost("api".to_owned()))
    );
    assert!(Providers::new(&addressing, api(), Some("api")).is_ok());
}

#[test]
fn issuers_are_the_urls_clients_use() {
    assert_eq!(
        addressing("").issuer_url("dev", "dev", true),
        "https://localhost:8443"
    );
    assert_eq!(
        addressing("").issuer_url("tenant", "tenant", false),
        "https://localhost:8443/p/tenant"
    );
    assert_eq!(
        addressing("attest.test").issuer_url("tenant", "tenant.eus", false),
        "https://tenant.eus.attest.test:8443"
    );
}

#[test]
fn providers_must_fit_together() {
    let ring = KeyRing::generate(SigningAlgorithm::Es256).unwrap();
    let twice = [provider("dev", &ring), provider("dev", &ring)];
    assert_eq!(
        Providers::new(&addressing(""), twice, None).err(),
        Some(ProvidersError::Duplicate("dev".to_owned()))
    );
    assert_eq!(
        Providers::new(&addressing(""), [provider("dev", &ring)], Some("other")).err(),
        Some(ProvidersError::UnknownDefault("other".to_owned()))
    );
}

#[test]
fn tcb_identifiers_mean_what_is_configured_then_numbers() {
    let mut settings = Settings::default();
    assert_eq!(settings.baseline("azuredefault"), Some(Baseline::Latest));
    assert_eq!(settings.baseline("10"), Some(Baseline::Number(10)));
    for nonsense in ["", "ten", "-1", "+1", "99999999999"] {
        assert_eq!(settings.baseline(nonsense), None, "{nonsense}");
    }
    settings
        .baselines
        .insert("azuredefault".to_owned(), Baseline::AtLeast(17));
    settings.baselines.insert("10".to_owned(), Baseline::Early);
    assert_eq!(settings.baseline("azuredefault"), Some(Baseline::AtLeast(17)));
    assert_eq!(settings.baseline("10"), Some(Baseline::Early));
}

#[test]
fn providers_get_the_default_policies_of_the_types_that_are_attested() {
    for mode in [ProviderMode::Aad, ProviderMode::Isolated, ProviderMode::Shared] {
        for kind in AttestationType::ALL {
            let attested = !matches!(kind, AttestationType::AzureGuest | AttestationType::Tpm);
            let policy = StoredPolicy::default_for(kind, mode, &Limits::default());
            assert_eq!(policy.is_some(), attested, "{kind}");
            assert!(policy.is_none_or(|policy| policy.is_ok()), "{kind}");
        }
        let shown = |kind| default_text(kind, mode);
        assert_eq!(
            shown(AttestationType::SevSnpVm),
            Some(attestry_policy::defaults::SNP)
        );
        assert_eq!(shown(AttestationType::AzureGuest), None);
        assert_eq!(shown(AttestationType::Tpm), None);
    }
}

#[test]
fn a_text_and_its_unsigned_envelope_are_one_policy() {
    let text = "version=1.0; authorizationrules{=> permit();};";
    let from_text = StoredPolicy::from_text(text, &Limits::default()).unwrap();
    let from_envelope = StoredPolicy::from_envelope(from_text.envelope(), &Limits::default()).unwrap();
    assert_eq!(from_text.hash(), from_envelope.hash());
    assert_eq!(from_envelope.signer(), None);
    let empty =
        StoredPolicy::from_envelope(attestry_api::policy_envelope::EMPTY_ENVELOPE, &Limits::default())
            .unwrap_err();
    assert_eq!(empty, PolicyError::Empty);
    assert!(matches!(
        StoredPolicy::from_text("version=1.0", &Limits::default()),
        Err(PolicyError::Text(_))
    ));
}
