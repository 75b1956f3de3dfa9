//! HTTP/1.1 as it is written: nothing of a path or a header is put right on the way.

use std::net::SocketAddr;

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// What came back.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// Sends one request.
pub(crate) async fn send(
    to: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Reply {
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
    let stream = TcpStream::connect(to).await.unwrap();
    exchange(stream, method, path, &headers, body).await
}

/// Sends one request over a new connection; its headers may be no text.
pub(crate) async fn exchange(
    mut stream: TcpStream,
    method: &str,
    path: &str,
    headers: &[(&str, &[u8])],
    body: &[u8],
) -> Reply {
    let length = body.len();
    let mut request = format!(
        "{method} {path} HTTP/1.1\r\nhost: edge\r\nconnection: close\r\ncontent-length: {length}\r\n"
    )
    .into_bytes();
    for (name, value) in headers {
        request.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
    }
    request.extend([&b"\r\n"[..], body].concat());
    stream.write_all(&request).await.unwrap();
    let mut bytes = Vec::new();
    // Not to the end of the connection: who answers early lets the caller finish what it says, for a second.
    loop {
        let read = stream.read_buf(&mut bytes).await.unwrap();
        match Reply::parse(&bytes, method == "HEAD") {
            Some(reply) => return reply,
            None => assert_ne!(read, 0, "half an answer: {:?}", String::from_utf8_lossy(&bytes)),
        }
    }
}

impl Reply {
    /// Reads an answer; none while it is not all there. To `HEAD` there is no body, whatever is said of it.
    fn parse(bytes: &[u8], head_only: bool) -> Option<Self> {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
        let head = str::from_utf8(&bytes[..end]).unwrap();
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers = lines.filter_map(|line| line.split_once(": "));
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let mut reply = Self { status, headers, body: bytes[end + 4..].to_vec() };
        if head_only {
            assert!(reply.body.is_empty(), "a body after a head: {reply:?}");
        } else if reply.header("transfer-encoding") == Some("chunked") {
            reply.body = joined(&reply.body)?;
        } else {
            let length: usize = reply.header("content-length")?.parse().unwrap();
            (reply.body.len() == length).then_some(())?;
        }
        Some(reply)
    }

    /// The first header of a name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// All headers of a name.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = self.headers.iter().filter(move |(found, _)| found == name);
        named.map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> &str {
        str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The reason in the body of an error.
    pub(crate) fn reason(&self) -> String {
        self.json()["details"][0]["reason"].as_str().unwrap_or_default().to_owned()
    }
}

/// A body without the lengths of its chunks; none while the last one, which is empty, is not there.
fn joined(mut chunks: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = chunks.windows(2).position(|two| two == b"\r\n")?;
        let length = usize::from_str_radix(str::from_utf8(&chunks[..end]).unwrap(), 16).unwrap();
        let (chunk, rest) = chunks[end + 2..].split_at_checked(length)?;
        if chunk.is_empty() {
            return Some(body);
        }
        body.extend(chunk);
        chunks = rest.get(2..)?;
    }
}
