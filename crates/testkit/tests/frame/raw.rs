//! A connection without the good manners of a gRPC client.

use std::time::Duration;

use http::{Request, Response, header::CONTENT_TYPE};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, client::conn::http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use testkit::Server;
use tokio::{net::TcpStream, time::timeout};
use tonic::{Status, body::Body};

use crate::SOON;

/// One HTTP/2 connection. Unlike a channel it keeps no time of its own, and does not connect again.
#[derive(Clone)]
pub(crate) struct Connection(http2::SendRequest<Body>);

impl Connection {
    pub(crate) async fn to(server: &Server) -> Self {
        let socket = TcpStream::connect(server.grpc).await.unwrap();
        let (sender, connection) =
            http2::handshake(TokioExecutor::new(), TokioIo::new(socket)).await.unwrap();
        tokio::spawn(connection);
        Self(sender)
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> hyper::Result<Response<Incoming>> {
        self.0.clone().send_request(request).await
    }

    /// Whether the server has closed it, which it may be about to do.
    pub(crate) async fn is_closed(&self) -> bool {
        let closed = async {
            while self.0.clone().ready().await.is_ok() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(SOON, closed).await.is_ok()
    }

    /// Sends bytes as the body of a call, and returns the status that it ends with.
    pub(crate) async fn call(&self, method: &str, headers: &[(&str, &str)], body: &[u8]) -> Status {
        self.try_call(method, headers, body).await.unwrap()
    }

    /// The same, for a connection that may end before the call does.
    pub(crate) async fn try_call(
        &self,
        method: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> hyper::Result<Status> {
        let mut request = Request::post(format!("http://frame/fairlead.testing.v1.TestService/{method}"))
            .header(CONTENT_TYPE, "application/grpc")
            .header("te", "trailers");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = Body::new(Full::new(body.to_vec().into()));
        let response = self.send(request.body(body).unwrap()).await?;

        let headers = response.headers().clone();
        let trailers = response.into_body().collect().await?.trailers().cloned().unwrap_or_default();
        let status = Status::from_header_map(&trailers).or_else(|| Status::from_header_map(&headers));
        Ok(status.expect("a gRPC status"))
    }
}

/// A message as it travels: not compressed, its length, itself.
pub(crate) fn framed(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    [&[0], length.as_slice(), message].concat()
}
