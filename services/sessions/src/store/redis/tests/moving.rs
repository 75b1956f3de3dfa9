//! What holds while slots of a Cluster move from one master to another.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};

use ::redis::Connection;
use testkit::{Redis, RedisCluster};

use super::{
    cluster::{account_at, is_there, kept, slot_of},
    slot::Slot,
    *,
};
use crate::store::contract::eventually;

/// A slot that an operator moves from its master to another.
struct Move {
    slot: u16,
    from: Connection,
    to: Connection,
    /// What the other master is called, and its port.
    towards: (String, u16),
    /// All masters.
    masters: Vec<Connection>,
}

impl Move {
    /// Opens the slot at both ends: from now on each key may be here or there.
    async fn begin(cluster: &RedisCluster, slot: Slot, to: &Redis) -> Self {
        let connect = |node: &Redis| ::redis::Client::open(&*node.url).unwrap().get_connection().unwrap();
        let from = cluster.master(slot.0);
        let (from_id, to_id) =
            (from.ask("CLUSTER MYID").await.unwrap(), to.ask("CLUSTER MYID").await.unwrap());
        let masters = cluster.nodes[..3].iter().map(connect).collect();
        let (from, towards, to) = (connect(from), (to_id, to.port), connect(to));
        let mut this = Self { slot: slot.0, from, to, towards, masters };
        set(&mut this.to, slot.0, &["IMPORTING", &from_id]);
        set(&mut this.from, slot.0, &["MIGRATING", &this.towards.0]);
        this
    }

    /// Moves one key.
    fn key(&mut self, key: &[u8]) {
        let mut migrate = ::redis::cmd("MIGRATE");
        migrate.arg("127.0.0.1").arg(self.towards.1).arg(key).arg(0).arg(5000).exec(&mut self.from).unwrap();
    }

    /// Moves the rest of the keys, and closes the slot at both ends, the new one first.
    fn end(mut self) {
        let mut all = ::redis::cmd("CLUSTER");
        let all: Vec<Vec<u8>> =
            all.arg("GETKEYSINSLOT").arg(self.slot).arg(1000).query(&mut self.from).unwrap();
        for key in all {
            self.key(&key);
        }
        let Self { slot, to, towards: (id, _), masters, .. } = &mut self;
        set(to, *slot, &["NODE", id]);
        for master in masters {
            set(master, *slot, &["NODE", id]);
        }
    }
}

fn set(master: &mut Connection, slot: u16, what: &[&str]) {
    ::redis::cmd("CLUSTER").arg("SETSLOT").arg(slot).arg(what).exec(master).unwrap();
}

#[tokio::test]
async fn a_slot_that_moves_fails_no_call_and_signs_nobody_out() {
    let cluster = testkit::redis_cluster().await;
    let store = RedisStore::at(&cluster.url);
    let account = account_at(&cluster, 0);
    let [read, replaced, revoked] =
        [kept(&store, account).await, kept(&store, account).await, kept(&store, account).await];
    let mut moving = Move::begin(&cluster, slot_of(account), cluster.master(16383)).await;

    moving.key(&keys::session(account.bucket(), replaced.id));
    assert!(is_there(&store, &read).await.unwrap(), "a key that has not moved yet");
    assert!(is_there(&store, &replaced).await.unwrap(), "a key that has moved");
    let changed = Record { user_agent: "changed".to_owned(), ..replaced.record.clone() };
    assert!(store.replace(replaced.id, &replaced.record, &changed).await.unwrap());
    let (ended, begun, ()) = tokio::join!(store.revoke(account, revoked.id), kept(&store, account), async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        moving.end();
    });

    assert!(ended.unwrap());
    assert!(!is_there(&store, &revoked).await.unwrap());
    for session in [&read, &replaced, &begun] {
        assert!(is_there(&store, session).await.unwrap());
    }
    assert_eq!(store.list(account).await.unwrap().len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slots_that_move_under_load_fail_no_call() {
    let cluster = testkit::redis_cluster().await;
    let store = Arc::new(RedisStore::at(&cluster.url));
    let (rounds, done) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicBool::new(false)));
    let mut accounts: Vec<_> = (0..40).map(|_| account_at(&cluster, 0)).collect();
    accounts.sort_by_key(|account| slot_of(*account).0);
    accounts.dedup_by_key(|account| slot_of(*account).0);
    let mut users = tokio::task::JoinSet::new();
    for some in accounts.chunks(10) {
        users.spawn(use_until(Arc::clone(&store), some.to_vec(), Arc::clone(&rounds), Arc::clone(&done)));
    }

    for account in &accounts {
        let moving = Move::begin(&cluster, slot_of(*account), cluster.master(16383)).await;
        let before = rounds.load(Relaxed);
        eventually(async || rounds.load(Relaxed) > before + 2 || users.try_join_next().is_some()).await;
        moving.end();
    }
    done.store(true, Relaxed);

    users.join_all().await;
    let last = rounds.load(Relaxed);
    eprintln!("{last} rounds of calls while {} slots moved", accounts.len());
}

