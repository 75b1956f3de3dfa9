//! Drives h2load, which makes the calls: it costs far less per call than the servers that are measured.

use std::{
    fs,
    net::SocketAddr,
    ops::RangeInclusive,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use prost::Message;
use tempfile::TempDir;
use tokio::process::Command;

/// A unary call with one request, to be made again and again.
pub(crate) struct Call {
    folder: TempDir,
    path: &'static str,
    /// The bytes of the answer, its frame included, that every call must bring.
    answer: RangeInclusive<u64>,
}

/// What a load came to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outcome {
    /// Calls a second.
    pub(crate) rate: f64,
}

impl Call {
    /// A call whose answer is as long as its request: an echo.
    ///
    /// # Panics
    /// When there is no room for a small file.
    pub(crate) fn echo(path: &'static str, request: &impl Message) -> Self {
        let length = framed(request).len() as u64;
        Self::answered(path, request, length..=length)
    }

    /// A call whose answer is of such a length, its frame included.
    ///
    /// # Panics
    /// When there is no room for a small file.
    pub(crate) fn answered(path: &'static str, request: &impl Message, answer: RangeInclusive<u64>) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        fs::write(folder.path().join("request"), framed(request))
            .expect("a temporary folder can be written to");
        Self { folder, path, answer }
    }

    /// Makes so many calls as fast as the server answers, over a few connections with a few calls each at a time.
    ///
    /// # Panics
    /// When not every call is answered with what was sent: what answers less is not measured.
    pub(crate) async fn saturate(&self, server: SocketAddr, calls: u64) -> Outcome {
        let calls_text = calls.to_string();
        let said = self.run(server, &["-n", &calls_text, "-c", "8", "-m", "16"]).await;
        let succeeded = number_before(&said, " succeeded");
        let brought = said.rsplit_once(" data").and_then(|(before, _)| within_parentheses(before));
        let wanted = calls * self.answer.start()..=calls * self.answer.end();
        assert!(
            succeeded == Some(calls) && brought.is_some_and(|brought| wanted.contains(&brought)),
            "not every call was answered with what was sent\n{said}"
        );
        let rate = said.split_once(" req/s").and_then(|(before, _)| before.rsplit(' ').next()?.parse().ok());
        Outcome { rate: rate.unwrap_or_else(|| panic!("h2load tells no rate\n{said}")) }
    }

    /// Makes calls at a fixed rate, whether or not earlier ones have been answered, and tells how long each took, in
    /// microseconds.
    ///
    /// # Panics
    /// When a call fails.
    pub(crate) async fn at_rate(&self, server: SocketAddr, a_second: u32, time: Duration) -> Vec<f64> {
        const CONNECTIONS: u32 = 4;
        let log = self.log();
        // A log of earlier calls would be added to.
        let _ = fs::remove_file(&log);
        let (rate, connections) = ((a_second / CONNECTIONS).to_string(), CONNECTIONS.to_string());
        let time = time.as_secs().to_string();
        let log_argument = format!("--log-file={}", log.display());
        let load = ["-c", &connections, "-m", "100", "--rps", &rate, "-D", &time, &log_argument];
        let said = self.run(server, &load).await;
        let lines = fs::read_to_string(&log).unwrap_or_else(|error| panic!("{error}\n{said}"));
        // When it began, the HTTP status, how long it took.
        let calls = lines.lines().map(|line| line.split('\t').collect::<Vec<_>>());
        let times: Vec<f64> = calls
            .map(|call| match call.as_slice() {
                [_, "200", micros, ..] => micros.parse().expect("h2load writes numbers"),
                other => panic!("a call failed: {other:?}\n{said}"),
            })
            .collect();
        assert!(!times.is_empty(), "no call was made\n{said}");
        times
    }

    async fn run(&self, server: SocketAddr, load: &[&str]) -> String {
        let request = self.folder.path().join("request");
        let output = Command::new("h2load")
            .args(load)
            .arg("--data")
            .arg(request)
            .args(["-H", "content-type: application/grpc", "-H", "te: trailers"])
            .arg(format!("http://{server}{}", self.path))
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .expect("h2load is installed");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "h2load failed\n{said}{}", String::from_utf8_lossy(&output.stderr));
        said
    }

    fn log(&self) -> PathBuf {
        Path::new(self.folder.path()).join("log")
    }
}

/// A message in its frame: not compressed, its length, itself (gRPC over HTTP/2, "Length-Prefixed-Message").
///
/// # Panics
/// When it has more than 4 GiB.
pub(crate) fn framed(message: &impl Message) -> Vec<u8> {
    let message = message.encode_to_vec();
    let length = u32::try_from(message.len()).expect("a short message");
    [&[0][..], &length.to_be_bytes(), &message].concat()
}

/// `150000` of `…, 150000 succeeded, …`.
fn number_before(text: &str, word: &str) -> Option<u64> {
    text.split_once(word)?.0.rsplit(' ').next()?.parse().ok()
}

/// `1600000` of `… 1.53MB (1600000)`.
fn within_parentheses(text: &str) -> Option<u64> {
    text.strip_suffix(')')?.rsplit_once('(')?.1.parse().ok()
}
