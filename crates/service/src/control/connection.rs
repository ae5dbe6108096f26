//! Private endpoint connections: which networks reach a provider whose public network access is disabled.

use serde_json::json;

use super::{
    ConnectionName, ConnectionStatus, ControlError, ControlPlane, PutConnection, Resource, entry, finish,
};
use crate::{
    provider::Changing,
    store::{ConnectionRecord, ProviderOperation, ProviderRecord},
};

/// The most connections of one provider: one for every network that uses it.
pub const MAX_CONNECTIONS: usize = 64;

impl ControlPlane {
    /// Makes a connection or changes it, and answers what it is now.
    pub async fn put_connection(
        &self,
        provider: &Resource,
        name: ConnectionName,
        request: PutConnection,
        actor: String,
    ) -> Result<ConnectionRecord, ControlError> {
        let this = self.clone();
        let seen = provider.record.clone();
        finish(async move {
            let (changing, mut resource, known) = this.take(&seen, &name).await?;
            if known.is_none() && resource.connections.len() >= MAX_CONNECTIONS {
                return Err(ControlError::TooManyConnections(MAX_CONNECTIONS));
            }
            let now = this.clock.now();
            let before = known.unwrap_or_else(|| ConnectionRecord {
                provider: seen.name.clone(),
                name: name.key().to_owned(),
                given_name: name.given().to_owned(),
                private_endpoint: this.endpoint_of(&name),
                status: ConnectionStatus::Pending.name().to_owned(),
                description: String::new(),
                networks: "[]".to_owned(),
                created_at: now,
                updated_at: now,
            });
            let after = ConnectionRecord {
                updated_at: now,
                ..changed(before, request)
            };
            let detail = detail(&after);
            let history = entry(ProviderOperation::PutConnection, &detail, &actor, now);
            this.store.connection_put(&after, &history).await?;
            resource.connections.push(after.clone());
            changing.replace(this.with_switches(&changing.current(), &resource));
            Ok(after)
        })
        .await
    }

    /// Takes a connection away; `false` when there was none.
    pub async fn delete_connection(
        &self,
        provider: &Resource,
        name: ConnectionName,
        actor: String,
    ) -> Result<bool, ControlError> {
        let this = self.clone();
        let seen = provider.record.clone();
        finish(async move {
            let (changing, resource, known) = this.take(&seen, &name).await?;
            let Some(gone) = known else {
                return Ok(false);
            };
            let detail = detail(&gone);
            let now = this.clock.now();
            let history = entry(ProviderOperation::DeleteConnection, &detail, &actor, now);
            this.store
                .connection_delete(&gone.provider, &gone.name, &history)
                .await?;
            changing.replace(this.with_switches(&changing.current(), &resource));
            Ok(true)
        })
        .await
    }

    /// The right to change a provider, the provider without one of its connections, and that connection, if it is there.
    async fn take(
        &self,
        seen: &ProviderRecord,
        name: &ConnectionName,
    ) -> Result<(Changing, Resource, Option<ConnectionRecord>), ControlError> {
        let changing = self.directory.change(&seen.name).await;
        let changing = changing.ok_or(ControlError::NotFound)?;
        let record = self.again(seen).await?;
        let connections = self.store.connection_list(Some(&record.name)).await?;
        let (named, others): (Vec<_>, Vec<_>) = connections
            .into_iter()
            .partition(|connection| connection.name == name.key());
        Ok((changing, self.resource(record, others), named.into_iter().next()))
    }

    /// The configured private endpoint that a connection is named after: Azure names connections `<endpoint>.<guid>`,
    /// and its clients cannot send the endpoint's id.
    fn endpoint_of(&self, name: &ConnectionName) -> Option<String> {
        let stem = name.key().rsplit_once('.').map_or(name.key(), |(stem, _)| stem);
        let mut named = self.config.private_endpoint.iter().filter(|endpoint| {
            let last = endpoint.id.rsplit('/').next().unwrap_or_default();
            last.eq_ignore_ascii_case(stem) || last.eq_ignore_ascii_case(name.key())
        });
        match (named.next(), named.next()) {
            (Some(endpoint), None) => Some(endpoint.id.clone()),
            _ => None,
        }
    }
}

fn changed(before: ConnectionRecord, request: PutConnection) -> ConnectionRecord {
    let networks = request.networks.map(|networks| {
        let texts: Vec<_> = networks.iter().map(ToString::to_string).collect();
        serde_json::to_string(&texts).unwrap_or_default()
    });
    ConnectionRecord {
        private_endpoint: request.private_endpoint.or(before.private_endpoint),
        status: request
            .status
            .map_or(before.status, |status| status.name().to_owned()),
        description: request.description.unwrap_or(before.description),
        networks: networks.unwrap_or(before.networks),
        ..before
    }
}

fn detail(connection: &ConnectionRecord) -> String {
    json!({
        "connection": connection.given_name,
        "privateEndpoint": connection.private_endpoint,
        "status": connection.status,
        "description": connection.description,
        "networks": super::networks(connection),
    })
    .to_string()
}
