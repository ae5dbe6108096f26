//! What the service must not forget: providers, policies, signing keys, collateral.
//!
//! SQLite in one data directory, in WAL mode with `synchronous=FULL`: a method that changes something is one
//! transaction and returns only once that is on disk. The request path never comes here; it reads snapshots
//! built from the store. The store keeps texts and documents as they are and knows nothing of their meaning.

mod amd;
mod change;
mod collateral;
mod connection;
mod decision;
mod policy;
mod provider;
mod reference;
mod seal;
mod signer;
mod signing_key;

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Sqlite, Transaction};
use thiserror::Error;

pub use self::amd::{AmdCrlRecord, AmdVekRecord};
pub use self::change::{ChangeRecord, ChangeState};
pub use self::collateral::CollateralRecord;
pub use self::connection::ConnectionRecord;
pub use self::decision::{DecisionRecord, NewDecision};
pub use self::policy::{NewPolicy, PolicyOperation, PolicyRecord};
pub use self::provider::{Asked, NewProviderChange, ProviderChange, ProviderOperation, ProviderRecord};
pub use self::reference::ReferenceRecord;
pub use self::seal::{KeyEncryptionKey, SealError};
pub use self::signer::{NewSigner, SignerOperation, SignerRecord};
pub use self::signing_key::{NewSigningKey, SigningKeyRecord, SigningKeyState};

/// Name of the database file in the data directory.
pub const DATABASE_FILE: &str = "attestry.db";

/// Name of the key-encryption key's file in the data directory when no other place is configured.
pub const KEY_ENCRYPTION_KEY_FILE: &str = "key-encryption.key";

/// Where and how the store is opened.
#[derive(Clone)]
pub struct StoreOptions {
    /// Directory of the database; created, for its owner only, when it is not there.
    pub data_dir: PathBuf,
    /// How long a change waits for another process's lock.
    pub busy_timeout: Duration,
    /// The key-encryption key's file; `None`: [`KEY_ENCRYPTION_KEY_FILE`] in the data directory.
    pub key_encryption_key_file: Option<PathBuf>,
    /// The key-encryption key itself, 64 hexadecimal digits; wins over the file.
    pub key_encryption_key: Option<String>,
}

impl StoreOptions {
    /// The store in `data_dir`, everything else by default.
    pub fn in_dir(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            busy_timeout: DEFAULT_BUSY_TIMEOUT,
            key_encryption_key_file: None,
            key_encryption_key: None,
        }
    }
}

// By hand: options are printed when something is wrong with them, the key never.
impl fmt::Debug for StoreOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreOptions")
            .field("data_dir", &self.data_dir)
            .field("busy_timeout", &self.busy_timeout)
            .field("key_encryption_key_file", &self.key_encryption_key_file)
            .finish_non_exhaustive()
    }
}

/// What a store is for. What development mode stores (keys, minted collateral, policies set by anybody) must
/// never come to count in production.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreMode {
    /// For real.
    Production,
    /// For development.
    Development,
}

impl fmt::Display for StoreMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Production => "production",
            Self::Development => "development",
        })
    }
}

