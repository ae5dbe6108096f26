//! `kill -9` in the middle of writing: the store opens again and everything acknowledged is there.
//!
//! The test starts itself again as a child that writes and acknowledges each write on its standard output,
//! kills it after a random acknowledgement, and looks at what is left. Fifty times.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers of tests may fail loudly"
)]

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use attestry_evidence::dcap::{CollateralDocuments, Staleness, Tee};
use attestry_evidence::hex;
use attestry_evidence::time::UnixTime;
use attestry_evidence::x509::TrustAnchors;
use attestry_forge::Seed;
use attestry_forge::intel::{Collateral, IntelForge, PckCa, PckSpec, Tee as ForgeTee};
use attestry_service::collateral::{
    CollateralKey, CollateralOptions, CollateralService, Edition, Source, write_documents,
};
use attestry_service::config::{SourceConfig, SourceKind};
use attestry_service::store::{NewPolicy, PolicyOperation, Store, StoreOptions};
use attestry_service::telemetry::Metrics;
use tempfile::TempDir;

const ROUNDS: u64 = 25;
const NOW: i64 = 1_780_000_000;
/// Names the child's task and directory.
const CHILD: &str = "ATTESTRY_CRASH_CHILD";
/// How often a child writes if nobody kills it.
const WRITES: u64 = 200;

#[test]
fn no_acknowledged_policy_is_lost_and_the_history_is_whole() {
    let directory = TempDir::new().unwrap();
    let mut random = Random(0x5eed);
    let mut written = Vec::new();
    for round in 0..ROUNDS {
        let acknowledged = run_and_kill("policy", &directory, round, &mut random);

        let history = block_on(async {
            let store = open(directory.path()).await;
            store.probe().await.unwrap();
            store.policy_list("tenant", "SgxEnclave").await.unwrap()
        });
        let tokens: Vec<_> = history
            .iter()
            .map(|record| record.token.clone().unwrap())
            .collect();
        assert!(
            history.windows(2).all(|pair| pair[0].revision < pair[1].revision),
            "revisions grow"
        );
        // What earlier rounds left, then this round's writes in order: those acknowledged, and at most one
        // that was durable but not yet acknowledged.
        assert!(
            tokens.starts_with(&written),
            "round {round}: history was rewritten"
        );
        let fresh = &tokens[written.len()..];
        let expected: Vec<_> = (0..fresh.len()).map(|write| format!("{round}.{write}")).collect();
        assert_eq!(fresh, expected, "round {round}: a gap in the history");
        let extra = fresh
            .len()
            .checked_sub(acknowledged)
            .expect("an acknowledged policy is lost");
        assert!(
            extra <= 1,
            "round {round}: {extra} writes without acknowledgement"
        );
        written = tokens;
    }
    assert!(
        written.len() >= usize::try_from(ROUNDS).unwrap(),
        "every round wrote"
    );
}

#[test]
fn no_acknowledged_collateral_is_lost_in_a_refresh() {
    let directory = TempDir::new().unwrap();
    let mut random = Random(0xc0117);
    for round in 0..ROUNDS {
        let acknowledged = run_and_kill("collateral", &directory, round, &mut random);

        let (number, sets) = block_on(async {
            let store = open(directory.path()).await;
            let records = store.collateral_list().await.unwrap();
            let number = records[0].pck_crl_number;
            // Whole documents of one refresh, not a mixture: they verify together, at their time.
            let now = time_of(number);
            let service = collateral_service(store, directory.path(), now).await;
            let held = service.status(now).keys[0]
                .held
                .clone()
                .expect("the documents do not verify");
            assert_eq!(held.pck_crl_number, number);
            assert_eq!(held.root_crl_number, number);
            (number, records.len())
        });
        assert_eq!(sets, 1);
        let last = first_number(round) + u64::try_from(acknowledged).unwrap() - 1;
        assert!(
            number == last || number == last + 1,
            "round {round}: acknowledged {last}, found {number}"
        );
    }
}

/// Starts the child, kills it at a random moment, and returns how many writes it acknowledged.
fn run_and_kill(task: &str, directory: &TempDir, round: u64, random: &mut Random) -> usize {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "the_child_that_is_killed",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(CHILD, format!("{task} {round} {}", directory.path().display()))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok);
    let wanted = 1 + usize::try_from(random.below(8)).unwrap();
    let mut acknowledged = 0;
    while acknowledged < wanted {
        let line = lines.next().expect("the child ended by itself");
        acknowledged += usize::from(line.starts_with(ACKNOWLEDGED));
    }
    // Anywhere within the next write or two.
    let moment = std::time::Instant::now();
    let delay = Duration::from_micros(random.below(3_000));
    while moment.elapsed() < delay {
        std::hint::spin_loop();
    }
    child.kill().unwrap();
    // What it had written into the pipe before it died was acknowledged, too.
    acknowledged += lines.filter(|line| line.starts_with(ACKNOWLEDGED)).count();
    child.wait().unwrap();
    acknowledged
}

