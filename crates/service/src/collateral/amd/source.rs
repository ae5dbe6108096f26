//! Sources of AMD's endorsements: AMD's Key Distribution Service, a cache of one's own with the same calls, Azure's
//! cache. A source is trusted for nothing but its availability: what it gives is verified afterwards.

use std::time::{Duration, Instant};

use attestry_api::thim::ThimCertificates;
use attestry_evidence::snp::{Product, SnpError, SuppliedChain, TcbVersion};
use http::HeaderMap;
use reqwest::Url;
use thiserror::Error;

use super::VekId;
use super::pace::Pace;
use crate::collateral::fetch::{Failed, Fetcher, base_url, named};
use crate::collateral::source::{SourceBuildError, SourceError};
use crate::config::{AmdSourceConfig, AmdSourceKind};

/// One source, and the pace at which it is asked.
#[derive(Debug)]
pub struct AmdSource {
    dialect: Dialect,
    base: Url,
    fetcher: Fetcher,
    pace: Pace,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dialect {
    Kds,
    AzureThim,
}

/// Why a source gave nothing.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum AmdSourceError {
    /// It was not asked: it has been asked as often as it may, or wants to be left alone.
    #[error("the source may not be asked for another {} seconds", wait.as_secs().saturating_add(1))]
    Busy {
        /// How long until it may be asked.
        wait: Duration,
    },
    /// It gave no usable answer.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The certificates that it gave cannot be read.
    #[error("the source gave no usable certificate: {0}")]
    Certificate(SnpError),
    /// It answered for another TCB version.
    #[error("the source answered for another TCB version")]
    OtherTcb,
}

impl AmdSource {
    /// Makes a source from its configuration. Nothing is asked yet.
    pub fn from_config(
        config: &AmdSourceConfig,
        request_timeout: Duration,
    ) -> Result<Self, SourceBuildError> {
        let (dialect, public) = match config.kind {
            AmdSourceKind::Kds => (Dialect::Kds, KDS),
            AmdSourceKind::AzureThim => (Dialect::AzureThim, AZURE_THIM),
        };
        let base = base_url(if config.url.is_empty() {
            public
        } else {
            &config.url
        })?;
        // Its pace is its own, so it is never asked twice in a row.
        let attempts = 1;
        let ca_file = named(&config.ca_file);
        let fetcher = Fetcher::new(base.clone(), HeaderMap::new(), ca_file, request_timeout, attempts)?;
        Ok(Self {
            dialect,
            base,
            fetcher,
            pace: Pace::new(config.requests_per_minute),
        })
    }

    /// The source's name in logs, metrics and the status.
    pub fn name(&self) -> String {
        let kind = match self.dialect {
            Dialect::Kds => "kds",
            Dialect::AzureThim => "azure-thim",
        };
        format!("{kind} {}", self.base.host_str().unwrap_or_default())
    }

    /// Whether it has revocation lists.
    pub(super) fn has_lists(&self) -> bool {
        self.dialect == Dialect::Kds
    }

    /// The certificate of a chip's key as the source has it, unverified. It waits for its turn, but not longer than
    /// `patience`.
    pub async fn vek(&self, wanted: &VekId, patience: Duration) -> Result<SuppliedChain, AmdSourceError> {
        let url = match self.dialect {
            Dialect::Kds => self.kds_vek_url(wanted),
            Dialect::AzureThim => self.thim_url(wanted),
        };
        let turn = self.pace.turn(Instant::now(), patience);
        let answer = self.ask(&url, turn).await?;
        read_vek(&answer, wanted)
    }

    /// The revocation list of a line as the source has it, unverified. Certificates, which somebody waits for, go first.
    pub async fn crl(&self, product: Product) -> Result<Vec<u8>, AmdSourceError> {
        if !self.has_lists() {
            return Err(SourceError::Unknown.into());
        }
        // One list covers both kinds of authorities; caches may have it at the place of either.
        let turn = self.idle_turn().await;
        match self.ask(&self.crl_url("vcek", product), turn).await {
            Err(AmdSourceError::Source(SourceError::Unknown)) => {
                let turn = self.idle_turn().await;
                self.ask(&self.crl_url("vlek", product), turn).await
            }
            answer => answer,
        }
    }

