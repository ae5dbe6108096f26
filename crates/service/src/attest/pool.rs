//! Where the work of the processor runs: as many threads at a time as there are cores, a bounded queue before
//! them, and a clear refusal beyond it. Async workers stay free to read and write.

use std::{num::NonZeroUsize, sync::Arc, thread};

use thiserror::Error;
use tokio::sync::{Semaphore, TryAcquireError};

/// Jobs that may wait per core. At about a millisecond each, the last one waits a quarter of a second; beyond
/// that a client does better to come back.
const QUEUE_PER_CORE: usize = 256;

/// Runs jobs of a millisecond or so. Cheap to clone; clones share the queue.
#[derive(Debug, Clone)]
pub struct WorkPool {
    cores: Arc<Semaphore>,
    places: Arc<Semaphore>,
}

/// A job was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum WorkPoolError {
    /// The queue is full.
    #[error("the service is busy")]
    Overloaded,
    /// The job panicked, or the service is going down.
    #[error("the work was not completed")]
    Lost,
}

impl WorkPool {
    /// A pool for the cores of this machine.
    pub fn for_this_machine() -> Self {
        let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Self::new(cores, cores.saturating_mul(QUEUE_PER_CORE))
    }

    /// A pool that runs `cores` jobs at a time and lets `queue` more wait.
    pub fn new(cores: usize, queue: usize) -> Self {
        Self {
            cores: Arc::new(Semaphore::new(cores)),
            places: Arc::new(Semaphore::new(cores.saturating_add(queue))),
        }
    }

    /// Runs one job, or refuses it at once when too many wait.
    pub async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, WorkPoolError> {
        let place = Arc::clone(&self.places)
            .try_acquire_owned()
            .map_err(|error| match error {
                TryAcquireError::NoPermits => WorkPoolError::Overloaded,
                TryAcquireError::Closed => WorkPoolError::Lost,
            })?;
        let core = Arc::clone(&self.cores)
            .acquire_owned()
            .await
            .map_err(|_| WorkPoolError::Lost)?;
        let work = tokio::task::spawn_blocking(move || {
            let result = job();
            drop((core, place));
            result
        });
        work.await.map_err(|_| WorkPoolError::Lost)
    }
}

#[cfg(test)]
mod tests;
