//! A real S3 server of its own for a test, which checks signatures and checksums.

use std::{env, net::Ipv4Addr, path::Path};

use tokio::{net::TcpStream, sync::Mutex};

use crate::{
    port::free_port,
    supervisor::{Recipe, Supervisor, find_tool},
};

/// Starts an S3 server that only the caller knows, with one empty bucket. It is gone when the value is dropped or the
/// process ends.
///
/// # Panics
/// When it was not installed, or does not start.
pub async fn s3() -> S3 {
    s3_on(free_port()).await
}

/// The same on a port that the caller has chosen.
///
/// # Panics
/// As [`s3`].
pub async fn s3_on(port: u16) -> S3 {
    let programs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools/s3s-fs-0.14.1/bin");
    let supervisor = Supervisor::prepare(Recipe {
        name: "S3 server",
        programs: find_tool("s3s-fs", "scripts/install-s3", programs),
        within: env::temp_dir(),
        user: None,
        prepare: "mkdir -p data/uploads".to_owned(),
        serve: format!(
            "s3s-fs --host 127.0.0.1 --port {port} --access-key {KEY_ID} --secret-key {SECRET} data"
        ),
        end: "KILL",
    })
    .await;

    let s3 = S3 { url: format!("http://127.0.0.1:{port}"), port, supervisor: Mutex::new(supervisor) };
    s3.start().await;
    s3
}

const KEY_ID: &str = "AKIDTEST";
const SECRET: &str = "known-to-tests-only";

/// An S3 server of one test. What is written survives [`stop`](Self::stop) and [`start`](Self::start).
pub struct S3 {
    /// Where it listens: `http://127.0.0.1:12345`.
    pub url: String,
    port: u16,
    supervisor: Mutex<Supervisor>,
}

impl S3 {
    /// The bucket's name.
    pub const BUCKET: &str = "uploads";
    /// The key that it knows.
    pub const KEY_ID: &str = KEY_ID;
    /// What proves that key.
    pub const SECRET: &str = SECRET;

    /// Starts it again; returns when it answers.
    pub async fn start(&self) {
        let answers = async || TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).await.is_ok();
        self.supervisor.lock().await.start(answers).await;
    }

    /// Stops it: connections are closed, new ones refused.
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

    /// How many objects there are.
    ///
    /// # Panics
    /// When its folder cannot be read.
    pub async fn objects(&self) -> usize {
        let folder = self.supervisor.lock().await.folder().join("data").join(Self::BUCKET);
        files(&folder)
    }
}

/// The files in a folder and all below; what vanishes meanwhile is not counted.
fn files(folder: &Path) -> usize {
    let Ok(entries) = folder.read_dir() else {
        return 0;
    };
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    paths.map(|path| if path.is_dir() { files(&path) } else { 1 }).sum()
}