    /// A turn that nobody else wants; after some time, the next one, or strangers could keep lists from ever coming.
    async fn idle_turn(&self) -> Result<Instant, Duration> {
        let began = Instant::now();
        loop {
            let now = Instant::now();
            let Err(wait) = self.pace.turn(now, Duration::ZERO) else {
                return Ok(now);
            };
            let waited = now.saturating_duration_since(began);
            if waited.saturating_add(wait) > BACKGROUND_PATIENCE {
                return self.pace.turn(now, BACKGROUND_PATIENCE);
            }
            tokio::time::sleep(wait).await;
        }
    }

    async fn ask(&self, url: &Url, turn: Result<Instant, Duration>) -> Result<Vec<u8>, AmdSourceError> {
        let busy = |wait| AmdSourceError::Busy { wait };
        tokio::time::sleep_until(turn.map_err(busy)?.into()).await;
        self.pace.check(Instant::now()).map_err(busy)?;
        match self.fetcher.attempt(url).await {
            Ok(answer) => {
                self.pace.answered();
                Ok(answer.body)
            }
            Err(Failed::Finally(error)) => {
                self.pace.answered();
                Err(error.into())
            }
            Err(Failed::ForNow(error, asked_for)) => {
                self.pace.failed(Instant::now(), asked_for);
                Err(error.into())
            }
        }
    }

    /// AMD publication 57230, "VCEK certificate request".
    fn kds_vek_url(&self, wanted: &VekId) -> Url {
        let mut url = self.url(&["vcek", "v1", wanted.product().name(), &wanted.chip_id_hex()]);
        let TcbVersion {
            fmc,
            bootloader,
            tee,
            snp,
            microcode,
            ..
        } = wanted.tcb_version();
        let versions = [
            ("fmcSPL", fmc),
            ("blSPL", Some(bootloader)),
            ("teeSPL", Some(tee)),
            ("snpSPL", Some(snp)),
            ("ucodeSPL", Some(microcode)),
        ];
        for (name, version) in versions {
            if let Some(version) = version {
                url.query_pairs_mut().append_pair(name, &format!("{version:02}"));
            }
        }
        url
    }

    /// AMD publication 57230, "Certificate revocation list request".
    fn crl_url(&self, kind: &str, product: Product) -> Url {
        self.url(&[kind, "v1", product.name(), "crl"])
    }

    fn thim_url(&self, wanted: &VekId) -> Url {
        let mut url = self.url(&[
            "SevSnpVM",
            "certificates",
            &wanted.padded_chip_id_hex(),
            &wanted.tcb_hex(),
        ]);
        url.query_pairs_mut().append_pair("api-version", THIM_API_VERSION);
        url
    }

    fn url(&self, call: &[&str]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(call);
        }
        url
    }
}

/// Each source has one of three forms: DER, PEM with or without those above, or THIM's JSON.
fn read_vek(answer: &[u8], wanted: &VekId) -> Result<SuppliedChain, AmdSourceError> {
    if !ThimCertificates::is_likely(answer) {
        return SuppliedChain::parse(answer).map_err(AmdSourceError::Certificate);
    }
    let malformed = |_| SourceError::Malformed { what: "THIM answer" };
    let thim = ThimCertificates::from_json(answer).map_err(malformed)?;
    if thim.tcb != wanted.tcb_version().raw {
        return Err(AmdSourceError::OtherTcb);
    }
    SuppliedChain::parse(thim.chain().as_bytes()).map_err(AmdSourceError::Certificate)
}

const KDS: &str = "https://kdsintf.amd.com";
const AZURE_THIM: &str = "https://global.acccache.azure.net";
/// Nobody waits for what is fetched in the background, so it lets others go first for as long as this.
const BACKGROUND_PATIENCE: Duration = Duration::from_mins(1);
/// API version of Azure's call.
const THIM_API_VERSION: &str = "2020-10-15-preview";

#[cfg(test)]
mod tests;
