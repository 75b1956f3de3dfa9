//! What befalls Redis, the replicas and the lines between them.

use std::{
    ops::Range,
    time::{Duration, Instant},
};

use fastrand::Rng;
use testkit::Signal;
use tokio::time::sleep;

use crate::{house::House, judge::Storm, late, store::Store};

/// What can happen; the number is a replica's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// Killed, and started again with its data.
    RedisIsKilled,
    /// Frozen, and thawed.
    RedisHangs,
    /// Between a replica and Redis nothing passes.
    ReplicaIsCutOff(usize),
    /// A replica stands still, and goes on.
    ReplicaHangs(usize),
    /// What Redis says to a replica's question for news is long under way, and sessions end meanwhile.
    NewsIsLate(usize),
    /// What a replica reads of sessions is under way while they end.
    ReadsAreLate(usize),
    /// Answers of Redis are late, on each connection differently: they overtake each other.
    AnswersOvertake(usize),
    /// The same between accounts and the replica that it watches.
    GuardIsCutOff,
    GuardHangs,
    EchoesAreLate,
    /// A master is killed or frozen until another takes over, and comes back.
    MasterIsKilled,
    MasterHangs,
    /// One of those that stand in for a master is frozen for a while.
    StandInHangs,
}

/// Over one Redis.
const FAULTS: [Fault; 15] = [
    Fault::RedisIsKilled,
    Fault::RedisHangs,
    Fault::ReplicaIsCutOff(0),
    Fault::ReplicaIsCutOff(1),
    Fault::ReplicaHangs(0),
    Fault::ReplicaHangs(1),
    Fault::NewsIsLate(0),
    Fault::NewsIsLate(1),
    Fault::ReadsAreLate(0),
    Fault::ReadsAreLate(1),
    Fault::AnswersOvertake(0),
    Fault::AnswersOvertake(1),
    Fault::GuardIsCutOff,
    Fault::GuardHangs,
    Fault::EchoesAreLate,
];

/// Over several.
const FAILOVERS: [Fault; 8] = [
    Fault::MasterIsKilled,
    Fault::MasterHangs,
    Fault::StandInHangs,
    Fault::ReplicaHangs(0),
    Fault::ReplicaHangs(1),
    Fault::GuardIsCutOff,
    Fault::GuardHangs,
    Fault::EchoesAreLate,
];

/// Has one after the other happen, in an order of chance, until the time is over and each has happened as often as the
/// others, if the machine is not too busy for that. Then all is well. Answers when masters were replaced.
///
/// # Panics
/// When nobody was ever tempted by something that is late.
pub(crate) async fn befall(house: &House, chance: &mut Rng, time: Duration) -> Vec<Storm> {
    let (began, mut storms) = (Instant::now(), Vec::new());
    let all = if matches!(house.store, Store::One(_)) { &FAULTS[..] } else { &FAILOVERS };
    let mut coming: Vec<Fault> = Vec::new();
    let mut untried: Vec<_> = all.iter().copied().filter(Fault::tempts).collect();
    // Sessions that were there before.
    sleep(Duration::from_secs(1)).await;
    while began.elapsed() < time || !coming.is_empty() && began.elapsed() < time * 3 {
        if coming.is_empty() {
            coming.extend(all);
            chance.shuffle(&mut coming);
        }
        let fault = coming.pop().expect("there are faults");
        let at = began.elapsed();
        if fault.tempts() {
            if tempt(fault, house).await {
                untried.retain(|other| *other != fault);
            } else {
                // The machine was too busy for it.
                coming.insert(0, fault);
            }
        } else {
            storms.extend(happen(fault, house, chance).await);
        }
        eprintln!("{at:>10.1?} to {:.1?}: {fault:?}", began.elapsed());
        a_while(chance, 100..300).await;
    }
    assert!(untried.is_empty(), "the machine is too busy for this test: nobody was tempted by {untried:?}");
    storms
}

impl Fault {
    /// Whether it is nothing but a temptation to believe too much.
    fn tempts(&self) -> bool {
        matches!(self, Self::NewsIsLate(_) | Self::ReadsAreLate(_) | Self::EchoesAreLate)
    }
}

/// Answers whether it was quick enough to tempt somebody.
async fn tempt(fault: Fault, house: &House) -> bool {
    match fault {
        Fault::NewsIsLate(number) => late::news(house, number).await,
        Fault::ReadsAreLate(number) => late::reads(house, number).await,
        _ => late::echoes(house).await,
    }
}

async fn happen(fault: Fault, house: &House, chance: &mut Rng) -> Option<Storm> {
    match fault {
        Fault::RedisIsKilled => {
            let redis = house.store.some(true, chance).await;
            redis.kill().await;
            a_while(chance, 100..1000).await;
            redis.start().await;
        }
        Fault::RedisHangs => {
            let redis = house.store.some(true, chance).await;
            redis.freeze().await;
            a_while(chance, 300..1500).await;
            redis.thaw().await;
        }
        Fault::MasterIsKilled => return Some(house.store.fails_over(true, chance).await),
        Fault::MasterHangs => return Some(house.store.fails_over(false, chance).await),
        Fault::StandInHangs => {
            let stands_in = house.store.some(false, chance).await;
            stands_in.freeze().await;
            a_while(chance, 300..1500).await;
            stands_in.thaw().await;
            house.store.is_whole().await;
        }
        Fault::ReplicaIsCutOff(number) => {
            house.to_redis[number].cut();
            a_while(chance, 500..1500).await;
            house.to_redis[number].heal();
        }
        Fault::ReplicaHangs(number) => {
            house.replicas[number].binary.signal(Signal::STOP);
            a_while(chance, 300..1800).await;
            house.replicas[number].binary.signal(Signal::CONT);
        }
        Fault::AnswersOvertake(number) => {
            house.to_redis[number].delay(Duration::from_millis(350), true);
            a_while(chance, 1200..2000).await;
            house.to_redis[number].heal();
        }
        Fault::GuardIsCutOff => {
            house.to_sessions.cut();
            a_while(chance, 500..2500).await;
            house.to_sessions.heal();
        }
        Fault::GuardHangs => {
            house.accounts.binary.signal(Signal::STOP);
            a_while(chance, 300..1500).await;
            house.accounts.binary.signal(Signal::CONT);
        }
        Fault::NewsIsLate(_) | Fault::ReadsAreLate(_) | Fault::EchoesAreLate => {
            tempt(fault, house).await;
        }
    }
    None
}

/// For how long something lasts is chance, in milliseconds.
async fn a_while(chance: &mut Rng, range: Range<u64>) {
    sleep(Duration::from_millis(chance.u64(range))).await;
}
