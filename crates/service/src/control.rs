//! The control plane: attestation providers as resources that requests create, change, delete and restore (Azure
//! Resource Manager's provider `Microsoft.Attestation`).
//!
//! It owns the order of such a change: check it against what is stored, make it durable, let requests see it. A change
//! that has begun is finished whether or not its caller still waits. Who may ask is decided above; what a provider
//! trusts is [`crate::administration`]'s.

mod connection;
mod error;
mod id;
mod request;
mod resource;
mod retention;

use std::{collections::BTreeMap, sync::Arc};

use arc_swap::ArcSwap;
use attestry_api::hex;
use attestry_evidence::time::UnixTime;
use aws_lc_rs::rand;
use serde_json::{Value, json};

pub use self::connection::MAX_CONNECTIONS;
pub use self::error::ControlError;
pub use self::id::{ConnectionName, GroupId, NameError, ProviderId, ProviderName, Subscription};
pub use self::request::{ConnectionStatus, PatchProvider, PutConnection, PutProvider, Tags};
pub use self::resource::{Belongings, Resource, assemble, networks};
use crate::{
    clock::Clock,
    config::ControlPlaneConfig,
    location::Location,
    provider::{Addressing, Assembly, Directory, OwnSettings, Provider, ProviderMode},
    store::{
        ConnectionRecord, NewProviderChange, NewSigner, ProviderChange, ProviderOperation, ProviderRecord,
        Store,
    },
};

/// Makes changes to resources, and shows them.
#[derive(Debug, Clone)]
pub struct ControlPlane {
    store: Store,
    directory: Arc<Directory>,
    assembly: Arc<ArcSwap<Assembly>>,
    config: Arc<ControlPlaneConfig>,
    clock: Clock,
}

/// A provider was created or changed.
#[derive(Debug, Clone)]
pub struct Put {
    /// Whether it was created.
    pub created: bool,
    /// What it is now.
    pub resource: Resource,
}

/// What the caller was found to be allowed to change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Allowed {
    /// Whichever provider is at the place, also one that comes to be there.
    Group,
    /// The provider of this creation ([`ProviderRecord::creation`]) and no later one of its name.
    Creation(String),
}

/// A provider of the service's own that tenants use without creating one.
#[derive(Debug, Clone)]
pub struct DefaultProvider {
    /// The provider.
    pub provider: Arc<Provider>,
    /// Where it is shown to be.
    pub location: String,
}

impl ControlPlane {
    /// Changes the providers of `directory`, put together by `assembly` and dated by `clock`.
    pub fn new(
        store: Store,
        directory: Arc<Directory>,
        assembly: Assembly,
        config: ControlPlaneConfig,
        clock: Clock,
    ) -> Self {
        Self {
            store,
            directory,
            assembly: Arc::new(ArcSwap::from_pointee(assembly)),
            config: Arc::new(config),
            clock,
        }
    }

    /// Providers are put together with this from now on. Only whoever holds the right to restructure the directory
    /// may call it.
    pub fn replace_assembly(&self, assembly: Assembly) {
        self.assembly.store(Arc::new(assembly));
    }

    /// Where providers are reached.
    pub fn addressing(&self) -> Addressing {
        self.assembly.load().addressing().clone()
    }

    /// The provider of this name in this group; `None` also when it was deleted.
    pub async fn find(&self, id: &ProviderId) -> Result<Option<Resource>, ControlError> {
        let Some(record) = self.stored(id).await? else {
            return Ok(None);
        };
        let connections = self.store.connection_list(Some(&record.name)).await?;
        Ok(Some(self.resource(record, connections)))
    }

    /// The providers of a subscription, or of one of its groups, by name.
    pub async fn list(
        &self,
        subscription: &Subscription,
        group: Option<&str>,
    ) -> Result<Vec<Resource>, ControlError> {
        let records = self
            .store
            .provider_list(Some(subscription.as_str()), group)
            .await?;
        let mut connections: BTreeMap<String, Vec<ConnectionRecord>> = BTreeMap::new();
        for connection in self.store.connection_list(None).await? {
            connections
                .entry(connection.provider.clone())
                .or_default()
                .push(connection);
        }
        Ok(records
            .into_iter()
            .filter(|record| record.deleted_at.is_none())
            .map(|record| {
                let own = connections.remove(&record.name).unwrap_or_default();
                self.resource(record, own)
            })
            .collect())
    }

