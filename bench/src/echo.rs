//! What a call costs through the whole frame, beside a bare tonic echo: processor time per call on one core.

mod contender;

use testkit::{Collector, testing::v1::EchoRequest};

use crate::{
    cores::Cores,
    cost::{cells, cost, round},
    h2load::Call,
    table::Table,
    verdict::Verdicts,
};

/// How much of the bare echo's processor time a call through the frame may cost: 1 / 0.85.
const AIM: f64 = 0.85;
const ROUNDS: usize = 5;
const CALLS: u64 = 100_000;
const WARM_UP: u64 = 20_000;

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
            let load = async { call.saturate(contender.address(), CALLS).await.rate };
            rounds.push(round(contender.process(), CALLS, contender.scraped(), load).await);
        }
    }

    let mut table = Table::new(
        format!("echo: {CALLS} calls a round on one core, {ROUNDS} alternating rounds, medians"),
        &["", "CPU per call", "of bare", "calls/s", "rounds from", "to"],
    );
    for (contender, of_it) in contenders.iter().zip(&rounds) {
        table.line(cells(contender.name, of_it, &rounds[0]));
    }
    table.print();
    for (contender, of_it) in contenders.iter().zip(&rounds).filter(|(contender, _)| contender.judged) {
        let ratio = cost(&rounds[0]) / cost(of_it);
        let aim = format!("{}: {ratio:.2} of a bare echo per CPU second, at least {AIM}", contender.name);
        verdicts.judge(ratio >= AIM, aim);
    }
}
