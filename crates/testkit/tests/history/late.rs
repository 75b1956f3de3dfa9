//! Sessions end while something that was said before is still under way: who forgets that believes in them too long.

use std::time::{Duration, Instant};

use fastrand::Rng;
use futures_util::{StreamExt, future::join_all, stream::FuturesUnordered};
use testkit::{
    Of,
    history::{At, Pair, Somebody},
};
use tokio::time::{sleep, sleep_until, timeout};

use crate::house::House;

/// How late news from Redis is: by less than sessions waits for it, and together with Redis' own wait, too.
const NEWS: Duration = Duration::from_millis(600);
/// How late an echo is: by less than that after which guard gives a replica up.
const ECHO: Duration = Duration::from_millis(1600);
/// Time between two pings of guard, and some.
const PINGS: Duration = Duration::from_millis(250);
/// How long after its end a session must not be good any more, at sessions and at guard, and some.
const BOUNDS: (Duration, Duration) = (Duration::from_millis(1050), Duration::from_millis(2050));
/// How long anything is waited for that may not come, for what was before.
const PATIENCE: Duration = Duration::from_secs(2);

type SignedIn<'a> = Vec<(&'a Somebody, Pair)>;

/// What was new when a replica asked is long under way, and what has happened since is not told. Who counts a lease from an
/// answer instead of from its question believes in everybody's sessions too long.
pub(crate) async fn news(house: &House, number: usize, chance: &mut Rng) {
    let (line, elsewhere) = (&house.to_redis[number], At::Sessions(1 - number));
    // Sessions of before are known everywhere by then.
    sleep(BOUNDS.0).await;
    let signed_in = sign_in(house, elsewhere).await;
    line.hold(Of::Followers);
    if let Ok(nothing_new) = timeout(PATIENCE, line.held()).await {
        let answered = Instant::now();
        end(house, elsewhere, &signed_in).await;
        sleep_until((answered + NEWS).into()).await;
        line.pass(nothing_new);
        sleep(Duration::from_millis(chance.u64(800..1200))).await;
    }
    line.heal();
}

/// The same between guard and the replica that it watches. People who wait there for an answer would see too little of it.
pub(crate) async fn echoes(house: &House) {
    let (line, elsewhere) = (&house.to_sessions, At::Sessions(0));
    let signed_in = sign_in(house, elsewhere).await;
    for _ in 0..8 {
        use_all(house, At::Guard, &signed_in).await;
        sleep(PINGS).await;
    }
    line.hold(Of::Everybody);
    sleep(PINGS).await;
    if let Ok(echo) = timeout(PATIENCE, line.held()).await {
        let echoed = Instant::now();
        end(house, elsewhere, &signed_in).await;
        let ended = Instant::now();
        sleep_until((echoed + ECHO).into()).await;
        line.pass(echo);
        let mut uses = FuturesUnordered::new();
        while ended.elapsed() < BOUNDS.1 + NEWS {
            uses.push(use_all(house, At::Guard, &signed_in));
            let _ = timeout(PINGS / 5, async { while uses.next().await.is_some() {} }).await;
            sleep_until((Instant::now() + PINGS / 10).into()).await;
        }
        line.heal();
        while uses.next().await.is_some() {}
    }
    line.heal();
}

/// A replica reads sessions that end while the answer is under way, and hears of the end before it. Who keeps what was read
/// believes in them for a minute.
pub(crate) async fn reads(house: &House, number: usize) {
    let (line, here, elsewhere) = (&house.to_redis[number], At::Sessions(number), At::Sessions(1 - number));
    let signed_in = sign_in(house, elsewhere).await;
    line.hold(Of::Others);
    let uses = async {
        tokio::join!(use_all(house, here, &signed_in), async {
            // Who asks sessions keeps what it is told, too.
            if number == 1 {
                use_all(house, At::Guard, &signed_in).await;
            }
        })
    };
    let meanwhile = async {
        sleep(PINGS / 10).await;
        let read = timeout(PATIENCE, line.held()).await;
        end(house, elsewhere, &signed_in).await;
        let _ = timeout(PATIENCE, line.followed(2)).await;
        let _ = read.map(|read| line.pass(read));
        line.heal();
    };
    tokio::join!(uses, meanwhile);
    sleep(BOUNDS.0).await;
    use_all(house, here, &signed_in).await;
    sleep(BOUNDS.1 - BOUNDS.0).await;
    use_all(house, At::Guard, &signed_in).await;
}

async fn use_all(house: &House, at: At, signed_in: &SignedIn<'_>) {
    join_all(signed_in.iter().map(|(who, pair)| house.world.use_it(at, who, pair))).await;
}

async fn end(house: &House, at: At, signed_in: &SignedIn<'_>) {
    join_all(signed_in.iter().map(|(who, by)| house.world.revoke_all(at, who, by, false))).await;
}

/// Everybody signs in, which may have to be tried again after what was before; nobody where that takes long.
async fn sign_in(house: &House, at: At) -> SignedIn<'_> {
    let signing_in = house.people.iter().map(async |who| {
        let again = async {
            loop {
                match house.world.sign_in(at, who).await {
                    Ok(pair) => return pair,
                    Err(_) => sleep(PINGS / 5).await,
                }
            }
        };
        Some((who, timeout(PATIENCE, again).await.ok()?))
    });
    join_all(signing_in).await.into_iter().flatten().collect()
}
