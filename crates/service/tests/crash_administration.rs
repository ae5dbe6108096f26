//! A server that is killed at random moments while eight clients change policies over HTTPS: what was acknowledged is
//! there and in the diagnostic log, nothing is half there, and the history is whole.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests may fail loudly"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use attestry_api::AttestationType;
use attestry_api::policy_envelope::{PolicyEnvelope, wrap_unsigned};
use attestry_service::config::Config;
use attestry_service::provider::StoredPolicy;
use attestry_service::server::{DevFixtures, Mode, Server};
use attestry_service::store::{PolicyRecord, Store, StoreOptions};
use reqwest::{Certificate, Client};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::watch;

/// Names the directory of the child.
const CHILD: &str = "ATTESTRY_CRASH_SERVER";
const CLIENTS: usize = 8;
const CHANGES: usize = 1_000;
/// What the child says when it is ready.
const LISTENING: &str = "listening ";

#[test]
fn no_acknowledged_change_of_eight_clients_is_lost() {
    let directory = TempDir::new().unwrap();
    let acknowledged = tokio::runtime::Runtime::new()
        .unwrap()
        .block_on(change_and_kill(&directory));
    let changes = acknowledged.values().map(|told| told.changes.len());
    assert!(changes.sum::<usize>() >= CHANGES);
    let recorded = recorded(directory.path());
    for trace in acknowledged.values().flat_map(|told| &told.traces) {
        assert!(
            recorded.contains(trace),
            "{trace} was acknowledged and is not recorded"
        );
    }

    let history = history(directory.path());
    let mut found: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for record in history.values().flatten() {
        let (client, change) = marks(record);
        found.entry(client).or_default().push(change);
        // Whole: it opens and compiles.
        let token = record.token.as_deref().unwrap();
        StoredPolicy::from_envelope(token, &attestry_policy::Limits::default()).unwrap();
        assert!(record.actor.starts_with("development#"), "{}", record.actor);
    }
    for (client, acknowledged) in &acknowledged {
        let changes = &found[client];
        let once: BTreeSet<_> = changes.iter().copied().collect();
        assert_eq!(
            once.len(),
            changes.len(),
            "client {client}: a change was made twice"
        );
        let lost: Vec<_> = acknowledged.changes.difference(&once).collect();
        assert!(
            lost.is_empty(),
            "client {client}: {lost:?} were acknowledged and are lost"
        );
    }
    for records in history.values() {
        assert!(records.windows(2).all(|pair| pair[0].revision < pair[1].revision));
        // One client after the other changed this type, each in its own order.
        for client in 0..CLIENTS {
            let own: Vec<_> = records
                .iter()
                .map(marks)
                .filter(|(who, _)| *who == client)
                .collect();
            assert!(
                own.windows(2).all(|pair| pair[0].1 < pair[1].1),
                "client {client}: out of order"
            );
        }
    }
}

/// What a client was told is done.
#[derive(Default)]
struct Acknowledged {
    changes: BTreeSet<usize>,
    /// Trace id of each answer.
    traces: Vec<String>,
}

/// Trace ids of the changes that succeeded, as the audit events of the diagnostic log have them.
fn recorded(directory: &Path) -> BTreeSet<String> {
    let text = std::fs::read_to_string(directory.join("data/audit.jsonl")).unwrap();
    let lines = text
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines
        .filter(|line| line["category"] == "AuditEvent" && line["resultType"] == "Succeeded")
        .map(|line| {
            let trace: Value = serde_json::from_str(line["traceContext"].as_str().unwrap()).unwrap();
            trace["traceId"].as_str().unwrap().to_owned()
        })
        .collect()
}

/// Lets the clients work and kills the server under them again and again; what each of them was told is done.
async fn change_and_kill(directory: &TempDir) -> BTreeMap<usize, Acknowledged> {
    let (done, mut progress) = watch::channel(0);
    let (announce, url) = watch::channel(String::new());
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let ca = directory.path().join("data/tls/ca.pem");
            tokio::spawn(work(client, ca, url.clone(), done.clone()))
        })
        .collect();
    let mut random = Random(0x5eed_cafe);
    while *progress.borrow() < CHANGES {
        let (mut child, address) = start(directory.path());
        announce.send(address).unwrap();
        let wanted = CHANGES.min(*progress.borrow() + 10 + random.below(60));
        let reached = progress.wait_for(|done| *done >= wanted);
        let reached = tokio::time::timeout(Duration::from_mins(2), reached).await;
        assert!(reached.is_ok(), "the clients make no progress");
        drop(reached);
        child.kill().unwrap();
        child.wait().unwrap();
    }
    drop(announce);
    let mut acknowledged = BTreeMap::new();
    for (client, worker) in clients.into_iter().enumerate() {
        acknowledged.insert(client, worker.await.unwrap());
    }
    acknowledged
}