    /// The shared providers of the configuration.
    pub fn defaults(&self) -> Vec<DefaultProvider> {
        let shared = self.directory.current();
        let shared = shared
            .iter()
            .filter(|provider| provider.mode == ProviderMode::Shared);
        let shown = |provider: Arc<Provider>| DefaultProvider {
            location: provider
                .location
                .as_ref()
                .map_or_else(|| EVERYWHERE.to_owned(), Location::to_string),
            provider,
        };
        shared.map(shown).collect()
    }

    /// The shared provider of a location, else one that is nowhere in particular.
    pub fn default_at(&self, location: &Location) -> Option<DefaultProvider> {
        let shared = self.defaults();
        let at = |wanted: Option<&Location>| {
            shared
                .iter()
                .find(|shared| shared.provider.location.as_ref() == wanted)
                .map(|shared| DefaultProvider {
                    provider: Arc::clone(&shared.provider),
                    location: location.to_string(),
                })
        };
        at(Some(location)).or_else(|| at(None))
    }

    /// What happened to a provider, and to earlier ones of its name, oldest first.
    pub async fn history(&self, name: &ProviderName) -> Result<Vec<ProviderChange>, ControlError> {
        Ok(self.store.provider_change_list(name.key()).await?)
    }

    /// Creates a provider, which belongs to `owner`, or changes the one that is there.
    pub async fn put(
        &self,
        id: ProviderId,
        request: PutProvider,
        allowed: Allowed,
        owner: Option<String>,
        actor: String,
    ) -> Result<Put, ControlError> {
        let this = self.clone();
        finish(async move {
            let restructuring = this.directory.restructure().await;
            let (provider, put) = match this.stored(&id).await? {
                Some(record) if allowed.covers(&record) => {
                    let patch = this.check_unchanged(&record, request)?;
                    let resource = this.change(record, patch, &actor).await?;
                    let created = false;
                    (this.changed(&resource), Put { created, resource })
                }
                None if allowed == Allowed::Group => {
                    let (provider, resource) = this.create(&id, &request, owner, &actor).await?;
                    let created = true;
                    (Some(provider), Put { created, resource })
                }
                _ => return Err(ControlError::NotFound),
            };
            if let Some(provider) = provider {
                restructuring.put(provider)?;
            }
            Ok(put)
        })
        .await
    }

    /// Changes some of the provider that the caller may change.
    pub async fn patch(
        &self,
        resource: &Resource,
        request: PatchProvider,
        actor: String,
    ) -> Result<Resource, ControlError> {
        let this = self.clone();
        let seen = resource.record.clone();
        finish(async move {
            let changing = this.directory.change(&seen.name).await;
            let changing = changing.ok_or(ControlError::NotFound)?;
            let record = this.again(&seen).await?;
            let resource = this.change(record, request, &actor).await?;
            changing.replace(this.with_switches(&changing.current(), &resource));
            Ok(resource)
        })
        .await
    }

    async fn create(
        &self,
        id: &ProviderId,
        request: &PutProvider,
        owner: Option<String>,
        actor: &str,
    ) -> Result<(Provider, Resource), ControlError> {
        self.check_creation(id, request).await?;
        let now = self.clock.now();
        let mut creation = [0; 16];
        rand::fill(&mut creation).map_err(|_| ControlError::Internal("no randomness".to_owned()))?;
        let record = ProviderRecord {
            name: id.name.key().to_owned(),
            given_name: id.name.given().to_owned(),
            subscription: id.group.subscription.as_str().to_owned(),
            resource_group: id.group.group.clone(),
            location: request.location.to_string(),
            isolated: !request.signers.is_empty(),
            tags: request.tags.to_json(),
            public_network_access: request.public_network_access,
            tpm_attestation_authentication: request.tpm_attestation_authentication,
            protected: false,
            settings: OwnSettings::default().to_json(),
            owner,
            creation: hex::encode(&creation),
            created_by: actor.to_owned(),
            created_at: now,
            updated_by: actor.to_owned(),
            updated_at: now,
            deleted_at: None,
        };
        // Put together before it is stored: what cannot be is not stored.
        let assembly = self.assembly.load();
        let provider = assemble(
            &assembly,
            &record,
            &Belongings::default(),
            &self.config.private_endpoint,
        )?
        .with_signers(request.signers.clone());
        if assembly.addressing().is_own_host(&provider.label) {
            return Err(ControlError::NameTaken(record.given_name));
        }
        let texts: Vec<_> = request
            .signers
            .iter()
            .map(|signer| (signer.thumbprint(), signer.to_json()))
            .collect();
        let signers: Vec<_> = texts
            .iter()
            .map(|(thumbprint, certificate)| NewSigner::given(&record.name, thumbprint, certificate, actor))
            .collect();
        let detail = detail(&record);
        self.store
            .provider_create(
                &record,
                &signers,
                &entry(ProviderOperation::Create, &detail, actor, now),
            )
            .await?;
        Ok((provider, self.resource(record, Vec::new())))
    }

