//! `[reference_values]`: what confidential virtual machines are compared with.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// `[reference_values]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReferenceValuesConfig {
    /// A file of reference values, taken in at the start and on reload. Empty: those that were imported, if any.
    pub file: PathBuf,
    /// The operator's public key, PEM, that the files here and at providers must be signed with. Empty: they are plain
    /// JSON, and as trusted as this configuration.
    pub signer: PathBuf,
}
