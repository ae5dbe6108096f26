//! The keys that documents are held for, within limits.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;

use super::slot::Slot;
use super::{CollateralKey, Edition};

/// All slots. Read without a lock on the request path; replaced whole, under `growth`, when a key is added. A
/// key is added when there is a set for it, or an early one is to be looked for beside it, and then stays.
pub(super) struct Slots {
    by_key: ArcSwap<HashMap<CollateralKey, Arc<Slot>>>,
    growth: Mutex<()>,
    max_platforms: usize,
}

/// There is no room for another key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Full {
    /// So many platforms are kept.
    Platforms(usize),
    /// So many numbered editions are kept for the platform.
    Editions(usize),
}

impl Slots {
    pub(super) fn new(max_platforms: usize) -> Self {
        Self {
            by_key: ArcSwap::default(),
            growth: Mutex::default(),
            max_platforms,
        }
    }

    pub(super) fn all(&self) -> Vec<Arc<Slot>> {
        self.by_key.load().values().cloned().collect()
    }

    pub(super) fn get(&self, key: &CollateralKey) -> Option<Arc<Slot>> {
        self.by_key.load().get(key).cloned()
    }

    /// Whether there is, or would be, a slot for `key`.
    pub(super) fn room(&self, key: &CollateralKey) -> Result<(), Full> {
        let by_key = self.by_key.load();
        if by_key.contains_key(key) {
            return Ok(());
        }
        let platform = |key: &CollateralKey| key.with_edition(Edition::Standard);
        let platforms: HashSet<_> = by_key.keys().map(platform).collect();
        if platforms.len() >= self.max_platforms && !platforms.contains(&platform(key)) {
            return Err(Full::Platforms(self.max_platforms));
        }
        let is_number = |key: &CollateralKey| matches!(key.edition, Edition::Number(_));
        let numbers = by_key
            .keys()
            .filter(|other| is_number(other) && platform(other) == platform(key));
        if is_number(key) && numbers.count() >= MAX_NUMBERED_EDITIONS {
            return Err(Full::Editions(MAX_NUMBERED_EDITIONS));
        }
        Ok(())
    }

    /// The slot of `key`, new if need be and if there is room.
    pub(super) fn get_or_add(&self, key: CollateralKey) -> Result<Arc<Slot>, Full> {
        let _growth = self.growth.lock().unwrap_or_else(PoisonError::into_inner);
        self.room(&key)?;
        Ok(self.add(key))
    }

    /// The slot of a key that is stored: it was within the limits when it was added.
    pub(super) fn restore(&self, key: CollateralKey) -> Arc<Slot> {
        let _growth = self.growth.lock().unwrap_or_else(PoisonError::into_inner);
        self.add(key)
    }

    /// The caller holds `growth`.
    fn add(&self, key: CollateralKey) -> Arc<Slot> {
        if let Some(slot) = self.get(&key) {
            return slot;
        }
        let slot = Arc::new(Slot::new(key));
        let mut by_key = HashMap::clone(&self.by_key.load());
        by_key.insert(key, Arc::clone(&slot));
        self.by_key.store(Arc::new(by_key));
        slot
    }
}

/// How many editions by number are kept for a platform beside the standard and the early one. Intel offers a
/// number for about two years and starts two a year: some four at a time (Intel PCS API v4, "Get TCB
/// Evaluation Data Numbers").
pub(super) const MAX_NUMBERED_EDITIONS: usize = 8;

#[cfg(test)]
mod tests;
