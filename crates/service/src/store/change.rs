//! Changes that wait for a second person, and what became of them.

use attestry_evidence::time::UnixTime;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::{Store, StoreError};

/// A change that somebody asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeRecord {
    /// 32 random hexadecimal digits.
    pub id: String,
    /// The provider's name.
    pub provider: String,
    /// What is asked for, a JSON text whose meaning the administration owns.
    pub operation: String,
    /// Newest revision of what it changes, when it was asked for; 0: none yet.
    pub base: i64,
    /// Who asked.
    pub actor: String,
    /// When.
    pub created_at: UnixTime,
    /// Where it stands.
    pub state: ChangeState,
    /// Who decided.
    pub decided_by: Option<String>,
    /// When.
    pub decided_at: Option<UnixTime>,
}

/// Where a change stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeState {
    /// It waits.
    Pending,
    /// A second person approved it, and it was made.
    Applied,
    /// It was rejected or withdrawn.
    Rejected,
}

impl ChangeState {
    /// As stored and shown.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Applied => "applied",
            Self::Rejected => "rejected",
        }
    }

    fn from_name(name: &str) -> Self {
        match name {
            "pending" => Self::Pending,
            "applied" => Self::Applied,
            _ => Self::Rejected,
        }
    }
}

impl Store {
    /// Keeps a new change that waits.
    pub async fn change_put(&self, new: &ChangeRecord) -> Result<(), StoreError> {
        let mut change = self.change().await?;
        sqlx::query(
            "INSERT INTO pending_change (id, provider, operation, base, actor, created_at, state) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )
        .bind(&new.id)
        .bind(&new.provider)
        .bind(&new.operation)
        .bind(new.base)
        .bind(&new.actor)
        .bind(new.created_at.seconds())
        .bind(new.state.name())
        .execute(&mut *change)
        .await?;
        Ok(change.commit().await?)
    }

    /// Notes what became of a change that waits; `false` when it waits no more.
    pub async fn change_decide(
        &self,
        id: &str,
        state: ChangeState,
        decided_by: &str,
        now: UnixTime,
    ) -> Result<bool, StoreError> {
        let mut change = self.change().await?;
        let done = sqlx::query(
            "UPDATE pending_change SET state = ?2, decided_by = ?3, decided_at = ?4 \
             WHERE id = ?1 AND state = 'pending'",
        )
        .bind(id)
        .bind(state.name())
        .bind(decided_by)
        .bind(now.seconds())
        .execute(&mut *change)
        .await?;
        change.commit().await?;
        Ok(done.rows_affected() == 1)
    }

    /// How many changes of a provider wait that were asked for after `oldest`, unix seconds.
    pub async fn change_count_pending(&self, provider: &str, oldest: i64) -> Result<i64, StoreError> {
        Ok(sqlx::query_scalar(
            "SELECT count(*) FROM pending_change WHERE provider = ?1 AND state = 'pending' AND created_at > ?2",
        )
        .bind(provider)
                .bind(oldest)
        .fetch_one(&self.pool)
        .await?)
    }

    /// The newest changes of a provider, newest first.
    pub async fn change_list(&self, provider: &str, limit: u32) -> Result<Vec<ChangeRecord>, StoreError> {
        sqlx::query("SELECT * FROM pending_change WHERE provider = ?1 ORDER BY created_at DESC, id LIMIT ?2")
            .bind(provider)
            .bind(limit)
            .fetch_all(&self.pool)
            .await?
            .iter()
            .map(record)
            .collect()
    }

    /// One change of a provider.
    pub async fn change_get(&self, provider: &str, id: &str) -> Result<Option<ChangeRecord>, StoreError> {
        sqlx::query("SELECT * FROM pending_change WHERE provider = ?1 AND id = ?2")
            .bind(provider)
            .bind(id)
            .fetch_optional(&self.pool)
            .await?
            .as_ref()
            .map(record)
            .transpose()
    }
}

fn record(row: &SqliteRow) -> Result<ChangeRecord, StoreError> {
    let state: String = row.try_get("state")?;
    Ok(ChangeRecord {
        id: row.try_get("id")?,
        provider: row.try_get("provider")?,
        operation: row.try_get("operation")?,
        base: row.try_get("base")?,
        actor: row.try_get("actor")?,
        created_at: UnixTime::new(row.try_get("created_at")?),
        state: ChangeState::from_name(&state),
        decided_by: row.try_get("decided_by")?,
        decided_at: row.try_get::<Option<i64>, _>("decided_at")?.map(UnixTime::new),
    })
}
