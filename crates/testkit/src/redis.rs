//! A real Redis of its own for a test.

use std::{io, net::Ipv4Addr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::Mutex,
    time::timeout,
};

use crate::{
    port::free_port,
    supervisor::{Recipe, Supervisor, find},
};

/// Starts a Redis server that only the caller knows, empty, with `appendonly` and `noeviction`. It takes some 20 ms and is
/// gone when the value is dropped or the process ends.
///
/// # Panics
/// When there is no `redis-server` on this machine, or it does not start.
pub async fn redis() -> Redis {
    let port = free_port();
    let supervisor = Supervisor::prepare(Recipe {
        name: "Redis",
        programs: find("redis-server", "redis-server", []),
        user: None,
        prepare: ":",
        serve: format!(
            "redis-server --bind 127.0.0.1 --port {port} --dir . --save '' --appendonly yes \
             --maxmemory-policy noeviction"
        ),
        end: "KILL",
    })
    .await;

    let redis = Redis { url: format!("redis://127.0.0.1:{port}"), port, supervisor: Mutex::new(supervisor) };
    redis.start().await;
    redis
}

/// A Redis server of one test. What is written survives [`stop`](Self::stop) and [`start`](Self::start).
pub struct Redis {
    /// Where it listens: `redis://127.0.0.1:12345`.
    pub url: String,
    port: u16,
    supervisor: Mutex<Supervisor>,
}

impl Redis {
    /// Starts it again; returns when it answers.
    pub async fn start(&self) {
        self.supervisor.lock().await.start(async || answers(self.port).await).await;
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
}

/// `-LOADING …` until the append-only file is read, `+PONG` after.
async fn answers(port: u16) -> bool {
    let ping = async {
        let mut connection = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
        connection.write_all(b"PING\r\n").await?;
        let mut answer = [0; 7];
        connection.read_exact(&mut answer).await?;
        io::Result::Ok(&answer == b"+PONG\r\n")
    };
    matches!(timeout(Duration::from_secs(5), ping).await, Ok(Ok(true)))
}
