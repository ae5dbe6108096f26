//! The pace at which one source is asked: evenly, and not at all for a while when it fails or says so.
//!
//! Strangers decide what is asked for, so this bound is what a source can rely on, and what the service promises.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Turns at one source, one after another.
#[derive(Debug)]
pub(super) struct Pace {
    spacing: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Before it nobody has a turn that has not got one yet.
    next: Option<Instant>,
    /// Before it nobody has one at all.
    rests_until: Option<Instant>,
    failures: u32,
}

impl Pace {
    /// At most `per_minute` turns a minute.
    pub(super) fn new(per_minute: u32) -> Self {
        Self {
            spacing: MINUTE / per_minute.max(1),
            state: Mutex::default(),
        }
    }

    /// Takes the next turn, whose time is given. `Err`, and none is taken, when it would come later than `patience`
    /// from now: how long until there may be one.
    pub(super) fn turn(&self, now: Instant, patience: Duration) -> Result<Instant, Duration> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let at = [state.next, state.rests_until]
            .into_iter()
            .flatten()
            .fold(now, Instant::max);
        let wait = at.saturating_duration_since(now);
        if wait > patience {
            return Err(wait.saturating_sub(patience));
        }
        state.next = at.checked_add(self.spacing);
        Ok(at)
    }

    /// Whether a turn that was taken may still be used: the source may have failed somebody else meanwhile. `Err`: how
    /// long it rests.
    pub(super) fn check(&self, now: Instant) -> Result<(), Duration> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match state.rests_until {
            Some(until) if until > now => Err(until.saturating_duration_since(now)),
            _ => Ok(()),
        }
    }

    /// The source answered.
    pub(super) fn answered(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.failures = 0;
    }

    /// The source did not answer, or asked to be left alone for a time. Without one, each failure in a row doubles the
    /// rest.
    pub(super) fn failed(&self, now: Instant, asked_for: Option<Duration>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let doubled = self
            .spacing
            .saturating_mul(1 << state.failures.min(MAX_DOUBLINGS));
        state.failures = state.failures.saturating_add(1);
        let rest = match asked_for {
            Some(asked_for) => asked_for.min(MAX_ASKED_REST),
            None => doubled.min(MAX_REST.max(self.spacing)),
        };
        state.rests_until = state.rests_until.max(now.checked_add(rest));
    }
}

const MINUTE: Duration = Duration::from_mins(1);
/// Enough to come from the shortest spacing, a tenth of a second, to [`MAX_REST`].
const MAX_DOUBLINGS: u32 = 10;
/// A source that has recovered is not left alone for longer than this.
const MAX_REST: Duration = Duration::from_mins(1);
/// Longest rest that a source may ask for: a wrong header must not silence it for days.
const MAX_ASKED_REST: Duration = Duration::from_hours(1);

#[cfg(test)]
mod tests;
