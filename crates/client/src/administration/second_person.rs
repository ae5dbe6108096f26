//! Changes that wait for a second person, where a provider demands one.

use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::client::Client;
use crate::error::ClientError;
use crate::transport::{Answer, Content};

/// What a change came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome<T> {
    /// It was made.
    Done(T),
    /// Nothing has changed: it waits for a second person.
    Waiting(Box<PendingChange>),
}

/// A change that was asked for, and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PendingChange {
    /// By which it is approved or rejected.
    pub id: String,
    /// `pending`, `applied` or `rejected`.
    pub state: String,
    /// What was asked for, in the service's form.
    pub change: Value,
    /// Who asked.
    pub actor: String,
    /// When, RFC 3339.
    pub created_at: String,
    /// Who approved or rejected it.
    pub decided_by: Option<String>,
    /// When, RFC 3339.
    pub decided_at: Option<String>,
}

#[derive(Deserialize)]
struct OneChange {
    change: PendingChange,
}

#[derive(Deserialize)]
struct Changes {
    changes: Vec<PendingChange>,
}

/// RFC 9110, 15.3.3: accepted, and not done.
const ACCEPTED: u16 = 202;

impl PendingChange {
    /// The change that waits, when that is what the answer says.
    pub(super) fn of(answer: &Answer) -> Result<Option<Self>, ClientError> {
        if answer.status() != ACCEPTED {
            return Ok(None);
        }
        let OneChange { change } = answer.json()?;
        Ok(Some(change))
    }
}

impl Client {
    /// The changes that wait, and those decided lately.
    pub async fn changes(&self) -> Result<Vec<PendingChange>, ClientError> {
        let Changes { changes } = self.transport.get("attestry/v1/changes").await?;
        Ok(changes)
    }

    /// One change.
    pub async fn change(&self, id: &str) -> Result<PendingChange, ClientError> {
        let OneChange { change } = self.transport.get(&path(id, "")).await?;
        Ok(change)
    }

    /// Makes a change that somebody else asked for.
    pub async fn approve_change(&self, id: &str) -> Result<PendingChange, ClientError> {
        self.decide(id, ":approve").await
    }

    /// Drops a change.
    pub async fn reject_change(&self, id: &str) -> Result<PendingChange, ClientError> {
        self.decide(id, ":reject").await
    }

    async fn decide(&self, id: &str, action: &str) -> Result<PendingChange, ClientError> {
        let answer = self
            .transport
            .send(Method::POST, &path(id, action), Content::Nothing)
            .await?;
        let OneChange { change } = answer.json()?;
        Ok(change)
    }
}

fn path(id: &str, action: &str) -> String {
    format!("attestry/v1/changes/{}{action}", crate::transport::segment(id))
}