    /// Whether a provider may be created there with that name.
    async fn check_creation(&self, id: &ProviderId, request: &PutProvider) -> Result<(), ControlError> {
        id.name.check_free()?;
        self.check_location(&request.location)?;
        let name = id.name.key();
        let now = self.clock.now();
        match self.store.provider_get(name).await? {
            // Its retention time is over, and the job that purges did not come by yet.
            Some(record) if record.deleted_at.is_some() && !self.is_restorable(&record, now) => {
                self.purge_record(&record, retention::RETENTION).await?;
            }
            Some(record) if record.deleted_at.is_some() && is_at(&record, id) => {
                return Err(ControlError::Deleted {
                    name: record.given_name.clone(),
                    until: self.restorable_until(&record).to_string(),
                });
            }
            Some(record) => return Err(ControlError::NameTaken(record.given_name)),
            None if self.directory.current().get(name).is_some() => {
                return Err(ControlError::NameTaken(id.name.given().to_owned()));
            }
            None => {}
        }
        let most = self.config.max_providers;
        if self.store.provider_count().await? >= u64::from(most) {
            return Err(ControlError::TooManyProviders(most));
        }
        let most = self.config.max_providers_per_subscription;
        let subscription = id.group.subscription.as_str();
        if most > 0 && self.store.provider_count_of(subscription).await? >= u64::from(most) {
            return Err(ControlError::TooManyProvidersInSubscription(most));
        }
        Ok(())
    }

    fn check_location(&self, location: &Location) -> Result<(), ControlError> {
        let allowed = self.config.locations.iter();
        let allowed: Vec<_> = allowed.filter_map(|name| Location::parse(name).ok()).collect();
        if allowed.is_empty() || allowed.contains(location) {
            return Ok(());
        }
        Err(ControlError::LocationNotAvailable {
            location: location.clone(),
            allowed: allowed.iter().map(Location::to_string).collect(),
        })
    }

    /// What a repeated creation changes; location, trust model and signers are not.
    fn check_unchanged(
        &self,
        record: &ProviderRecord,
        request: PutProvider,
    ) -> Result<PatchProvider, ControlError> {
        if record.location != request.location.name() {
            return Err(ControlError::OtherLocation {
                name: record.given_name.clone(),
                existing: record.location.clone(),
                asked: request.location,
            });
        }
        let current = self.directory.current().get(&record.name);
        let trusted = current.as_deref().map(Provider::signers);
        let same = trusted.is_some_and(|trusted| {
            trusted.len() == request.signers.len()
                && request
                    .signers
                    .iter()
                    .all(|signer| trusted.contains(signer.thumbprint()))
        });
        if !request.signers.is_empty() && !same {
            return Err(ControlError::SigningCertificates);
        }
        Ok(PatchProvider {
            tags: Some(request.tags),
            public_network_access: request.public_network_access,
            tpm_attestation_authentication: request.tpm_attestation_authentication,
        })
    }

    async fn change(
        &self,
        mut record: ProviderRecord,
        patch: PatchProvider,
        actor: &str,
    ) -> Result<Resource, ControlError> {
        if let Some(tags) = patch.tags {
            record.tags = tags.to_json();
        }
        record.public_network_access = patch.public_network_access.or(record.public_network_access);
        record.tpm_attestation_authentication = patch
            .tpm_attestation_authentication
            .or(record.tpm_attestation_authentication);
        self.update(&mut record, ProviderOperation::Update, actor).await?;
        let connections = self.store.connection_list(Some(&record.name)).await?;
        Ok(self.resource(record, connections))
    }

