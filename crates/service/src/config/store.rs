//! `[store]`: where the embedded store lies and how its keys are sealed.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{ConfigError, check_range};
use crate::store::StoreOptions;

/// `[store]`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StoreConfig {
    /// Directory of the database; created when it is not there.
    pub data_dir: PathBuf,
    /// File of the key-encryption key, readable by its owner only; written on the first start. Empty:
    /// `key-encryption.key` in `data_dir`.
    pub key_encryption_key_file: PathBuf,
    /// The key-encryption key itself, 64 hexadecimal digits, meant for the environment; wins over the file.
    pub key_encryption_key: String,
    /// How long a change waits for another process's lock.
    pub busy_timeout_seconds: u64,
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from("/var/lib/attestry"),
            key_encryption_key_file: PathBuf::new(),
            key_encryption_key: String::new(),
            busy_timeout_seconds: 5,
        }
    }
}

impl StoreConfig {
    /// As the store wants them.
    pub fn options(&self) -> StoreOptions {
        StoreOptions {
            data_dir: self.data_dir.clone(),
            busy_timeout: Duration::from_secs(self.busy_timeout_seconds),
            key_encryption_key_file: Some(self.key_encryption_key_file.clone())
                .filter(|path| !path.as_os_str().is_empty()),
            key_encryption_key: Some(self.key_encryption_key.clone()).filter(|key| !key.is_empty()),
        }
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        if self.data_dir.as_os_str().is_empty() {
            return Err(ConfigError::key("store.data_dir", "must not be empty"));
        }
        check_range("store.busy_timeout_seconds", self.busy_timeout_seconds, 1..=60)
    }
}

// By hand: a configuration is printed when it is checked, the key never.
impl std::fmt::Debug for StoreConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoreConfig")
            .field("data_dir", &self.data_dir)
            .field("key_encryption_key_file", &self.key_encryption_key_file)
            .field("busy_timeout_seconds", &self.busy_timeout_seconds)
            .finish_non_exhaustive()
    }
}
