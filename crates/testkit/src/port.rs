//! Ports that nobody else uses.

use std::{
    net::{Ipv4Addr, TcpListener, UdpSocket},
    process,
    sync::{Mutex, PoisonError},
};

/// Below the range that Linux takes local ports of outgoing connections from (32768 and up): a client that keeps trying to
/// reach a stopped server in that range may get the server's port for itself and connect to itself.
const PORTS: std::ops::Range<u16> = 10_000..32_000;

/// Returns a TCP port of the loopback interface that is free, and that no other test of this machine is given until this
/// process ends. A server may stop and start again on it.
///
/// # Panics
/// When every port is taken.
#[must_use]
pub fn free_port() -> u16 {
    static CLAIMS: Mutex<Claims> = Mutex::new(Claims { tried: 0, held: Vec::new() });
    CLAIMS.lock().unwrap_or_else(PoisonError::into_inner).next()
}

/// The UDP socket of the same number is the claim: the kernel gives it to one process and takes it back at its end, and
/// nothing is left behind in a folder.
struct Claims {
    tried: u32,
    held: Vec<UdpSocket>,
}

impl Claims {
    fn next(&mut self) -> u16 {
        let count = u32::from(PORTS.end - PORTS.start);
        while self.tried < count {
            // Processes start at different places, so that they seldom meet.
            let offset = (process::id().wrapping_mul(97) + self.tried) % count;
            self.tried += 1;
            let port = PORTS.start + u16::try_from(offset).expect("smaller than the count of ports");
            if let Ok(claim) = UdpSocket::bind((Ipv4Addr::LOCALHOST, port))
                && TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
            {
                self.held.push(claim);
                return port;
            }
        }
        panic!("no port between {} and {} is free", PORTS.start, PORTS.end);
    }
}
