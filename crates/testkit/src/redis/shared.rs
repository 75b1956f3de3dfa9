//! Servers that the tests of a process share, one test at a time: they take too long to start for each.

use std::{
    sync::{Arc, LazyLock},
    thread,
};

use tokio::{
    runtime,
    sync::{Mutex, OwnedMutexGuard, watch},
};

use super::{RedisCluster, RedisSentinels, Site, cluster, sentinels};

/// Nobody promotes a replica of these, however busy the machine is; in milliseconds.
const NEVER: u32 = 600_000;

/// The Redis Cluster that the tests of this process share: empty, and the caller's own until it is dropped. Who stops or
/// freezes a node starts one of its own, by [`redis_cluster`](super::redis_cluster).
///
/// # Panics
/// When there is no `redis-server` on this machine, or it does not start.
pub async fn shared_redis_cluster() -> OwnedMutexGuard<RedisCluster> {
    static SHARED: LazyLock<Shared<RedisCluster>> =
        LazyLock::new(|| share(async || cluster::launch([Site::HERE; 6], NEVER, None).await));
    let cluster = taken(SHARED.clone()).await;
    cluster.empty().await;
    cluster
}

/// The same with Sentinels: see [`redis_sentinels`](super::redis_sentinels).
///
/// # Panics
/// When there is no `redis-server` on this machine, or it does not start.
pub async fn shared_redis_sentinels() -> OwnedMutexGuard<RedisSentinels> {
    static SHARED: LazyLock<Shared<RedisSentinels>> =
        LazyLock::new(|| share(async || sentinels::launch([Site::HERE; 3], NEVER, None).await));
    let sentinels = taken(SHARED.clone()).await;
    sentinels.empty().await;
    sentinels
}

type Shared<T> = watch::Receiver<Option<Arc<Mutex<T>>>>;

/// Starts servers on a thread and a runtime of their own, since those of the test that came first end with that test.
fn share<T: Send + 'static>(start: impl AsyncFnOnce() -> T + Send + 'static) -> Shared<T> {
    let (started, shared) = watch::channel(None);
    let work = async move || {
        started.send_replace(Some(Arc::new(Mutex::new(start().await))));
        started.closed().await;
    };
    thread::Builder::new()
        .name("testkit-redis".into())
        .spawn(move || {
            let runtime = runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a test can have a runtime").block_on(work());
        })
        .expect("a test can have a thread");
    shared
}

async fn taken<T>(mut shared: Shared<T>) -> OwnedMutexGuard<T> {
    let servers =
        shared.wait_for(Option::is_some).await.expect("the shared Redis starts: its own panic is above");
    let servers = Arc::clone(servers.as_ref().expect("it was waited for"));
    servers.lock_owned().await
}
