//! Switches and counters of the collateral server.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::{
    sync::watch,
    time::{Duration, Instant},
};

use crate::{
    amd::AmdForge,
    intel::{DEFAULT_FMSPC, EARLY_NUMBER, IntelForge, STANDARD_NUMBER, UpdateSet},
};

use super::{
    Document,
    amd::{self, AmdContent},
    documents::{self, Answer},
};

/// What the server does instead of answering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Answers with this status, and perhaps with `Retry-After` in seconds.
    Status {
        /// HTTP status.
        status: u16,
        /// Seconds.
        retry_after: Option<u64>,
    },
    /// Takes the request and never answers.
    Hang,
}

/// What the served documents say.
#[derive(Clone, Debug)]
pub struct Content {
    /// FMSPCs that the server knows, 6 bytes each.
    pub fmspcs: BTreeSet<Vec<u8>>,
    /// TCB evaluation data number of the standard set.
    pub standard_number: u64,
    /// TCB evaluation data number of the early set.
    pub early_number: u64,
    /// cRLNumber of both PCK lists.
    pub pck_crl_number: u64,
    /// cRLNumber of the root's list.
    pub root_crl_number: u64,
    /// Serial numbers on both PCK lists.
    pub revoked_pck_serials: Vec<Vec<u8>>,
    /// Whether documents are signed by a key that nobody certified.
    pub bad_signatures: bool,
    /// How many seconds older the documents are than the server's time asks for.
    pub age_seconds: i64,
    /// What is AMD's.
    pub amd: AmdContent,
}

impl Default for Content {
    fn default() -> Self {
        Self {
            fmspcs: BTreeSet::from([DEFAULT_FMSPC.to_vec()]),
            standard_number: STANDARD_NUMBER,
            early_number: EARLY_NUMBER,
            pck_crl_number: 1,
            root_crl_number: 1,
            revoked_pck_serials: Vec::new(),
            bad_signatures: false,
            age_seconds: 0,
            amd: AmdContent::default(),
        }
    }
}

impl Content {
    pub(super) fn evaluation_number(&self, set: UpdateSet) -> u64 {
        match set {
            UpdateSet::Standard => self.standard_number,
            UpdateSet::Early => self.early_number,
        }
    }
}

/// Switches and counters of a collateral server; every method acts at once and from any thread.
pub struct Controls {
    state: Mutex<State>,
    clock: Option<fn() -> i64>,
    requests: watch::Sender<u64>,
    held: watch::Sender<bool>,
}

struct State {
    forge: IntelForge,
    amd: AmdForge,
    content: Content,
    /// How often AMD's service answers, and when it last did.
    amd_period: Option<Duration>,
    amd_answered: Option<Instant>,
    faults: Vec<(String, Fault, u64)>,
    counts: BTreeMap<String, u64>,
    /// Answers already given: a document changes when its content does, not with every request.
    answers: HashMap<(Document, i64), Answer>,
}

impl Controls {
    /// A server of this world, whose time stands still at `forge.now`.
    pub fn new(forge: IntelForge) -> Self {
        let state = State {
            amd: AmdForge::new(forge.seed.clone(), forge.now),
            forge,
            content: Content::default(),
            amd_period: None,
            amd_answered: None,
            faults: Vec::new(),
            counts: BTreeMap::new(),
            answers: HashMap::new(),
        };
        Self {
            state: Mutex::new(state),
            clock: None,
            requests: watch::Sender::new(0),
            held: watch::Sender::new(false),
        }
    }

    /// A server of this world, whose documents are issued anew every day of `clock` (unix seconds).
    pub fn with_clock(forge: IntelForge, clock: fn() -> i64) -> Self {
        Self {
            clock: Some(clock),
            ..Self::new(forge)
        }
    }

    /// Changes what the documents say from the next request on.
    pub fn change(&self, change: impl FnOnce(&mut Content)) {
        let mut state = self.state();
        change(&mut state.content);
        state.answers.clear();
    }

    /// Changes the world itself: its time or its certificates.
    pub fn change_forge(&self, change: impl FnOnce(&mut IntelForge)) {
        let mut state = self.state();
        change(&mut state.forge);
        state.answers.clear();
    }

    /// Changes AMD's world: its certificates. Its time is that of the other one.
    pub fn change_amd_forge(&self, change: impl FnOnce(&mut AmdForge)) {
        let mut state = self.state();
        change(&mut state.amd);
        state.answers.clear();
    }

