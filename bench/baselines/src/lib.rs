//! What the suite is compared with: the same echo without the frame, sessions without its way to Redis, and uploads that
//! keep nothing.
//!
//! Nothing here uses `common`: it would bring its allocator along.

mod sessions;
mod uploads;

use std::{convert::Infallible, error::Error, net::SocketAddr};

use deadpool_redis::Runtime;
use hyper::{server::conn::http2, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;
use tonic::{Request, Response, Status, body::Body};
use tower::ServiceExt;

use self::{
    sessions::{Naive, v1::sessions_service_server::SessionsServiceServer},
    uploads::{Bare, v1::uploads_service_server::UploadsServiceServer},
    v1::{
        EchoRequest, EchoResponse,
        test_service_server::{TestService, TestServiceServer},
    },
};

/// `fairlead.testing.v1`, with `Echo` and nothing else.
pub mod v1 {
    #![expect(clippy::pedantic, unused_qualifications, reason = "generated")]
    tonic::include_proto!("fairlead.testing.v1");
}

struct Echo;

#[tonic::async_trait]
impl TestService for Echo {
    async fn echo(&self, request: Request<EchoRequest>) -> Result<Response<EchoResponse>, Status> {
        let EchoRequest { text } = request.into_inner();
        Ok(Response::new(EchoResponse { text }))
    }
}

/// Serves the echo as tonic does by default.
///
/// # Errors
/// When the address cannot be listened on.
#[expect(clippy::disallowed_types, reason = "it is what the frame is compared with")]
pub async fn on_tonic(address: SocketAddr) -> Result<(), tonic::transport::Error> {
    tonic::transport::Server::builder().add_service(TestServiceServer::new(Echo)).serve(address).await
}

/// Takes and gives the bytes of uploads, as tonic does by default.
///
/// # Errors
/// When the address cannot be listened on.
#[expect(clippy::disallowed_types, reason = "it is what the suite is compared with")]
pub async fn uploads_on_tonic(address: SocketAddr) -> Result<(), tonic::transport::Error> {
    tonic::transport::Server::builder().add_service(UploadsServiceServer::new(Bare)).serve(address).await
}

/// Serves the echo on hyper alone, which the frame is built on: no router, no layers, no limits.
///
/// # Errors
/// When the address cannot be listened on.
pub async fn on_hyper(address: SocketAddr) -> std::io::Result<()> {
    let listener = TcpListener::bind(address).await?;
    loop {
        let (socket, _) = listener.accept().await?;
        socket.set_nodelay(true)?;
        let calls = service_fn(|request: http::Request<hyper::body::Incoming>| async {
            let Ok(response) = TestServiceServer::new(Echo).oneshot(request.map(Body::new)).await;
            Ok::<_, Infallible>(response)
        });
        let connection =
            http2::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(socket), calls);
        // A client that goes away is none of the baseline's business.
        tokio::spawn(async move { connection.await.ok() });
    }
}

/// Serves the validation of sessions over a pool of connections to Redis, both by default.
///
/// # Errors
/// When the address cannot be listened on, or the URL cannot be used.
#[expect(clippy::disallowed_types, reason = "it is what the suite is compared with")]
pub async fn sessions_on_tonic(address: SocketAddr, redis: &str) -> Result<(), Box<dyn Error>> {
    let redis = deadpool_redis::Config::from_url(redis).create_pool(Some(Runtime::Tokio1))?;
    let service = SessionsServiceServer::new(Naive { redis });
    Ok(tonic::transport::Server::builder().add_service(service).serve(address).await?)
}
