//! The writer: takes what is queued in batches and writes each with one write and at most one flush to disk.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::mpsc::Receiver;
use tokio::sync::oneshot;
use tokio::time::timeout;
use tracing::{error, info};

use super::file::RotatingFile;
use super::record::Record;
use super::{DiagnosticsError, State};

/// Lines to be written, and who waits for that.
#[derive(Debug)]
pub(super) struct Entry {
    /// Whole lines.
    pub(super) lines: String,
    /// Told when they are on disk; with it they must be.
    pub(super) written: Option<oneshot::Sender<Result<(), DiagnosticsError>>>,
}

/// Where lines go.
#[derive(Debug)]
pub(super) struct Sink {
    pub(super) file: Option<RotatingFile>,
    pub(super) stdout: bool,
}

impl Sink {
    fn write(&mut self, lines: &[u8], durable: bool) -> io::Result<()> {
        if let Some(file) = &mut self.file {
            file.append(lines, durable)?;
        }
        if self.stdout {
            let mut stdout = io::stdout().lock();
            stdout.write_all(lines)?;
            stdout.flush()?;
        }
        Ok(())
    }
}

/// Writes until nobody can send any more.
pub(super) struct Writer {
    /// Away while it writes; gone when the runtime stops.
    sink: Option<Sink>,
    state: Arc<State>,
    /// Records lost since writing began to fail.
    lost: u64,
    /// Of those that the queue had no room for, how many were told of.
    told: u64,
}

impl Writer {
    pub(super) fn new(sink: Sink, state: Arc<State>) -> Self {
        Self {
            sink: Some(sink),
            state,
            lost: 0,
            told: 0,
        }
    }

    pub(super) async fn run(mut self, mut queue: Receiver<Entry>) {
        let mut batch = Vec::new();
        loop {
            let received = timeout(RETRY_PACE, queue.recv_many(&mut batch, BATCH)).await;
            if received == Ok(0) {
                return;
            }
            let failing = self.state.failing.load(Ordering::Acquire);
            if received.is_ok() || failing || self.untold() > 0 {
                self.write(&mut batch).await;
            }
        }
    }

    /// Writes what was received, and before it what was lost.
    async fn write(&mut self, batch: &mut Vec<Entry>) {
        // A disk that failed is believed again only when it has proved itself.
        let failing = self.state.failing.load(Ordering::Acquire);
        let durable = failing || batch.iter().any(|entry| entry.written.is_some());
        let mut lines = String::new();
        let (lost, untold) = (self.lost, self.untold());
        let missing = lost.saturating_add(untold);
        if missing > 0 {
            lines.push_str(&Record::of_loss(missing).to_lines());
        }
        for entry in batch.iter() {
            lines.push_str(&entry.lines);
        }
        let written = self.write_lines(lines, durable).await;
        self.settle(&written, batch, untold);
        let answer = written.map_err(|_| DiagnosticsError::Failing);
        for entry in batch.drain(..) {
            if let Some(waiting) = entry.written {
                // Whoever waited may be gone; the line is written all the same.
                let _ = waiting.send(answer.clone());
            }
        }
    }

    async fn write_lines(&mut self, lines: String, durable: bool) -> io::Result<()> {
        let Some(mut sink) = self.sink.take() else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        let work = move || {
            let written = sink.write(lines.as_bytes(), durable);
            (sink, written)
        };
        match tokio::task::spawn_blocking(work).await {
            Ok((sink, written)) => {
                self.sink = Some(sink);
                written
            }
            Err(_) => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    /// Keeps the books: what is lost, and whether writing fails. Both are said once, when they begin and end.
    fn settle(&mut self, written: &io::Result<()>, batch: &[Entry], untold: u64) {
        let failed = self.state.failing.load(Ordering::Acquire);
        match written {
            Ok(()) => {
                if self.lost > 0 || untold > 0 {
                    let lost = self.lost.saturating_add(untold);
                    error!(diagnostics.lost = lost, "records of the diagnostic log were lost");
                }
                self.told = self.told.saturating_add(untold);
                self.lost = 0;
                self.state.failing.store(false, Ordering::Release);
                if failed {
                    info!("the diagnostic log can be written again");
                }
            }
            Err(error) => {
                let lost = batch.iter().filter(|entry| !entry.lines.is_empty()).count();
                let lost = u64::try_from(lost).unwrap_or(u64::MAX);
                self.lost = self.lost.saturating_add(lost);
                self.state.metrics.diagnostic_records_lost.inc_by(lost);
                self.state.failing.store(true, Ordering::Release);
                if !failed {
                    error!(error = %error, "the diagnostic log cannot be written");
                }
            }
        }
    }

    /// Records that the queue had no room for, and nobody was told of.
    fn untold(&self) -> u64 {
        let overflowed = self.state.overflowed.load(Ordering::Acquire);
        overflowed.saturating_sub(self.told)
    }
}

/// Most entries of one write: some hundred kilobytes.
const BATCH: usize = 256;
/// How often a log that fails is tried when nothing is to be written.
const RETRY_PACE: Duration = Duration::from_secs(1);