/// Sets one policy after the other until there is no server any more. A change whose answer does not come is not tried
/// again: it may have been made.
async fn work(
    client: usize,
    ca: PathBuf,
    mut url: watch::Receiver<String>,
    done: watch::Sender<usize>,
) -> Acknowledged {
    let mut acknowledged = Acknowledged::default();
    let mut change = 0;
    while url.changed().await.is_ok() {
        let address = url.borrow_and_update().clone();
        let certificate = Certificate::from_pem(&std::fs::read(&ca).unwrap()).unwrap();
        let http = Client::builder()
            .tls_certs_only([certificate])
            .no_proxy()
            .build()
            .unwrap();
        loop {
            change += 1;
            let kind = AttestationType::ALL[(client + change) % 3];
            let text = format!(
                "version=1.0; authorizationrules{{=> permit();}}; issuancerules{{=> issue(type=\"mark\", value=\"{client} {change}\");}};"
            );
            let sent = http
                .put(format!("{address}/policies/{kind}?api-version=2020-10-01"))
                .bearer_auth("test")
                .body(wrap_unsigned(&text))
                .send()
                .await;
            match sent {
                Ok(answer) if answer.status() == 200 => {
                    acknowledged.changes.insert(change);
                    let id = answer.headers()["x-ms-request-id"].to_str().unwrap();
                    acknowledged.traces.push(id.split('-').nth(1).unwrap().to_owned());
                    done.send_modify(|done| *done += 1);
                }
                Ok(answer) => panic!("{}: {}", answer.status(), answer.text().await.unwrap_or_default()),
                Err(_) => break,
            }
        }
    }
    acknowledged
}

/// Client and number of the change that a revision came from.
fn marks(record: &PolicyRecord) -> (usize, usize) {
    let opened = PolicyEnvelope::open(record.token.as_deref().unwrap()).unwrap();
    let text = opened.policy().unwrap();
    let mark = text.split("value=\"").nth(1).unwrap().split('"').next().unwrap();
    let (client, change) = mark.split_once(' ').unwrap();
    (client.parse().unwrap(), change.parse().unwrap())
}

fn history(directory: &Path) -> BTreeMap<AttestationType, Vec<PolicyRecord>> {
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let store = Store::open(&StoreOptions::in_dir(directory.join("data")))
            .await
            .unwrap();
        let mut all = BTreeMap::new();
        for kind in AttestationType::ALL {
            all.insert(kind, store.policy_list("dev", kind.name()).await.unwrap());
        }
        all
    })
}

fn start(directory: &Path) -> (Child, String) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "the_server_that_is_killed",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(CHILD, directory)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok);
    let address = lines.find_map(|line| line.strip_prefix(LISTENING).map(str::to_owned));
    let address = address.unwrap_or_else(|| panic!("the server did not start"));
    (child, address)
}

/// Not a test of its own: does nothing unless it was started as the child.
#[test]
fn the_server_that_is_killed() {
    let Some(directory) = std::env::var_os(CHILD) else {
        return;
    };
    let mut config = Config::default();
    config.server.listen = "127.0.0.1:0".parse().unwrap();
    config.store.data_dir = Path::new(&directory).join("data");
    config.collateral.sources.clear();
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let server = Server::start(config, Mode::Dev(DevFixtures::default()))
            .await
            .unwrap();
        {
            let mut stdout = std::io::stdout().lock();
            writeln!(stdout, "\n{LISTENING}{}", server.base_url()).unwrap();
            stdout.flush().unwrap();
        }
        std::future::pending::<()>().await;
    });
}

/// A small generator (xorshift64*), so that a failing run can be had again.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        usize::try_from(self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) % bound).unwrap()
    }
}
