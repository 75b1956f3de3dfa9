//! Whoever is refused again and again is not hung up on.

use testkit::Server;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::{
    SOON,
    attacker::{DATA, END_STREAM, HEADERS, call, frame, greeting},
    raw::framed,
    serving,
};

/// More than the resets by which h2 tells a peer that provokes them.
const REFUSALS: u32 = 1000;

#[tokio::test]
async fn a_client_whose_messages_come_after_their_refusals_keeps_its_connection() {
    let (server, _) = serving(&[]).await;
    let mut client = Late::greets(&server).await;

    for refused in 0..REFUSALS {
        let answered = timeout(SOON, client.calls("Nothing")).await.expect("no answer");
        assert!(answered, "closed after {refused} refusals\n{}", server.binary.so_far());
    }

    assert!(timeout(SOON, client.calls("Echo")).await.unwrap_or(true), "closed instead of served");
}

/// A client that sends the message of a call when the call has been answered: it was on its way.
struct Late {
    socket: TcpStream,
    stream: u32,
}

impl Late {
    async fn greets(server: &Server) -> Self {
        let mut socket = TcpStream::connect(server.grpc).await.unwrap();
        socket.set_nodelay(true).unwrap();
        socket.write_all(&greeting(&[])).await.unwrap();
        Self { socket, stream: 1 }
    }

    /// Calls, reads until the call is answered, and sends its message; false when the connection ends instead.
    async fn calls(&mut self, method: &str) -> bool {
        let opens = call(self.stream, method, 0, &[]);
        let message = frame(DATA, END_STREAM, self.stream, &framed(&[]));
        if self.socket.write_all(&opens).await.is_err() {
            return false;
        }
        while let Ok(header) = self.frame().await {
            let [.., kind, _, a, b, c, d] = header;
            if kind == HEADERS && u32::from_be_bytes([a, b, c, d]) == self.stream {
                self.stream += 2;
                return self.socket.write_all(&message).await.is_ok();
            }
        }
        false
    }

    /// The header of the next frame (RFC 9113, section 4.1), whose payload is passed over.
    async fn frame(&mut self) -> std::io::Result<[u8; 9]> {
        let mut header = [0; 9];
        self.socket.read_exact(&mut header).await?;
        let length = u32::from_be_bytes([0, header[0], header[1], header[2]]);
        self.socket.read_exact(&mut vec![0; length as usize]).await?;
        Ok(header)
    }
}
