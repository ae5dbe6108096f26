//! `[snp]`: how SEV-SNP reports are judged.

use std::path::PathBuf;

use attestry_evidence::snp::{RevocationPolicy, Settings, UnknownPolicyBits};
use serde::{Deserialize, Serialize};

use super::collateral::check_url;
use super::{ConfigError, check_range};

/// `[snp]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SnpConfig {
    /// Trusted authorities of SNP evidence: `amd` for the built-in ones, or files in PEM or DER. Each authority
    /// (ASK, ASVK) is pinned: name it beside its root (ARK).
    pub trust_anchors: Vec<String>,
    /// Versions of reports that are accepted. 1 is that of a preview of 2021, whose reports lack fields.
    pub report_versions: Vec<u32>,
    /// Whether bits of the guest policy that no published version of AMD's ABI defines are accepted.
    pub accept_unknown_policy_bits: bool,
    /// What is demanded of AMD's revocation lists.
    pub revocation: RevocationMode,
    /// Revocation lists (PEM or DER files) that are taken in at the start and on reload.
    pub revocation_lists: Vec<PathBuf>,
    /// Roots of those who endorse utility VMs, besides Microsoft's: certificates, PEM or DER.
    pub uvm_signer_roots: Vec<PathBuf>,
    /// Roots of time stamp authorities, besides Microsoft's: certificates, PEM or DER.
    pub uvm_time_stamp_roots: Vec<PathBuf>,
    /// How long after its end the certificate of who endorsed a utility VM still counts, where no time stamp proves when
    /// that was.
    pub uvm_tolerance_seconds: u32,
    /// How long after its end the certificate of a signing key still counts.
    pub vek_grace_seconds: u32,
    /// Whether a chip's own key may sign a report with a masked chip id, as on hosts that set MASK_CHIP_ID.
    pub allow_masked_chip_id: bool,
    /// Cloud service providers whose keys (VLEK) are accepted, as their certificates name them. Empty: all.
    pub accepted_csp_ids: Vec<String>,
    /// Where certificates of chips' keys and revocation lists come from, asked in this order. Empty: only what callers
    /// bring and operators import is used.
    pub sources: Vec<AmdSourceConfig>,
}

/// One entry of `snp.sources`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AmdSourceConfig {
    /// What it is.
    pub kind: AmdSourceKind,
    /// Base URL, to replace the public one.
    #[serde(default)]
    pub url: String,
    /// Certificate authority of the source's TLS certificate, PEM. Empty: those the system trusts.
    #[serde(default)]
    pub ca_file: PathBuf,
    /// How often it is asked at most, evenly spaced.
    #[serde(default = "kds_requests_per_minute")]
    pub requests_per_minute: u32,
}

/// What a source of AMD's endorsements is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AmdSourceKind {
    /// AMD's Key Distribution Service, or a cache that answers its calls.
    Kds,
    /// Azure's cache of the certificates of its own chips. It has no revocation lists.
    AzureThim,
}

impl AmdSourceConfig {
    /// A source of `kind` with everything else by default.
    pub const fn new(kind: AmdSourceKind) -> Self {
        Self {
            kind,
            url: String::new(),
            ca_file: PathBuf::new(),
            requests_per_minute: kds_requests_per_minute(),
        }
    }

    fn validate(&self, key: &str) -> Result<(), ConfigError> {
        check_url(&format!("{key}.url"), &self.url)?;
        let per_minute = format!("{key}.requests_per_minute");
        check_range(&per_minute, self.requests_per_minute, REQUESTS_PER_MINUTE)
    }
}

/// AMD's service takes about one request in ten seconds from one address.
const fn kds_requests_per_minute() -> u32 {
    6
}

/// What is demanded of AMD's revocation lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RevocationMode {
    /// A list at hand counts, however old; a missing one is no obstacle.
    WhenAvailable,
    /// Without a list that is not outdated, evidence is refused.
    Required,
}

impl Default for SnpConfig {
    fn default() -> Self {
        let settings = Settings::default();
        Self {
            trust_anchors: vec![AMD_ANCHORS.to_owned()],
            report_versions: settings.report_versions,
            accept_unknown_policy_bits: false,
            revocation: RevocationMode::WhenAvailable,
            revocation_lists: Vec::new(),
            uvm_signer_roots: Vec::new(),
            uvm_time_stamp_roots: Vec::new(),
            uvm_tolerance_seconds: 0,
            vek_grace_seconds: settings.vek_grace_seconds,
            allow_masked_chip_id: settings.allow_masked_chip_id,
            accepted_csp_ids: settings.accepted_csp_ids,
            sources: Vec::new(),
        }
    }
}

/// In `trust_anchors`: AMD's own authorities.
pub(crate) const AMD_ANCHORS: &str = "amd";

/// The versions whose layout is known.
const REPORT_VERSIONS: std::ops::RangeInclusive<u32> = 1..=5;
/// Two years: signing certificates live for one, and the endorsements of a build are replaced with it.
const MAX_UVM_TOLERANCE_SECONDS: u32 = 2 * 366 * 86_400;
/// A year: beyond it a key of a chip has surely been certified anew.
const MAX_VEK_GRACE_SECONDS: u32 = 366 * 86_400;
/// Up to ten a second, which a cache of one's own may stand.
const REQUESTS_PER_MINUTE: std::ops::RangeInclusive<u32> = 1..=600;
/// Each is asked in turn while a request waits: more would not be reached.
const MAX_SOURCES: usize = 8;

impl SnpConfig {
    /// The settings as the verifier takes them.
    pub fn settings(&self) -> Settings {
        Settings {
            report_versions: self.report_versions.clone(),
            unknown_policy_bits: if self.accept_unknown_policy_bits {
                UnknownPolicyBits::Accept
            } else {
                UnknownPolicyBits::Refuse
            },
            revocation: match self.revocation {
                RevocationMode::WhenAvailable => RevocationPolicy::WhenAvailable,
                RevocationMode::Required => RevocationPolicy::Required,
            },
            vek_grace_seconds: self.vek_grace_seconds,
            allow_masked_chip_id: self.allow_masked_chip_id,
            accepted_csp_ids: self.accepted_csp_ids.clone(),
        }
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        if self.trust_anchors.is_empty() {
            return Err(ConfigError::key(
                "snp.trust_anchors",
                "at least one authority is needed",
            ));
        }
        if self.report_versions.is_empty() {
            return Err(ConfigError::key(
                "snp.report_versions",
                "at least one version is needed",
            ));
        }
        for version in &self.report_versions {
            check_range("snp.report_versions", *version, REPORT_VERSIONS)?;
        }
        check_range("snp.sources", self.sources.len(), 0..=MAX_SOURCES)?;
        for (index, source) in self.sources.iter().enumerate() {
            source.validate(&format!("snp.sources[{index}]"))?;
        }
        check_range(
            "snp.uvm_tolerance_seconds",
            self.uvm_tolerance_seconds,
            0..=MAX_UVM_TOLERANCE_SECONDS,
        )?;
        check_range(
            "snp.vek_grace_seconds",
            self.vek_grace_seconds,
            0..=MAX_VEK_GRACE_SECONDS,
        )
    }
}
