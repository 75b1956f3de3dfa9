//! The signals that stop a process.

use std::{fmt, io};

use serde::Serialize;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::watch,
};

/// Why the process stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Cause {
    /// The platform asks: SIGTERM.
    Sigterm,
    /// A person at a terminal asks: SIGINT.
    Sigint,
    /// A part of the process has failed.
    Failure,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sigterm => "SIGTERM",
            Self::Sigint => "SIGINT",
            Self::Failure => "failure",
        })
    }
}

/// Counts the stopping signals: the first starts the shutdown, the second ends the lame duck, the third ends the
/// process at once.
#[derive(Clone, Debug)]
pub struct Signals(watch::Receiver<Received>);

/// The signals so far.
#[derive(Clone, Copy, Debug, Default)]
struct Received {
    first: Option<Cause>,
    count: u32,
}

impl Signals {
    /// Installs the handlers. Done before anything slow: as PID 1 a process without a handler ignores SIGTERM.
    ///
    /// # Errors
    /// When the handlers cannot be installed.
    pub fn install() -> io::Result<Self> {
        let mut sigterm = signal(SignalKind::terminate())?;
        let mut sigint = signal(SignalKind::interrupt())?;
        let (sender, receiver) = watch::channel(Received::default());
        tokio::spawn(async move {
            while let Some(cause) = next(&mut sigterm, &mut sigint).await {
                sender.send_modify(|received| {
                    received.first.get_or_insert(cause);
                    received.count += 1;
                });
                tracing::info!(signal = %cause, count = sender.borrow().count, "signal received");
            }
        });
        Ok(Self(receiver))
    }

    /// Signals that never come, for a frame that is stopped by its owner.
    #[must_use]
    pub fn none() -> Self {
        Self(watch::channel(Received::default()).1)
    }

    /// Waits for the first signal.
    pub async fn first(&mut self) -> Cause {
        match self.0.wait_for(|received| received.count >= 1).await {
            Ok(received) => received.first.unwrap_or(Cause::Failure),
            Err(_) => std::future::pending().await,
        }
    }

    /// Waits until `count` signals have come.
    pub async fn reached(&mut self, count: u32) {
        if self.0.wait_for(|received| received.count >= count).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

async fn next(sigterm: &mut Signal, sigint: &mut Signal) -> Option<Cause> {
    tokio::select! {
        received = sigterm.recv() => received.map(|()| Cause::Sigterm),
        received = sigint.recv() => received.map(|()| Cause::Sigint),
    }
}
