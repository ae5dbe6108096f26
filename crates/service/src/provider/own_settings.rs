//! Settings that a provider created by request has of its own, as its administrators write them.

use std::collections::BTreeSet;

use attestry_evidence::dcap::TcbStatus;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::Settings;
use crate::config::{ExplainLevel, MAX_RECORDED_DECISIONS};

/// What may differ from the service's defaults; what is absent does not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct OwnSettings {
    /// TCB statuses with which evidence is accepted, as Intel names them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted_tcb_statuses: Option<Vec<String>>,
    /// How much a refusal explains to the client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explain: Option<ExplainLevel>,
    /// Whether tokens carry this service's own claims beside MAA's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_extensions: Option<bool>,
    /// Whether signed changes must name their operation and time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub require_bound_signatures: Option<bool>,
    /// Whether a change waits for a second person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub two_person_changes: Option<bool>,
    /// How many attestations of each type are recorded for dry runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record_decisions: Option<u32>,
}

/// Settings that mean nothing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum OwnSettingsError {
    /// Not the JSON of settings.
    #[error("the settings are malformed: {0}")]
    Malformed(String),
    /// No TCB status has this name.
    #[error("`acceptedTcbStatuses`: `{0}` is not a TCB status")]
    TcbStatus(String),
    /// More recordings than a provider may have.
    #[error("`recordDecisions` is {found}, at most {MAX_RECORDED_DECISIONS} are kept")]
    RecordDecisions {
        /// As given.
        found: u32,
    },
}

impl OwnSettings {
    /// Reads what [`OwnSettings::to_json`] wrote, or an administrator.
    pub fn from_json(text: &str) -> Result<Self, OwnSettingsError> {
        serde_json::from_str(text).map_err(|error| OwnSettingsError::Malformed(error.to_string()))
    }

    /// As JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// `common` with what these settings say; what they leave out is as in a provider without its own.
    pub fn apply(&self, common: &Settings) -> Result<Settings, OwnSettingsError> {
        let defaults = Settings::default();
        let recorded = self.record_decisions.unwrap_or(defaults.recorded_decisions);
        if recorded > MAX_RECORDED_DECISIONS {
            return Err(OwnSettingsError::RecordDecisions { found: recorded });
        }
        let status = |name: &String| {
            name.parse::<TcbStatus>()
                .map_err(|_| OwnSettingsError::TcbStatus(name.chars().take(SHOWN).collect()))
        };
        let statuses = match &self.accepted_tcb_statuses {
            Some(names) => names.iter().map(status).collect::<Result<BTreeSet<_>, _>>()?,
            None => defaults.accepted_tcb_statuses,
        };
        Ok(Settings {
            accepted_tcb_statuses: statuses,
            explain: self.explain.unwrap_or(defaults.explain),
            token_extensions: self.token_extensions.unwrap_or(defaults.token_extensions),
            bound_signatures: self.require_bound_signatures.unwrap_or(defaults.bound_signatures),
            two_person: self.two_person_changes.unwrap_or(defaults.two_person),
            recorded_decisions: recorded,
            ..common.clone()
        })
    }
}

/// Characters shown of a name that means nothing.
const SHOWN: usize = 64;
