//! The common form of claims: names to JSON values, sorted by name. What each family claims is in that family's
//! module; which of them reach a token is decided elsewhere.

use std::collections::BTreeMap;

/// Claims by name.
pub type Claims = BTreeMap<String, serde_json::Value>;
