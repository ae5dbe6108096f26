//! Where the work of the processor runs: as many threads at a time as there are cores, a bounded queue before
//! them, and a clear refusal beyond it. Async workers stay free to read and write.

use std::{
    num::NonZeroUsize,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
};

use thiserror::Error;
use tokio::sync::{Semaphore, TryAcquireError, oneshot};

/// Jobs that may wait per core. At about a millisecond each, the last one waits a quarter of a second; beyond
/// that a client does better to come back.
const QUEUE_PER_CORE: usize = 256;

/// Runs jobs of a millisecond or so. Cheap to clone; clones share the queue.
///
/// The threads are its own and take their next job from the queue themselves: under load none of them sleeps between
/// two jobs, which costs less than handing each job to a thread that has to be woken.
#[derive(Debug, Clone)]
pub struct WorkPool {
    queue: mpsc::Sender<Job>,
    places: Arc<Semaphore>,
}

type Job = Box<dyn FnOnce() + Send>;

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

    /// A pool that runs `cores` jobs at a time and lets `queue` more wait. Its threads end with its last clone.
    pub fn new(cores: usize, queue: usize) -> Self {
        let (sender, receiver) = mpsc::channel();
        let receiver = Arc::new(Mutex::new(receiver));
        let threads = (0..cores).filter(|_| start_thread(Arc::clone(&receiver))).count();
        // Without a thread nobody would ever come for a job.
        let places = if threads == 0 {
            0
        } else {
            threads.saturating_add(queue)
        };
        Self {
            queue: sender,
            places: Arc::new(Semaphore::new(places)),
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
        let (answer, result) = oneshot::channel();
        let job = move || {
            // A panic drops `answer`, which the caller is told as a lost job; the thread goes on.
            let outcome = catch_unwind(AssertUnwindSafe(job));
            drop(place);
            if let Ok(outcome) = outcome {
                // The caller may have gone away meanwhile.
                let _ = answer.send(outcome);
            }
        };
        self.queue.send(Box::new(job)).map_err(|_| WorkPoolError::Lost)?;
        result.await.map_err(|_| WorkPoolError::Lost)
    }
}

/// Whether a thread could be started that does jobs until the queue is gone.
fn start_thread(queue: Arc<Mutex<mpsc::Receiver<Job>>>) -> bool {
    let next = move || queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
    let work = move || {
        while let Ok(job) = next() {
            job();
        }
    };
    thread::Builder::new().name("work".to_owned()).spawn(work).is_ok()
}

#[cfg(test)]
mod tests;