const ACKNOWLEDGED: &str = "acknowledged ";

fn acknowledge(write: u64) {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "\n{ACKNOWLEDGED}{write}").unwrap();
    stdout.flush().unwrap();
}

/// Not a test of its own: does nothing unless it was started as the child.
#[test]
fn the_child_that_is_killed() {
    let Ok(arguments) = std::env::var(CHILD) else {
        return;
    };
    let mut arguments = arguments.splitn(3, ' ');
    let task = arguments.next().unwrap();
    let round: u64 = arguments.next().unwrap().parse().unwrap();
    let directory = PathBuf::from(arguments.next().unwrap());
    match task {
        "policy" => block_on(write_policies(&directory, round)),
        _ => block_on(refresh_collateral(&directory, round)),
    }
}

async fn write_policies(directory: &Path, round: u64) {
    let store = open(directory).await;
    for write in 0..WRITES {
        let token = format!("{round}.{write}");
        store
            .policy_put(
                &NewPolicy::new("tenant", "SgxEnclave", PolicyOperation::Set(&token), "operator"),
                UnixTime::new(NOW),
            )
            .await
            .unwrap();
        acknowledge(write);
    }
}

/// Each write is a refresh: a newer set lies in the source, and the step takes it.
async fn refresh_collateral(directory: &Path, round: u64) {
    let first = first_number(round);
    let store = open(directory).await;
    let service = collateral_service(store, directory, time_of(first)).await;
    for write in 0..WRITES {
        let number = first + write;
        if service.status(time_of(number)).keys.is_empty() {
            // The very first: a refresh is for platforms that are known.
            service
                .import(
                    Tee::Sgx,
                    Edition::Standard,
                    documents(number),
                    "operator",
                    time_of(number),
                )
                .await
                .unwrap();
        } else {
            publish(directory, number);
            assert_eq!(service.refresh_step(time_of(number)).await, 1);
        }
        acknowledge(write);
    }
}

/// Numbers of a round, apart from those of the round before it.
fn first_number(round: u64) -> u64 {
    1 + round * (WRITES + 1)
}

/// Each set comes in the second half of the life of the one before it, when a refresh is due.
fn time_of(number: u64) -> UnixTime {
    UnixTime::new(NOW + i64::try_from(number).unwrap() * LIFE_SECONDS * 3 / 4)
}

/// How long a set lives.
const LIFE_SECONDS: i64 = 7_200;

fn documents(number: u64) -> CollateralDocuments {
    let forge = IntelForge::new(Seed::default(), time_of(number).seconds());
    let mut spec = forge.collateral_spec(ForgeTee::Sgx, PckCa::Platform, 20);
    spec.root_crl.set_number(number);
    spec.pck_crl.set_number(number);
    spec.tcb_info.next_update = time_of(number).add_seconds(LIFE_SECONDS).unwrap().to_string();
    let Collateral {
        tcb_info,
        tcb_info_issuer_chain,
        qe_identity,
        qe_identity_issuer_chain,
        root_ca_crl,
        pck_crl,
        pck_crl_issuer_chain,
    } = spec.mint();
    CollateralDocuments {
        tcb_info,
        tcb_info_issuer_chain,
        qe_identity,
        qe_identity_issuer_chain,
        root_ca_crl,
        pck_crl,
        pck_crl_issuer_chain,
    }
}

/// Puts the set `number` where the service's source looks for it.
fn publish(directory: &Path, number: u64) {
    let key = CollateralKey::from_texts("sgx", &fmspc(), "platform", "standard").unwrap();
    write_documents(
        &directory.join("source").join(key.to_string()),
        &documents(number),
    )
    .unwrap();
}

fn fmspc() -> String {
    let spec = PckSpec::new(&Seed::default(), PckCa::Platform);
    hex::encode(&spec.fmspc)
}

async fn open(directory: &Path) -> Store {
    Store::open(&StoreOptions::in_dir(directory.join("store")))
        .await
        .unwrap()
}

async fn collateral_service(store: Store, directory: &Path, now: UnixTime) -> CollateralService {
    let forge = IntelForge::new(Seed::default(), NOW);
    let config = SourceConfig {
        path: directory.join("source"),
        ..SourceConfig::new(SourceKind::Directory)
    };
    let options = CollateralOptions {
        anchors: Arc::new(TrustAnchors::from_certificates(&[forge.root_certificate_der()]).unwrap()),
        staleness: Staleness::Strict,
        sources: vec![Source::from_config(&config, Duration::from_secs(1), 1).unwrap()],
        early: false,
        max_platforms: 8,
    };
    CollateralService::open(options, store, Arc::new(Metrics::new()), now)
        .await
        .unwrap()
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Runtime::new().unwrap().block_on(work)
}

/// A small linear congruential generator: the moments differ, the test stays the same.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}
