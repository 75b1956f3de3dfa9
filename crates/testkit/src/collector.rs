//! A collector of traces that tests can look into.

mod seen;

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
    time::Duration,
};

use hyper::{server::conn::http2, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
    trace_service_server::{TraceService, TraceServiceServer},
};
use prost::Message;
use tokio::{
    net::TcpListener,
    sync::watch,
    task::JoinHandle,
    time::{sleep, timeout},
};
use tonic::{Request, Response, Status, body::Body, codec::CompressionEncoding};
use tower::ServiceExt;

pub use seen::SeenSpan;

use crate::binary::WITHIN;

/// An OTLP collector on a port of its own, until it is dropped.
pub struct Collector {
    /// Where it listens: what `OTEL_EXPORTER_OTLP_ENDPOINT` is set to.
    pub endpoint: String,
    inbox: Inbox,
    serving: JoinHandle<()>,
}

impl Collector {
    /// Starts it.
    ///
    /// # Panics
    /// When it finds no port.
    pub async fn start() -> Self {
        Self::slow(Duration::ZERO).await
    }

    /// Starts one that thinks so long about everything that it is sent.
    ///
    /// # Panics
    /// When it finds no port.
    pub async fn slow(thinks: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let inbox = Inbox { thinks, spans: Arc::default(), received: Arc::default() };
        let service = TraceServiceServer::new(inbox.clone()).accept_compressed(CompressionEncoding::Gzip);
        let serving = tokio::spawn(serve(listener, service));
        Self { endpoint: format!("http://{address}"), inbox, serving }
    }

    /// All that has come yet, headers and messages, as text in which whatever is text can be found.
    ///
    /// # Panics
    /// When a test thread has panicked meanwhile.
    #[must_use]
    pub fn received(&self) -> String {
        let received = self.inbox.received.lock().expect("nobody panics with it");
        String::from_utf8_lossy(&received).into_owned()
    }

    /// Everything it has been sent, once that is what the test waits for.
    ///
    /// # Panics
    /// When that does not come about within a minute; with what came instead.
    pub async fn spans(&self, wanted: impl Fn(&[SeenSpan]) -> bool) -> Vec<SeenSpan> {
        let mut spans = self.inbox.spans.subscribe();
        let came = timeout(WITHIN, spans.wait_for(|spans| wanted(spans))).await.ok();
        // The sender is ours: waiting ends with the spans or with the minute.
        let came = came.and_then(Result::ok).map(|spans| spans.clone());
        came.unwrap_or_else(|| panic!("the spans waited for did not come; these did: {:#?}", self.so_far()))
    }

    /// Everything it has been sent yet.
    #[must_use]
    pub fn so_far(&self) -> Vec<SeenSpan> {
        self.inbox.spans.borrow().clone()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(listener: TcpListener, service: TraceServiceServer<Inbox>) {
    while let Ok((socket, _)) = listener.accept().await {
        let service = service.clone();
        let calls = service_fn(move |request: http::Request<hyper::body::Incoming>| {
            let service = service.clone();
            async move {
                let Ok(response) = service.oneshot(request.map(Body::new)).await;
                Ok::<_, Infallible>(response)
            }
        });
        let connection =
            http2::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(socket), calls);
        // A sender that goes away is none of the collector's business.
        tokio::spawn(async move { connection.await.ok() });
    }
}

#[derive(Clone)]
struct Inbox {
    thinks: Duration,
    spans: Arc<watch::Sender<Vec<SeenSpan>>>,
    received: Arc<Mutex<Vec<u8>>>,
}

#[tonic::async_trait]
impl TraceService for Inbox {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        // What is waited for is the sender's patience.
        sleep(self.thinks).await;
        if let Ok(mut received) = self.received.lock() {
            received.extend(format!("{:?}", request.metadata()).bytes());
            received.extend(request.get_ref().encode_to_vec());
        }
        let seen = request.into_inner().resource_spans.into_iter().flat_map(seen::of);
        self.spans.send_modify(|spans| spans.extend(seen));
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}
