use std::time::Duration;

use tempfile::TempDir;

use super::*;
use crate::{
    provider::{Providers, SIGNING_ALGORITHM, Settings},
    store::StoreOptions,
    token::KeyRing,
};

const NOW: UnixTime = UnixTime::new(1_800_000_000);
const DAY: i64 = 86_400;

struct Fixture {
    _directory: TempDir,
    store: Store,
    providers: Arc<Directory>,
}

impl Fixture {
    async fn new() -> Self {
        let directory = TempDir::new().unwrap();
        let store = Store::open(&StoreOptions::in_dir(directory.path()))
            .await
            .unwrap();
        let providers = Providers::new(&addressing(), [], None).unwrap();
        Self {
            _directory: directory,
            store,
            providers: Arc::new(Directory::new(providers)),
        }
    }

    /// The control plane, so many days later.
    fn after(&self, days: i64) -> ControlPlane {
        let ring = KeyRing::generate(SIGNING_ALGORITHM).unwrap();
        ControlPlane::new(
            self.store.clone(),
            Arc::clone(&self.providers),
            Assembly::new(addressing(), ring, Settings::default()).unwrap(),
            ControlPlaneConfig::default(),
            Clock::fixed(NOW.add_seconds(days * DAY).unwrap()),
        )
    }
}

fn addressing() -> Addressing {
    Addressing {
        base_url: "https://localhost".to_owned(),
        base_domain: String::new(),
    }
}

fn contoso() -> ProviderId {
    ProviderId {
        group: GroupId::parse("s", "rg").unwrap(),
        name: ProviderName::parse("Contoso").unwrap(),
    }
}

fn request() -> PutProvider {
    PutProvider::at(Location::parse("eastus").unwrap())
}

async fn put(control: &ControlPlane, allowed: Allowed) -> Result<Put, ControlError> {
    control
        .put(contoso(), request(), allowed, None, "somebody".to_owned())
        .await
}

#[tokio::test]
async fn what_is_over_is_purged_and_nothing_else() {
    let fixture = Fixture::new().await;
    let control = fixture.after(0);
    put(&control, Allowed::Group).await.unwrap();
    control
        .delete(contoso(), Allowed::Group, "somebody".to_owned())
        .await
        .unwrap();
    let count = async || fixture.store.provider_count().await.unwrap();

    fixture.after(6).purge_step().await;
    assert_eq!(count().await, 1, "it can be restored still");
    assert_eq!(fixture.after(6).deleted().await.unwrap().len(), 1);
    let late = fixture.after(7);
    assert_eq!(late.deleted().await.unwrap().len(), 0);
    let deleted = control.find_deleted(&contoso().name).await.unwrap().unwrap();
    let restored = late.restore(&deleted, "somebody".to_owned()).await;
    assert!(matches!(restored, Err(ControlError::NotFound)), "{restored:?}");
    late.purge_step().await;
    assert_eq!(count().await, 0);
    let history = late.history(&contoso().name).await.unwrap();
    assert_eq!(history.last().unwrap().actor, "retention");
}

#[tokio::test]
async fn a_provider_that_lives_is_never_purged() {
    let fixture = Fixture::new().await;
    put(&fixture.after(0), Allowed::Group).await.unwrap();
    fixture.after(10_000).purge_step().await;
    assert_eq!(fixture.store.provider_count().await.unwrap(), 1);
}

#[tokio::test]
async fn a_name_is_free_when_its_time_is_over_before_anybody_purged_it() {
    let fixture = Fixture::new().await;
    let control = fixture.after(0);
    put(&control, Allowed::Group).await.unwrap();
    control
        .delete(contoso(), Allowed::Group, "somebody".to_owned())
        .await
        .unwrap();
    let early = put(&fixture.after(6), Allowed::Group).await;
    assert!(matches!(early, Err(ControlError::Deleted { .. })), "{early:?}");
    assert!(put(&fixture.after(7), Allowed::Group).await.unwrap().created);
}

#[tokio::test]
async fn whoever_may_only_change_a_provider_does_not_create_it_anew() {
    let fixture = Fixture::new().await;
    let control = fixture.after(0);
    let refused = put(&control, Allowed::Creation("an earlier one".to_owned())).await;
    assert!(matches!(refused, Err(ControlError::NotFound)), "{refused:?}");
    let created = put(&control, Allowed::Group).await.unwrap();
    let same = put(&control, Allowed::only(&created.resource)).await.unwrap();
    assert!(!same.created);
}

/// `https://contoso.eus.attest.test` can be the service's own host, and is no tenant's then.
#[tokio::test]
async fn nobody_creates_a_provider_at_the_services_own_host() {
    let fixture = Fixture::new().await;
    let control = fixture.after(0);
    let ring = KeyRing::generate(SIGNING_ALGORITHM).unwrap();
    let below = Addressing {
        base_url: "https://contoso.eus.attest.test:8443".to_owned(),
        base_domain: "attest.test".to_owned(),
    };
    control.replace_assembly(Assembly::new(below, ring, Settings::default()).unwrap());
    let refused = put(&control, Allowed::Group).await;
    assert!(matches!(refused, Err(ControlError::NameTaken(_))), "{refused:?}");
    assert_eq!(fixture.store.provider_count().await.unwrap(), 0);
}

