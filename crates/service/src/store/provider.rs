//! Providers: a name and its settings as JSON text.

use attestry_evidence::time::UnixTime;
use sqlx::Row;

use super::{Store, StoreError};

/// A stored provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderRecord {
    /// The name, unique.
    pub name: String,
    /// Settings, a JSON text whose meaning the provider module owns.
    pub settings: String,
    /// When it was first put.
    pub created_at: UnixTime,
    /// When it was last put.
    pub updated_at: UnixTime,
}

impl Store {
    /// Creates the provider `name` or replaces its settings.
    pub async fn provider_put(&self, name: &str, settings: &str, now: UnixTime) -> Result<(), StoreError> {
        let mut change = self.change().await?;
        sqlx::query(
            "INSERT INTO provider (name, settings, created_at, updated_at) VALUES (?1, ?2, ?3, ?3) \
             ON CONFLICT (name) DO UPDATE SET settings = excluded.settings, updated_at = excluded.updated_at",
        )
        .bind(name)
        .bind(settings)
        .bind(now.seconds())
        .execute(&mut *change)
        .await?;
        Ok(change.commit().await?)
    }

    /// All providers, by name.
    pub async fn provider_list(&self) -> Result<Vec<ProviderRecord>, StoreError> {
        let rows = sqlx::query("SELECT name, settings, created_at, updated_at FROM provider ORDER BY name")
            .fetch_all(&self.pool)
            .await?;
        rows.iter()
            .map(|row| {
                Ok(ProviderRecord {
                    name: row.try_get("name")?,
                    settings: row.try_get("settings")?,
                    created_at: UnixTime::new(row.try_get("created_at")?),
                    updated_at: UnixTime::new(row.try_get("updated_at")?),
                })
            })
            .collect()
    }
}
