//! What the control plane reads of a request: names out of the path as they were given, the caller, the body.

use std::collections::BTreeMap;

use attestry_api::{
    json,
    jwk::{Jwk, JwkError, MAX_KEYS},
};
use axum::extract::{FromRequest, FromRequestParts, Request};
use http::request::Parts;
use ipnet::IpNet;
use percent_encoding::percent_decode_str;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use super::{
    super::{App, address::BasePath, body::Body, caller::Caller, recording::created_id},
    ArmError,
};
use crate::{
    authz::{Operation, Role, Target},
    control::{
        ConnectionName, ConnectionStatus, ControlError, GroupId, PatchProvider, ProviderId, ProviderName,
        PutConnection, PutProvider, Resource, Subscription, Tags,
    },
    location::Location,
    provider::PolicyCertificateError,
};

/// The segments of a path at the service's own address, decoded.
pub(super) struct Segments(Vec<String>);

impl<S: Sync> FromRequestParts<S> for Segments {
    type Rejection = ArmError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ArmError> {
        let Some(BasePath(path)) = parts.extensions.get() else {
            return Err(ArmError::not_found(
                "the control plane is at the service's own address, not at a provider's",
            ));
        };
        let decoded = path
            .split('/')
            .skip(1)
            .map(|segment| percent_decode_str(segment).decode_utf8().map(String::from));
        decoded
            .collect::<Result<_, _>>()
            .map(Self)
            .map_err(|_| ArmError::content("the path is not UTF-8"))
    }
}

impl Segments {
    pub(super) fn at(&self, place: usize) -> &str {
        self.0.get(place).map_or("", String::as_str)
    }

    /// Of `/subscriptions/{s}/...`.
    pub(super) fn subscription(&self) -> Result<Subscription, ArmError> {
        Ok(Subscription::parse(self.at(1))?)
    }

    /// Of `/subscriptions/{s}/resourceGroups/{g}/...`.
    pub(super) fn group(&self) -> Result<GroupId, ArmError> {
        Ok(GroupId::parse(self.at(1), self.at(3))?)
    }

    /// Of `.../providers/Microsoft.Attestation/attestationProviders/{name}`.
    pub(super) fn provider(&self) -> Result<ProviderId, ArmError> {
        Ok(ProviderId {
            group: self.group()?,
            name: ProviderName::parse(self.at(7))?,
        })
    }

    /// Of `.../privateEndpointConnections/{name}`.
    pub(super) fn connection(&self) -> Result<ConnectionName, ArmError> {
        Ok(ConnectionName::parse(self.at(9))?)
    }
}

/// The caller; every operation here needs one.
pub(super) struct ArmCaller(Caller);

impl FromRequestParts<App> for ArmCaller {
    type Rejection = ArmError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ArmError> {
        Ok(Self(Caller::from_request_parts(parts, app).await?))
    }
}

impl ArmCaller {
    /// Refuses the caller unless they may do this there.
    pub(super) fn may(&self, operation: Operation, target: &Target<'_>) -> Result<(), ArmError> {
        Ok(self.0.permission(operation, target)?)
    }

    /// Whether the caller was given this role there.
    pub(super) fn holds(&self, role: Role, target: &Target<'_>) -> bool {
        self.0.holds(role, target)
    }

    /// See [`Caller::begin_change`].
    pub(super) async fn begin_change(&self) -> Result<String, ArmError> {
        Ok(self.0.begin_change().await?)
    }

    /// Says in the request's record that it is about this provider.
    pub(super) fn concerns(&self, resource: &Resource) {
        let record = &resource.record;
        let id = created_id(&record.subscription, &record.resource_group, &record.given_name);
        self.0.concerns(id);
    }
}

