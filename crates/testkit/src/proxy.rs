//! A way to a server that can be cut off as a dead network is: nothing is refused, closed or answered.

use std::{future::pending, net::Ipv4Addr};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
    task::{AbortHandle, JoinSet},
};

/// Stands between a client and a server of a test, until it is dropped.
pub struct Proxy {
    /// The server's URL, by way of this.
    pub url: String,
    cut: watch::Sender<bool>,
    serving: AbortHandle,
}

impl Proxy {
    /// Stands before the server of a URL with a host and a port.
    ///
    /// # Panics
    /// When the URL has no host and port.
    pub async fn before(url: &str) -> Self {
        let server = authority(url).to_owned();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("there is a free port");
        let here = listener.local_addr().expect("a listener has an address").to_string();
        let (cut, is_cut) = watch::channel(false);
        let url = url.replacen(&server, &here, 1);
        let serving = tokio::spawn(serve(listener, server, is_cut)).abort_handle();
        Self { url, cut, serving }
    }

    /// From now on nothing comes through. What is connected stays so for both ends and is dead for good, also after
    /// [`heal`](Self::heal); what connects now is accepted, and silent.
    pub fn cut(&self) {
        self.cut.send_replace(true);
    }

    /// Lets new connections through.
    pub fn heal(&self) {
        self.cut.send_replace(false);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// `host:port` of `scheme://user:password@host:port/path`.
fn authority(url: &str) -> &str {
    let (_, rest) = url.split_once("://").expect("a URL has a scheme");
    let authority = rest.split(['/', '?']).next().unwrap_or(rest);
    let server = authority.rsplit('@').next().unwrap_or(authority);
    assert!(server.contains(':'), "the URL tells no port");
    server
}

async fn serve(listener: TcpListener, server: String, is_cut: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        connections.spawn(forward(client, server.clone(), is_cut.clone()));
    }
}

/// Forwards until one end closes. Once cut, holds both ends open and forwards nothing more.
async fn forward(mut client: TcpStream, server: String, mut is_cut: watch::Receiver<bool>) {
    if *is_cut.borrow_and_update() {
        pending::<()>().await;
    }
    let Ok(mut server) = TcpStream::connect(server).await else {
        return;
    };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let becomes_cut = async {
        // Gone with the proxy, the sender cuts nothing any more.
        let _ = is_cut.wait_for(|cut| *cut).await.is_ok();
    };
    tokio::select! {
        _ = copy_bidirectional(&mut client, &mut server) => {}
        () = becomes_cut => pending().await,
    }
}
