//! `[diagnostics]`: the diagnostic log.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{ConfigError, check_range};
use crate::diagnostics::{DiagnosticsOptions, FileOptions};

/// `[diagnostics]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DiagnosticsConfig {
    /// Whether requests are recorded in a file.
    pub enabled: bool,
    /// The file. Empty: `diagnostics.jsonl` in the store's directory.
    pub file: PathBuf,
    /// Bytes after which a new file is begun.
    pub max_file_bytes: u64,
    /// Most older files that are kept beside it.
    pub keep_files: u32,
    /// Whether records also go to standard output.
    pub stdout: bool,
}

impl Default for DiagnosticsConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            file: PathBuf::new(),
            // Nine files together stay well below a gigabyte: some 500,000 records.
            max_file_bytes: 67_108_864,
            keep_files: 8,
            stdout: false,
        }
    }
}

impl DiagnosticsConfig {
    /// As the log wants them; `data_dir` is the store's directory. `None`: nothing is recorded.
    pub fn options(&self, data_dir: &Path) -> Option<DiagnosticsOptions> {
        let path = if self.file.as_os_str().is_empty() {
            data_dir.join("diagnostics.jsonl")
        } else {
            self.file.clone()
        };
        let file = self.enabled.then_some(FileOptions {
            path,
            max_bytes: self.max_file_bytes,
            keep: self.keep_files,
        });
        (file.is_some() || self.stdout).then_some(DiagnosticsOptions {
            file,
            stdout: self.stdout,
        })
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        // The least holds the largest batch of records, the most is for who keeps them elsewhere.
        check_range(
            "diagnostics.max_file_bytes",
            self.max_file_bytes,
            1_048_576..=17_179_869_184,
        )?;
        check_range("diagnostics.keep_files", self.keep_files, 0..=1_000)
    }
}
