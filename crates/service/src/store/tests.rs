use std::os::unix::fs::PermissionsExt;

use attestry_evidence::dcap::CollateralDocuments;
use attestry_evidence::time::UnixTime;
use tempfile::TempDir;

use super::*;

const NOW: UnixTime = UnixTime::new(1_780_000_000);

struct Fixture {
    directory: TempDir,
    store: Store,
}

impl Fixture {
    async fn new() -> Self {
        let directory = TempDir::new().unwrap();
        let store = Store::open(&StoreOptions::in_dir(directory.path()))
            .await
            .unwrap();
        Self { directory, store }
    }

    /// The same directory, opened by the next process.
    async fn reopened(self) -> Self {
        self.store.close().await;
        let store = Store::open(&StoreOptions::in_dir(self.directory.path()))
            .await
            .unwrap();
        Self { store, ..self }
    }
}

fn collateral(edition: &str, number: u32) -> CollateralRecord {
    let document = |name: &str| format!("{name} {number}").into_bytes();
    CollateralRecord {
        root: "root".to_owned(),
        tee: "sgx".to_owned(),
        fmspc: "00906ed50000".to_owned(),
        ca: "processor".to_owned(),
        edition: edition.to_owned(),
        documents: CollateralDocuments {
            tcb_info: document("tcb info"),
            tcb_info_issuer_chain: document("tcb info chain"),
            qe_identity: document("qe identity"),
            qe_identity_issuer_chain: document("qe identity chain"),
            root_ca_crl: document("root crl"),
            pck_crl: vec![0x30, 0x00, 0xff],
            pck_crl_issuer_chain: document("pck crl chain"),
        },
        source: "pccs localhost".to_owned(),
        fetched_at: NOW,
        tcb_info_evaluation_number: number,
        qe_identity_evaluation_number: number + 1,
        pck_crl_number: 7,
        root_crl_number: 8,
    }
}

fn set<'a>(kind: &'a str, token: &'a str) -> NewPolicy<'a> {
    NewPolicy::new("tenant", kind, PolicyOperation::Set(token), "operator")
}

#[track_caller]
fn assert_same(one: &CollateralRecord, other: &CollateralRecord) {
    assert_eq!(format!("{one:?}"), format!("{other:?}"));
}

#[tokio::test]
async fn what_was_put_is_there_after_a_restart() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    store.meta_put("schema", "1").await.unwrap();
    store.meta_put("schema", "2").await.unwrap();
    store
        .provider_create(&provider("tenant"), &[], &created())
        .await
        .unwrap();
    store.policy_put(&set("SgxEnclave", "a.b.c"), NOW).await.unwrap();
    store.collateral_put(&collateral("standard", 17)).await.unwrap();

    let fixture = fixture.reopened().await;

    let store = &fixture.store;
    assert_eq!(store.meta("schema").await.unwrap().as_deref(), Some("2"));
    assert_eq!(store.meta("other").await.unwrap(), None);
    assert_eq!(store.provider_list(None, None).await.unwrap().len(), 1);
    assert_eq!(store.policy_current(Some("tenant")).await.unwrap().len(), 1);
    assert_same(
        &store.collateral_list().await.unwrap()[0],
        &collateral("standard", 17),
    );
}

fn provider(name: &str) -> ProviderRecord {
    ProviderRecord {
        name: name.to_owned(),
        given_name: name.to_uppercase(),
        subscription: "Sub".to_owned(),
        resource_group: "Group".to_owned(),
        location: "eastus".to_owned(),
        isolated: false,
        tags: r#"{"a":"b"}"#.to_owned(),
        public_network_access: None,
        tpm_attestation_authentication: Some(false),
        protected: false,
        settings: "{}".to_owned(),
        owner: Some("somebody".to_owned()),
        creation: "1".to_owned(),
        created_by: "somebody".to_owned(),
        created_at: NOW,
        updated_by: "somebody".to_owned(),
        updated_at: NOW,
        deleted_at: None,
    }
}

fn happened(operation: ProviderOperation) -> NewProviderChange<'static> {
    NewProviderChange {
        operation,
        detail: "{}",
        actor: "somebody",
        at: NOW,
    }
}

fn created() -> NewProviderChange<'static> {
    happened(ProviderOperation::Create)
}

