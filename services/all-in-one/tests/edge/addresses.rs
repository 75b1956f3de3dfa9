//! Where callers come from, which only the edge knows.

use std::net::{Ipv4Addr, SocketAddr};

use serde_json::json;
use tokio::net::{TcpSocket, TcpStream};

use crate::{
    house::{PASSWORD, shared},
    http::exchange,
};

const CALLER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 9);

#[test]
#[ignore = "needs Envoy: make edge"]
fn the_address_of_a_caller_comes_last_whatever_it_says_of_itself() {
    shared(async |house| {
        for said in [&b"192.0.2.7"[..], b"192.0.2.7, 127.0.0.1", b"\xff", b"192.0.2.7, \xff\xfe", b",", b""] {
            let stream = from(CALLER, house.address()).await;
            let seen = exchange(stream, "GET", "/open/page", &[("x-forwarded-for", said)], b"").await;

            let seen = String::from_utf8_lossy(&seen.body).into_owned();
            let mut lines = seen.lines().filter_map(|line| line.strip_prefix("x-forwarded-for: "));
            let (line, others) = (lines.next().unwrap(), lines.count());
            let last = line.rsplit(',').next().map(str::trim);
            assert_eq!((last, others), (Some("127.0.0.9"), 0), "{said:?}: {seen}");
        }
    });
}

#[test]
#[ignore = "needs Envoy: make edge"]
fn a_session_is_from_where_the_edge_saw_its_caller() {
    shared(async |house| {
        house.guest("uwe@example.com").await;
        let sign_in = json!({"email": "uwe@example.com", "password": PASSWORD}).to_string();

        for said in
            [&b"192.0.2.7"[..], b"192.0.2.7, 127.0.0.1", b"nonsense, ,", b"\xff", b"192.0.2.7, \xff\xfe"]
        {
            let stream = from(CALLER, house.address()).await;
            let headers = [("content-type", &b"application/json"[..]), ("x-forwarded-for", said)];
            let signed_in = exchange(stream, "POST", "/v1/sessions", &headers, sign_in.as_bytes()).await;

            assert_eq!(signed_in.json()["session"]["clientAddress"], "127.0.0.9", "{said:?}");
        }
    });
}

/// A connection that comes from this address.
async fn from(own: Ipv4Addr, to: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((own, 0).into()).unwrap();
    socket.connect(to).await.unwrap()
}
