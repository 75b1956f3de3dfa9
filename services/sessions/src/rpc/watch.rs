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
