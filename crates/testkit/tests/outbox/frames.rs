//! Where messages of Postgres and of HTTP/2 begin and end, and what they are.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use prost::Message as _;
use proto::sessions::v1::RevokeAccountSessionsRequest;
use uuid::Uuid;

/// What is spoken on a wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Postgres,
    Http2,
}

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Client,
    Server,
}

/// One message, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) bytes: Vec<u8>,
    pub(crate) kind: Kind,
    /// What it is, shortly: `> Q commit`.
    pub(crate) label: String,
}

/// What matters about a message to whoever counts them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Of a statement that changes something, or of its transaction.
    Change,
    /// Of one that does not.
    Question,
    /// Of a call on this stream.
    Call(u32),
    /// Of a call on this stream: sessions of the account below the epoch shall end.
    Event(u32, Uuid, i64),
    /// Of an HTTP/2 connection and no call.
    Connection,
}

/// What is said on a connection of Postgres: which statement the messages are about.
#[derive(Debug, Default)]
pub(crate) struct Talk {
    prepared: HashMap<Vec<u8>, String>,
    about: Option<String>,
    /// Whether the client has said anything since it last wanted an answer.
    begun: bool,
}

impl Talk {
    /// Names a message by its statement: `> S commit`. None where it changes nothing: preparing a statement, asking
    /// whether the connection is alive, looking whether there is something to do.
    fn name(&mut self, bytes: &[u8], side: Side) -> Option<String> {
        let letter = char::from(bytes[0]);
        if side == Side::Client {
            let mut words = bytes[5..].split(|byte| *byte == 0);
            let mut word = || words.next().unwrap_or_default();
            match letter {
                'P' => {
                    let (name, statement) = (word().to_vec(), text(word()));
                    self.prepared.insert(name, statement);
                    self.about = None;
                }
                // After the name of the portal.
                'B' => {
                    self.about = {
                        word();
                        self.prepared.get(word()).cloned()
                    }
                }
                'Q' => self.about = Some(text(word())),
                'S' if !self.begun => self.about = None,
                _ => {}
            }
            self.begun = !matches!(letter, 'S' | 'Q');
        }
        let changes = |about: &&String| !about.starts_with("select");
        self.about.as_ref().filter(changes).map(|about| format!("{letter} {about}"))
    }
}

/// The first words of a statement.
fn text(statement: &[u8]) -> String {
    let words = String::from_utf8_lossy(statement).to_lowercase();
    words.split_whitespace().take(5).collect::<Vec<_>>().join(" ")
}

/// Cuts what one side says into messages.
#[derive(Debug)]
pub(crate) struct Splitter {
    protocol: Protocol,
    side: Side,
    talk: Arc<Mutex<Talk>>,
    begun: bool,
    buffer: Vec<u8>,
}

impl Splitter {
    pub(crate) fn new(protocol: Protocol, side: Side, talk: &Arc<Mutex<Talk>>) -> Self {
        Self { protocol, side, talk: Arc::clone(talk), begun: false, buffer: Vec::new() }
    }

    pub(crate) fn add(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next message, where it has come whole.
    pub(crate) fn next(&mut self) -> Option<Message> {
        // A client's first words have no type: Postgres' start of a connection, HTTP/2's preface.
        let greeting = !self.begun && self.side == Side::Client;
        let length = match (self.protocol, greeting) {
            (Protocol::Postgres, true) => number(self.buffer.get(..4)?),
            (Protocol::Postgres, false) => 1 + number(self.buffer.get(1..5)?),
            (Protocol::Http2, true) => 24,
            (Protocol::Http2, false) => 9 + number(self.buffer.get(..3)?),
        };
        if self.buffer.len() < length {
            return None;
        }
        let rest = self.buffer.split_off(length);
        let bytes = std::mem::replace(&mut self.buffer, rest);
        self.begun = true;
        let (kind, what) = match self.protocol {
            _ if greeting => (Kind::Connection, "greeting".to_owned()),
            Protocol::Postgres => {
                let name = self.talk.lock().unwrap().name(&bytes, self.side);
                let kind = if name.is_some() { Kind::Change } else { Kind::Question };
                (kind, name.unwrap_or_else(|| char::from(bytes[0]).to_string()))
            }
            Protocol::Http2 => http2(&bytes, self.side),
        };
        let arrow = if self.side == Side::Client { '>' } else { '<' };
        Some(Message { bytes, kind, label: format!("{arrow} {what}") })
    }
}

fn number(big_endian: &[u8]) -> usize {
    big_endian.iter().fold(0, |number, byte| number << 8 | usize::from(*byte))
}

fn http2(bytes: &[u8], side: Side) -> (Kind, String) {
    const NAMES: [(u8, &str); 4] = [(0, "data"), (1, "headers"), (3, "reset"), (9, "continuation")];
    let (kind, payload) = (bytes[3], &bytes[9..]);
    let stream = u32::from_be_bytes([bytes[5], bytes[6], bytes[7], bytes[8]]);
    let Some((_, name)) = NAMES.into_iter().find(|(number, _)| *number == kind && stream != 0) else {
        return (Kind::Connection, format!("frame {kind}"));
    };
    if (kind, side) == (0, Side::Client)
        && let Some((account, epoch)) = event(payload)
    {
        return (Kind::Event(stream, account, epoch), "event".to_owned());
    }
    (Kind::Call(stream), name.to_owned())
}

/// No other message to sessions has an account's id in front and a number in the third place.
fn event(payload: &[u8]) -> Option<(Uuid, i64)> {
    let request = RevokeAccountSessionsRequest::decode(payload.get(5..)?).ok()?;
    let RevokeAccountSessionsRequest { account_id, auth_epoch, .. } = request;
    (auth_epoch > 0).then_some((account_id.parse().ok()?, auth_epoch))
}

#[test]
fn messages_are_found_wherever_their_bytes_were_cut() {
    let start = [&[0, 0, 0, 8, 0, 3, 0, 0][..], b"Q\0\0\0\x0bCOMMIT\0", b"S\0\0\0\x04"].concat();
    let talk = Arc::default();
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    let http2 = [&preface[..], &[0, 0, 0, 4, 0, 0, 0, 0, 0], &[0, 0, 1, 1, 4, 0, 0, 0, 5, 0x88]].concat();

    let labels = |protocol, bytes: &[u8]| {
        let mut splitter = Splitter::new(protocol, Side::Client, &talk);
        let mut labels = Vec::new();
        for byte in bytes {
            splitter.add(&[*byte]);
            labels.extend(splitter.next().map(|message| (message.label, message.kind)));
        }
        labels
    };

    let said = labels(Protocol::Postgres, &start);
    let names: Vec<&str> = said.iter().map(|(label, _)| label.as_str()).collect();
    assert_eq!(names, ["> greeting", "> Q commit", "> S"]);
    let said = labels(Protocol::Http2, &http2);
    let names: Vec<&str> = said.iter().map(|(label, _)| label.as_str()).collect();
    assert_eq!(names, ["> greeting", "> frame 4", "> headers"]);
    assert_eq!(said[2].1, Kind::Call(5));
}
