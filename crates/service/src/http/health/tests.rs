use super::*;
use crate::store::StoreOptions;

#[tokio::test]
async fn the_store_is_asked_once_a_second() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(&StoreOptions::in_dir(directory.path()))
        .await
        .unwrap();
    let probe = StoreProbe::new(store.clone());
    let start = Instant::now();
    assert!(probe.answers(start).await);
    store.close().await;
    assert!(probe.answers(start + Duration::from_millis(999)).await);
    let later = start + Duration::from_secs(1);
    assert!(!probe.answers(later).await);
    // A request that came earlier and waited behind that one hears the same.
    assert!(!probe.answers(start).await);
}