/// Default wait for a lock held by another process, for example `attestry collateral import`.
pub const DEFAULT_BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Why the store did not do what it was asked.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The data directory cannot be created or is not usable.
    #[error("the data directory `{}` cannot be used", path.display())]
    DataDirectory {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The database cannot be opened.
    #[error("the database `{}` cannot be opened", path.display())]
    Open {
        /// The database file.
        path: PathBuf,
        /// What the database said.
        #[source]
        source: sqlx::Error,
    },
    /// The schema is of a later release, or a migration failed.
    #[error("the database schema cannot be brought up to date")]
    Migrate(#[source] sqlx::migrate::MigrateError),
    /// The key-encryption key is missing, malformed or not the one the keys were sealed with.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// A statement failed; nothing was changed.
    #[error("the database refused the operation")]
    Database(#[from] sqlx::Error),
    /// The store belongs to the other mode.
    #[error("the data directory `{}` was set up for {kept} and cannot be used for {wanted}", path.display())]
    OtherMode {
        /// The data directory.
        path: PathBuf,
        /// The mode of its first start.
        kept: String,
        /// The mode of this one.
        wanted: StoreMode,
    },
    /// A stored value is not what this release writes.
    #[error("the stored {what} is malformed")]
    Malformed {
        /// Which value.
        what: &'static str,
    },
}

/// The store: a handle that is cheap to clone and safe to share.
#[derive(Debug, Clone)]
pub struct Store {
    pool: SqlitePool,
    key_encryption_key: KeyEncryptionKey,
}

impl Store {
    /// Opens the store, creating and migrating it as needed.
    pub async fn open(options: &StoreOptions) -> Result<Self, StoreError> {
        create_private_dir(&options.data_dir)?;
        let key_encryption_key = KeyEncryptionKey::load_or_create(
            options.key_encryption_key.as_deref(),
            &options
                .key_encryption_key_file
                .clone()
                .unwrap_or_else(|| options.data_dir.join(KEY_ENCRYPTION_KEY_FILE)),
        )?;
        let path = options.data_dir.join(DATABASE_FILE);
        let pool = SqlitePoolOptions::new()
            .max_connections(MAX_CONNECTIONS)
            .connect_with(connect_options(&path, options.busy_timeout))
            .await
            .map_err(|source| StoreError::Open { path, source })?;
        MIGRATIONS.run(&pool).await.map_err(StoreError::Migrate)?;
        Ok(Self {
            pool,
            key_encryption_key,
        })
    }

    /// Opens the store for a server: the first one decides what it is for ever after.
    pub async fn open_for(options: &StoreOptions, wanted: StoreMode) -> Result<Self, StoreError> {
        let store = Self::open(options).await?;
        let mut change = store.change().await?;
        sqlx::query("INSERT INTO meta (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO NOTHING")
            .bind(MODE)
            .bind(wanted.to_string())
            .execute(&mut *change)
            .await?;
        let kept: String = sqlx::query_scalar("SELECT value FROM meta WHERE name = ?1")
            .bind(MODE)
            .fetch_one(&mut *change)
            .await?;
        change.commit().await?;
        if kept == wanted.to_string() {
            return Ok(store);
        }
        store.close().await;
        Err(StoreError::OtherMode {
            path: options.data_dir.clone(),
            kept,
            wanted,
        })
    }

    /// Reads the value kept under `name`.
    pub async fn meta(&self, name: &str) -> Result<Option<String>, StoreError> {
        Ok(sqlx::query_scalar("SELECT value FROM meta WHERE name = ?1")
            .bind(name)
            .fetch_optional(&self.pool)
            .await?)
    }

    /// Keeps `value` under `name`, in place of an earlier one.
    pub async fn meta_put(&self, name: &str, value: &str) -> Result<(), StoreError> {
        let mut change = self.change().await?;
        sqlx::query(
            "INSERT INTO meta (name, value) VALUES (?1, ?2) \
             ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        )
        .bind(name)
        .bind(value)
        .execute(&mut *change)
        .await?;
        Ok(change.commit().await?)
    }

    /// Whether the store answers and can take a write lock: what readiness asks.
    pub async fn probe(&self) -> Result<(), StoreError> {
        Ok(self.change().await?.rollback().await?)
    }

    /// Closes the connections after the changes in progress.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// Starts a change. The write lock is taken at once: a transaction that read first and then found another
    /// writer ahead of it would fail without waiting.
    async fn change(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        Ok(self.pool.begin_with("BEGIN IMMEDIATE").await?)
    }
}

/// Name of the mode among the values kept.
const MODE: &str = "mode";

static MIGRATIONS: Migrator = sqlx::migrate!("../../migrations/sqlite");

/// SQLite has one writer; the others are for readers beside it.
const MAX_CONNECTIONS: u32 = 4;

fn connect_options(path: &Path, busy_timeout: Duration) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(busy_timeout)
        // Memory-mapped reads and a WAL that another process truncates do not go together.
        .pragma("mmap_size", "0")
}

/// Creates `path` with its parents. Only its owner may look into it: it holds keys.
fn create_private_dir(path: &Path) -> Result<(), StoreError> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|source| StoreError::DataDirectory {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests;
