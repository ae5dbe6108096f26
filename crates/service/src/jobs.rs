//! Background work: each job is an idempotent step that is told the time, and a pace.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::Clock;
use crate::collateral::{AmdCollateral, CollateralService};
use crate::control::ControlPlane;

/// The jobs of a running server; they end when `stop` is cancelled.
pub(crate) fn start(
    jobs: &TaskTracker,
    clock: Clock,
    collateral: CollateralService,
    amd: AmdCollateral,
    control: ControlPlane,
    stop: CancellationToken,
) {
    jobs.spawn(every(RETENTION_PACE, stop.clone(), move || {
        let control = control.clone();
        async move {
            control.purge_step().await;
        }
    }));
    let amd_clock = clock.clone();
    jobs.spawn(every(COLLATERAL_PACE, stop.clone(), move || {
        let (clock, amd) = (amd_clock.clone(), amd.clone());
        async move {
            amd.refresh_step(clock.now()).await;
        }
    }));
    jobs.spawn(every(COLLATERAL_PACE, stop, move || {
        let (clock, collateral) = (clock.clone(), collateral.clone());
        async move {
            collateral.refresh_step(clock.now()).await;
        }
    }));
}

/// Runs `step` now and then at every `pace`, one at a time, until stopped. A step in progress is abandoned
/// then: steps are idempotent, and what they write is written in transactions.
async fn every<F: Future<Output = ()>>(pace: Duration, stop: CancellationToken, step: impl Fn() -> F) {
    let mut ticks = interval(pace);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let forever = async {
        loop {
            ticks.tick().await;
            step().await;
        }
    };
    let _: Option<()> = stop.run_until_cancelled(forever).await;
}

/// How often it is looked whether collateral is due. Documents live for weeks; gauges are read every few
/// seconds to minutes.
const COLLATERAL_PACE: Duration = Duration::from_mins(1);

/// How often deleted providers are looked at: they are kept for days.
const RETENTION_PACE: Duration = Duration::from_hours(1);
