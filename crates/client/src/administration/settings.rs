//! The settings of a created provider that are its administrators' to choose.

use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::second_person::{Outcome, PendingChange};
use crate::client::Client;
use crate::error::ClientError;
use crate::transport::Content;

/// A provider's settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProviderSettings {
    /// Each by its name: `acceptedTcbStatuses`, `explain`, `tokenExtensions`, `requireBoundSignatures`,
    /// `twoPersonChanges`, `recordDecisions`.
    pub settings: Map<String, Value>,
    /// Whether they can be changed here; those of a provider that stands in the service's configuration cannot.
    pub changeable: bool,
}

/// All the settings that are to differ from the service's defaults, and on whose word.
#[derive(Clone, Debug, PartialEq)]
pub enum NewSettings {
    /// These, unsigned; isolated providers refuse that.
    Unsigned(Map<String, Value>),
    /// Those in a JWS (see [`crate::PolicySigner::sign_settings`]).
    Signed(String),
}

const PATH: &str = "attestry/v1/settings";

impl Client {
    /// The provider's settings.
    pub async fn settings(&self) -> Result<ProviderSettings, ClientError> {
        self.transport.get(PATH).await
    }

    /// Replaces the provider's settings.
    pub async fn set_settings(&self, new: &NewSettings) -> Result<Outcome<ProviderSettings>, ClientError> {
        let unsigned;
        let content = match new {
            NewSettings::Unsigned(settings) => {
                unsigned = json!({ "settings": settings });
                Content::Json(&unsigned)
            }
            NewSettings::Signed(jws) => Content::Text(jws),
        };
        let answer = self.transport.send(Method::PUT, PATH, content).await?;
        match PendingChange::of(&answer)? {
            Some(waiting) => Ok(Outcome::Waiting(Box::new(waiting))),
            None => Ok(Outcome::Done(answer.json()?)),
        }
    }
}