#[tokio::test]
async fn a_provider_is_created_once_changed_and_listed_by_its_place() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    let mut tenant = provider("tenant");
    store.provider_create(&tenant, &[], &created()).await.unwrap();
    store.provider_create(&tenant, &[], &created()).await.unwrap_err();
    let other = ProviderRecord {
        resource_group: "Other".to_owned(),
        ..provider("other")
    };
    store.provider_create(&other, &[], &created()).await.unwrap();
    tenant.tags = "{}".to_owned();
    tenant.public_network_access = Some(false);
    tenant.protected = true;
    tenant.updated_at = NOW.add_seconds(60).unwrap();
    store
        .provider_update(&tenant, &happened(ProviderOperation::Update))
        .await
        .unwrap();

    assert_eq!(store.provider_get("tenant").await.unwrap(), Some(tenant.clone()));
    assert_eq!(
        store.provider_list(Some("sub"), Some("group")).await.unwrap(),
        [tenant.clone()]
    );
    assert_eq!(
        store.provider_list(Some("SUB"), None).await.unwrap(),
        [other, tenant]
    );
    assert_eq!(store.provider_list(Some("su"), None).await.unwrap(), []);
    assert_eq!(store.provider_count().await.unwrap(), 2);
    let history = store.provider_change_list("tenant").await.unwrap();
    let operations: Vec<_> = history.iter().map(|change| change.operation.as_str()).collect();
    assert_eq!(
        operations,
        ["create", "update"],
        "the refused creation left nothing"
    );
}

/// A decision that was still to be written when its provider was purged is nobody's.
#[tokio::test]
async fn decisions_are_kept_for_the_provider_that_made_them_and_no_other_of_its_name() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    store
        .provider_create(&provider("tenant"), &[], &created())
        .await
        .unwrap();
    let decision = |provider: &str, creation: &str| NewDecision {
        provider: provider.to_owned(),
        creation: creation.to_owned(),
        attestation_type: "SgxEnclave",
        content: b"{}".to_vec(),
        keep: 10,
        created_at: NOW,
    };
    let decisions = [
        decision("tenant", "1"),
        decision("tenant", "0"),
        decision("tenant", ""),
        decision("purged", "1"),
        decision("configured", ""),
    ];
    store.decision_put(&decisions).await.unwrap();
    for (name, kept) in [("tenant", 1), ("purged", 0), ("configured", 1)] {
        let found = store.decision_numbers(name, "SgxEnclave", 10).await.unwrap();
        assert_eq!(found.len(), kept, "{name}");
    }
}

#[tokio::test]
async fn a_purged_provider_leaves_its_history_and_nothing_that_counts() {
    use SignerOperation::{Add, Remove};
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    let signer = |thumbprint| NewSigner::given("tenant", thumbprint, "{}", "somebody");
    store
        .provider_create(&provider("tenant"), &[signer("AA"), signer("BB")], &created())
        .await
        .unwrap();
    store.policy_put(&set("SgxEnclave", "a.b.c"), NOW).await.unwrap();
    store.policy_put(&set("TdxVm", "d.e.f"), NOW).await.unwrap();
    let removed = NewSigner {
        operation: Remove,
        ..signer("AA")
    };
    store.signer_put(&[removed], NOW).await.unwrap();

    store
        .provider_purge("tenant", &happened(ProviderOperation::Purge))
        .await
        .unwrap();
    store
        .provider_create(&provider("tenant"), &[signer("CC")], &created())
        .await
        .unwrap();

    let current = store.policy_current(Some("tenant")).await.unwrap();
    assert!(current.iter().all(|policy| policy.token.is_none()));
    assert_eq!(current.len(), 2);
    let revision = store.policy_newest("tenant", "SgxEnclave").await.unwrap();
    assert_eq!(revision, 3, "no revision is lost");
    let of_the_next = store.policy_list("tenant", "SgxEnclave").await.unwrap();
    assert_eq!(of_the_next, [], "and none is the next provider's");
    let earlier = store.policy_get("tenant", "SgxEnclave", 1).await.unwrap();
    assert_eq!(earlier, None);
    let signers = store.signer_list(Some("tenant")).await.unwrap();
    let sum: Vec<_> = signers
        .iter()
        .map(|change| (change.thumbprint.as_str(), change.operation))
        .collect();
    assert_eq!(
        sum,
        [
            ("AA", Add),
            ("BB", Add),
            ("AA", Remove),
            ("BB", Remove),
            ("CC", Add)
        ]
    );
    let changes = store.provider_change_list("tenant").await.unwrap();
    assert_eq!(changes.len(), 3);
}

