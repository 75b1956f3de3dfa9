//! What a call costs through the whole frame, beside a bare tonic echo: processor time per call on one core.

mod contender;

use std::time::Duration;

use testkit::{Collector, Server, testing::v1::EchoRequest};
use tokio::time::{MissedTickBehavior, interval};

use self::contender::Contender;
use crate::{cores::Cores, h2load::Call, process::busy, rounds::median, table::Table, verdict::Verdicts};

/// How much of the bare echo's processor time a call through the frame may cost: 1 / 0.85.
const AIM: f64 = 0.85;
const ROUNDS: usize = 5;
const CALLS: u64 = 100_000;
const WARM_UP: u64 = 20_000;

/// One round of one contender.
#[derive(Clone, Copy, Debug)]
struct Round {
    micros_per_call: f64,
    calls_a_second: f64,
}

/// Measures, prints, judges.
pub(crate) async fn ask(verdicts: &mut Verdicts) {
    let cores = Cores::split();
    let collector = Collector::start().await;
    let call = Call::echo("/fairlead.testing.v1.TestService/Echo", &EchoRequest { text: "a".repeat(32) });
    let contenders = contender::all(&cores, &collector.endpoint).await;
    for contender in &contenders {
        call.saturate(contender.address(), WARM_UP).await;
    }
    let mut rounds = vec![Vec::new(); contenders.len()];
    for _ in 0..ROUNDS {
        for (contender, rounds) in contenders.iter().zip(&mut rounds) {
            rounds.push(round(&call, contender).await);
        }
    }

    let mut table = Table::new(
        format!("echo: {CALLS} calls a round on one core, {ROUNDS} alternating rounds, medians"),
        &["", "CPU per call", "of bare", "calls/s", "rounds from", "to"],
    );
    let cost = |rounds: &[Round]| median(rounds.iter().map(|round| round.micros_per_call));
    let bare = cost(&rounds[0]);
    for (contender, rounds) in contenders.iter().zip(&rounds) {
        let costs = || rounds.iter().map(|round| round.micros_per_call);
        table.line([
            contender.name.to_owned(),
            format!("{:.2} µs", cost(rounds)),
            format!("{:.2}", bare / cost(rounds)),
            format!("{:.0}", median(rounds.iter().map(|round| round.calls_a_second))),
            format!("{:.2}", costs().fold(f64::INFINITY, f64::min)),
            format!("{:.2}", costs().fold(0.0, f64::max)),
        ]);
    }
    table.print();
    for (contender, rounds) in contenders.iter().zip(&rounds).filter(|(contender, _)| contender.judged) {
        let ratio = bare / cost(rounds);
        let aim = format!("{}: {ratio:.2} of a bare echo per CPU second, at least {AIM}", contender.name);
        verdicts.judge(ratio >= AIM, aim);
    }
}

async fn round(call: &Call, contender: &Contender) -> Round {
    let before = busy(contender.process());
    let outcome = tokio::select! {
        outcome = call.saturate(contender.address(), CALLS) => outcome,
        never = read_metrics(contender.scraped()) => match never {},
    };
    let spent = busy(contender.process()).saturating_sub(before);
    #[expect(clippy::cast_precision_loss, reason = "a few hundred thousand calls")]
    let micros_per_call = spent.as_secs_f64() * 1e6 / CALLS as f64;
    Round { micros_per_call, calls_a_second: outcome.rate }
}

/// Reads the metrics of a server once a second, as Prometheus does, at most.
async fn read_metrics(server: Option<&Server>) -> std::convert::Infallible {
    let Some(server) = server else { return std::future::pending().await };
    let mut seconds = interval(Duration::from_secs(1));
    seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        seconds.tick().await;
        server.metrics().await;
    }
}
