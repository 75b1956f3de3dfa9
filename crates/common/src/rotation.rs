//! Credentials that are rotated: new ones are used only once they have shown that they work.

use std::{sync::Arc, time::Duration};

use tokio::time::{sleep, timeout};

use crate::{Process, config::Watched, lifecycle::StopWhen, telemetry::metrics::Credentials};

/// How long new credentials may take to show that they work.
const PROOF: Duration = Duration::from_secs(5);
/// After how long those that did not work are tried again: the other end may learn of them later than this one.
const AGAIN: Duration = Duration::from_secs(1);

impl Process {
    /// Follows credentials for as long as the process runs: each new one is proven, again and again until it works, then
    /// taken. Until then the old one stays in use, so that it does not matter at which end they are changed first.
    ///
    /// `setting` is the path of what is followed. The error of `prove` is logged and must not quote the secret.
    pub fn rotate<T, F>(
        &self,
        setting: &'static str,
        followed: Watched<T>,
        prove: impl Fn(Arc<T>) -> F + Send + 'static,
        take: impl Fn(Arc<T>) + Send + 'static,
    ) where
        T: Send + Sync + 'static,
        F: Future<Output = Result<(), String>> + Send,
    {
        let counts = Credentials::observed(self.meter(), setting);
        self.worker(setting, StopWhen::CallsDone, move |stop| async move {
            stop.run_until_cancelled(rotate(setting, followed, prove, take, counts)).await;
        });
    }
}

async fn rotate<T, F>(
    setting: &'static str,
    mut followed: Watched<T>,
    prove: impl Fn(Arc<T>) -> F,
    take: impl Fn(Arc<T>),
    counts: Credentials,
) where
    F: Future<Output = Result<(), String>>,
{
    let mut next = followed.changed().await;
    let mut said = false;
    loop {
        let proven = timeout(PROOF, prove(Arc::clone(&next))).await;
        match proven.unwrap_or_else(|_| Err(format!("no answer in {PROOF:?}"))) {
            Ok(()) => {
                take(next);
                counts.taken();
                tracing::info!(setting, "new credentials work and are in use");
                next = followed.changed().await;
                said = false;
            }
            Err(reason) => {
                if !said {
                    counts.refused();
                    tracing::error!(setting, reason, "new credentials do not work yet; the old stay in use");
                }
                said = true;
                tokio::select! {
                    () = sleep(AGAIN) => {}
                    newer = followed.changed() => {
                        next = newer;
                        said = false;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use tokio::time::Instant;

    use super::*;
    use crate::config::{Secret, Watcher, volume::Volume};

    #[tokio::test(start_paused = true)]
    async fn what_does_not_work_is_not_taken_until_it_does() {
        let mut volume = Volume::mount(&[("secret", "old")]);
        let watcher = Watcher::default();
        let secret = Secret::read(&volume.path("secret")).unwrap();
        let make = |secret: &Secret| Ok::<_, String>(secret.expose().to_owned());
        let followed = secret.follow("a.secret", &watcher, make).unwrap();
        let began = Instant::now();
        let prove = move |secret: Arc<String>| async move {
            let works = *secret != "late" || began.elapsed() > AGAIN * 3;
            if works && *secret != "bad" { Ok(()) } else { Err("not yet".to_owned()) }
        };
        let (taken, mut seen) = tokio::sync::watch::channel(String::new());
        let all = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&all);
        tokio::spawn(rotate(
            "a.secret",
            followed,
            prove,
            move |secret| {
                kept.lock().unwrap().push(secret.to_string());
                taken.send_replace(secret.to_string());
            },
            Credentials::default(),
        ));

        for text in ["bad", "late"] {
            volume.swap(&[("secret", text)]);
            watcher.look().await;
            tokio::task::yield_now().await;
        }
        seen.wait_for(|secret| secret == "late").await.unwrap();

        assert!(began.elapsed() > AGAIN * 3);
        assert_eq!(*all.lock().unwrap(), ["late"]);
    }
}
