//! Whether a collector of traces that is away, deaf or slow makes calls slower or the process larger.

mod bad;

use std::time::Duration;

use testkit::{Collector, Server, testing::v1::EchoRequest};

use crate::{
    cores::Cores,
    h2load::Call,
    process::{memory, mib},
    rounds::{median, percentile},
    table::Table,
    verdict::Verdicts,
};

/// Calls a second, each of them traced.
const RATE: u32 = 1000;
const ROUNDS: usize = 5;
const TIME: Duration = Duration::from_secs(4);
/// The part of the calls that must have been made: on a machine that does not keep up, nothing is told apart.
const KEPT: f64 = 0.95;
/// How much longer the median call may take than with a collector that works: so many times, or so many microseconds.
const RATIO: f64 = 1.10;
const DIFFERENCE: f64 = 50.0;
/// How much the process may grow after the first round, in which its queue of spans has filled.
const GROWTH: u64 = 2 * 1024 * 1024;

/// One server, and what was seen of it.
struct Seen {
    collector: &'static str,
    server: Server,
    medians: Vec<f64>,
    slowest: Vec<f64>,
    calls: Vec<usize>,
    anonymous: Vec<u64>,
}

/// Measures, prints, judges.
pub(crate) async fn ask(verdicts: &mut Verdicts) {
    let cores = Cores::split();
    let (good, deaf, slow) = (Collector::start().await, bad::deaf().await, bad::slow().await);
    let away = bad::away();
    let endpoints =
        [("works", &*good.endpoint), ("is away", &away), ("never answers", &deaf), ("takes 2 s", &slow)];
    let mut seen: Vec<Seen> =
        endpoints.map(|(collector, endpoint)| start(&cores, collector, endpoint)).into_iter().collect();
    for Seen { server, .. } in &seen {
        server.ready().await;
    }
    let call = Call::echo("/fairlead.testing.v1.TestService/Echo", &EchoRequest { text: "a".repeat(32) });
    // One round more: the first is warm-up.
    for _ in 0..=ROUNDS {
        for one in &mut seen {
            let times = call.at_rate(one.server.grpc, RATE, TIME).await;
            one.calls.push(times.len());
            one.medians.push(median(times.iter().copied()));
            one.slowest.push(percentile(times, 99));
            one.anonymous.push(memory(one.server.binary.id()).anonymous);
        }
    }
    report(&seen, verdicts).await;
}

fn start(cores: &Cores, collector: &'static str, endpoint: &str) -> Seen {
    let environment = [("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint), ("OTEL_TRACES_SAMPLER", "always_on")];
    let server = cores.start(|| Server::start("test-service", &environment));
    Seen {
        collector,
        server,
        medians: Vec::new(),
        slowest: Vec::new(),
        calls: Vec::new(),
        anonymous: Vec::new(),
    }
}

async fn report(seen: &[Seen], verdicts: &mut Verdicts) {
    let mut table = Table::new(
        format!(
            "{RATE} calls/s, each traced, while the collector …; {ROUNDS} alternating rounds of {} s",
            TIME.as_secs()
        ),
        &["", "median", "99 % within", "memory at first", "at last", "spans ended", "exported"],
    );
    let at_median = |values: &[f64]| median(values[1..].iter().copied());
    for one in seen {
        let metrics = one.server.metrics().await;
        let spans = |name| metrics.sum(name, &[]).unwrap_or_default();
        table.line([
            one.collector.to_owned(),
            format!("{:.0} µs", at_median(&one.medians)),
            format!("{:.0} µs", at_median(&one.slowest)),
            mib(one.anonymous[0]),
            mib(one.anonymous[ROUNDS]),
            format!("{:.0}", spans("fairlead_spans_ended_total")),
            format!("{:.0}", spans("fairlead_spans_exported_total")),
        ]);
    }
    table.print();
    let least = seen.iter().flat_map(|one| &one.calls).min().copied().unwrap_or_default();
    let wanted = u64::from(RATE) * TIME.as_secs();
    #[expect(clippy::cast_precision_loss, reason = "a few thousand calls")]
    let kept = least as f64 / wanted as f64;
    verdicts
        .judge(kept >= KEPT, format!("{least} of {wanted} calls in the poorest round: the machine keeps up"));
    let good = at_median(&seen[0].medians);
    for Seen { collector, medians, .. } in &seen[1..] {
        let bad = at_median(medians);
        let aim = format!(
            "collector {collector}: median {bad:.0} µs, beside {good:.0} µs; at most {RATIO} times, or {DIFFERENCE} µs more"
        );
        verdicts.judge(bad <= good * RATIO || bad - good <= DIFFERENCE, aim);
    }
    for Seen { collector, anonymous, .. } in seen {
        let grown = anonymous[ROUNDS].saturating_sub(anonymous[0]);
        let aim = format!(
            "collector {collector}: grown by {} after the first round, at most {}",
            mib(grown),
            mib(GROWTH)
        );
        verdicts.judge(grown <= GROWTH, aim);
    }
}
