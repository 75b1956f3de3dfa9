//! What is asked of Redis itself, in lines, as its protocol allows by hand.

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

/// What Redis answers to a command.
///
/// # Panics
/// When it does not take it.
pub(super) async fn ask(url: &str, command: &str) -> String {
    let address = url.trim_start_matches("redis://");
    let mut socket = BufReader::new(TcpStream::connect(address).await.expect("Redis listens"));
    socket.write_all(format!("{command}\r\n").as_bytes()).await.expect("Redis reads");
    let mut answer = String::new();
    socket.read_line(&mut answer).await.expect("Redis answers");
    // `$1234`: a text of so many bytes follows. Else the line itself is the answer.
    if let Some(length) = answer.strip_prefix('$') {
        let mut text = vec![0; length.trim().parse().expect("a length")];
        socket.read_exact(&mut text).await.expect("Redis says it all");
        answer = String::from_utf8_lossy(&text).into_owned();
    }
    assert!(!answer.starts_with('-'), "{command}: {answer}");
    answer
}

/// The memory that it uses, in bytes.
///
/// # Panics
/// When it does not say.
pub(super) async fn used_memory(url: &str) -> u64 {
    let said = ask(url, "INFO memory").await;
    let used = said.lines().find_map(|line| line.strip_prefix("used_memory:"));
    used.and_then(|used| used.trim().parse().ok()).expect("Redis tells its memory")
}
