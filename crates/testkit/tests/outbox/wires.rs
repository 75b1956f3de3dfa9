//! Wires between processes that can be stopped after any message, in either direction.

use std::{net::Ipv4Addr, sync::Arc};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch::Sender,
    task::{AbortHandle, JoinSet},
};
use uuid::Uuid;

use crate::frames::{Kind, Message, Protocol, Side, Splitter};

/// Some wires that are stopped together.
pub(crate) struct Wires {
    pub(crate) book: Sender<Book>,
    serving: Vec<AbortHandle>,
}

/// Says of what has passed whether nothing more shall.
type Enough = Box<dyn Fn(&[String]) -> bool + Send + Sync>;

/// What went over the wires.
#[derive(Default)]
pub(crate) struct Book {
    /// While messages are counted: those that passed, and when it is enough.
    counting: Option<(Vec<String>, Enough)>,
    /// Whether only the ends of rounds are counted.
    rounds: bool,
    newest_call: u32,
    /// Of calls, only those are counted that began later than this.
    counted_from: u32,
    /// Nothing passes.
    pub(crate) stopped: bool,
    /// Messages that passed and have not been written yet, and those that wait.
    under_way: usize,
    pub(crate) waiting: usize,
    /// How often all connections were cut.
    cuts: usize,
    /// Every event that was sent, in order.
    pub(crate) events: Vec<(Uuid, i64)>,
    /// Questions that Postgres has not answered.
    unanswered: usize,
    /// How far somebody has come who asks for events that are due.
    poll: Poll,
}

/// A look for events that are due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Poll {
    #[default]
    None,
    Begun,
    /// Its transaction is over: nothing more of it is to come.
    Done,
}

impl Book {
    fn admit(&mut self, message: &Message) -> bool {
        if self.stopped {
            return false;
        }
        self.under_way += 1;
        let counted = match &message.kind {
            Kind::Change => !self.rounds || matches!(message.label.get(2..3), Some("S" | "Q" | "Z")),
            Kind::Question | Kind::Connection => false,
            Kind::Call(stream) | Kind::Event(stream, ..) => {
                self.newest_call = self.newest_call.max(*stream);
                *stream > self.counted_from
            }
        };
        if let Kind::Event(_, account, epoch) = &message.kind {
            self.events.push((*account, *epoch));
        }
        if matches!(message.kind, Kind::Change | Kind::Question) {
            match message.label.get(..3) {
                Some("> S" | "> Q") => self.unanswered += 1,
                Some("< Z") => {
                    self.unanswered = self.unanswered.saturating_sub(1);
                    if self.poll == Poll::Begun && message.label == "< Z commit" {
                        self.poll = Poll::Done;
                    }
                }
                _ if self.poll == Poll::None && message.label.starts_with("> E update outbox") => {
                    self.poll = Poll::Begun;
                }
                _ => {}
            }
        }
        if let Some((passed, enough)) = self.counting.as_mut().filter(|_| counted) {
            passed.push(message.label.clone());
            self.stopped = enough(passed);
        }
        true
    }

    /// Whether Postgres has been asked nothing that it has not answered.
    pub(crate) fn is_answered(&self) -> bool {
        self.unanswered == 0
    }
}

impl Wires {
    /// `rounds`: of what Postgres is told and answers, only the ends of rounds are counted.
    pub(crate) fn new(rounds: bool) -> Self {
        Self { book: Sender::new(Book { rounds, ..Book::default() }), serving: Vec::new() }
    }

