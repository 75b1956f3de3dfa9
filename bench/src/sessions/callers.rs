//! Calls of which each has a request of its own, which h2load cannot make, as cheaply as HTTP/2 can be spoken here.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Instant,
};

use bytes::Bytes;
use h2::client::SendRequest;
use http::{Request, Uri};
use tokio::{net::TcpStream, task::JoinSet};

/// As h2load is told.
const CONNECTIONS: usize = 8;
const AT_ONCE: usize = 16;

/// What is to be asked, and how far that has come.
struct Requests {
    uri: Uri,
    all: Vec<Bytes>,
    next: AtomicUsize,
}

/// Makes each of these calls once, as fast as the server answers; tells how many a second there were.
///
/// # Panics
/// When a call fails.
pub(super) async fn saturate(server: SocketAddr, path: &str, requests: Vec<Bytes>) -> f64 {
    let uri = format!("http://{server}{path}").parse().expect("an address and a path make a URI");
    let requests = Arc::new(Requests { uri, all: requests, next: AtomicUsize::default() });
    let (mut connections, mut callers) = (JoinSet::new(), JoinSet::new());
    let began = Instant::now();
    for _ in 0..CONNECTIONS {
        let socket = TcpStream::connect(server).await.expect("the server listens");
        socket.set_nodelay(true).expect("it is a socket");
        let (client, connection) = h2::client::handshake(socket).await.expect("the server speaks HTTP/2");
        connections.spawn(connection);
        for _ in 0..AT_ONCE {
            callers.spawn(call_on(client.clone(), Arc::clone(&requests)));
        }
    }
    callers.join_all().await;
    #[expect(clippy::cast_precision_loss, reason = "a few hundred thousand calls")]
    let calls = requests.all.len() as f64;
    calls / began.elapsed().as_secs_f64()
}

async fn call_on(client: SendRequest<Bytes>, requests: Arc<Requests>) {
    while let Some(message) = requests.all.get(requests.next.fetch_add(1, Relaxed)) {
        let answered = call(client.clone(), &requests.uri, message.clone()).await;
        assert!(matches!(answered, Ok(true)), "a call failed: {answered:?}");
    }
}

/// Whether the call is answered with a message and an OK.
async fn call(client: SendRequest<Bytes>, uri: &Uri, message: Bytes) -> Result<bool, h2::Error> {
    let mut client = client.ready().await?;
    let mut request = Request::post(uri.clone());
    for (name, value) in [("content-type", "application/grpc"), ("te", "trailers")] {
        request = request.header(name, value);
    }
    let (response, mut body) =
        client.send_request(request.body(()).expect("names and values are good"), false)?;
    body.send_data(message, true)?;
    let mut answer = response.await?.into_body();
    let mut bytes = 0;
    while let Some(data) = answer.data().await {
        let length = data?.len();
        bytes += length;
        answer.flow_control().release_capacity(length)?;
    }
    let trailers = answer.trailers().await?;
    Ok(bytes > 0 && trailers.is_some_and(|trailers| trailers.get("grpc-status").is_some_and(|it| it == "0")))
}