/// The right to change a provider is none to change a later one of its name.
#[tokio::test]
async fn a_provider_created_anew_is_another_one() {
    let fixture = Fixture::new().await;
    let control = fixture.after(0);
    let by = || "somebody".to_owned();
    let name = contoso().name;
    let old = put(&control, Allowed::Group).await.unwrap().resource;
    control
        .delete(contoso(), Allowed::only(&old), by())
        .await
        .unwrap();
    let old_deleted = control.find_deleted(&name).await.unwrap().unwrap();
    control.purge(name.clone(), by()).await.unwrap();
    let new = put(&control, Allowed::Group).await.unwrap().resource;

    let connection = || ConnectionName::parse("one").unwrap();
    let gone = |result: Result<(), ControlError>| {
        assert!(matches!(result, Err(ControlError::NotFound)), "{result:?}");
    };
    gone(put(&control, Allowed::only(&old)).await.map(drop));
    gone(
        control
            .patch(&old, PatchProvider::default(), by())
            .await
            .map(drop),
    );
    gone(control.protect(&old, true, by()).await.map(drop));
    let connected = control.put_connection(&old, connection(), PutConnection::default(), by());
    gone(connected.await.map(drop));
    gone(
        control
            .delete_connection(&old, connection(), by())
            .await
            .map(drop),
    );
    assert!(
        !control
            .delete(contoso(), Allowed::only(&old), by())
            .await
            .unwrap()
    );
    control.protect(&new, true, by()).await.unwrap();
    control.protect(&new, false, by()).await.unwrap();
    assert!(
        control
            .delete(contoso(), Allowed::only(&new), by())
            .await
            .unwrap()
    );
    gone(control.restore(&old_deleted, by()).await.map(drop));
    let new_deleted = control.find_deleted(&name).await.unwrap().unwrap();
    control.restore(&new_deleted, by()).await.unwrap();
}

#[tokio::test]
async fn a_connection_too_many_is_refused() {
    let fixture = Fixture::new().await;
    let control = fixture.after(0);
    let contoso = put(&control, Allowed::Group).await.unwrap().resource;
    let connect = async |name: String| {
        let name = ConnectionName::parse(&name).unwrap();
        control
            .put_connection(&contoso, name, PutConnection::default(), "somebody".to_owned())
            .await
    };
    for number in 0..MAX_CONNECTIONS {
        connect(format!("c{number}")).await.unwrap();
    }
    let refused = connect("one-more".to_owned()).await;
    assert!(
        matches!(refused, Err(ControlError::TooManyConnections(64))),
        "{refused:?}"
    );
    connect("C0".to_owned()).await.unwrap();
}

#[tokio::test]
async fn a_creation_whose_caller_went_away_is_finished() {
    let fixture = Fixture::new().await;
    let control = fixture.after(0);
    let held = fixture.providers.restructure().await;
    let caller = tokio::spawn({
        let control = control.clone();
        async move { put(&control, Allowed::Group).await }
    });
    // The change waits for the right to restructure; its caller does not wait for it.
    tokio::task::yield_now().await;
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());
    drop(held);
    let appears = async {
        while fixture.providers.current().get("contoso").is_none() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), appears)
        .await
        .unwrap();
    assert!(control.find(&contoso()).await.unwrap().is_some());
}

/// A release that does not know the settings of a later one must not be the one that lets changes through.
#[test]
fn settings_that_cannot_be_read_make_changes_harder() {
    let mut record = ProviderRecord {
        settings: r#"{"fromALaterRelease":true}"#.to_owned(),
        ..record_of("tenant")
    };
    let common = Settings::default();
    let careful = resource::own(&common, &record);
    assert!(careful.two_person && careful.bound_signatures);
    assert_eq!(careful.accepted_tcb_statuses, common.accepted_tcb_statuses);
    record.settings = r#"{"recordDecisions":3}"#.to_owned();
    let own = resource::own(&common, &record);
    assert_eq!((own.two_person, own.recorded_decisions), (false, 3));
}

fn record_of(name: &str) -> ProviderRecord {
    ProviderRecord {
        name: name.to_owned(),
        given_name: name.to_owned(),
        subscription: "s".to_owned(),
        resource_group: "rg".to_owned(),
        location: "eastus".to_owned(),
        isolated: false,
        tags: "{}".to_owned(),
        public_network_access: None,
        tpm_attestation_authentication: None,
        protected: false,
        settings: "{}".to_owned(),
        created_by: "somebody".to_owned(),
        created_at: NOW,
        owner: None,
        creation: "1".to_owned(),
        updated_by: "somebody".to_owned(),
        updated_at: NOW,
        deleted_at: None,
    }
}
