//! A password that is changed in Redis, then where it is mounted.

use std::time::Duration;

use common::config::Secret;
use proto::sessions::v1::{ListSessionsRequest, Tokens};
use redis::{Connection, cmd};
use testkit::{Redis, Volume};
use tokio::time::{Instant, sleep};

use crate::suite::{Suite, bearer};

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_password_fails_no_call_and_replaces_every_connection() {
    let mut mounted = Mounted::start().await;
    let suite = mounted.suite().await;
    let (_, tokens) = suite.sign_in().await;

    mounted.change_password("second");
    call(&suite, &tokens).await;
    let newest = mounted.connections().into_iter().max().unwrap();
    mounted.volume.swap(&[("url", &mounted.url_with("second"))]);
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        call(&suite, &tokens).await;
        if mounted.connections().into_iter().all(|connection| connection > newest) {
            break;
        }
        assert!(Instant::now() < deadline, "old connections are still in use");
    }

    call(&suite, &tokens).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_broken_or_does_not_work_leaves_the_old_one_in_use() {
    let mut mounted = Mounted::start().await;
    let suite = mounted.suite().await;
    let (_, tokens) = suite.sign_in().await;

    for broken in ["no address".to_owned(), mounted.url_with("wrong")] {
        mounted.volume.swap(&[("url", &broken)]);
        // The file is looked at every 50 ms, and there is nothing to be seen from outside when it is refused.
        let until = Instant::now() + Duration::from_millis(700);
        while Instant::now() < until {
            call(&suite, &tokens).await;
            sleep(Duration::from_millis(10)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_rotated_at_every_server_that_may_be_asked() {
    let (set, cluster) = tokio::join!(testkit::redis_sentinels(), testkit::redis_cluster());
    for (url, servers) in [(&set.url, &set.servers), (&cluster.url, &cluster.nodes)] {
        let connect = |server: &Redis| redis::Client::open(&*server.url).unwrap().get_connection().unwrap();
        let mut admins: Vec<Connection> = servers.iter().map(connect).collect();
        let mut everywhere = |what: &str| {
            for admin in &mut admins {
                // What the user of the documentation may do, and no more.
                let may = ["~*", "&*", "+@all", "-@admin", "-@dangerous", "+info"];
                cmd("ACL").arg(&["SETUSER", "sessions", "on", what]).arg(&may).exec(admin).unwrap();
            }
        };
        let url_with = |password: &str| url.replace("://", &format!("://sessions:{password}@"));
        everywhere(">first");
        let mut volume = Volume::mount(&[("url", &url_with("first"))]);
        let suite = Suite::in_redis_at(Secret::read(&volume.path("url")).unwrap()).await;
        let (_, tokens) = suite.sign_in().await;

        everywhere(">second");
        volume.swap(&[("url", &url_with("second"))]);
        let deadline = Instant::now() + Duration::from_secs(20);
        // Who has taken the second is let in when the first is not valid any more and everybody has to come again.
        while !everybody_came_again(servers, &suite, &tokens).await {
            everywhere("<first");
            assert!(Instant::now() < deadline, "the first password is still in use");
        }

        call(&suite, &tokens).await;
    }
}

/// Cuts all connections of the service, and tells whether it is let in again.
async fn everybody_came_again(servers: &[Redis], suite: &Suite, tokens: &Tokens) -> bool {
    for server in servers {
        server.ask("CLIENT KILL USER sessions").await.unwrap();
    }
    sleep(Duration::from_millis(100)).await;
    let list = ListSessionsRequest { account_id: suite.account_id.clone(), ..ListSessionsRequest::default() };
    suite.client().list_sessions(bearer(tokens, list)).await.is_ok()
}

/// One call over the shared connection, and one over the pool.
async fn call(suite: &Suite, tokens: &Tokens) {
    suite.validate(&tokens.session_token).await.unwrap();
    let list = ListSessionsRequest { account_id: suite.account_id.clone(), ..ListSessionsRequest::default() };
    suite.client().list_sessions(bearer(tokens, list)).await.unwrap();
}

/// A Redis that wants a password, and the volume that holds its address.
struct Mounted {
    redis: Redis,
    admin: Connection,
    volume: Volume,
}

impl Mounted {
    async fn start() -> Self {
        let redis = testkit::redis().await;
        let admin = redis::Client::open(&*redis.url).unwrap().get_connection().unwrap();
        let mut this = Self { redis, admin, volume: Volume::mount(&[("url", "")]) };
        this.change_password("first");
        let url = this.url_with("first");
        this.volume.swap(&[("url", &url)]);
        this
    }

    async fn suite(&self) -> Suite {
        Suite::in_redis_at(Secret::read(&self.volume.path("url")).unwrap()).await
    }

    fn url_with(&self, password: &str) -> String {
        self.redis.url.replace("redis://", &format!("redis://:{password}@"))
    }

    fn change_password(&mut self, password: &str) {
        cmd("CONFIG").arg(&["SET", "requirepass", password]).exec(&mut self.admin).unwrap();
    }

    /// The numbers of everybody's connections but this one's, in the order in which they were made.
    fn connections(&mut self) -> Vec<u64> {
        let mine: u64 = cmd("CLIENT").arg("ID").query(&mut self.admin).unwrap();
        let list: String = cmd("CLIENT").arg("LIST").query(&mut self.admin).unwrap();
        let numbers =
            list.lines().filter_map(|line| line.strip_prefix("id=")?.split(' ').next()?.parse().ok());
        numbers.filter(|number| *number != mine).collect()
    }
}
