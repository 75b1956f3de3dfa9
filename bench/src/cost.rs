//! What a call costs the server: its processor time, and how many it answers a second.

use std::{convert::Infallible, time::Duration};

use testkit::Server;
use tokio::time::{MissedTickBehavior, interval};

use crate::{process::busy, rounds::median};

/// One round of calls to one server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Round {
    pub(crate) micros_per_call: f64,
    pub(crate) calls_a_second: f64,
}

/// Makes so many calls by `load`, which tells how many a second there were, while the metrics of `scraped` are read.
pub(crate) async fn round(
    process: u32,
    calls: u64,
    scraped: Option<&Server>,
    load: impl Future<Output = f64>,
) -> Round {
    let before = busy(process);
    let calls_a_second = tokio::select! {
        rate = load => rate,
        never = read_metrics(scraped) => match never {},
    };
    let spent = busy(process).saturating_sub(before);
    #[expect(clippy::cast_precision_loss, reason = "a few hundred thousand calls")]
    let micros_per_call = spent.as_secs_f64() * 1e6 / calls as f64;
    Round { micros_per_call, calls_a_second }
}

/// Reads the metrics of a server once a second, as Prometheus does, at most.
async fn read_metrics(server: Option<&Server>) -> Infallible {
    let Some(server) = server else { return std::future::pending().await };
    let mut seconds = interval(Duration::from_secs(1));
    seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        seconds.tick().await;
        server.metrics().await;
    }
}

/// The median cost of a call, in microseconds.
pub(crate) fn cost(rounds: &[Round]) -> f64 {
    median(rounds.iter().map(|round| round.micros_per_call))
}

/// What a table tells of rounds: the median cost, what a call of `first` costs in terms of it, the rate, and from where to
/// where the cost went.
pub(crate) fn cells(name: &str, rounds: &[Round], first: &[Round]) -> [String; 6] {
    let costs = || rounds.iter().map(|round| round.micros_per_call);
    [
        name.to_owned(),
        format!("{:.2} µs", cost(rounds)),
        format!("{:.2}", cost(first) / cost(rounds)),
        format!("{:.0}", median(rounds.iter().map(|round| round.calls_a_second))),
        format!("{:.2}", costs().fold(f64::INFINITY, f64::min)),
        format!("{:.2}", costs().fold(0.0, f64::max)),
    ]
}
