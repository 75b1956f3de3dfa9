//! Reads mounted files again and again, and hands on what is good.
//!
//! It polls: the kubelet itself takes up to a minute to bring a change, and a look every few seconds sees every way in
//! which files are replaced, on every file system, without a kernel watch that must follow the `..data` links.

mod source;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use self::source::{Look, Source};
use super::{Content, Mount, Watched};

/// Follows the mounted files of a process.
#[derive(Default)]
pub struct Watcher(Mutex<Vec<Arc<dyn Look>>>);

/// What became of the changes of one mount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// The setting that names the mount.
    pub setting: String,
    /// New contents that were taken.
    pub taken: u64,
    /// New contents that were refused.
    pub refused: u64,
    /// Whether what is mounted now is not what is in use, because it was refused.
    pub stale: bool,
    /// The last second at which what is in use is good, since 1970; none where it is good for ever.
    pub not_after: Option<i64>,
}

impl Watcher {
    /// Reads a mount, and follows it for as long as somebody holds what is returned. What `parse` refuses later leaves
    /// the old content in use; its reasons are logged and must not quote secrets. `setting` is the path of the setting.
    ///
    /// # Errors
    /// Why what is mounted now cannot be used.
    pub fn watch<T: Send + Sync + 'static>(
        &self,
        setting: &str,
        mount: Mount,
        parse: impl Fn(&Content) -> Result<T, String> + Send + Sync + 'static,
    ) -> Result<Watched<T>, String> {
        self.watch_expiring(setting, mount, parse, |_| None)
    }

    /// The same, of something that is not good for ever: `not_after` tells its last second since 1970.
    ///
    /// # Errors
    /// Why what is mounted now cannot be used.
    pub(crate) fn watch_expiring<T: Send + Sync + 'static>(
        &self,
        setting: &str,
        mount: Mount,
        parse: impl Fn(&Content) -> Result<T, String> + Send + Sync + 'static,
        not_after: fn(&T) -> Option<i64>,
    ) -> Result<Watched<T>, String> {
        let content = mount.read()?;
        let value = parse(&content)?;
        Ok(self.add(Source::new(setting, mount, parse, value, Some(&content)).expiring(not_after)))
    }

    /// Follows a mount of which something good is known already; `of` is what that was read from, where it is known.
    pub(super) fn follow<T: Send + Sync + 'static>(
        &self,
        setting: &str,
        mount: Mount,
        parse: impl Fn(&Content) -> Result<T, String> + Send + Sync + 'static,
        value: T,
        of: Option<&Content>,
    ) -> Watched<T> {
        self.add(Source::new(setting, mount, parse, value, of))
    }

    fn add<T, P>(&self, source: Source<T, P>) -> Watched<T>
    where
        T: Send + Sync + 'static,
        P: Fn(&Content) -> Result<T, String> + Send + Sync + 'static,
    {
        let watched = source.watched();
        self.sources().push(Arc::new(source));
        watched
    }

    /// What became of the changes so far, one entry a mount.
    #[must_use]
    pub fn tallies(&self) -> Vec<Tally> {
        self.sources().iter().map(|source| source.tally()).collect()
    }

    /// Looks at every mount once. Reading may block, so it is done where that holds up nobody.
    pub async fn look(&self) {
        let sources = self.used_sources();
        // A parser that panics has said so through the panic hook, and the old content stays.
        let _ = tokio::task::spawn_blocking(move || sources.iter().for_each(|source| source.look())).await;
    }

    /// Looks again and again until the token is cancelled.
    pub(crate) async fn run(&self, every: Duration, stop: CancellationToken) {
        let mut ticks = interval(every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            stop.run_until_cancelled(self.look()).await;
        }
    }

    fn used_sources(&self) -> Vec<Arc<dyn Look>> {
        let mut sources = self.sources();
        sources.retain(|source| !source.is_abandoned());
        sources.clone()
    }

    fn sources(&self) -> MutexGuard<'_, Vec<Arc<dyn Look>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
