//! Keeps looking where the masters are.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use tokio::{
    sync::{Notify, watch},
    time::{sleep, timeout},
};
use tokio_util::task::AbortOnDropHandle;

use super::failed::Failed;

/// The shortest pause between two looks.
const SHORTEST: Duration = Duration::from_millis(50);
/// How much longer the pause is while nobody misses anything.
const CALM: Duration = Duration::from_millis(450);

/// How one looks.
#[async_trait]
pub(super) trait Look: Send + 'static {
    /// What is seen.
    type View: Send + Sync + 'static;

    /// Takes a look, within a second or two.
    ///
    /// # Errors
    /// Why nothing is seen; for operators.
    async fn look(&mut self) -> Result<Self::View, String>;
}

/// Somebody who keeps looking until this is dropped.
pub(super) struct Lookout<V> {
    seen: watch::Receiver<Option<Seen<V>>>,
    missed: Arc<Notify>,
    _looking: AbortOnDropHandle<()>,
}

/// What was seen last, and why it was not seen again.
struct Seen<V> {
    view: Option<Arc<V>>,
    trouble: Option<String>,
}

impl<V: Send + Sync + 'static> Lookout<V> {
    /// Looks from now on. Needs a runtime.
    pub(super) fn begin(mut how: impl Look<View = V>) -> Self {
        let (tell, seen) = watch::channel(None);
        let missed = Arc::new(Notify::new());
        let misses = Arc::clone(&missed);
        let looking = tokio::spawn(async move {
            loop {
                let looked = how.look().await;
                tell.send_modify(|seen| *seen = Some(Seen::next(seen.take(), looked)));
                sleep(SHORTEST).await;
                // Late is as good as early: it is time to look.
                let _ = timeout(CALM, misses.notified()).await;
            }
        });
        Self { seen, missed, _looking: AbortOnDropHandle::new(looking) }
    }

    /// What was seen last. Waits where nobody has looked yet.
    ///
    /// # Errors
    /// When nothing was ever seen.
    pub(super) async fn view(&self) -> Result<Arc<V>, Failed> {
        let mut seen = self.seen.clone();
        let seen =
            seen.wait_for(Option::is_some).await.map_err(|_| Failed::NoMaster("nobody looks".to_owned()))?;
        let Some(Seen { view, trouble }) = &*seen else {
            return Err(Failed::NoMaster("nobody has looked".to_owned()));
        };
        let missing = || Failed::NoMaster(trouble.clone().unwrap_or_default());
        view.clone().ok_or_else(missing)
    }

    /// What was seen last, if anything was.
    pub(super) fn last(&self) -> Option<Arc<V>> {
        self.seen.borrow().as_ref()?.view.clone()
    }

    /// Why the last look saw nothing.
    pub(super) fn trouble(&self) -> Option<String> {
        self.seen.borrow().as_ref()?.trouble.clone()
    }

    /// Something was not where it was seen.
    pub(super) fn look_again(&self) {
        self.missed.notify_one();
    }
}

impl<V> Seen<V> {
    fn next(last: Option<Self>, looked: Result<V, String>) -> Self {
        match looked {
            Ok(view) => Self { view: Some(Arc::new(view)), trouble: None },
            Err(trouble) => Self { view: last.and_then(|seen| seen.view), trouble: Some(trouble) },
        }
    }
}
