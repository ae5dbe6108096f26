//! TCB statuses: what Intel says of a security level, and how the statuses of a platform's components become one
//! (Intel SGX and TDX DCAP Quote Verification Library, status convergence). Pure rules; no documents, no quotes.

use std::fmt;
use std::str::FromStr;

/// Intel's judgement of a TCB level (Intel PCS API v4, `tcbStatus`; the two TD relaunch statuses come from verifying
/// TD 1.5 reports and never stand in a document).
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum TcbStatus {
    /// Nothing to do.
    UpToDate,
    /// Up to date; the enclave's own code has to mitigate advisories.
    SwHardeningNeeded,
    /// Up to date; the platform's configuration may expose it to advisories.
    ConfigurationNeeded,
    /// Both of the above.
    ConfigurationAndSwHardeningNeeded,
    /// Security updates are missing.
    OutOfDate,
    /// Security updates are missing and the configuration may expose the platform.
    OutOfDateConfigurationNeeded,
    /// The trust domain was launched on an outdated TCB that has since been updated; launch it anew.
    TdRelaunchAdvised,
    /// As above, and the configuration may expose the platform.
    TdRelaunchAdvisedConfigurationNeeded,
    /// Intel no longer vouches for the level.
    Revoked,
}

impl TcbStatus {
    /// Every status.
    pub const ALL: [Self; 9] = [
        Self::UpToDate,
        Self::SwHardeningNeeded,
        Self::ConfigurationNeeded,
        Self::ConfigurationAndSwHardeningNeeded,
        Self::OutOfDate,
        Self::OutOfDateConfigurationNeeded,
        Self::TdRelaunchAdvised,
        Self::TdRelaunchAdvisedConfigurationNeeded,
        Self::Revoked,
    ];

    /// The name that Intel's documents and MAA's claims use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::UpToDate => "UpToDate",
            Self::SwHardeningNeeded => "SWHardeningNeeded",
            Self::ConfigurationNeeded => "ConfigurationNeeded",
            Self::ConfigurationAndSwHardeningNeeded => "ConfigurationAndSWHardeningNeeded",
            Self::OutOfDate => "OutOfDate",
            Self::OutOfDateConfigurationNeeded => "OutOfDateConfigurationNeeded",
            Self::TdRelaunchAdvised => "TDRelaunchAdvised",
            Self::TdRelaunchAdvisedConfigurationNeeded => "TDRelaunchAdvisedConfigurationNeeded",
            Self::Revoked => "Revoked",
        }
    }

    /// Whether no security update is missing.
    pub const fn is_current(self) -> bool {
        matches!(
            self,
            Self::UpToDate
                | Self::SwHardeningNeeded
                | Self::ConfigurationNeeded
                | Self::ConfigurationAndSwHardeningNeeded
        )
    }

    /// Whether the platform's configuration may expose it.
    pub const fn mentions_configuration(self) -> bool {
        matches!(
            self,
            Self::ConfigurationNeeded
                | Self::ConfigurationAndSwHardeningNeeded
                | Self::OutOfDateConfigurationNeeded
                | Self::TdRelaunchAdvisedConfigurationNeeded
        )
    }

    /// The platform's status once a further component (QE or TDX module) is taken into account.
    pub(crate) const fn converged_with(self, component: Self) -> Self {
        match (self, component) {
            (Self::Revoked, _) | (_, Self::Revoked) => Self::Revoked,
            (platform, component) if component.is_current() => platform,
            (platform, _) if platform.mentions_configuration() => Self::OutOfDateConfigurationNeeded,
            _ => Self::OutOfDate,
        }
    }

    /// The status of a TD 1.5 whose TCB was `self` at launch and is `current` now: an outdated launch on a platform
    /// that has been updated since asks for a relaunch; otherwise the launch counts.
    pub(crate) const fn with_current(self, current: Self) -> Self {
        let outdated = matches!(self, Self::OutOfDate | Self::OutOfDateConfigurationNeeded);
        if !(outdated && current.is_current()) {
            return self;
        }
        if self.mentions_configuration() || current.mentions_configuration() {
            Self::TdRelaunchAdvisedConfigurationNeeded
        } else {
            Self::TdRelaunchAdvised
        }
    }
}

impl fmt::Display for TcbStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The text is not a TCB status.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("unknown TCB status")]
pub struct UnknownTcbStatus;

impl FromStr for TcbStatus {
    type Err = UnknownTcbStatus;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|status| status.name() == name)
            .ok_or(UnknownTcbStatus)
    }
}

#[cfg(test)]
mod tests;
