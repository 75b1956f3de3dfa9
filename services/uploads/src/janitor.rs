//! Removes what was never finished, and bytes that are nobody's.

use std::{sync::Arc, time::Duration};

use futures_util::{StreamExt, stream};
use tokio::{sync::Notify, time::sleep};
use tokio_util::sync::CancellationToken;

use crate::{blobs::Blobs, numbers::Numbers, store::Store, upload::Time};

/// What is removed in one go.
const BATCH: u16 = 64;
/// Objects that are removed side by side.
const AT_ONCE: usize = 8;
/// When a key that was taken is due again, should its janitor die. Longer than any request to the store may take.
const TAKEN_FOR: Duration = Duration::from_secs(60);

/// Wakes the janitor of this process.
#[derive(Clone, Default)]
pub(crate) struct Janitor(Arc<Notify>);

impl Janitor {
    /// Says that there may be something to remove. Kept for one that is busy.
    pub(crate) fn poke(&self) {
        self.0.notify_one();
    }

    /// Cleans until told to stop; what is under way then is finished. Any number of replicas may do this.
    pub(crate) async fn clean(self, rooms: Rooms, every: Duration, stop: CancellationToken) {
        while !stop.is_cancelled() {
            if rooms.clean_some().await {
                continue;
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.0.notified() => {}
                () = sleep(every) => {}
            }
        }
    }
}

/// What became of what was due.
#[derive(Clone, Copy)]
struct Removed {
    /// Some of it was removed.
    some: bool,
    /// None of it could not be removed.
    all: bool,
}

/// Where the janitor cleans.
pub(crate) struct Rooms {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) blobs: Blobs,
    pub(crate) numbers: Numbers,
    pub(crate) delivery: common::telemetry::trace::Background,
}

impl Rooms {
    /// Removes what is due; tells whether there may be more. Why the store cannot be used is in the log already.
    async fn clean_some(&self) -> bool {
        let uploads = self.delivery.clone().run(self.remove_uploads()).await;
        let bytes = self.delivery.clone().run(self.remove_bytes()).await;
        if uploads.all && bytes.all {
            self.numbers.cleaned();
        }
        uploads.some || bytes.some
    }

    async fn remove_uploads(&self) -> Removed {
        let now = Time::now();
        let Ok(expired) = self.store.expired(now, BATCH).await else {
            return Removed { some: false, all: false };
        };
        let mut removed = Removed { some: false, all: true };
        for id in &expired {
            match self.store.delete_expired(*id, now).await {
                Ok(true) => {
                    self.numbers.expired.add(1);
                    removed.some = true;
                    tracing::info!(upload_id = %id, "an upload that was never finished was removed");
                }
                // It was written to, or another janitor was faster.
                Ok(false) => {}
                Err(_) => removed.all = false,
            }
        }
        removed
    }

    async fn remove_bytes(&self) -> Removed {
        let now = Time::now();
        let Ok(keys) = self.store.take_strays(now, now.after(TAKEN_FOR), BATCH).await else {
            return Removed { some: false, all: false };
        };
        let removed = stream::iter(keys).map(|key| async move {
            // Should either fail, the key is due again.
            self.blobs.delete(&key).await.is_ok() && self.store.forget_stray(key).await.is_ok()
        });
        let removed: Vec<bool> = removed.buffer_unordered(AT_ONCE).collect().await;
        let count = removed.iter().filter(|removed| **removed).count();
        self.numbers.removed.add(count as u64);
        Removed { some: count > 0, all: count == removed.len() }
    }
}