#[tokio::test]
async fn policies_have_a_history_and_a_current_revision() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    let put = async |kind, token| {
        let change = match token {
            Some(token) => PolicyOperation::Set(token),
            None => PolicyOperation::Reset("reset"),
        };
        let new = NewPolicy::new("tenant", kind, change, "operator");
        store.policy_put(&new, NOW).await.unwrap()
    };
    let first = put("SgxEnclave", Some("one")).await;
    put("TdxVm", Some("tdx")).await;
    let reset = put("SgxEnclave", None).await;
    let third = put("SgxEnclave", Some("three")).await;
    let other = NewPolicy {
        provider: "other",
        ..set("SgxEnclave", "other")
    };
    store.policy_put(&other, NOW).await.unwrap();

    let history = store.policy_list("tenant", "SgxEnclave").await.unwrap();
    let revisions: Vec<_> = history
        .iter()
        .map(|record| (record.revision, record.token.as_deref()))
        .collect();
    assert_eq!(
        revisions,
        [(first, Some("one")), (reset, None), (third, Some("three"))]
    );
    assert!(first < reset && reset < third);

    let current = store.policy_current(Some("tenant")).await.unwrap();
    let current: Vec<_> = current
        .iter()
        .map(|record| (record.attestation_type.as_str(), record.token.as_deref()))
        .collect();
    assert_eq!(current, [("SgxEnclave", Some("three")), ("TdxVm", Some("tdx"))]);
}

#[tokio::test]
async fn the_policy_history_cannot_be_rewritten() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    store.policy_put(&set("SgxEnclave", "one"), NOW).await.unwrap();
    for statement in ["UPDATE policy SET token = 'other'", "DELETE FROM policy"] {
        let error = sqlx::query(statement).execute(&store.pool).await.unwrap_err();
        assert!(error.to_string().contains("append-only"), "{error}");
    }
    assert_eq!(store.policy_list("tenant", "SgxEnclave").await.unwrap().len(), 1);
}

#[tokio::test]
async fn collateral_is_replaced_by_key() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    for record in [
        collateral("standard", 17),
        collateral("early", 18),
        collateral("standard", 19),
    ] {
        store.collateral_put(&record).await.unwrap();
    }
    let held = store.collateral_list().await.unwrap();
    assert_eq!(held.len(), 2);
    assert_same(&held[0], &collateral("early", 18));
    assert_same(&held[1], &collateral("standard", 19));
}

#[tokio::test]
async fn an_active_signing_key_retires_the_one_before_it() {
    let fixture = Fixture::new().await;
    let later = NOW.add_seconds(60).unwrap();
    let key = |kid, state, pkcs8| NewSigningKey {
        kid,
        algorithm: "RS256",
        state,
        pkcs8,
    };
    let store = &fixture.store;
    store
        .signing_key_put(&key("one", SigningKeyState::Active, b"secret one"), NOW)
        .await
        .unwrap();
    store
        .signing_key_put(&key("two", SigningKeyState::Active, b"secret two"), later)
        .await
        .unwrap();
    store
        .signing_key_put(&key("three", SigningKeyState::Prepared, b"secret three"), later)
        .await
        .unwrap();
    let duplicate = store
        .signing_key_put(&key("one", SigningKeyState::Active, b"other"), later)
        .await;
    assert!(matches!(duplicate, Err(StoreError::Database(_))), "{duplicate:?}");

    let fixture = fixture.reopened().await;

    let keys = fixture.store.signing_key_list().await.unwrap();
    let keys: Vec<_> = keys
        .iter()
        .map(|key| (key.kid.as_str(), key.state, key.pkcs8.as_slice(), key.retired_at))
        .collect();
    assert_eq!(
        keys,
        [
            (
                "one",
                SigningKeyState::Retired,
                b"secret one".as_slice(),
                Some(later)
            ),
            ("three", SigningKeyState::Prepared, b"secret three", None),
            ("two", SigningKeyState::Active, b"secret two", None),
        ],
    );
}

