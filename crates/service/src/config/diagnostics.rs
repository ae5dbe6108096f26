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
    /// The file of what those who may change something did, on disk before they are answered. Empty: `audit.jsonl`
    /// beside `file`.
    pub audit_file: PathBuf,
    /// Bytes after which a new file is begun.
    pub max_file_bytes: u64,
    /// Most older files that are kept beside each.
    pub keep_files: u32,
    /// Whether records also go to standard output.
    pub stdout: bool,
}

impl Default for DiagnosticsConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            file: PathBuf::new(),
            audit_file: PathBuf::new(),
            // Twice nine files together stay near a gigabyte: some 500,000 records each.
            max_file_bytes: 67_108_864,
            keep_files: 8,
            stdout: false,
        }
    }
}

impl DiagnosticsConfig {
    /// As the log wants them; `data_dir` is the store's directory. `None`: nothing is recorded.
    pub fn options(&self, data_dir: &Path) -> Option<DiagnosticsOptions> {
        let or = |path: &Path, default: PathBuf| {
            if path.as_os_str().is_empty() {
                default
            } else {
                path.to_owned()
            }
        };
        let path = or(&self.file, data_dir.join("diagnostics.jsonl"));
        let audit_path = or(&self.audit_file, path.with_file_name("audit.jsonl"));
        let bounded = |path| FileOptions {
            path,
            max_bytes: self.max_file_bytes,
            keep: self.keep_files,
        };
        (self.enabled || self.stdout).then(|| DiagnosticsOptions {
            file: self.enabled.then(|| bounded(path)),
            audit_file: self.enabled.then(|| bounded(audit_path)),
            stdout: self.stdout,
        })
    }

    pub(super) fn validate(&self, data_dir: &Path) -> Result<(), ConfigError> {
        let options = self.options(data_dir);
        if options.is_some_and(|options| options.file.is_some() && options.file == options.audit_file) {
            return Err(ConfigError::key(
                "diagnostics.audit_file",
                "the audit file and `diagnostics.file` are the same",
            ));
        }
        // The least holds the largest batch of records, the most is for who keeps them elsewhere.
        check_range(
            "diagnostics.max_file_bytes",
            self.max_file_bytes,
            1_048_576..=17_179_869_184,
        )?;
        check_range("diagnostics.keep_files", self.keep_files, 0..=1_000)
    }
}
