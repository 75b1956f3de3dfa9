//! Where a call comes from.

use std::net::{IpAddr, SocketAddr};

use http::{Extensions, HeaderMap};

/// The other end of the connection, in the extensions of every request that came over a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

/// How many proxies stand between the client and this process, in the extensions of every request
/// where there are any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TrustedHops(pub usize);

/// The address of the client: the peer, or with `n` trusted proxies the n-th `x-forwarded-for` entry from the right,
/// where the outermost proxy wrote it. `None` for a call that never crossed a socket, or a header that is too short.
#[must_use]
pub fn client_address(headers: &HeaderMap, extensions: &Extensions) -> Option<IpAddr> {
    let hops = extensions.get::<TrustedHops>().map_or(0, |hops| hops.0);
    let Some(skip) = hops.checked_sub(1) else {
        return extensions.get::<Peer>().map(|peer| peer.0.ip().to_canonical());
    };
    let entries: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .collect();
    let entry = entries.iter().rev().nth(skip)?;
    entry.trim().parse::<IpAddr>().ok().map(|address| address.to_canonical())
}
