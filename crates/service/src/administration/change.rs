//! Changes that can be asked for, as they are asked for.

use attestry_api::AttestationType;
use serde::{Deserialize, Serialize};

use crate::{provider::OwnSettings, store::SignerOperation};

/// What somebody asks for. Kept as JSON while it waits for a second person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "operation", rename_all = "camelCase", deny_unknown_fields)]
pub enum Change {
    /// Set the policy of a type to the one in the JWS.
    SetPolicy {
        /// The type.
        kind: AttestationType,
        /// The JWS.
        envelope: String,
        /// How the policy stands in it.
        form: PolicyForm,
    },
    /// Reset the policy of a type to the default one.
    ResetPolicy {
        /// The type.
        kind: AttestationType,
        /// The JWS that asks.
        envelope: String,
    },
    /// Bring an earlier revision of a policy back.
    Rollback {
        /// The type.
        kind: AttestationType,
        /// The revision.
        revision: i64,
        /// The JWS that asks, `{"revision": N}`; an isolated provider needs one.
        envelope: Option<String>,
    },
    /// Give a provider that was created by request other settings of its own.
    Settings {
        /// All of them.
        settings: OwnSettings,
        /// The JWS that asks, `{"settings": {...}}`; an isolated provider needs one.
        envelope: Option<String>,
    },
    /// Add or remove a policy signing certificate.
    Signer {
        /// Which of the two.
        action: SignerOperation,
        /// The JWS that asks.
        envelope: String,
    },
}

/// How the policy stands in its JWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PolicyForm {
    /// base64url, as since 2020-10-01.
    Current,
    /// Also as it is, as in the 2018 preview.
    Preview2018,
}

impl Change {
    /// The type whose policy changes; `None` for signers.
    pub fn kind(&self) -> Option<AttestationType> {
        match self {
            Self::SetPolicy { kind, .. } | Self::ResetPolicy { kind, .. } | Self::Rollback { kind, .. } => {
                Some(*kind)
            }
            Self::Signer { .. } | Self::Settings { .. } => None,
        }
    }

    /// The JWS that asks, if there is one.
    pub fn envelope(&self) -> Option<&str> {
        match self {
            Self::SetPolicy { envelope, .. }
            | Self::ResetPolicy { envelope, .. }
            | Self::Signer { envelope, .. } => Some(envelope),
            Self::Rollback { envelope, .. } | Self::Settings { envelope, .. } => envelope.as_deref(),
        }
    }

    /// Path of the operation below the provider's URL, which the `aud` of a JWS may name.
    pub(super) fn path(&self) -> String {
        match self {
            Self::SetPolicy { kind, .. } => format!("policies/{kind}"),
            Self::ResetPolicy { kind, .. } => format!("policies/{kind}:reset"),
            Self::Rollback { kind, .. } => format!("attestry/v1/policies/{kind}:rollback"),
            Self::Settings { .. } => "attestry/v1/settings".to_owned(),
            Self::Signer {
                action: SignerOperation::Add,
                ..
            } => "certificates:add".to_owned(),
            Self::Signer {
                action: SignerOperation::Remove,
                ..
            } => "certificates:remove".to_owned(),
        }
    }
}
