//! Somebody who asks a process all the time whether it is alive, as the platform does.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use testkit::Server;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
    time::{sleep, timeout},
};

/// How long the platform waits for an answer where it is not told otherwise.
const PATIENCE: Duration = Duration::from_secs(1);

/// Asks `/healthz` and `/startupz` again and again, until this is dropped.
pub(crate) struct Alive {
    answers: Arc<Mutex<Answers>>,
    _asking: JoinSet<()>,
}

#[derive(Debug, Default)]
struct Answers {
    good: usize,
    bad: Vec<String>,
}

impl Alive {
    pub(crate) fn watching(server: &Server) -> Self {
        let answers = Arc::new(Mutex::new(Answers::default()));
        let (kept, admin) = (Arc::clone(&answers), server.admin);
        let mut asking = JoinSet::new();
        asking.spawn(async move {
            loop {
                for path in ["/healthz", "/startupz"] {
                    let said = timeout(PATIENCE, ask(admin, path)).await;
                    let mut answers = kept.lock().unwrap();
                    match said {
                        Ok(Ok(said)) if said.starts_with("HTTP/1.0 200") => answers.good += 1,
                        said => answers.bad.push(format!("{path}: {said:?}")),
                    }
                }
                sleep(Duration::from_millis(20)).await;
            }
        });
        Self { answers, _asking: asking }
    }

    /// It was asked, and never said that it is dead, and never was silent.
    #[track_caller]
    pub(crate) fn throughout(&self) {
        let answers = self.answers.lock().unwrap();
        assert!(answers.good > 10 && answers.bad.is_empty(), "{answers:?}");
    }
}

/// On a connection of its own, as the platform asks.
async fn ask(admin: SocketAddr, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(admin).await?;
    stream.write_all(format!("GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n").as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}
