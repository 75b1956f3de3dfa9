//! Plays people who use sessions, by the plan in its argument; told to stop, it prints what came of every call.

use testkit::history::{Plan, play};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let plan = std::env::args().nth(1).expect("a plan, in JSON");
    let plan: Plan = serde_json::from_str(&plan).expect("a plan, in JSON");
    let stop = CancellationToken::new();
    let mut told = signal(SignalKind::terminate()).expect("a signal can be awaited");
    let stopping = stop.clone();
    tokio::spawn(async move {
        told.recv().await;
        stopping.cancel();
    });
    for call in play(plan, stop).await {
        println!("{}", serde_json::to_string(&call).expect("a call can be written"));
    }
}
