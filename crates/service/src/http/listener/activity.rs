//! When a connection was last of use: the base of its header and idle timeouts.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// The state of one connection as its timeouts see it.
pub(super) struct Activity {
    header_timeout: Duration,
    idle_timeout: Duration,
    state: Mutex<State>,
    changed: Notify,
}

enum State {
    /// The first request, or the rest of a request's header, is awaited since then.
    Header(Instant),
    /// So many requests are in flight.
    Busy(usize),
    /// No request since then.
    Idle(Instant),
}

impl Activity {
    /// A new connection, whose first request is awaited.
    pub(super) fn new(header_timeout: Duration, idle_timeout: Duration) -> Self {
        Self {
            header_timeout,
            idle_timeout,
            state: Mutex::new(State::Header(Instant::now())),
            changed: Notify::new(),
        }
    }

    /// A request has come; it is in flight until the guard is dropped.
    pub(super) fn request(self: &Arc<Self>) -> InFlight {
        self.update(|state| match state {
            State::Busy(requests) => State::Busy(requests.saturating_add(1)),
            State::Header(_) | State::Idle(_) => State::Busy(1),
        });
        InFlight(Arc::clone(self))
    }

    /// Resolves when a timeout has passed.
    pub(super) async fn expired(&self) {
        self.past(|state| match state {
            State::Header(since) => since.checked_add(self.header_timeout),
            State::Busy(_) => None,
            State::Idle(since) => since.checked_add(self.idle_timeout),
        })
        .await;
    }

    /// Resolves when no request has been in flight for `grace`, counted from now at the earliest.
    pub(super) async fn quiet_for(&self, grace: Duration) {
        let now = Instant::now();
        self.past(|state| match state {
            State::Busy(_) => None,
            State::Header(since) | State::Idle(since) => (*since).max(now).checked_add(grace),
        })
        .await;
    }

    async fn past(&self, deadline: impl Fn(&State) -> Option<Instant>) {
        loop {
            let changed = self.changed.notified();
            let deadline = deadline(&self.state());
            let Some(deadline) = deadline else {
                changed.await;
                continue;
            };
            tokio::select! {
                () = sleep_until(deadline) => return,
                () = changed => {}
            }
        }
    }

    fn bytes_arrived(&self) {
        let mut state = self.state();
        if matches!(*state, State::Idle(_)) {
            *state = State::Header(Instant::now());
            drop(state);
            self.changed.notify_one();
        }
    }

    fn update(&self, next: impl FnOnce(&State) -> State) {
        let mut state = self.state();
        *state = next(&state);
        drop(state);
        self.changed.notify_one();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request in flight.
pub(super) struct InFlight(Arc<Activity>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.update(|state| match state {
            State::Busy(requests) if *requests > 1 => State::Busy(requests.saturating_sub(1)),
            _ => State::Idle(Instant::now()),
        });
    }
}

/// A stream that reports arriving bytes to an [`Activity`].
pub(super) struct WatchedIo<S> {
    stream: S,
    activity: Option<Arc<Activity>>,
}

impl<S> WatchedIo<S> {
    pub(super) fn new(stream: S, activity: Option<Arc<Activity>>) -> Self {
        Self { stream, activity }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for WatchedIo<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before
            && let Some(activity) = &self.activity
        {
            activity.bytes_arrived();
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for WatchedIo<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, buffer)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, buffers)
    }
}
