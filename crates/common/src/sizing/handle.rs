//! The plan in force, and the permits that follow it.

use std::{collections::BTreeMap, sync::Arc};

use futures_util::future::join_all;
use tokio::sync::watch;

use super::{Permits, Plan};

/// The plan in force, and the permits that follow it.
#[derive(Debug)]
pub struct Sizing {
    plan: watch::Sender<Arc<Plan>>,
    permits: BTreeMap<&'static str, Arc<Permits>>,
}

impl Sizing {
    /// Puts the first plan in force.
    #[must_use]
    pub fn new(plan: Plan) -> Self {
        let permits =
            plan.followers().map(|share| (share.name, Arc::new(Permits::fixed(count(share.count)))));
        Self { permits: permits.collect(), plan: watch::Sender::new(Arc::new(plan)) }
    }

    /// The plan in force.
    #[must_use]
    pub fn current(&self) -> Arc<Plan> {
        Arc::clone(&self.plan.borrow())
    }

    /// The permits of a demand, or of what the frame has of its own, such as [`CALLS`](super::CALLS).
    ///
    /// # Panics
    /// When no such demand was made.
    #[must_use]
    pub fn permits(&self, name: &str) -> Arc<Permits> {
        let permits = self.permits.get(name);
        Arc::clone(permits.unwrap_or_else(|| panic!("no demand is named {name}")))
    }

    /// How many the plan in force grants of something.
    ///
    /// # Panics
    /// When no such demand was made.
    #[must_use]
    pub fn share(&self, name: &str) -> u64 {
        self.current().share(name).unwrap_or_else(|| panic!("no demand is named {name}"))
    }

    /// Tells of every new plan.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<Arc<Plan>> {
        self.plan.subscribe()
    }

    /// Puts another plan for the same demands in force. Permits grow at once and shrink as they come back.
    pub fn update(&self, plan: Plan) {
        for share in plan.followers() {
            if let Some(permits) = self.permits.get(share.name) {
                permits.resize(count(share.count));
            }
        }
        self.plan.send_replace(Arc::new(plan));
    }

    /// Takes back permits that a smaller plan could not take at once. Never ends by itself.
    pub(super) async fn follow(&self) {
        join_all(self.permits.values().map(|permits| permits.follow())).await;
    }
}

fn count(share: u64) -> usize {
    usize::try_from(share).unwrap_or(usize::MAX)
}
