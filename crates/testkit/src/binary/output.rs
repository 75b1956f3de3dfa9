//! What a process writes, kept for tests that ask before or after it was written.

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    process::Child,
    sync::watch,
};

/// The lines of stdout and stderr so far.
pub(super) struct Output {
    stdout: watch::Receiver<Vec<Value>>,
    stderr: watch::Receiver<Vec<String>>,
}

impl Output {
    /// # Panics
    /// When the streams are not piped.
    pub(super) fn of(child: &mut Child) -> Self {
        let stdout = child.stdout.take().expect("stdout is piped");
        let stderr = child.stderr.take().expect("stderr is piped");
        Self {
            stdout: collect(stdout, |line| serde_json::from_str(&line).unwrap_or(Value::String(line))),
            stderr: collect(stderr, |line| line),
        }
    }

    /// The first line of stdout that is wanted; none when stdout ends without it.
    pub(super) async fn line(&self, wanted: impl Fn(&Value) -> bool) -> Option<Value> {
        let mut stdout = self.stdout.clone();
        let lines = stdout.wait_for(|lines| lines.iter().any(&wanted)).await.ok()?;
        lines.iter().find(|line| wanted(line)).cloned()
    }

    /// Everything, once both streams have ended.
    pub(super) async fn finish(&self) -> (Vec<Value>, String) {
        let (mut stdout, mut stderr) = (self.stdout.clone(), self.stderr.clone());
        while stdout.changed().await.is_ok() {}
        while stderr.changed().await.is_ok() {}
        (stdout.borrow().clone(), stderr.borrow().join("\n"))
    }

    /// For messages.
    pub(super) fn so_far(&self) -> String {
        let lines = self.stdout.borrow().iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        format!("stdout:\n{lines}\nstderr:\n{}", self.stderr.borrow().join("\n"))
    }
}

/// The receiver sees an error once the stream has ended.
fn collect<T: Send + Sync + 'static>(
    stream: impl AsyncRead + Send + Unpin + 'static,
    parse: impl Fn(String) -> T + Send + 'static,
) -> watch::Receiver<Vec<T>> {
    let (sender, receiver) = watch::channel(Vec::new());
    tokio::spawn(async move {
        let mut lines = BufReader::new(stream).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            sender.send_modify(|all| all.push(parse(line)));
        }
    });
    receiver
}