#[tokio::test]
async fn private_keys_are_not_in_the_files() {
    let fixture = Fixture::new().await;
    let secret = b"the private key in the clear";
    let key = NewSigningKey {
        kid: "k",
        algorithm: "RS256",
        state: SigningKeyState::Active,
        pkcs8: secret,
    };
    fixture.store.signing_key_put(&key, NOW).await.unwrap();
    fixture.store.close().await;
    for file in std::fs::read_dir(fixture.directory.path()).unwrap() {
        let content = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!content.windows(secret.len()).any(|window| window == secret));
    }
}

#[tokio::test]
async fn a_key_does_not_open_under_another_key_encryption_key() {
    let fixture = Fixture::new().await;
    let key = NewSigningKey {
        kid: "k",
        algorithm: "RS256",
        state: SigningKeyState::Active,
        pkcs8: b"p",
    };
    fixture.store.signing_key_put(&key, NOW).await.unwrap();
    fixture.store.close().await;

    let options = StoreOptions {
        key_encryption_key: Some("00".repeat(32)),
        ..StoreOptions::in_dir(fixture.directory.path())
    };
    let store = Store::open(&options).await.unwrap();

    assert!(matches!(
        store.signing_key_list().await,
        Err(StoreError::Seal(SealError::Open))
    ));
}

#[tokio::test]
async fn a_sealed_key_does_not_open_as_another() {
    let fixture = Fixture::new().await;
    for kid in ["one", "two"] {
        let key = NewSigningKey {
            kid,
            algorithm: "RS256",
            state: SigningKeyState::Prepared,
            pkcs8: b"p",
        };
        fixture.store.signing_key_put(&key, NOW).await.unwrap();
    }
    let swap = "UPDATE signing_key SET wrapped_key = \
                (SELECT wrapped_key FROM signing_key WHERE kid = 'one') WHERE kid = 'two'";
    sqlx::query(swap).execute(&fixture.store.pool).await.unwrap();

    assert!(matches!(
        fixture.store.signing_key_list().await,
        Err(StoreError::Seal(SealError::Open))
    ));
}

#[tokio::test]
async fn the_data_directory_is_its_owners_alone() {
    let directory = TempDir::new().unwrap();
    let data_dir = directory.path().join("a/b");
    Store::open(&StoreOptions::in_dir(&data_dir)).await.unwrap();

    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&data_dir), 0o700);
    let key_file = data_dir.join(KEY_ENCRYPTION_KEY_FILE);
    assert_eq!(mode(&key_file), 0o600);

    std::fs::set_permissions(&key_file, PermissionsExt::from_mode(0o640)).unwrap();
    let error = Store::open(&StoreOptions::in_dir(&data_dir)).await.unwrap_err();
    assert!(matches!(error, StoreError::Seal(SealError::FileTooOpen { path }) if path == key_file));
}

#[tokio::test]
async fn a_malformed_key_encryption_key_is_refused() {
    let directory = TempDir::new().unwrap();
    for digits in ["", "00", &"0".repeat(63), &"g".repeat(64), &"00".repeat(33)] {
        let options = StoreOptions {
            key_encryption_key: Some(digits.to_owned()),
            ..StoreOptions::in_dir(directory.path())
        };
        let error = Store::open(&options).await.unwrap_err();
        assert!(
            matches!(error, StoreError::Seal(SealError::MalformedKey)),
            "{digits}: {error:?}"
        );
    }
}

#[tokio::test]
async fn writers_wait_for_each_other() {
    let fixture = Fixture::new().await;
    let other = Store::open(&StoreOptions::in_dir(fixture.directory.path()))
        .await
        .unwrap();
    let put = |store: Store| async move {
        for _ in 0..20 {
            store.policy_put(&set("SgxEnclave", "t"), NOW).await.unwrap();
        }
    };
    tokio::join!(put(fixture.store.clone()), put(other), put(fixture.store.clone()));
    assert_eq!(
        fixture
            .store
            .policy_list("tenant", "SgxEnclave")
            .await
            .unwrap()
            .len(),
        60
    );
}

#[tokio::test]
async fn the_database_is_as_durable_as_promised() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    let pragma = async |name: &'static str| {
        sqlx::query_scalar::<_, String>(name)
            .fetch_one(&store.pool)
            .await
            .unwrap()
    };
    assert_eq!(
        pragma("SELECT journal_mode FROM pragma_journal_mode").await,
        "wal"
    );
    assert_eq!(
        pragma("SELECT CAST(synchronous AS TEXT) FROM pragma_synchronous").await,
        "2",
        "FULL"
    );
    store.probe().await.unwrap();
    store.close().await;
    assert!(store.probe().await.is_err());
}

