//! Follows the container's limits while the process runs.

use std::{path::Path, sync::Arc, time::Duration};

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::{Demand, Plan, Refused, Sizing, Wire, plan};
use crate::{
    limits::{self, Config, Limits},
    memory::Guard,
};

/// Time between two looks at the limits.
const INTERVAL: Duration = Duration::from_secs(1);

/// Reads the limits again and again, and makes a new plan when they have changed, as after an in-place resize of the
/// container. Permits, budgets and the soft limit follow; threads keep the number they were started with, and the log
/// says so. Limits that no plan fits into are logged, and the old plan stays. Ends when it is told to stop.
pub async fn watch(
    config: Config,
    demands: Vec<Demand>,
    wire: Wire,
    sizing: Arc<Sizing>,
    guard: Arc<Guard>,
    stop: CancellationToken,
) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = sizing.follow() => {}
        () = reread(Path::new("/"), &config, &demands, wire, &sizing, &guard) => {}
    }
}

async fn reread(
    root: &Path,
    config: &Config,
    demands: &[Demand],
    wire: Wire,
    sizing: &Sizing,
    guard: &Guard,
) {
    let started_with = sizing.current();
    let mut seen = started_with.limits.clone();
    let mut looks = interval(INTERVAL);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        looks.tick().await;
        let limits = limits::read_at(root, config);
        if limits != seen {
            let planned = plan(&limits, demands, config, wire);
            apply(&limits, planned, config, &started_with, sizing, guard);
            seen = limits;
        }
    }
}

fn apply(
    limits: &Limits,
    planned: Result<Plan, Refused>,
    config: &Config,
    started_with: &Plan,
    sizing: &Sizing,
    guard: &Guard,
) {
    let plan = match planned {
        Ok(plan) => plan,
        Err(refused) => {
            // The kernel enforces the new limit all the same: the guard has to know it.
            let hard = limits.memory.value;
            guard.set_limits(config.soft_memory.under(hard), hard);
            tracing::error!(%refused, "the container was resized, and the process does not fit: the old plan stays");
            return;
        }
    };
    let changes = sizing.current().changes(&plan).join(", ");
    let restart = threads(started_with, &plan);
    guard.set_limits(plan.soft_memory, limits.memory.value);
    sizing.update(plan);
    tracing::info!(changes, restart, "the container was resized: the plan follows");
}

/// What only a restart would change.
fn threads(started_with: &Plan, plan: &Plan) -> Option<String> {
    let threads = [
        ("worker threads", started_with.worker_threads, plan.worker_threads),
        ("blocking threads", started_with.blocking_threads, plan.blocking_threads),
    ];
    let stay: Vec<String> = threads
        .iter()
        .filter(|(_, are, would)| are != would)
        .map(|(name, are, would)| format!("{name} stay {are} until a restart, which would make them {would}"))
        .collect();
    (!stay.is_empty()).then(|| stay.join("; "))
}

#[cfg(test)]
mod tests;
