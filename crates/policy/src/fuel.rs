//! What is left of the budgets of one evaluation. Owns counting; the numbers are [`Limits`]'.

use crate::limits::{Limit, Limits};

/// A budget was not enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Exceeded {
    pub(crate) limit: Limit,
    pub(crate) allowed: u64,
    /// What would have been needed to go on.
    pub(crate) found: u64,
}

pub(crate) struct Fuel<'l> {
    limits: &'l Limits,
    steps: u64,
    text_bytes: u64,
}

/// Bytes of text that are read, compared or written in one step.
const BYTES_PER_STEP: u64 = 16;

pub(crate) const fn reading_steps(bytes: u64) -> u64 {
    bytes.div_ceil(BYTES_PER_STEP)
}

impl<'l> Fuel<'l> {
    pub(crate) const fn new(limits: &'l Limits) -> Self {
        Self {
            limits,
            steps: 0,
            text_bytes: 0,
        }
    }

    pub(crate) const fn limits(&self) -> &'l Limits {
        self.limits
    }

    pub(crate) fn steps_left(&self) -> u64 {
        self.limits.steps.saturating_sub(self.steps)
    }

    /// Bytes of text that the steps that are left pay for.
    pub(crate) fn text_left(&self) -> u64 {
        self.steps_left().saturating_mul(BYTES_PER_STEP)
    }

    pub(crate) fn spend(&mut self, steps: u64) -> Result<(), Exceeded> {
        self.steps = self.steps.saturating_add(steps);
        within(Limit::Steps, self.limits.steps, self.steps)
    }

    /// One step for each of `number` things.
    pub(crate) fn spend_for(&mut self, number: usize) -> Result<(), Exceeded> {
        self.spend(u64::try_from(number).unwrap_or(u64::MAX))
    }

    /// The steps of reading, comparing or writing text.
    pub(crate) fn spend_reading(&mut self, bytes: u64) -> Result<(), Exceeded> {
        self.spend(reading_steps(bytes))
    }

    /// Room for text that the policy makes.
    pub(crate) fn spend_text(&mut self, bytes: u64) -> Result<(), Exceeded> {
        self.text_bytes = self.text_bytes.saturating_add(bytes);
        within(Limit::Text, self.limits.text_bytes, self.text_bytes)
    }
}

pub(crate) const fn within(limit: Limit, allowed: u64, found: u64) -> Result<(), Exceeded> {
    if found > allowed {
        return Err(Exceeded {
            limit,
            allowed,
            found,
        });
    }
    Ok(())
}