/// Begins, reads, changes and ends sessions of accounts; nothing of it may fail. Counts how often.
async fn use_until(
    store: Arc<RedisStore>,
    accounts: Vec<AccountId>,
    rounds: Arc<AtomicU32>,
    done: Arc<AtomicBool>,
) {
    let mut stay = Vec::new();
    for account in &accounts {
        stay.push(kept(&store, *account).await);
    }
    for stays in stay.iter().cycle().take_while(|_| !done.load(Relaxed)) {
        let account = stays.record.account;
        let Session { id, record } = kept(&store, account).await;
        let changed = Record { user_agent: "changed".to_owned(), ..record.clone() };
        assert!(store.replace(id, &record, &changed).await.unwrap());
        assert_eq!(store.list(account).await.unwrap().len(), 2);
        assert!(store.revoke(account, id).await.unwrap());
        assert!(!is_there(&store, &Session { id, record }).await.unwrap());
        assert!(is_there(&store, stays).await.unwrap());
        rounds.fetch_add(1, Relaxed);
    }
}

#[tokio::test]
async fn sessions_that_are_on_their_way_to_another_master_are_not_taken_for_gone() {
    let cluster = testkit::redis_cluster().await;
    let store = RedisStore::at(&cluster.url);
    let account = account_at(&cluster, 0);
    store.revoke_account(account, None, Some(Epoch::new(1).unwrap())).await.unwrap();
    let [here, there] = [kept(&store, account).await, kept(&store, account).await];
    let mut moving = Move::begin(&cluster, slot_of(account), cluster.master(16383)).await;

    // What a script is told of is there already, what it finds by itself is not all there.
    moving.key(&keys::session(account.bucket(), there.id));
    moving.key(&keys::index(account));
    moving.key(&keys::floor(account));
    assert!(store.list(account).await.is_err());
    assert!(store.revoke_account(account, None, Some(Epoch::new(2).unwrap())).await.is_err());
    moving.end();

    let mut listed: Vec<_> = store.list(account).await.unwrap().iter().map(|session| session.id).collect();
    listed.sort();
    assert_eq!(listed, [here.id, there.id]);
    let ended = store.revoke_account(account, None, Some(Epoch::new(2).unwrap())).await.unwrap();
    assert_eq!(ended.map(|ended| ended.len()), Some(2));
    assert!(!is_there(&store, &here).await.unwrap() && !is_there(&store, &there).await.unwrap());
}

#[tokio::test]
async fn whoever_listens_follows_the_feed_to_another_master() {
    let cluster = testkit::redis_cluster().await;
    let store = RedisStore::at(&cluster.url);
    let (before, after) = (AccountId(Uuid::now_v7()).ended(None), AccountId(Uuid::now_v7()).ended(None));
    store.announce(&[before]).await.unwrap();
    let mut listening = store.listen().await.unwrap();

    Move::begin(&cluster, feed::slot(), cluster.master(0)).await.end();

    while listening.next().await.is_ok() {}
    eventually(async || match store.listen().await {
        Ok(anew) => {
            listening = anew;
            true
        }
        Err(_) => false,
    })
    .await;
    store.announce(&[after]).await.unwrap();
    assert_eq!(listening.next().await.unwrap().revocations, [after]);
}

#[tokio::test]
async fn a_slot_that_has_moved_is_found_where_nodes_name_no_hosts() {
    let cluster = testkit::redis_cluster().await;
    for node in &cluster.nodes {
        node.ask("CONFIG SET cluster-preferred-endpoint-type unknown-endpoint").await.unwrap();
    }
    let store = RedisStore::at(&cluster.url);
    let account = account_at(&cluster, 0);
    let session = kept(&store, account).await;

    Move::begin(&cluster, slot_of(account), cluster.master(16383)).await.end();

    assert!(is_there(&store, &session).await.unwrap());
    assert!(store.revoke(account, session.id).await.unwrap());
}
