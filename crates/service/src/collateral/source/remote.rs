//! Collateral over HTTP: Intel's PCS, a PCCS, Azure's THIM. One set of paths in three dialects.

use std::time::Duration;

use attestry_evidence::dcap::{CollateralDocuments, Tee};
use http::{HeaderMap, HeaderName, HeaderValue};
use reqwest::Url;

use super::{SignedNumbers, SourceBuildError, SourceError, edition_query};
use crate::collateral::fetch::{Fetcher, base_url, named};
use crate::collateral::{CollateralKey, Edition};
use crate::config::{SourceConfig, SourceKind};

/// A service that answers the calls of Intel's Provisioning Certification Service.
#[derive(Debug)]
pub(super) struct Remote {
    dialect: Dialect,
    base: Url,
    api_version: u8,
    fetcher: Fetcher,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dialect {
    /// The root CRL lies beside the service, at the place that Intel's certificates name.
    IntelPcs,
    /// The root CRL is one of its calls.
    Pccs,
    /// CRLs are asked for by their distribution point, and each call has an API version as Azure's have.
    AzureThim,
}

impl Remote {
    pub(super) fn from_config(
        config: &SourceConfig,
        request_timeout: Duration,
        attempts: u32,
    ) -> Result<Self, SourceBuildError> {
        let (dialect, public) = match config.kind {
            SourceKind::AzureThim => (Dialect::AzureThim, AZURE_THIM),
            SourceKind::IntelPcs => (Dialect::IntelPcs, INTEL_PCS),
            SourceKind::Pccs | SourceKind::Directory | SourceKind::Bundle => (Dialect::Pccs, ""),
        };
        let base = if config.url.is_empty() {
            public
        } else {
            &config.url
        };
        let base = base_url(base)?;
        let mut headers = HeaderMap::new();
        if !config.api_key.is_empty() {
            let mut key = HeaderValue::from_str(&config.api_key)
                .map_err(|_| SourceBuildError::Value { what: "api_key" })?;
            key.set_sensitive(true);
            headers.insert(SUBSCRIPTION_KEY, key);
        }
        if dialect == Dialect::AzureThim {
            // What the instance metadata service wants to see before it answers.
            headers.insert("metadata", HeaderValue::from_static("true"));
        }
        let ca_file = named(&config.ca_file);
        let fetcher = Fetcher::new(base.clone(), headers, ca_file, request_timeout, attempts)?;
        Ok(Self {
            dialect,
            base,
            api_version: config.api_version,
            fetcher,
        })
    }

    pub(super) fn name(&self) -> String {
        let kind = match self.dialect {
            Dialect::IntelPcs => "intel-pcs",
            Dialect::Pccs => "pccs",
            Dialect::AzureThim => "azure-thim",
        };
        format!("{kind} {}", self.base.host_str().unwrap_or_default())
    }

    pub(super) async fn documents(&self, key: &CollateralKey) -> Result<CollateralDocuments, SourceError> {
        if self.api_version < 4 && (key.tee == Tee::Tdx || key.edition != Edition::Standard) {
            // Version 3 of the interface has neither.
            return Err(SourceError::Unknown);
        }
        let tcb_info = self.fetcher.get(&self.tcb_info_url(key)).await?;
        let qe_identity = self.fetcher.get(&self.qe_identity_url(key)).await?;
        let pck_crl = self.fetcher.get(&self.pck_crl_url(key)).await?;
        let root_ca_crl = self.fetcher.get(&self.root_ca_crl_url()?).await?.body;
        Ok(CollateralDocuments {
            tcb_info_issuer_chain: tcb_info.issuer_chain(&TCB_INFO_ISSUER_CHAIN)?,
            tcb_info: tcb_info.body,
            qe_identity_issuer_chain: qe_identity.issuer_chain(&ENCLAVE_IDENTITY_ISSUER_CHAIN)?,
            qe_identity: qe_identity.body,
            root_ca_crl,
            pck_crl_issuer_chain: pck_crl.issuer_chain(&PCK_CRL_ISSUER_CHAIN)?,
            pck_crl: pck_crl.body,
        })
    }

    pub(super) async fn evaluation_numbers(&self, tee: Tee) -> Result<SignedNumbers, SourceError> {
        if self.api_version < 4 {
            return Err(SourceError::Unknown);
        }
        let url = self.url(tee, &["tcbevaluationdatanumbers"], THIM_TCB_VERSION);
        let answer = self.fetcher.get(&url).await?;
        Ok(SignedNumbers {
            issuer_chain: answer.issuer_chain(&EVALUATION_NUMBERS_ISSUER_CHAIN)?,
            document: answer.body,
        })
    }

