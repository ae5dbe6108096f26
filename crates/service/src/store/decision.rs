//! Recorded decisions: the evidence of past attestations, sealed.

use attestry_evidence::time::UnixTime;
use sqlx::Row;

use super::{Store, StoreError};

/// A decision to keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDecision {
    /// The provider's name.
    pub provider: String,
    /// Which of all providers that ever had the name ([`super::ProviderRecord::creation`]); empty when it was not
    /// created by a request. Nothing is kept for one that is not there any more.
    pub creation: String,
    /// The attestation type's name.
    pub attestation_type: &'static str,
    /// What is kept, a text whose meaning the recorder owns. It is sealed before it is stored.
    pub content: Vec<u8>,
    /// How many of this provider and type are kept.
    pub keep: u32,
    /// When it was decided.
    pub created_at: UnixTime,
}

/// A decision that was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionRecord {
    /// Its number.
    pub id: i64,
    /// What was kept.
    pub content: Vec<u8>,
    /// When it was decided.
    pub created_at: UnixTime,
}

impl Store {
    /// Keeps decisions, and forgets the oldest of each provider and type beyond what is to be kept.
    pub async fn decision_put(&self, decisions: &[NewDecision]) -> Result<(), StoreError> {
        let mut change = self.change().await?;
        for decision in decisions {
            let context = seal_context(&decision.provider, decision.attestation_type);
            let sealed = self.key_encryption_key.seal(&context, &decision.content)?;
            sqlx::query(
                "INSERT INTO recorded_decision (provider, attestation_type, sealed, created_at) \
                 SELECT ?1, ?2, ?3, ?4 \
                 WHERE coalesce((SELECT creation FROM provider WHERE name = ?1), '') = ?5",
            )
            .bind(&decision.provider)
            .bind(decision.attestation_type)
            .bind(sealed)
            .bind(decision.created_at.seconds())
            .bind(&decision.creation)
            .execute(&mut *change)
            .await?;
            sqlx::query(
                "DELETE FROM recorded_decision WHERE provider = ?1 AND attestation_type = ?2 AND id <= \
                 (SELECT id FROM recorded_decision WHERE provider = ?1 AND attestation_type = ?2 \
                  ORDER BY id DESC LIMIT 1 OFFSET ?3)",
            )
            .bind(&decision.provider)
            .bind(decision.attestation_type)
            .bind(decision.keep)
            .execute(&mut *change)
            .await?;
        }
        Ok(change.commit().await?)
    }

    /// Numbers of the newest decisions of a provider and type, newest first.
    pub async fn decision_numbers(
        &self,
        provider: &str,
        attestation_type: &str,
        limit: u32,
    ) -> Result<Vec<i64>, StoreError> {
        Ok(sqlx::query_scalar(
            "SELECT id FROM recorded_decision WHERE provider = ?1 AND attestation_type = ?2 ORDER BY id DESC LIMIT ?3",
        )
        .bind(provider)
        .bind(attestation_type)
        .bind(limit)
        .fetch_all(&self.pool)
        .await?)
    }

    /// One decision of a provider and type.
    pub async fn decision_get(
        &self,
        provider: &str,
        attestation_type: &str,
        id: i64,
    ) -> Result<Option<DecisionRecord>, StoreError> {
        let row = sqlx::query(
            "SELECT id, sealed, created_at FROM recorded_decision \
             WHERE provider = ?1 AND attestation_type = ?2 AND id = ?3",
        )
        .bind(provider)
        .bind(attestation_type)
        .bind(id)
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let sealed: Vec<u8> = row.try_get("sealed")?;
        let context = seal_context(provider, attestation_type);
        Ok(Some(DecisionRecord {
            id: row.try_get("id")?,
            content: self.key_encryption_key.open(&context, &sealed)?.to_vec(),
            created_at: UnixTime::new(row.try_get("created_at")?),
        }))
    }

    /// Forgets the decisions of a provider.
    pub async fn decision_forget(&self, provider: &str) -> Result<(), StoreError> {
        let mut change = self.change().await?;
        sqlx::query("DELETE FROM recorded_decision WHERE provider = ?1")
            .bind(provider)
            .execute(&mut *change)
            .await?;
        Ok(change.commit().await?)
    }

    /// Forgets the decisions of every provider that is not among `recording`.
    pub async fn decision_retain(&self, recording: &[String]) -> Result<(), StoreError> {
        let kept: Vec<String> = sqlx::query_scalar("SELECT DISTINCT provider FROM recorded_decision")
            .fetch_all(&self.pool)
            .await?;
        let mut change = self.change().await?;
        for provider in kept.iter().filter(|provider| !recording.contains(provider)) {
            sqlx::query("DELETE FROM recorded_decision WHERE provider = ?1")
                .bind(provider)
                .execute(&mut *change)
                .await?;
        }
        Ok(change.commit().await?)
    }
}

/// Sealed decisions cannot be exchanged between providers or types.
fn seal_context(provider: &str, attestation_type: &str) -> String {
    format!("recorded decision {provider} {attestation_type}")
}
