//! What befalls Redis, the replicas and the lines between them.

use std::{
    ops::Range,
    time::{Duration, Instant},
};

use fastrand::Rng;
use futures_util::future::join_all;
use testkit::{
    Signal,
    history::{At, Pair, Somebody},
};
use tokio::time::{sleep, timeout};

use crate::{house::House, line::Line};

/// What can happen; the number is a replica's.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// Killed, and started again with its data.
    RedisIsKilled,
    /// Frozen, and thawed.
    RedisHangs,
    /// Between a replica and Redis nothing passes.
    ReplicaIsCutOff(usize),
    /// A replica stands still, and goes on.
    ReplicaHangs(usize),
    /// Answers of Redis are late, until none comes any more.
    RedisIsLateThenSilent(usize),
    /// Answers of Redis are late, on each connection differently: they overtake each other.
    AnswersOvertake(usize),
    /// The same three between accounts and the replica that it watches.
    GuardIsCutOff,
    GuardHangs,
    SessionsIsLateThenSilent,
}

const FAULTS: [Fault; 13] = [
    Fault::RedisIsKilled,
    Fault::RedisHangs,
    Fault::ReplicaIsCutOff(0),
    Fault::ReplicaIsCutOff(1),
    Fault::ReplicaHangs(0),
    Fault::ReplicaHangs(1),
    Fault::RedisIsLateThenSilent(0),
    Fault::RedisIsLateThenSilent(1),
    Fault::AnswersOvertake(0),
    Fault::AnswersOvertake(1),
    Fault::GuardIsCutOff,
    Fault::GuardHangs,
    Fault::SessionsIsLateThenSilent,
];

/// How late a late answer is: less than what sessions waits for news from Redis, and together with Redis' own wait, too.
const LATE: Duration = Duration::from_millis(700);

/// Has one after the other happen, in an order of chance, until the time is over and each has happened as often as the
/// others, if the machine is not too busy for that. Then all is well.
pub(crate) async fn befall(house: &House, chance: &mut Rng, time: Duration) {
    let began = Instant::now();
    let mut coming = Vec::new();
    // Sessions that were there before.
    sleep(Duration::from_secs(1)).await;
    while began.elapsed() < time || !coming.is_empty() && began.elapsed() < time * 3 {
        if coming.is_empty() {
            coming.extend(FAULTS);
            chance.shuffle(&mut coming);
        }
        let fault = coming.pop().expect("there are faults");
        let at = began.elapsed();
        happen(fault, house, chance).await;
        eprintln!("{at:>10.1?} to {:.1?}: {fault:?}", began.elapsed());
        a_while(chance, 100..300).await;
    }
}

async fn happen(fault: Fault, house: &House, chance: &mut Rng) {
    match fault {
        Fault::RedisIsKilled => {
            house.redis.kill().await;
            a_while(chance, 100..1000).await;
            house.redis.start().await;
        }
        Fault::RedisHangs => {
            house.redis.freeze().await;
            a_while(chance, 300..1500).await;
            house.redis.thaw().await;
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
        Fault::RedisIsLateThenSilent(number) => {
            late_then_silent(&house.to_redis[number], LATE, house, 1 - number, chance).await;
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
        // Late by more than a lease: what it is told by may be old by one already.
        Fault::SessionsIsLateThenSilent => {
            late_then_silent(&house.to_sessions, LATE * 2, house, 0, chance).await;
        }
    }
}

/// Answers are late, everybody's sessions end elsewhere, and just before the news would come nothing comes any more. Who
/// counts a lease from an answer instead of from its question believes in them too long.
async fn late_then_silent(line: &Line, late: Duration, house: &House, elsewhere: usize, chance: &mut Rng) {
    let at = At::Sessions(elsewhere);
    // Sessions of before are known everywhere by then.
    sleep(Duration::from_millis(800)).await;
    let signing_in = house.people.iter().map(async |who| Some((who, sign_in(house, at, who).await?)));
    let signed_in: Vec<_> = join_all(signing_in).await.into_iter().flatten().collect();
    line.delay(late, false);
    sleep(late + LATE / 2).await;
    let ends = signed_in.iter().map(|(who, by)| house.world.revoke_all(at, who, by, false));
    join_all(ends).await;
    sleep(late * 9 / 10).await;
    line.cut();
    a_while(chance, 1500..2000).await;
    line.heal();
}

/// Signs in, which may have to be tried again after what was before; none where that takes long.
async fn sign_in(house: &House, at: At, who: &Somebody) -> Option<Pair> {
    let again = async {
        loop {
            match house.world.sign_in(at, who).await {
                Ok(pair) => return pair,
                Err(_) => sleep(LATE / 10).await,
            }
        }
    };
    timeout(LATE * 3, again).await.ok()
}

/// For how long something lasts is chance, in milliseconds.
async fn a_while(chance: &mut Rng, range: Range<u64>) {
    sleep(Duration::from_millis(chance.u64(range))).await;
}