/// A body of JSON.
pub(super) struct Json<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<App> for Json<T> {
    type Rejection = ArmError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ArmError> {
        let Body(bytes) = Body::from_request(request, app).await?;
        let malformed = |error: String| {
            ArmError::content(format!(
                "the request content was invalid and could not be deserialized: {error}"
            ))
        };
        let value = json::parse_strict(&bytes).map_err(|error| malformed(error.to_string()))?;
        // What is read here are objects; a list is not one whose members have lost their names.
        let is_object = |value: &Value| value.is_object() || value.is_null();
        if !value.is_object() || !value.get("properties").is_none_or(is_object) {
            return Err(malformed("a JSON object is expected".to_owned()));
        }
        let mut track = serde_path_to_error::Track::new();
        let reader = serde_path_to_error::Deserializer::new(value, &mut track);
        let read = T::deserialize(reader);
        read.map(Self)
            .map_err(|error| malformed(format!("`{}`: {error}", track.path())))
    }
}

/// The body of a creation.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ProviderBody {
    location: Option<String>,
    tags: Option<BTreeMap<String, String>>,
    properties: Option<ProviderProperties>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ProviderProperties {
    public_network_access: Option<Switch>,
    tpm_attestation_authentication: Option<Switch>,
    policy_signing_certificates: Option<KeySet>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct KeySet {
    keys: Option<Vec<Value>>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
enum Switch {
    #[serde(alias = "enabled")]
    Enabled,
    #[serde(alias = "disabled")]
    Disabled,
}

impl Switch {
    fn is_on(self) -> bool {
        matches!(self, Self::Enabled)
    }
}

impl ProviderBody {
    /// As a creation.
    pub(super) fn put(self) -> Result<PutProvider, ArmError> {
        let location = self.location.filter(|location| !location.is_empty());
        let location = location.ok_or_else(|| {
            ArmError::new(
                http::StatusCode::BAD_REQUEST,
                "LocationRequired",
                "The location property is required for this definition.",
            )
        })?;
        let properties = self.properties.unwrap_or_default();
        let keys = properties.policy_signing_certificates.and_then(|set| set.keys);
        let put = PutProvider {
            tags: Tags::new(self.tags.unwrap_or_default())?,
            public_network_access: properties.public_network_access.map(Switch::is_on),
            tpm_attestation_authentication: properties.tpm_attestation_authentication.map(Switch::is_on),
            ..PutProvider::at(Location::parse(&location).map_err(ControlError::from)?)
        };
        Ok(put.with_signers(&keys_of(keys.unwrap_or_default())?)?)
    }

    /// As a change.
    pub(super) fn patch(self) -> Result<PatchProvider, ArmError> {
        let properties = self.properties.unwrap_or_default();
        Ok(PatchProvider {
            tags: self.tags.map(Tags::new).transpose()?,
            public_network_access: properties.public_network_access.map(Switch::is_on),
            tpm_attestation_authentication: properties.tpm_attestation_authentication.map(Switch::is_on),
        })
    }
}

fn keys_of(values: Vec<Value>) -> Result<Vec<Jwk>, ControlError> {
    let refused = |error: JwkError| ControlError::from(PolicyCertificateError::from(error));
    if values.len() > MAX_KEYS {
        return Err(refused(JwkError::TooManyKeys { found: values.len() }));
    }
    let keys = values.into_iter().map(Jwk::from_value);
    keys.collect::<Result<_, _>>().map_err(refused)
}

/// The body that makes or changes a connection.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ConnectionBody {
    properties: Option<ConnectionProperties>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ConnectionProperties {
    private_endpoint: Option<PrivateEndpoint>,
    private_link_service_connection_state: Option<ConnectionState>,
    /// Ours: the networks behind the endpoint.
    #[serde(rename = "x-attestry-networks")]
    networks: Option<Vec<IpNet>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PrivateEndpoint {
    id: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ConnectionState {
    status: Option<String>,
    description: Option<String>,
}

impl ConnectionBody {
    /// As a request.
    pub(super) fn put(self) -> Result<PutConnection, ArmError> {
        let properties = self.properties.unwrap_or_default();
        let state = properties
            .private_link_service_connection_state
            .unwrap_or_default();
        let status = state.status.map(|status| {
            ConnectionStatus::parse(&status)
                .ok_or_else(|| ArmError::content("the status is `Pending`, `Approved` or `Rejected`"))
        });
        let put = PutConnection {
            private_endpoint: properties.private_endpoint.and_then(|endpoint| endpoint.id),
            status: status.transpose()?,
            description: state.description,
            networks: properties.networks,
        };
        Ok(put.checked()?)
    }
}
