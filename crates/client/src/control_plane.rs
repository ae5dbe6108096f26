//! Providers as resources: the operations of Azure Resource Manager's provider `Microsoft.Attestation`
//! (Azure REST API reference, "Attestation Providers"), and Attestry's own on deleted and protected providers.
//!
//! It knows the wire of the control plane; a provider's policies are administered at its own endpoint by a [`Client`].

use std::collections::BTreeMap;

use attestry_api::b64;
use attestry_api::jwk::{Jwk, JwkError};
use attestry_api::jws::VerificationKey;
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::client::Client;
use crate::error::ClientError;
use crate::signing::certificates_in;
use crate::transport::{Content, segment};

/// The api-version that every operation of the control plane exists in.
const API_VERSION: &str = "2021-06-01";

/// The control plane of a service, for one subscription. Made by [`Client::control_plane`]; that client's endpoint is
/// the service itself, not a provider.
#[derive(Clone)]
pub struct ControlPlane {
    client: Client,
    subscription: String,
}

/// A provider as a resource.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Provider {
    /// Resource id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Where it is.
    pub location: String,
    /// Its tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// What it is like.
    pub properties: ProviderProperties,
    /// Everything else, as received.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// What a provider is like.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProviderProperties {
    /// `AAD` or `Isolated`.
    pub trust_model: String,
    /// `Ready`, `NotReady` or `Error`.
    pub status: String,
    /// Endpoint of its policies and attestations.
    pub attest_uri: String,
    /// `Enabled` or `Disabled`; `None` when it was never set, which is enabled.
    pub public_network_access: Option<String>,
    /// Everything else, as received.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// A provider to create.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewProvider {
    /// Where, for example `eastus`.
    pub location: String,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// Policy signing certificates; with at least one, the provider is isolated.
    pub policy_signers: Vec<Jwk>,
    /// Whether it can be reached from anywhere; `None` leaves it to the service.
    pub public_network_access: Option<bool>,
}

/// What to change about a provider; `None` leaves a thing as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProviderUpdate {
    /// All its tags.
    pub tags: Option<BTreeMap<String, String>>,
    /// Whether it can be reached from anywhere.
    pub public_network_access: Option<bool>,
}

/// A provider that was deleted and can be restored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeletedProvider {
    /// What it was.
    pub provider: Provider,
    /// When it was deleted, RFC 3339.
    pub deleted_at: Option<String>,
    /// Until when it can be restored, RFC 3339.
    pub restorable_until: String,
}

#[derive(Deserialize)]
struct List<T> {
    value: Vec<T>,
}

impl Client {
    /// The control plane of the service at this client's endpoint, for a subscription.
    pub fn control_plane(&self, subscription: impl Into<String>) -> ControlPlane {
        ControlPlane {
            client: self.clone(),
            subscription: subscription.into(),
        }
    }

    /// The deleted providers that can be restored, of all subscriptions that the caller may read.
    pub async fn deleted_providers(&self) -> Result<Vec<DeletedProvider>, ClientError> {
        let list: List<DeletedProvider> = self.transport.get("attestry/v1/deleted-providers").await?;
        Ok(list.value)
    }

    /// Protects a provider from deletion, or protects it no longer.
    pub async fn protect_provider(&self, name: &str, protected: bool) -> Result<Provider, ClientError> {
        #[derive(Deserialize)]
        struct Protection {
            provider: Provider,
        }
        let action = if protected { "protect" } else { "unprotect" };
        let path = format!("attestry/v1/providers/{}:{action}", segment(name));
        let answer = self.transport.send(Method::POST, &path, Content::Nothing).await?;
        Ok(answer.json::<Protection>()?.provider)
    }

    /// Brings a deleted provider back, with its policies and signers.
    pub async fn restore_provider(&self, name: &str) -> Result<Provider, ClientError> {
        let path = format!("attestry/v1/deleted-providers/{}:restore", segment(name));
        let answer = self.transport.send(Method::POST, &path, Content::Nothing).await?;
        answer.json()
    }
}

impl NewProvider {
    /// Adds every certificate of a PEM text to the policy signers.
    pub fn add_policy_signers(&mut self, pem: &[u8]) -> Result<(), ClientError> {
        let unusable = |reason: String| ClientError::Certificate { reason };
        for der in certificates_in(pem).map_err(|error| unusable(error.to_string()))? {
            let key = VerificationKey::from_certificate(&der).map_err(JwkError::Certificate);
            let key = key.map_err(|error| unusable(error.to_string()))?;
            self.policy_signers.push(Jwk {
                alg: Some(key.kind().algorithm_name().to_owned()),
                kty: key.kind().key_type().to_owned(),
                key_use: Some("sig".to_owned()),
                x5c: vec![b64::encode_standard(&der)],
                ..Jwk::default()
            });
        }
        Ok(())
    }

