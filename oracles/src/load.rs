//! The load generator behind the `load` command and the HTTP bench: plan in, report out.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use serde_json::json;

use crate::minted;

/// What to send, where, and how fast.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The service's base URL, without a trailing slash.
    pub endpoint: String,
    /// The service's certificate authority, PEM.
    pub ca: Vec<u8>,
    /// Connections kept open at the same time.
    pub clients: usize,
    /// Requests due each second over all clients; 0 is a closed loop.
    pub rate: u64,
    /// Requests in all.
    pub count: u64,
    /// Process whose CPU time and memory are read before and after.
    pub pid: Option<u32>,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Report {
    /// Requests answered with a token.
    pub successes: u64,
    /// Requests answered otherwise, or not at all.
    pub failures: u64,
    /// The first failure, for people.
    pub first_failure: Option<String>,
    /// From the first request to the last answer.
    pub elapsed: Duration,
    /// Latencies in microseconds, from the moment a request was due.
    pub latency: Histogram<u64>,
    /// CPU time the service used for it.
    pub server_cpu: Option<Duration>,
    /// Resident memory of the service afterwards, in KiB.
    pub server_resident_kib: Option<u64>,
}

impl Report {
    /// CPU time of the service for each attestation, in microseconds.
    #[must_use]
    pub fn server_cpu_each(&self) -> Option<f64> {
        let answered = self.successes.max(1);
        #[expect(clippy::cast_precision_loss, reason = "a count of requests is far below 2^52")]
        self.server_cpu
            .map(|cpu| cpu.as_secs_f64() * 1e6 / answered as f64)
    }

    /// Attestations a second.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a count of requests is far below 2^52")]
    pub fn throughput(&self) -> f64 {
        self.successes as f64 / self.elapsed.as_secs_f64().max(f64::MIN_POSITIVE)
    }

    /// The report as one JSON document.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        json!({
            "successes": self.successes,
            "failures": self.failures,
            "first_failure": self.first_failure,
            "elapsed_seconds": self.elapsed.as_secs_f64(),
            "attestations_per_second": self.throughput(),
            "latency_microseconds": PERCENTILES.iter()
                .map(|(name, quantile)| ((*name).to_owned(), json!(self.latency.value_at_quantile(*quantile))))
                .collect::<serde_json::Map<_, _>>(),
            "server_cpu_microseconds_each": self.server_cpu_each(),
            "server_resident_kib": self.server_resident_kib,
        })
    }

    /// The report for people, a line each.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let seconds = self.elapsed.as_secs_f64();
        let (attested, failed, rate) = (self.successes, self.failures, self.throughput());
        let mut lines = vec![format!(
            "{attested} attested, {failed} failed in {seconds:.1} s: {rate:.0}/s"
        )];
        let latency = PERCENTILES.iter().map(|(name, quantile)| {
            let microseconds = self.latency.value_at_quantile(*quantile);
            format!("  {name} {}.{:03} ms", microseconds / 1000, microseconds % 1000)
        });
        lines.push(format!("latency {}", latency.collect::<String>()));
        if let Some(each) = self.server_cpu_each() {
            lines.push(format!("server  {each:.0} us of CPU each"));
        }
        if let Some(resident) = self.server_resident_kib {
            lines.push(format!(
                "server  {}.{} MiB resident",
                resident / 1024,
                resident % 1024 * 10 / 1024
            ));
        }
        if let Some(failure) = &self.first_failure {
            lines.push(format!("first failure: {failure}"));
        }
        lines
    }
}

const PERCENTILES: &[(&str, f64)] = &[
    ("p50", 0.5),
    ("p90", 0.9),
    ("p99", 0.99),
    ("p99.9", 0.999),
    ("max", 1.0),
];

/// Ten minutes: no plan of ours may run longer by mistake.
const LONGEST_RUN: Duration = Duration::from_mins(10);

