use std::sync::mpsc;

use super::*;

#[tokio::test]
async fn jobs_beyond_the_queue_are_refused_and_room_comes_back() {
    let pool = WorkPool::new(1, 1);
    let (release, held) = mpsc::channel::<()>();
    let (started, running) = oneshot::channel();
    let first = tokio::spawn({
        let pool = pool.clone();
        async move {
            pool.run(move || {
                let _ = started.send(());
                let _ = held.recv();
            })
            .await
        }
    });
    running.await.unwrap();
    let mut second = Box::pin(pool.run(|| 2));
    assert!(futures_poll_once(&mut second).await.is_none());
    assert_eq!(pool.run(|| 3).await, Err(WorkPoolError::Overloaded));
    release.send(()).unwrap();
    assert_eq!(second.await, Ok(2));
    assert_eq!(first.await.unwrap(), Ok(()));
    assert_eq!(pool.run(|| 4).await, Ok(4));
}

#[tokio::test]
async fn a_panic_is_an_error_and_does_not_cost_a_place() {
    let pool = WorkPool::new(1, 0);
    for _ in 0..3 {
        let lost = pool.run(|| panic!("a job that fails")).await;
        assert_eq!(lost, Err::<(), _>(WorkPoolError::Lost));
    }
    assert_eq!(pool.run(|| 1).await, Ok(1));
}

/// Polls a future once; `None` when it is not ready.
async fn futures_poll_once<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    std::future::poll_fn(|context| {
        std::task::Poll::Ready(match std::pin::Pin::new(&mut *future).poll(context) {
            std::task::Poll::Ready(output) => Some(output),
            std::task::Poll::Pending => None,
        })
    })
    .await
}
