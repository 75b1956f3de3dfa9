//! What holds where Sentinels name the master.

use testkit::RedisSentinels;

use super::*;
use crate::store::contract::eventually;

/// Runs a command at a server, as an operator would.
fn run(url: &str, arguments: &[&[u8]]) {
    let mut connection = ::redis::Client::open(url).unwrap().get_connection().unwrap();
    ::redis::cmd(str::from_utf8(arguments[0]).unwrap()).arg(&arguments[1..]).exec(&mut connection).unwrap();
}

async fn replicas(set: &RedisSentinels, does: impl AsyncFn(&testkit::Redis)) {
    for replica in &set.servers[1..] {
        does(replica).await;
    }
}

#[tokio::test]
async fn whoever_listens_begins_anew_after_a_failover_to_a_feed_that_is_behind() {
    let set = testkit::redis_sentinels().await;
    let store = RedisStore::at(&set.url);
    let mut listening = store.listen().await.unwrap();
    replicas(&set, async |replica| replica.kill().await).await;
    // Told by a master whose clock is far ahead, and heard by no replica.
    let account = AccountId(Uuid::now_v7());
    let packed = [&[2], &account.0.as_bytes()[..]].concat();
    run(
        &set.servers[0].url,
        &[b"XADD", keys::FEED.as_bytes(), b"99999999999999-0", b"n", b"1", b"e", &packed],
    );
    assert_eq!(listening.next().await.unwrap().revocations, [account.ended(None)]);

    set.servers[0].kill().await;
    replicas(&set, async |replica| replica.start().await).await;
    set.promoted().await;

    while listening.next().await.is_ok() {}
    eventually(async || match store.listen().await {
        Ok(anew) => {
            listening = anew;
            true
        }
        Err(_) => false,
    })
    .await;
    let after = AccountId(Uuid::now_v7()).ended(None);
    eventually(async || store.announce(&[after]).await.is_ok()).await;
    let mut heard = Vec::new();
    eventually(async || {
        heard.extend(listening.next().await.unwrap().revocations);
        !heard.is_empty()
    })
    .await;
    assert!(heard.iter().all(|end| *end == after), "{heard:?}");
}

#[tokio::test]
async fn an_end_that_half_the_replicas_do_not_have_is_not_acknowledged_until_they_are_given_up() {
    let set = testkit::redis_sentinels().await;
    let store = RedisStore::at(&set.url);
    let (session, _) = typical(&store).await;
    let account = session.record.account;
    store.insert(&session, 100).await.unwrap();

    set.servers[1].freeze().await;
    store.revoke_account(account, None, None).await.unwrap();
    set.servers[2].freeze().await;
    let refused = store.revoke_account(account, None, None).await.unwrap_err();

    let Error::Store(why) = refused else { panic!("{refused:?}") };
    assert_eq!(why.to_string(), "0 of 1 replicas have acknowledged what was written");
    eventually(async || store.revoke_account(account, None, None).await.is_ok()).await;
}

#[tokio::test]
async fn a_master_that_most_sentinels_do_not_confirm_is_not_used_for_long() {
    let set = testkit::redis_sentinels().await;
    let store = RedisStore::at(&set.url);
    let bucket = AccountId(Uuid::now_v7()).bucket();
    store.now(bucket).await.unwrap();

    set.sentinels[0].kill().await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    store.now(bucket).await.unwrap();
    set.sentinels[1].kill().await;

    eventually(async || store.now(bucket).await.is_err()).await;
    let mut listening = store.listen().await;
    assert!(listening.is_err(), "nothing is believed of such a master");
    let told = store.redis.current().is_there().await.unwrap_err();
    assert!(told.contains("1 of 3 sentinels agree"), "{told}");
    set.sentinels[1].start().await;
    eventually(async || store.now(bucket).await.is_ok()).await;
    eventually(async || {
        listening = store.listen().await;
        listening.is_ok()
    })
    .await;
}
