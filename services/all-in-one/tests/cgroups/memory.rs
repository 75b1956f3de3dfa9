//! A container of 64 MiB under attack.

use std::{sync::Arc, time::Duration};

use tokio::{sync::Notify, time::sleep};

use crate::{
    Contained, MIB,
    attacks::{sign_ins, silent_connections, unfinished_messages},
    client::{Answers, Client, come_anew_until},
    within,
};

/// How soon memory has to be back, and how close to what was used before.
const BACK: (Duration, u64) = (Duration::from_secs(15), 10 * MIB);

#[tokio::test]
#[ignore = "needs root and cgroup v1: make test-cgroups"]
async fn forty_connections_with_two_hundred_unfinished_messages_each() {
    under_attack(async |suite| unfinished_messages(suite).await).await;
}

#[tokio::test]
#[ignore = "needs root and cgroup v1: make test-cgroups"]
async fn two_hundred_sign_ins_at_once() {
    under_attack(async |suite| polite(&sign_ins(suite).await)).await;
}

#[tokio::test]
#[ignore = "needs root and cgroup v1: make test-cgroups"]
async fn a_thousand_silent_connections() {
    under_attack(async |suite| silent_connections(suite.server.grpc).await).await;
}

#[tokio::test]
#[ignore = "needs root and cgroup v1: make test-cgroups"]
async fn one_attack_after_the_other() {
    under_attack(async |suite| {
        unfinished_messages(suite).await;
        polite(&sign_ins(suite).await);
        silent_connections(suite.server.grpc).await;
        polite(&sign_ins(suite).await);
    })
    .await;
}

#[tokio::test]
#[ignore = "needs root and cgroup v1: make test-cgroups"]
async fn everything_at_once() {
    under_attack(all_together).await;
}

#[tokio::test]
#[ignore = "needs root and cgroup v1: make test-cgroups"]
async fn everything_at_once_within_tls() {
    besieged(Contained::start_within_tls(64 * MIB, 2000).await, all_together).await;
}

async fn all_together(suite: &Contained) {
    let address = suite.server.grpc;
    let ((), answers, ()) =
        tokio::join!(unfinished_messages(suite), sign_ins(suite), silent_connections(address));
    polite(&answers);
}

async fn under_attack(attack: impl AsyncFn(&Contained)) {
    besieged(Contained::start(64 * MIB, 2000).await, attack).await;
}

/// Nobody is killed; clients that behave, those that come in the middle of it included, are served or told when to come
/// again; and memory is given back.
async fn besieged(suite: Contained, attack: impl AsyncFn(&Contained)) {
    let token = suite.sign_in().await;
    let idle = settled(&suite).await;
    let stop = Arc::new(Notify::new());
    let calls = tokio::spawn(Client::new(suite.sessions(), token.clone()).call_until(Arc::clone(&stop)));
    let over = Arc::new(Notify::new());
    let newcomers = tokio::spawn(come_anew_until(suite.door(), token, Arc::clone(&over)));

    attack(&suite).await;

    over.notify_one();
    let newcomers = newcomers.await.unwrap();
    let (limit, margin) = BACK;
    within(limit, "the memory given back", async || suite.group.working_set() <= idle + margin).await;
    stop.notify_one();
    let answers = calls.await.unwrap();
    println!("idle {} MiB, at most {} MiB", idle / MIB, suite.group.peak() / MIB);
    println!("  who was there: {answers:?}\n  who came anew: {newcomers:?}");
    assert_eq!(suite.group.killed_for_memory(), 0);
    for answers in [&answers, &newcomers] {
        assert!(answers.served > 0, "{answers:?}");
        polite(answers);
    }
    assert!(suite.server.get("/healthz").await.is_some_and(|answer| answer.status == 200));
}

fn polite(answers: &Answers) {
    assert_eq!(answers.wrong, [""; 0], "{answers:?}");
}

/// The working set once it no longer falls: the allocator gives back what the start took within seconds.
async fn settled(suite: &Contained) -> u64 {
    let mut lowest = suite.group.working_set();
    loop {
        sleep(Duration::from_secs(2)).await;
        let now = suite.group.working_set();
        if now + MIB / 4 >= lowest {
            return now;
        }
        lowest = now;
    }
}
