//! Sessions end while something that was said before is still under way: who forgets that believes in them too long. They
//! are of people whose sessions nobody else ends. Each answers whether the machine was quick enough to tempt anybody.

use std::time::{Duration, Instant};

use futures_util::{StreamExt, future::join_all, stream::FuturesUnordered};
use testkit::{
    Of, Server,
    history::{At, Pair, Somebody},
};
use tokio::time::{sleep, sleep_until, timeout};

use crate::house::{House, TEMPTED};

/// How late news from Redis is: by less than sessions waits for it, and together with Redis' own wait, too.
const NEWS: Duration = Duration::from_millis(600);
/// How late an echo is: by less than that after which guard gives a replica up, with the time since the echo before.
const ECHO: Duration = Duration::from_millis(1650);
/// Time between two pings of guard, and some.
const PINGS: Duration = Duration::from_millis(250);
/// How long after its end a session must not be good any more, at sessions and at guard, and some.
const BOUNDS: (Duration, Duration) = (Duration::from_millis(1050), Duration::from_millis(2050));
/// How long anything is waited for that may not come, for what was before.
const PATIENCE: Duration = Duration::from_secs(2);
/// How soon after something was said an end must be acknowledged to be outlived by the wrong lease of sessions, and guard.
const SOON: (Duration, Duration) = (Duration::from_millis(400), Duration::from_millis(150));

type SignedIn<'a> = Vec<(&'a Somebody, Pair)>;

/// What was new when a replica asked is long under way, and what has happened since is not told. Who counts a lease from an
/// answer instead of from its question believes in them too long.
pub(crate) async fn news(house: &House, number: usize) -> bool {
    let (line, here, elsewhere) = (&house.to_redis[number], At::Sessions(number), At::Sessions(1 - number));
    let signed_in = known(house, elsewhere, here).await;
    let before = listened(&house.replicas[number]).await;
    line.hold(Of::Followers);
    let Ok(nothing_new) = timeout(PATIENCE, line.held()).await else {
        line.heal();
        return false;
    };
    let answered = Instant::now();
    let ended = end(house, elsewhere, &signed_in).await;
    sleep_until((answered + NEWS).into()).await;
    line.pass(nothing_new);
    let passed = Instant::now();
    use_on(house, here, &signed_in, passed + BOUNDS.0 / 2).await;
    // Later on it may miss what is new after that, which waits as well.
    let believed = listened(&house.replicas[number]).await <= before;
    use_on(house, here, &signed_in, passed + BOUNDS.0).await;
    line.heal();
    believed && ended.is_some_and(|ended| ended < answered + SOON.0)
}

/// The same between guard and the replica that it watches. People who wait there for an answer would see too little of it.
pub(crate) async fn echoes(house: &House) -> bool {
    let (line, elsewhere) = (&house.to_sessions, At::Sessions(0));
    let signed_in = known(house, elsewhere, At::Guard).await;
    let before = listened(&house.accounts).await;
    if !near_at_guard(house, &signed_in).await {
        line.heal();
        return false;
    }
    // People's calls are answered on this line, too: what waits after a while has an echo among it.
    sleep(PINGS).await;
    if let Ok(before_it) = timeout(PATIENCE, line.held()).await {
        line.pass(before_it);
    }
    sleep(PINGS).await;
    let Ok(echo) = timeout(PATIENCE, line.held()).await else {
        line.heal();
        return false;
    };
    let echoed = Instant::now();
    let ended = end(house, elsewhere, &signed_in).await;
    sleep_until((echoed + ECHO).into()).await;
    line.pass(echo);
    use_on(house, At::Guard, &signed_in, Instant::now() + BOUNDS.0).await;
    let believed = listened(&house.accounts).await <= before;
    line.heal();
    believed && ended.is_some_and(|ended| ended < echoed + SOON.1)
}

