//! `[limits]`: how often callers may ask, and how much of theirs is kept.

use serde::{Deserialize, Serialize};

use super::{ConfigError, check_range};
use crate::administration::HISTORY_BYTES;
use crate::throttle::{Rate, Rates, ThrottleOptions};

/// `[limits]`. Rates are requests a minute; 0 means no limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitsConfig {
    /// Attestations of one caller at one provider.
    pub attest_per_caller: u32,
    /// Those that may come at once after a pause.
    pub attest_per_caller_burst: u32,
    /// Attestations at one provider.
    pub attest_per_provider: u32,
    /// Those that may come at once after a pause.
    pub attest_per_provider_burst: u32,
    /// Administrative requests, reads among them, of one caller at one provider.
    pub administration_per_caller: u32,
    /// Those that may come at once after a pause.
    pub administration_per_caller_burst: u32,
    /// Administrative requests at one provider.
    pub administration_per_provider: u32,
    /// Those that may come at once after a pause.
    pub administration_per_provider_burst: u32,
    /// Bytes that the history of a provider's policies may take.
    pub policy_history_bytes: u64,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self {
            // Whoever attests is known by an address, and behind a proxy all have the same one; more than the service
            // can do is turned away anyway.
            attest_per_caller: 0,
            attest_per_caller_burst: 200,
            attest_per_provider: 0,
            attest_per_provider_burst: 1_000,
            // A change is kept for ever and may take half a second to check, and guesses at tokens must be slow; no
            // tool makes twenty changes a second for long.
            administration_per_caller: 1_200,
            administration_per_caller_burst: 1_200,
            administration_per_provider: 3_000,
            administration_per_provider_burst: 3_000,
            policy_history_bytes: HISTORY_BYTES,
        }
    }
}

impl LimitsConfig {
    /// As the throttle wants them.
    pub fn options(&self) -> ThrottleOptions {
        let rate = |per_minute, burst| Rate { per_minute, burst };
        ThrottleOptions {
            attest: Rates {
                caller: rate(self.attest_per_caller, self.attest_per_caller_burst),
                provider: rate(self.attest_per_provider, self.attest_per_provider_burst),
            },
            administration: Rates {
                caller: rate(
                    self.administration_per_caller,
                    self.administration_per_caller_burst,
                ),
                provider: rate(
                    self.administration_per_provider,
                    self.administration_per_provider_burst,
                ),
            },
        }
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        for (key, burst) in [
            ("limits.attest_per_caller_burst", self.attest_per_caller_burst),
            ("limits.attest_per_provider_burst", self.attest_per_provider_burst),
            (
                "limits.administration_per_caller_burst",
                self.administration_per_caller_burst,
            ),
            (
                "limits.administration_per_provider_burst",
                self.administration_per_provider_burst,
            ),
        ] {
            check_range(key, burst, 1..=1_000_000)?;
        }
        check_range(
            "limits.policy_history_bytes",
            self.policy_history_bytes,
            1_048_576..=1_099_511_627_776,
        )
    }
}
