//! What it costs to validate a session that is looked up in Redis, beside a service that was written in an afternoon.

use std::net::SocketAddr;

use testkit::Server;

use super::{VALIDATE, callers, lookups, signed_in, validation};
use crate::{
    baseline::Baseline,
    cores::Cores,
    cost::{Round, cells, cost, round},
    h2load::framed,
    house::House,
    table::Table,
    verdict::Verdicts,
};

/// How many times as many validations a CPU second of the naive service's must be.
const AIM: f64 = 2.5;
const ROUNDS: usize = 11;
/// Each of a session that has just begun and that the server has not seen: none is near, and none is due to be noted.
const CALLS: usize = 40_000;
const WARM_UP: usize = 5_000;

pub(super) async fn ask(verdicts: &mut Verdicts) {
    let cores = Cores::split();
    let house = House::build().await;
    let sessions = cores.start(|| house.first("sessions"));
    sessions.ready().await;
    let naive = Baseline::start(&cores, "naive-sessions", &[house.redis()]).await;
    let (at_sessions, at_naive) = ((&sessions.binary, sessions.grpc), (&naive.binary, naive.address));
    for (binary, address) in [at_naive, at_sessions] {
        one(&house, binary.id(), address, None, WARM_UP).await;
    }

    let missed = lookups(&sessions, "miss").await;
    let (mut of_naive, mut of_sessions) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        of_naive.push(one(&house, at_naive.0.id(), at_naive.1, None, CALLS).await);
        of_sessions.push(one(&house, at_sessions.0.id(), at_sessions.1, Some(&sessions), CALLS).await);
    }
    #[expect(clippy::cast_precision_loss, reason = "a few hundred thousand calls")]
    let missed = (lookups(&sessions, "miss").await - missed) / (CALLS * ROUNDS) as f64;

    let mut table = Table::new(
        format!(
            "validate, looked up: {CALLS} tokens a round on one core, {ROUNDS} alternating rounds, medians"
        ),
        &["", "CPU per call", "of naive", "calls/s", "rounds from", "to"],
    );
    table.line(cells("a pooled connection for each GET", &of_naive, &of_naive));
    table.line(cells("sessions, metrics read", &of_sessions, &of_naive));
    table.print();
    let ratio = cost(&of_naive) / cost(&of_sessions);
    let aim = format!("{:.1} % of the validations were looked up in Redis, over 99", missed * 1e2);
    verdicts.judge(missed > 0.99, aim);
    let aim =
        format!("validate, looked up: {ratio:.2} times the naive service per CPU second, at least {AIM}");
    verdicts.judge(ratio >= AIM, aim);
}

async fn one(
    house: &House,
    process: u32,
    address: SocketAddr,
    scraped: Option<&Server>,
    calls: usize,
) -> Round {
    let people = signed_in(house.redis(), calls).await;
    let requests = people.iter().map(|person| framed(&validation(&person.session_token)).into()).collect();
    round(process, calls as u64, scraped, callers::saturate(address, VALIDATE, requests)).await
}