/// A replica reads sessions that end while the answer is under way, and hears of the end before it. Who keeps what was read
/// believes in them for a minute. What it read of others meanwhile it must have kept: else it did not try.
pub(crate) async fn reads(house: &House, number: usize) -> bool {
    let (line, here, elsewhere) = (&house.to_redis[number], At::Sessions(number), At::Sessions(1 - number));
    let (signed_in, staying) = (sign_in(house, elsewhere).await, sign_in(house, elsewhere).await);
    let before = heard(&house.accounts).await;
    line.hold(Of::Others);
    let uses = async {
        tokio::join!(use_all(house, here, &signed_in), async {
            // Who asks sessions keeps what it is told, too.
            number == 1
                && tokio::join!(use_all(house, At::Guard, &signed_in), use_all(house, At::Guard, &staying),).0
        })
    };
    let meanwhile = async {
        sleep(PINGS / 10).await;
        let read = timeout(PATIENCE, line.held()).await;
        // Once for what was asked before, and once for the end.
        let followed = timeout(PATIENCE, line.followed(2));
        let _ = tokio::join!(end(house, elsewhere, &signed_in), followed);
        let told = heard(&house.accounts).await >= before + f64::from(TEMPTED);
        let _ = read.map(|read| line.pass(read));
        line.heal();
        told
    };
    let ((at_sessions, at_guard), told) = tokio::join!(uses, meanwhile);
    let kept = number == 1 && near_at_guard(house, &staying).await;
    house.to_sessions.heal();
    let asked = Instant::now();
    sleep_until((asked + BOUNDS.0).into()).await;
    use_all(house, here, &signed_in).await;
    sleep_until((asked + BOUNDS.1).into()).await;
    use_all(house, At::Guard, &signed_in).await;
    at_sessions && (number == 0 || at_guard && told && kept)
}

/// Whether guard knows all of them by itself: from now on what it asks sessions is not answered.
async fn near_at_guard(house: &House, signed_in: &SignedIn<'_>) -> bool {
    house.to_sessions.hold(Of::Everybody);
    let uses = signed_in.iter().map(|(who, pair)| house.world.use_it(At::Guard, who, pair));
    let known = timeout(PINGS, join_all(uses)).await.unwrap_or_default();
    !known.is_empty() && known.iter().all(|it| *it == Some(true))
}

/// How often a server has begun to listen to what ends.
async fn listened(server: &Server) -> f64 {
    let metrics = server.metrics().await;
    metrics.sum("fairlead_revocations_connections_total", &[]).unwrap_or_default()
}

/// How many ends it has heard of.
async fn heard(server: &Server) -> f64 {
    server.metrics().await.sum("fairlead_revocations_heard_total", &[]).unwrap_or_default()
}

/// Whether one of them was good.
async fn use_all(house: &House, at: At, signed_in: &SignedIn<'_>) -> bool {
    let uses = signed_in.iter().map(|(who, pair)| house.world.use_it(at, who, pair));
    join_all(uses).await.contains(&Some(true))
}

/// Uses them again and again until then, whether or not the uses before are answered.
async fn use_on(house: &House, at: At, signed_in: &SignedIn<'_>, until: Instant) {
    let mut uses = FuturesUnordered::new();
    while Instant::now() < until {
        uses.push(use_all(house, at, signed_in));
        let _ = timeout(PINGS / 5, async { while uses.next().await.is_some() {} }).await;
        sleep_until((Instant::now() + PINGS / 10).into()).await;
    }
}

/// Ends them one by one: of an account whose sessions have all ended nothing is kept for a while. Answers when the first
/// was acknowledged, if any was.
async fn end(house: &House, at: At, signed_in: &SignedIn<'_>) -> Option<Instant> {
    let ends = signed_in
        .iter()
        .map(async |(who, pair)| house.world.revoke(at, who, pair, pair.session()).await.then(Instant::now));
    join_all(ends).await.into_iter().flatten().min()
}

/// Who is signed in at one place and known near at another, as far as the machine is quick enough.
async fn known(house: &House, at: At, near: At) -> SignedIn<'_> {
    let signed_in = sign_in(house, at).await;
    for _ in 0..5 {
        use_all(house, near, &signed_in).await;
        sleep(PINGS).await;
    }
    signed_in
}

/// Everybody signs in, which may have to be tried again after what was before; nobody where that takes long.
async fn sign_in(house: &House, at: At) -> SignedIn<'_> {
    let signing_in = house.tempted.iter().map(async |who| {
        let again = async {
            loop {
                match house.world.sign_in(at, who).await {
                    Ok(pair) => return pair,
                    Err(_) => sleep(PINGS / 5).await,
                }
            }
        };
        Some((who, timeout(PATIENCE * 5, again).await.ok()?))
    });
    join_all(signing_in).await.into_iter().flatten().collect()
}
