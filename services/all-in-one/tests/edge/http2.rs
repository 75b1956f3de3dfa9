//! HTTP/2, whose requests may end in trailers: a caller, and a backend that answers with what reached it.

use std::{
    convert::Infallible,
    net::{Ipv4Addr, SocketAddr},
};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, client, server, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::{TcpListener, TcpStream};

/// Starts the backend. It ends with the runtime.
pub(crate) async fn start() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let connection = server::conn::http2::Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(stream), service_fn(answer));
            tokio::spawn(connection);
        }
    });
    address
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap();
    let headers = lines(&head.headers);
    let trailers = body.trailers().map(lines).unwrap_or_default();
    let message = String::from_utf8_lossy(&body.to_bytes()).into_owned();
    Ok(Response::new(Full::from(format!("{headers}\r\n{message}\r\n{trailers}"))))
}

fn lines(headers: &HeaderMap) -> String {
    let line = |(name, value)| format!("{name}: {}\r\n", String::from_utf8_lossy(AsRef::as_ref(value)));
    headers.iter().map(line).collect()
}

/// Posts a message with these headers in front of it and these behind it; the status and the text of the answer.
pub(crate) async fn post(
    to: SocketAddr,
    path: &str,
    headers: &[(&str, &str)],
    message: &'static str,
    trailers: &[(&str, &str)],
) -> (u16, String) {
    let mut request = Request::post(format!("http://{to}{path}"));
    request.headers_mut().unwrap().extend(map(headers));
    let trailers = map(trailers);
    let body =
        Full::new(Bytes::from_static(message.as_bytes())).with_trailers(async move { Some(Ok(trailers)) });
    let stream = TokioIo::new(TcpStream::connect(to).await.unwrap());
    let (mut sender, connection) =
        client::conn::http2::handshake(TokioExecutor::new(), stream).await.unwrap();
    tokio::spawn(connection);
    let response = sender.send_request(request.body(Box::pin(body)).unwrap()).await.unwrap();
    let status = response.status().as_u16();
    let text = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(text.into()).unwrap())
}

fn map(pairs: &[(&str, &str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in pairs {
        map.append(http::HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
    }
    map
}
