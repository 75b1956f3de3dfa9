//! A Postgres server of one's own.

use std::{env, fs, path::PathBuf, process::Command, time::Duration};

use sqlx::{Connection, PgConnection};
use tokio::{sync::Mutex, time::timeout};

use crate::{
    port::free_port,
    supervisor::{Recipe, Supervisor, find},
};

/// A Postgres server of one test. What is committed survives [`stop`](Self::stop) and [`start`](Self::start).
pub struct PostgresServer {
    /// An empty database of it, as a user who may do anything: `postgres://postgres@127.0.0.1:12345/postgres`.
    pub url: String,
    port: u16,
    supervisor: Mutex<Supervisor>,
}

impl PostgresServer {
    pub(super) async fn launch() -> Self {
        let port = free_port();
        let supervisor = Supervisor::prepare(Recipe {
            name: "Postgres",
            programs: find("initdb", "postgresql", installed()),
            within: env::temp_dir(),
            user: unprivileged_user(),
            prepare:
                "initdb --pgdata=data --username=postgres --auth=trust --encoding=UTF8 --locale=C --no-sync"
                    .to_owned(),
            // Nothing here outlives the machine, so nothing waits for a disk.
            serve: format!(
                "postgres -D data -p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= \
                 -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c shared_buffers=32MB \
                 -c max_connections=300 -c dynamic_shared_memory_type=mmap"
            ),
            end: "QUIT",
        })
        .await;

        let server = Self { url: url(port, "postgres"), port, supervisor: Mutex::new(supervisor) };
        server.start().await;
        server
    }

    pub(super) fn url_of(&self, database: &str) -> String {
        url(self.port, database)
    }

    /// Starts it again; returns when it answers.
    pub async fn start(&self) {
        self.supervisor.lock().await.start(async || answers(&self.url).await).await;
    }

    /// Stops it: open transactions are rolled back, connections closed, new ones refused.
    pub async fn stop(&self) {
        self.supervisor.lock().await.tell("stop").await;
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

fn url(port: u16, database: &str) -> String {
    format!("postgres://postgres@127.0.0.1:{port}/{database}")
}

async fn answers(url: &str) -> bool {
    let ping = async { PgConnection::connect(url).await?.ping().await };
    matches!(timeout(Duration::from_secs(5), ping).await, Ok(Ok(())))
}

/// Debian keeps the server's programs out of PATH, in a folder for each version; newest first.
fn installed() -> Vec<PathBuf> {
    let mut versions: Vec<u32> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect();
    versions.sort_unstable_by(|a, b| b.cmp(a));
    versions.into_iter().map(|version| format!("/usr/lib/postgresql/{version}/bin").into()).collect()
}

/// Postgres refuses to run as root: there it runs as the user that Debian's package makes.
fn unprivileged_user() -> Option<(u32, u32)> {
    (id(&["-u"]) == Some(0)).then(|| {
        id(&["-u", "postgres"])
            .zip(id(&["-g", "postgres"]))
            .expect("there is a user `postgres`: Debian's package `postgresql` makes it")
    })
}

fn id(arguments: &[&str]) -> Option<u32> {
    let output = Command::new("id").args(arguments).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}
