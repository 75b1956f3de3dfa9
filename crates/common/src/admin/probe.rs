//! Asks the admin port from within the container: a scratch image has no curl.

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

/// How long the answer may take.
const TIMEOUT: Duration = Duration::from_secs(1);

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Probe {
    Live,
    Ready,
    Startup,
}

impl Probe {
    /// The probe with this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "live" => Some(Self::Live),
            "ready" => Some(Self::Ready),
            "startup" => Some(Self::Startup),
            _ => None,
        }
    }

    fn path(self) -> &'static str {
        match self {
            Self::Live => "/healthz",
            Self::Ready => "/ready",
            Self::Startup => "/startupz",
        }
    }
}

/// Whether the answer is yes, and its text.
///
/// # Errors
/// When nothing answers in time.
pub(crate) fn probe(address: SocketAddr, probe: Probe) -> io::Result<(bool, String)> {
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    // HTTP/1.0: the answer ends with the connection, so that there is nothing to parse but the first line.
    write!(stream, "GET {} HTTP/1.0\r\nHost: localhost\r\n\r\n", probe.path())?;
    let mut answer = String::new();
    stream.take(64 * 1024).read_to_string(&mut answer)?;
    let good = answer.split(' ').nth(1) == Some("200");
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    Ok((good, body.trim_end().to_owned()))
}
