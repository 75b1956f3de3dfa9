//! Listens for as long as the process runs, and begins again whenever something may have been missed.

use std::{sync::Arc, time::Duration};

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tonic::Status;
use tonic_types::StatusExt;

use crate::{BootTime, Feed, Heard, Listening, Revocation};

/// The pause before listening is tried again, and the longest. Each is jittered down to its half.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_millis(1000));

/// Somebody who keeps what revocations end.
pub trait Follower: Send + Sync + 'static {
    /// From now on every revocation is heard. Whatever was kept before may have been ended unheard.
    fn begins(&self);
    /// These have ended. Called before the lease that covers them.
    fn hears(&self, revocations: &[Revocation]);
    /// What is kept may be used until then.
    fn trusts_until(&self, end: BootTime);
    /// Something may have been missed: nothing that is kept may be used.
    fn loses(&self);
}

/// Has somebody follow a feed until it is told to stop.
pub async fn follow(feed: Arc<dyn Feed>, follower: Arc<dyn Follower>, stop: CancellationToken) {
    // What is kept is not used any more once nobody listens.
    let _lost_at_the_end = AtTheEnd(&*follower);
    let following = async {
        let mut pause = PAUSES.0;
        let mut told = false;
        loop {
            let lost = match feed.listen().await {
                Ok(listening) => {
                    tracing::info!("revocations are heard");
                    (pause, told) = (PAUSES.0, false);
                    let lost = listen(listening, &*follower).await;
                    follower.loses();
                    lost
                }
                Err(error) => error,
            };
            // An outage is told once, however long it lasts; that a process starts or ends is none.
            if told || is_in_passing(&lost) {
                tracing::debug!(error = &*lost, "revocations are not heard");
            } else {
                tracing::warn!(
                    error = &*lost,
                    "revocations are not heard; sessions are validated one by one"
                );
                told = true;
            }
            sleep(pause.mul_f64(0.5 + fastrand::f64() / 2.0)).await;
            pause = (pause * 2).min(PAUSES.1);
        }
    };
    tokio::select! {
        () = stop.cancelled() => {}
        never = following => never,
    }
}

/// Whether whoever is listened to says that it starts or ends. It may be in this very process; another one is soon replaced,
/// or, where it is not, is missed at the next try.
fn is_in_passing(lost: &crate::Lost) -> bool {
    let details = lost.downcast_ref::<Status>().and_then(Status::get_details_error_info);
    details.is_some_and(|info| ["STARTING", "SHUTTING_DOWN"].contains(&&*info.reason))
}

async fn listen(mut listening: Box<dyn Listening>, follower: &dyn Follower) -> crate::Lost {
    follower.begins();
    loop {
        match listening.next().await {
            Ok(Heard { revocations, lease }) => {
                if !revocations.is_empty() {
                    follower.hears(&revocations);
                }
                // Only now: whoever sees the lease must not find what these have ended.
                if let Some(end) = lease {
                    follower.trusts_until(end);
                }
            }
            Err(lost) => return lost,
        }
    }
}

struct AtTheEnd<'a>(&'a dyn Follower);

impl Drop for AtTheEnd<'_> {
    fn drop(&mut self) {
        self.0.loses();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use async_trait::async_trait;
    use tokio::sync::mpsc;
    use uuid::Uuid;

    use super::*;
    use crate::Lost;

    /// A feed that tells this once, and is lost then.
    struct Once(Mutex<Option<Heard>>);

    #[async_trait]
    impl Feed for Once {
        async fn listen(&self) -> Result<Box<dyn Listening>, Lost> {
            let heard = self.0.lock().unwrap().take();
            Ok(Box::new(Telling(Some(heard.ok_or("told already")?))))
        }
    }

    struct Telling(Option<Heard>);

    #[async_trait]
    impl Listening for Telling {
        async fn next(&mut self) -> Result<Heard, Lost> {
            Ok(self.0.take().ok_or("nothing more")?)
        }
    }

    /// What a follower was told.
    #[derive(Debug, PartialEq, Eq)]
    enum Told {
        Begins,
        Hears(Vec<Revocation>),
        TrustsUntil(BootTime),
        Loses,
    }

    struct Ledger(mpsc::Sender<Told>);

    impl Follower for Ledger {
        fn begins(&self) {
            self.0.try_send(Told::Begins).unwrap();
        }

        fn hears(&self, revocations: &[Revocation]) {
            self.0.try_send(Told::Hears(revocations.to_vec())).unwrap();
        }

        fn trusts_until(&self, end: BootTime) {
            self.0.try_send(Told::TrustsUntil(end)).unwrap();
        }

        fn loses(&self) {
            // At the very end nobody may read any more.
            let _ = self.0.try_send(Told::Loses);
        }
    }

    #[tokio::test]
    async fn what_has_ended_is_applied_before_the_lease_that_covers_it() {
        let revocations = vec![Revocation::Account { account: Uuid::new_v4(), except: None }];
        let end = BootTime::from_nanos(7);
        let heard = Heard { revocations: revocations.clone(), lease: Some(end) };
        let (ledger, mut told) = mpsc::channel(16);
        let stop = CancellationToken::new();
        let feed = Arc::new(Once(Mutex::new(Some(heard))));
        let following = tokio::spawn(follow(feed, Arc::new(Ledger(ledger)), stop.clone()));

        let mut first = Vec::new();
        while first.len() < 4 {
            first.push(told.recv().await.unwrap());
        }
        stop.cancel();
        following.await.unwrap();

        assert_eq!(
            first,
            [Told::Begins, Told::Hears(revocations), Told::TrustsUntil(end), Told::Loses],
            "whoever sees the lease must not find what has ended"
        );
        assert_eq!(told.recv().await, Some(Told::Loses), "nobody listens at the end");
    }
}
