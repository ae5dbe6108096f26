//! What may be asked of a provider as a resource, checked.

use std::collections::{BTreeMap, BTreeSet};

use attestry_api::jwk::Jwk;
use ipnet::IpNet;

use super::ControlError;
use crate::{location::Location, provider::PolicySigners};

/// The most tags of a resource (Azure documentation, "Use tags to organize your Azure resources").
pub const MAX_TAGS: usize = 50;
/// The longest name of a tag, in characters (as above).
pub const MAX_TAG_NAME: usize = 512;
/// The longest value of a tag, in characters (as above).
pub const MAX_TAG_VALUE: usize = 256;
/// The most networks given with one connection: some subnets each side of a peering.
pub const MAX_CONNECTION_NETWORKS: usize = 64;
/// The longest description of a connection, in characters (Azure's private link service takes 140).
pub const MAX_DESCRIPTION: usize = 140;
/// The longest id of a private endpoint: its parts at their longest make fewer than 300.
pub const MAX_ENDPOINT_ID: usize = 1_024;

/// Tags of a resource.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tags(BTreeMap<String, String>);

/// A provider is created, or its switches are set and its tags replaced.
#[derive(Debug, Clone)]
pub struct PutProvider {
    /// Where.
    pub location: Location,
    /// All of its tags.
    pub tags: Tags,
    /// Whether it is reached from everywhere; `None`: as it was.
    pub public_network_access: Option<bool>,
    /// Whether TPM attestation needs a caller; `None`: as it was.
    pub tpm_attestation_authentication: Option<bool>,
    /// With any, a new provider is isolated.
    pub signers: PolicySigners,
}

/// Some of a provider is changed.
#[derive(Debug, Clone, Default)]
pub struct PatchProvider {
    /// All of its tags; `None`: as they were.
    pub tags: Option<Tags>,
    /// Whether it is reached from everywhere; `None`: as it was.
    pub public_network_access: Option<bool>,
    /// Whether TPM attestation needs a caller; `None`: as it was.
    pub tpm_attestation_authentication: Option<bool>,
}

/// A private endpoint connection is made or changed.
#[derive(Debug, Clone, Default)]
pub struct PutConnection {
    /// Resource id of the private endpoint; `None`: as it was, else the configured one of the connection's name.
    pub private_endpoint: Option<String>,
    /// `None`: as it was, else pending.
    pub status: Option<ConnectionStatus>,
    /// `None`: as it was.
    pub description: Option<String>,
    /// Networks to open beside those configured for the endpoint; `None`: as they were.
    pub networks: Option<Vec<IpNet>>,
}

/// Whether a connection was let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionStatus {
    /// Nobody decided.
    Pending,
    /// Its networks reach the provider.
    Approved,
    /// They do not.
    Rejected,
}

impl Tags {
    /// At most 50; names differ in more than case, and have none of the characters that Azure excludes.
    pub fn new(tags: BTreeMap<String, String>) -> Result<Self, ControlError> {
        let refused = |reason: String| Err(ControlError::Content(reason));
        if tags.len() > MAX_TAGS {
            return refused(format!(
                "{} tags are given; a resource has {MAX_TAGS} at most",
                tags.len()
            ));
        }
        let mut names = BTreeSet::new();
        for (name, value) in &tags {
            let excluded = |c: char| matches!(c, '<' | '>' | '%' | '&' | '\\' | '?' | '/') || c.is_control();
            if name.is_empty() || name.chars().count() > MAX_TAG_NAME || name.contains(excluded) {
                return refused(format!(
                    "a tag name has 1 to {MAX_TAG_NAME} characters, none of them `<>%&\\?/` or a control character"
                ));
            }
            if value.chars().count() > MAX_TAG_VALUE {
                return refused(format!("a tag value has {MAX_TAG_VALUE} characters at most"));
            }
            if !names.insert(name.to_lowercase()) {
                return refused("two tag names differ in case only".to_owned());
            }
        }
        Ok(Self(tags))
    }

    /// Those that the store kept.
    pub(super) fn stored(json: &str) -> Self {
        Self(serde_json::from_str(json).unwrap_or_default())
    }

    /// As JSON.
    pub(super) fn to_json(&self) -> String {
        serde_json::to_string(&self.0).unwrap_or_default()
    }

    /// The tags, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &String)> {
        self.0.iter()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl PutProvider {
    /// A request for a provider at `location` with nothing said but where.
    pub fn at(location: Location) -> Self {
        Self {
            location,
            tags: Tags::default(),
            public_network_access: None,
            tpm_attestation_authentication: None,
            signers: PolicySigners::default(),
        }
    }

    /// The certificates of a new provider.
    pub fn with_signers(self, keys: &[Jwk]) -> Result<Self, ControlError> {
        Ok(Self {
            signers: PolicySigners::from_jwks(keys)?,
            ..self
        })
    }
}

impl PutConnection {
    /// Refuses what is too long.
    pub fn checked(self) -> Result<Self, ControlError> {
        let refused = |reason: String| Err(ControlError::Content(reason));
        if self
            .networks
            .as_ref()
            .is_some_and(|networks| networks.len() > MAX_CONNECTION_NETWORKS)
        {
            return refused(format!(
                "a connection has {MAX_CONNECTION_NETWORKS} networks at most"
            ));
        }
        let longer = |text: &Option<String>, most: usize| {
            text.as_ref().is_some_and(|text| text.chars().count() > most)
        };
        if longer(&self.description, MAX_DESCRIPTION) {
            return refused(format!("a description has {MAX_DESCRIPTION} characters at most"));
        }
        if longer(&self.private_endpoint, MAX_ENDPOINT_ID) {
            return refused(format!(
                "the id of a private endpoint has {MAX_ENDPOINT_ID} characters at most"
            ));
        }
        Ok(self)
    }
}

impl ConnectionStatus {
    /// As Azure spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Approved => "Approved",
            Self::Rejected => "Rejected",
        }
    }

    /// The status of this name, in any case.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Pending, Self::Approved, Self::Rejected]
            .into_iter()
            .find(|status| status.name().eq_ignore_ascii_case(text))
    }
}
