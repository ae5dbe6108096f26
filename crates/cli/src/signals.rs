//! The signals a server answers: SIGTERM and Ctrl-C end it, SIGHUP reloads it.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::failure::Failure;

/// Handlers in place from the moment this exists: no signal after it has its default effect.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request {
    /// Answer what is in flight and end.
    Stop,
    /// Read certificates and the store again.
    Reload,
}

impl Signals {
    /// Must be called on a runtime.
    pub fn install() -> Result<Self, Failure> {
        let handler = |kind| {
            signal(kind).map_err(|error| Failure::environment(format!("cannot handle signals: {error}")))
        };
        Ok(Self {
            terminate: handler(SignalKind::terminate())?,
            interrupt: handler(SignalKind::interrupt())?,
            hangup: handler(SignalKind::hangup())?,
        })
    }

    /// The next signal.
    pub async fn next(&mut self) -> Request {
        tokio::select! {
            _ = self.terminate.recv() => Request::Stop,
            _ = self.interrupt.recv() => Request::Stop,
            _ = self.hangup.recv() => Request::Reload,
        }
    }

    /// The next signal that asks to stop.
    pub async fn stop(&mut self) {
        while self.next().await != Request::Stop {}
    }
}
