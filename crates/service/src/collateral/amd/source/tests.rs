use super::*;

fn source(kind: AmdSourceKind) -> AmdSource {
    AmdSource::from_config(&AmdSourceConfig::new(kind), Duration::from_secs(1)).unwrap()
}

fn id(product: Product, tcb: [u8; 8]) -> VekId {
    let chip_id = vec![0xa1; product.chip_id_bytes()];
    VekId::new(product, &chip_id, tcb).unwrap()
}

#[test]
fn amds_service_is_asked_as_amd_documents_it() {
    let kds = source(AmdSourceKind::Kds);
    let milan = id(Product::Milan, [4, 0, 0, 0, 0, 0, 24, 219]);
    assert_eq!(
        kds.kds_vek_url(&milan).as_str(),
        format!(
            "https://kdsintf.amd.com/vcek/v1/Milan/{}?blSPL=04&teeSPL=00&snpSPL=24&ucodeSPL=219",
            "a1".repeat(64)
        )
    );
    let turin = id(Product::Turin, [1, 2, 3, 4, 0, 0, 0, 81]);
    assert_eq!(
        kds.kds_vek_url(&turin).as_str(),
        "https://kdsintf.amd.com/vcek/v1/Turin/a1a1a1a1a1a1a1a1?fmcSPL=01&blSPL=02&teeSPL=03&snpSPL=04&ucodeSPL=81"
    );
    assert_eq!(
        kds.crl_url("vcek", Product::Genoa).as_str(),
        "https://kdsintf.amd.com/vcek/v1/Genoa/crl"
    );
}

#[test]
fn azures_cache_is_asked_by_chip_and_version() {
    let thim = source(AmdSourceKind::AzureThim);
    let milan = id(Product::Milan, [4, 0, 0, 0, 0, 0, 24, 219]);
    assert_eq!(
        thim.thim_url(&milan).as_str(),
        format!(
            "https://global.acccache.azure.net/SevSnpVM/certificates/{}/db18000000000004?api-version=2020-10-15-preview",
            "a1".repeat(64)
        )
    );
    let turin = id(Product::Turin, [1, 2, 3, 4, 0, 0, 0, 81]);
    let padded = format!("/SevSnpVM/certificates/{}{}/", "a1".repeat(8), "00".repeat(56));
    assert!(thim.thim_url(&turin).path().starts_with(&padded));
    assert!(!thim.has_lists());
}

#[test]
fn a_cache_of_ones_own_may_lie_below_a_path() {
    let config = AmdSourceConfig {
        url: "https://cache.example/amd/".to_owned(),
        ..AmdSourceConfig::new(AmdSourceKind::Kds)
    };
    let cache = AmdSource::from_config(&config, Duration::from_secs(1)).unwrap();
    assert_eq!(
        cache.crl_url("vlek", Product::Milan).as_str(),
        "https://cache.example/amd/vlek/v1/Milan/crl"
    );
    assert_eq!(cache.name(), "kds cache.example");
}

#[test]
fn an_answer_for_another_version_is_refused_by_what_it_says() {
    let milan = id(Product::Milan, [4, 0, 0, 0, 0, 0, 24, 219]);
    let pem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let answer =
        |tcbm| serde_json::json!({"vcekCert": pem, "tcbm": tcbm, "certificateChain": pem}).to_string();
    assert_eq!(
        read_vek(answer("DB18000000000005").as_bytes(), &milan).unwrap_err(),
        AmdSourceError::OtherTcb
    );
    assert!(matches!(
        read_vek(answer("DB18000000000004").as_bytes(), &milan).unwrap_err(),
        AmdSourceError::Certificate(_)
    ));
    assert_eq!(
        read_vek(b"{}", &milan).unwrap_err(),
        AmdSourceError::Source(SourceError::Malformed { what: "THIM answer" })
    );
}
