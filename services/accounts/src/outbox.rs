//! Tells sessions and uploads what they must hear: at least once, in order per account, surviving any crash.

mod numbers;

use std::{sync::Arc, time::Duration};

use common::telemetry::trace::Background;
use tokio::{
    pin,
    sync::Notify,
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use tonic::Status;

pub(crate) use numbers::Numbers;

use crate::{
    sessions::Sessions,
    store::{Event, Store},
    uploads::Uploads,
};

/// How often the store is asked when nobody pokes: for events of other replicas that died, and for those that are due
/// again.
const POLL: Duration = Duration::from_secs(2);
/// Events delivered side by side; they are of different accounts, and none waits for another.
const AT_ONCE: u16 = 16;
/// When an event that was taken is due again, should its worker die. While it lives it takes the event anew, however long
/// those who must hear take.
const TAKEN_FOR: Duration = Duration::from_secs(3);
const TAKEN_ANEW_AFTER: Duration = Duration::from_secs(1);
/// The wait after the first failed delivery, doubled by each further one.
const FIRST_BACK_OFF: Duration = Duration::from_millis(500);
const LONGEST_BACK_OFF: Duration = Duration::from_secs(60);

/// Those who must hear.
#[derive(Clone)]
pub(crate) struct Ears {
    pub(crate) sessions: Sessions,
    pub(crate) uploads: Uploads,
}

/// Wakes the worker of this process.
#[derive(Clone)]
pub(crate) struct Outbox {
    news: Arc<Notify>,
    numbers: Numbers,
    delivery: Background,
}

impl Outbox {
    /// Each event's delivery is a trace of its own.
    pub(crate) fn new(numbers: Numbers, delivery: Background) -> Self {
        Self { news: Arc::default(), numbers, delivery }
    }

    /// Says that there may be a new event. Kept for a worker that is busy.
    pub(crate) fn poke(&self) {
        self.news.notify_one();
    }

    /// Delivers events until told to stop; what is under way then is finished. Any number of replicas may do this.
    pub(crate) async fn deliver(self, store: Arc<dyn Store>, ears: Ears, stop: CancellationToken) {
        let mut deliveries = JoinSet::new();
        while !stop.is_cancelled() {
            // A store that is away tells nothing new: the oldest event grows older.
            if let Ok(oldest) = store.oldest_event().await {
                self.numbers.oldest(oldest);
            }
            self.take_due(&store, &ears, &mut deliveries).await;
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.news.notified() => {}
                // Behind a delivered event there may be another one of the same account.
                Some(_) = deliveries.join_next() => {}
                () = sleep(POLL) => {}
            }
            while deliveries.try_join_next().is_some() {}
        }
        deliveries.join_all().await;
    }

    /// Takes as many of the events that are due as can be delivered beside those that are under way.
    async fn take_due(&self, store: &Arc<dyn Store>, ears: &Ears, deliveries: &mut JoinSet<()>) {
        let room = usize::from(AT_ONCE).saturating_sub(deliveries.len());
        let Ok(room @ 1..) = u16::try_from(room) else { return };
        // Why the store cannot be used is in the log already.
        let Ok(events) = store.take_events(TAKEN_FOR, room).await else { return };
        for event in events {
            let delivery = deliver_one(Arc::clone(store), ears.clone(), self.numbers.clone(), event);
            let traced = self.delivery.clone();
            deliveries.spawn(async move { traced.run(delivery).await });
        }
    }
}

async fn deliver_one(store: Arc<dyn Store>, ears: Ears, numbers: Numbers, event: Event) {
    let Event { account_id, attempts, .. } = event;
    let telling = tell(&*store, &ears, event);
    pin!(telling);
    let told = loop {
        match timeout(TAKEN_ANEW_AFTER, &mut telling).await {
            Ok(told) => break told,
            // Should this fail, another worker may tell it, too, which changes nothing: an epoch is only ever raised.
            Err(_) => drop(store.postpone_event(event, TAKEN_FOR).await),
        }
    };
    if let Err((who, status)) = told {
        numbers.failed.add(1);
        let wait = back_off(attempts);
        let code = status.code();
        tracing::warn!(%account_id, attempts, who, ?code, error = status.message(), ?wait, "an event was not heard");
        // Should this fail, the event is due again by itself.
        let _ = store.postpone_event(event, wait).await;
        return;
    }
    numbers.delivered.add(1);
    // Should this fail, the event is delivered again, which changes nothing either.
    let _ = store.complete_event(event).await;
}

/// Tells everybody whom it concerns; who could not be told, and why.
async fn tell(store: &dyn Store, ears: &Ears, event: Event) -> Result<(), (&'static str, Status)> {
    let Event { account_id, auth_epoch, .. } = event;
    ears.sessions.revoke(account_id, auth_epoch).await.map_err(|status| ("sessions", status))?;
    // An account that is not there any more will not come back, whichever of its events tells of it.
    if ears.uploads.hears()
        && store.find(account_id).await.map_err(|error| ("nobody", error.into()))?.is_none()
    {
        ears.uploads.delete(account_id).await.map_err(|status| ("uploads", status))?;
    }
    Ok(())
}

fn back_off(attempts: u32) -> Duration {
    let doublings = attempts.saturating_sub(1).min(16);
    (FIRST_BACK_OFF * 2_u32.pow(doublings)).min(LONGEST_BACK_OFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_up_to_a_minute() {
        let waits: Vec<u128> =
            [1, 2, 3, 8, 9, u32::MAX].map(|attempts| back_off(attempts).as_millis()).into();

        assert_eq!(waits, [500, 1_000, 2_000, 60_000, 60_000, 60_000]);
    }
}
