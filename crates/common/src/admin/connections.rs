//! The connections to the admin port: HTTP/1.1, and none that stays without a request.

use std::{net::SocketAddr, time::Duration};

use axum::{Extension, Router, extract::ConnectInfo};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    time::sleep,
};

/// How long the head of a request may take, also of the next one on a connection that is kept.
const SILENCE: Duration = Duration::from_secs(10);
/// How long nothing is accepted after that has failed, as it does without a free file descriptor.
const PAUSE: Duration = Duration::from_millis(100);

/// Answers whoever connects. Never ends by itself.
pub(super) async fn serve(listener: TcpListener, routes: Router) {
    loop {
        match listener.accept().await {
            Ok((socket, peer)) => {
                tokio::spawn(answer(socket, peer, routes.clone()));
            }
            Err(error) => {
                tracing::warn!(%error, "the admin port cannot accept a connection");
                sleep(PAUSE).await;
            }
        }
    }
}

async fn answer(socket: TcpStream, peer: SocketAddr, routes: Router) {
    let routes = TowerToHyperService::new(routes.layer(Extension(ConnectInfo(peer))));
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(SILENCE)
        .serve_connection(TokioIo::new(socket), routes)
        .await;
    if let Err(error) = served {
        tracing::debug!(%peer, %error, "a connection to the admin port ended early");
    }
}
