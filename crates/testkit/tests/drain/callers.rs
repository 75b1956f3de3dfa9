//! Callers that never retry, at a steady pace.

use std::{sync::Arc, time::Duration};

use common::grpc::Channel;
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{MissedTickBehavior, interval},
};

use crate::{
    calls::{Kind, call},
    tally::Tally,
};

/// What is called, by how many at once, and how often by each of them: up to 640 echoes and
/// 160 short streams a second, and 16 calls that last.
const LOAD: [(Kind, usize, Duration); 5] = [
    (Kind::Echo, 64, Duration::from_millis(100)),
    (Kind::Ask, 16, Duration::from_millis(100)),
    (Kind::Slow, 4, Duration::from_millis(1600)),
    (Kind::Recite, 6, Duration::from_millis(100)),
    (Kind::Repeat, 6, Duration::from_millis(100)),
];

/// Everybody who calls from this process.
pub(crate) struct Callers {
    tally: Arc<Tally>,
    stopped: watch::Receiver<bool>,
    tasks: JoinSet<()>,
}

impl Callers {
    pub(crate) fn new(tally: &Arc<Tally>, stopped: watch::Receiver<bool>) -> Self {
        Self { tally: Arc::clone(tally), stopped, tasks: JoinSet::new() }
    }

    /// Lets the whole load be made over these channels, in turn.
    pub(crate) fn add(&mut self, name: &'static str, channels: &[Channel]) {
        for (kind, count, pause) in LOAD {
            for (number, channel) in (0..count).zip(channels.iter().cycle()) {
                let (channel, tally, stopped) =
                    (channel.clone(), Arc::clone(&self.tally), self.stopped.clone());
                self.tasks.spawn(calls(name, channel, kind, number, pause, tally, stopped));
            }
        }
    }

    /// Waits for the last calls, once the callers have been stopped.
    pub(crate) async fn end(self) {
        self.tasks.join_all().await;
    }
}

async fn calls(
    name: &'static str,
    channel: Channel,
    kind: Kind,
    number: usize,
    pause: Duration,
    tally: Arc<Tally>,
    mut stopped: watch::Receiver<bool>,
) {
    let mut pace = interval(pause);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for turn in number.. {
        tokio::select! {
            _ = pace.tick() => {}
            _ = stopped.wait_for(|stopped| *stopped) => return,
        }
        let outcome = call(&channel, kind, turn).await;
        tally.count(name, &format!("{kind:?}"), outcome);
    }
}
