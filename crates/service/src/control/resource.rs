//! A created provider as it is shown, and as it is put together for requests.

use tracing::error;

use super::{ConnectionStatus, Tags};
use crate::{
    authz::Target,
    config::{PrivateEndpointConfig, ProviderMode},
    location::Location,
    provider::{
        Assembly, AssemblyError, Blueprint, NetworkRules, OwnSettings, Placement, PolicySigners, PolicyTests,
        Provider, Settings,
    },
    store::{ConnectionRecord, PolicyRecord, ProviderRecord, SignerRecord},
};

/// A created provider as a resource.
#[derive(Debug, Clone)]
pub struct Resource {
    /// What is stored of it.
    pub record: ProviderRecord,
    /// Its tags.
    pub tags: Tags,
    /// Its private endpoint connections, by name.
    pub connections: Vec<ConnectionRecord>,
    /// Where it is reached, without a trailing slash.
    pub attest_uri: String,
}

/// What the store keeps of a provider beside its record.
#[derive(Debug, Default)]
pub struct Belongings {
    /// The newest revision of each policy.
    pub policies: Vec<PolicyRecord>,
    /// Changes to its signers, oldest first.
    pub signers: Vec<SignerRecord>,
    /// Its connections.
    pub connections: Vec<ConnectionRecord>,
}

impl Resource {
    pub(super) fn new(
        assembly: &Assembly,
        record: ProviderRecord,
        connections: Vec<ConnectionRecord>,
    ) -> Self {
        let location = Location::parse(&record.location).ok();
        Self {
            attest_uri: assembly.attest_uri(&record.name, location.as_ref()),
            tags: Tags::stored(&record.tags),
            connections,
            record,
        }
    }

    /// What authorization is asked about.
    pub fn target(&self) -> Target<'_> {
        target(&self.record)
    }
}

/// What authorization is asked about of a stored provider.
pub(super) fn target(record: &ProviderRecord) -> Target<'_> {
    Target {
        provider: Some(&record.name),
        subscription: Some(&record.subscription),
        resource_group: Some(&record.resource_group),
        owner: record.owner.as_deref(),
    }
}

/// Puts a created provider together.
pub fn assemble(
    assembly: &Assembly,
    record: &ProviderRecord,
    belongings: &Belongings,
    endpoints: &[PrivateEndpointConfig],
) -> Result<Provider, AssemblyError> {
    let signers = if record.isolated {
        PolicySigners::from_history(&belongings.signers).unwrap_or_else(|reason| {
            // One tenant's certificates do not keep the others from being served; its policies count no more.
            error!(
                provider.name = record.name,
                signers.reason = %reason,
                "the signers of a provider cannot be used"
            );
            PolicySigners::default()
        })
    } else {
        PolicySigners::default()
    };
    let blueprint = Blueprint {
        name: record.name.clone(),
        location: Location::parse(&record.location).ok(),
        default: false,
        mode: if record.isolated {
            ProviderMode::Isolated
        } else {
            ProviderMode::Aad
        },
        settings: settings(&own(assembly.settings(), record), record),
        tests: PolicyTests::default(),
        resource: Some(Placement {
            subscription: record.subscription.clone(),
            resource_group: record.resource_group.clone(),
            owner: record.owner.clone(),
            creation: record.creation.clone(),
        }),
        network: network(record, &belongings.connections, endpoints),
    };
    assembly.build(blueprint, &belongings.policies, signers)
}

/// The settings of a provider by those of its own. They were checked when they came; should a later release not know
/// them any more, the provider is judged by the service's defaults, and changed only as the most careful one is.
pub(super) fn own(common: &Settings, record: &ProviderRecord) -> Settings {
    let own = OwnSettings::from_json(&record.settings).and_then(|own| own.apply(common));
    own.unwrap_or_else(|reason| {
        error!(provider.name = record.name, settings.reason = %reason, "the settings of a provider cannot be used");
        Settings {
            bound_signatures: true,
            two_person: true,
            ..common.clone()
        }
    })
}

/// The settings of a provider by its switches.
pub(super) fn settings(common: &Settings, record: &ProviderRecord) -> Settings {
    Settings {
        tpm_authentication: record.tpm_attestation_authentication != Some(false),
        ..common.clone()
    }
}

/// From where a provider is reached: an approved connection opens the networks given with it, and those configured
/// for its private endpoint.
pub(super) fn network(
    record: &ProviderRecord,
    connections: &[ConnectionRecord],
    endpoints: &[PrivateEndpointConfig],
) -> NetworkRules {
    let approved = connections
        .iter()
        .filter(|connection| connection.status == ConnectionStatus::Approved.name());
    let mut private = Vec::new();
    for connection in approved {
        private.extend(networks(connection));
        let configured = endpoints.iter().filter(|endpoint| {
            let named = connection.private_endpoint.as_deref();
            named.is_some_and(|id| id.eq_ignore_ascii_case(&endpoint.id))
        });
        private.extend(configured.flat_map(|endpoint| endpoint.networks.iter().copied()));
    }
    NetworkRules::new(record.public_network_access != Some(false), private)
}

/// The networks given with a connection.
pub fn networks(connection: &ConnectionRecord) -> Vec<ipnet::IpNet> {
    serde_json::from_str(&connection.networks).unwrap_or_default()
}
