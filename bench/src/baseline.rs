//! What the suite is compared with, running.

use std::net::{Ipv4Addr, SocketAddr};

use testkit::{Binary, free_port};
use tokio::net::TcpStream;

use crate::cores::Cores;

/// A server without the frame.
pub(crate) struct Baseline {
    pub(crate) binary: Binary,
    pub(crate) address: SocketAddr,
}

impl Baseline {
    /// Starts one on the server's core; the address to listen on follows its arguments. It can be connected to.
    pub(crate) async fn start(cores: &Cores, binary: &str, arguments: &[&str]) -> Self {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
        let listen = address.to_string();
        let binary = cores.start(|| Binary::start(binary, &[arguments, &[&listen]].concat(), &[]));
        // It says nothing; that it can be connected to is the event.
        while TcpStream::connect(address).await.is_err() {
            tokio::task::yield_now().await;
        }
        Self { binary, address }
    }
}