    /// Stores what changed of a provider.
    async fn update(
        &self,
        record: &mut ProviderRecord,
        operation: ProviderOperation,
        actor: &str,
    ) -> Result<(), ControlError> {
        let now = self.clock.now();
        actor.clone_into(&mut record.updated_by);
        record.updated_at = now;
        let detail = detail(record);
        self.store
            .provider_update(record, &entry(operation, &detail, actor, now))
            .await?;
        Ok(())
    }

    /// The provider's snapshot with what the resource says now; `None` when there is none.
    fn changed(&self, resource: &Resource) -> Option<Provider> {
        let current = self.directory.current().get(&resource.record.name)?;
        Some(self.with_switches(&current, resource))
    }

    fn with_switches(&self, provider: &Provider, resource: &Resource) -> Provider {
        let network = resource::network(
            &resource.record,
            &resource.connections,
            &self.config.private_endpoint,
        );
        let mut provider = provider.clone();
        provider.settings = resource::settings(&provider.settings, &resource.record);
        provider.network = Arc::new(network);
        provider
    }

    /// What is stored of a provider that is not deleted, if it is in this group.
    async fn stored(&self, id: &ProviderId) -> Result<Option<ProviderRecord>, ControlError> {
        let record = self.store.provider_get(id.name.key()).await?;
        Ok(record.filter(|record| is_at(record, id) && record.deleted_at.is_none()))
    }

    /// What is stored now of a provider that was there before. Another one that has the name by now is none that the
    /// caller may change.
    async fn again(&self, seen: &ProviderRecord) -> Result<ProviderRecord, ControlError> {
        let record = self.store.provider_get(&seen.name).await?;
        let same = |record: &ProviderRecord| record.creation == seen.creation && record.deleted_at.is_none();
        record.filter(same).ok_or(ControlError::NotFound)
    }

    fn resource(&self, record: ProviderRecord, connections: Vec<ConnectionRecord>) -> Resource {
        Resource::new(&self.assembly.load(), record, connections)
    }
}

impl Allowed {
    /// The same provider as a caller was shown.
    pub fn only(resource: &Resource) -> Self {
        Self::Creation(resource.record.creation.clone())
    }

    fn covers(&self, record: &ProviderRecord) -> bool {
        match self {
            Self::Group => true,
            Self::Creation(creation) => *creation == record.creation,
        }
    }
}

/// Where a default provider is shown to be that is nowhere in particular; Azure's word for it.
const EVERYWHERE: &str = "global";

/// Names of subscriptions and groups are the same in any case.
fn is_at(record: &ProviderRecord, id: &ProviderId) -> bool {
    let group = &id.group;
    record
        .subscription
        .eq_ignore_ascii_case(group.subscription.as_str())
        && record.resource_group.eq_ignore_ascii_case(&group.group)
}

/// What the history keeps of a provider after a change.
fn detail(record: &ProviderRecord) -> String {
    let tags: Value = serde_json::from_str(&record.tags).unwrap_or_default();
    json!({
        "subscription": record.subscription,
        "resourceGroup": record.resource_group,
        "location": record.location,
        "isolated": record.isolated,
        "tags": tags,
        "publicNetworkAccess": record.public_network_access,
        "tpmAttestationAuthentication": record.tpm_attestation_authentication,
        "protected": record.protected,
    })
    .to_string()
}

fn entry<'a>(
    operation: ProviderOperation,
    detail: &'a str,
    actor: &'a str,
    at: UnixTime,
) -> NewProviderChange<'a> {
    NewProviderChange {
        operation,
        detail,
        actor,
        at,
    }
}

/// Runs a change in a task of its own: when a caller goes away, what is durable must still become visible.
async fn finish<T: Send + 'static>(
    change: impl Future<Output = Result<T, ControlError>> + Send + 'static,
) -> Result<T, ControlError> {
    tokio::spawn(change)
        .await
        .map_err(|error| ControlError::Internal(error.to_string()))?
}

#[cfg(test)]
mod tests;
