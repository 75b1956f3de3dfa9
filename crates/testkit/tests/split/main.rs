//! A network that falls in two: on one side a master of Redis and a replica of sessions, on the other all the rest. The
//! rest promotes another master and ends sessions, which the others have yet to notice.
//!
//! These tests need a network of their own: `make test-network` runs them in one.

mod house;
mod judge;
mod sides;

use std::time::Duration;

use testkit::{Machine, history::now};

use crate::{
    house::House,
    sides::{Here, There},
};

/// How long after its acknowledged end a session may be used on the other side: until that notices that its master was
/// replaced (Cluster: the node timeout; Sentinel: how long their word is good), and the lease of a near cache.
const BOUND: u64 = 2_000_000_000 + 1_000_000_000;
/// The slot of the feed in a Cluster, and one that another master has.
const FEED: u16 = 10721;
const NO_FEED: u16 = 0;

#[tokio::test]
#[ignore = "needs a network of its own: make test-network"]
async fn a_master_under_sentinels_that_is_cut_off_with_a_replica_is_believed_for_the_stated_bound() {
    let machine = Machine::new();
    let set = testkit::redis_sentinels_split(&machine).await;
    let followed = async || set.servers[0].says("INFO replication", "master_link_status:up").await;
    holds(&machine, &set.url, followed).await;
}

#[tokio::test]
#[ignore = "needs a network of its own: make test-network"]
async fn the_feeds_master_in_a_cluster_that_is_cut_off_with_a_replica_is_believed_for_the_stated_bound() {
    let machine = Machine::new();
    let cluster = testkit::redis_cluster_split(&machine, FEED).await;
    let followed = async || cluster.master(FEED).says("INFO replication", "master_link_status:up").await;
    holds(&machine, &cluster.url, followed).await;
}

#[tokio::test]
#[ignore = "needs a network of its own: make test-network"]
async fn any_master_in_a_cluster_that_is_cut_off_with_a_replica_is_believed_for_the_stated_bound() {
    let machine = Machine::new();
    let cluster = testkit::redis_cluster_split(&machine, NO_FEED).await;
    let followed = async || cluster.master(NO_FEED).says("INFO replication", "master_link_status:up").await;
    holds(&machine, &cluster.url, followed).await;
}

/// Cuts the machine off, ends sessions here that are used there, and heals the network; `followed` waits until the old
/// master has taken the new one for its own.
async fn holds(machine: &Machine, redis: &str, followed: impl AsyncFnOnce()) {
    let house = House::split(machine, redis).await;
    let here = Here::sign_in(&house).await;
    let there = There::use_all(machine, &here.sessions).await;

    machine.cut();
    let cut = now();
    there.try_to_end();
    here.end(Duration::from_nanos(BOUND)).await;
    let healed = now();
    machine.join();
    followed().await;
    let there = there.leave().await;

    let ends = here.acknowledged();
    assert!(ends.len() * 2 > here.sessions.ended.len(), "{} ends were acknowledged", ends.len());
    let seen = judge::Seen { there: &there, ends: &ends, apart: cut..healed };
    seen.outlives_no_end();
    seen.has_ended_what_was_ended();
    seen.has_acknowledged_nothing_alone();
    for signed_in in &here.sessions.stay {
        seen.has_kept(signed_in.session());
    }
}
