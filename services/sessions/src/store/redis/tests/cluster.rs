//! What holds for a Cluster.

use testkit::{Redis, RedisCluster};
use tokio::task::JoinSet;

use super::{slot::Slot, *};
use crate::store::contract::eventually;

/// An account whose slot the node has that is the master of `slot`.
pub(super) fn account_at(cluster: &RedisCluster, slot: u16) -> AccountId {
    let port = cluster.master(slot).port;
    let mut accounts = std::iter::repeat_with(|| AccountId(Uuid::now_v7()));
    accounts.find(|account| cluster.master(slot_of(*account).0).port == port).unwrap()
}

pub(super) fn slot_of(account: AccountId) -> Slot {
    Slot::of(&keys::index(account))
}

/// A session of an account, kept.
pub(super) async fn kept(store: &RedisStore, account: AccountId) -> Session {
    let (Session { mut record, id }, _) = typical(store).await;
    record.account = account;
    let session = Session { id, record };
    store.insert(&session, 100).await.unwrap();
    session
}

pub(super) async fn is_there(store: &RedisStore, session: &Session) -> Result<bool, Error> {
    Ok(store.read(session.record.account.bucket(), session.id).await?.is_some())
}

#[tokio::test]
async fn where_one_master_is_killed_the_slots_of_the_others_go_on() {
    let cluster = testkit::redis_cluster().await;
    let store = RedisStore::at(&cluster.url);
    let [gone, stays] =
        [kept(&store, account_at(&cluster, 0)).await, kept(&store, account_at(&cluster, 16383)).await];

    cluster.master(0).kill().await;
    assert!(is_there(&store, &gone).await.is_err(), "it is not known, and not gone");
    assert!(is_there(&store, &stays).await.unwrap());
    assert!(store.revoke(stays.record.account, stays.id).await.unwrap());
    store.redis.current().is_there().await.unwrap();

    eventually(async || {
        let found = is_there(&store, &gone).await;
        assert!(!is_there(&store, &stays).await.unwrap());
        assert!(*found.as_ref().unwrap_or(&true), "its replica has it");
        found.is_ok()
    })
    .await;
    eventually(async || store.revoke(gone.record.account, gone.id).await.is_ok()).await;
    assert!(!is_there(&store, &gone).await.unwrap());
}

#[tokio::test]
async fn what_could_not_be_told_is_not_ended() {
    let cluster = testkit::redis_cluster().await;
    let store = RedisStore::at(&cluster.url);
    let session = kept(&store, account_at(&cluster, 0)).await;
    let account = session.record.account;

    cluster.master(feed::slot().0).kill().await;
    assert!(store.revoke(account, session.id).await.is_err());
    let rotated = Record { user_agent: "rotated".to_owned(), ..session.record.clone() };
    assert!(store.rotate(session.id, &session.record, &rotated).await.is_err());
    let (found, _) = store.read(account.bucket(), session.id).await.unwrap().unwrap();
    assert_eq!(found, session.record);

    eventually(async || store.revoke(account, session.id).await.is_ok()).await;
    let mut listening = store.listen().await.unwrap();
    store.announce(&[account.ended(None)]).await.unwrap();
    assert_eq!(listening.next().await.unwrap().revocations, [account.ended(None)]);
}

#[tokio::test]
async fn an_end_that_a_replica_does_not_have_is_not_acknowledged_until_the_cluster_gives_the_replica_up() {
    let cluster = testkit::redis_cluster().await;
    let store = RedisStore::at(&cluster.url);
    for of in [0, feed::slot().0] {
        let session = kept(&store, account_at(&cluster, 0)).await;

        cluster.replica(of).freeze().await;
        let refused = store.revoke(session.record.account, session.id).await.unwrap_err();

        let Error::Store(why) = refused else { panic!("{refused:?}") };
        assert_eq!(why.to_string(), "0 of 1 replicas have acknowledged what was written");
        eventually(async || store.revoke(session.record.account, session.id).await.is_ok()).await;
        cluster.replica(of).thaw().await;
        cluster.master(of).says("CLUSTER NODES", "slave").await;
        eventually(async || store.revoke(session.record.account, session.id).await.is_ok()).await;
    }
}

