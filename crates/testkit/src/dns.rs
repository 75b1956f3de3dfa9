//! A name server with one name, whose addresses a test changes (RFC 1035).

use std::net::{Ipv4Addr, SocketAddrV4};

use tokio::{net::UdpSocket, sync::watch, task::AbortHandle, time::timeout};

use crate::binary::WITHIN;

/// Where `make test-network` has the system's resolver ask.
const HERE: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(127, 0, 0, 53), 53);
/// How long an answer holds, in seconds: nobody is to keep it.
const TTL: u32 = 0;
const HEADER: usize = 12;
const TYPE_A: [u8; 2] = [0, 1];
const CLASS_IN: [u8; 2] = [0, 1];

/// A name server that tells every name the same, until it is dropped.
pub struct Dns {
    zone: watch::Sender<Zone>,
    serving: AbortHandle,
}

struct Zone {
    answer: Answer,
    asked: u64,
}

#[derive(Clone)]
enum Answer {
    Addresses(Vec<Ipv4Addr>),
    Failure,
    Silence,
}

impl Dns {
    /// Every name has these addresses.
    ///
    /// # Panics
    /// Where the system's resolver asks somebody else: `make test-network` runs tests where it asks here.
    pub async fn telling(addresses: &[Ipv4Addr]) -> Self {
        let socket = UdpSocket::bind(HERE).await.unwrap_or_else(|error| {
            panic!("{HERE}: {error}; this test needs a network of its own: run `make test-network`")
        });
        let zone = Zone { answer: Answer::Addresses(addresses.to_vec()), asked: 0 };
        let zone = watch::Sender::new(zone);
        let serving = tokio::spawn(serve(socket, zone.clone())).abort_handle();
        Self { zone, serving }
    }

    /// From now on every name has these addresses; without any it is there, and has none.
    pub fn tell(&self, addresses: &[Ipv4Addr]) {
        self.answer(Answer::Addresses(addresses.to_vec()));
    }

    /// From now on every question is answered with SERVFAIL.
    pub fn fail(&self) {
        self.answer(Answer::Failure);
    }

    /// From now on no question is answered.
    pub fn fall_silent(&self) {
        self.answer(Answer::Silence);
    }

    /// Waits until the addresses were asked for so many times more.
    ///
    /// # Panics
    /// When they are not within a minute.
    pub async fn is_asked(&self, times: u64) {
        let mut zone = self.zone.subscribe();
        let enough = zone.borrow().asked + times;
        let asked = timeout(WITHIN, zone.wait_for(|zone| zone.asked >= enough)).await;
        assert!(asked.is_ok(), "nobody asks any more");
    }

    /// How often the addresses were asked for.
    #[must_use]
    pub fn asked(&self) -> u64 {
        self.zone.borrow().asked
    }

    fn answer(&self, answer: Answer) {
        self.zone.send_modify(|zone| zone.answer = answer);
    }
}

impl Drop for Dns {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(socket: UdpSocket, zone: watch::Sender<Zone>) {
    let mut packet = [0; 512];
    while let Ok((length, from)) = socket.recv_from(&mut packet).await {
        let reply = question(&packet[..length]).and_then(|question| {
            let reply = reply(packet[..HEADER].try_into().ok()?, question, &zone.borrow().answer);
            let of_addresses = question.ends_with(&[TYPE_A, CLASS_IN].concat());
            zone.send_modify(|zone| zone.asked += u64::from(of_addresses));
            reply
        });
        if let Some(reply) = reply {
            // Who asked may have given up.
            let _ = socket.send_to(&reply, from).await;
        }
    }
}

/// The one question of a query: a name, as labels up to an empty one, its type and its class.
fn question(packet: &[u8]) -> Option<&[u8]> {
    let question = packet.get(HEADER..)?;
    let mut end = 0;
    while let length @ 1.. = usize::from(*question.get(end)?) {
        end += 1 + length;
    }
    question.get(..end + 5)
}

/// The reply, with the question repeated; none where there is silence.
fn reply(header: [u8; HEADER], question: &[u8], answer: &Answer) -> Option<Vec<u8>> {
    let (failed, addresses): (u8, &[Ipv4Addr]) = match answer {
        Answer::Addresses(addresses) if question.ends_with(&[TYPE_A, CLASS_IN].concat()) => (0, addresses),
        // Of IPv6 addresses there are none.
        Answer::Addresses(_) => (0, &[]),
        Answer::Failure => (2, &[]),
        Answer::Silence => return None,
    };
    let count = u16::try_from(addresses.len()).ok()?.to_be_bytes();
    let [id_high, id_low, flags, ..] = header;
    // A response, authoritative, with recursion as it was desired, and available.
    let mut reply = vec![id_high, id_low, flags & 1 | 0x84, 0x80 | failed, 0, 1];
    reply.extend(count);
    reply.extend([0; 4]);
    reply.extend(question);
    for address in addresses {
        // The name is the one at the question's place.
        reply.extend([0xc0, HEADER.to_le_bytes()[0]]);
        reply.extend([TYPE_A, CLASS_IN].concat());
        reply.extend(TTL.to_be_bytes());
        reply.extend([0, 4]);
        reply.extend(address.octets());
    }
    Some(reply)
}
