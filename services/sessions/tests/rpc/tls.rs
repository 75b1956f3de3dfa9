//! Redis over TLS, whatever kind it is, with a CA and users of its own.

use std::time::{Duration, Instant};

use proto::sessions::v1::{RevokeSessionRequest, Session, Tokens};
use redis::{Connection, cmd};
use sessions::Config;
use testkit::{Redis, RedisTls};
use tonic::Code;

use crate::{
    accounts::PASSWORD,
    suite::{Suite, assert_refused, bearer},
};

/// What the user of the documentation may do, and no more.
const MAY: [&str; 6] = ["~*", "&*", "+@all", "-@admin", "-@dangerous", "+info"];

/// Lets a user in at all of these, with the password `word`.
fn let_in(servers: &[Redis], user: &str, may: &[&str]) {
    for server in servers {
        cmd("ACL").arg(&["SETUSER", user, "on", ">word"]).arg(may).exec(&mut admin(server)).unwrap();
    }
}

fn admin(server: &Redis) -> Connection {
    redis::Client::open(&*server.url).unwrap().get_connection().unwrap()
}

/// Where the connections of a user arrive: their ports.
fn ports(servers: &[Redis], user: &str) -> Vec<u16> {
    let user = format!(" user={user} ");
    let mut ports = Vec::new();
    for server in servers {
        let list: String = cmd("CLIENT").arg("LIST").query(&mut admin(server)).unwrap();
        for line in list.lines().filter(|line| line.contains(&user)) {
            let here = line.split(' ').find_map(|field| field.strip_prefix("laddr=127.0.0.1:")).unwrap();
            ports.push(here.parse().unwrap());
        }
    }
    ports
}

async fn suite(url: &str, ca: &RedisTls) -> Suite {
    let mut config = Config::default();
    config.redis.ca = Some(ca.ca());
    // It is tried again and again until a master is there.
    config.rules.throttle.free_attempts = 60_000;
    config.rules.throttle.account_per_hour = 60_000;
    config.rules.throttle.address_per_minute = 60_000;
    Suite::in_redis_under(config, url.to_owned().into()).await
}

/// Uses it as soon as it can be used.
async fn is_used(suite: &Suite) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while let Err(status) = suite.try_sign_in(PASSWORD).await {
        assert_eq!(status.code(), Code::Unavailable, "{status:?}");
        assert!(Instant::now() < deadline, "{status:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let (Session { session_id, .. }, tokens): (_, Tokens) = suite.sign_in().await;
    suite.validate(&tokens.session_token).await.unwrap();
    let revoke = RevokeSessionRequest { session_id, ..Default::default() };
    suite.client().revoke_session(bearer(&tokens, revoke)).await.unwrap();
    assert_eq!(suite.validate(&tokens.session_token).await.unwrap_err().code(), Code::Unauthenticated);
}

#[tokio::test]
async fn sentinels_and_their_servers_are_spoken_to_over_tls_by_users_of_their_own() {
    let tls = RedisTls::make();
    let set = testkit::redis_sentinels_over(&tls).await;
    let_in(&set.servers, "sessions", &MAY);
    let_in(&set.sentinels, "watcher", &["+sentinel"]);
    let url = set.url.replace("://", "://sessions:word@") + "?sentinel_user=watcher&sentinel_password=word";

    let suite = suite(&url, &tls).await;
    is_used(&suite).await;

    for (servers, user) in [(&set.servers, "sessions"), (&set.sentinels, "watcher")] {
        let ports = ports(servers, user);
        let plain = |port: &u16| servers.iter().any(|server| server.port == *port);
        assert!(!ports.is_empty() && !ports.iter().any(plain), "{user}: {ports:?}");
    }
    let first = set.servers[0].port;
    set.servers[0].kill().await;
    assert_ne!(set.promoted().await.port, first);
    is_used(&suite).await;
}

#[tokio::test]
async fn the_nodes_of_a_cluster_are_spoken_to_over_tls_by_a_user_of_their_own() {
    let tls = RedisTls::make();
    let cluster = testkit::redis_cluster_over(&tls).await;
    let_in(&cluster.nodes, "sessions", &MAY);
    let url = cluster.url.replace("://", "://sessions:word@");

    let suite = suite(&url, &tls).await;
    is_used(&suite).await;

    let ports = ports(&cluster.nodes, "sessions");
    let plain = |port: &u16| cluster.nodes.iter().any(|node| node.port == *port);
    assert!(!ports.is_empty() && !ports.iter().any(plain), "{ports:?}");
    cluster.nodes[0].kill().await;
    is_used(&suite).await;
}

#[tokio::test]
async fn a_redis_whose_certificate_nobody_signed_that_is_trusted_is_told_nothing() {
    let (tls, other) = (RedisTls::make(), RedisTls::make());
    let cluster = testkit::redis_cluster_over(&tls).await;

    let trusts_another = suite(&cluster.url, &other).await;
    let trusts_the_public = Suite::in_redis_at(cluster.url.clone().into()).await;

    is_used(&suite(&cluster.url, &tls).await).await;
    for suite in [trusts_another, trusts_the_public] {
        assert_refused(suite.try_sign_in(PASSWORD).await, Code::Unavailable, "STORE_UNAVAILABLE");
    }
}
