//! The configuration: one TOML file, overridden by environment variables, checked before anything starts.
//!
//! Every field has a default that works; unknown keys are refused; an error names the key. This module owns
//! the form and the checks that need nothing but the text; it opens no file that the configuration names.

mod authentication;
mod authorization;
mod collateral;
mod control_plane;
mod cors;
mod diagnostics;
mod limits;
mod load;
mod policy;
mod provider;
mod reference;
mod reference_values;
mod server;
mod snp;
mod store;
mod telemetry;
mod verification;

use std::io::ErrorKind;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use thiserror::Error;

pub(crate) use self::authentication::DEFAULT_AUDIENCES;
pub use self::authentication::{AuthenticationConfig, ClientCertificatesConfig, IssuerConfig};
pub use self::authorization::{AssignmentConfig, AuthorizationConfig};
pub use self::collateral::{CollateralConfig, SourceConfig, SourceKind};
pub use self::control_plane::{ControlPlaneConfig, PrivateEndpointConfig};
pub(crate) use self::cors::ANY as ANY_ORIGIN;
pub use self::cors::CorsConfig;
pub use self::diagnostics::DiagnosticsConfig;
pub use self::limits::LimitsConfig;
pub use self::policy::PolicyConfig;
pub(crate) use self::provider::MAX_RECORDED_DECISIONS;
pub(crate) use self::provider::is_provider_name;
pub use self::provider::{ExplainLevel, ProviderConfig, ProviderMode};
pub use self::reference::markdown as reference_markdown;
pub use self::reference_values::ReferenceValuesConfig;
pub use self::server::ServerConfig;
pub(crate) use self::snp::AMD_ANCHORS;
pub use self::snp::{AmdSourceConfig, AmdSourceKind, RevocationMode, SnpConfig};
pub use self::store::StoreConfig;
pub use self::telemetry::{LogFormat, TelemetryConfig};
pub(crate) use self::verification::INTEL_ROOT;
pub use self::verification::{StalenessMode, VerificationConfig};

/// The whole configuration. `docs/reference/configuration.md` describes every field.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The listener and its limits.
    pub server: ServerConfig,
    /// The embedded store.
    pub store: StoreConfig,
    /// Where reference documents come from.
    pub collateral: CollateralConfig,
    /// What evidence is judged against.
    pub verification: VerificationConfig,
    /// How SEV-SNP reports are judged.
    pub snp: SnpConfig,
    /// What confidential virtual machines are compared with.
    pub reference_values: ReferenceValuesConfig,
    /// How much a policy may cost.
    pub policy: PolicyConfig,
    /// The providers (tenants); empty: one read-only shared provider at the base URL.
    pub provider: Vec<ProviderConfig>,
    /// Which web pages may call.
    pub cors: CorsConfig,
    /// Whose word is taken for who callers are.
    pub authentication: AuthenticationConfig,
    /// Which role callers hold.
    pub authorization: AuthorizationConfig,
    /// What may be created by requests.
    pub control_plane: ControlPlaneConfig,
    /// How often callers may ask.
    pub limits: LimitsConfig,
    /// The diagnostic log.
    pub diagnostics: DiagnosticsConfig,
    /// Logs.
    pub telemetry: TelemetryConfig,
}

/// Why the service does not start with this configuration.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("the configuration file `{}` cannot be read ({kind})", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What kind of failure the system reported.
        kind: ErrorKind,
    },
    /// The file is not TOML.
    #[error("the configuration file is not valid TOML at line {line}: {message}")]
    Syntax {
        /// Line of the mistake, counted from 1.
        line: usize,
        /// What the parser expected.
        message: String,
    },
    /// A key is unknown, or its value is of the wrong type or out of range.
    #[error("configuration key `{key}`: {reason}")]
    Key {
        /// The key with its section, for example `server.listen`.
        key: String,
        /// What is wrong.
        reason: String,
    },
}

impl ConfigError {
    pub(crate) fn key(key: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Key {
            key: key.into(),
            reason: reason.into(),
        }
    }
}

impl Config {
    /// Checks what single values cannot: references between fields and ranges.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.server.validate()?;
        self.store.validate()?;
        self.collateral.validate()?;
        self.verification.validate()?;
        self.snp.validate()?;
        self.policy.validate()?;
        provider::validate(&self.provider)?;
        self.cors.validate()?;
        self.authentication.validate()?;
        self.authorization.validate(&self.authentication)?;
        self.control_plane.validate()?;
        self.limits.validate()?;
        self.diagnostics.validate(&self.store.data_dir)?;
        self.telemetry.validate()
    }
}

/// Refuses a value outside `range`.
fn check_range<T: PartialOrd + Copy + std::fmt::Display>(
    key: &str,
    value: T,
    range: std::ops::RangeInclusive<T>,
) -> Result<(), ConfigError> {
    if range.contains(&value) {
        return Ok(());
    }
    Err(ConfigError::key(
        key,
        format!("{value} is not between {} and {}", range.start(), range.end()),
    ))
}

#[cfg(test)]
mod tests;