    /// Stands before the server of a URL; answers its URL by way of this.
    pub(crate) async fn before(&mut self, protocol: Protocol, url: &str) -> String {
        let (_, rest) = url.split_once("://").unwrap();
        let authority = rest.split(['/', '?']).next().unwrap();
        let server = authority.rsplit('@').next().unwrap().to_owned();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let here = listener.local_addr().unwrap().to_string();
        let url = url.replacen(&server, &here, 1);
        let book = self.book.clone();
        let serving = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                connections.spawn(forward(protocol, client, server.clone(), book.clone()));
            }
        });
        self.serving.push(serving.abort_handle());
        url
    }

    /// Counts messages from now on, those of Postgres and of calls that begin now, and stops everything once it is
    /// enough.
    pub(crate) fn count(&self, enough: impl Fn(&[String]) -> bool + Send + Sync + 'static) {
        self.book.send_modify(|book| {
            book.stopped = enough(&[]);
            book.counted_from = book.newest_call;
            book.counting = Some((Vec::new(), Box::new(enough)));
        });
    }

    /// What has passed since counting began, and will not be counted on.
    pub(crate) fn counted(&self) -> Vec<String> {
        let mut counted = Vec::new();
        self.book.send_modify(|book| counted = book.counting.take().map(|(passed, _)| passed).unwrap());
        counted
    }

    /// Waits until something has come true of what went over the wires.
    pub(crate) async fn until(&self, come_true: impl FnMut(&Book) -> bool) {
        self.book.subscribe().wait_for(come_true).await.unwrap();
    }

    /// Waits until everything has stopped, and what had passed before has arrived.
    pub(crate) async fn still(&self) {
        self.until(|book| book.stopped && book.under_way == 0).await;
    }

    /// Waits until accounts, which was just started, has looked for events and asks nothing more.
    pub(crate) async fn quiet(&self) {
        self.until(|book| book.poll == Poll::Done && book.is_answered()).await;
    }

    /// Lets pass what waits, and what comes.
    pub(crate) fn resume(&self) {
        self.book.send_modify(|book| book.stopped = false);
    }

    /// Ends every connection, with what waits on it. Nothing passes on new ones.
    pub(crate) fn cut(&self) {
        self.end_all(true);
    }

    /// Ends every connection, with what waits on it; new ones are good.
    pub(crate) fn restore(&self) {
        self.end_all(false);
    }

    fn end_all(&self, stopped: bool) {
        self.book.send_modify(|book| {
            let Book { counting, rounds, cuts, events, .. } = std::mem::take(book);
            *book = Book { counting, rounds, stopped, cuts: cuts + 1, events, ..Book::default() };
        });
    }
}

impl Drop for Wires {
    fn drop(&mut self) {
        self.serving.iter().for_each(AbortHandle::abort);
    }
}

async fn forward(protocol: Protocol, client: TcpStream, server: String, book: Sender<Book>) {
    let cuts = book.borrow().cuts;
    let mut cut = book.subscribe();
    let Ok(server) = TcpStream::connect(server).await else {
        return;
    };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    let talk = Arc::default();
    let way =
        |side, from, to| Way { splitter: Splitter::new(protocol, side, &talk), from, to, book: &book, cuts };
    tokio::select! {
        () = way(Side::Client, from_client, to_server).pass() => {}
        () = way(Side::Server, from_server, to_client).pass() => {}
        _ = cut.wait_for(|book| book.cuts > cuts) => {}
    }
}

/// One direction of a connection.
struct Way<'a> {
    splitter: Splitter,
    from: OwnedReadHalf,
    to: OwnedWriteHalf,
    book: &'a Sender<Book>,
    cuts: usize,
}

impl Way<'_> {
    async fn pass(mut self) {
        let mut bytes = vec![0; 64 * 1024];
        while let Ok(count @ 1..) = self.from.read(&mut bytes).await {
            self.splitter.add(&bytes[..count]);
            while let Some(message) = self.splitter.next() {
                self.admitted(&message).await;
                let written = self.to.write_all(&message.bytes).await;
                self.book.send_modify(|book| book.under_way = book.under_way.saturating_sub(1));
                if written.is_err() {
                    return;
                }
            }
        }
    }

    /// Waits while nothing passes. What waits on a connection that is cut never does.
    async fn admitted(&self, message: &Message) {
        let mut waits = false;
        let mut watched = self.book.subscribe();
        loop {
            let mut admitted = false;
            self.book.send_modify(|book| {
                admitted = book.cuts == self.cuts && book.admit(message);
                match (waits, admitted) {
                    (true, true) => book.waiting = book.waiting.saturating_sub(1),
                    (false, false) => book.waiting += 1,
                    _ => {}
                }
            });
            if admitted {
                return;
            }
            waits = true;
            let _ = watched.wait_for(|book| !book.stopped && book.cuts == self.cuts).await;
        }
    }
}
