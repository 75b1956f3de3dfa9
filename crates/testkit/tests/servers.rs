//! The servers that tests get.

use std::{io, path::PathBuf, time::Duration};

use sqlx::{Connection, Executor, PgConnection};
use testkit::{Binary, Redis, Server, Signal};
use tokio::{
    fs,
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    time::timeout,
};

/// Long enough for anything that is going to happen.
const SOON: Duration = Duration::from_secs(10);
/// Long enough to see that nothing happens.
const A_MOMENT: Duration = Duration::from_millis(200);

#[tokio::test]
async fn each_test_has_an_empty_database_of_its_own() {
    let (mine, other) = (testkit::postgres().await, testkit::postgres().await);

    let mut connection = PgConnection::connect(&mine.url).await.unwrap();
    connection.execute("create table mine (id int)").await.unwrap();

    let mut connection = PgConnection::connect(&other.url).await.unwrap();
    let tables: i64 = sqlx::query_scalar("select count(*) from pg_tables where schemaname = 'public'")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(tables, 0);
}

#[tokio::test]
async fn a_dropped_database_is_gone_though_somebody_is_connected() {
    let (gone, witness) = (testkit::postgres().await, testkit::postgres().await);
    let mut connection = PgConnection::connect(&gone.url).await.unwrap();

    drop(gone);
    // Orders are worked off one after another: when the next one is done, the drop is.
    let _next = testkit::postgres().await;

    assert!(connection.ping().await.is_err());
    let mut connection = PgConnection::connect(&witness.url).await.unwrap();
    connection.ping().await.unwrap();
}

#[tokio::test]
async fn a_stopped_postgres_refuses_and_comes_back_with_its_rows() {
    let server = testkit::postgres_server().await;
    let mut connection = PgConnection::connect(&server.url).await.unwrap();
    connection.execute("create table kept as select 7 as number").await.unwrap();

    server.stop().await;
    let stopped = PgConnection::connect(&server.url).await;
    server.start().await;

    assert!(stopped.is_err());
    let mut connection = PgConnection::connect(&server.url).await.unwrap();
    let number: i32 = sqlx::query_scalar("select number from kept").fetch_one(&mut connection).await.unwrap();
    assert_eq!(number, 7);
}