    fn tcb_info_url(&self, key: &CollateralKey) -> Url {
        let mut url = self.url(key.tee, &["tcb"], THIM_TCB_VERSION);
        url.query_pairs_mut()
            .append_pair("fmspc", &key.fmspc_hex().to_ascii_uppercase());
        append(&mut url, edition_query(key.edition));
        url
    }

    fn qe_identity_url(&self, key: &CollateralKey) -> Url {
        let mut url = self.url(key.tee, &["qe", "identity"], THIM_TCB_VERSION);
        append(&mut url, edition_query(key.edition));
        url
    }

    fn pck_crl_url(&self, key: &CollateralKey) -> Url {
        let mut url = self.url(Tee::Sgx, &["pckcrl"], THIM_CRL_VERSION);
        if self.asks_for_crls_by_address() {
            let address = format!(
                "{INTEL_PCS}/sgx/certification/v{}/pckcrl?ca={}",
                self.api_version,
                key.ca_name()
            );
            append(&mut url, Some(("uri", address)));
        } else {
            append(&mut url, Some(("ca", key.ca_name().to_owned())));
            append(&mut url, Some(("encoding", "der".to_owned())));
        }
        url
    }

    fn root_ca_crl_url(&self) -> Result<Url, SourceError> {
        if self.dialect == Dialect::IntelPcs && self.base.as_str().trim_end_matches('/') == INTEL_PCS {
            return INTEL_ROOT_CRL.parse().map_err(|_| SourceError::Unreachable);
        }
        if self.asks_for_crls_by_address() {
            let mut url = self.url(Tee::Sgx, &["pckcrl"], THIM_CRL_VERSION);
            append(&mut url, Some(("uri", THIM_ROOT_CRL.to_owned())));
            return Ok(url);
        }
        // Also for a service that stands in for Intel's: the list cannot be elsewhere.
        Ok(self.url(Tee::Sgx, &["rootcacrl"], THIM_CRL_VERSION))
    }

    /// THIM has `rootcacrl` and `pckcrl?ca=` only from version 4 on, where TDX came.
    fn asks_for_crls_by_address(&self) -> bool {
        self.dialect == Dialect::AzureThim && self.api_version < 4
    }

    fn url(&self, tee: Tee, call: &[&str], thim_version: &str) -> Url {
        let mut url = self.base.clone();
        let tee = match tee {
            Tee::Sgx => "sgx",
            Tee::Tdx => "tdx",
        };
        if let Ok(mut path) = url.path_segments_mut() {
            let version = format!("v{}", self.api_version);
            path.pop_if_empty()
                .extend([tee, "certification", &version])
                .extend(call);
        }
        if self.dialect == Dialect::AzureThim {
            url.query_pairs_mut()
                .append_pair("clientid", "production_client")
                .append_pair("api-version", thim_version);
        }
        url
    }
}

fn append(url: &mut Url, pair: Option<(&'static str, String)>) {
    if let Some((name, value)) = pair {
        url.query_pairs_mut().append_pair(name, &value);
    }
}

const INTEL_PCS: &str = "https://api.trustedservices.intel.com";
/// The distribution point that Intel's certificates name for the root CA's CRL.
const INTEL_ROOT_CRL: &str = "https://certificates.trustedservices.intel.com/IntelSGXRootCA.der";
/// The name that Azure keeps the same list under.
const THIM_ROOT_CRL: &str = "https://certificates.trustedservices.intel.com/IntelSGXRootCA.crl";
const AZURE_THIM: &str = "https://global.acccache.azure.net";

/// API versions of Azure's calls.
const THIM_TCB_VERSION: &str = "2018-10-01-preview";
const THIM_CRL_VERSION: &str = "2020-02-12-preview";

const SUBSCRIPTION_KEY: HeaderName = HeaderName::from_static("ocp-apim-subscription-key");

/// Issuer chain headers (Intel PCS API v4 and v3, PCCS). The TCB info's was renamed with version 4.
const TCB_INFO_ISSUER_CHAIN: [HeaderName; 2] = [
    HeaderName::from_static("tcb-info-issuer-chain"),
    HeaderName::from_static("sgx-tcb-info-issuer-chain"),
];
const ENCLAVE_IDENTITY_ISSUER_CHAIN: [HeaderName; 1] =
    [HeaderName::from_static("sgx-enclave-identity-issuer-chain")];
const PCK_CRL_ISSUER_CHAIN: [HeaderName; 1] = [HeaderName::from_static("sgx-pck-crl-issuer-chain")];
const EVALUATION_NUMBERS_ISSUER_CHAIN: [HeaderName; 1] = [HeaderName::from_static(
    "tcb-evaluation-data-numbers-issuer-chain",
)];

#[cfg(test)]
mod tests;
