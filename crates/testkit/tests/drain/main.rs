//! No call is lost while replicas are stopped and started again, one after the other, under steady load.

mod balanced;
mod callers;
mod calls;
mod envoy;
mod name;
mod python;
mod replicas;
mod setting;
mod tally;

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::watch,
    time::{Instant, timeout},
};

use crate::{
    balanced::Balanced, callers::Callers, envoy::Envoy, python::Python, replicas::Replicas, setting::Setting,
    tally::Tally,
};

/// How often each replica is rolled at least.
const ROUNDS: usize = 2;
/// Calls after which everybody is connected, and the rolling begins.
const WARM: u64 = 500;
/// The slowest that calls may be made before something is wrong with the test, and what it takes beside them.
const CALLS_A_SECOND: u64 = 100;
const BESIDES: Duration = Duration::from_mins(4);
/// How long a replica has to have waited for a stream at least once.
const LASTING: Duration = Duration::from_secs(1);
/// How long the last calls may take: their deadline, and some.
const LAST_CALLS: Duration = Duration::from_secs(45);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Envoy, Python's gRPC and a name with three addresses: make drain-test"]
async fn no_call_is_lost_while_replicas_are_rolled() {
    let setting = Setting::read();
    let mut replicas = Replicas::start(&setting).await;
    let envoy = Envoy::start(&setting, &replicas.addresses()).await;
    let balanced = Balanced::start(&replicas);
    let tally = Arc::new(Tally::default());
    let (stop, stopped) = watch::channel(false);

    let mut callers = Callers::new(&tally, stopped);
    callers.add("Rust behind Envoy", &[envoy.channel().await, envoy.channel().await]);
    callers.add("Rust, balanced", &[balanced.channel()]);
    let python = Python::start(&setting, envoy.address, &tally);
    let give_up = Instant::now() + Duration::from_secs(setting.calls / CALLS_A_SECOND) + BESIDES;
    let mut total = tally.total();
    let begun = timeout(BESIDES, total.wait_for(|total| *total >= WARM)).await.is_ok();
    assert!(begun, "not enough calls to begin with\n{tally}");
    while replicas.rounds() < ROUNDS || *total.borrow_and_update() < setting.calls {
        assert!(Instant::now() < give_up, "not enough calls in time\n{tally}{replicas}");
        replicas.roll(&tally).await;
    }
    stop.send_replace(true);
    let ended = timeout(LAST_CALLS, async { tokio::join!(callers.end(), python.end()) }).await;
    replicas.stop().await;

    println!("{tally}\n{replicas}\n{balanced}\n{envoy}", envoy = envoy.end().await);
    assert!(ended.is_ok(), "calls that do not end\n{tally}");
    let wrong = [tally.failures(), replicas.complaints()].concat();
    assert!(wrong.is_empty(), "{}\nlogs are kept in {}", wrong.join("\n"), setting.logs.display());
    assert!(replicas.longest_drain() >= LASTING, "no stream went on while its replica stopped");
    setting.forget();
}