    fn to_json(&self) -> Value {
        let mut properties = Map::new();
        if !self.policy_signers.is_empty() {
            let keys = json!({ "keys": self.policy_signers });
            properties.insert("policySigningCertificates".to_owned(), keys);
        }
        if let Some(enabled) = self.public_network_access {
            properties.insert("publicNetworkAccess".to_owned(), switch(enabled).into());
        }
        json!({ "location": self.location, "tags": self.tags, "properties": properties })
    }
}

impl ProviderUpdate {
    fn to_json(&self) -> Value {
        let mut body = Map::new();
        if let Some(tags) = &self.tags {
            body.insert("tags".to_owned(), json!(tags));
        }
        if let Some(enabled) = self.public_network_access {
            body.insert(
                "properties".to_owned(),
                json!({ "publicNetworkAccess": switch(enabled) }),
            );
        }
        body.into()
    }
}

impl ControlPlane {
    /// Creates a provider, or sets the changeable properties of the one that is there.
    pub async fn create(&self, group: &str, name: &str, new: &NewProvider) -> Result<Provider, ClientError> {
        let body = new.to_json();
        self.call(Method::PUT, &self.provider(group, name), Content::Json(&body))
            .await
    }

    /// Changes a provider.
    pub async fn update(
        &self,
        group: &str,
        name: &str,
        update: &ProviderUpdate,
    ) -> Result<Provider, ClientError> {
        let body = update.to_json();
        self.call(Method::PATCH, &self.provider(group, name), Content::Json(&body))
            .await
    }

    /// A provider.
    pub async fn get(&self, group: &str, name: &str) -> Result<Provider, ClientError> {
        self.call(Method::GET, &self.provider(group, name), Content::Nothing)
            .await
    }

    /// Deletes a provider; whether there was one.
    pub async fn delete(&self, group: &str, name: &str) -> Result<bool, ClientError> {
        /// RFC 9110, 15.3.5.
        const NO_CONTENT: u16 = 204;
        let path = versioned(&self.provider(group, name));
        let answer = self
            .client
            .transport
            .send(Method::DELETE, &path, Content::Nothing)
            .await?;
        Ok(answer.status() != NO_CONTENT)
    }

    /// The providers of the subscription, or of one of its resource groups.
    pub async fn list(&self, group: Option<&str>) -> Result<Vec<Provider>, ClientError> {
        let path = match group {
            Some(group) => self.group(group),
            None => format!("{}/attestationProviders", self.resource_provider()),
        };
        let list: List<Provider> = self.call(Method::GET, &path, Content::Nothing).await?;
        Ok(list.value)
    }

    /// The shared providers that every subscription may use.
    pub async fn list_default(&self) -> Result<Vec<Provider>, ClientError> {
        let path = format!("{}/defaultProviders", self.resource_provider());
        let list: List<Provider> = self.call(Method::GET, &path, Content::Nothing).await?;
        Ok(list.value)
    }

    /// The shared provider of a location.
    pub async fn default_at(&self, location: &str) -> Result<Provider, ClientError> {
        let path = format!(
            "{}/locations/{}/defaultProvider",
            self.resource_provider(),
            segment(location)
        );
        self.call(Method::GET, &path, Content::Nothing).await
    }

    async fn call<T: serde::de::DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        content: Content<'_>,
    ) -> Result<T, ClientError> {
        self.client
            .transport
            .send(method, &versioned(path), content)
            .await?
            .json()
    }

    fn resource_provider(&self) -> String {
        let subscription = segment(&self.subscription);
        format!("subscriptions/{subscription}/providers/Microsoft.Attestation")
    }

    fn group(&self, group: &str) -> String {
        let (subscription, group) = (segment(&self.subscription), segment(group));
        format!(
            "subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Attestation/attestationProviders"
        )
    }

    fn provider(&self, group: &str, name: &str) -> String {
        format!("{}/{}", self.group(group), segment(name))
    }
}

fn versioned(path: &str) -> String {
    format!("{path}?api-version={API_VERSION}")
}

fn switch(on: bool) -> &'static str {
    if on { "Enabled" } else { "Disabled" }
}
