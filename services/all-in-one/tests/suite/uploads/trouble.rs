//! A way to the object store on which something happens.

use std::{net::Ipv4Addr, sync::Arc};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy, copy_bidirectional},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::AbortHandle,
};

/// What happens to requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Happens {
    /// Nothing.
    Nothing,
    /// They are answered with an error of the server.
    Fails,
    /// They are never answered, and never read.
    Stalls,
    /// Their connection breaks after a MiB.
    Breaks,
    /// They reach the store, and what it answers is held back until something else happens.
    HoldsAnswers,
}

/// Stands between a service and its object store, until it is dropped.
pub(crate) struct Trouble {
    pub(crate) url: String,
    happens: Arc<watch::Sender<Happens>>,
    serving: AbortHandle,
}

impl Trouble {
    pub(crate) async fn before(url: &str) -> Self {
        let store = url.strip_prefix("http://").unwrap().to_owned();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let happens = Arc::new(watch::Sender::new(Happens::Nothing));
        let told = Arc::clone(&happens);
        let serving = tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                tokio::spawn(serve(connection, store.clone(), told.subscribe()));
            }
        });
        Self { url, happens, serving: serving.abort_handle() }
    }

    /// From now on that happens to new connections; those that there are end, but for held answers, which go on.
    pub(crate) fn is(&self, happens: Happens) {
        self.happens.send_replace(happens);
    }
}

impl Drop for Trouble {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(mut near: TcpStream, store: String, mut happens: watch::Receiver<Happens>) {
    const MIB: u64 = 1024 * 1024;
    let now = *happens.borrow_and_update();
    let mut far = TcpStream::connect(&store).await.unwrap();
    let other = async move { happens.changed().await.ok() };
    match now {
        Happens::Nothing => {
            tokio::select! {
                _ = copy_bidirectional(&mut near, &mut far) => {}
                _ = other => {}
            }
        }
        Happens::Fails => {
            let mut head = [0; 1024];
            let _ = near.read(&mut head).await;
            let answer =
                b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            let _ = near.write_all(answer).await;
        }
        Happens::Stalls => {
            other.await;
        }
        Happens::Breaks => {
            let _ = copy(&mut (&mut near).take(MIB), &mut far).await;
        }
        Happens::HoldsAnswers => {
            let ((mut read, mut write), (mut answers, mut requests)) = (near.split(), far.split());
            let held = async {
                other.await;
                copy(&mut answers, &mut write).await
            };
            let _ = tokio::join!(copy(&mut read, &mut requests), held);
        }
    }
}
