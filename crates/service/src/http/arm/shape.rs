//! Resources as JSON, as each api-version has them.

use serde_json::{Map, Value, json};

use super::version::ArmVersion;
use crate::{
    control::{DefaultProvider, Resource, networks},
    store::ConnectionRecord,
};

const TYPE: &str = "Microsoft.Attestation/attestationProviders";

/// A created provider.
pub(super) fn provider(resource: &Resource, version: ArmVersion) -> Value {
    let record = &resource.record;
    let mut shown = Map::from_iter([
        ("id".to_owned(), id(resource).into()),
        ("name".to_owned(), record.given_name.clone().into()),
        ("type".to_owned(), TYPE.into()),
        ("location".to_owned(), record.location.clone().into()),
    ]);
    if !resource.tags.is_empty() {
        let tags = resource.tags.iter();
        let tags: Map<_, _> = tags
            .map(|(name, value)| (name.clone(), value.clone().into()))
            .collect();
        shown.insert("tags".to_owned(), tags.into());
    }
    if version.has_system_data() {
        let data = json!({
            "createdBy": record.created_by,
            "createdAt": record.created_at.to_string(),
            "lastModifiedBy": record.updated_by,
            "lastModifiedAt": record.updated_at.to_string(),
        });
        shown.insert("systemData".to_owned(), data);
    }
    let trust_model = if record.isolated { "Isolated" } else { "AAD" };
    let mut properties = properties(trust_model, &resource.attest_uri);
    if version.has_switches() {
        let switch = |on: Option<bool>| on.map(|on| if on { "Enabled" } else { "Disabled" });
        properties.insert(
            "publicNetworkAccess".to_owned(),
            switch(record.public_network_access).into(),
        );
        properties.insert(
            "tpmAttestationAuthentication".to_owned(),
            switch(record.tpm_attestation_authentication).into(),
        );
        if !resource.connections.is_empty() {
            let connections = resource.connections.iter();
            let connections: Vec<_> = connections.map(|one| connection(resource, one)).collect();
            properties.insert("privateEndpointConnections".to_owned(), connections.into());
        }
    }
    shown.insert("properties".to_owned(), properties.into());
    shown.into()
}

/// A provider of the service's own. It is in no subscription.
pub(super) fn default_provider(shared: &DefaultProvider, version: ArmVersion) -> Value {
    let provider = &shared.provider;
    let mut properties = properties("AAD", provider.url());
    if version.has_switches() {
        properties.insert("publicNetworkAccess".to_owned(), "Enabled".into());
        properties.insert("tpmAttestationAuthentication".to_owned(), "Enabled".into());
    }
    json!({
        "id": format!("/providers/{TYPE}/{}", provider.name),
        "name": provider.name,
        "type": TYPE,
        "location": shared.location,
        "properties": properties,
    })
}

/// A private endpoint connection.
pub(super) fn connection(resource: &Resource, record: &ConnectionRecord) -> Value {
    let mut properties = json!({
        "privateEndpoint": record.private_endpoint.as_ref().map(|id| json!({ "id": id })),
        "privateLinkServiceConnectionState": {
            "status": record.status,
            "description": record.description,
            "actionsRequired": "None",
        },
        "provisioningState": "Succeeded",
    });
    let networks = networks(record);
    if let (false, Some(properties)) = (networks.is_empty(), properties.as_object_mut()) {
        let texts: Vec<_> = networks.iter().map(ToString::to_string).collect();
        properties.insert("x-attestry-networks".to_owned(), texts.into());
    }
    json!({
        "id": format!("{}/privateEndpointConnections/{}", id(resource), record.given_name),
        "name": record.given_name,
        "type": format!("{TYPE}/privateEndpointConnections"),
        "properties": properties,
    })
}

/// What private endpoints of a provider connect to: the provider as a whole.
pub(super) fn link_resources(resource: &Resource, base_domain: &str) -> Value {
    let zones: Vec<_> = Some(format!("privatelink.{base_domain}"))
        .filter(|_| !base_domain.is_empty())
        .into_iter()
        .collect();
    json!({
        "value": [{
            "id": format!("{}/privateLinkResources/tenant", id(resource)),
            "name": "tenant",
            "type": format!("{TYPE}/privateLinkResources"),
            "properties": {
                "groupId": "standard",
                "requiredMembers": ["default"],
                "requiredZoneNames": zones,
            },
        }],
    })
}

fn properties(trust_model: &str, attest_uri: &str) -> Map<String, Value> {
    Map::from_iter([
        ("trustModel".to_owned(), trust_model.into()),
        ("status".to_owned(), "Ready".into()),
        ("attestUri".to_owned(), attest_uri.into()),
    ])
}

/// The resource's id, with names as its creator spelled them.
fn id(resource: &Resource) -> String {
    let record = &resource.record;
    format!(
        "/subscriptions/{}/resourceGroups/{}/providers/{TYPE}/{}",
        record.subscription, record.resource_group, record.given_name
    )
}