#[tokio::test]
async fn a_frozen_postgres_does_not_answer_even_on_an_open_connection() {
    let server = testkit::postgres_server().await;
    let mut connection = PgConnection::connect(&server.url).await.unwrap();

    server.freeze().await;
    let mut ping = Box::pin(connection.ping());
    let frozen = timeout(A_MOMENT, &mut ping).await;
    server.thaw().await;

    assert!(frozen.is_err());
    timeout(SOON, ping).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_stopped_redis_refuses_and_comes_back_with_its_keys() {
    let redis = testkit::redis().await;
    assert_eq!(ask(&redis.url, "set key value").await.unwrap(), "+OK");

    redis.stop().await;
    let stopped = ask(&redis.url, "get key").await;
    redis.start().await;

    assert!(stopped.is_err());
    assert_eq!(ask(&redis.url, "exists key").await.unwrap(), ":1");
}

#[tokio::test]
async fn a_frozen_redis_does_not_answer() {
    let redis = testkit::redis().await;

    redis.freeze().await;
    let frozen = timeout(A_MOMENT, ask(&redis.url, "ping")).await;
    redis.thaw().await;

    assert!(frozen.is_err());
    assert_eq!(ask(&redis.url, "ping").await.unwrap(), "+PONG");
}

#[tokio::test]
async fn a_redis_keeps_what_it_is_told_and_evicts_nothing() {
    let redis = testkit::redis().await;

    // A line for the array, then two for each string: its length and itself.
    let settings = lines(&redis.url, "config get appendonly maxmemory-policy", 9).await.unwrap();

    assert!(settings.contains("appendonly $3 yes"), "{settings}");
    assert!(settings.contains("maxmemory-policy $10 noeviction"), "{settings}");
}

#[tokio::test]
async fn where_a_dropped_binary_listened_another_may_at_once() {
    let server = Server::start("test-service", &[]);
    server.ready().await;
    let (grpc, admin) = (server.grpc, server.admin);

    drop(server);

    TcpListener::bind(grpc).await.unwrap();
    TcpListener::bind(admin).await.unwrap();
}

#[tokio::test]
async fn replicas_follow_a_master_from_the_start() {
    let follow = async |master: &Redis, replicas| {
        let commands = format!("flushall\r\nwait {replicas} 100");
        assert_eq!(lines(&master.url, &commands, 2).await.unwrap(), format!("+OK :{replicas}"));
    };

    let set = testkit::redis_sentinels().await;
    follow(&set.servers[0], 2).await;
    let cluster = testkit::redis_cluster().await;
    follow(&cluster.nodes[0], 1).await;
}

#[tokio::test]
async fn servers_end_with_a_test_process_that_is_killed() {
    let holder = Binary::start("hold-servers", &[], &[]);
    let line = holder.line(serde_json::Value::is_object).await;
    let (postgres, redis) = (line["postgres"].as_str().unwrap(), line["redis"].as_str().unwrap());
    let service = line["service"].as_str().unwrap();
    let frozen: Vec<PathBuf> = serde_json::from_value(line["frozen"].clone()).unwrap();
    assert!(!frozen.is_empty() && frozen.iter().all(|folder| folder.is_dir()), "{frozen:?}");
    PgConnection::connect(postgres).await.unwrap();
    ask(redis, "ping").await.unwrap();
    TcpStream::connect(service).await.unwrap();

    holder.signal(Signal::KILL);

    timeout(SOON, async {
        while PgConnection::connect(postgres).await.is_ok() || ask(redis, "ping").await.is_ok() {}
        while TcpStream::connect(service).await.is_ok() {}
        for folder in frozen {
            while fs::try_exists(&folder).await.unwrap() {}
        }
    })
    .await
    .unwrap();
}

/// The first line of Redis's answer to an inline command.
async fn ask(url: &str, command: &str) -> io::Result<String> {
    lines(url, command, 1).await
}

/// The first `count` lines of it, joined by spaces.
async fn lines(url: &str, command: &str, count: usize) -> io::Result<String> {
    let mut connection = TcpStream::connect(url.trim_start_matches("redis://")).await?;
    connection.write_all(format!("{command}\r\n").as_bytes()).await?;
    let mut answer = BufReader::new(connection).lines();
    let mut lines = Vec::new();
    while lines.len() < count {
        lines.push(answer.next_line().await?.ok_or(io::ErrorKind::UnexpectedEof)?);
    }
    Ok(lines.join(" "))
}

#[tokio::test]
async fn a_redis_cluster_goes_on_with_a_replica_where_a_master_was_killed() {
    let cluster = testkit::redis_cluster().await;
    assert_eq!(cluster.master(0).ask("set {b} value").await.unwrap(), "OK");
    assert_eq!(cluster.master(0).ask("wait 1 5000").await.unwrap(), "1");

    cluster.master(0).kill().await;

    cluster.replica(0).says("info replication", "role:master").await;
    cluster.replica(0).says("get {b}", "value").await;
    cluster.master(16383).says("cluster info", "cluster_state:ok").await;
}

#[tokio::test]
async fn sentinels_promote_a_replica_where_the_master_was_killed() {
    let set = testkit::redis_sentinels().await;
    assert_eq!(set.servers[0].ask("set key value").await.unwrap(), "OK");
    assert_eq!(set.servers[0].ask("wait 2 5000").await.unwrap(), "2");

    set.servers[0].kill().await;

    assert_eq!(set.promoted().await.ask("get key").await.unwrap(), "value");
}
