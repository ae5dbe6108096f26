use tempfile::TempDir;

use super::*;
use crate::store::StoreOptions;

const NOW: i64 = 1_780_000_000;

async fn store() -> (TempDir, Store) {
    let directory = TempDir::new().unwrap();
    let store = Store::open(&StoreOptions::in_dir(directory.path()))
        .await
        .unwrap();
    (directory, store)
}

fn vek(chip: &str, fetched_at: i64) -> AmdVekRecord {
    AmdVekRecord {
        product: "Milan".to_owned(),
        chip_id: chip.to_owned(),
        tcb: "db18000000000004".to_owned(),
        certificate: format!("certificate of {chip} at {fetched_at}").into_bytes(),
        not_before: UnixTime::new(NOW),
        source: "kds".to_owned(),
        fetched_at: UnixTime::new(fetched_at),
        imported: false,
    }
}

fn crl(root: &str, this_update: i64) -> AmdCrlRecord {
    AmdCrlRecord {
        product: "Milan".to_owned(),
        root: root.to_owned(),
        crl: format!("list of {this_update}").into_bytes(),
        this_update: UnixTime::new(this_update),
        source: "kds".to_owned(),
        fetched_at: UnixTime::new(NOW),
    }
}

async fn chips(store: &Store) -> Vec<String> {
    let records = store.amd_vek_list(10).await.unwrap();
    records.into_iter().map(|record| record.chip_id).collect()
}

#[tokio::test]
async fn a_certificate_is_found_by_its_key_alone() {
    let (_directory, store) = store().await;
    let kept = vek("aa", NOW);
    assert!(store.amd_vek_put(&kept, 10).await.unwrap());
    assert_eq!(
        store.amd_vek("Milan", "aa", &kept.tcb).await.unwrap(),
        Some(kept.clone())
    );
    for (product, chip, tcb) in [
        ("Genoa", "aa", kept.tcb.as_str()),
        ("Milan", "ab", &kept.tcb),
        ("Milan", "aa", "db18000000000005"),
    ] {
        assert_eq!(store.amd_vek(product, chip, tcb).await.unwrap(), None);
    }
    assert_eq!(store.amd_vek_count().await.unwrap(), 1);
}

#[tokio::test]
async fn what_was_issued_later_stays() {
    let (_directory, store) = store().await;
    let issued = |at| AmdVekRecord {
        not_before: UnixTime::new(at),
        certificate: at.to_string().into_bytes(),
        ..vek("aa", NOW)
    };
    assert!(store.amd_vek_put(&issued(NOW), 10).await.unwrap());
    assert!(!store.amd_vek_put(&issued(NOW - 1), 10).await.unwrap());
    assert_eq!(
        store.amd_vek_list(10).await.unwrap()[0].not_before,
        UnixTime::new(NOW)
    );
    assert!(store.amd_vek_put(&issued(NOW + 1), 10).await.unwrap());
    assert_eq!(
        store.amd_vek_list(10).await.unwrap()[0].not_before,
        UnixTime::new(NOW + 1)
    );
}

#[tokio::test]
async fn strangers_displace_what_was_fetched_and_nothing_that_was_imported() {
    let (_directory, store) = store().await;
    let imported = AmdVekRecord {
        imported: true,
        ..vek("operators", NOW - 1_000)
    };
    store.amd_vek_put(&imported, 2).await.unwrap();
    for (chip, at) in [("a", 1), ("b", 2), ("c", 3)] {
        store.amd_vek_put(&vek(chip, NOW + at), 2).await.unwrap();
    }
    assert_eq!(chips(&store).await, ["operators", "c", "b"]);
    // Fetching it again does not make it a stranger's.
    store.amd_vek_put(&vek("operators", NOW), 2).await.unwrap();
    assert!(store.amd_vek_list(1).await.unwrap()[0].imported);
    assert_eq!(chips(&store).await, ["operators", "c", "b"]);
}

#[tokio::test]
async fn each_root_has_its_last_list() {
    let (_directory, store) = store().await;
    assert!(store.amd_crl_put(&crl("one", NOW)).await.unwrap());
    assert!(store.amd_crl_put(&crl("two", NOW - 5)).await.unwrap());
    assert!(!store.amd_crl_put(&crl("one", NOW - 1)).await.unwrap());
    assert!(store.amd_crl_put(&crl("two", NOW - 4)).await.unwrap());
    assert_eq!(
        store.amd_crl_list().await.unwrap(),
        [crl("one", NOW), crl("two", NOW - 4)]
    );
}
