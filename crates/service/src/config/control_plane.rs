//! `[control_plane]`: what may be created by requests, and the networks behind private endpoints.

use std::collections::BTreeSet;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::{ConfigError, check_range};
use crate::location::Location;

/// `[control_plane]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ControlPlaneConfig {
    /// Locations in which providers may be created; empty: in any.
    pub locations: Vec<String>,
    /// Days for which a deleted provider can be restored, and its name is not free.
    pub retention_days: u32,
    /// Most providers that requests may create, deleted ones that can be restored among them.
    pub max_providers: u32,
    /// Most of them in one subscription. 0: as many as the service takes.
    pub max_providers_per_subscription: u32,
    /// Private endpoints that connections may name.
    pub private_endpoint: Vec<PrivateEndpointConfig>,
}

/// One `[[control_plane.private_endpoint]]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PrivateEndpointConfig {
    /// The endpoint's resource id.
    pub id: String,
    /// From where requests through it come.
    pub networks: Vec<IpNet>,
}

impl Default for ControlPlaneConfig {
    fn default() -> Self {
        Self {
            locations: Vec::new(),
            // As long as other Azure resources that can be recovered are kept at least.
            retention_days: 7,
            // Each takes some ten KiB of memory.
            max_providers: 20_000,
            max_providers_per_subscription: 0,
            private_endpoint: Vec::new(),
        }
    }
}

impl ControlPlaneConfig {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        for location in &self.locations {
            Location::parse(location)
                .map_err(|error| ConfigError::key("control_plane.locations", error.to_string()))?;
        }
        check_range("control_plane.retention_days", self.retention_days, 0..=3_650)?;
        check_range("control_plane.max_providers", self.max_providers, 0..=100_000)?;
        check_range(
            "control_plane.max_providers_per_subscription",
            self.max_providers_per_subscription,
            0..=100_000,
        )?;
        let mut ids = BTreeSet::new();
        for (index, endpoint) in self.private_endpoint.iter().enumerate() {
            let refused = |field: &str, reason: &str| {
                let key = format!("control_plane.private_endpoint[{index}].{field}");
                Err(ConfigError::key(key, reason))
            };
            if endpoint.id.is_empty() {
                return refused("id", "the private endpoint's resource id is missing");
            }
            if !ids.insert(endpoint.id.to_ascii_lowercase()) {
                return refused("id", "the private endpoint is given twice");
            }
            if endpoint.networks.is_empty() {
                return refused("networks", "an endpoint without networks opens nothing");
            }
        }
        Ok(())
    }
}
