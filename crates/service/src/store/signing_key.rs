//! Token signing keys, sealed, and the stations of their life.

use std::fmt;
use std::str::FromStr;

use attestry_evidence::time::UnixTime;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use zeroize::Zeroizing;

use super::{Store, StoreError};

/// Where a signing key stands in its life. Every state is published in the JWKS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SigningKeyState {
    /// Published, so that relying parties know it before its first token; does not sign yet.
    Prepared,
    /// Signs.
    Active,
    /// Signs no more; published until the last token it signed has expired.
    Retired,
}

/// A signing key to store.
pub struct NewSigningKey<'a> {
    /// Key identifier, unique.
    pub kid: &'a str,
    /// JWS algorithm, for example `RS256`.
    pub algorithm: &'a str,
    /// First state.
    pub state: SigningKeyState,
    /// The private key, PKCS #8 DER.
    pub pkcs8: &'a [u8],
}

/// A stored signing key, opened.
pub struct SigningKeyRecord {
    /// Key identifier, unique.
    pub kid: String,
    /// JWS algorithm, for example `RS256`.
    pub algorithm: String,
    /// Current state.
    pub state: SigningKeyState,
    /// The private key, PKCS #8 DER.
    pub pkcs8: Zeroizing<Vec<u8>>,
    /// When it was stored.
    pub created_at: UnixTime,
    /// When it began to sign.
    pub activated_at: Option<UnixTime>,
    /// When it ceased to sign.
    pub retired_at: Option<UnixTime>,
}

impl Store {
    /// Stores a new signing key, sealed. Activating it retires the active key of the same algorithm in the
    /// same transaction.
    pub async fn signing_key_put(&self, key: &NewSigningKey<'_>, now: UnixTime) -> Result<(), StoreError> {
        let wrapped = self.key_encryption_key.seal(key.kid, key.pkcs8)?;
        let mut change = self.change().await?;
        if key.state == SigningKeyState::Active {
            sqlx::query(
                "UPDATE signing_key SET state = 'retired', retired_at = ?1 \
                 WHERE state = 'active' AND algorithm = ?2",
            )
            .bind(now.seconds())
            .bind(key.algorithm)
            .execute(&mut *change)
            .await?;
        }
        sqlx::query(
            "INSERT INTO signing_key (kid, algorithm, state, wrapped_key, created_at, activated_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )
        .bind(key.kid)
        .bind(key.algorithm)
        .bind(key.state.to_string())
        .bind(wrapped)
        .bind(now.seconds())
        .bind((key.state == SigningKeyState::Active).then_some(now.seconds()))
        .execute(&mut *change)
        .await?;
        Ok(change.commit().await?)
    }

    /// All signing keys, oldest first.
    pub async fn signing_key_list(&self) -> Result<Vec<SigningKeyRecord>, StoreError> {
        sqlx::query(
            "SELECT kid, algorithm, state, wrapped_key, created_at, activated_at, retired_at \
             FROM signing_key ORDER BY created_at, kid",
        )
        .fetch_all(&self.pool)
        .await?
        .iter()
        .map(|row| self.signing_key(row))
        .collect()
    }

    fn signing_key(&self, row: &SqliteRow) -> Result<SigningKeyRecord, StoreError> {
        let kid: String = row.try_get("kid")?;
        let wrapped: Vec<u8> = row.try_get("wrapped_key")?;
        let time = |column| {
            row.try_get::<Option<i64>, _>(column)
                .map(|at| at.map(UnixTime::new))
        };
        Ok(SigningKeyRecord {
            pkcs8: self.key_encryption_key.open(&kid, &wrapped)?,
            kid,
            algorithm: row.try_get("algorithm")?,
            state: row.try_get::<String, _>("state")?.parse()?,
            created_at: UnixTime::new(row.try_get("created_at")?),
            activated_at: time("activated_at")?,
            retired_at: time("retired_at")?,
        })
    }
}

impl fmt::Display for SigningKeyState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Prepared => "prepared",
            Self::Active => "active",
            Self::Retired => "retired",
        })
    }
}

impl FromStr for SigningKeyState {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        match text {
            "prepared" => Ok(Self::Prepared),
            "active" => Ok(Self::Active),
            "retired" => Ok(Self::Retired),
            _ => Err(StoreError::Malformed {
                what: "signing key state",
            }),
        }
    }
}
