//! What it costs to validate a session that is known near, beside a bare tonic echo.

use testkit::{Collector, testing::v1::EchoRequest};

use super::{VALIDATE, client, lookups, signed_in, until_near, validation};
use crate::{
    baseline::Baseline,
    cores::Cores,
    cost::{cells, cost, round},
    h2load::{Call, framed},
    house::House,
    table::Table,
    verdict::Verdicts,
};

/// How much of the bare echo's processor time a validation may cost: 1 / 0.80.
const AIM: f64 = 0.80;
const ROUNDS: usize = 11;
const CALLS: u64 = 100_000;
const WARM_UP: u64 = 20_000;
/// How much longer or shorter an answer may be than another: the time that is left is part of it.
const GIVE: u64 = 16;

pub(super) async fn ask(verdicts: &mut Verdicts) {
    let cores = Cores::split();
    let (house, collector) = (House::build().await, Collector::start().await);
    let traced = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &*collector.endpoint),
        ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"),
        ("OTEL_TRACES_SAMPLER_ARG", "0.01"),
    ];
    let sessions = cores.start(|| house.first_with("sessions", &traced));
    sessions.ready().await;
    let bare = Baseline::start(&cores, "bare-echo", &[]).await;
    let echo = Call::echo("/fairlead.testing.v1.TestService/Echo", &EchoRequest { text: "a".repeat(32) });
    let request = validation(&signed_in(house.redis(), 1).await[0].session_token);
    until_near(&sessions, async || client(&sessions).validate_session(request.clone()).await.map(drop)).await;
    let answer = client(&sessions).validate_session(request.clone()).await.expect("the session is good");
    let length = framed(answer.get_ref()).len() as u64;
    let validate = Call::answered(VALIDATE, &request, length - GIVE..=length + GIVE);
    echo.saturate(bare.address, WARM_UP).await;
    validate.saturate(sessions.grpc, WARM_UP).await;

    let near = lookups(&sessions, "hit").await;
    let (mut of_echo, mut of_validate) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let load = async { echo.saturate(bare.address, CALLS).await.rate };
        of_echo.push(round(bare.binary.id(), CALLS, None, load).await);
        let load = async { validate.saturate(sessions.grpc, CALLS).await.rate };
        of_validate.push(round(sessions.binary.id(), CALLS, Some(&sessions), load).await);
    }
    #[expect(clippy::cast_precision_loss, reason = "a few hundred thousand calls")]
    let near = (lookups(&sessions, "hit").await - near) / (CALLS * ROUNDS as u64) as f64;

    let mut table = Table::new(
        format!(
            "validate, known near: {CALLS} calls a round on one core, {ROUNDS} alternating rounds, medians"
        ),
        &["", "CPU per call", "of bare", "calls/s", "rounds from", "to"],
    );
    table.line(cells("bare tonic, echo", &of_echo, &of_echo));
    table.line(cells("sessions, metrics read, 1 % traced", &of_validate, &of_echo));
    table.print();
    let ratio = cost(&of_echo) / cost(&of_validate);
    verdicts
        .judge(near > 0.99, format!("{:.1} % of the validations were answered near, over 99", near * 1e2));
    let aim = format!("validate, known near: {ratio:.2} of a bare echo per CPU second, at least {AIM}");
    verdicts.judge(ratio >= AIM, aim);
}