/// Carries out a plan.
pub async fn run(plan: &Plan) -> Result<Report, String> {
    let body = minted::request_body(b"load");
    let url = format!(
        "{}/attest/SgxEnclave?api-version=2022-08-01",
        plan.endpoint.trim_end_matches('/')
    );
    let before = plan.pid.map(cpu_time).transpose()?;
    let start = Instant::now();
    let next = Arc::new(AtomicU64::new(0));
    let mut workers = Vec::new();
    for _ in 0..plan.clients {
        let worker = Worker {
            client: client(&plan.ca)?,
            url: url.clone(),
            body: body.clone(),
            next: Arc::clone(&next),
            count: plan.count,
            rate: plan.rate,
            start,
        };
        workers.push(tokio::spawn(worker.run()));
    }
    let mut report = Report {
        successes: 0,
        failures: 0,
        first_failure: None,
        elapsed: Duration::ZERO,
        latency: histogram()?,
        server_cpu: None,
        server_resident_kib: None,
    };
    for worker in workers {
        let part = worker
            .await
            .map_err(|error| format!("a client ended early: {error}"))??;
        report.successes += part.successes;
        report.failures += part.failures;
        report.first_failure = report.first_failure.or(part.first_failure);
        report
            .latency
            .add(&part.latency)
            .map_err(|error| error.to_string())?;
    }
    report.elapsed = start.elapsed();
    if let (Some(pid), Some(before)) = (plan.pid, before) {
        report.server_cpu = Some(cpu_time(pid)?.saturating_sub(before));
        report.server_resident_kib = Some(resident_kib(pid)?);
    }
    Ok(report)
}

struct Worker {
    client: reqwest::Client,
    url: String,
    body: String,
    next: Arc<AtomicU64>,
    count: u64,
    rate: u64,
    start: Instant,
}

struct Part {
    successes: u64,
    failures: u64,
    first_failure: Option<String>,
    latency: Histogram<u64>,
}

impl Worker {
    async fn run(self) -> Result<Part, String> {
        let mut part = Part {
            successes: 0,
            failures: 0,
            first_failure: None,
            latency: histogram()?,
        };
        loop {
            let ticket = self.next.fetch_add(1, Ordering::Relaxed);
            if ticket >= self.count || self.start.elapsed() > LONGEST_RUN {
                return Ok(part);
            }
            let due = self.due(ticket);
            tokio::time::sleep_until(due.into()).await;
            match self.attest().await {
                Ok(()) => part.successes += 1,
                Err(error) => {
                    part.failures += 1;
                    part.first_failure.get_or_insert(error);
                }
            }
            let microseconds = u64::try_from(due.elapsed().as_micros()).unwrap_or(u64::MAX);
            part.latency.saturating_record(microseconds);
        }
    }

    /// When a request is due: at its own time in an open loop, now in a closed one.
    fn due(&self, ticket: u64) -> Instant {
        match ticket.saturating_mul(1_000_000).checked_div(self.rate) {
            Some(microseconds) => self.start + Duration::from_micros(microseconds),
            None => Instant::now(),
        }
    }

    async fn attest(&self) -> Result<(), String> {
        let response = self
            .client
            .post(&self.url)
            .header("content-type", "application/json")
            .body(self.body.clone())
            .send()
            .await
            .map_err(|error| format!("{error:?}"))?;
        let status = response.status();
        let text = response.text().await.map_err(|error| format!("{error:?}"))?;
        if status.as_u16() == 200 && text.starts_with("{\"token\":\"") {
            Ok(())
        } else {
            Err(format!(
                "{status}: {}",
                text.chars().take(300).collect::<String>()
            ))
        }
    }
}

/// One connection each, HTTP/1.1 keep-alive, as most clients of the service have.
fn client(ca: &[u8]) -> Result<reqwest::Client, String> {
    let ca = reqwest::Certificate::from_pem(ca).map_err(|error| format!("the CA is not PEM: {error}"))?;
    reqwest::Client::builder()
        .tls_certs_only([ca])
        .http1_only()
        .pool_max_idle_per_host(1)
        .timeout(Duration::from_secs(30))
        .build()
        .map_err(|error| format!("{error:?}"))
}

fn histogram() -> Result<Histogram<u64>, String> {
    Histogram::new_with_bounds(1, 120_000_000, 3).map_err(|error| error.to_string())
}

/// User and system time of a process (proc(5), `stat` fields 14 and 15, in clock ticks of 10 ms).
pub fn cpu_time(pid: u32) -> Result<Duration, String> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .map_err(|error| format!("process {pid}: {error}"))?;
    // The command name, field 2, may contain blanks; what follows its closing parenthesis does not.
    let (_, fields) = stat.rsplit_once(") ").ok_or("unreadable stat")?;
    let ticks = |index: usize| {
        fields
            .split(' ')
            .nth(index)
            .and_then(|field| field.parse::<u64>().ok())
    };
    let ticks = ticks(11)
        .zip(ticks(12))
        .map(|(user, system)| user + system)
        .ok_or("unreadable stat")?;
    Ok(Duration::from_millis(ticks * 10))
}

/// Resident memory of a process in KiB (proc(5), `status`, `VmRSS`).
pub fn resident_kib(pid: u32) -> Result<u64, String> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))
        .map_err(|error| format!("process {pid}: {error}"))?;
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|value| value.trim().trim_end_matches(" kB").parse().ok())
        .ok_or_else(|| "no VmRSS".to_owned())
}
