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

async fn put(control: &ControlPlane, may_create: bool) -> Result<Put, ControlError> {
    control
        .put(contoso(), request(), may_create, "somebody".to_owned())
        .await
}

#[tokio::test]
async fn what_is_over_is_purged_and_nothing_else() {
    let fixture = Fixture::new().await;
    let control = fixture.after(0);
    put(&control, true).await.unwrap();
    control.delete(contoso(), "somebody".to_owned()).await.unwrap();
    let count = async || fixture.store.provider_count().await.unwrap();

    fixture.after(6).purge_step().await;
    assert_eq!(count().await, 1, "it can be restored still");
    assert_eq!(fixture.after(6).deleted().await.unwrap().len(), 1);
    let late = fixture.after(7);
    assert_eq!(late.deleted().await.unwrap().len(), 0);
    let restored = late.restore(contoso().name, "somebody".to_owned()).await;
    assert!(matches!(restored, Err(ControlError::NotFound)), "{restored:?}");
    late.purge_step().await;
    assert_eq!(count().await, 0);
    let history = late.history(&contoso().name).await.unwrap();
    assert_eq!(history.last().unwrap().actor, "retention");
}

#[tokio::test]
async fn a_provider_that_lives_is_never_purged() {
    let fixture = Fixture::new().await;
    put(&fixture.after(0), true).await.unwrap();
    fixture.after(10_000).purge_step().await;
    assert_eq!(fixture.store.provider_count().await.unwrap(), 1);
}

#[tokio::test]
async fn a_name_is_free_when_its_time_is_over_before_anybody_purged_it() {
    let fixture = Fixture::new().await;
    let control = fixture.after(0);
    put(&control, true).await.unwrap();
    control.delete(contoso(), "somebody".to_owned()).await.unwrap();
    let early = put(&fixture.after(6), true).await;
    assert!(matches!(early, Err(ControlError::Deleted { .. })), "{early:?}");
    assert!(put(&fixture.after(7), true).await.unwrap().created);
}

#[tokio::test]
async fn whoever_may_only_change_a_provider_does_not_create_it_anew() {
    let fixture = Fixture::new().await;
    let control = fixture.after(0);
    let refused = put(&control, false).await;
    assert!(matches!(refused, Err(ControlError::NotFound)), "{refused:?}");
    put(&control, true).await.unwrap();
    assert!(!put(&control, false).await.unwrap().created);
}

#[tokio::test]
async fn a_connection_too_many_is_refused() {
    let fixture = Fixture::new().await;
    let control = fixture.after(0);
    put(&control, true).await.unwrap();
    let connect = async |name: String| {
        let name = ConnectionName::parse(&name).unwrap();
        control
            .put_connection(contoso(), name, PutConnection::default(), "somebody".to_owned())
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
        async move { put(&control, true).await }
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
