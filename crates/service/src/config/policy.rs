//! `[policy]`: how much a policy may cost.

use attestry_policy::Limits;
use serde::{Deserialize, Serialize};

use super::{ConfigError, check_range};

/// `[policy]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PolicyConfig {
    /// Bytes of a policy text.
    pub max_bytes: u32,
    /// Rules in one policy.
    pub max_rules: u32,
    /// Conditions in one rule.
    pub max_conditions: u32,
    /// Depth of nested calls, and of a query.
    pub max_nesting: u32,
    /// Steps of one evaluation.
    pub max_steps: u64,
    /// Claims in one evaluation, those that the policy adds included.
    pub max_claims: u32,
    /// Bytes of one JSON document that a policy queries or makes.
    pub max_json_bytes: u64,
    /// Bytes of the text of all claims that a policy makes.
    pub max_text_bytes: u64,
    /// Bytes of the claims that a policy issues into one token, as JSON.
    pub max_issued_bytes: u64,
}

impl Default for PolicyConfig {
    fn default() -> Self {
        let limits = Limits::default();
        Self {
            max_bytes: limits.policy_bytes,
            max_rules: limits.rules,
            max_conditions: limits.conditions,
            max_nesting: limits.nesting,
            max_steps: limits.steps,
            max_claims: limits.claims,
            max_json_bytes: limits.json_bytes,
            max_text_bytes: limits.text_bytes,
            max_issued_bytes: limits.issued_bytes,
        }
    }
}

/// The parser's recursion is safe up to here.
const MAX_NESTING: u32 = 64;

impl PolicyConfig {
    /// The limits as the policy engine takes them.
    pub fn limits(&self) -> Limits {
        Limits {
            policy_bytes: self.max_bytes,
            rules: self.max_rules,
            conditions: self.max_conditions,
            nesting: self.max_nesting,
            steps: self.max_steps,
            claims: self.max_claims,
            json_bytes: self.max_json_bytes,
            text_bytes: self.max_text_bytes,
            issued_bytes: self.max_issued_bytes,
        }
    }

    /// The upper ends keep one request from taking a core for a minute or a gibibyte of memory; a longer text would
    /// not fit into a request, where it stands encoded twice.
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        const MIB: u64 = 1024 * 1024;
        check_range("policy.max_bytes", self.max_bytes, 1024..=512 * 1024)?;
        check_range("policy.max_rules", self.max_rules, 1..=65_536)?;
        check_range("policy.max_conditions", self.max_conditions, 1..=1024)?;
        check_range("policy.max_nesting", self.max_nesting, 1..=MAX_NESTING)?;
        check_range("policy.max_steps", self.max_steps, 1000..=1_000_000_000)?;
        check_range("policy.max_claims", self.max_claims, 16..=65_536)?;
        check_range("policy.max_json_bytes", self.max_json_bytes, 1024..=16 * MIB)?;
        check_range("policy.max_text_bytes", self.max_text_bytes, 1024..=64 * MIB)?;
        check_range("policy.max_issued_bytes", self.max_issued_bytes, 1024..=8 * MIB)
    }
}