#[tokio::test]
async fn a_cluster_that_is_not_all_right_is_not_there_and_says_why() {
    let cluster = testkit::redis_cluster().await;
    let store = RedisStore::at(&cluster.url);
    store.redis.current().is_there().await.unwrap();

    for slot in [0, 16383] {
        cluster.replica(slot).kill().await;
        cluster.master(slot).kill().await;
    }

    let mut told = String::new();
    eventually(async || match store.redis.current().is_there().await {
        Ok(()) => false,
        Err(reason) => {
            told = reason;
            told.contains("cluster_state")
        }
    })
    .await;
    assert!(told.contains("cluster_state is fail"), "{told}");
}

#[tokio::test]
async fn whoever_finds_no_line_to_the_feed_has_ended_nothing() {
    let cluster = testkit::redis_cluster().await;
    let store = Arc::new(RedisStore::at(&cluster.url));
    let mut sessions = Vec::new();
    for _ in 0..32 {
        for at in [0, 16383] {
            sessions.push(kept(&store, account_at(&cluster, at)).await);
        }
    }

    // What is told then keeps its line for as long as it waits for the replica; and there are fewer to the feed's master
    // than to both others.
    cluster.replica(feed::slot().0).freeze().await;
    let mut ending = JoinSet::new();
    for session in sessions {
        let store = Arc::clone(&store);
        ending.spawn(async move { (store.revoke(session.record.account, session.id).await, session) });
    }
    let (mut told, mut refused) = (0, 0);
    for (ended, session) in ending.join_all().await {
        let Err(Error::Store(why)) = ended else { panic!("{ended:?}") };
        let is_there = is_there(&store, &session).await.unwrap();
        match &*why.to_string() {
            "0 of 1 replicas have acknowledged what was written" => told += 1,
            "no connection to redis" => {
                assert!(is_there, "it has ended, and could not be told");
                refused += 1;
            }
            other => panic!("{other}"),
        }
    }

    assert!(told > 0 && refused > 0, "{told} were told, {refused} refused");
}

/// How many keys a server was told to set.
async fn set(redis: &Redis) -> u64 {
    let stats = redis.ask("INFO commandstats").await.unwrap();
    let line = stats.lines().find_map(|line| line.strip_prefix("cmdstat_set:calls="));
    line.map_or(0, |line| line.split(',').next().unwrap().parse().unwrap())
}

#[tokio::test]
async fn an_end_that_finds_nothing_writes_something_that_the_replica_can_acknowledge() {
    let cluster = testkit::shared_redis_cluster().await;
    let store = RedisStore::at(&cluster.url);
    let Session { id, record } = kept(&store, account_at(&cluster, 0)).await;
    let (account, replica) = (record.account, cluster.replica(0));
    assert!(store.revoke(account, id).await.unwrap());

    let before = set(replica).await;
    assert!(!store.revoke(account, id).await.unwrap());
    assert_eq!(set(replica).await, before + 1);
    assert_eq!(store.revoke_account(account, None, None).await.unwrap(), Some(Vec::new()));
    assert_eq!(set(replica).await, before + 2);
    store.announce(&[id.ended(account)]).await.unwrap();
    assert_eq!(set(replica).await, before + 3);

    // Of which nothing stays.
    cluster.master(0).says("DBSIZE", "0").await;
}

#[tokio::test]
async fn whoever_asks_again_for_an_end_that_no_replica_has_is_not_told_that_it_is_done() {
    let cluster = testkit::redis_cluster().await;
    let [here, there] = [RedisStore::at(&cluster.url), RedisStore::at(&cluster.url)];
    let Session { id, record: Record { account, .. } } = kept(&here, account_at(&cluster, 0)).await;
    let known = kept(&there, account_at(&cluster, 16383)).await;
    assert!(is_there(&there, &known).await.unwrap());

    cluster.replica(0).freeze().await;
    here.revoke(account, id).await.unwrap_err();
    let ended = [id.ended(account)];
    // At once: a replica that is silent for long is given up, and waited for no more.
    let (one, all, told) = tokio::join!(
        there.revoke(account, id),
        there.revoke_account(account, None, None),
        there.announce(&ended)
    );

    assert_eq!([one.is_err(), all.is_err(), told.is_err()], [true; 3], "{one:?} {all:?} {told:?}");
}
