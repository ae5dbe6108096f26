//! Private endpoint connections of created providers.

use attestry_evidence::time::UnixTime;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::provider::append;
use super::{NewProviderChange, Store, StoreError};

/// A private endpoint connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionRecord {
    /// The provider's name, in lower case.
    pub provider: String,
    /// The connection's name in lower case, unique in its provider.
    pub name: String,
    /// The name as it was given.
    pub given_name: String,
    /// Resource id of the private endpoint; `None`: not said.
    pub private_endpoint: Option<String>,
    /// `Pending`, `Approved` or `Rejected`.
    pub status: String,
    /// Why, for people.
    pub description: String,
    /// Networks given with the connection, a JSON array.
    pub networks: String,
    /// When it was made.
    pub created_at: UnixTime,
    /// When it was last changed.
    pub updated_at: UnixTime,
}

impl Store {
    /// Makes or replaces a connection.
    pub async fn connection_put(
        &self,
        record: &ConnectionRecord,
        history: &NewProviderChange<'_>,
    ) -> Result<(), StoreError> {
        let mut change = self.change().await?;
        sqlx::query(
            "INSERT INTO private_endpoint_connection (provider, name, given_name, private_endpoint, status, \
             description, networks, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) \
             ON CONFLICT (provider, name) DO UPDATE SET private_endpoint = excluded.private_endpoint, \
             status = excluded.status, description = excluded.description, networks = excluded.networks, \
             updated_at = excluded.updated_at",
        )
        .bind(&record.provider)
        .bind(&record.name)
        .bind(&record.given_name)
        .bind(&record.private_endpoint)
        .bind(&record.status)
        .bind(&record.description)
        .bind(&record.networks)
        .bind(record.created_at.seconds())
        .bind(record.updated_at.seconds())
        .execute(&mut *change)
        .await?;
        append(&mut change, &record.provider, history).await?;
        Ok(change.commit().await?)
    }

    /// Takes a connection away.
    pub async fn connection_delete(
        &self,
        provider: &str,
        name: &str,
        history: &NewProviderChange<'_>,
    ) -> Result<(), StoreError> {
        let mut change = self.change().await?;
        sqlx::query("DELETE FROM private_endpoint_connection WHERE provider = ?1 AND name = ?2")
            .bind(provider)
            .bind(name)
            .execute(&mut *change)
            .await?;
        append(&mut change, provider, history).await?;
        Ok(change.commit().await?)
    }

    /// The connections of every provider, or of one, by name.
    pub async fn connection_list(&self, provider: Option<&str>) -> Result<Vec<ConnectionRecord>, StoreError> {
        sqlx::query(
            "SELECT * FROM private_endpoint_connection WHERE ?1 IS NULL OR provider = ?1 \
             ORDER BY provider, name",
        )
        .bind(provider)
        .fetch_all(&self.pool)
        .await?
        .iter()
        .map(record)
        .collect()
    }
}

fn record(row: &SqliteRow) -> Result<ConnectionRecord, StoreError> {
    Ok(ConnectionRecord {
        provider: row.try_get("provider")?,
        name: row.try_get("name")?,
        given_name: row.try_get("given_name")?,
        private_endpoint: row.try_get("private_endpoint")?,
        status: row.try_get("status")?,
        description: row.try_get("description")?,
        networks: row.try_get("networks")?,
        created_at: UnixTime::new(row.try_get("created_at")?),
        updated_at: UnixTime::new(row.try_get("updated_at")?),
    })
}