    /// Answers at most one request to AMD's service in a period, as the real one does (about ten seconds), and
    /// refuses the others with status 429 and `Retry-After`; `None` lifts the limit.
    pub fn limit_amd(&self, period: Option<Duration>) {
        let mut state = self.state();
        state.amd_period = period;
        state.amd_answered = None;
    }

    /// Makes the next `times` requests whose path contains `path_part` fail; an empty part is any path.
    pub fn fail_next(&self, times: u64, path_part: &str, fault: Fault) {
        if times > 0 {
            self.state().faults.push((path_part.to_owned(), fault, times));
        }
    }

    /// Forgets all faults that have not happened.
    pub fn clear_faults(&self) {
        self.state().faults.clear();
    }

    /// Takes requests from now on but answers none before [`Controls::release`].
    pub fn hold(&self) {
        self.held.send_replace(true);
    }

    /// Answers what was held, and everything after it.
    pub fn release(&self) {
        self.held.send_replace(false);
    }

    /// How many requests came for paths that contain `path_part`; an empty part counts all.
    pub fn requests(&self, path_part: &str) -> u64 {
        self.state()
            .counts
            .iter()
            .filter(|(path, _)| path.contains(path_part))
            .map(|(_, count)| count)
            .sum()
    }

    /// Requests by path.
    pub fn requests_by_path(&self) -> BTreeMap<String, u64> {
        self.state().counts.clone()
    }

    /// Waits until at least `total` requests have come since the start.
    pub async fn wait_for_requests(&self, total: u64) {
        // The sender lives in `self`, so the channel cannot close while this waits.
        let _ = self.requests.subscribe().wait_for(|&count| count >= total).await;
    }

    pub(super) fn count(&self, path: &str) {
        let mut state = self.state();
        let count = state.counts.entry(path.to_owned()).or_default();
        *count = count.saturating_add(1);
        drop(state);
        self.requests
            .send_modify(|total| *total = total.saturating_add(1));
    }

    pub(super) async fn wait_while_held(&self) {
        // As above: the channel cannot close.
        let _ = self.held.subscribe().wait_for(|held| !held).await;
    }

    pub(super) fn take_fault(&self, path: &str) -> Option<Fault> {
        let mut state = self.state();
        let (_, fault, times) = state
            .faults
            .iter_mut()
            .find(|(part, _, _)| path.contains(part.as_str()))?;
        *times = times.saturating_sub(1);
        let fault = *fault;
        state.faults.retain(|(_, _, times)| *times > 0);
        Some(fault)
    }

    pub(super) fn answer(&self, document: &Document) -> Answer {
        let mut state = self.state();
        if document.is_limited()
            && let Some(seconds) = state.seconds_to_wait()
        {
            return Answer::refusal(TOO_MANY_REQUESTS).with_retry_after(Some(seconds));
        }
        let now = match self.clock {
            Some(clock) => start_of_day(clock()),
            None => state.forge.now,
        };
        let issued = now.saturating_sub(state.content.age_seconds);
        let key = (document.clone(), issued);
        if let Some(answer) = state.answers.get(&key) {
            return answer.clone();
        }
        state.answers.retain(|(_, issued_at), _| *issued_at == issued);
        let answer = state.mint(document, issued);
        if answer.status == 200 && document.can_be_kept() {
            state.answers.insert(key, answer.clone());
        }
        answer
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic in a caller's `change` leaves the state whole: it is only ever replaced field by field.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn mint(&self, document: &Document, issued: i64) -> Answer {
        match document {
            Document::Intel(asked) => {
                let forge = IntelForge {
                    now: issued,
                    ..self.forge.clone()
                };
                documents::answer(asked, &forge, &self.content)
            }
            Document::Amd(wanted) => {
                let forge = AmdForge {
                    now: issued,
                    ..self.amd.clone()
                };
                amd::answer(wanted, &forge, &self.content.amd, self.content.bad_signatures)
            }
        }
    }

    /// How long AMD's service refuses; `None` lets one request pass and begins a period.
    fn seconds_to_wait(&mut self) -> Option<u64> {
        let period = self.amd_period?;
        let since = self.amd_answered.map(|answered| answered.elapsed());
        match since.and_then(|since| period.checked_sub(since)) {
            // Whole seconds, rounded up.
            Some(rest) if !rest.is_zero() => Some(rest.as_secs().saturating_add(1)),
            _ => {
                self.amd_answered = Some(Instant::now());
                None
            }
        }
    }
}

fn start_of_day(unix_seconds: i64) -> i64 {
    unix_seconds.saturating_sub(unix_seconds.rem_euclid(86_400))
}

/// RFC 6585, section 4.
const TOO_MANY_REQUESTS: u16 = 429;
