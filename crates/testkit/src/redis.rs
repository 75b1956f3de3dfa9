//! Real Redis servers for tests: one, a set under Sentinel, a Cluster.

mod cluster;
mod sentinels;
mod shared;
mod shipped;
mod site;
mod tls;

use std::{
    io,
    net::{Ipv4Addr, SocketAddrV4},
    path::PathBuf,
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    sync::Mutex,
    time::timeout,
};

use self::site::Site;
pub use self::{
    cluster::{RedisCluster, redis_cluster, redis_cluster_over, redis_cluster_split},
    sentinels::{RedisSentinels, redis_sentinels, redis_sentinels_over, redis_sentinels_split},
    shared::{shared_redis_cluster, shared_redis_sentinels},
    shipped::{ShippedRedis, redis_as_shipped},
    tls::RedisTls,
};
use crate::{
    port::free_port,
    supervisor::{Recipe, Supervisor, find, quick_folder},
};

/// Starts a Redis server that only the caller knows, empty, with `appendonly` and `noeviction`. It takes some 20 ms and is
/// gone when the value is dropped or the process ends.
///
/// # Panics
/// When there is no `redis-server` on this machine, or it does not start.
pub async fn redis() -> Redis {
    redis_of(find("redis-server", "redis-server", [])).await
}

/// Starts such a server, of the `redis-server` in this folder: of another version, or built otherwise.
///
/// # Panics
/// When it does not start.
pub async fn redis_of(programs: PathBuf) -> Redis {
    let port = free_port();
    let redis =
        Redis::of(programs, Site::HERE.address, port, ":".to_owned(), keeping(Site::HERE, port, "")).await;
    redis.start().await;
    redis
}

/// How a Redis that keeps what it is told is started, with some options more. By default what it acknowledges reaches its
/// file up to two seconds later, where a disk is busy, and by default it answers nobody on another machine.
fn keeping(site: Site<'_>, port: u16, more: &str) -> String {
    let Site { address, .. } = site;
    format!(
        "{}redis-server --bind {address} --port {port} --dir . --save '' --appendonly yes --appendfsync always \
         --maxmemory-policy noeviction --protected-mode no {more}",
        site.door()
    )
}

/// A Redis server of one test. What is written survives [`stop`](Self::stop) and [`start`](Self::start).
pub struct Redis {
    /// Where it listens: `redis://127.0.0.1:12345`.
    pub url: String,
    /// The port of that.
    pub port: u16,
    address: Ipv4Addr,
    /// Who asks whether it is there, and asks it.
    greeting: &'static str,
    supervisor: Mutex<Supervisor>,
}

impl Redis {
    async fn prepare(address: Ipv4Addr, port: u16, prepare: String, serve: String) -> Self {
        Self::of(find("redis-server", "redis-server", []), address, port, prepare, serve).await
    }

    async fn of(programs: PathBuf, address: Ipv4Addr, port: u16, prepare: String, serve: String) -> Self {
        let recipe = Recipe {
            name: "Redis",
            programs,
            within: quick_folder(),
            user: None,
            prepare,
            serve,
            end: "KILL",
        };
        let supervisor = Mutex::new(Supervisor::prepare(recipe).await);
        Self { url: format!("redis://{address}:{port}"), port, address, greeting: "PING", supervisor }
    }

    /// Starts it again; returns when it answers.
    pub async fn start(&self) {
        self.supervisor.lock().await.start(async || answers(self.place(), self.greeting).await).await;
    }

    /// Stops it: connections are closed, new ones refused.
    pub async fn stop(&self) {
        self.supervisor.lock().await.tell("stop").await;
    }

    /// Kills it, as a machine may: it says goodbye to nobody and writes nothing more.
    pub async fn kill(&self) {
        self.supervisor.lock().await.tell("kill").await;
    }

    /// Freezes it: connections stay open, new ones are accepted by the kernel, and nothing ever answers.
    pub async fn freeze(&self) {
        self.supervisor.lock().await.tell("freeze").await;
    }

    /// Lets it go on after [`freeze`](Self::freeze).
    pub async fn thaw(&self) {
        self.supervisor.lock().await.tell("thaw").await;
    }

    /// What it answers to a command, or to the last of several lines of them, when that is one text or one line.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn ask(&self, command: &str) -> io::Result<String> {
        timeout(Duration::from_secs(5), ask(self.place(), command)).await?
    }

    fn place(&self) -> SocketAddrV4 {
        SocketAddrV4::new(self.address, self.port)
    }

    /// Empties this master; returns when so many replicas, which it has already, have followed. That is up to a second
    /// after they connected: it waits for a sign of life before it sends one anything.
    ///
    /// # Panics
    /// When they do not within a minute.
    async fn empty(&self, replicas: usize) {
        self.says(&format!("FLUSHALL\nWAIT {replicas} 1000"), &replicas.to_string()).await;
    }

    /// Waits until what it answers to a command contains something.
    ///
    /// # Panics
    /// When it does not within a minute.
    pub async fn says(&self, command: &str, what: &str) {
        let mut last = None;
        // It is asked again and again by nature: nothing announces what a server knows of others.
        for _ in 0..6000 {
            let answer = self.ask(command).await;
            if answer.as_ref().is_ok_and(|answer| answer.contains(what)) {
                return;
            }
            last = Some(answer);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{command} never said {what}; the last was {last:?}");
    }
}

/// `-LOADING …` until the append-only file is read, `+PONG` after.
async fn answers(place: SocketAddrV4, greeting: &str) -> bool {
    matches!(timeout(Duration::from_secs(5), ask(place, greeting)).await, Ok(Ok(answer)) if answer == "PONG")
}

/// The answer to the last of these inline commands, each on a line: a line, or a text in bulk.
async fn ask(place: SocketAddrV4, commands: &str) -> io::Result<String> {
    let mut connection = BufReader::new(TcpStream::connect(place).await?);
    let mut last = String::new();
    for command in commands.lines() {
        connection.write_all(format!("{command}\r\n").as_bytes()).await?;
        last = answer(&mut connection).await?;
    }
    Ok(last)
}

async fn answer(connection: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut line = String::new();
    connection.read_line(&mut line).await?;
    let (kind, rest) = line.trim_end().split_at_checked(1).ok_or(io::ErrorKind::UnexpectedEof)?;
    match kind {
        "+" | ":" => Ok(rest.to_owned()),
        "$" => {
            let length = rest.parse().map_err(io::Error::other)?;
            let mut text = vec![0; length];
            connection.read_exact(&mut text).await?;
            String::from_utf8(text).map_err(io::Error::other)
        }
        _ => Err(io::Error::other(line)),
    }
}
