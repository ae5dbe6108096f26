//! The diagnostic log: a record of every request, in the form of MAA's resource logs (MAA documentation, "Azure
//! Attestation logging").
//!
//! It owns the records' form, the queue before the files and what happens when they cannot be written. What a
//! request is and who called is told to it; it knows nothing of HTTP's types, routes or roles.

mod file;
mod record;
mod writer;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use thiserror::Error;
use tokio::sync::mpsc::{self, OwnedPermit};
use tokio::sync::oneshot;
use tokio::time::timeout;

use self::file::RotatingFile;
pub use self::record::{Category, Failure, Identity, Received, Record};
use self::writer::{Entry, Sink, Writer};
use crate::telemetry::Metrics;

/// Where records go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DiagnosticsOptions {
    /// The file, with its bounds.
    pub file: Option<FileOptions>,
    /// The file of what those who may change something did, with its bounds.
    pub audit_file: Option<FileOptions>,
    /// Whether records also go to standard output.
    pub stdout: bool,
}

/// A file of records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileOptions {
    /// The file; older ones stand beside it as `<name>.1`, `<name>.2` and so on.
    pub path: PathBuf,
    /// Bytes after which a new file is begun.
    pub max_bytes: u64,
    /// Most older files that are kept.
    pub keep: u32,
}

/// Why a record is not on disk.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DiagnosticsError {
    /// The file cannot be used at the start.
    #[error("the diagnostic log `{}` cannot be written ({kind})", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What kind of failure the system reported.
        kind: std::io::ErrorKind,
    },
    /// Writing fails at present.
    #[error("the diagnostic log cannot be written")]
    Failing,
    /// The writer does not keep up.
    #[error("the diagnostic log did not take a record within {} seconds", waited.as_secs())]
    Late {
        /// How long it was waited for.
        waited: Duration,
    },
}

/// Takes records. Cheap to clone; clones share the queues. Each writer ends when the last one is dropped and its queue
/// is empty.
#[derive(Debug, Clone)]
pub struct DiagnosticLog {
    requests: Queue,
    /// Apart, so that no number of requests by strangers takes its places or makes its files be dropped.
    audit: Queue,
}

#[derive(Debug, Clone)]
struct Queue {
    entries: mpsc::Sender<Entry>,
    state: Arc<State>,
}

/// What a queue and its writer share.
#[derive(Debug)]
struct State {
    failing: AtomicBool,
    /// Records that the queue had no room for.
    overflowed: AtomicU64,
    metrics: Arc<Metrics>,
}

impl DiagnosticLog {
    /// Opens the files and starts the writers. Needs a runtime.
    pub fn start(options: &DiagnosticsOptions, metrics: Arc<Metrics>) -> Result<Self, DiagnosticsError> {
        let sink = |file: &Option<FileOptions>| {
            Ok(Sink {
                file: file.as_ref().map(RotatingFile::open).transpose()?,
                stdout: options.stdout,
            })
        };
        let (requests, audit) = (sink(&options.file)?, sink(&options.audit_file)?);
        Ok(Self {
            requests: Queue::start(requests, Arc::clone(&metrics)),
            audit: Queue::start(audit, metrics),
        })
    }

    /// Whether the last attempt to write to one of the files failed.
    pub fn is_failing(&self) -> bool {
        self.requests.is_failing() || self.audit.is_failing()
    }

    /// Takes a record for writing soon. When the queue is full it is lost, which is counted.
    pub fn record(&self, record: &Record) {
        let entry = Entry {
            lines: record.to_lines(),
            written: None,
        };
        if self.requests.entries.try_send(entry).is_err() {
            self.requests.state.overflowed.fetch_add(1, Ordering::AcqRel);
            self.requests.state.metrics.diagnostic_records_lost.inc();
        }
    }

    /// A place in the audit file's queue, for the record of an operation that must not happen without one.
    pub async fn reserve(&self) -> Result<Reserved, DiagnosticsError> {
        if self.audit.is_failing() {
            return Err(DiagnosticsError::Failing);
        }
        match timeout(WAIT, self.audit.entries.clone().reserve_owned()).await {
            Ok(Ok(place)) => Ok(Reserved { place }),
            Ok(Err(_)) => Err(DiagnosticsError::Failing),
            Err(_) => Err(DiagnosticsError::Late { waited: WAIT }),
        }
    }

    /// Returns when everything taken before is on disk.
    pub async fn flush(&self) -> Result<(), DiagnosticsError> {
        let (requests, audit) = tokio::join!(self.requests.flush(), self.audit.flush());
        requests.and(audit)
    }
}

impl Queue {
    fn start(sink: Sink, metrics: Arc<Metrics>) -> Self {
        let (entries, received) = mpsc::channel(QUEUE);
        let state = Arc::new(State {
            failing: AtomicBool::new(false),
            overflowed: AtomicU64::new(0),
            metrics,
        });
        tokio::spawn(Writer::new(sink, Arc::clone(&state)).run(received));
        Self { entries, state }
    }

    fn is_failing(&self) -> bool {
        self.state.failing.load(Ordering::Acquire)
    }

    async fn flush(&self) -> Result<(), DiagnosticsError> {
        let place = self.entries.clone().reserve_owned().await;
        let place = place.map_err(|_| DiagnosticsError::Failing)?;
        Reserved { place }.send(String::new()).await
    }
}

/// A place for one record in the audit file.
#[derive(Debug)]
pub struct Reserved {
    place: OwnedPermit<Entry>,
}

impl Reserved {
    /// Returns when the record is on disk.
    pub async fn write(self, record: &Record) -> Result<(), DiagnosticsError> {
        let written = self.send(record.to_lines());
        match timeout(WAIT, written).await {
            Ok(written) => written,
            Err(_) => Err(DiagnosticsError::Late { waited: WAIT }),
        }
    }

    /// Leaves the record to the queue.
    pub fn leave(self, record: &Record) {
        self.place.send(Entry {
            lines: record.to_lines(),
            written: None,
        });
    }

    async fn send(self, lines: String) -> Result<(), DiagnosticsError> {
        let (written, answer) = oneshot::channel();
        self.place.send(Entry {
            lines,
            written: Some(written),
        });
        answer.await.unwrap_or(Err(DiagnosticsError::Failing))
    }
}

/// Records that may wait: at about a kilobyte each, some megabytes, and some seconds of a busy service.
const QUEUE: usize = 8_192;
/// How long an administrative operation waits for the log: a disk that takes longer to write a line is failing.
const WAIT: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests;
