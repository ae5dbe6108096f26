//! Addresses as the vendors document them; whether answers are understood is tested against a server.

use attestry_evidence::dcap::PckCa;

use super::*;

fn remote(kind: SourceKind, url: &str, api_version: u8) -> Remote {
    let config = SourceConfig {
        url: url.to_owned(),
        api_version,
        ..SourceConfig::new(kind)
    };
    Remote::from_config(&config, Duration::from_secs(1), 1).unwrap()
}

fn key(edition: Edition) -> CollateralKey {
    CollateralKey {
        tee: Tee::Sgx,
        fmspc: [0, 0x90, 0x6e, 0xd5, 0, 0],
        ca: PckCa::Processor,
        edition,
    }
}

#[test]
fn intel_is_asked_as_its_interface_says() {
    let intel = remote(SourceKind::IntelPcs, "", 4);
    let tcb = "https://api.trustedservices.intel.com/sgx/certification/v4/tcb?";
    for (edition, query) in [
        (Edition::Standard, "fmspc=00906ED50000"),
        (Edition::Early, "fmspc=00906ED50000&update=early"),
        (
            Edition::Number(17),
            "fmspc=00906ED50000&tcbEvaluationDataNumber=17",
        ),
    ] {
        assert_eq!(
            intel.tcb_info_url(&key(edition)).as_str(),
            format!("{tcb}{query}")
        );
    }
    assert_eq!(
        intel
            .qe_identity_url(&CollateralKey {
                tee: Tee::Tdx,
                ..key(Edition::Early)
            })
            .as_str(),
        "https://api.trustedservices.intel.com/tdx/certification/v4/qe/identity?update=early",
    );
    assert_eq!(
        intel.pck_crl_url(&key(Edition::Early)).as_str(),
        "https://api.trustedservices.intel.com/sgx/certification/v4/pckcrl?ca=processor&encoding=der",
    );
    // The distribution point in Intel's certificates.
    assert_eq!(
        intel.root_ca_crl_url().unwrap().as_str(),
        "https://certificates.trustedservices.intel.com/IntelSGXRootCA.der",
    );
}

#[test]
fn a_cache_server_has_everything_below_its_own_address() {
    for url in [
        "https://pccs.example:8081/base",
        "https://pccs.example:8081/base/",
    ] {
        let pccs = remote(SourceKind::Pccs, url, 3);
        let base = "https://pccs.example:8081/base/sgx/certification/v3";
        assert_eq!(
            pccs.tcb_info_url(&key(Edition::Standard)).as_str(),
            format!("{base}/tcb?fmspc=00906ED50000"),
        );
        assert_eq!(
            pccs.root_ca_crl_url().unwrap().as_str(),
            format!("{base}/rootcacrl")
        );
    }
}

#[test]
fn azure_wants_a_client_and_versions() {
    let azure = remote(SourceKind::AzureThim, "", 3);
    let base = "https://global.acccache.azure.net/sgx/certification/v3";
    let tcb = "clientid=production_client&api-version=2018-10-01-preview";
    let crl = "clientid=production_client&api-version=2020-02-12-preview";
    assert_eq!(
        azure.tcb_info_url(&key(Edition::Standard)).as_str(),
        format!("{base}/tcb?{tcb}&fmspc=00906ED50000"),
    );
    assert_eq!(
        azure.pck_crl_url(&key(Edition::Standard)).as_str(),
        format!(
            "{base}/pckcrl?{crl}&uri=https%3A%2F%2Fapi.trustedservices.intel.com\
             %2Fsgx%2Fcertification%2Fv3%2Fpckcrl%3Fca%3Dprocessor"
        ),
    );
    assert_eq!(
        azure.root_ca_crl_url().unwrap().as_str(),
        format!(
            "{base}/pckcrl?{crl}&uri=https%3A%2F%2Fcertificates.trustedservices.intel.com\
             %2FIntelSGXRootCA.crl"
        ),
    );
}

#[test]
fn credentials_in_an_address_are_refused() {
    let config = SourceConfig {
        url: "https://user:secret@pccs.example".to_owned(),
        ..SourceConfig::new(SourceKind::Pccs)
    };
    let refused = Remote::from_config(&config, Duration::from_secs(1), 1);
    assert_eq!(refused.err(), Some(SourceBuildError::Value { what: "url" }));
}
