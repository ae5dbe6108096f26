//! The keys of the service and where each stands in its life.

use std::sync::Arc;

use super::{SigningAlgorithm, SigningKey, TokenError};
use crate::store::{SigningKeyRecord, SigningKeyState};

/// Every published signing key. Immutable: a change of state makes a new ring.
#[derive(Debug, Clone, Default)]
pub struct KeyRing {
    keys: Vec<(SigningKeyState, Arc<SigningKey>)>,
}

impl KeyRing {
    /// A ring of these keys.
    pub fn new(keys: Vec<(SigningKeyState, Arc<SigningKey>)>) -> Self {
        Self { keys }
    }

    /// The ring of the stored keys.
    pub fn from_records(records: &[SigningKeyRecord]) -> Result<Self, TokenError> {
        let load = |record: &SigningKeyRecord| {
            let algorithm: SigningAlgorithm = record
                .algorithm
                .parse()
                .map_err(|_| TokenError::Crypto { operation: "load" })?;
            Ok((
                record.state,
                Arc::new(SigningKey::from_pkcs8(algorithm, &record.pkcs8)?),
            ))
        };
        records.iter().map(load).collect::<Result<_, _>>().map(Self::new)
    }

    /// A ring of one fresh active key, for a service that has none yet.
    pub fn generate(algorithm: SigningAlgorithm) -> Result<Self, TokenError> {
        Ok(Self::new(vec![(
            SigningKeyState::Active,
            Arc::new(SigningKey::generate(algorithm)?),
        )]))
    }

    /// The key that signs: the active one of `algorithm`.
    pub fn active(&self, algorithm: SigningAlgorithm) -> Result<&Arc<SigningKey>, TokenError> {
        self.keys
            .iter()
            .rev()
            .find(|(state, key)| *state == SigningKeyState::Active && key.algorithm() == algorithm)
            .map(|(_, key)| key)
            .ok_or(TokenError::NoActiveKey)
    }

    /// Every key, the active ones first: clients that look at the first key only then find the right one.
    pub fn published(&self) -> impl Iterator<Item = &Arc<SigningKey>> {
        let in_state = |wanted| {
            self.keys
                .iter()
                .filter(move |(state, _)| *state == wanted)
                .map(|(_, key)| key)
        };
        in_state(SigningKeyState::Active)
            .chain(in_state(SigningKeyState::Prepared))
            .chain(in_state(SigningKeyState::Retired))
    }
}
