//! What a peer says first: it is read before anything is made for the connection.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

use crate::sizing::costs;

/// A client's preface (RFC 9113, section 3.4). The frame of settings that has to follow is not part of it.
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The preface and the header of the first frame, to be read again by whoever speaks HTTP/2.
#[derive(Debug)]
pub(crate) struct Greeting([u8; costs::GREETING]);

impl Greeting {
    /// Reads a greeting and not a byte beyond it.
    ///
    /// # Errors
    /// `InvalidData` at the first byte that no HTTP/2 client would send; `UnexpectedEof` when the peer ends.
    pub(crate) async fn read(socket: &mut (impl AsyncRead + Unpin)) -> io::Result<Self> {
        let mut said = [0; costs::GREETING];
        let mut have = 0;
        while have < said.len() {
            let read = socket.read(&mut said[have..]).await?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            have += read;
            let compared = have.min(PREFACE.len());
            if said[..compared] != PREFACE[..compared] {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "the peer does not speak HTTP/2"));
            }
        }
        Ok(Self(said))
    }

    /// Its bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;

    use super::*;

    /// A preface, empty settings, and the beginning of something else.
    fn said() -> Vec<u8> {
        [PREFACE.as_slice(), &[0, 0, 0, 4, 0, 0, 0, 0, 0], b"more"].concat()
    }

    #[tokio::test]
    async fn a_greeting_is_read_however_it_is_cut_and_nothing_beyond_it() {
        for step in 1..said().len() {
            let (mut client, mut server) = tokio::io::duplex(step);
            let sending = tokio::spawn(async move { client.write_all(&said()).await });

            let greeting = Greeting::read(&mut server).await.unwrap();
            let mut rest = [0; 4];
            server.read_exact(&mut rest).await.unwrap();

            assert_eq!(greeting.bytes(), &said()[..costs::GREETING], "in steps of {step}");
            assert_eq!(&rest, b"more");
            sending.await.unwrap().unwrap();
        }
    }

    #[tokio::test]
    async fn something_else_is_noticed_at_its_first_byte() {
        let (mut client, mut server) = tokio::io::duplex(64);
        client.write_all(b"PRX").await.unwrap();

        let wrong = Greeting::read(&mut server).await.unwrap_err();

        assert_eq!(wrong.kind(), io::ErrorKind::InvalidData);
    }

    #[tokio::test]
    async fn an_end_within_the_greeting_is_none() {
        let mut server = &said()[..costs::GREETING - 1];

        let ended = Greeting::read(&mut server).await.unwrap_err();

        assert_eq!(ended.kind(), io::ErrorKind::UnexpectedEof);
    }
}
