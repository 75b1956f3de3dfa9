//! What a watcher of revocations is told.

use std::{pin::Pin, sync::Arc};

use futures_util::{Stream, stream::unfold};
use guard::Revocation;
use proto::sessions::v1::{
    Echo, WatchRevocationsRequest, WatchRevocationsResponse, watch_revocations_response::Told as Either,
};
use tokio::sync::mpsc::Receiver;
use tonic::{Status, Streaming};

use crate::{error::Error, watchers::Watchers, wire};

/// The stream of what it is told.
pub(crate) type Told = Pin<Box<dyn Stream<Item = Result<WatchRevocationsResponse, Status>> + Send>>;

/// Tells revocations as they come, and echoes pings, until either side has enough.
pub(super) fn told(
    watchers: Arc<Watchers>,
    pings: Streaming<WatchRevocationsRequest>,
) -> Result<Told, Error> {
    let watching = Watching { revocations: watchers.watch()?, watchers, pings, owed: None };
    Ok(Box::pin(unfold(watching, async |mut watching| {
        let told = watching.next().await.transpose()?;
        let told = told.map(|told| WatchRevocationsResponse { told: Some(told) });
        Some((told, watching))
    })))
}

struct Watching {
    watchers: Arc<Watchers>,
    revocations: Receiver<Revocation>,
    pings: Streaming<WatchRevocationsRequest>,
    /// The echo that is due after so many revocations.
    owed: Option<(usize, Echo)>,
}

impl Watching {
    async fn next(&mut self) -> Result<Option<Either>, Status> {
        loop {
            if let Some((_, echo)) = self.owed.take_if(|(before, _)| *before == 0) {
                return Ok(Some(Either::Echo(echo)));
            }
            tokio::select! {
                revocation = self.revocations.recv() => {
                    let revocation = revocation.ok_or(Error::Unheard)?;
                    if let Some((before, _)) = &mut self.owed {
                        *before -= 1;
                    }
                    return Ok(Some(Either::Revocation(wire::revocation(revocation))));
                }
                ping = self.pings.message(), if self.owed.is_none() => {
                    let Some(WatchRevocationsRequest { ping }) = ping? else {
                        return Ok(None);
                    };
                    // First the lease, then the number: what the lease covers is waiting already.
                    let lease = self.watchers.lease().try_into().ok();
                    self.owed = Some((self.revocations.len(), Echo { ping, lease }));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::StreamExt;
    use guard::{BootTime, Follower, LEASE, Near};
    use tonic::{body::Body, codec::Codec};
    use uuid::Uuid;

    use super::*;

    /// More than could be told before the echo by chance.
    const EARLIER: usize = 64;

    /// One ping: the five bytes in front of a message, and the message.
    fn ping(number: u8) -> Streaming<WatchRevocationsRequest> {
        let bytes = String::from_utf8(vec![0, 0, 0, 0, 2, 8, number]).unwrap();
        let decoder = proto::Codec::<WatchRevocationsResponse, WatchRevocationsRequest>::default().decoder();
        Streaming::new_request(decoder, Body::new(bytes), None, None)
    }

    #[tokio::test]
    async fn an_echo_follows_all_that_was_heard_before_its_ping_with_what_is_left_of_the_lease() {
        let left = LEASE / 4;
        let watchers = Arc::new(Watchers::new(Arc::new(Near::new(Duration::ZERO, || 0))));
        watchers.begins();
        watchers.trusts_until(BootTime::now().plus(left));
        let told = told(Arc::clone(&watchers), ping(7)).unwrap();
        let session = || Revocation::Session { account: Uuid::now_v7(), session: Uuid::now_v7() };
        watchers.hears(&(0..EARLIER).map(|_| session()).collect::<Vec<_>>());

        let told: Vec<Either> = told.map(|told| told.unwrap().told.unwrap()).collect().await;

        let (last, earlier) = told.split_last().unwrap();
        assert_eq!(earlier.len(), EARLIER);
        assert!(earlier.iter().all(|told| matches!(told, Either::Revocation(_))), "{earlier:?}");
        let Either::Echo(Echo { ping: 7, lease: Some(lease) }) = last else { panic!("{last:?}") };
        assert!(Duration::try_from(*lease).unwrap() <= left, "{lease:?} of {left:?}");
    }
}