#[tokio::test]
async fn collateral_is_not_replaced_by_older() {
    type Change = fn(&mut CollateralRecord);
    let cases: [Change; 4] = [
        |record| record.tcb_info_evaluation_number -= 1,
        |record| record.qe_identity_evaluation_number -= 1,
        |record| record.pck_crl_number -= 1,
        |record| record.root_crl_number -= 1,
    ];
    let Fixture { store, .. } = &Fixture::new().await;
    let kept = collateral("standard", 17);
    assert!(store.collateral_put(&kept).await.unwrap());
    for older in cases {
        let mut record = CollateralRecord {
            source: "another".to_owned(),
            ..kept.clone()
        };
        older(&mut record);
        assert!(!store.collateral_put(&record).await.unwrap());
        assert_same(&store.collateral_list().await.unwrap()[0], &kept);
    }
    // Numbers of another root are other numbers.
    let other = CollateralRecord {
        root: "another".to_owned(),
        pck_crl_number: 1,
        ..kept
    };
    assert!(store.collateral_put(&other).await.unwrap());
}

#[tokio::test]
async fn the_mode_of_the_first_start_is_the_only_one() {
    for (first, other) in [
        (StoreMode::Development, StoreMode::Production),
        (StoreMode::Production, StoreMode::Development),
    ] {
        let directory = TempDir::new().unwrap();
        let options = StoreOptions::in_dir(directory.path());
        for _ in 0..2 {
            Store::open_for(&options, first).await.unwrap().close().await;
        }
        let refused = Store::open_for(&options, other).await.unwrap_err();
        let message = refused.to_string();
        assert!(
            message.contains(&directory.path().display().to_string()),
            "{message}"
        );
        assert!(
            message.contains(&format!("for {first} and cannot be used for {other}")),
            "{message}"
        );
    }
}

#[test]
fn options_do_not_show_the_key() {
    let options = StoreOptions {
        key_encryption_key: Some("c0ffee".to_owned()),
        ..StoreOptions::in_dir("data")
    };
    assert!(!format!("{options:?}").contains("c0ffee"));
}

#[tokio::test]
async fn changes_that_have_waited_too_long_do_not_count() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    let change = |id: &str, created_at: UnixTime| ChangeRecord {
        id: id.to_owned(),
        provider: "tenant".to_owned(),
        operation: "{}".to_owned(),
        base: 0,
        actor: "somebody".to_owned(),
        created_at,
        state: ChangeState::Pending,
        decided_by: None,
        decided_at: None,
    };
    store.change_put(&change("old", NOW)).await.unwrap();
    let later = NOW.add_seconds(100).unwrap();
    store.change_put(&change("new", later)).await.unwrap();
    let waiting = |oldest| store.change_count_pending("tenant", oldest);
    assert_eq!(waiting(NOW.seconds() - 1).await.unwrap(), 2);
    assert_eq!(waiting(NOW.seconds()).await.unwrap(), 1);
    assert!(
        store
            .change_decide("new", ChangeState::Rejected, "other", later)
            .await
            .unwrap()
    );
    assert!(
        !store
            .change_decide("new", ChangeState::Applied, "other", later)
            .await
            .unwrap()
    );
    assert_eq!(waiting(NOW.seconds()).await.unwrap(), 0);
}

#[tokio::test]
async fn the_signers_of_an_earlier_provider_are_not_shown() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    let first = [NewSigner::given("tenant", "AA", "{}", "somebody")];
    let created = happened(ProviderOperation::Create);
    store
        .provider_create(&provider("tenant"), &first, &created)
        .await
        .unwrap();
    let page = async || store.signer_page("tenant", i64::MAX, 10).await.unwrap();
    assert_eq!(page().await.len(), 1);
    store
        .provider_purge("tenant", &happened(ProviderOperation::Purge))
        .await
        .unwrap();
    assert_eq!(page().await, []);
    let second = [NewSigner::given("tenant", "BB", "{}", "another")];
    store
        .provider_create(&provider("tenant"), &second, &created)
        .await
        .unwrap();
    let shown: Vec<_> = page().await.into_iter().map(|change| change.thumbprint).collect();
    assert_eq!(shown, ["BB"]);
}
