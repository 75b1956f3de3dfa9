//! Callers that speak Python's gRPC, in a process of their own.

use std::{fs, net::SocketAddr, process::Stdio, sync::Arc};

use serde_json::Value;
use testkit::testing::DESCRIPTORS;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    task::JoinHandle,
};

use crate::{setting::Setting, tally::Tally};

const NAME: &str = "Python behind Envoy";

/// The process. It stops calling when its stdin ends: also when this one is killed.
pub(crate) struct Python {
    child: Child,
    listening: JoinHandle<()>,
}

impl Python {
    pub(crate) fn start(setting: &Setting, server: SocketAddr, tally: &Arc<Tally>) -> Self {
        let descriptors = setting.logs.join("testing.binpb");
        fs::write(&descriptors, DESCRIPTORS).expect("the folder of logs can be written to");
        let mut child = Command::new(&setting.python)
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/drain/callers.py"))
            .arg(server.to_string())
            .arg(descriptors)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("Python can be started");
        let mut lines = BufReader::new(child.stdout.take().expect("stdout is piped")).lines();
        let tally = Arc::clone(tally);
        let listening = tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                let line: Value = serde_json::from_str(&line).expect("the script writes JSON");
                let failed = line["failed"].as_str().map(ToOwned::to_owned);
                tally.count(NAME, line["call"].as_str().unwrap_or("?"), failed.map_or(Ok(()), Err));
            }
        });
        Self { child, listening }
    }

    /// Lets it stop, and waits for its last calls.
    ///
    /// # Panics
    /// When it has failed itself.
    pub(crate) async fn end(mut self) {
        drop(self.child.stdin.take());
        let status = self.child.wait().await.expect("a child can be awaited");
        self.listening.await.expect("every line could be read");
        assert!(status.success(), "the Python callers ended with {status}");
    }
}
